"""Control variates: functions of what paths draw whose mean is known in closed form, fitted to say where a figure goes.

A path draws standard normals: its monthly shocks (of each the leading principal components of the random walk up to a horizon)
and the scores of what it draws once. Of these, four directions are found in which a number Y by path bends most (principal
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
from dataclasses import dataclass

import numpy as np

from simulator.engine.block import BLOCK
from simulator.engine.build import Array
from simulator.engine.sampler import plain_normals, plain_once, walk_components
from simulator.engine.sampling import normals_of
from simulator.engine.source import Asked, Paths

APART = 2**42  # number of the first path of a pilot
PILOT = 16_384  # its paths
PAIRED = 2 * PILOT  # of both sides of a difference, which fewer paths show
COMPONENTS = 6  # of the random walk of a shock
DIRECTIONS = 4
ALONG, ACROSS = 12, 8  # bumps in the first two directions
REACH = 2.6  # standard deviations, to the outermost
RIDGE = 1e-4
BASES = 12  # functions by which the controls of many numbers are written, at most


class Scores:
    """The standard normals that paths draw, by their address."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.shocks = tuple(name for name, kind in asked.shocks.items() if kind == "normal")

    @property
    def size(self) -> int:
        return len(self.shocks) * self.asked.months + len(self.asked.streams)

    def drawn(self, paths: Paths) -> Array:
        """Shape (size, paths): every month of each shock, then what is drawn once."""
        seed, months = self.asked.seed, self.asked.months
        parts = [plain_normals(seed, name, months, paths) for name in self.shocks]
        parts += [normals_of(plain_once(seed, name, paths))[None, :] for name in self.asked.streams]
        return np.concatenate([np.empty((0, paths.size)), *parts])

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
    """Orthonormal rows, shape (at most DIRECTIONS, scores): where y, shape (paths,), bends most in x, shape (scores, paths)."""
    apart = (y - y.mean()) / (float(y.std()) or 1.0)
    slope = x @ apart / apart.size
    bend = (x * apart) @ x.T / apart.size
    _, vectors = np.linalg.eigh(bend @ bend.T + np.outer(slope, slope))
    return np.ascontiguousarray(vectors[:, ::-1][:, :DIRECTIONS].T)


CENTRES = tuple(np.linspace(-REACH, REACH, count) for count in (ALONG, ACROSS))


def features(t: Array) -> Array:
    """Functions of independent standard normals t, shape (directions, paths), each of mean nought: shape (functions, paths)."""
    found = [t, (t * t - 1.0) / math.sqrt(2.0), (t[:2] ** 3 - 3.0 * t[:2]) / math.sqrt(6.0)]
    ways, means = [], []
    for of_path, centres in zip(t[:2], CENTRES, strict=False):
        width = float(centres[1] - centres[0])
        ways.append(np.exp(-0.5 * ((of_path - centres[:, None]) / width) ** 2))
        wide = 1.0 + width * width
        means.append(width / math.sqrt(wide) * np.exp(-0.5 * centres * centres / wide))
    if len(ways) == 2:
        found.append(t[:1] * t[1:2])
        bumps = (ways[0][:, None, :] * ways[1][None, :, :]).reshape(-1, t.shape[1])
        found.append(bumps - np.outer(*means).reshape(-1, 1))
    elif ways:
        found.append(ways[0] - means[0][:, None])
    return np.concatenate(found)


@dataclass(frozen=True)
class Controls:
    """Fitted functions of the scores, of mean nought. `ways`: directions in all scores, shape (sets, DIRECTIONS, size);
    `weights`: shape (controls, functions of all sets)."""

    ways: tuple[Array, ...]
    weights: Array

    def of(self, drawn: Array) -> Array:
        """Shape (controls, paths); drawn: what `Scores.drawn` gave of them."""
        return np.asarray(self.weights @ np.concatenate([features(way @ drawn) for way in self.ways]))


def fit(x: Array, rows: Array, aims: Array, y: Array, bases: int = BASES) -> tuple[Controls, Array]:
    """Controls for the numbers y, shape (numbers, paths), and their coefficients, shape (numbers, controls).

    x: scores of the pilot, shape (components, paths), which `rows` made of all it drew. aims: numbers whose directions are
    looked in, shape (aims, paths). Of as many numbers as there are, `bases` functions hold nearly all that is found.
    """
    ways = [directions(x, aim) for aim in aims if float(aim.std()) > 0.0]
    count = y.shape[1]
    if not ways or not x.size:
        return Controls((), np.zeros((0, 0))), np.zeros((y.shape[0], 0))
    f = np.concatenate([features(way @ x) for way in ways])
    f -= f.mean(axis=1, keepdims=True)
    apart = y - y.mean(axis=1, keepdims=True)
    gram = f @ f.T
    inverse = np.linalg.inv(gram + RIDGE * count * np.eye(gram.shape[0]))
    found = apart @ f.T @ inverse  # by number and function
    spread = np.sqrt((apart * apart).sum(axis=1))
    scaled = found / np.where(spread > 0.0, spread, 1.0)[:, None]
    share, vectors = np.linalg.eigh(scaled @ gram @ scaled.T)
    kept = [k for k in range(share.size - 1, -1, -1) if share[k] > 1e-4 * share[-1]][:bases]
    weights = vectors[:, kept].T @ scaled
    controls = weights @ f
    solved = np.linalg.lstsq(controls @ controls.T, controls @ apart.T, rcond=1e-10)[0]
    return Controls(tuple(way @ rows for way in ways), weights), np.ascontiguousarray(solved.T)
