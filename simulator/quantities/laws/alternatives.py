"""Alternatives: a list of values with weights; the weights are scaled to add up to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from simulator.quantities.distribution import Array, Distribution, Monthly, Read, law, table_of
from simulator.quantities.units import QuantityError


@law
@dataclass(frozen=True)
class Alternatives(Distribution):
    values: tuple[float, ...]
    weights: tuple[float, ...]  # as written; only their ratios matter
    tag: ClassVar[str] = "alternatives"
    fields: ClassVar[str] = "[{ value, weight }, …]"

    @classmethod
    def read(cls, table: Any, number: Read, bounds: tuple[float | None, float | None]) -> Alternatives:
        if not isinstance(table, (list, tuple)) or not table:
            raise QuantityError("alternatives wants a list", "alternatives = [{ value, weight }, …]")
        rows = [table_of(cls.tag, row, "value", "weight") for row in table]
        weights = [row["weight"] for row in rows]
        if not all(isinstance(w, (int, float)) and not isinstance(w, bool) and 0 <= w < np.inf for w in weights):
            raise QuantityError("the weights of alternatives are numbers that are not negative")
        if not sum(weights) > 0:
            raise QuantityError("the weights of alternatives add up to zero")
        return cls(tuple(number(row["value"]) for row in rows), tuple(float(w) for w in weights))

    @property
    def cumulative(self) -> tuple[float, ...]:
        """Of the scaled weights, the last one 1."""
        steps = np.cumsum(self.weights) / sum(self.weights)
        return (*(float(x) for x in steps[:-1]), 1.0)

    def ppf(self, u: Array) -> Array:
        return np.asarray(self.values)[np.searchsorted(np.asarray(self.cumulative[:-1]), u, side="right")]

    def cdf(self, x: float) -> float:
        below = sum(w for v, w in zip(self.values, self.weights, strict=True) if v <= x)
        return float(below / sum(self.weights))

    def mean(self) -> float:
        """For the deterministic path: the heaviest alternative, the first if equal (not the average)."""
        return self.values[int(np.argmax(self.weights))]

    def expectation(self) -> float:
        return sum(v * w for v, w in zip(self.values, self.weights, strict=True)) / sum(self.weights)

    def conditioned(self, low: float, high: float) -> Alternatives:
        kept = [(v, w) for v, w in zip(self.values, self.weights, strict=True) if low <= v <= high]
        if not sum(w for _, w in kept) > 0:
            raise QuantityError(f"the distribution has no weight on [{low:g}, {high:g}]")
        return Alternatives(tuple(v for v, _ in kept), tuple(w for _, w in kept))

    def support(self) -> tuple[float, float]:
        return min(self.values), max(self.values)

    def monthly(self) -> Monthly:
        return Monthly(quantile, (self.values, self.cumulative), "uniform")


def quantile(u: float, values: tuple[float, ...], cumulative: tuple[float, ...]) -> float:
    result = values[0]
    for k in range(1, len(values)):
        if u >= cumulative[k - 1]:
            result = values[k]
    return result
