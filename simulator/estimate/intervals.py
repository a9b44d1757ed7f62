"""95 % two-sided intervals, pointwise (MODEL.md, "Intervals").

Shares: Wilson (1927), also at 0 and N. Means: normal. Quantiles: order statistics of the binomial ranks, no interpolation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]

Z = 1.959964  # the 97.5 % quantile of the standard normal


class Estimate(NamedTuple):
    value: float
    low: float
    high: float


def share(count: int, n: int) -> Estimate:
    """A share of n with its Wilson interval; nothing seen gives an upper bound, never 0."""
    if n == 0:
        return Estimate(math.nan, 0.0, 1.0)
    p, z2 = count / n, Z * Z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    low = 0.0 if count == 0 else max(0.0, centre - half)
    high = 1.0 if count == n else min(1.0, centre + half)
    return Estimate(p, low, high)


def mean(value: float, squares: float, n: int) -> Estimate:
    """A mean with its normal interval; `squares` is the sum of squared deviations."""
    if n < 2:
        return Estimate(value, -math.inf, math.inf) if n == 1 else Estimate(math.nan, math.nan, math.nan)
    half = Z * math.sqrt(max(0.0, squares) / (n - 1)) / math.sqrt(n)
    return Estimate(value, value - half, value + half)


def mean_of_counts(counts: Counts) -> Estimate:
    """The mean of whole numbers 0, 1, … of which so many were seen each."""
    n, at = int(counts.sum()), np.arange(counts.size)
    if n == 0:
        return mean(math.nan, math.nan, 0)
    centre = int((counts * at).sum()) / n
    return mean(centre, float((counts * (at - centre) ** 2).sum()), n)


def quantile_ranks(q: float, n: int) -> tuple[int, int, int]:
    """Ranks (1 … n) of the quantile x_(ceil(qn)) and of the two ends of its interval."""
    half = Z * math.sqrt(n * q * (1 - q))
    rank = min(n, max(1, math.ceil(q * n - 1e-9)))
    return rank, min(n, max(1, math.floor(n * q - half))), min(n, max(1, math.ceil(n * q + half) + 1))


def quantile(at_rank: Callable[[int], float], n: int, q: float) -> Estimate:
    """A quantile of n values, of which `at_rank` gives the k-th smallest (k = 1 … n)."""
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan)
    return Estimate(*(at_rank(rank) for rank in quantile_ranks(q, n)))


def restricted_mean(ends: Counts, months: int) -> Estimate:
    """Mean number of months lived within the horizon: sum over m = 0 … M-1 of (1 - PD(m)); `ends`: paths by month of the
    end 0 … M + 1, the last beyond the horizon."""
    within = ends[: months + 1].copy()
    within[months] += ends[months + 1 :].sum()
    return mean_of_counts(within)
