"""Beta on [low, high] (default 0 and 1) by mean and standard deviation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from simulator.mathematics.beta import beta_quantile, between, part_between, table
from simulator.quantities.distribution import Array, Distribution, Monthly, Read, Table, law, table_of
from simulator.quantities.units import QuantityError


@law
@dataclass(frozen=True)
class Beta(Distribution):
    a: float
    b: float
    low: float
    high: float
    tag: ClassVar[str] = "beta"
    fields: ClassVar[str] = "{ mean, sd, low, high }"

    @classmethod
    def read(cls, table: Any, number: Read, bounds: tuple[float | None, float | None]) -> Beta:
        t = table_of(cls.tag, table, "mean", "sd", optional=("low", "high"))
        mean, sd = number(t["mean"]), number(t["sd"])
        low = number(t["low"]) if "low" in t else 0.0
        high = number(t["high"]) if "high" in t else 1.0
        if not low < mean < high:
            raise QuantityError(f"beta wants low < mean < high, not {low:g}, {mean:g}, {high:g}")
        m, v = (mean - low) / (high - low), (sd / (high - low)) ** 2
        if not 0 < v < m * (1 - m):
            largest = (high - low) * (m * (1 - m)) ** 0.5
            raise QuantityError(f"a beta with this mean has an sd between 0 and {largest:g}, not {sd:g}")
        concentration = m * (1 - m) / v - 1.0
        return cls(m * concentration, (1 - m) * concentration, low, high)

    def ppf(self, u: Array) -> Array:
        return self.low + (self.high - self.low) * beta_quantile(self.a, self.b, u)

    def cdf(self, x: float) -> float:
        from scipy.special import betainc

        return float(betainc(self.a, self.b, min(1.0, max(0.0, (x - self.low) / (self.high - self.low)))))

    def mean(self) -> float:
        return self.low + (self.high - self.low) * self.a / (self.a + self.b)

    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def monthly(self) -> Monthly | None:
        found = table(self.a, self.b)
        return None if found is None else Monthly(between, (self.low, self.high, *map(Table, found)), "uniform")

    def cut(self, below: float, above: float) -> Monthly | None:
        whole = self.monthly()
        return None if whole is None else Monthly(part_between, (below, above, *whole.params), "uniform")
