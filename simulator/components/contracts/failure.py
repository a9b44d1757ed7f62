"""Failure of the supplier: it stops delivering for good, with a hazard of its own, whatever the market and the buyer do.

    probability of a month, from the start to the month before the end:  1 - exp(-h / 12)

The month of the failure is delivered and due; from the next there is no capacity, no fee and no exposure. Of unused prepaid
credit and of the deposit a share comes back in the month of the failure; the rest is lost. Need is then met by what is left
and by overflow at the market price. A running notice ends with it, and so does its fee if that is not due yet. After a
default suppliers do not fail, nor on the deterministic path.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components.base import ALIVE, MONTH, SERVED, Builder, Component, Phase, register
from simulator.components.sides import FAILED, Recall, recall
from simulator.mathematics.elementary import exp
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import HAZARD, SHARE


@register
class Failure(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "contracts"
    tag: ClassVar[str] = "failure"
    order: ClassVar[int] = 15
    example: ClassVar[str] = """\
[contracts.gpu]
fee = "120M/mo"
start = "2026-12"
end = "2029-05"
security.deposit = "240M"

[contracts.gpu.failure]
hazard = "5 %/yr"
recovery = "30 %"
recall = { revenue_lost = "10 %", months = "4 mo" }
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("event",)

    hazard: Annotated[Number, Quantity(HAZARD, low=0.0)]
    """How often the supplier fails."""
    recovery: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)] = 0.0
    """Share of unused prepaid credit and of the deposit that comes back."""
    recall: Recall | None = None
    """What the failure costs in revenue. Default: nothing but what overflow costs."""

    def build(self, b: Builder, host: Any = None) -> None:
        contract = b.name.removesuffix(".failure")
        last, side = b.state(f"{contract}.last", host.end_by_path(b, contract)), b.state(f"{contract}.side", 0.0)
        failed_in = b.state(f"{b.name}.month", 0.0)
        b.state(f"{contract}.recovered", self.recovery)
        b.step(
            Phase.POLICIES + 2,
            fail,
            (MONTH, ALIVE, b.uniform("event", still=1.0), self.hazard, last, side, failed_in),
            writes=(last, side, failed_in),
            months=host.window(b, contract),
        )
        if self.recall is not None:
            r = self.recall
            b.step(Phase.OPEN, recall, (MONTH, SERVED, last, side, FAILED, r.revenue_lost, r.months), writes=(SERVED,))
        b.final(failed_in, f"{contract.split('.', 1)[1]}.failure_month", "month, 0 none", "month")

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"The supplier fails with a hazard of {say(self.hazard, '%')} a year; {say(self.recovery, '%')} of unused "
            "credit and of the deposit comes back."
        )
        if self.recall is not None:
            yield f"That costs {say(self.recall.revenue_lost, '%')} of revenue for {say(self.recall.months, 'months')}."


def fail(
    month: int, alive: float, u: float, hazard: float, last: float, side: float, failed_in: float
) -> tuple[float, float, float]:
    if alive > 0.0 and month < last and u < 1.0 - exp(-hazard / 12.0):
        return float(month), FAILED, float(month)
    return last, side, failed_in
