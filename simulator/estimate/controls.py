"""Control variates: functions of what paths draw whose mean is known in closed form, fitted to say where a figure goes.

A path draws standard normals: its monthly shocks (of each the leading principal components of the random walk up to a horizon)
and the scores of what it draws once. Of these, three directions are found in which a number Y by path bends most (principal
Hessian directions, Li 1992: eigenvectors of H H' + g g' with g = E[Y x], H = E[Y (x x' - 1)], which by Stein's lemma are
the mean gradient and the mean Hessian of Y). The directions are orthonormal, so what lies along them is independent standard
normal, and the mean of a product of Gaussian bumps exp(-(t - q)^2 / 2 w^2) is the product of w / sqrt(1 + w^2) exp(-q^2 /
2 (1 + w^2)). A ridge regression of Y on such bumps in the first two directions, with Hermite polynomials for what leaves
them, less its exact mean, is the control.

All of it is fitted on a pilot: paths with numbers of their own, which enter no estimate. So the coefficients are fixed:
Y less its control has exactly the mean of Y, whatever the pilot saw, paths stay independent and the interval is the
ordinary one (Glasserman, Monte Carlo Methods in Financial Engineering, 2004, section 4.1: fitting on the same paths would
bias the estimate by O(1/n)). A poor fit widens the interval and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulator.engine import bumps
from simulator.engine.block import BLOCK
from simulator.engine.build import Array
from simulator.engine.bumps import ACROSS, ALONG, DIRECTIONS, FUNCTIONS, POWERS, REACH, products
from simulator.engine.sampler import walk_components
from simulator.engine.scores import Weights, projected, weights
from simulator.engine.source import Asked

APART = 2**42  # number of the first path of a pilot
PILOT = 16_384  # its paths
PAIRED = 2 * PILOT  # of both sides of a difference, which fewer paths show
COMPONENTS = 6  # of the random walk of a shock
RIDGE = 1e-4
ITERATIONS = 12
SHARE = 4e-3  # of a score in a direction
BASES = bumps.CONTROLS  # functions by which the controls of many numbers are written, at most


class Scores:
    """The standard normals that paths draw, by their address."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.shocks = tuple(name for name, kind in asked.shocks.items() if kind == "normal")

    @property
    def size(self) -> int:
        return len(self.shocks) * self.asked.months + len(self.asked.streams)

    def weights(self, ways: Array) -> Weights:
        """Of directions in all scores, shape (directions, size), as the kernels take them."""
        return weights(self.asked.seed, self.asked.months, self.shocks, self.asked.streams, ways)

    def of_pilot(self, components: Sequence[Array], paths: int) -> list[Array]:
        """By horizon what the paths of a pilot have of its `components`, shape (components, paths); what is drawn once is the
        same in all of them."""
        once = len(self.asked.streams)
        walks = [rows[: len(rows) - once] for rows in components]
        whole = np.concatenate([*walks, np.eye(once, self.size, self.size - once)])
        found = np.split(
            projected(self.weights(whole), np.arange(APART, APART + paths)), np.cumsum([len(w) for w in walks])
        )
        return [np.concatenate([walk, found[-1]]) for walk in found[:-1]]

    def components(self, horizon: int) -> Array:
        """Orthonormal rows, shape (components, size): what is looked at up to a horizon."""
        count = min(COMPONENTS, horizon)
        walk = walk_components(horizon, count)
        rows = np.zeros((count * len(self.shocks) + len(self.asked.streams), self.size))
        for k in range(len(self.shocks)):
            begin = k * self.asked.months
            rows[k * count : (k + 1) * count, begin : begin + horizon] = walk.T
        last = len(self.asked.streams)
        if last:
            rows[-last:, -last:] = np.eye(last)
        return rows


