"""Variants of a scenario on common random numbers, in memory.

A variant has the seed and the paths of its base, and a draw is a function of seed, stream, path and month: what a change does
not touch is the same to the bit, and the noise of a difference cancels (paired.py). Changed numbers compile nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.engine import executors, ledger
from simulator.engine.block import Announce
from simulator.engine.build import Array
from simulator.engine.simulation import Outline, Simulation, tasks
from simulator.engine.source import Asked as Drawn
from simulator.estimate.asked import Asked, figure
from simulator.estimate.controls import APART, PAIRED
from simulator.estimate.intervals import Estimate
from simulator.estimate.training import ready
from simulator.quantities.units import QuantityError
from simulator.runner import with_run
from simulator.scenario.load import varied
from simulator.scenario.model import Scenario

Mask = npt.NDArray[np.bool_]
Rows = Iterable[tuple[str, int]]
Progress = Callable[[int, str], None]  # number of the model run, from 1, and its name


@dataclass(frozen=True)
class Outcome:
    """The paths of one variant: a `Sample` of estimate/asked.py. Paths that are not a number are left out where figures are
    read; `columns` has them all, in path order, so that variants can be put side by side."""

    scenario: Scenario
    outline: Outline
    columns: dict[str, Array]  # as in the table `paths`, with `input.KEY`; shape (paths,)
    kept: dict[tuple[str, int], Array] = field(default_factory=dict)  # (metric, month) -> (paths,)
    chosen: Mask | None = None  # of the paths, those that count; None: those that are a number

    @cached_property
    def numbers(self) -> Mask:
        """Whether a path is a number, by path."""
        return np.asarray(self.columns["cause"] != ledger.NAN_CODE)

    @property
    def paths(self) -> int:
        return int(self.columns["cause"].size)

    @property
    def months(self) -> int:
        return self.scenario.calendar.months

    @property
    def cash_flow_target(self) -> float | None:
        target = self.scenario.treasury.cash_flow_target
        return None if target is None else float(target)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def only(self, chosen: Mask) -> Outcome:
        """The same with these paths, a mask over all of them."""
        return replace(self, chosen=np.asarray(chosen) & self.numbers)

    def first(self, paths: int) -> Outcome:
        """The first so many paths: what a run of so many would have been."""
        if paths >= self.paths:
            return self
        columns = {name: values[:paths] for name, values in self.columns.items()}
        return replace(self, columns=columns, kept={row: values[:paths] for row, values in self.kept.items()})

    def slim(self, figures: Sequence[Asked]) -> Outcome:
        """With no more than these figures read, so that many outcomes can be kept."""
        reads = _Reads(self)
        for asked in figures:
            asked.values(reads)
        names = {"cause", "end_month", *reads.names}
        return replace(self, columns={name: x for name, x in self.columns.items() if name in names})

    def _counted(self, values: Array) -> Array:
        where = self.numbers if self.chosen is None else self.chosen
        return values if where.all() else values[where]

    def column(self, name: str) -> Array:
        return self._counted(self.columns[name])

    def row(self, metric: str, month: int) -> Array:
        return self._counted(self.kept[metric, month])

    def estimate(self, asked: Asked | str) -> Estimate:
        """A figure with its 95 % interval. Rows by month have to be kept: `Runs.run(…, figures)`."""
        return (figure(asked) if isinstance(asked, str) else asked).estimate(self)

    def default_by(self, month: int) -> Mask:
        """Whether a path is in default by the month, over all paths."""
        return np.asarray((self.columns["cause"] > ledger.NAN_CODE) & (self.columns["end_month"] <= month))


@dataclass(frozen=True)
class _Reads:
    """An outcome that notes which columns are read."""

    of: Outcome
    names: set[str] = field(default_factory=set)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.of, name)

    def column(self, name: str) -> Array:
        self.names.add(name)
        return self.of.column(name)


@dataclass
class Runs:
    """Model runs on the same paths. `count` says how many there were; equal scenarios are run once while `hold` is set."""

    paths: int
    seed: int
    threads: int | None = None
    announce: Announce | None = None
    progress: Progress | None = None
    hold: bool = False
    count: int = 0
    first: int = 0  # number of the first path
    _held: dict[Any, Outcome] = field(default_factory=dict)

    @staticmethod
    def like(scenario: Scenario, paths: int | None = None, seed: int | None = None, **how: Any) -> Runs:
        """With the paths and the seed of a scenario, unless others are given. Raises ValueError outside their range."""
        run = with_run(scenario, paths, seed).run
        return Runs(run.paths, run.seed, **how)

    def run(
        self,
        scenario: Scenario,
        figures: Sequence[Asked] = (),
        rows: Rows = (),
        name: str = "",
        paths: int | None = None,
        begun: Outcome | None = None,
    ) -> Outcome:
        """Run a variant and keep its columns, and the rows by month that the figures (or `rows`) need. paths: instead of those of
        all runs. begun: the outcome of its first paths, whose columns are kept; only the others are simulated.

        Raises QuantityError where the scenario has no such month, contract or creditor.
        """
        paths = self.paths if paths is None else paths
        known = with_run(scenario, paths, self.seed)
        known = replace(
            known, run=known.run.model_copy(update={"sampling": type(known.run)().sampling})
        )  # independent paths
        wanted = tuple(dict.fromkeys([*(r for f in figures for r in f.rows), *rows]))
        key = (known.hash, paths, wanted)
        if key in self._held:
            return self._held[key]
        known = ready(known)
        simulation = Simulation(known, paths=paths, announce=self.announce)
        for asked in figures:
            asked.check(known.calendar.months, known.contracts, creditors(simulation.outline))
        slot_of = {f"{m.contract}.{m.name}" if m.contract else m.name: m.slot for m in simulation.outline.metrics}
        for metric, month in wanted:
            if metric not in slot_of or not 0 <= month <= known.calendar.months:
                raise QuantityError(f"this scenario has no `{metric}` in month {month}")
        slots = tuple(dict.fromkeys(slot_of[metric] for metric, _ in wanted))
        self.count += 1
        if self.progress is not None:
            self.progress(self.count, name)
        workers = executors.available_threads() if self.threads is None else self.threads
        first = 0 if begun is None else begun.paths

        def work(task: tuple[int, int]) -> list[tuple[dict[str, Array], dict[tuple[str, int], Array]]]:
            found = []
            for chunk in simulation.run_chunks(self.first + first + task[0], task[1], keep=slots):
                columns = {**chunk.columns, **{f"input.{k}": v for k, v in chunk.inputs.items()}}
                kept = {(metric, month): chunk.kept[slot_of[metric]][month].copy() for metric, month in wanted}
                if begun is not None:
                    columns = {column: values.copy() for column, values in columns.items() if column in begun.columns}
                found.append((columns, kept))
            return found

        parts = [part for found in executors.run(work, tasks(paths - first, workers), workers) for part in found]
        parts = parts if begun is None else [(begun.columns, begun.kept), *parts]
        columns = {name: np.concatenate([part[0][name] for part in parts]) for name in parts[0][0]}
        kept = {row: np.concatenate([part[1][row] for part in parts]) for row in wanted}
        outcome = Outcome(known, simulation.outline, columns, kept)
        if self.hold:
            self._held[key] = outcome
        return outcome

    def pilot(self, scenario: Scenario, rows: Rows = ()) -> tuple[Outcome, Drawn]:
        """Paths of a variant that are none of a run's (estimate/controls.py), and what its paths draw."""
        own = Runs(PAIRED, self.seed, self.threads, self.announce, first=APART)
        found = own.run(scenario, (), rows)
        return found, Simulation(found.scenario).asked()


def creditors(outline: Outline) -> tuple[str, ...]:
    """Who has a claim at default."""
    suffix = ".exposure_at_default"
    return tuple(c.name.removesuffix(suffix) for c in outline.columns if c.name.endswith(suffix))


def vary(scenario: Scenario, settings: Sequence[str] = (), tables: Sequence[dict[str, Any]] = ()) -> Scenario:
    """A scenario with other values: `settings` are KEY=VALUE as after `--set`, `tables` are laid over it like a file that
    extends it. Raises ScenarioError with every complaint."""
    return replace(varied(scenario, settings, tables), run=scenario.run)


def data_of(scenario: Scenario) -> dict[str, Any]:
    """The tables of a scenario as written, after `extends`, `--set` and plans."""
    return dict(json.loads(scenario.canonical))
