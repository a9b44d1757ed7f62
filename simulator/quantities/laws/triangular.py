"""Triangular on [low, high] with its peak at mode."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from simulator.quantities.distribution import Array, Distribution, Monthly, Read, law, table_of
from simulator.quantities.units import QuantityError


@law
@dataclass(frozen=True)
class Triangular(Distribution):
    low: float
    mode: float
    high: float
    tag: ClassVar[str] = "triangular"
    fields: ClassVar[str] = "{ low, mode, high }"

    @classmethod
    def read(cls, table: Any, number: Read, bounds: tuple[float | None, float | None]) -> Triangular:
        t = table_of(cls.tag, table, "low", "mode", "high")
        low, mode, high = number(t["low"]), number(t["mode"]), number(t["high"])
        if not (low <= mode <= high and low < high):
            raise QuantityError(f"triangular wants low <= mode <= high, not {low:g}, {mode:g}, {high:g}")
        return cls(low, mode, high)

    def ppf(self, u: Array) -> Array:
        width, split = self.high - self.low, (self.mode - self.low) / (self.high - self.low)
        rising = self.low + np.sqrt(u * width * (self.mode - self.low))
        falling = self.high - np.sqrt((1.0 - u) * width * (self.high - self.mode))
        return np.where(u < split, rising, falling)

    def cdf(self, x: float) -> float:
        if x <= self.low:
            return 0.0
        if x >= self.high:
            return 1.0
        width = self.high - self.low
        if x < self.mode:
            return (x - self.low) ** 2 / (width * (self.mode - self.low))
        return 1.0 - (self.high - x) ** 2 / (width * (self.high - self.mode))

    def mean(self) -> float:
        return (self.low + self.mode + self.high) / 3.0

    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def monthly(self) -> Monthly:
        return Monthly(quantile, (self.low, self.mode, self.high), "uniform")

    def cut(self, below: float, above: float) -> Monthly:
        return Monthly(part, (below, above, *self.monthly().params), "uniform")


def quantile(u: float, low: float, mode: float, high: float) -> float:
    if u * (high - low) < mode - low:
        return low + math.sqrt(u * (high - low) * (mode - low))
    return high - math.sqrt((1.0 - u) * (high - low) * (high - mode))


def part(u: float, below: float, above: float, low: float, mode: float, high: float) -> float:
    return quantile(below + u * (above - below), low, mode, high)
