"""95 % two-sided intervals, pointwise (MODEL.md, "Intervals").

Shares: Wilson (1927), also at 0 and N. Means: normal. Quantiles: order statistics of the binomial ranks, no interpolation.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulator.quantities.distribution import Array

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


def mean_of(values: Array) -> Estimate:
    centre = float(values.mean()) if values.size else math.nan
    return mean(centre, float(np.sum((values - centre) ** 2)), values.size)


def quantile_ranks(q: float, n: int) -> tuple[int, int, int]:
    """Ranks (1 … n) of the quantile x_(ceil(qn)) and of the two ends of its interval."""
    half = Z * math.sqrt(n * q * (1 - q))
    rank = min(n, max(1, math.ceil(q * n - 1e-9)))
    return rank, min(n, max(1, math.floor(n * q - half))), min(n, max(1, math.ceil(n * q + half) + 1))


def quantile(ordered: Array, q: float) -> Estimate:
    """A quantile of values sorted in increasing order."""
    if ordered.size == 0:
        return Estimate(math.nan, math.nan, math.nan)
    return Estimate(*(float(ordered[rank - 1]) for rank in quantile_ranks(q, ordered.size)))


def restricted_mean(ends: Array, months: int) -> Estimate:
    """Mean number of months lived within the horizon: sum over m = 0 … M-1 of (1 - PD(m)); `ends` by path, inf = none."""
    return mean_of(np.minimum(ends, float(months)))
