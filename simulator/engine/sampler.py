"""Ways of choosing paths other than independently: scrambled Sobol' points, and mirrored pairs.

Path numbers are dealt to REPLICATES independent replicates block by block, so that every block of 1,024 paths belongs to one
and every chunk of 16,384 holds a block of each. Replicates are independent and each is unbiased; what they differ by is the
error (Owen 1998, "Latin supercube sampling", section 5: randomised replicates).

Sobol'. Points of Joe & Kuo (2008), scrambled by a random linear matrix and a random shift for each replicate and dimension
(Matousek 1998). The first dimensions go to what is drawn once a path, then to the leading principal components of the random
walk of each monthly normal shock, first components first (Acworth, Broadie & Glasserman 1998; those of a random walk are
known in closed form). Of n months and k components in use the rest is plain: z <- z + A (y - A'z), A the n x k matrix of
orthonormal columns, y the normals of the points and z plain ones; A'z is independent of what is kept of z. Uniforms of events
stay plain, and so does what a law draws by itself.

Mirrored pairs. Path 2k + 1 has the uniforms 1 - u and the normals -z of path 2k; what a law draws by itself is not mirrored.
"""

from __future__ import annotations

import math
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.engine import jit
from simulator.engine.build import Array
from simulator.engine.lanes import BLOCK
from simulator.engine.random import draw_once, seed_words, stream_number, uniforms
from simulator.engine.sampling import normals_of
from simulator.engine.source import Asked, Paths, Sampler
from simulator.mathematics.normal import grid_normal
from simulator.mathematics.philox import LOW, SHIFT, philox, to_unit

BLOCK_BITS = 10  # of a block of 1,024
REPLICATES = 16  # as many as there are blocks in a chunk
COMPONENTS = 16  # of the random walk of a shock, at most
DIMENSIONS = 256  # in all, at most
BITS = 32
Words = npt.NDArray[np.uint32]


def replicate_of(paths: Paths) -> Paths:
    """The replicate of each path."""
    return paths // BLOCK % REPLICATES


def place_of(paths: Paths) -> Paths:
    """The number of each path in its replicate."""
    return paths // (BLOCK * REPLICATES) * BLOCK + paths % BLOCK


def sampler_of(name: str) -> Sampler | None:
    """None: plain."""
    return {"plain": None, "sobol": Sobol, "antithetic": Mirrored}[name]


def walk_components(months: int, count: int) -> Array:
    """Orthonormal columns, shape (months, count): increments of the principal components of a random walk, largest first.

    The covariance min(s, t) has the eigenvectors sin((2k - 1) pi t / (2n + 1)); their increments are cosines.
    """
    t, k = np.arange(1, months + 1)[:, None], np.arange(1, count + 1)[None, :]
    angles = (2 * k - 1) * (2 * t - 1) * math.pi / (2 * (2 * months + 1))
    # numpy's cosine is another in the last place on other processors
    return np.asarray(2.0 / math.sqrt(2 * months + 1) * np.vectorize(math.cos)(angles))


class Sobol:
    """Scrambled points in the place of inputs and of the leading components of each shock."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.walks = tuple(name for name, kind in asked.shocks.items() if kind == "normal")
        most = min(COMPONENTS, asked.months, DIMENSIONS // max(1, len(self.walks)))
        self.streams = asked.streams[:DIMENSIONS]
        room = (DIMENSIONS - len(self.streams)) // max(1, len(self.walks))
        self.components = max(1, min(most, room)) if self.walks else 0
        self.loadings = walk_components(asked.months, self.components)

    @property
    def dimensions(self) -> int:
        return len(self.streams) + self.components * len(self.walks)

    def once(self, paths: Paths) -> dict[str, Array]:
        return {name: self._points(k, paths) for k, name in enumerate(self.streams)}

    def scores(self, paths: Paths) -> dict[str, Array]:
        found = {}
        for j, name in enumerate(self.walks):
            dimensions = [len(self.streams) + k * len(self.walks) + j for k in range(self.components)]
            y = np.array([normals_of(self._points(d, paths)) for d in dimensions])
            found[name] = plain_normals(self.asked.seed, name, self.asked.months, paths)
            _setter()(found[name], y, self.loadings)
        return found

    def _points(self, dimension: int, paths: Paths) -> Array:
        """Uniforms of one dimension, shape (paths,)."""
        place, replicate = place_of(paths), replicate_of(paths)
        words, high = self._tables[replicate, dimension, place % BLOCK], place // BLOCK
        for bit in range(int(high.max(initial=0)).bit_length()):
            on = (high >> bit & 1).astype(np.uint32)
            words ^= on * self._directions[replicate, dimension, bit + BLOCK_BITS]
        return np.asarray((words.astype(np.float64) + 0.5) * 2.0**-BITS)

    @cached_property
    def _directions(self) -> Words:
        """Scrambled direction numbers, shape (replicates, dimensions, bits)."""
        whole = directions(self.dimensions)
        words = (random_words(self.asked.seed, f"sobol.matrix.{r}", self.dimensions, BITS) for r in range(REPLICATES))
        return np.array([scrambled(whole, of_replicate) for of_replicate in words])

    @cached_property
    def _tables(self) -> Words:
        """The first block of points, shifted, shape (replicates, dimensions, 1024)."""
        shifts = [random_words(self.asked.seed, f"sobol.shift.{r}", self.dimensions, 1) for r in range(REPLICATES)]
        found = np.repeat(np.array(shifts), BLOCK, axis=2)
        lanes = np.arange(BLOCK, dtype=np.uint32)
        for bit in range(BLOCK_BITS):
            found ^= (lanes >> np.uint32(bit) & np.uint32(1)) * self._directions[:, :, bit, None]
        return found


class Mirrored:
    """Each odd path is the mirror image of the one before it."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked

    def once(self, paths: Paths) -> dict[str, Array]:
        found = {}
        for name in self.asked.streams:
            u = plain_once(self.asked.seed, name, paths & ~1)
            found[name] = np.where(paths & 1, 1.0 - u, u)
        return found

    def scores(self, paths: Paths) -> dict[str, Array]:
        found = {}
        for name, kind in self.asked.shocks.items():
            plain = plain_normals if kind == "normal" else plain_uniforms
            x = plain(self.asked.seed, name, self.asked.months, paths & ~1)
            found[name] = np.where(paths & 1, -x if kind == "normal" else 1.0 - x, x)
        return found


