"""Revenue by resampling what growth has been: a circular block bootstrap of monthly log growth (Politis & Romano 1992).

    ln R(m) = ln R(m-1) + h(i),   i a month drawn at random, then the block - 1 months after it; after the last comes the first

Every observed month is equally likely in every month, so the mean of log growth is the sample's; inside a block the sample's
order, and with it its persistence, is kept. On the deterministic path growth is the sample's mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import Field

from simulator.components.base import MONTH, RUN_RATE, Builder, Component, Phase, Problem, Surroundings, Table, register
from simulator.mathematics.elementary import exp
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import DRIFT, MONEY_PER_YEAR, MONTHS


@register
class Bootstrap(Component):
    family: ClassVar[str] = "revenue"
    tag: ClassVar[str] = "bootstrap"
    example: ClassVar[str] = """\
[revenue]
type = "bootstrap"
run_rate = "5B/yr"
growth = ["0.08 log/mo", "0.02 log/mo", "-0.03 log/mo", "0.05 log/mo", "0.11 log/mo", "0.01 log/mo"]
block = "3 mo"
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("start",)

    run_rate: Annotated[Number, Quantity(MONEY_PER_YEAR, low=0.0, open_low=True)]
    """Annualised revenue at the opening."""
    growth: Annotated[
        tuple[Annotated[Number, Quantity(DRIFT, drawn=False)], ...], Field(strict=False, min_length=2, max_length=600)
    ]
    """Observed growth, month after month."""
    block: Annotated[Number, Quantity(MONTHS, low=1.0, whole=True, drawn=False)] = 1.0
    """Months that stay together."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if self.block != math.floor(self.block) or self.block > len(self.growth):
            n = len(self.growth)
            yield Problem(("block",), f"a block is a whole number of months, at most the {n} that were observed")

    def build(self, b: Builder, host: Any = None) -> None:
        b.state(RUN_RATE, self.run_rate)
        monthly = [float(g) / 12.0 for g in self.growth]
        if b.deterministic:
            mean = math.fsum(monthly) / len(monthly)
            b.step(Phase.DRIVERS, grow, (RUN_RATE, mean), writes=(RUN_RATE,))
            return
        at = b.state(f"{b.name}.observed_month", 0.0)
        b.step(Phase.DRIVERS, choose, (MONTH, b.uniform("start"), at, self.block, float(len(monthly))), writes=(at,))
        b.step(Phase.DRIVERS, resample, (RUN_RATE, at, Table(monthly)), writes=(RUN_RATE,))

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"Revenue starts at a run-rate of {say(self.run_rate, '$/yr')}; its monthly growth is resampled from "
            f"{len(self.growth)} observed months in blocks of {say(self.block, 'months')}."
        )


def choose(month: int, u: float, at: float, block: float, count: float) -> float:
    if (month - 1) % int(block) == 0:
        return min(float(int(u * count)), count - 1.0)
    return (at + 1.0) % count


def resample(run_rate: float, at: float, growth: tuple[float, ...]) -> float:
    return run_rate * exp(growth[int(at)])


def grow(run_rate: float, growth: float) -> float:
    return run_rate * exp(growth)
