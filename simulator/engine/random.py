"""Random numbers by address: which streams a program reads, and the kernels that fill a block's rows with them.

A draw is a function of (seed, stream name, path, month) and nothing else. Inputs drawn once a path use month 0.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.mathematics.elementary import log
from simulator.mathematics.normal import central, tail
from simulator.mathematics.philox import LOW, SHIFT, philox, to_unit

FIRST_INSIDE, LAST_INSIDE = (
    np.uint32(322122547),
    np.uint32(3972844749),
)  # words whose normals are central, |p - 1/2| <= 0.425
HALF = np.uint32(2**31)
WORDS = 4  # rows of words a stream keeps: the months of one Philox block


def stream_number(name: str) -> int:
    """The stream's part of the counter: 32 bits of a hash of its name."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "little")


def seed_words(seed: int) -> tuple[float, float]:
    """The two 32-bit halves of the seed, as the floats in which kernels take them."""
    return float(seed & 0xFFFFFFFF), float((seed >> 32) & 0xFFFFFFFF)


def fill_words(words: Any, start: int, params: Any, month: int, paths: Any, lanes: int) -> None:
    """Four months of one stream for the lanes of a block; params = (seed low, seed high, stream)."""
    k0, k1 = np.uint64(params[0]), np.uint64(params[1])
    c2, c3 = np.uint64(month >> 2), np.uint64(params[2])
    row_0, row_1, row_2, row_3 = words[start], words[start + 1], words[start + 2], words[start + 3]
    for i in range(lanes):
        path = np.uint64(paths[i])
        w0, w1, w2, w3 = philox(path & LOW, path >> SHIFT, c2, c3, k0, k1)
        row_0[i] = w0
        row_1[i] = w1
        row_2[i] = w2
        row_3[i] = w3


def draw_uniform(slots: Any, words: Any, index: Any, params: Any, month: int, paths: Any) -> None:
    """index = (target row, first word row, two rows of no use here, lanes); uniforms strictly inside (0, 1)."""
    if month & 3 == 0 or month == 1:
        fill_words(words, index[1], params, month, paths, index[4])
    source, target = words[index[1] + (month & 3)], slots[index[0]]
    for i in range(index[4]):
        target[i] = (float(source[i]) + 0.5) * 2.3283064365386963e-10


def draw_normal(slots: Any, words: Any, index: Any, params: Any, month: int, paths: Any) -> None:
    """index = (target row, first word row, room for a row of numbers, room for a row of words, lanes); standard normals by
    inversion, the numbers of `grid_normal`.

    Only one lane in seven lies in a tail and wants a logarithm and a root: those lanes are listed, without a branch, and
    worked through side by side, a step at a time, so that each of these loops is vectorised.
    """
    if month & 3 == 0 or month == 1:
        fill_words(words, index[1], params, month, paths, index[4])
    source, target, lanes = words[index[1] + (month & 3)], slots[index[0]], index[4]
    r, where = slots[index[2]], words[index[3]]
    for i in range(lanes):
        target[i] = central((float(source[i]) + 0.5) * 2.3283064365386963e-10 - 0.5)
    n = 0
    for i in range(lanes):
        where[n] = i
        n += int(np.uint32(source[i] - FIRST_INSIDE) > LAST_INSIDE - FIRST_INSIDE)
    for j in range(n):
        p = (float(source[where[j]]) + 0.5) * 2.3283064365386963e-10
        r[j] = min(p, 1.0 - p)
    for j in range(n):
        r[j] = math.sqrt(-log(r[j]))
    for j in range(n):
        r[j] = tail(r[j])
    for j in range(n):
        target[where[j]] = -r[j] if source[where[j]] < HALF else r[j]


def draw_once(target: Any, seed_low: float, seed_high: float, stream: float, paths: Any) -> None:
    """The uniforms of month 0, one for each path."""
    k0, k1, c3, zero = np.uint64(seed_low), np.uint64(seed_high), np.uint64(stream), np.uint64(0)
    for i in range(target.shape[0]):
        path = np.uint64(paths[i])
        w0, _, _, _ = philox(path & LOW, path >> SHIFT, zero, c3, k0, k1)
        target[i] = to_unit(w0)


def uniforms(seed: int, name: str, paths: npt.NDArray[np.int64] | range, months: range) -> npt.NDArray[np.float64]:
    """The uniforms of a stream, shape (months, paths), in numpy: the slow way, for tests and for looking at draws."""
    low, high = (np.uint64(int(x)) for x in seed_words(seed))
    where = np.asarray(paths, dtype=np.uint64)
    result = np.empty((len(months), where.size))
    stream = np.full_like(where, stream_number(name))
    for row, month in enumerate(months):
        words = philox(where & LOW, where >> SHIFT, np.full_like(where, month >> 2), stream, low, high)  # type: ignore[arg-type]
        result[row] = (words[month & 3].astype(np.float64) + 0.5) * 2.0**-32
    return result
