"""Run blocks of paths through one program: fill the rows, run the month loop, read off what is reported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.engine import jit, lanes, ledger
from simulator.engine.build import Array
from simulator.engine.machine import assemble, reported_rows, separate, sooner
from simulator.engine.program import Program, Shocks, build
from simulator.engine.random import draw_once, seed_words, stream_number
from simulator.engine.sampling import evaluate
from simulator.engine.source import Paths, Source
from simulator.scenario.model import Scenario

BLOCK = lanes.BLOCK
CACHE_LINE = 64  # bytes
Announce = Callable[[int, float], None]  # (loops to be compiled, seconds that may take)
ROW_PADDING = jit.ROW_PADDING


class Statistics(NamedTuple):
    """Mean and sum of squared deviations by month and metric over `paths` paths; merges exactly in a fixed order."""

    paths: int
    mean: Array  # (months + 1, metrics)
    squares: Array

    def merge(self, other: Statistics) -> Statistics:
        """Chan, Golub & LeVeque 1979."""
        if self.paths == 0:
            return other
        if other.paths == 0:
            return self
        count = self.paths + other.paths
        with np.errstate(invalid="ignore"):
            delta = other.mean - self.mean
            mean = self.mean + delta * (other.paths / count)
            squares = self.squares + other.squares + delta * delta * (self.paths * other.paths / count)
        return Statistics(count, mean, squares)


class Prepared(NamedTuple):
    """Paths for which a program has been built."""

    program: Program
    paths: Paths  # to the end of the last block
    opening: Array  # value of every row at month 0, but of
    array_rows: Paths  # the rows that have one by path
    arrays: tuple[Array, ...]


class Lived(NamedTuple):
    """What some paths leave behind; arrays are in the order in which the paths were given."""

    columns: dict[str, Array]  # by path
    inputs: dict[str, Array]
    blocks: tuple[Statistics, ...]
    kept: dict[str, Array]  # slot -> (months + 1, paths)


@cache
def _drawer() -> Any:
    from numba import types as t

    signature = t.void(t.float64[::1], t.float64, t.float64, t.float64, t.int64[::1])
    return jit.compiled(jit.kernel_code(draw_once, signature))


def uniforms_of(seed: int, name: str, paths: Paths) -> Array:
    """The uniforms of month 0 of a stream for these paths."""
    target = np.empty(paths.size)
    _drawer()(target, *seed_words(seed), float(stream_number(name)), paths)
    return target


def aligned(rows: int, width: int, dtype: Any) -> Any:
    """Noughts, shape (rows, width), from the beginning of a cache line on: vectors that straddle two lines cost twice."""
    size = np.dtype(dtype).itemsize
    room = np.zeros(rows * width + CACHE_LINE // size, dtype=dtype)
    first = -room.ctypes.data % CACHE_LINE // size
    return room[first : first + rows * width].reshape(rows, width)


class Room:
    """Memory of one thread that is used again for every chunk: fresh memory costs more than what is written into it."""

    def __init__(self) -> None:
        self._numbers: Array = np.empty(0)

    def empty(self, shape: tuple[int, ...]) -> Array:
        """Numbers of any value; they are the caller's until the next call."""
        size = int(np.prod(shape))
        if self._numbers.size < size:
            self._numbers = np.empty(size)
        return self._numbers[:size].reshape(shape)