# --- numbers by address, many at once --------------------------------------------------------------------------------


def random_words(seed: int, name: str, rows: int, columns: int) -> Words:
    """Uniform 32-bit words, shape (rows, columns)."""
    drawn = uniforms(seed, name, range(rows), range(columns)).T
    return np.floor(drawn * 2.0**BITS).astype(np.uint32)


def plain_once(seed: int, name: str, paths: Paths) -> Array:
    """The uniforms of month 0, shape (paths,)."""
    target = np.empty(paths.size)
    _kernel(draw_once)(target, *seed_words(seed), float(stream_number(name)), paths)
    return target


def plain_normals(seed: int, name: str, months: int, paths: Paths) -> Array:
    """What the kernels of a run draw, shape (months, paths)."""
    target = np.empty((months, paths.size))
    _kernel(draw_normals)(target, *seed_words(seed), float(stream_number(name)), paths)
    return target


def plain_uniforms(seed: int, name: str, months: int, paths: Paths) -> Array:
    """What the kernels of a run draw, shape (months, paths)."""
    target = np.empty((months, paths.size))
    _kernel(draw_uniforms)(target, *seed_words(seed), float(stream_number(name)), paths)
    return target


def draw_uniforms(target: Any, seed_low: float, seed_high: float, stream: float, paths: Any) -> None:
    """Months 1, 2, … of a stream, a row each."""
    k0, k1, c3 = np.uint64(seed_low), np.uint64(seed_high), np.uint64(stream)
    months = target.shape[0]
    for part in range(0, months + 1, 4):
        c2 = np.uint64(part >> 2)
        for i in range(target.shape[1]):
            path = np.uint64(paths[i])
            w0, w1, w2, w3 = philox(path & LOW, path >> SHIFT, c2, c3, k0, k1)
            if part > 0:
                target[part - 1, i] = to_unit(w0)
            if part + 1 <= months:
                target[part, i] = to_unit(w1)
            if part + 2 <= months:
                target[part + 1, i] = to_unit(w2)
            if part + 3 <= months:
                target[part + 2, i] = to_unit(w3)


def draw_normals(target: Any, seed_low: float, seed_high: float, stream: float, paths: Any) -> None:
    """The normals of the same uniforms."""
    draw_uniforms(target, seed_low, seed_high, stream, paths)
    for m in range(target.shape[0]):
        row = target[m]
        for i in range(row.shape[0]):
            row[i] = grid_normal(row[i])


def set_components(z: Any, y: Any, loadings: Any) -> None:
    """z, shape (months, paths), gets the components y, shape (components, paths), instead of its own."""
    for k in range(y.shape[0]):
        row = y[k]
        for m in range(z.shape[0]):
            for i in range(row.shape[0]):
                row[i] -= loadings[m, k] * z[m, i]
    for m in range(z.shape[0]):
        row = z[m]
        for k in range(y.shape[0]):
            for i in range(row.shape[0]):
                row[i] += loadings[m, k] * y[k, i]


@cache
def _kernel(law: Any) -> Any:
    from numba import types as t

    target = t.float64[::1] if law is draw_once else t.float64[:, ::1]
    signature = t.void(target, t.float64, t.float64, t.float64, t.int64[::1])
    return jit.compiled(jit.kernel_code(law, signature))


@cache
def _setter() -> Any:
    from numba import types as t

    table = t.float64[:, ::1]
    return jit.compiled(jit.kernel_code(set_components, t.void(table, table, table)))


# --- Sobol' ------------------------------------------------------------------------------------------------------------


@cache
def directions(dimensions: int) -> Words:
    """Direction numbers of Joe & Kuo (2008) as scipy has them, shape (dimensions, 32), the first bit the highest."""
    from scipy.stats import qmc

    points: Any = qmc.Sobol(dimensions, scramble=False, bits=BITS)
    return np.asarray(points._sv, dtype=np.uint32)


def scrambled(whole: Words, random: Words) -> Words:
    """Each digit of the words of `whole` becomes itself plus a random combination of the higher ones; `random`, shape
    (dimensions, 32), holds for each digit, the highest first, which."""
    found = np.zeros_like(whole)
    for digit in range(BITS):
        above = np.uint32(2**BITS - 2 ** (BITS - digit))
        own = np.uint32(1 << BITS - 1 - digit)
        mask = random[:, digit, None] & above | own
        parity = whole & mask
        for shift in (16, 8, 4, 2, 1):
            parity = parity ^ parity >> np.uint32(shift)
        found |= (parity & np.uint32(1)) << np.uint32(BITS - 1 - digit)
    return found
