"""Run blocks of paths through one program: fill the rows, run the month loop, read off what is reported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.engine import jit, ledger
from simulator.engine.build import Array
from simulator.engine.intrinsics import step_call
from simulator.engine.machine import assemble, reported_rows, separate, sooner
from simulator.engine.program import Program, Shocks, build
from simulator.engine.random import draw_once, seed_words, stream_number
from simulator.engine.sampling import evaluate
from simulator.scenario.model import Scenario

BLOCK = jit.LANES
PART = BLOCK // 16
CACHE_LINE = 64  # bytes
Paths = npt.NDArray[np.int64]  # numbers of paths
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


class Lived(NamedTuple):
    """What some paths leave behind; arrays are in the order in which the paths were given."""

    columns: dict[str, Array]  # by path
    inputs: dict[str, Array]
    blocks: tuple[Statistics, ...]
    kept: dict[str, Array]  # slot -> (months + 1, paths)


def call(_address: Any, _slots: Any, _words: Any, _index: Any, _params: Any, _month: Any, _paths: Any) -> None:
    """The step whose machine code begins at the address (engine/intrinsics.py)."""
    raise TypeError("only machine code has addresses")


def run_months(
    addresses: Any,
    calls: Any,
    index: Any,
    params: Any,
    slots: Any,
    words: Any,
    months: int,
    paths: Any,
    counted: Any,
    metric_rows: Any,
    statistics: Any,
    kept_rows: Any,
    kept: Any,
) -> None:
    """The month loop. `counted` lists the lanes that enter the statistics (month, metric, mean or squares)."""
    sums = np.empty((2, PART))
    measure(slots, 0, counted, metric_rows, statistics, kept_rows, kept, sums)
    for month in range(1, months + 1):
        for k in range(addresses.shape[0]):
            if calls[k, 4] <= month <= calls[k, 5]:
                rows, numbers = index[calls[k, 0] : calls[k, 1]], params[calls[k, 2] : calls[k, 3]]
                call(addresses[k], slots, words, rows, numbers, month, paths)
        measure(slots, month, counted, metric_rows, statistics, kept_rows, kept, sums)


def measure(
    slots: Any, month: int, counted: Any, metric_rows: Any, statistics: Any, kept_rows: Any, kept: Any, sums: Any
) -> None:
    """Mean and sum of squared deviations of each metric, in a fixed order; then the rows kept path by path."""
    n = counted.shape[0]
    for k in range(metric_rows.shape[0]):
        row = slots[metric_rows[k]]
        if n == BLOCK:
            centre = row[0]
            total, squares = about(row, centre, sums)
        else:
            centre = row[counted[0]] if n > 0 else 0.0
            total, squares = 0.0, 0.0
            for i in range(n):
                total += row[counted[i]] - centre
                squares += (row[counted[i]] - centre) ** 2
        statistics[month, k, 0] = centre + total / n if n > 0 else 0.0
        statistics[month, k, 1] = max(0.0, squares - total * total / n) if n > 0 else 0.0
    for k in range(kept_rows.shape[0]):
        row, target = slots[kept_rows[k]], kept[k, month]
        for i in range(target.shape[0]):
            target[i] = row[i]


def about(row: Any, centre: float, sums: Any) -> tuple[float, float]:
    """Sums of x - centre and of its square over a full block, sixteen parts of it added pairwise.

    A value of the row itself as the centre keeps the digits that squares of large equal amounts would lose (Chan, Golub &
    LeVeque 1983, "shifted data"), in one pass. Written as a loop that writes rows, because machine code must not reorder a
    sum and would add one number after the other.
    """
    first, second = sums[0], sums[1]
    for i in range(PART):
        d0, d1, d2, d3 = row[i] - centre, row[i + PART] - centre, row[i + 2 * PART] - centre, row[i + 3 * PART] - centre
        d4, d5 = row[i + 4 * PART] - centre, row[i + 5 * PART] - centre
        d6, d7 = row[i + 6 * PART] - centre, row[i + 7 * PART] - centre
        e0, e1, e2, e3 = (
            row[i + 8 * PART] - centre,
            row[i + 9 * PART] - centre,
            row[i + 10 * PART] - centre,
            row[i + 11 * PART] - centre,
        )
        e4, e5 = row[i + 12 * PART] - centre, row[i + 13 * PART] - centre
        e6, e7 = row[i + 14 * PART] - centre, row[i + 15 * PART] - centre
        first[i] = (((d0 + d1) + (d2 + d3)) + ((d4 + d5) + (d6 + d7))) + (
            ((e0 + e1) + (e2 + e3)) + ((e4 + e5) + (e6 + e7))
        )
        second[i] = (((d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3)) + ((d4 * d4 + d5 * d5) + (d6 * d6 + d7 * d7))) + (
            ((e0 * e0 + e1 * e1) + (e2 * e2 + e3 * e3)) + ((e4 * e4 + e5 * e5) + (e6 * e6 + e7 * e7))
        )
    width = PART // 2
    while width > 0:
        for i in range(width):
            first[i] += first[i + width]
            second[i] += second[i + width]
        width //= 2
    return first[0], second[0]


@cache
def _month_loop() -> Any:
    from numba import types as t

    rows, table, cube, view = t.int64[::1], t.int64[:, ::1], t.float64[:, :, ::1], t.float64[:, :, :]
    slots, words = t.float64[:, ::1], t.uint32[:, ::1]
    signature = t.void(rows, table, rows, t.float64[::1], slots, words, t.int64, rows, rows, rows, cube, rows, view)
    return jit.compiled(jit.kernel_code(run_months, signature, (("call", step_call(jit.step_signature())),)))


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


class ProgramRunner:
    """One program made ready to run: structure and machine code once, then any paths in any order and thread."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        given: Shocks | None = None,
        paths: float = 0,
        announce: Announce | None = None,
    ) -> None:
        """`paths`: how many are to be run, which decides whether loops of its own are worth compiling. `announce` is told
        before anything is compiled."""
        self.scenario = scenario
        self.seed = seed
        self.given = given
        self._drawn = False
        self.program = self._program(np.arange(BLOCK))
        self.plan = sooner(self.program, paths * scenario.calendar.months) if paths else separate(self.program)
        if announce is not None:
            missing, seconds = self.plan.to_compile(jit.compiled_before())
            if missing:
                announce(missing, seconds)
        self.machine = assemble(self.plan)
        self._loop = _month_loop()
        self._metric_rows = np.array([self.program.rows[m.slot] for m in self.program.metrics], dtype=np.int64)
        self.kept_slots: tuple[str, ...] = tuple(dict.fromkeys(m.slot for m in self.program.metrics if m.quantiles))

    def _program(self, paths: Paths) -> Program:
        def draw(name: str) -> Array:
            self._drawn = True
            if self.given is not None and name in self.given:
                return np.ascontiguousarray(np.resize(self.given[name][0], paths.size), dtype=np.float64)
            return uniforms_of(self.seed, name, paths)

        return build(self.scenario, self.seed, draw, self.given, evaluate=evaluate)

    def live(self, paths: Paths, keep: Sequence[str] | None = None) -> Lived:
        """Simulate these paths, block by block in the order given, and keep the given slots by month."""
        count = paths.size
        blocks = -(-count // BLOCK)
        padded = np.concatenate([paths, paths[-1] + 1 + np.arange(blocks * BLOCK - count)])
        program = self._program(padded) if self._drawn else self.program
        if len(program.values) != len(self.program.values):
            raise AssertionError("the program of these paths differs in structure from the first")
        kept_slots = self.kept_slots if keep is None else tuple(keep)
        if self.plan.fused and not {program.rows[slot] for slot in kept_slots} <= reported_rows(program):
            raise ValueError("fused loops keep only rows that are reported")
        columns = {c.name: np.empty(count) for c in program.columns}
        kept = np.empty((len(kept_slots), self.scenario.calendar.months + 1, blocks * BLOCK))
        slots = aligned(len(program.values), BLOCK + ROW_PADDING, np.float64)
        words = aligned(max(1, program.word_rows), BLOCK + 2 * ROW_PADDING, np.uint32)
        statistics = []
        for k in range(blocks):
            lanes = slice(k * BLOCK, (k + 1) * BLOCK)
            used = min(BLOCK, count - k * BLOCK)
            statistics.append(
                self._run_block(program, padded, lanes, used, slots, words, kept[:, :, lanes], kept_slots)
            )
            for column in program.columns:
                row = slots[program.rows[column.slot]]
                columns[column.name][k * BLOCK : k * BLOCK + used] = row[:used]
        by_slot = {slot: kept[j, :, :count] for j, slot in enumerate(kept_slots)}
        inputs = {name: values[:count] for name, values in program.inputs.items()}
        return Lived(columns, inputs, tuple(statistics), by_slot)

    def _run_block(
        self,
        program: Program,
        paths: Paths,
        lanes: slice,
        used: int,
        slots: Array,
        words: npt.NDArray[np.uint32],
        kept: Array,
        kept_slots: Sequence[str],
    ) -> Statistics:
        months = self.scenario.calendar.months
        out = np.empty((months + 1, len(self._metric_rows), 2))
        kept_rows = np.array([program.rows[slot] for slot in kept_slots], dtype=np.int64)
        counted = np.arange(used, dtype=np.int64)
        for _ in range(2):
            for row, value in enumerate(program.values):
                slots[row, :BLOCK] = value[lanes] if isinstance(value, np.ndarray) and value.ndim else value
            m = self.machine
            self._loop(
                m.addresses, m.calls, m.rows, m.params, slots, words, months, paths[lanes],
                counted, self._metric_rows, out, kept_rows, kept,
            )  # fmt: skip
            numbers = np.flatnonzero(slots[program.rows[ledger.CAUSE], :used] != ledger.NAN_CODE)
            if numbers.size == counted.size:
                break
            counted = numbers  # a path that is not a number is never averaged in: once more without it
        return Statistics(counted.size, out[:, :, 0].copy(), out[:, :, 1].copy())


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
