"""Market price of compute as an index around a forward curve (Schwartz 1997, one factor).

    I(m) = F(m) exp(Y(m)) / E[exp(Y(m))],   Y = X + S
    X(m) = φ X(m-1) + σ √((1 - φ²) / 2κ) x + jumps,   φ = exp(-κ Δ),   X(0) = 0

Jumps are added to X after reversion and decay from the next month. S is what scarcity and new generations add; it does not
revert. Clauses below the price bring all three, and they enter E[.] exactly: E[I(m)] = F(m). I = 1 is the reference price.

F(m) = now x exp(drift x m/12) as long as `drift_for` says, flat after; or given points, linear in the logarithm between
them and flat after.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np

from simulator.components.base import (
    JUMPS,
    MONTH,
    PRICE,
    SHIFTS,
    Builder,
    Component,
    Phase,
    Problem,
    Series,
    Surroundings,
    is_zero,
    register,
)
from simulator.components.compensation import jumped, log_expectation, shifted
from simulator.components.curve import Curve
from simulator.mathematics import arrays
from simulator.mathematics.elementary import exp
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import REVERSION, VOLATILITY

STEP = 1.0 / 12.0


@register
class ForwardCurve(Component):
    family: ClassVar[str] = "price"
    tag: ClassVar[str] = "forward_curve"
    example: ClassVar[str] = """\
[price]
type = "forward_curve"
curve = { now = 1.0, drift = "-0.15 log/yr" }
volatility = "50 %/yr"
reversion = "0.8 /yr"
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("deviation",)
    reprices: ClassVar[bool] = True  # the mean of the price is a given curve

    curve: Curve = Curve()
    """Expected price by month."""
    volatility: Annotated[Number, Quantity(VOLATILITY, low=0.0)] = 0.0
    """Of the deviation from the curve."""
    reversion: Annotated[Number, Quantity(REVERSION, low=0.0)] = 0.0
    """Speed at which the deviation returns to the curve; 0 is a random walk."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        yield from self.curve.complaints(around, ("curve",))

    def build(self, b: Builder, host: Any = None) -> None:
        b.state(PRICE, self.curve.forward(b.start, 0))
        calm = is_zero(self.volatility) and not b.told(JUMPS)
        deviation: Any = 0.0 if calm else b.state(f"{b.name}.log_deviation", 0.0)
        variance: Any = 0.0 if calm else b.state(f"{b.name}.variance", 0.0)
        kappa = np.asarray(self.reversion, dtype=np.float64)
        phi = arrays.exp(-kappa * STEP)
        if not calm:
            safe = np.where(kappa > 0, kappa, 1.0)
            sd = self.volatility * np.sqrt(np.where(kappa > 0, (1.0 - phi**2) / (2.0 * safe), STEP))
            z: Any = 0.0 if is_zero(self.volatility) else b.normal("deviation")
            args = (deviation, variance, z, phi[()], sd, jumped(b))
            b.step(Phase.DRIVERS, deviate, args, writes=(deviation, variance))
        shift, of_rest = shifted(b), 0.0  # type: Any, Any
        if b.told(JUMPS) or b.told(SHIFTS):
            of_rest = Series(log_expectation(b, phi))
        if self.curve.points:
            course = Series(arrays.log(self.curve.forward(b.start, m)) for m in range(b.months + 1))
            b.step(Phase.DRIVERS, price_of_points, (course, deviation, shift, variance, of_rest), writes=(PRICE,))
            return
        until = math.inf if self.curve.drift_for is None else self.curve.drift_for
        forward = (MONTH, self.curve.now, self.curve.drift * STEP, until)
        b.step(Phase.DRIVERS, price, (*forward, deviation, shift, variance, of_rest), writes=(PRICE,))

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"The market price of compute is {say(self.curve.now, '')} times the reference price today; its forward curve "
            f"{self.curve.course(say)}. Around it: volatility {say(self.volatility, '%')} a year, reversion "
            f"{say(self.reversion, '/yr')}."
        )


def deviate(x: float, variance: float, z: float, phi: float, sd: float, jump: float) -> tuple[float, float]:
    """The deviation, and the variance that its normal part has by now."""
    return phi * x + sd * z + jump, phi * phi * variance + sd * sd


def price(
    month: int, now: float, drift: float, until: float, x: float, shift: float, variance: float, of_rest: float
) -> float:
    return now * exp(drift * min(float(month), until) + x + shift - 0.5 * variance - of_rest)


def price_of_points(log_forward: float, x: float, shift: float, variance: float, of_rest: float) -> float:
    return exp(log_forward + x + shift - 0.5 * variance - of_rest)
