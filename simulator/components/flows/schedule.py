"""A flow with a given amount for each month, from a CSV file or written out; months not listed are zero.

An amount below zero runs the other way. `indexed = "price"`: the amounts are at the reference price of compute.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from simulator.components.base import (
    PRICE,
    Builder,
    Component,
    Month,
    Phase,
    Problem,
    Series,
    Surroundings,
    month_label,
    register,
)
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONEY_PER_MONTH, NUMBER


@register
class Schedule(Component):
    family: ClassVar[str] = "flows"
    tag: ClassVar[str] = "schedule"
    example: ClassVar[str] = """\
[flows.headcount]
type = "schedule"
schedule = { "2026-12" = "40M/mo", "2027-01" = "42M/mo", "2027-02" = "45M/mo" }
"""

    schedule: Annotated[dict[Month, Annotated[Number, Quantity(MONEY_PER_MONTH)]], Field(min_length=1)]
    """Amount by month, written out or from a CSV file; months that are not listed are 0."""
    scale: Annotated[Number, Quantity(NUMBER, low=0.0)] = 1.0
    """All amounts times this."""
    direction: Literal["out", "in"] = "out"
    """Paid, or received."""
    indexed: Literal["price"] | None = None
    """The amounts are at the reference price of compute and move with the market's."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if self.indexed and not around.has_price:
            yield Problem(("indexed",), "there is no [price] to index to", "add a [price] table", "E015")

    def build(self, b: Builder, host: Any = None) -> None:
        received, paid = b.flow(f"{b.name}.received"), b.flow(f"{b.name}.paid_out")
        amounts = Series(self.schedule.get(m + b.start, 0.0) if m else 0.0 for m in range(b.months + 1))
        price: Any = PRICE if self.indexed else 1.0
        sign = 1.0 if self.direction == "in" else -1.0
        b.step(Phase.FIXED_COST, split, (amounts, self.scale, price, sign), writes=(received, paid))
        b.receipt(received)
        b.due(paid, "operating")

    def in_words(self, say: Any) -> Iterable[str]:
        what = "Receives" if self.direction == "in" else "Pays"
        months = sorted(self.schedule)
        scaled = "" if self.scale == 1.0 else f" times {say(self.scale, '')}"
        yield f"{what} a schedule of {len(months)} months, {month_label(months[0])} to {month_label(months[-1])}{scaled}."


def split(amount: float, scale: float, price: float, sign: float) -> tuple[float, float]:
    flow = amount * scale * price * sign
    return max(0.0, flow), max(0.0, -flow)
