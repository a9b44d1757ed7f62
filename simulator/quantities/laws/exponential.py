"""Exponential by its mean: sizes without a typical one, such as claims and losses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from simulator.mathematics import arrays
from simulator.mathematics.elementary import log
from simulator.quantities.distribution import Array, Distribution, Monthly, Read, law, table_of
from simulator.quantities.units import QuantityError


@law
@dataclass(frozen=True)
class Exponential(Distribution):
    average: float
    tag: ClassVar[str] = "exponential"
    fields: ClassVar[str] = "{ mean }"

    @classmethod
    def read(cls, table: Any, number: Read, bounds: tuple[float | None, float | None]) -> Exponential:
        mean = number(table_of(cls.tag, table, "mean")["mean"])
        if not mean > 0:
            raise QuantityError(f"exponential wants mean > 0, not {mean:g}")
        return cls(mean)

    def ppf(self, u: Array) -> Array:
        return np.asarray(-self.average * arrays.log1p(-u))

    def cdf(self, x: float) -> float:
        return -math.expm1(-x / self.average) if x > 0 else 0.0

    def mean(self) -> float:
        return self.average

    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    def monthly(self) -> Monthly:
        return Monthly(quantile, (self.average,), "uniform")

    def cut(self, below: float, above: float) -> Monthly:
        return Monthly(part, (below, above, *self.monthly().params), "uniform")


def quantile(u: float, mean: float) -> float:
    return -mean * log(1.0 - u)


def part(u: float, below: float, above: float, mean: float) -> float:
    return quantile(below + u * (above - below), mean)
