"""Differences of two variants on the same paths, with 95 % intervals.

Means and shares: differences by path. Shares: Bonett & Price (2012), which does not fall to nought where no path changed sides.
Quantiles of amounts: differences of influences (Bahadur 1966). Quantiles of months, which tie: resampled pairs (Efron 1979) of
the joint counts.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from simulator.analysis.variants import Outcome
from simulator.engine.build import Array
from simulator.estimate.asked import RUNWAYS, SHARE_OF_PATHS, Asked
from simulator.estimate.intervals import Estimate, Z

RESAMPLES = 1000


class Difference(NamedTuple):
    """`value` is b less a; `gain`: how many times the variance of independent runs is that of these (None: not known)."""

    value: float
    low: float
    high: float
    gain: float | None


def difference(asked: Asked, a: Outcome, b: Outcome) -> Difference:
    """What the figure is in `b` less what it is in `a`; both over the paths that are a number in both."""
    both = a.numbers & b.numbers
    a, b = a.only(both), b.only(both)
    value = asked.estimate(b).value - asked.estimate(a).value
    if asked.statistic == SHARE_OF_PATHS:
        return _of_shares(asked.values(a) > 0.5, asked.values(b) > 0.5)
    if asked.name in RUNWAYS and asked.quantile is not None:
        return _of_months(asked.values(a), asked.values(b), asked.quantile, a.months)
    before, after = asked.influence(a), asked.influence(b)
    if before is None or after is None:
        left, right = asked.estimate(a), asked.estimate(b)
        return Difference(value, right.low - left.high, right.high - left.low, None)
    apart = after - before
    n = apart.size
    if n < 2:
        return Difference(value, -math.inf, math.inf, None)
    half = Z * math.sqrt(float(apart.var(ddof=1)) / n)
    return Difference(value, value - half, value + half, gain(before, after))


def gain(before: Array, after: Array) -> float | None:
    """Var a + Var b over Var (b - a): how many times as many paths independent runs would need."""
    apart = float(np.var(after - before))
    return None if apart == 0.0 else float((np.var(before) + np.var(after)) / apart)


def _of_shares(a: Any, b: Any) -> Difference:
    n = a.size
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    p, q = (only_b + 1) / (n + 2), (only_a + 1) / (n + 2)
    half = Z * math.sqrt((p + q - (p - q) ** 2) / (n + 2))
    value = (only_b - only_a) / n if n else math.nan
    low, high = min(value, p - q - half), max(value, p - q + half)
    return Difference(value, max(-1.0, low), min(1.0, high), gain(a.astype(np.float64), b.astype(np.float64)))


def _of_months(a: Array, b: Array, q: float, months: int) -> Difference:
    """Resampled over the joint counts of (month of a, month of b); the month beyond the horizon counts as infinite."""
    beyond = months + 1
    left, right = (np.where(np.isfinite(x), x, beyond).astype(np.int64) for x in (a, b))
    joint = np.bincount(left * (beyond + 1) + right, minlength=(beyond + 1) ** 2)
    n, seen = a.size, np.flatnonzero(joint)
    drawn = np.random.Generator(np.random.Philox(0)).multinomial(n, joint[seen] / n, size=RESAMPLES)
    rank = math.ceil(q * n - 1e-9)

    def at(by_month: Any) -> float:
        month = int(np.searchsorted(np.cumsum(by_month), rank, side="left"))
        return math.inf if month >= beyond else float(month)

    def apart(counts: Any) -> float:
        x = at(np.bincount(seen // (beyond + 1), weights=counts, minlength=beyond + 1))
        y = at(np.bincount(seen % (beyond + 1), weights=counts, minlength=beyond + 1))
        return 0.0 if x == y else y - x  # both beyond the horizon: no difference that it could show

    found = np.sort([apart(counts) for counts in drawn])
    low, high = found[int(0.025 * RESAMPLES)], found[int(0.975 * RESAMPLES) - 1]
    return Difference(apart(joint[seen]), float(low), float(high), None)


def as_estimate(d: Difference) -> Estimate:
    return Estimate(d.value, d.low, d.high)
