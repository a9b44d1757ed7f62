"""Lognormal, by its 10 % and 90 % quantiles or by its mean and standard deviation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from simulator.mathematics import arrays
from simulator.mathematics.elementary import exp
from simulator.mathematics.normal import inverse_normal
from simulator.quantities.distribution import Array, Distribution, Monthly, Read, law, table_of
from simulator.quantities.units import QuantityError

_Z90 = 1.2815515655446004  # the 90 % quantile of the standard normal


@law
@dataclass(frozen=True)
class Lognormal(Distribution):
    log_mean: float
    log_sd: float
    tag: ClassVar[str] = "lognormal"
    fields: ClassVar[str] = "{ p10, p90 }"

    @classmethod
    def read(cls, table: Any, number: Read, bounds: tuple[float | None, float | None]) -> Lognormal:
        if isinstance(table, dict) and "mean" in table:
            t = table_of(cls.tag, table, "mean", "sd")
            mean, sd = number(t["mean"]), number(t["sd"])
            if not (mean > 0 and sd > 0):
                raise QuantityError(f"lognormal wants mean > 0 and sd > 0, not {mean:g} and {sd:g}")
            variance = math.log1p((sd / mean) ** 2)
            return cls(math.log(mean) - variance / 2, math.sqrt(variance))
        t = table_of(cls.tag, table, "p10", "p90")
        p10, p90 = number(t["p10"]), number(t["p90"])
        if not 0 < p10 < p90:
            raise QuantityError(f"lognormal wants 0 < p10 < p90, not {p10:g} and {p90:g}")
        return cls(0.5 * (math.log(p10) + math.log(p90)), (math.log(p90) - math.log(p10)) / (2 * _Z90))

    def ppf(self, u: Array) -> Array:
        from scipy.special import ndtri

        return np.asarray(arrays.exp(self.log_mean + self.log_sd * ndtri(u)))

    def cdf(self, x: float) -> float:
        return 0.5 * math.erfc((self.log_mean - math.log(x)) / (self.log_sd * math.sqrt(2.0))) if x > 0 else 0.0

    def mean(self) -> float:
        return math.exp(self.log_mean + 0.5 * self.log_sd**2)

    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    def monthly(self) -> Monthly:
        return Monthly(quantile, (self.log_mean, self.log_sd), "normal")

    def cut(self, below: float, above: float) -> Monthly:
        return Monthly(part, (below, above, *self.monthly().params), "uniform")


def quantile(z: float, log_mean: float, log_sd: float) -> float:
    return exp(log_mean + log_sd * z)


def part(u: float, below: float, above: float, log_mean: float, log_sd: float) -> float:
    return quantile(inverse_normal(below + u * (above - below)), log_mean, log_sd)
