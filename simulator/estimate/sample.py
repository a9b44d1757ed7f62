"""Weighted paths in default and what they estimate, by importance sampling, splitting or plainly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from simulator.engine.build import Array
from simulator.estimate import intervals
from simulator.estimate.intervals import Estimate


@dataclass(frozen=True)
class Sample:
    """The paths of one branch that default; all others are nought.

    `groups`: component of the mixture (strata, with `sizes` paths each) or, by splitting, population. The mean over all paths
    of a number x that is nought without a default is estimated by sum(weights x) / sum(sizes).
    """

    method: str  # "plain", "is" or "splitting"
    weights: Array
    groups: npt.NDArray[np.int64]
    sizes: Array
    months: npt.NDArray[np.int64]
    causes: tuple[str, ...]  # sentences, by path
    columns: dict[str, Array]
    paths: npt.NDArray[np.int64]  # numbers; by splitting of the roots
    not_a_number: float = 0.0  # share of all paths, weighted

    @property
    def size(self) -> float:
        return float(self.sizes.sum())

    @cached_property
    def _causes(self) -> npt.NDArray[Any]:
        return np.array(self.causes, dtype=object)

    def of_cause(self, cause: str | None) -> npt.NDArray[np.bool_]:
        """By path, whether that is its cause; all of None."""
        everything = np.ones(self.months.size, dtype=bool)
        return everything if cause is None else np.asarray(everything & (self._causes == cause))

    def estimate(self, values: Array) -> tuple[float, float]:
        """Mean over all paths of a number, and the variance of that estimate."""
        y = self.weights * values
        sums = np.bincount(self.groups, y, self.sizes.size)
        if self.method == "splitting":
            means = sums / self.sizes
            return float(means.mean()), float(means.var(ddof=1)) / means.size
        squares = np.bincount(self.groups, y * y, self.sizes.size)
        within = np.maximum(0.0, squares - sums * sums / self.sizes) / np.maximum(1.0, self.sizes - 1.0)
        return float(sums.sum()) / self.size, float((self.sizes * within).sum()) / self.size**2

    def scaled(self) -> Array:
        """What each path adds to the probability."""
        return self.weights / self.size

    @property
    def factor(self) -> float:
        """Standard errors to either end of a 95 % interval: Student's for the few populations of splitting."""
        return float(stdtrit(self.sizes.size - 1, 0.975)) if self.method == "splitting" else intervals.Z

    def interval(self, values: Array) -> Estimate:
        mean, variance = self.estimate(values)
        half = self.factor * math.sqrt(variance)
        return Estimate(mean, mean - half, mean + half)

    def share(self, inside: npt.NDArray[np.bool_]) -> Estimate:
        """Probability of a default of this kind. Independent paths have Wilson's interval: plain ones of their number, weighted
        ones of the number they are worth (Dean & Pagano 2015): an estimate that is low states too small an error."""
        if self.method == "plain":
            return intervals.share(int(inside.sum()), int(self.size))
        values = inside.astype(np.float64)
        mean, variance = self.estimate(values)
        if self.method == "is" and 0.0 < mean < 1.0 and variance > 0.0:
            return intervals.wilson(mean, mean * (1.0 - mean) / variance)
        _, low, high = self.interval(values)
        return Estimate(mean, max(0.0, low), min(1.0, high))


class Precise(NamedTuple):
    """An estimate and how many paths in default plain sampling would have to see for as much precision."""

    estimate: Estimate
    cv: float  # standard error over value
    ess: float


def together(parts: Sequence[tuple[float, Sample]], values: Sequence[Array], shares: bool) -> Precise:
    """Branches with their weights put together. Intervals by the method of variance estimates recovery (Zou & Donner,
    Statistics in Medicine 27 (2008)): the distances from each estimate to its ends add like variances.

    `shares`: the values are 0 or 1. The effective number of paths is the lesser of Kish's and of (1 - p) / cv^2."""
    value, below, above, variance = 0.0, 0.0, 0.0, 0.0
    total, squares = 0.0, 0.0
    for (weight, sample), x in zip(parts, values, strict=True):
        e = sample.share(x > 0.0) if shares else sample.interval(x)
        value += weight * e.value
        below += (weight * (e.value - e.low)) ** 2
        above += (weight * (e.high - e.value)) ** 2
        variance += weight**2 * sample.estimate(x)[1]
        pieces = weight * sample.scaled() * x
        total += float(pieces.sum())
        squares += float((pieces * pieces).sum())
    ess = total * total / squares if squares > 0.0 else 0.0
    cv = math.sqrt(variance) / abs(value) if value else math.inf
    if variance > 0.0:
        ess = min(ess, max(0.0, 1.0 - value if shares else 1.0) / (cv * cv))
    return Precise(Estimate(value, value - math.sqrt(below), value + math.sqrt(above)), cv, ess)
