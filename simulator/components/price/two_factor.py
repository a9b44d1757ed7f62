"""Market price of compute with a short-term and a long-term factor around a forward curve (Schwartz & Smith 2000).

    I(m) = F(m) exp(Y(m)) / E[exp(Y(m))],   Y = χ + ξ + S
    χ(m) = φ χ(m-1) + σ_χ √((1 - φ²) / 2κ) x1 + jumps,   φ = exp(-κ Δ)   the short-term deviation fades
    ξ(m) = ξ(m-1) + σ_ξ √Δ x2                                             the long-term level moves for good

χ(0) = ξ(0) = 0. Over a month the two are jointly normal with the exact covariance ρ σ_χ σ_ξ (1 - φ) / κ. The drift of the
long-term level is the curve's. Jumps land in χ and fade with it; S is what scarcity and new generations add, which does not
fade. E[I(m)] = F(m) exactly, F(m) = now x exp(drift x m/12) or given points (linear in the logarithm, flat after).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from simulator.components.base import PRICE, Builder, Component, Phase, Problem, Series, Surroundings, register
from simulator.components.compensation import jumped, log_expectation, shifted
from simulator.components.curve import Curve, Point
from simulator.mathematics import arrays
from simulator.mathematics.elementary import exp
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import CORRELATION, DRIFT, MONTHS, NUMBER, REVERSION, VOLATILITY

STEP = 1.0 / 12.0


@register
class TwoFactor(Component):
    family: ClassVar[str] = "price"
    tag: ClassVar[str] = "two_factor"
    example: ClassVar[str] = """\
[price]
type = "two_factor"
drift = "-0.15 log/yr"
volatility = "60 %/yr"
reversion = "1.5 /yr"
long_volatility = "20 %/yr"
correlation = 0.3
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("deviation", "long")
    reprices: ClassVar[bool] = True  # the mean of the price is a given curve

    now: Annotated[Number, Quantity(NUMBER, low=0.0, open_low=True)] = 1.0
    """The index at the opening; 1 is the reference price."""
    drift: Annotated[Number, Quantity(DRIFT)] = 0.0
    """Of the forward curve."""
    drift_for: Annotated[Number, Quantity(MONTHS, low=0.0)] | None = None
    """How long it drifts; flat after. Default: to the horizon."""
    points: Annotated[tuple[Point, ...], Field(strict=False)] = ()
    """The curve point by point instead of a drift."""
    volatility: Annotated[Number, Quantity(VOLATILITY, low=0.0)]
    """Of the short-term deviation."""
    reversion: Annotated[Number, Quantity(REVERSION, low=0.0, open_low=True)]
    """Speed at which the short-term deviation fades."""
    long_volatility: Annotated[Number, Quantity(VOLATILITY, low=0.0)]
    """Of the long-term level."""
    correlation: Annotated[Number, Quantity(CORRELATION, low=-1.0, high=1.0)] = 0.0
    """Between the two."""

    @property
    def curve(self) -> Curve:
        return Curve.model_construct(now=self.now, drift=self.drift, drift_for=self.drift_for, points=self.points)

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        yield from self.curve.complaints(around, ())

    def build(self, b: Builder, host: Any = None) -> None:
        kappa, rho = np.asarray(self.reversion, dtype=np.float64), np.asarray(self.correlation, dtype=np.float64)
        short, long = np.asarray(self.volatility, dtype=np.float64), np.asarray(self.long_volatility, dtype=np.float64)
        phi = arrays.exp(-kappa * STEP)
        sd_short = short * np.sqrt((1.0 - phi**2) / (2.0 * kappa))
        sd_long = long * math.sqrt(STEP)
        covariance = rho * short * long * (1.0 - phi) / kappa
        product = sd_short * sd_long
        shared = np.where(product > 0, covariance / np.where(product > 0, product, 1.0), 0.0)
        own = np.sqrt(np.maximum(0.0, 1.0 - shared**2))
        logs, of_rest = [], log_expectation(b, phi)
        for m in range(b.months + 1):
            years = m * STEP
            variance = short**2 * -arrays.expm1(-2.0 * kappa * years) / (2.0 * kappa) + long**2 * years
            variance = variance + 2.0 * rho * short * long * -arrays.expm1(-kappa * years) / kappa
            logs.append(arrays.log(self.curve.forward(b.start, m)) - 0.5 * variance - of_rest[m])
        b.state(PRICE, self.now)
        fading, lasting = b.state(f"{b.name}.short", 0.0), b.state(f"{b.name}.long_level", 0.0)
        b.step(
            Phase.DRIVERS,
            advance,
            (fading, lasting, b.normal("deviation"), b.normal("long"), phi, sd_short, sd_long, shared, own, jumped(b)),
            writes=(fading, lasting),
        )
        b.step(Phase.DRIVERS, price, (fading, lasting, shifted(b), Series(logs)), writes=(PRICE,))

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"The market price of compute is {say(self.now, '')} times the reference price today; its forward curve "
            f"{self.curve.course(say)}. Short-term deviations have a volatility of {say(self.volatility, '%')} a year and "
            f"fade at {say(self.reversion, '/yr')}; the level moves by {say(self.long_volatility, '%')} a year, correlation "
            f"{say(self.correlation, '')}."
        )


def advance(
    fading: float,
    lasting: float,
    z1: float,
    z2: float,
    phi: float,
    sd_short: float,
    sd_long: float,
    shared: float,
    own: float,
    jump: float,
) -> tuple[float, float]:
    return phi * fading + sd_short * z1 + jump, lasting + sd_long * (shared * z1 + own * z2)


def price(fading: float, lasting: float, shift: float, log_forward: float) -> float:
    return exp(log_forward + fading + lasting + shift)
