"""A flow whose amount is drawn anew every month, independent from month to month.

A drawn amount below zero runs the other way: with direction "in", a negative draw falls due.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from simulator.components.base import Builder, Component, Month, Phase, Sampled, SampledField, month_label, register
from simulator.quantities.number import Quantity
from simulator.quantities.units import MONEY_PER_MONTH


@register
class Random(Component):
    family: ClassVar[str] = "flows"
    tag: ClassVar[str] = "random"
    example: ClassVar[str] = """\
[flows.working_capital]
type = "random"
amount = { normal = { mean = "0M/mo", sd = "50M/mo" } }
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("amount",)

    amount: Annotated[Sampled, SampledField(Quantity(MONEY_PER_MONTH))]
    """Drawn anew each month; below 0 it runs the other way."""
    start: Month | None = None
    """First month. Default: month 1."""
    end: Month | None = None
    """Last month. Default: the horizon."""
    direction: Literal["out", "in"] = "out"
    """Paid, or received."""

    def build(self, b: Builder, host: Any = None) -> None:
        first = 1 if self.start is None else max(1, self.start - b.start)
        last = b.months if self.end is None else min(b.months, self.end - b.start)
        received, paid = b.flow(f"{b.name}.received"), b.flow(f"{b.name}.paid_out")
        sign = 1.0 if self.direction == "in" else -1.0
        b.step(
            Phase.FIXED_COST,
            split,
            (b.sample("amount", self.amount), sign),
            writes=(received, paid),
            months=(first, last),
        )
        b.receipt(received)
        b.due(paid, "operating")

    def in_words(self, say: Any) -> Iterable[str]:
        what = "Receives" if self.direction == "in" else "Pays"
        since = "" if self.start is None else f" from {month_label(self.start)}"
        until = "" if self.end is None else f" to {month_label(self.end)}"
        yield f"{what} an amount drawn every month: {say(self.amount.number, '$/mo')}{since}{until}."


def split(amount: float, sign: float) -> tuple[float, float]:
    flow = amount * sign
    return max(0.0, flow), max(0.0, -flow)
