"""Differences of two variants on the same paths, with 95 % intervals.

Means: differences by path. Shares: Bonett & Price (2012), which does not fall to nought where no path changed sides. Quantiles:
resampled pairs of paths (Efron 1979). To first order the difference of two quantiles is a mean of influences (Bahadur 1966), but
on common random numbers that term cancels so far that what is left over is not small beside it; resampling has both.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from simulator.analysis.variants import Outcome
from simulator.engine.build import Array
from simulator.estimate import intervals
from simulator.estimate.asked import AT_RISK, SHARE_OF_PATHS, Asked
from simulator.estimate.intervals import Z

RESAMPLES = 1000
WINDOW = 7.0  # standard deviations of a rank about it, outside of which the quantile of a resample never lies


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
    before, after = asked.values(a), asked.values(b)
    if before.size < 2:
        return Difference(math.nan, -math.inf, math.inf, None)
    if asked.statistic == SHARE_OF_PATHS:
        return _of_shares(before > 0.5, after > 0.5)
    if asked.quantile is not None:
        return of_quantiles(before, after, asked.quantile)
    means = _of_means(before, after)
    if asked.statistic != AT_RISK:
        return means
    low = of_quantiles(before, after, 0.05)
    centre = means if a.cash_flow_target is None else Difference(0.0, 0.0, 0.0, None)
    error = centre.high - centre.value
    value = centre.value - low.value
    below, above = math.hypot(low.high - low.value, error), math.hypot(low.value - low.low, error)
    return Difference(value, value - below, value + above, low.gain)


def _of_means(a: Array, b: Array) -> Difference:
    apart = b - a
    half = Z * math.sqrt(float(apart.var(ddof=1)) / apart.size)
    value = float(apart.mean())
    return Difference(value, value - half, value + half, _gain(float(a.var()), float(b.var()), float(apart.var())))


def _gain(a: float, b: float, apart: float) -> float | None:
    """Var a + Var b over Var (b - a): how many times as many paths independent runs would need."""
    return None if not apart > 0.0 or not math.isfinite(a + b) else (a + b) / apart


def _of_shares(a: Any, b: Any) -> Difference:
    n = a.size
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    p, q = (only_b + 1) / (n + 2), (only_a + 1) / (n + 2)
    half = Z * math.sqrt((p + q - (p - q) ** 2) / (n + 2))
    value = (only_b - only_a) / n
    low, high = min(value, p - q - half), max(value, p - q + half)
    x, y = a.astype(np.float64), b.astype(np.float64)
    return Difference(
        value, max(-1.0, low), min(1.0, high), _gain(float(x.var()), float(y.var()), float((y - x).var()))
    )


def of_quantiles(a: Array, b: Array, q: float) -> Difference:
    """The difference of two quantiles over pairs of paths. Only paths near one of them are resampled one by one; the others
    count by the sides on which they lie."""
    n = a.size
    rank = intervals.quantile_ranks(q, n)[0]
    sides, values = [], []
    reach = math.ceil(WINDOW * math.sqrt(n * q * (1 - q))) + 2
    for x in (a, b):
        ordered = np.sort(x)
        first, last = ordered[max(0, rank - 1 - reach)], ordered[min(n - 1, rank - 1 + reach)]
        sides.append(np.where(x < first, -1, np.where(x > last, 1, 0)))
        values.append(float(ordered[rank - 1]))
    near = (sides[0] == 0) | (sides[1] == 0)
    pairs, times = np.unique(np.stack([a[near], b[near]]), axis=1, return_counts=True)
    far = [int((~near & (sides[0] == i) & (sides[1] == j)).sum()) for i in (-1, 1) for j in (-1, 1)]
    p = np.concatenate([far, times]) / n
    drawn = np.random.Generator(np.random.Philox(0)).multinomial(n, p / p.sum(), size=RESAMPLES)
    found = []
    for x, below in ((pairs[0], drawn[:, 0] + drawn[:, 1]), (pairs[1], drawn[:, 0] + drawn[:, 2])):
        order = np.argsort(x, kind="stable")
        upto = np.cumsum(drawn[:, 4:][:, order], axis=1) + below[:, None]
        at = np.minimum((upto < rank).sum(axis=1), order.size - 1)
        found.append(x[order][at])
    apart = np.sort(_less(found[1], found[0]))
    low, high = float(apart[int(0.025 * RESAMPLES)]), float(apart[int(0.975 * RESAMPLES) - 1])
    value = float(_less(np.array([values[1]]), np.array([values[0]]))[0])
    finite = bool(np.isfinite(found).all())
    gain = _gain(float(found[0].var()), float(found[1].var()), float(apart.var())) if finite else None
    return Difference(value, min(low, value), max(high, value), gain)


def _less(b: Array, a: Array) -> Array:
    """b - a; of two that both lie beyond the horizon, nought: no difference shows."""
    same = a == b
    return np.where(same, 0.0, np.where(same, 0.0, b) - np.where(same, 0.0, a))
