"""A reference interest rate that reverts to a level (Vasicek 1977), exact month by month.

    r(m) = θ + φ (r(m-1) - θ) + σ √((1 - φ²) / 2κ) x,   φ = exp(-κ Δ), Δ = 1/12

    E[r(m)] = θ + φ^m (r(0) - θ),   Var[r(m)] = σ² (1 - φ^(2m)) / 2κ

r is nominal a year. It may fall below 0; what a loan then costs is the loan's business. Interest of month m is reckoned with
r(m-1): a rate is fixed at the beginning of the period for which it is paid.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np

from simulator.components.base import FIXING, REFERENCE, Builder, Component, Phase, is_zero, register
from simulator.mathematics import arrays
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import INTEREST, RATE_VOLATILITY, REVERSION

YEAR = 12.0


@register
class Vasicek(Component):
    family: ClassVar[str] = "rates"
    tag: ClassVar[str] = "vasicek"
    example: ClassVar[str] = """\
[rates]
type = "vasicek"
now = "4.3 %/yr nominal"
level = "3.5 %/yr nominal"
volatility = "1.1 %/yr"
reversion = "0.25 /yr"
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("change",)

    now: Annotated[Number, Quantity(INTEREST)]
    """The rate at the opening; interest of month 1 is reckoned with it."""
    level: Annotated[Number, Quantity(INTEREST)]
    """To which it reverts."""
    volatility: Annotated[Number, Quantity(RATE_VOLATILITY, low=0.0)]
    """Standard deviation of a year's changes without reversion, in points of the rate: `1 %/yr` is 100 basis points."""
    reversion: Annotated[Number, Quantity(REVERSION, low=0.0, open_low=True)]
    """Speed of return to `level`."""

    def build(self, b: Builder, host: Any = None) -> None:
        rate, fixing = b.state(REFERENCE, YEAR * self.now), b.state(FIXING, self.now)
        kappa = np.asarray(self.reversion)
        phi = arrays.exp(-kappa / YEAR)
        sd = self.volatility * np.sqrt((1.0 - phi**2) / (2.0 * kappa))
        z: Any = 0.0 if is_zero(self.volatility) else b.normal("change")
        b.step(Phase.DRIVERS, move, (rate, z, YEAR * self.level, phi, sd), writes=(rate, fixing))
        b.monthly(rate, "reference_rate", "nominal per year", quantiles=True)

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"The reference interest rate is {say(self.now, '%/mo')} today and reverts to {say(self.level, '%/mo')} at "
            f"{say(self.reversion, '/yr')}, with a volatility of {say(self.volatility, '%')} (in points of the rate) a year."
        )


def move(rate: float, z: float, theta: float, phi: float, sd: float) -> tuple[float, float]:
    """(the rate at the month's end, per year; the fixing of the month, per month)."""
    return theta + phi * (rate - theta) + sd * z, rate / 12.0
