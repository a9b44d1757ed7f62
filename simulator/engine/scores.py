"""The standard normals of paths, drawn anew by their address and looked at along some directions, in machine code.

A direction is a weight for each of a path's scores: months 1 … M of each monthly normal shock, then what is drawn once a path.
Some lanes at a time, so that their rows stay in the first cache; four months together, as Philox gives them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.engine import jit
from simulator.engine.build import Array
from simulator.engine.random import WORDS, draw_normal, seed_words, stream_number

LANES = 256  # worked through side by side
TOGETHER = 4  # rows of scores that are added at a time: the months of one Philox block


class Weights(NamedTuple):
    """Directions as the kernels take them."""

    seed: Array  # its two words
    months: int
    shocks: npt.NDArray[np.int64]  # numbers of streams by month
    once: npt.NDArray[np.int64]  # and of those drawn once
    table: Array  # (directions, rows of months of all shocks, then of once), in whole groups of TOGETHER
    last: npt.NDArray[np.int64]  # (directions, shocks): the last month that counts


def weights(seed: int, months: int, shocks: Sequence[str], once: Sequence[str], ways: Array) -> Weights:
    """ways: shape (directions, shocks * months + once). What no direction looks at is not drawn."""
    by_shock = ways[:, : len(shocks) * months].reshape(len(ways), len(shocks), months)
    of_once = ways[:, len(shocks) * months :]
    seen, known = (np.flatnonzero(x.any(axis=axes)) for x, axes in ((by_shock, (0, 2)), (of_once, 0)))
    group = _whole(months + 1)
    table = np.zeros((len(ways), group * len(seen) + _whole(len(known))))
    for k, s in enumerate(seen):
        table[:, k * group + 1 : k * group + 1 + months] = by_shock[:, s]
    table[:, group * len(seen) : group * len(seen) + len(known)] = of_once[:, known]
    last: npt.NDArray[np.int64] = np.where(by_shock[:, seen] != 0.0, np.arange(1, months + 1), 0).max(axis=2, initial=0)
    numbers = [
        np.array([stream_number(names[int(k)]) for k in which], dtype=np.int64)
        for names, which in ((shocks, seen), (once, known))
    ]
    return Weights(np.array(seed_words(seed)), months, numbers[0], numbers[1], table, np.ascontiguousarray(last))


def _whole(rows: int) -> int:
    return -(-rows // TOGETHER) * TOGETHER


def projected(of: Weights, paths: npt.NDArray[np.int64]) -> Array:
    """Shape (directions, paths)."""
    found = np.empty((of.table.shape[0], _padded(paths.size)))
    whole = np.concatenate([paths, np.zeros(found.shape[1] - paths.size, dtype=np.int64)])
    _projection()(found, *of, whole)
    return found[:, : paths.size]


def _padded(lanes: int) -> int:
    return -(-lanes // LANES) * LANES


def project(found: Any, seed: Any, months: int, shocks: Any, once: Any, table: Any, last: Any, paths: Any) -> None:
    """found: shape (directions, whole tiles of LANES paths)."""
    z, words = np.zeros((TOGETHER + 1, LANES)), np.empty((WORDS + 1, LANES), dtype=np.uint32)
    along = np.empty((found.shape[0], LANES))
    for first in range(0, found.shape[1], LANES):
        project_tile(along, z, words, seed, months, shocks, once, table, last, paths[first : first + LANES])
        for d in range(found.shape[0]):
            target, source = found[d], along[d]
            for i in range(LANES):
                target[first + i] = source[i]


def project_tile(
    along: Any, z: Any, words: Any, seed: Any, months: int, shocks: Any, once: Any, table: Any, last: Any, paths: Any
) -> None:
    """along: shape (directions, LANES). z, words: room for TOGETHER + 1 and WORDS + 1 rows."""
    place, numbers = np.empty(5, dtype=np.int64), np.empty(3)
    place[1], place[2], place[3], place[4] = 0, TOGETHER, WORDS, LANES
    numbers[0], numbers[1] = seed[0], seed[1]
    for d in range(along.shape[0]):
        target = along[d]
        for i in range(LANES):
            target[i] = 0.0
    begin = 0
    for s in range(shocks.shape[0]):
        numbers[2] = float(shocks[s])
        for i in range(LANES):
            z[0, i] = 0.0  # there is no month 0
        upto = last[:, s].max()
        for month in range(1, upto + 1):
            row = month & 3
            place[0] = row
            draw_normal(z, words, place, numbers, month, paths)
            if row == TOGETHER - 1 or month == upto:
                column = begin + month - row
                for d in range(along.shape[0]):
                    if month - row <= last[d, s]:
                        add_rows(along[d], table[d, column : column + TOGETHER], z)
        begin += (months // TOGETHER + 1) * TOGETHER
    for j in range(once.shape[0]):
        row = j & 3
        numbers[2], place[0] = float(once[j]), row
        draw_normal(z, words, place, numbers, 0, paths)
        if row == TOGETHER - 1 or j == once.shape[0] - 1:
            for d in range(along.shape[0]):
                add_rows(along[d], table[d, begin + j - row : begin + j - row + TOGETHER], z)


def add_rows(target: Any, weights: Any, rows: Any) -> None:
    """target += weights @ rows, of the first TOGETHER rows."""
    a, b, c, d = weights[0], weights[1], weights[2], weights[3]
    row_0, row_1, row_2, row_3 = rows[0], rows[1], rows[2], rows[3]
    for i in range(LANES):
        target[i] += (a * row_0[i] + b * row_1[i]) + (c * row_2[i] + d * row_3[i])


def signature(*before: Any) -> Any:
    """Of a kernel that takes `before`, then `Weights` and the paths."""
    from numba import types as t

    floats, numbers, table = t.float64[::1], t.int64[::1], t.float64[:, ::1]
    return t.void(*before, floats, t.int64, numbers, numbers, table, t.int64[:, ::1], numbers)


@cache
def _projection() -> Any:
    from numba import types as t

    return jit.compiled(jit.kernel_code(project, signature(t.float64[:, ::1])))
