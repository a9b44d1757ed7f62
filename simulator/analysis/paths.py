"""Paths of a scenario in memory, some of their draws replaced: what sensitivities, archetypes and bands are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from simulator.analysis.shapley import Table
from simulator.engine import executors
from simulator.engine.block import BLOCK, uniforms_of
from simulator.engine.build import Array
from simulator.engine.dependence import cholesky, correlate_inputs
from simulator.engine.ledger import NAN_CODE
from simulator.engine.simulation import ChunkResult, Simulation
from simulator.engine.source import Paths
from simulator.estimate.training import ready
from simulator.quantities.number import Uncertain
from simulator.scenario.drawn import drawn_once, parts_of, streams_of, with_drawn
from simulator.scenario.model import Scenario

MOST = 65_536  # paths looked at side by side: everything stays in memory
Bools = npt.NDArray[np.bool_]
T = TypeVar("T")


@dataclass(frozen=True)
class Input:
    """A number drawn once a path. name: as in [inputs], or its key; stream: of its uniforms; keys: where it is used."""

    name: str
    stream: str
    keys: tuple[str, ...]
    number: Uncertain | None  # None: drawn by a component itself

    @property
    def law(self) -> Any:
        return None if self.number is None else self.number.law


def inputs_of(scenario: Scenario) -> list[Input]:
    """Every number of a scenario that is drawn once a path, those that share a draw as one, in the order of the file."""
    numbers: dict[str, Uncertain] = {}

    def note(key: str, value: Uncertain) -> Uncertain:
        numbers[key] = value
        return value

    streams: dict[str, list[str]] = {}
    for branch in scenario.branches:
        for name, part in parts_of(branch.scenario):
            with_drawn(part, name, note)
        for key, stream in drawn_once(branch.scenario).items():
            keys = streams.setdefault(stream, [])
            if key not in keys:
                keys.append(key)
    return [
        Input(_name(s, keys), s, tuple(keys), next((numbers[k] for k in keys if k in numbers), None))
        for s, keys in streams.items()
    ]


def _name(stream: str, keys: Sequence[str]) -> str:
    """As the file says it: a name of [inputs], or the key; several keys that are drawn as one go by the first."""
    return keys[0] if "@" in stream else stream.removeprefix("inputs.")


def tabled(scenario: Scenario) -> frozenset[str]:
    """Streams of the inputs that [dependence.inputs] correlates."""
    found: set[str] = set()
    for branch in scenario.branches:
        s = branch.scenario
        if s.dependence is not None and s.dependence.inputs is not None:
            found |= set(streams_of(s.dependence.inputs, drawn_once(s)))
    return frozenset(found)


@dataclass(frozen=True)
class Lives:
    """Paths 0 … n - 1 of a scenario. kept: slot -> (months + 1, n)."""

    scenario: Scenario
    simulation: Simulation
    chunk: ChunkResult

    @property
    def columns(self) -> Mapping[str, Array]:
        return self.chunk.columns

    @property
    def kept(self) -> Mapping[str, Array]:
        return self.chunk.kept

    @cached_property
    def numbers(self) -> Bools:
        """Paths that are a number."""
        return np.asarray(self.columns["cause"] != NAN_CODE)

    def defaults(self, month: int) -> Bools:
        """Paths in default by a month."""
        end = self.columns["end_month"]
        return np.asarray((end > 0) & (end <= month) & (self.columns["cause"] > NAN_CODE))

    def uniforms(self, stream: str) -> Array:
        """The uniforms of an input drawn once a path, by itself (not correlated)."""
        return uniforms_of(self.simulation.seed, stream, np.arange(self.columns["cause"].size))


def together(lives: Lives, streams: Sequence[str]) -> dict[str, Array]:
    """The uniforms of inputs as the paths have them, put together by [dependence.inputs] of the path's own branch."""
    simulation, paths = lives.simulation, np.arange(lives.columns["cause"].size)
    chosen = simulation.choices(paths)
    found = {stream: np.empty(paths.size) for stream in streams}
    for branch, runner in zip(lives.scenario.branches, simulation.branches, strict=True):
        draw = correlate_inputs(_drawn(runner.scenario, simulation.seed, paths), runner.scenario, ())
        here = np.all(
            [number == wanted for number, wanted in zip(chosen.values(), branch.choices, strict=True)], axis=0
        )
        for stream, values in found.items():
            own = draw(stream)
            assert own is not None
            values[...] = np.where(here, own, values)
    return found


