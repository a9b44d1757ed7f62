"""95 % two-sided intervals, pointwise (MODEL.md, "Intervals").

Shares: Wilson (1927), also at 0 and N. Means: normal. Quantiles: order statistics of the binomial ranks, no interpolation.
`z` is the normal quantile of the level, that of 95 % unless another is said. Of randomised replicates: Student's t of what they
differ by, for quantiles in the ranks (Woodruff 1952).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]

Z = 1.959964  # the 97.5 % quantile of the standard normal


class Estimate(NamedTuple):
    value: float
    low: float
    high: float


def share(count: int, n: int, z: float = Z) -> Estimate:
    """A share of n with its Wilson interval; nothing seen gives an upper bound, never 0."""
    return wilson(count / n, n, z) if n else Estimate(math.nan, 0.0, 1.0)


def wilson(p: float, n: float, z: float = Z) -> Estimate:
    """The same for a share seen on n paths, which need not be a whole number: as many as weighted or controlled ones are worth
    (Dean & Pagano 2015)."""
    z2 = z * z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(max(0.0, p * (1 - p)) / n + z2 / (4 * n * n))
    low = 0.0 if p == 0.0 else max(0.0, centre - half)
    high = 1.0 if p == 1.0 else min(1.0, centre + half)
    return Estimate(p, low, high)


def mean(value: float, squares: float, n: int, z: float = Z) -> Estimate:
    """A mean with its normal interval; `squares` is the sum of squared deviations."""
    if n < 2:
        return Estimate(value, -math.inf, math.inf) if n == 1 else Estimate(math.nan, math.nan, math.nan)
    half = z * math.sqrt(max(0.0, squares) / (n - 1)) / math.sqrt(n)
    return Estimate(value, value - half, value + half)


def mean_of_counts(counts: Counts, z: float = Z, most: float | None = None) -> Estimate:
    """The mean of whole numbers 0, 1, … of which so many were seen each. `most`: none can be larger."""
    n, at = int(counts.sum()), np.arange(counts.size)
    if n == 0:
        return mean(math.nan, math.nan, 0)
    centre = int((counts * at).sum()) / n
    squares = float((counts * (at - centre) ** 2).sum())
    return mean(centre, squares, n, z) if most is None else bounded_mean(centre, squares, n, most, z)


def quantile_ranks(q: float, n: int, z: float = Z, error: float | None = None) -> tuple[int, int, int]:
    """Ranks (1 … n) of the quantile x_(ceil(qn)) and of the two ends of its interval. `error`: half the width of the interval of
    the share below it, instead of the binomial."""
    half = z * math.sqrt(n * q * (1 - q)) if error is None else n * error
    rank = min(n, max(1, math.ceil(q * n - 1e-9)))
    return rank, min(n, max(1, math.floor(n * q - half))), min(n, max(1, math.ceil(n * q + half) + 1))


def quantile(at_rank: Callable[[int], float], n: int, q: float, z: float = Z, error: float | None = None) -> Estimate:
    """A quantile of n values, of which `at_rank` gives the k-th smallest (k = 1 … n)."""
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan)
    return Estimate(*(at_rank(rank) for rank in quantile_ranks(q, n, z, error)))


@cache
def student(replicates: int, z: float = Z) -> float:
    """The quantile of Student's t, one degree of freedom less than replicates, at the level of z."""
    from scipy.special import ndtr, stdtrit

    return float(stdtrit(replicates - 1, ndtr(z)))


def half_width(values: Sequence[float], z: float = Z) -> float:
    """Of the interval of the mean of independent replicates."""
    return student(len(values), z) * float(np.std(values, ddof=1)) / math.sqrt(len(values))


def replicated(value: float, values: Sequence[float], z: float = Z) -> Estimate:
    """An estimate over all paths, with the interval of what its replicates differ by."""
    half = half_width(values, z)
    return Estimate(value, value - half, value + half)


def variance_ratio(plain: float, values: Sequence[float]) -> Estimate:
    """How many times the variance of the mean of replicates goes into that of plain sampling; the interval is that of a normal
    sample's variance (chi-square)."""
    from scipy.special import chdtri

    freedom = len(values) - 1
    own = float(np.var(values, ddof=1)) / len(values)
    if own <= 0.0 or plain <= 0.0:
        return Estimate(math.nan, math.nan, math.nan)
    ratio = plain / own
    return Estimate(
        ratio, ratio * float(chdtri(freedom, 0.975)) / freedom, ratio * float(chdtri(freedom, 0.025)) / freedom
    )


def bounded_mean(value: float, squares: float, n: int, most: float, z: float = Z) -> Estimate:
    """The same of numbers from 0 to `most`. Where all are equal, what no path showed may have any of them."""
    if squares > 0.0 or n < 2:
        return mean(value, squares, n, z)
    unseen = share(0, n, z).high
    return Estimate(value, value * (1.0 - unseen), value + (most - value) * unseen)


def restricted_mean(ends: Counts, months: int, z: float = Z) -> Estimate:
    """Mean number of months lived within the horizon: sum over m = 0 … M-1 of (1 - PD(m)); `ends`: paths by month of the
    end 0 … M + 1, the last beyond the horizon."""
    within = ends[: months + 1].copy()
    within[months] += ends[months + 1 :].sum()
    return mean_of_counts(within, z, float(months))
