"""Uniform on [low, high]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from simulator.quantities.distribution import Array, Distribution, Monthly, Read, law, table_of
from simulator.quantities.units import QuantityError


@law
@dataclass(frozen=True)
class Uniform(Distribution):
    low: float
    high: float
    tag: ClassVar[str] = "uniform"
    fields: ClassVar[str] = "{ low, high }"

    @classmethod
    def read(cls, table: Any, number: Read, bounds: tuple[float | None, float | None]) -> Uniform:
        t = table_of(cls.tag, table, "low", "high")
        low, high = number(t["low"]), number(t["high"])
        if not low < high:
            raise QuantityError(f"uniform wants low < high, not {low:g} and {high:g}")
        return cls(low, high)

    def ppf(self, u: Array) -> Array:
        return self.low + u * (self.high - self.low)

    def cdf(self, x: float) -> float:
        return min(1.0, max(0.0, (x - self.low) / (self.high - self.low)))

    def mean(self) -> float:
        return 0.5 * (self.low + self.high)

    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def monthly(self) -> Monthly:
        return Monthly(quantile, (self.low, self.high), "uniform")

    def cut(self, below: float, above: float) -> Monthly:
        return Monthly(part, (below, above, *self.monthly().params), "uniform")


def quantile(u: float, low: float, high: float) -> float:
    return low + u * (high - low)


def part(u: float, below: float, above: float, low: float, high: float) -> float:
    return quantile(below + u * (above - below), low, high)
