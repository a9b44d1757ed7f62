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
from simulator.estimate.asked import AT_RISK, RESTRICTED, SHARE_OF_PATHS, Asked
from simulator.estimate.intervals import Estimate, Z

RESAMPLES = 1000
WINDOW = 7.0  # standard deviations of a rank about it, outside of which the quantile of a resample never lies


class Difference(NamedTuple):
    """`value` is b less a; `gain`: how many times the variance of independent runs is that of these (None: not known), with its
    interval where it is not resampled."""

    value: float
    low: float
    high: float
    gain: float | None
    gain_low: float | None = None
    gain_high: float | None = None


def difference(asked: Asked, a: Outcome, b: Outcome) -> Difference:
    """What the figure is in `b` less what it is in `a`; both over the paths that are a number in both."""
    both = a.numbers & b.numbers
    a, b = a.only(both), b.only(both)
    before, after = asked.values(a), asked.values(b)
    if before.size < 2:
        return Difference(math.nan, -math.inf, math.inf, None)
    if asked.statistic == SHARE_OF_PATHS:
        return of_shares(before > 0.5, after > 0.5)
    if asked.quantile is not None:
        return of_quantiles(before, after, asked.quantile, (a.months + 1.0, b.months + 1.0))
    if asked.statistic == RESTRICTED and (before == after).all():  # what no path showed may go either way
        longest = float(max(a.months, b.months))
        value, below, above = (longest * end for end in of_changes((after - before) / longest))
        return Difference(value, below, above, None)
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
    return Difference(value, value - half, value + half, *_gain(a, b))


Gain = tuple[float, float, float] | tuple[None, None, None]


def _gain(a: Array, b: Array) -> Gain:
    """Var a + Var b over Var (b - a): how many times as many paths independent runs would need. Its interval by the delta method,
    of the logarithm."""
    gain = _times(float(a.var()), float(b.var()), float((b - a).var()))
    if gain is None:
        return None, None, None
    squares = [(x - x.mean()) ** 2 for x in (a, b, b - a)]
    influence = (squares[0] + squares[1] - gain * squares[2]) / float(squares[2].mean())
    away = math.exp(Z * float(influence.std()) / math.sqrt(a.size) / gain)
    return gain, gain / away, gain * away


def _times(a: float, b: float, apart: float) -> float | None:
    return None if not apart > 0.0 or not math.isfinite(a + b) else (a + b) / apart


def of_shares(a: Any, b: Any) -> Difference:
    """The difference of two shares of the same paths, b less a; a and b: whether, by path."""
    x, y = a.astype(np.float64), b.astype(np.float64)
    return Difference(*of_changes(y - x), *_gain(x, y))


def of_changes(x: Array) -> Estimate:
    """The mean of changes of shares by path, each from -1 to 1. As Bonett & Price (2012) do for whole changes, one path more that
    goes each way is counted, so that no change seen is not taken for none."""
    n, value = x.size, float(x.mean())
    centre = float(x.sum()) / (n + 2)
    half = Z * math.sqrt(((float((x * x).sum()) + 2.0) / (n + 2) - centre * centre) / (n + 2))
    return Estimate(value, max(-1.0, min(value, centre - half)), min(1.0, max(value, centre + half)))


def of_quantiles(a: Array, b: Array, q: float, beyond: tuple[float, float] = (math.inf, math.inf)) -> Difference:
    """The difference of two quantiles over pairs of paths. Only paths near one of them are resampled one by one; the others
    count by the sides on which they lie.

    beyond: the least that an infinite number of `a` and of `b` can be, for runways the step after the horizon. A quantile that
    lies there is known to no more than that, so its difference has no value (not a number) and an end only where one follows:
    by step 20 instead of beyond step 24 is earlier by 5 at least. Of two beyond the horizon nothing is known.
    """
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
    least, most = _less(found[1], found[0], beyond)
    low = float(np.sort(least)[int(0.025 * RESAMPLES)])
    high = float(np.sort(most)[int(0.975 * RESAMPLES) - 1])
    if not np.isfinite(values).all():
        return Difference(math.nan, low, high, None)
    value = values[1] - values[0]
    finite = bool(np.isfinite(found).all())
    gain = _times(float(found[0].var()), float(found[1].var()), float(least.var())) if finite else None
    return Difference(value, min(low, value), max(high, value), gain)


def _less(b: Array, a: Array, beyond: tuple[float, float]) -> tuple[Array, Array]:
    """The least and the most that b - a can be; what is infinite is `beyond` at least."""
    surely_a, surely_b = np.where(np.isinf(a), beyond[0], a), np.where(np.isinf(b), beyond[1], b)
    least = np.where(np.isinf(a), -np.inf, surely_b - np.where(np.isinf(a), 0.0, a))
    return least, np.where(np.isinf(b), np.inf, np.where(np.isinf(b), 0.0, b) - surely_a)