def blocks(first: int, count: int) -> list[tuple[int, int]]:
    """(first path, paths) of whole blocks that hold these paths, block by block: what is drawn does not depend on how many are
    asked for together."""
    return [(begin, BLOCK) for begin in range(first // BLOCK * BLOCK, first + count, BLOCK)]


def directions(x: Array, y: Array) -> Array:
    """Orthonormal rows, shape (at most DIRECTIONS, scores): where y, shape (paths,), bends most in x, shape (scores, paths).

    Scores that have a share of less than SHARE in it are left out: they would be drawn for nothing, or for what chance made of
    them on these paths.
    """
    apart = (y - y.mean()) / (float(y.std()) or 1.0)
    slope = products(x, apart[None, :])[:, 0] / apart.size
    bend = products(x * apart, x) / apart.size

    def leading(kept: npt.NDArray[np.int64]) -> tuple[Array, Array]:
        some = bend[np.ix_(kept, kept)]
        share, vectors = _eigenvectors(some @ some.T + np.outer(slope[kept], slope[kept]), DIRECTIONS)
        return share, vectors.T

    share, vectors = leading(np.arange(len(x)))
    weight = share @ vectors**2
    kept = np.flatnonzero(weight >= SHARE * weight.sum())
    _, vectors = leading(kept)
    found = np.zeros((len(vectors), len(x)))
    found[:, kept] = vectors
    return found


CENTRES = tuple(np.linspace(-REACH, REACH, count) for count in (ALONG, ACROSS))
WIDTHS = tuple(float(centres[1] - centres[0]) for centres in CENTRES)
MEANS = tuple(
    width / math.sqrt(1.0 + width * width) * np.exp(-0.5 * centres * centres / (1.0 + width * width))
    for centres, width in zip(CENTRES, WIDTHS, strict=True)
)


def features(t: Array) -> Array:
    """Functions of independent standard normals t, shape (directions, paths), each of mean nought: shape (functions, paths)."""
    found = [t, (t * t - 1.0) / math.sqrt(2.0), (t[:2] ** 3 - 3.0 * t[:2]) / math.sqrt(6.0)]
    ways = [
        np.exp(-0.5 * ((x - centres[:, None]) / width) ** 2)
        for x, centres, width in zip(t[:2], CENTRES, WIDTHS, strict=False)
    ]
    if len(ways) == 2:
        found.append(t[:1] * t[1:2])
        products = (ways[0][:, None, :] * ways[1][None, :, :]).reshape(-1, t.shape[1])
        found.append(products - np.outer(*MEANS).reshape(-1, 1))
    elif ways:
        found.append(ways[0] - MEANS[0][:, None])
    return np.concatenate(found)


@dataclass(frozen=True)
class Controls:
    """Fitted functions of the scores, of mean nought. `ways`: directions in all scores, shape (sets, DIRECTIONS, size);
    `weights`: shape (controls, functions of all sets)."""

    ways: tuple[Array, ...]
    weights: Array


class Evaluator:
    """The controls of several fits, for block after block in machine code. Each fit has those from `begins[k]` to
    `begins[k + 1]`."""

    def __init__(self, scores: Scores, fits: Sequence[Controls]) -> None:
        self.begins = np.cumsum([0, *(len(f.weights) for f in fits)])
        count, most = int(self.begins[-1]), max((len(f.ways) for f in fits), default=0)
        ways, sets = [np.zeros((0, scores.size))], []
        self.constant, self.powers = np.zeros(count), np.zeros((count, most, FUNCTIONS))
        for f, begin, end in zip(fits, self.begins, self.begins[1:], strict=False):
            done = 0
            for j, way in enumerate(f.ways):
                size = functions_of(len(way))
                constant, self.powers[begin:end, j] = _powers(f.weights[:, done : done + size], len(way))
                self.constant[begin:end] += constant
                done += size
                ways.append(np.pad(way, ((0, DIRECTIONS - len(way)), (0, 0))))
                sets.append((begin, end, j))
        self.sets = np.array(sets, dtype=np.int64).reshape(-1, 3)
        self.weights = scores.weights(np.concatenate(ways))

    def of(self, first: int) -> Array:
        """Shape (controls, BLOCK): of the block that begins with this path."""
        found = np.empty((self.constant.size, BLOCK))
        along = projected(self.weights, np.arange(first, first + BLOCK))
        bumps.evaluator()(found, self.constant, self.sets, self.powers, along)
        return found


def functions_of(count: int) -> int:
    """How many `features` so many directions have."""
    return 2 * count + min(2, count) + (1 + ALONG * ACROSS if count > 1 else ALONG)


def _powers(weights: Array, count: int) -> tuple[Array, Array]:
    """Weights of the `features` of so many directions as a constant and weights of what kernels compute (bumps.py)."""
    found = np.zeros((weights.shape[0], FUNCTIONS))
    linear, square, cube, rest = np.split(weights, np.cumsum([count, count, min(2, count)]), axis=1)
    found[:, :count] = linear
    found[:, 3 : 3 + count] = square / math.sqrt(2.0)
    found[:, 6 : 6 + cube.shape[1]] = cube / math.sqrt(6.0)
    found[:, : cube.shape[1]] -= 3.0 * cube / math.sqrt(6.0)
    constant = -square.sum(axis=1) / math.sqrt(2.0)
    factors = [np.exp(-0.5 * np.arange(n) ** 2) for n in (ALONG, ACROSS)]
    of_bumps = found[:, POWERS : POWERS + ALONG * ACROSS].reshape(-1, ALONG, ACROSS)
    if count > 1:
        found[:, 8] = rest[:, 0]
        bumps_of = rest[:, 1:].reshape(-1, ALONG, ACROSS)
        of_bumps += bumps_of * np.outer(*factors)
        constant = constant - (bumps_of * np.outer(*MEANS)).sum(axis=(1, 2))
    else:  # the second direction is nought, where its middle bump is one
        of_bumps[:, :, ACROSS // 2] += rest * (factors[0] * factors[1][ACROSS // 2])
        constant = constant - rest @ MEANS[0]
    return constant, found


def fit(x: Array, rows: Array, aims: Array, y: Array, bases: int = BASES) -> tuple[Controls, Array]:
    """Controls for the numbers y, shape (numbers, paths), and their coefficients, shape (numbers, controls).

    x: scores of the pilot, shape (components, paths), which `rows` made of all it drew. aims: numbers whose directions are
    looked in, shape (aims, paths). Of as many numbers as there are, `bases` functions hold nearly all that is found.
    """
    ways = [directions(x, aim) for aim in aims if float(aim.std()) > 0.0]
    count = y.shape[1]
    if not ways or not x.size:
        return Controls((), np.zeros((0, 0))), np.zeros((y.shape[0], 0))
    f = np.concatenate([features(_added(way, x)) for way in ways])
    f -= f.mean(axis=1, keepdims=True)
    apart = y - y.mean(axis=1, keepdims=True)
    gram, both = products(f, f), products(apart, f)
    found = products(both, np.linalg.inv(gram + RIDGE * count * np.eye(gram.shape[0])))  # by number and function
    spread = np.sqrt(np.einsum("ij,ij->i", apart, apart))
    scaled = found / np.where(spread > 0.0, spread, 1.0)[:, None]
    weights = _leading(scaled, gram, bases)
    solved = np.linalg.lstsq(weights @ gram @ weights.T, weights @ both.T, rcond=1e-10)[0]
    return Controls(tuple(way @ rows for way in ways), weights), np.ascontiguousarray(solved.T)


def _added(way: Array, x: Array) -> Array:
    """way @ x on one thread: a library that begins others for so little work lets them spin."""
    found = np.zeros((way.shape[0], x.shape[1]))
    for weight, row in zip(way.T, x, strict=True):
        found += weight[:, None] * row
    return found


def _leading(found: Array, gram: Array, bases: int) -> Array:
    """Of functions, shape (numbers, features), the few orthonormal mixtures that hold most of them all: the leading
    eigenvectors of F G F', by those of L' F' F L with G = L L', of which there are fewer."""
    root = np.linalg.cholesky(gram + 1e-12 * float(np.trace(gram)) * np.eye(gram.shape[0]))
    columns = products(np.ascontiguousarray(root.T), found)
    share, vectors = _eigenvectors(products(columns, columns), bases)
    kept = share > 1e-4 * share[0]
    mixed = (vectors[:, kept] / np.sqrt(share[kept])).T @ columns
    return np.asarray(mixed @ found)


def _eigenvectors(square: Array, count: int) -> tuple[Array, Array]:
    """The largest eigenvalues of a positive matrix, falling, and their vectors as columns, by iteration of a subspace (Halko,
    Martinsson & Tropp 2011, section 4.5): near enough for what is fitted afterwards, and so small that it stays on one
    thread, which the library's own does not."""
    size = min(2 * count, square.shape[0])
    space = np.cos(np.outer(np.arange(1, square.shape[0] + 1), np.arange(1, size + 1)))
    for _ in range(ITERATIONS):
        space, _ = np.linalg.qr(square @ space)
    share, turn = np.linalg.eigh(space.T @ (square @ space))
    return share[::-1][:count], (space @ turn)[:, ::-1][:, :count]
