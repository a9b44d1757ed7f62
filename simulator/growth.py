"""A run that grows: paths are added at its end, and after any number of additions it is the run of so many paths at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simulator import limits
from simulator.engine import bumps, executors, reduce
from simulator.engine.block import Announce, Room
from simulator.engine.build import Array
from simulator.engine.frozen import count_by_month, freeze, thaw
from simulator.engine.reduce import Summary
from simulator.engine.simulation import CHUNK, ChunkResult, Simulation, tasks
from simulator.estimate.controlled import Controlled, Moments, Sections
from simulator.estimate.figures import Figures, questions
from simulator.estimate.smoothing import Smoothed, why_not
from simulator.estimate.training import ready
from simulator.record import (
    contracts_table,
    folder_name,
    identity,
    maker,
    manifest,
    months_table,
    path_fields,
    path_rows,
    trajectories,
    trajectory_part,
)
from simulator.scenario.model import Scenario
from simulator.store import folder as store
from simulator.store.writer import RunWriter

Progress = Callable[[int, int], None]  # paths done, paths in all


@dataclass(frozen=True)
class Result:
    """A finished run. Money in $, months as numbers 1 … M; every estimate has `value`, `low`, `high` (95 %)."""

    scenario: Scenario
    figures: Figures
    folder: Path | None
    seconds: dict[str, float]
    from_path: int = 0  # paths before this one were there already, of an unfinished or shorter run

    @cached_property
    def document(self) -> dict[str, Any]:
        """The document of `run --json`."""
        shown = None if self.folder is None else str(self.folder)
        return {**self.figures.document, "folder": shown, "seconds": self.seconds}

    def pd(self, month: int) -> tuple[float, float, float]:
        """Default probability by a month: (value, low, high)."""
        if not 1 <= month <= self.figures.months:
            raise ValueError(f"month {month} lies outside 1 … {self.figures.months}")
        return tuple(self.figures.pd(month))  # type: ignore[return-value]

    def column(self, name: str) -> Array:
        """A column of `paths`, shape (paths,), in path order. Raises KeyError for a name that is none, and for one that [keep]
        left out of a run whose numbers by path are only in its folder."""
        summary = self.figures.summary
        if summary.hold or self.folder is None:
            return summary.column(name)
        if name not in store.column_names(self.folder, "paths"):
            raise KeyError(name)
        return np.asarray(store.read_table(self.folder, "paths", [name])[name].to_numpy(), dtype=np.float64)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.figures.summary.column_names


def memory(simulation: Simulation, paths: int, workers: int, writing: bool) -> limits.Need:
    """What so many paths take beyond the compiled program."""
    scenario, months = simulation.scenario, simulation.scenario.calendar.months
    inputs = dict.fromkeys(name for branch in simulation.branches for name in branch.program.inputs)
    row = 8 * (1 + len(simulation.outline.columns) + len(inputs))
    kept = 8 * (months + 1) * len({*simulation.kept_slots, *simulation.trajectories.values()})
    sketches = (months + 1) * len(simulation.kept_slots)
    exact = paths <= reduce.EXACT_PATHS or not writing
    span = max(count for _, count in tasks(paths, workers))
    part = min(paths, store.PART_PATHS) * row
    if simulation.trajectories:
        stored = len(scenario.keep.months_of(scenario.calendar))
        part += min(paths * stored, trajectory_part(stored)) * 8 * (2 + len(simulation.trajectories))
    return limits.need(paths, row, kept, sketches, exact, workers, span, CHUNK, part * writing)


class Spent(NamedTuple):
    """Processor seconds."""

    paths: float  # simulating them, and what every run asks of them
    estimator: float  # what plain estimates do not take


class UncompiledError(Exception):
    """Loops are missing."""


class Growth:
    """A run to which paths are added until somebody has seen enough.

        with Growth(scenario, most=10_000_000, out=Path("results")) as run:
            figures = run.to(65_536)
            while not narrow_enough(figures) and run.paths < run.most:
                figures = run.to(2 * run.paths)
            result = run.finish()

    Only what is missing is simulated. Whatever the steps, figures, columns and data files are those of `run.paths` paths at
    once. most: no more paths than this. out: the folder that run folders go to; None writes nothing (above 100,000 paths
    numbers by path then stay in memory). into: the run folder itself. An unfinished run of the same scenario, seed and program
    that lies there is taken up, and a finished one of fewer paths extended: `run.paths` says with how many paths it begins;
    with `fresh` it begins with none. Leaving without `finish` keeps what is on disk for the next time.

    Raises StoreError (the folder cannot be written, belongs to another scenario, or holds more paths than `most`).
    """

    def __init__(
        self,
        scenario: Scenario,
        most: int,
        out: Path | None = None,
        into: Path | None = None,
        threads: int | None = None,
        progress: Progress | None = None,
        announce: Announce | None = None,
        fresh: bool = False,
    ) -> None:
        started = time.perf_counter()
        scenario = ready(scenario)
        self.scenario, self.most, self.progress = scenario, most, progress
        self.workers = executors.available_threads() if threads is None else threads
        self.writer: RunWriter | None = None
        if out is not None or into is not None:
            place = Path() if out is None else out
            self.writer = RunWriter(place, folder_name(scenario), identity(scenario), maker(), fresh, into)
        try:
            self._begin(announce, started)
        except BaseException:
            self.__exit__()
            raise

    def _begin(self, announce: Announce | None, started: float) -> None:
        found = None
        if self.writer is not None:
            found = self.writer.begin(self.most, resumable=self.most > reduce.EXACT_PATHS)

        def told(loops: int, seconds: float) -> None:
            limits.check(limits.COMPILING)
            if announce is not None:
                announce(loops, seconds)

        self.simulation = Simulation(self.scenario, paths=self.most, announce=told)
        self.asked = questions(self.scenario.calendar.months, self.simulation.outline)
        self.summary = Summary(0, self.asked)
        if self.writer is not None:
            self.summary.reader = self.writer.columns
        if found is not None:
            count_by_month(self.summary)
            thaw(self.summary, found.header, found.arrays)
        self._kept = self.simulation.kept_slots
        self.controlled: Sections | None = None
        if self.scenario.run.estimator == "controlled":
            missing, seconds = bumps.to_compile()
            if missing:
                told(missing, seconds)
            self.controlled = Controlled(self.simulation, self.asked)
        elif self.scenario.run.estimator == "smoothed" and why_not(self.scenario) is None:
            self.controlled = Smoothed(self.simulation)
        if found is not None and self.controlled is not None:
            self.controlled.thaw(found.arrays)
        self.from_path = self.summary.paths
        limits.check(memory(self.simulation, self.most, self.workers, self.writer is not None).total, self.workers + 1)
        self.seconds = {"compile": time.perf_counter() - started, "simulate": 0.0, "write": 0.0}
        self._spent = Spent(0.0, 0.0 if self.controlled is None else self.controlled.seconds)

    def __enter__(self) -> Growth:
        return self

    def __exit__(self, *_: object) -> None:
        if self.writer is not None:
            self.writer.__exit__(None, None, None)

    @property
    def paths(self) -> int:
        return self.summary.paths

    def to(self, paths: int) -> Figures:
        """Simulate on to so many paths, rounded up to whole chunks of CHUNK paths unless that is more than `most`, and report.

        Does nothing where as many are there already.
        """
        target = min(self.most, -(-paths // CHUNK) * CHUNK)
        if self.paths % CHUNK and target > self.paths:
            raise ValueError("a run whose last chunk is not whole does not grow")
        at, wrote = time.perf_counter(), self.seconds["write"]
        if target > reduce.EXACT_PATHS and self.summary.exact:
            count_by_month(self.summary)
        last = target // store.PART_PATHS * store.PART_PATHS  # where the last whole part ends
        for chunk, moments, spent in self._chunks(target):
            self._spent = Spent(self._spent.paths + spent.paths, self._spent.estimator + spent.estimator)
            self.summary.add(chunk)
            if self.controlled is not None:
                self.controlled.add(moments)
            self._write(chunk, self.paths == last)
            if self.progress is not None:
                self.progress(self.paths, target)
        figures = Figures(self.scenario, self.simulation.outline, self.summary, controlled=self.controlled)
        self.seconds["simulate"] += time.perf_counter() - at - (self.seconds["write"] - wrote)
        return figures

    def _chunks(self, target: int) -> Iterator[tuple[ChunkResult, tuple[Moments, ...], Spent]]:
        """All chunks up to a path, in order whatever the number of workers, with the answers to what is asked."""
        first, exact = self.paths, self.summary.exact

        def finished(chunk: ChunkResult, started: float) -> tuple[ChunkResult, tuple[Moments, ...], Spent]:
            lived = time.thread_time()
            moments = () if self.controlled is None else self.controlled.moments(chunk)
            looked = time.thread_time()
            chunk = chunk._replace(kept={slot: chunk.kept[slot] for slot in self._kept}).tallied(self.asked)
            chunk = chunk if exact else chunk.counted()
            return chunk, moments, Spent(lived - started + time.thread_time() - looked, looked - lived)

        own = threading.local()

        def work(task: tuple[int, int]) -> list[tuple[ChunkResult, tuple[Moments, ...], Spent]]:
            room = None if exact else own.__dict__.setdefault("room", Room())  # a chunk that is counted keeps no rows
            found, started = [], time.thread_time()
            for chunk in self.simulation.run_chunks(first + task[0], task[1], room=room):
                found.append(finished(chunk, started))
                started = time.thread_time()
            return found

        for found in executors.run(work, tasks(target - first, self.workers), self.workers):
            yield from found

    def _cost(self) -> dict[str, float]:
        """Processor seconds of what this process simulated, and of as many plain paths, where the run is not a plain one."""
        spent, plain = self._spent, self._spent.paths
        if spent.paths == 0.0 or (self.controlled is None and self.simulation.source is None):
            return {}
        if self.simulation.source is not None:
            chunk = self._plain_chunk()
            if chunk is None:
                return {}
            plain = chunk * (self.paths - self.from_path) / CHUNK
        return {"processor": spent.paths + spent.estimator, "processor_plain": plain}

    def _plain_chunk(self) -> float | None:
        """Processor seconds of a chunk of plain paths; None where loops would first have to be compiled."""

        def told(*_: object) -> None:
            raise UncompiledError

        run = self.scenario.run.model_copy(update={"sampling": "plain"})
        try:
            plain = Simulation(replace(self.scenario, run=run), paths=self.most, announce=told)
        except UncompiledError:
            return None
        for _ in range(2):  # once for the pages
            started = time.thread_time()
            chunk = plain.run_chunk(0, CHUNK).tallied(self.asked)
            if not self.summary.exact:
                chunk.counted()
        return time.thread_time() - started

    def _write(self, chunk: ChunkResult, last: bool) -> None:
        writer = self.writer
        if writer is None:
            return
        at = time.perf_counter()
        writer.add("paths", path_rows(chunk), path_fields(self.simulation, chunk), store.PART_PATHS)
        if chunk.trajectories:
            rows, fields = trajectories(self.simulation, chunk)
            months = len(self.scenario.keep.months_of(self.scenario.calendar))
            writer.add("trajectories", rows, fields, trajectory_part(months))
        if not self.summary.exact and writer.due(self.paths, last):
            header, arrays = freeze(self.summary)
            writer.checkpoint(self.paths, header, arrays | (self.controlled.freeze() if self.controlled else {}))
        self.seconds["write"] += time.perf_counter() - at

    def finish(self) -> Result:
        """Write what is left and put the run in its place. A longer run that lies there is reached first, never shortened."""
        if self.writer is not None and self.writer.finished_paths > self.paths:
            self.to(self.writer.finished_paths)
        self.seconds |= self._cost()
        scenario = self.scenario
        run = type(scenario.run).model_validate({**scenario.run.model_dump(), "paths": self.paths})
        scenario = replace(scenario, run=run)
        at = time.perf_counter()
        if self.writer is not None:
            self.writer.end_parts()
        figures = Figures(scenario, self.simulation.outline, self.summary, controlled=self.controlled)
        target = None
        if self.writer is not None:
            self.writer.write("months.parquet", months_table(figures))
            self.writer.write("contracts.parquet", contracts_table(figures))
            seconds = {name: x for name, x in self.seconds.items() if name != "write"}
            target = self.writer.finish(manifest(figures, seconds))
            self.seconds["write"] += time.perf_counter() - at
        seconds = {name: round(value, 4) for name, value in self.seconds.items()}
        return Result(scenario, figures, target, seconds, self.from_path)
