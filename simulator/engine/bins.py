"""Values as counts in bins of their leading bits: a power of two and ten bits more, so a bin's middle is off by at most 0.05 %.

What is nearer to nought than 2^-20 counts as nought. Bins are numbered in the order of their values, 0 for nought.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.engine import jit
from simulator.engine.build import Array

MAGNITUDE = 0x7FFFFFFFFFFFFFFF  # all bits but the sign
DROPPED = 42  # of the 52 bits of the mantissa
BELOW = int(np.float64(2.0**-20).view(np.int64) >> DROPPED) - 1  # the last bin that counts as nought
MOST = int(np.float64(np.finfo(np.float64).max).view(np.int64) >> DROPPED) - BELOW  # the highest bin


class Counted(NamedTuple):
    """Bins that hold something, ascending, and how much."""

    bins: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]


def count(values: Any, kept: Any, where: Any, table: Any, bins: Any, counts: Any) -> int:
    """Count the values (as the integers of their bits) whose lane is kept; returns how many bins hold something.

    `where` is room for their bins, `table` (all noughts, before and after) for a count of every bin there is; `bins` and
    `counts` have room for one more than there are values.
    """
    for i in range(values.shape[0]):
        bin_of = max(0, min(((values[i] & MAGNITUDE) >> DROPPED) - BELOW, MOST))
        where[i] = bin_of if values[i] > 0 else -bin_of
    # below, at and above nought apart: money is often nought, and thousands of empty bins lie between that and a dollar
    lowest, under, over, highest = 0, -MOST - 1, MOST + 1, 0
    for i in range(values.shape[0]):
        b = where[i]
        lowest, highest = min(lowest, b), max(highest, b)
        under, over = max(under, b if b < 0 else -MOST - 1), min(over, b if b > 0 else MOST + 1)
    for i in range(values.shape[0]):
        table[where[i] + MOST] += np.uint32(kept[i])
    n = 0
    for first, last in ((lowest, under), (0, 0), (over, highest)):
        for k in range(first, last + 1):  # without a branch: nobody can foretell which bins are empty
            found = table[k + MOST]
            bins[n] = k
            counts[n] = found
            table[k + MOST] = 0
            n += found > 0
    return n


def merge(bins: Any, counts: Any, low: int, total: Any) -> None:
    """Add counts to those of bins low, low + 1, …"""
    for k in range(bins.shape[0]):
        total[bins[k] - low] += counts[k]


_ROOM = threading.local()


@cache
def _counter() -> Any:
    from numba import types as t

    rows = t.int64[::1]
    signature = t.int64(rows, t.boolean[::1], rows, t.uint32[::1], rows, rows)
    return jit.compiled(jit.kernel_code(count, signature))


@cache
def merger() -> Any:
    """`merge` as machine code."""
    from numba import types as t

    rows = t.int64[::1]
    return jit.compiled(jit.kernel_code(merge, t.void(rows, rows, t.int64, rows)))


def of(values: Array) -> npt.NDArray[np.int64]:
    """The bin of each value."""
    bits = np.ascontiguousarray(values, dtype=np.float64).view(np.int64)
    size = np.clip(((bits & MAGNITUDE) >> DROPPED) - BELOW, 0, MOST)
    return np.asarray(np.where(bits > 0, size, -size), dtype=np.int64)


def by_month(values: Array, kept: npt.NDArray[np.bool_]) -> tuple[Counted, ...]:
    """Of each row of (months + 1, paths) the counts over the paths that are kept."""
    size = values.shape[1]
    where, bins, counts = (np.empty(size + 1, dtype=np.int64) for _ in range(3))
    if not hasattr(_ROOM, "table"):
        _ROOM.table = np.zeros(2 * MOST + 1, dtype=np.uint32)  # `count` leaves it as it found it
    table = _ROOM.table
    found = []
    for row in values:
        n = _counter()(np.ascontiguousarray(row).view(np.int64), kept, where, table, bins, counts)
        found.append(Counted(bins[:n].copy(), counts[:n].copy()))
    return tuple(found)


def middle(bins: npt.NDArray[np.int64]) -> Array:
    """The values in the middle of bins."""
    low = (np.abs(bins) + BELOW) << DROPPED
    size = (low + (np.int64(1) << (DROPPED - 1))).view(np.float64)
    return np.where(bins == 0, 0.0, np.copysign(size, bins))
