"""Market price of compute as an index around a forward curve (Schwartz 1997, one factor).

    I(m) = F(m) exp(X(m)) / E[exp(X(m))],   X(m) = φ X(m-1) + σ √((1 - φ²) / 2κ) x,   φ = exp(-κ Δ),   X(0) = 0

Jumps (a clause below it) are added to X after reversion and decay from the next month; they enter E[.] exactly.

F(m) = now x exp(drift x m/12) as long as `drift_for` says, flat after; or given points, linear in the logarithm between
them and flat after. E[I(m)] = F(m) exactly. I = 1 is the reference price.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from simulator.components.base import (
    JUMPS,
    MONTH,
    PRICE,
    PRICE_JUMP,
    Builder,
    Component,
    Month,
    Phase,
    Problem,
    Series,
    Surroundings,
    is_fixed,
    is_zero,
    register,
)
from simulator.mathematics.elementary import exp
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import DRIFT, MONTHS, NUMBER, REVERSION, VOLATILITY

STEP = 1.0 / 12.0


class Point(Component):
    family: ClassVar[str] = "part"
    month: Month
    """A month of the curve."""
    index: Annotated[Number, Quantity(NUMBER, low=0.0, open_low=True)]
    """The forward index for its end."""


class Curve(Component):
    family: ClassVar[str] = "part"
    now: Annotated[Number, Quantity(NUMBER, low=0.0, open_low=True)] = 1.0
    """The index at the opening; 1 is the reference price."""
    drift: Annotated[Number, Quantity(DRIFT)] = 0.0
    """Of the forward curve."""
    drift_for: Annotated[Number, Quantity(MONTHS, low=0.0)] | None = None
    """How long it drifts; flat after. Default: to the horizon."""
    points: Annotated[tuple[Point, ...], Field(strict=False)] = ()
    """The curve point by point instead of a drift."""


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

    curve: Curve = Curve()
    """Expected price by month."""
    volatility: Annotated[Number, Quantity(VOLATILITY, low=0.0)] = 0.0
    """Of the deviation from the curve."""
    reversion: Annotated[Number, Quantity(REVERSION, low=0.0)] = 0.0
    """Speed at which the deviation returns to the curve; 0 is a random walk."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        months = [point.month for point in self.curve.points]
        for k in range(1, len(months)):
            if months[k] <= months[k - 1]:
                yield Problem(("curve", "points", k), "the points of a forward curve are in the order of their months")
        if months and months[0] < around.start:
            yield Problem(("curve", "points", 0), "the first point lies before month 1; `now` is the opening's price")
        if months and (not is_fixed(self.curve.drift, 0.0) or self.curve.drift_for is not None):
            yield Problem(("curve", "points"), "a forward curve has either points or a drift", "delete one of them")

    def build(self, b: Builder, host: Any = None) -> None:
        b.state(PRICE, self.forward(b, 0))
        calm = is_zero(self.volatility) and not b.told(JUMPS)
        deviation: Any = 0.0 if calm else b.state(f"{b.name}.log_deviation", 0.0)
        variance: Any = 0.0 if calm else b.state(f"{b.name}.variance", 0.0)
        of_jumps: Any = 0.0
        if not calm:
            kappa = np.asarray(self.reversion, dtype=np.float64)
            phi = np.exp(-kappa * STEP)
            safe = np.where(kappa > 0, kappa, 1.0)
            sd = self.volatility * np.sqrt(np.where(kappa > 0, (1.0 - phi**2) / (2.0 * safe), STEP))
            jump: Any = PRICE_JUMP if b.told(JUMPS) else 0.0
            z: Any = 0.0 if is_zero(self.volatility) else b.normal("deviation")
            args = (deviation, variance, z, phi[()], sd, jump)
            b.step(Phase.DRIVERS, deviate, args, writes=(deviation, variance))
            if b.told(JUMPS):
                of_jumps = Series(self.of_jumps(b, phi, m) for m in range(b.months + 1))
        if self.curve.points:
            course = Series(np.log(self.forward(b, m)) for m in range(b.months + 1))
            b.step(Phase.DRIVERS, price_of_points, (course, deviation, variance, of_jumps), writes=(PRICE,))
            return
        until = math.inf if self.curve.drift_for is None else self.curve.drift_for
        forward = (MONTH, self.curve.now, self.curve.drift * STEP, until)
        b.step(Phase.DRIVERS, price, (*forward, deviation, variance, of_jumps), writes=(PRICE,))

    def of_jumps(self, b: Builder, phi: Any, m: int) -> Any:
        """ln E[exp(what is left in month m of the jumps so far)]: a jump of j months ago is left with φ^j."""
        return sum(cumulant(phi**j) for cumulant in b.told(JUMPS) for j in range(m))

    def forward(self, b: Builder, m: int) -> Any:
        """F at the end of month m; a number or an array over paths."""
        c = self.curve
        if c.points:
            at = [0.0] + [float(p.month - b.start) for p in c.points]
            logs = [np.log(c.now)] + [np.log(p.index) for p in c.points]
            k = int(np.searchsorted(at, m, side="right")) - 1
            if k >= len(at) - 1:
                return np.exp(logs[-1])
            share = (m - at[k]) / (at[k + 1] - at[k])
            return np.exp(logs[k] + share * (logs[k + 1] - logs[k]))
        drifting = float(m) if c.drift_for is None else np.minimum(float(m), c.drift_for)
        return c.now * np.exp(c.drift * drifting / 12.0)

    def in_words(self, say: Any) -> Iterable[str]:
        c = self.curve
        course = "follows the given points" if c.points else f"drifts by {say(c.drift, 'log/yr')}"
        until = "" if c.drift_for is None else f" for {say(c.drift_for, 'months')}, flat after"
        yield (
            f"The market price of compute is {say(c.now, '')} times the reference price today; its forward curve {course}"
            f"{until}. Around it: volatility {say(self.volatility, '%')} a year, reversion {say(self.reversion, '/yr')}."
        )


def deviate(x: float, variance: float, z: float, phi: float, sd: float, jump: float) -> tuple[float, float]:
    """The deviation, and the variance that its normal part has by now."""
    return phi * x + sd * z + jump, phi * phi * variance + sd * sd


def price(month: int, now: float, drift: float, until: float, x: float, variance: float, of_jumps: float) -> float:
    return now * exp(drift * min(float(month), until) + x - 0.5 * variance - of_jumps)


def price_of_points(log_forward: float, x: float, variance: float, of_jumps: float) -> float:
    return exp(log_forward + x - 0.5 * variance - of_jumps)
