"""Revenue around a plan: a run-rate for each month, from a CSV file or written out, with noise that keeps its mean.

    R(m) = P(m) exp(Y(m)) / E[exp(Y(m))],   Y(m) = φ Y(m-1) + σ √((1 - φ²) / 2κ) x,   φ = exp(-κ Δ),   Y(0) = 0

P(m) is the plan at the end of month m: linear in the logarithm between the months it lists, flat before and after.
E[R(m)] = P(m) exactly. Without reversion (κ = 0) the deviation is a random walk with σ a year. A customer lost and a jump
(clauses below it) move R for good: it goes on at the share of the plan that they left.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from simulator.components.base import (
    RUN_RATE,
    Builder,
    Component,
    Month,
    Phase,
    Series,
    is_zero,
    month_label,
    register,
)
from simulator.mathematics import arrays
from simulator.mathematics.elementary import exp
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONEY_PER_YEAR, NUMBER, REVERSION, VOLATILITY

STEP = 1.0 / 12.0


@register
class Plan(Component):
    family: ClassVar[str] = "revenue"
    tag: ClassVar[str] = "plan"
    example: ClassVar[str] = """\
[revenue]
type = "plan"
plan = { "2026-12" = "1.0B/yr", "2027-12" = "2.5B/yr", "2028-12" = "4.0B/yr" }
volatility = "30 %/yr"
reversion = "0.5 /yr"
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("level",)

    plan: Annotated[
        dict[Month, Annotated[Number, Quantity(MONEY_PER_YEAR, low=0.0, open_low=True)]], Field(min_length=1)
    ]
    """Run-rate by month; months between the listed ones are interpolated."""
    scale: Annotated[Number, Quantity(NUMBER, low=0.0, open_low=True)] = 1.0
    """The whole plan times this."""
    volatility: Annotated[Number, Quantity(VOLATILITY, low=0.0)] = 0.0
    """Of the deviation from the plan."""
    reversion: Annotated[Number, Quantity(REVERSION, low=0.0)] = 0.0
    """Speed at which the deviation returns to the plan."""

    def build(self, b: Builder, host: Any = None) -> None:
        plan = [self.scale * self.at(m + b.start) for m in range(b.months + 1)]
        b.state(RUN_RATE, plan[0])
        planned = b.state(f"{b.name}.planned", plan[0])  # what the run-rate would be without events
        if is_zero(self.volatility):
            b.step(Phase.DRIVERS, follow, (RUN_RATE, planned, Series(plan)), writes=(RUN_RATE, planned))
            return
        kappa = np.asarray(self.reversion, dtype=np.float64)
        phi = arrays.exp(-kappa * STEP)
        safe = np.where(kappa > 0, kappa, 1.0)
        square = np.square(self.volatility)
        sd = np.sqrt(square * np.where(kappa > 0, (1.0 - phi**2) / (2.0 * safe), STEP))
        variance = [
            square * np.where(kappa > 0, -arrays.expm1(-2.0 * kappa * STEP * m) / (2.0 * safe), STEP * m)
            for m in range(b.months + 1)
        ]
        deviation = b.state(f"{b.name}.log_deviation", 0.0)
        b.step(Phase.DRIVERS, deviate, (deviation, b.normal("level"), phi, sd), writes=(deviation,))
        compensated = Series(p * arrays.exp(-0.5 * v) for p, v in zip(plan, variance, strict=True))
        b.step(Phase.DRIVERS, deviated, (RUN_RATE, planned, deviation, compensated), writes=(RUN_RATE, planned))

    def at(self, month: int) -> Any:
        """The plan of a calendar month; a number or an array over paths."""
        months = sorted(self.plan)
        k = int(np.searchsorted(months, month, side="right")) - 1
        if k < 0 or k == len(months) - 1:
            return self.plan[months[max(k, 0)]]
        share = (month - months[k]) / (months[k + 1] - months[k])
        return arrays.exp(
            (1.0 - share) * arrays.log(self.plan[months[k]]) + share * arrays.log(self.plan[months[k + 1]])
        )

    def in_words(self, say: Any) -> Iterable[str]:
        months = sorted(self.plan)
        scaled = "" if self.scale == 1.0 else f", times {say(self.scale, '')}"
        yield (
            f"Revenue follows a plan from {say(self.plan[months[0]], '$/yr')} in {month_label(months[0])} to "
            f"{say(self.plan[months[-1]], '$/yr')} in {month_label(months[-1])}{scaled}, with a volatility of "
            f"{say(self.volatility, '%')} a year and reversion {say(self.reversion, '/yr')}."
        )


def follow(run_rate: float, planned: float, plan: float) -> tuple[float, float]:
    return run_rate / planned * plan, plan


def deviate(y: float, z: float, phi: float, sd: float) -> float:
    return phi * y + sd * z


def deviated(run_rate: float, planned: float, y: float, compensated_plan: float) -> tuple[float, float]:
    now = compensated_plan * exp(y)
    return run_rate / planned * now, now
