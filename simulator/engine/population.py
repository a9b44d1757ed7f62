"""A population of paths that goes through the months side by side and may be resampled between them (splitting).

The state of a path after a month is its column of slots; what it will draw is a function of its number. So a copy of a path is
its column under a number of its own: the same past, another future. Months are run by the loops that run whole paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.components.base import ENDED
from simulator.engine import jit, ledger
from simulator.engine.block import ROW_PADDING, aligned
from simulator.engine.build import Array
from simulator.engine.intrinsics import step_call
from simulator.engine.lanes import LANES, call
from simulator.engine.program import Program
from simulator.engine.random import draw_normal, draw_uniform, fill_words
from simulator.engine.source import Paths
from simulator.engine.tilt import TiltedRunner


def run_range(
    addresses: Any,
    calls: Any,
    index: Any,
    params: Any,
    slots: Any,
    words: Any,
    first: int,
    last: int,
    paths: Any,
) -> None:
    """Months first … last of a block, from the slots as they are."""
    for month in range(first, last + 1):
        for k in range(addresses.shape[0]):
            if calls[k, 4] <= month <= calls[k, 5]:
                rows, numbers = index[calls[k, 0] : calls[k, 1]], params[calls[k, 2] : calls[k, 3]]
                call(addresses[k], slots, words, rows, numbers, month, paths)


@cache
def _loop() -> Any:
    from numba import types as t

    rows, slots, words = t.int64[::1], t.float64[:, ::1], t.uint32[:, ::1]
    signature = t.void(rows, t.int64[:, ::1], rows, t.float64[::1], slots, words, t.int64, t.int64, rows)
    return jit.compiled(jit.kernel_code(run_range, signature, (("call", step_call(jit.step_signature())),)))


@cache
def _refill() -> Any:
    from numba import types as t

    signature = t.void(t.uint32[:, ::1], t.int64, t.float64[::1], t.int64, t.int64[::1], t.int64)
    return jit.compiled(jit.kernel_code(fill_words, signature))


class Population:
    """So many paths (a multiple of LANES) of one program after month 0, 1, …"""

    def __init__(self, runner: TiltedRunner, paths: Paths) -> None:
        if paths.size % LANES:
            raise ValueError(f"a population is a multiple of {LANES} paths")
        self.runner = runner
        self.program: Program = runner._program(paths)
        self.size, self.month = paths.size, 0
        self.paths = paths
        self.roots = paths  # whose numbers drawn once a path each has
        rows = len(self.program.values)
        self._slots = [aligned(rows, LANES + ROW_PADDING, np.float64) for _ in range(paths.size // LANES)]
        width = LANES + 2 * ROW_PADDING
        self._words = [aligned(max(1, self.program.word_rows), width, np.uint32) for _ in self._slots]
        self._spare = [np.zeros_like(slots) for slots in self._slots]
        self._draws = [
            (int(s.words[1]), np.array(s.params)) for s in self.program.steps if s.law in (draw_normal, draw_uniform)
        ]
        for k, slots in enumerate(self._slots):
            for row, value in enumerate(self.program.values):
                by_path = isinstance(value, np.ndarray) and value.ndim
                slots[row, :LANES] = value[k * LANES : (k + 1) * LANES] if by_path else value

    def advance(self, month: int) -> None:
        """Run to the end of this month."""
        m = self.runner.machine
        for k, slots in enumerate(self._slots):
            paths = np.ascontiguousarray(self.paths[k * LANES : (k + 1) * LANES])
            first = self.month + 1
            _loop()(m.addresses, m.calls, m.rows, m.params, slots, self._words[k], first, month, paths)
        self.month = month

    def slot(self, name: str) -> Array:
        """By path, after this month."""
        return self.row(self.program.rows[name])

    def row(self, row: int) -> Array:
        return np.concatenate([slots[row, :LANES] for slots in self._slots])

    @property
    def alive(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.slot(ENDED) == 0.0)

    @property
    def defaulted_now(self) -> npt.NDArray[np.bool_]:
        return np.asarray((self.slot(ENDED) == float(self.month)) & (self.slot(ledger.CAUSE) > ledger.NAN_CODE))

    def resample(self, parents: Sequence[int] | npt.NDArray[np.int64], paths: Paths) -> None:
        """Put copies of these paths in the place of all, under these numbers for what they draw from now on."""
        chosen = np.asarray(parents)
        of_block, lanes = chosen // LANES, chosen % LANES
        for k, target in enumerate(self._spare):
            here = slice(k * LANES, (k + 1) * LANES)
            for source in np.unique(of_block[here]):
                where = np.flatnonzero(of_block[here] == source)
                target[:, where] = self._slots[source][:, lanes[here][where]]
        self._slots, self._spare = self._spare, self._slots
        self.roots, self.paths = self.roots[chosen], paths
        if (self.month + 1) & 3:  # four months come out of one draw: the rest of them under the new numbers
            for k, words in enumerate(self._words):
                numbers = np.ascontiguousarray(paths[k * LANES : (k + 1) * LANES])
                for start, params in self._draws:
                    _refill()(words, start, params, self.month + 1, numbers, LANES)
