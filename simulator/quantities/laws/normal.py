"""Normal by mean and standard deviation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from simulator.mathematics.normal import inverse_normal
from simulator.quantities.distribution import Array, Distribution, Monthly, Read, law, table_of
from simulator.quantities.units import QuantityError


@law
@dataclass(frozen=True)
class Normal(Distribution):
    centre: float
    sd: float
    tag: ClassVar[str] = "normal"
    fields: ClassVar[str] = "{ mean, sd }"

    @classmethod
    def read(cls, table: Any, number: Read, bounds: tuple[float | None, float | None]) -> Normal:
        t = table_of(cls.tag, table, "mean", "sd")
        mean, sd = number(t["mean"]), number(t["sd"])
        if not sd > 0:
            raise QuantityError(f"normal wants sd > 0, not {sd:g}")
        return cls(mean, sd)

    def ppf(self, u: Array) -> Array:
        from scipy.special import ndtri

        return self.centre + self.sd * ndtri(u)

    def cdf(self, x: float) -> float:
        return 0.5 * math.erfc((self.centre - x) / (self.sd * math.sqrt(2.0)))

    def mean(self) -> float:
        return self.centre

    def support(self) -> tuple[float, float]:
        return -math.inf, math.inf

    def monthly(self) -> Monthly:
        return Monthly(quantile, (self.centre, self.sd), "normal")

    def cut(self, below: float, above: float) -> Monthly:
        return Monthly(part, (below, above, *self.monthly().params), "uniform")


def quantile(z: float, mean: float, sd: float) -> float:
    return mean + sd * z


def part(u: float, below: float, above: float, mean: float, sd: float) -> float:
    return quantile(inverse_normal(below + u * (above - below)), mean, sd)
