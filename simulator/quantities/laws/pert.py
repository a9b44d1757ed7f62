"""PERT: a beta on [low, high] with its peak at mode and shape parameter 4 (Malcolm et al. 1959)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from simulator.mathematics.beta import beta_quantile, between, part_between, table
from simulator.quantities.distribution import Array, Distribution, Monthly, Read, Table, law, table_of
from simulator.quantities.units import QuantityError

_SHAPE = 4.0


@law
@dataclass(frozen=True)
class Pert(Distribution):
    low: float
    mode: float
    high: float
    tag: ClassVar[str] = "pert"
    fields: ClassVar[str] = "{ low, mode, high }"

    @classmethod
    def read(cls, table: Any, number: Read, bounds: tuple[float | None, float | None]) -> Pert:
        t = table_of(cls.tag, table, "low", "mode", "high")
        low, mode, high = number(t["low"]), number(t["mode"]), number(t["high"])
        if not (low <= mode <= high and low < high):
            raise QuantityError(f"pert wants low <= mode <= high, not {low:g}, {mode:g}, {high:g}")
        return cls(low, mode, high)

    @property
    def shapes(self) -> tuple[float, float]:
        width = self.high - self.low
        return 1 + _SHAPE * (self.mode - self.low) / width, 1 + _SHAPE * (self.high - self.mode) / width

    def ppf(self, u: Array) -> Array:
        return self.low + (self.high - self.low) * beta_quantile(*self.shapes, u)

    def cdf(self, x: float) -> float:
        from scipy.special import betainc

        return float(betainc(*self.shapes, min(1.0, max(0.0, (x - self.low) / (self.high - self.low)))))

    def mean(self) -> float:
        return (self.low + _SHAPE * self.mode + self.high) / (_SHAPE + 2)

    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def monthly(self) -> Monthly | None:
        found = table(*self.shapes)
        return None if found is None else Monthly(between, (self.low, self.high, *map(Table, found)), "uniform")

    def cut(self, below: float, above: float) -> Monthly | None:
        whole = self.monthly()
        return None if whole is None else Monthly(part_between, (below, above, *whole.params), "uniform")
