"""The quantile function of the beta distribution, tabulated: the exact one costs a microsecond a number.

In logits both ways it is nearly straight, also far out in the tails. Between 2,049 exact values with their exact slopes a cubic
is within 1e-8 of it, relative to x and to 1 - x. Where the table ends, or for shapes below 0.3 or above 100,000, the exact
function is called.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.mathematics import arrays
from simulator.mathematics.elementary import exp, log
from simulator.mathematics.quadrature import gauss_legendre

Array = npt.NDArray[np.float64]

REACH = 24.0  # logits: u from 4e-11, beyond the 32 bits of a draw
PIECES = 2048
SMALLEST_SHAPE, LARGEST_SHAPE = 0.3, 1e5
STEP = 0.125  # of y at most, in the sums that make a table
NEWTON = 20  # steps at most, of which the last few double the digits
TINY = 1e-300


def beta_quantile(a: float, b: float, u: Any) -> Array:
    """x with P(X <= x) = u, elementwise, shapes a and b."""
    u = np.asarray(u, dtype=np.float64)
    if not _tabulated(a, b):
        return _exact(a, b, u)
    with np.errstate(divide="ignore"):
        at = arrays.log(u) - arrays.log1p(-u)
    y = _interpolated(*_table(a, b), np.clip(at, -REACH, REACH))
    small = arrays.exp(-np.abs(y))
    x = np.where(y >= 0, 1.0, small) / (1.0 + small)
    outside = np.abs(at) > REACH
    if outside.any():
        x = np.where(outside, _exact(a, b, np.where(outside, u, 0.5)), x)
    return np.asarray(x)


def _tabulated(a: float, b: float) -> bool:
    return min(a, b) >= SMALLEST_SHAPE and max(a, b) <= LARGEST_SHAPE


def _exact(a: float, b: float, u: Array) -> Array:
    from scipy.special import betaincinv

    return np.asarray(betaincinv(a, b, u))


@lru_cache(maxsize=256)
def table(a: float, b: float) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """(values, slopes) for `beta_at`, or None where there is none."""
    if not _tabulated(a, b):
        return None
    values, slopes = _table(a, b)
    return tuple(float(x) for x in values), tuple(float(x) for x in slopes)


def beta_at(u: float, values: Any, slopes: Any) -> float:
    """The same for one uniform; those of a stream never lie outside the table."""
    where = min(max(0.0, (log(u / (1.0 - u)) + REACH) * (PIECES / (2.0 * REACH))), float(PIECES))
    k = min(int(where), PIECES - 1)
    t = where - k
    s = 1.0 - t
    y = s * s * ((1.0 + 2.0 * t) * values[k] + t * slopes[k])
    y += t * t * ((1.0 + 2.0 * s) * values[k + 1] - s * slopes[k + 1])
    return 1.0 / (1.0 + exp(-y))


def _interpolated(values: Array, slopes: Array, at: Array) -> Array:
    """Cubic Hermite interpolation; slopes are a piece's."""
    where = (at + REACH) * (PIECES / (2 * REACH))
    k = np.minimum(where.astype(np.int64), PIECES - 1)
    t = where - k
    s = 1.0 - t
    return np.asarray(
        s * s * ((1 + 2 * t) * values[k] + t * slopes[k]) + t * t * ((1 + 2 * s) * values[k + 1] - s * slopes[k + 1])
    )


@lru_cache(maxsize=256)
def _table(a: float, b: float) -> tuple[Array, Array]:
    """ln(x / (1 - x)) at evenly spaced ln(u / (1 - u)), and its slope times a piece's length.

    In y = ln(x / (1 - x)) the density x^a (1 - x)^b / B(a, b) is smooth, so its integral from either end is summed up by
    Gauss-Legendre, and y is found by Newton's method: exact to 1e-12 of ln(u / (1 - u)), where scipy's inverse is off by up to
    1e-6 far out, and takes a quarter of a second of every run to be imported.
    """
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    nodes, weights = gauss_legendre(12)

    def log_density(y: Array) -> Array:
        rest = arrays.log1p(arrays.exp(-np.abs(y)))  # ln x = -max(0, -y) - rest, ln(1 - x) = -max(0, y) - rest
        return np.asarray(np.minimum(a * y, -b * y) - (a + b) * rest - log_beta)

    def mass(begin: Array, width: Any) -> Array:
        y = begin[:, None] + 0.5 * np.asarray(width)[..., None] * (nodes + 1.0)
        return np.asarray(0.5 * np.asarray(width) * (arrays.exp(log_density(y)) * weights).sum(axis=-1))

    # x^a / (a B) is all that lies below a small x: the ends are where that is e^-36 of the smallest probability in the table
    down, up = ((REACH + 36.0 - math.log(shape) - log_beta) / shape for shape in (a, b))
    down, up = (far + math.log(-math.expm1(-far)) for far in (down, up))
    edges = _edges(a, b, -down, up)
    widths = np.diff(edges)
    masses = mass(edges[:-1], widths)
    first, last = (math.exp(float(log_density(edges[k : k + 1 or None])[0])) / shape for k, shape in ((0, a), (-1, b)))
    lower = np.maximum(TINY, np.concatenate([[first], first + np.cumsum(masses)]))
    upper = np.maximum(TINY, np.concatenate([(last + np.cumsum(masses[::-1]))[::-1], [last]]))
    at = np.linspace(-REACH, REACH, PIECES + 1)
    panel = np.clip(np.searchsorted(arrays.log(lower) - arrays.log(upper), at) - 1, 0, edges.size - 2)
    begin, end = edges[panel], edges[panel + 1]
    y = 0.5 * (begin + end)
    for _ in range(NEWTON):
        inside = mass(begin, y - begin)
        below, above = lower[panel] + inside, upper[panel] - inside
        slope = arrays.exp(log_density(y)) / (below * above)  # of ln(u / (1 - u)) in y
        before, y = y, np.clip(y - (arrays.log(below) - arrays.log(above) - at) / slope, begin, end)
        if np.max(np.abs(y - before)) < 1e-14 * REACH:
            break
    return np.asarray(y), np.asarray((2 * REACH / PIECES) / slope)


def _edges(a: float, b: float, low: float, high: float) -> Array:
    """Ends of panels from `low` to `high` across which the density changes by a factor of e^6 at most."""
    found = [low]
    while found[-1] < high:
        y = found[-1]
        x = 1.0 / (1.0 + math.exp(-min(y + STEP, 700.0)))
        steepest = max(a * (1.0 - x) + b * x, a / (1.0 + math.exp(min(y, 700.0))))
        found.append(y + min(STEP, 6.0 / steepest))
    return np.array(found)


def between(u: float, low: float, high: float, values: tuple[float, ...], slopes: tuple[float, ...]) -> float:
    """The quantile of a beta on [low, high]."""
    return low + (high - low) * beta_at(u, values, slopes)


def part_between(
    u: float, below: float, above: float, low: float, high: float, values: tuple[float, ...], slopes: tuple[float, ...]
) -> float:
    """The same where the uniform is drawn from (below, above)."""
    return between(below + u * (above - below), low, high, values, slopes)
