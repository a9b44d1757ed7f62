"""Gamma on [0, inf) by mean and standard deviation, or by shape and scale: mean = shape x scale, sd = sqrt(shape) x scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from simulator.mathematics.chi_square import inverse_gamma
from simulator.quantities.distribution import Array, Distribution, Evaluate, Monthly, Read, law, table_of
from simulator.quantities.units import QuantityError, describe

LEAST, MOST = 1e-3, 1e8  # shapes: below, nearly all is nought; above, the sd is a ten-thousandth of the mean
MONTHLY = (0.5, 1e4)  # shapes for which the scalar quantile function is exact


@law
@dataclass(frozen=True)
class Gamma(Distribution):
    shape: float
    scale: float
    tag: ClassVar[str] = "gamma"
    fields: ClassVar[str] = "{ mean, sd }"

    @classmethod
    def read(cls, table: Any, number: Read, bounds: tuple[float | None, float | None]) -> Gamma:
        if isinstance(table, dict) and ("shape" in table or "scale" in table):
            t = table_of(cls.tag, table, "shape", "scale")
            shape, scale = t["shape"], number(t["scale"])
            if isinstance(shape, bool) or not isinstance(shape, int | float):
                raise QuantityError(f"the shape of a gamma is a plain number, not {describe(shape)}")
            if not (shape > 0 and scale > 0):
                raise QuantityError(f"gamma wants shape > 0 and scale > 0, not {shape:g} and {scale:g}")
        else:
            t = table_of(cls.tag, table, "mean", "sd")
            mean, sd = number(t["mean"]), number(t["sd"])
            if not (mean > 0 and sd > 0):
                raise QuantityError(f"gamma wants mean > 0 and sd > 0, not {mean:g} and {sd:g}")
            shape, scale = (mean / sd) ** 2, sd * (sd / mean)
        if not LEAST <= shape <= MOST:
            raise QuantityError(f"the shape of this gamma is {shape:g}; it can be from {LEAST:g} to {MOST:g}")
        return cls(float(shape), float(scale))

    def ppf(self, u: Array) -> Array:
        from scipy.special import gammaincinv

        return np.asarray(self.scale * gammaincinv(self.shape, u))

    def cdf(self, x: float) -> float:
        from scipy.special import gammainc

        return float(gammainc(self.shape, x / self.scale)) if x > 0 else 0.0

    def mean(self) -> float:
        return self.shape * self.scale

    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    def quantiles(self, u: Array, evaluate: Evaluate) -> Array:
        return self.ppf(u)  # scipy's is quicker than the one that needs no arrays

    def monthly(self) -> Monthly | None:
        if not MONTHLY[0] <= self.shape <= MONTHLY[1]:
            return None
        return Monthly(quantile, (self.shape, math.lgamma(self.shape), self.scale), "uniform")

    def cut(self, below: float, above: float) -> Monthly | None:
        whole = self.monthly()
        return None if whole is None else Monthly(part, (below, above, *whole.params), "uniform")


def quantile(u: float, shape: float, log_gamma: float, scale: float) -> float:
    return scale * inverse_gamma(u, shape, log_gamma)


def part(u: float, below: float, above: float, shape: float, log_gamma: float, scale: float) -> float:
    return quantile(below + u * (above - below), shape, log_gamma, scale)