def _drawn(scenario: Scenario, seed: int, paths: Paths, tag: str = "") -> Callable[[str], Array | None]:
    """Uniforms of inputs by stream, those that [shocks] gives in their place; a `tag` makes them other ones."""
    once = scenario.shocks.once

    def drawn(stream: str) -> Array | None:
        return np.full(paths.size, once[stream]) if stream in once else uniforms_of(seed, f"{stream}{tag}", paths)

    return drawn


@dataclass(frozen=True)
class Draws:
    """All inputs of a scenario by path, as normal scores: as they are and drawn anew, shape (inputs, paths); uniforms that put
    them in an order by path."""

    streams: tuple[str, ...]
    scores: Array
    anew: Array
    order: Array
    table: Table


def drawn_together(scenario: Scenario, inputs: Sequence[Input], paths: int) -> Draws | None:
    """None where branches correlate their inputs differently."""
    from scipy.special import ndtri

    first, *others = (branch.scenario for branch in scenario.branches)
    tables = [None if s.dependence is None else s.dependence.inputs for s in (first, *others)]
    if any(table != tables[0] for table in tables):
        return None
    numbers, seed = np.arange(paths), scenario.run.seed
    streams = tuple(one.stream for one in inputs)
    sets = []
    for tag in ("", ":anew"):
        draw = correlate_inputs(_drawn(first, seed, numbers, tag), first, ())
        sets.append(ndtri(np.array([draw(stream) for stream in streams])))
    order = np.array([uniforms_of(seed, f"{stream}:order", numbers) for stream in streams])
    table = Table.none()
    if tables[0] is not None:
        listed = streams_of(tables[0], drawn_once(first))
        factor = np.array(cholesky(tables[0].correlation), dtype=np.float64)
        varies = np.array([stream not in first.shocks.once for stream in listed], dtype=np.float64)
        covariance = (factor * varies) @ factor.T
        there = [k for k, stream in enumerate(listed) if stream in streams]
        table = Table(tuple(streams.index(listed[k]) for k in there), covariance[np.ix_(there, there)])
    return Draws(streams, sets[0], sets[1], order, table)


def prepared(scenario: Scenario) -> Scenario:
    """The scenario with its optimal rules trained, and plainly sampled: what is asked here takes independent paths, each with the
    draws of its address."""
    scenario = ready(scenario)
    if scenario.run.sampling == "plain":
        return scenario
    return replace(scenario, run=scenario.run.model_copy(update={"sampling": "plain"}))


def live(
    scenario: Scenario,
    paths: int,
    given: Mapping[str, Array] | None = None,
    keep: Sequence[str] = (),
    seed: int | None = None,
) -> Lives:
    """Simulate paths 0 … paths - 1 in memory. given: stream -> uniforms of an input by path instead of its own draws, shape
    (paths,); everything else is drawn as always, so that differences come of it alone. Raises ValueError above MOST paths."""
    if not 1 <= paths <= MOST:
        raise ValueError(f"between 1 and {MOST:,} paths are looked at side by side, not {paths:,}")
    whole = -(-paths // BLOCK) * BLOCK
    shocks = None if given is None else {name: np.resize(u, whole)[None, :] for name, u in given.items()}
    scenario = prepared(scenario)
    simulation = Simulation(scenario, seed=seed, given=shocks)
    return Lives(scenario, simulation, simulation.run_chunk(0, paths, tuple(keep)))


def each(work: Callable[[Any], T], tasks: Iterable[Any], threads: int | None = None) -> list[T]:
    """`work` of every task, in their order, on all cores."""
    return list(executors.run(work, tasks, executors.available_threads() if threads is None else threads))
