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
    draws: npt.NDArray[
        np.int64
    ]  # (draws, 4): stream, month, row it goes to, and the column from which rows are then added, or -1
    table: Array  # (directions, columns), TOGETHER of them at a time


def weights(seed: int, months: int, shocks: Sequence[str], once: Sequence[str], ways: Array) -> Weights:
    """ways: shape (directions, shocks * months + once). What no direction looks at is not drawn."""
    draws: list[tuple[int, int, int, int]] = []
    columns: list[Array] = []

    def group(drawn: Sequence[tuple[int, int, int]], of: Sequence[Array]) -> None:
        """Rows that are added together: stream, month and row of each, and its weights."""
        table = np.zeros((len(ways), TOGETHER))
        for (stream, month, row), weight in zip(drawn, of, strict=True):
            table[:, row] = weight
            draws.append((stream, month, row, -1))
        draws[-1] = (*draws[-1][:3], TOGETHER * len(columns))
        columns.append(table)

    for s, name in enumerate(shocks):
        own = ways[:, s * months : (s + 1) * months]
        upto = int(np.flatnonzero(own.any(axis=0))[-1]) + 1 if own.any() else 0
        for first in range(
            0, upto + 1 if upto else 0, TOGETHER
        ):  # as the words of a stream come, month 0 with the first three
            of = range(max(1, first), min(upto, first + TOGETHER - 1) + 1)
            group([(stream_number(name), m, m - first) for m in of], [own[:, m - 1] for m in of])
    inputs = ways[:, len(shocks) * months :]
    seen = np.flatnonzero(inputs.any(axis=0)).tolist()
    for first in range(0, len(seen), TOGETHER):
        some = seen[first : first + TOGETHER]
        group([(stream_number(once[j]), 0, row) for row, j in enumerate(some)], [inputs[:, j] for j in some])
    table = np.ascontiguousarray(np.concatenate([np.zeros((len(ways), 0)), *columns], axis=1))
    return Weights(np.array(seed_words(seed)), np.array(draws, dtype=np.int64).reshape(-1, 4), table)


def projected(of: Weights, paths: npt.NDArray[np.int64]) -> Array:
    """Shape (directions, paths)."""
    found = np.empty((of.table.shape[0], _padded(paths.size)))
    whole = np.concatenate([paths, np.zeros(found.shape[1] - paths.size, dtype=np.int64)])
    jit.compiled(projection_code())(found, *of, whole)
    return found[:, : paths.size]


def _padded(lanes: int) -> int:
    return -(-lanes // LANES) * LANES


def project(found: Any, seed: Any, draws: Any, table: Any, paths: Any) -> None:
    """found: shape (directions, whole tiles of LANES paths)."""
    z, words = np.zeros((TOGETHER + 1, LANES)), np.empty((WORDS + 1, LANES), dtype=np.uint32)
    along = np.empty((found.shape[0], LANES))
    for first in range(0, found.shape[1], LANES):
        project_tile(along, z, words, seed, draws, table, paths[first : first + LANES])
        for d in range(found.shape[0]):
            target, source = found[d], along[d]
            for i in range(LANES):
                target[first + i] = source[i]


def project_tile(along: Any, z: Any, words: Any, seed: Any, draws: Any, table: Any, paths: Any) -> None:
    """along: shape (directions, LANES). z, words: room for TOGETHER + 1 and WORDS + 1 rows; z holds numbers."""
    place, numbers = np.empty(5, dtype=np.int64), np.empty(3)
    place[1], place[2], place[3], place[4] = 0, TOGETHER, WORDS, LANES
    numbers[0], numbers[1] = seed[0], seed[1]
    for d in range(along.shape[0]):
        target = along[d]
        for i in range(LANES):
            target[i] = 0.0
    for k in range(draws.shape[0]):
        numbers[2], place[0] = float(draws[k, 0]), draws[k, 2]
        draw_normal(z, words, place, numbers, draws[k, 1], paths)
        column = draws[k, 3]
        if column >= 0:
            for d in range(along.shape[0]):
                of = table[d, column : column + TOGETHER]
                if of[0] != 0.0 or of[1] != 0.0 or of[2] != 0.0 or of[3] != 0.0:
                    add_rows(along[d], of, z)


def add_rows(target: Any, weights: Any, rows: Any) -> None:
    """target += weights @ rows, of the first TOGETHER rows."""
    a, b, c, d = weights[0], weights[1], weights[2], weights[3]
    row_0, row_1, row_2, row_3 = rows[0], rows[1], rows[2], rows[3]
    for i in range(LANES):
        target[i] += (a * row_0[i] + b * row_1[i]) + (c * row_2[i] + d * row_3[i])


@cache
def projection_code() -> jit.Code:
    from numba import types as t

    table = t.float64[:, ::1]
    return jit.kernel_code(project, t.void(table, t.float64[::1], t.int64[:, ::1], table, t.int64[::1]))
