"""Draws as a run makes them: through the compiled draw steps, given back as the 32-bit words they stand for.

The only file of the battery that knows how a draw step is called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.engine import jit
from simulator.engine.random import WORDS, draw_normal, draw_uniform, seed_words, stream_number
from simulator.mathematics.philox import uniform_at

Words = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float64]
LANES = jit.LANES


@cache
def step(kernel: Callable[..., None]) -> Any:
    return jit.compiled(jit.kernel_code(kernel, jit.step_signature()))


def drawn(
    kernel: Callable[..., None], seed: int, stream: str | int, paths: npt.NDArray[np.int64], months: Sequence[int]
) -> Floats:
    """What a draw step writes for these paths, shape (months, paths); a stream by its name or its number."""
    number = stream_number(stream) if isinstance(stream, str) else stream
    params = np.array([*seed_words(seed), float(number)])
    blocks = -(-paths.size // LANES)
    filled = np.concatenate([paths, np.zeros(blocks * LANES - paths.size, dtype=np.int64)])
    slots = np.empty((len(months), blocks * LANES))
    room, words = np.empty((2, LANES)), np.zeros((1 + WORDS, LANES + 1), dtype=np.uint32)
    index, run = np.array([0, 1, 1, 0, LANES]), step(kernel)
    for block in range(blocks):
        lanes = slice(block * LANES, (block + 1) * LANES)
        of_block = -1  # the four months whose words stand in the rows
        for row, month in enumerate(months):
            if month >> 2 != of_block and month & 3 and month != 1:  # as in a run, words are made when the four begin
                run(room, words, index, params, max(1, month - (month & 3)), filled[lanes])
            of_block = month >> 2
            run(room, words, index, params, month, filled[lanes])
            slots[row, lanes] = room[0]
    return slots[:, : paths.size]


def words(seed: int, stream: str | int, paths: npt.NDArray[np.int64], months: Sequence[int]) -> Words:
    """The words behind the uniforms of a stream, shape (months, paths)."""
    return words_of(drawn(draw_uniform, seed, stream, paths, months))


def words_of(uniforms: Floats) -> Words:
    """A uniform is (word + 1/2) / 2^32 exactly."""
    scaled = uniforms * 2.0**32 - 0.5
    found = scaled.astype(np.uint32)
    if not np.array_equal(found, scaled):
        raise ValueError("these are no uniforms of 32 bits")
    return found


def along(order: str, seed: int = 1, length: int = 2**19) -> Words:
    """A sequence of words along one coordinate of the address, the others held (or, where a coordinate is short, turned
    over slowly): `path`, `month`, `stream`, `seed` or `running`."""
    name, month, fast = "revenue.level", 17, 1024
    slow = np.arange(-(-length // fast))
    if order == "path":
        return words(seed, name, np.arange(length), [month]).ravel()
    if order == "month":
        return words(seed, name, slow, range(1, fast + 1)).T.ravel()[:length]
    if order == "stream":
        rows = [words(seed, f"contracts.c{k}.exit.supplier", slow, [month]) for k in range(fast)]
    elif order == "seed":
        rows = [words(seed + k, name, slow, [month]) for k in range(fast)]
    elif order == "running":
        return np.concatenate([running(seed, name, int(path), month, fast) for path in slow])[:length]
    else:
        raise ValueError(f"no coordinate is called {order!r}")
    return np.concatenate(rows).T.ravel()[:length]


ORDERS = ("path", "month", "stream", "seed", "running")
COORDINATES = {
    "seed": 64,
    "stream": 32,
    "path": 63,
    "month": 14,
}  # bits of each; the lowest two of a month choose the word


def flipped(coordinate: str, bit: int, seed: int = 1, paths: int = 4096) -> Words:
    """Words of `paths` addresses before and after one bit of the address was flipped, as their exclusive or."""
    k = np.arange(paths)
    if coordinate == "path":  # those without the bit, so that none comes twice
        k = (k >> bit << (bit + 1)) | (k & ((1 << bit) - 1))
    at = {"seed": seed, "stream": stream_number("revenue.level"), "path": k, "month": 18}
    changed = {**at, coordinate: at[coordinate] ^ (1 << (bit + 2 if coordinate == "month" else bit))}
    before, after = (words(a["seed"], a["stream"], a["path"], [a["month"]]).ravel() for a in (at, changed))
    return before ^ after


def normals(seed: int, stream: str | int, paths: npt.NDArray[np.int64], months: Sequence[int]) -> Floats:
    return drawn(draw_normal, seed, stream, paths, months)


def running(seed: int, stream: str, path: int, month: int, count: int) -> Words:
    """The first draws of a stream within one month, as laws make them that need several (jumps, arrivals)."""
    target = np.empty(count)
    _runner()(target, *seed_words(seed), float(stream_number(stream)), path, month)
    return words_of(target)


def _several(target: Any, seed_low: float, seed_high: float, stream: float, path: int, month: int) -> None:
    for k in range(target.shape[0]):
        target[k] = uniform_at(seed_low, seed_high, stream, path, month, k)


@cache
def _runner() -> Any:
    from numba import types as t

    signature = t.void(t.float64[::1], t.float64, t.float64, t.float64, t.int64, t.int64)
    return jit.compiled(jit.kernel_code(_several, signature))


def normals_of(given: npt.NDArray[np.integer[Any]]) -> Floats:
    """The normals that the compiled draw step makes of given words."""
    size = -(-given.size // LANES) * LANES
    filled = np.zeros(size, dtype=np.uint32)
    filled[: given.size] = given
    rows = np.zeros((1 + WORDS, LANES + 1), dtype=np.uint32)
    out, room = np.empty(size), np.empty((2, LANES))
    index, nothing, paths = np.array([0, 1, 1, 0, LANES]), np.zeros(3), np.zeros(LANES, dtype=np.int64)
    for at in range(0, size, LANES):
        rows[3, :LANES] = filled[at : at + LANES]
        step(draw_normal)(room, rows, index, nothing, 2, paths)  # month 2 reads words that stand there already
        out[at : at + LANES] = room[0]
    return out[: given.size]
