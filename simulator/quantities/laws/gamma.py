"""Gamma by mean and standard deviation: amounts above 0, exponential if sd = mean, nearly normal if sd is far below it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from simulator.mathematics.chi_square import inverse_gamma
from simulator.quantities.distribution import Array, Distribution, Monthly, Read, law, table_of
from simulator.quantities.units import QuantityError

LEAST, MOST = 0.5, 10_000.0  # shapes; below, and above, one 32-bit uniform is no good or a normal is as good


@law
@dataclass(frozen=True)
class Gamma(Distribution):
    shape: float
    scale: float
    tag: ClassVar[str] = "gamma"
    fields: ClassVar[str] = "{ mean, sd }"

    @classmethod
    def read(cls, table: Any, number: Read, bounds: tuple[float | None, float | None]) -> Gamma:
        t = table_of(cls.tag, table, "mean", "sd")
        mean, sd = number(t["mean"]), number(t["sd"])
        if not (mean > 0 and sd > 0):
            raise QuantityError(f"gamma wants mean > 0 and sd > 0, not {mean:g} and {sd:g}")
        shape = (mean / sd) ** 2
        if not LEAST <= shape <= MOST:
            low, high = mean / math.sqrt(MOST), mean / math.sqrt(LEAST)
            raise QuantityError(f"a gamma with this mean has an sd between {low:g} and {high:g}, not {sd:g}")
        return cls(shape, sd * sd / mean)

    def ppf(self, u: Array) -> Array:
        from scipy.special import gammaincinv

        return np.asarray(self.scale * gammaincinv(self.shape, u), dtype=np.float64)

    def cdf(self, x: float) -> float:
        from scipy.special import gammainc

        return float(gammainc(self.shape, max(0.0, x / self.scale)))

    def mean(self) -> float:
        return self.shape * self.scale

    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    def monthly(self) -> Monthly:
        return Monthly(quantile, (self.shape, math.lgamma(self.shape), self.scale), "uniform")


def quantile(u: float, shape: float, log_gamma: float, scale: float) -> float:
    return scale * inverse_gamma(u, shape, log_gamma)