class ProgramRunner:
    """One program made ready to run: structure and machine code once, then any paths in any order and thread."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        given: Shocks | None = None,
        paths: float = 0,
        announce: Announce | None = None,
        source: Source | None = None,
    ) -> None:
        """`paths`: how many are to be run, which decides whether loops of its own are worth compiling. `announce` is told
        before anything is compiled. `source`: what gives the paths their numbers; None draws all of them by address."""
        self.scenario = scenario
        self.seed = seed
        self.given = given
        self.source = source
        self._drawn = source is not None
        self.program = self._program(np.arange(BLOCK))
        self.plan = sooner(self.program, paths * scenario.calendar.months) if paths else separate(self.program)
        if announce is not None:
            missing, seconds = self.plan.to_compile(jit.compiled_before())
            if missing:
                announce(missing, seconds)
        self.machine = assemble(self.plan)
        rows = np.array([self.program.rows[m.slot] for m in self.program.metrics], dtype=np.int64)
        self._measured, self._metrics = np.unique(rows, return_inverse=True)  # some go by two names
        self._column_rows = np.array([self.program.rows[c.slot] for c in self.program.columns], dtype=np.int64)
        self.kept_slots: tuple[str, ...] = tuple(dict.fromkeys(m.slot for m in self.program.metrics if m.quantiles))

    def _program(self, paths: Paths) -> Program:
        once = {} if self.source is None else self.source.once(paths)
        scores = {} if self.source is None else self.source.scores(paths)

        def draw(name: str) -> Array:
            self._drawn = True
            if self.given is not None and name in self.given:
                numbers = self.given[name][0]  # by the number of the path: a branch has only some of them
                return np.ascontiguousarray(numbers[paths % numbers.size], dtype=np.float64)
            return once[name] if name in once else uniforms_of(self.seed, name, paths)

        return build(self.scenario, self.seed, draw, self.given, evaluate=evaluate, scores=scores)

    def prepare(self, paths: Paths, parts: Sequence[int] | None = None) -> Prepared:
        """These paths made ready to be lived in parts of so many, in the order given (default: all at once).

        Building the program takes as long for many paths as for a few, so it is done once for several parts."""
        sizes = [paths.size] if parts is None else parts
        begins = np.cumsum([0, *sizes[:-1]])
        needed = max(int(begin) + -(-size // BLOCK) * BLOCK for begin, size in zip(begins, sizes, strict=True))
        padded = np.concatenate([paths, paths[-1] + 1 + np.arange(max(0, needed - paths.size))])
        program = self._program(padded) if self._drawn else self.program
        if len(program.values) != len(self.program.values):
            raise AssertionError("the program of these paths differs in structure from the first")
        by_path = [row for row, value in enumerate(program.values) if isinstance(value, np.ndarray) and value.ndim]
        opening = np.array([0.0 if isinstance(v, np.ndarray) and v.ndim else float(v) for v in program.values])
        arrays = tuple(np.ascontiguousarray(program.values[row], dtype=np.float64) for row in by_path)
        if any(values.size < padded.size for values in arrays):
            raise ValueError(f"what is given by path has fewer than the {padded.size} numbers of whole blocks")
        return Prepared(program, padded, opening, np.array(by_path, dtype=np.int64), arrays)

    def live(
        self, ready: Prepared, begin: int, count: int, keep: Sequence[str] | None = None, room: Room | None = None
    ) -> Lived:
        """Simulate so many of the paths from the one in place `begin` on, and keep the given slots by month: in `room`, where
        they stay until the next call, or for good."""
        program, blocks = ready.program, -(-count // BLOCK)
        kept_slots = self.kept_slots if keep is None else tuple(keep)
        if self.plan.fused and not {program.rows[slot] for slot in kept_slots} <= reported_rows(program):
            raise ValueError("fused loops keep only rows that are reported")
        months, m = self.scenario.calendar.months, self.machine
        kept_rows = np.array([program.rows[slot] for slot in kept_slots], dtype=np.int64)
        shape = (len(kept_slots), months + 1, blocks * BLOCK)
        kept = np.empty(shape) if room is None else room.empty(shape)
        columns = np.empty((len(program.columns), blocks * BLOCK))
        statistics = np.empty((blocks, months + 1, self._measured.size, 2))
        numbers = np.empty(blocks, dtype=np.int64)
        addresses = np.array([values[begin:].ctypes.data for values in ready.arrays], dtype=np.int64)
        lanes.block_loop()(
            m.addresses, m.calls, m.rows, m.params, *self._room(), months, ready.paths[begin:], count,
            ready.opening, ready.array_rows, addresses,
            self._measured, statistics, numbers, kept_rows, kept,
            self._column_rows, columns, program.rows[ledger.CAUSE],
        )  # fmt: skip
        mean, squares = statistics[..., self._metrics, 0], statistics[..., self._metrics, 1]
        return Lived(
            {column.name: columns[k, :count] for k, column in enumerate(program.columns)},
            {name: values[begin : begin + count] for name, values in program.inputs.items()},
            tuple(Statistics(int(n), mean[k], squares[k]) for k, n in enumerate(numbers)),
            {slot: kept[j, :, :count] for j, slot in enumerate(kept_slots)},
        )

    def _room(self) -> tuple[Array, npt.NDArray[np.uint32]]:
        """Rows for the lanes at work."""
        slots = aligned(len(self.program.values), jit.LANES + ROW_PADDING, np.float64)
        return slots, aligned(max(1, self.program.word_rows), jit.LANES + 2 * ROW_PADDING, np.uint32)


def deterministic_path(scenario: Scenario) -> dict[str, Array]:
    """The path with normals 0, no events and inputs at their mean, in plain Python: slot -> values of months 0 … M."""
    program = build(scenario, scenario.run.seed, lambda _: None, deterministic=True)
    slots = np.zeros((len(program.values), 1))
    for row, value in enumerate(program.values):
        slots[row] = value
    words, lane = np.zeros((1, 1), dtype=np.uint32), np.zeros(1, dtype=np.int64)
    calls = [
        (
            jit.interpreted(s.law, s.arguments, s.outputs, s.using, s.rarely),
            np.array(s.words, dtype=np.int64),
            np.array(s.params),
            s.months,
        )
        for s in program.steps
    ]
    months = scenario.calendar.months
    history = np.empty((months + 1, len(program.values)))
    history[0] = slots[:, 0]
    with np.errstate(all="ignore"):
        for month in range(1, months + 1):
            for function, index, params, (begin, last) in calls:
                if begin <= month <= last:
                    function(slots, words, index, params, month, lane)
            history[month] = slots[:, 0]
    return {slot: history[:, row] for slot, row in program.rows.items()}
