"""P10, P50 and P90: the three-term metalog (Keelin 2016), of x if the key has no bound, of ln(x - a) with a lower
bound, of the logit with two. With s = ln(u / (1 - u)):

    y(u) = y50 + b s + c (u - 1/2) s,   b = (y90 - y10) / (2 ln 9),   c = (y90 - 2 y50 + y10) / (0.8 ln 9)

It is a distribution only while y increases in u; a triple for which it does not is refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from simulator.mathematics import arrays
from simulator.mathematics.elementary import exp, log
from simulator.mathematics.normal import normal_cdf
from simulator.mathematics.quadrature import gauss_legendre
from simulator.quantities.distribution import Array, Distribution, Monthly, Read, law, table_of
from simulator.quantities.units import QuantityError

_LN9 = math.log(9.0)


@law
@dataclass(frozen=True)
class Quantiles(Distribution):
    p10: float
    p50: float
    p90: float
    low: float  # -inf where the key has no lower bound
    high: float
    tag: ClassVar[str] = "quantiles"
    fields: ClassVar[str] = "{ p10, p50, p90 }"

    @classmethod
    def read(cls, table: Any, number: Read, bounds: tuple[float | None, float | None]) -> Quantiles:
        missing = [name for name in ("p10", "p50", "p90") if name not in table]
        if missing:
            hint = "{ p10 = …, p50 = …, p90 = … }, or { lognormal = { p10 = …, p90 = … } }"
            raise QuantityError("three quantiles are wanted: " + ", ".join(missing) + " is missing", hint)
        t = table_of("p10, p50, p90", table, "p10", "p50", "p90")
        p10, p50, p90 = number(t["p10"]), number(t["p50"]), number(t["p90"])
        low, high = (-math.inf if bounds[0] is None else bounds[0]), (math.inf if bounds[1] is None else bounds[1])
        if low == -math.inf and high < math.inf:
            low, high = -math.inf, math.inf  # an upper bound alone is checked like any other law's support
        if not p10 < p50 < p90:
            raise QuantityError(f"wants p10 < p50 < p90, not {p10:g}, {p50:g}, {p90:g}")
        if not low < p10 or not p90 < high:
            raise QuantityError(
                f"the quantiles must lie strictly between {low:g} and {high:g}, the valid range of the key",
                "use { triangular = … } or { uniform = … } for a law that reaches its bound",
            )
        self = cls(p10, p50, p90, low, high)
        b, c = self.slopes
        u = np.linspace(0.0005, 0.9995, 4001)
        s = arrays.log(u / (1 - u))
        density = (b + c * (u - 0.5)) / (u * (1 - u)) + c * s
        if not (density.min() > 0 and b > abs(c) / 2):
            raise QuantityError(
                f"no metalog has these three quantiles: {p50:g} lies too close to one end of {p10:g} … {p90:g}",
                "move p50 towards the middle, or write { triangular = … } or { alternatives = … }",
            )
        return self

    def _y(self, x: float) -> float:
        if self.high < math.inf:
            return math.log((x - self.low) / (self.high - x))
        return math.log(x - self.low) if self.low > -math.inf else x

    @property
    def slopes(self) -> tuple[float, float]:
        y10, y50, y90 = self._y(self.p10), self._y(self.p50), self._y(self.p90)
        return (y90 - y10) / (2 * _LN9), (y90 - 2 * y50 + y10) / (0.8 * _LN9)

    def ppf(self, u: Array) -> Array:
        b, c = self.slopes
        s = arrays.log(u) - arrays.log1p(-u)
        y = self._y(self.p50) + b * s + c * (u - 0.5) * s
        if self.high < math.inf:
            e = arrays.exp(-np.abs(y))
            share = np.where(y >= 0, 1 / (1 + e), e / (1 + e))
            return np.asarray(self.low + (self.high - self.low) * share)
        return np.asarray(self.low + arrays.exp(y)) if self.low > -math.inf else y

    def cdf(self, x: float) -> float:
        if x <= self.low:
            return 0.0
        if x >= self.high:
            return 1.0
        low, high = 1e-300, 1.0 - 2.0**-53
        for _ in range(200):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if float(self.ppf(np.array([middle]))[0]) < x else (low, middle)
        return 0.5 * (low + high)

    def mean(self) -> float:
        nodes, weights = gauss_legendre(200)
        z = 9.0 * nodes  # in normal scores, where the integrand is smooth
        u = np.array([normal_cdf(x) for x in z.tolist()])
        density = arrays.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
        return float(np.sum(9.0 * weights * density * self.ppf(u)) / np.sum(9.0 * weights * density))

    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def monthly(self) -> Monthly:
        b, c = self.slopes
        terms = (self._y(self.p50), b, c)
        if self.high < math.inf:
            return Monthly(between, (*terms, self.low, self.high - self.low), "uniform")
        return (
            Monthly(above, (*terms, self.low), "uniform")
            if self.low > -math.inf
            else Monthly(metalog, terms, "uniform")
        )

    def cut(self, below: float, above: float) -> Monthly:
        whole = self.monthly()
        return Monthly(PARTS[whole.law], (below, above, *whole.params), "uniform")


def metalog(u: float, centre: float, b: float, c: float) -> float:
    s = log(u / (1.0 - u))
    return centre + b * s + c * (u - 0.5) * s


def above(u: float, centre: float, b: float, c: float, low: float) -> float:
    return low + exp(metalog(u, centre, b, c))


def between(u: float, centre: float, b: float, c: float, low: float, width: float) -> float:
    return low + width / (1.0 + exp(-metalog(u, centre, b, c)))


def part_of_metalog(u: float, under: float, over: float, centre: float, b: float, c: float) -> float:
    return metalog(under + u * (over - under), centre, b, c)


def part_of_above(u: float, under: float, over: float, centre: float, b: float, c: float, low: float) -> float:
    return above(under + u * (over - under), centre, b, c, low)


def part_of_between(
    u: float, under: float, over: float, centre: float, b: float, c: float, low: float, width: float
) -> float:
    return between(under + u * (over - under), centre, b, c, low, width)


PARTS: dict[Any, Any] = {metalog: part_of_metalog, above: part_of_above, between: part_of_between}
