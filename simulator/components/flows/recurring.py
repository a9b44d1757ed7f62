"""A flow that recurs every month: base x (1 + growth)^k, k months after its first month. Growth 0 is a fixed flow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

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
from simulator.mathematics import arrays
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import INTEREST, MONEY_PER_MONTH


@register
class Recurring(Component):
    family: ClassVar[str] = "flows"
    tag: ClassVar[str] = "recurring"
    example: ClassVar[str] = """\
[flows.operating_expense]
amount = "18B/yr"
growth = "0.25 log/yr"
"""

    amount: Annotated[Number, Quantity(MONEY_PER_MONTH, low=0.0)]
    """In its first month."""
    growth: Annotated[Number, Quantity(INTEREST)] = 0.0
    """From its first month on."""
    start: Month | None = None
    """First month. Default: month 1."""
    end: Month | None = None
    """Last month. Default: the horizon."""
    direction: Literal["out", "in"] = "out"
    """Paid, or received."""
    indexed: Literal["price"] | None = None
    """The amount is at the reference price of compute and moves with the market's."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if self.start is not None and self.end is not None and self.end < self.start:
            yield Problem(
                ("end",), f"the flow ends ({month_label(self.end)}) before it starts ({month_label(self.start)})"
            )
        if self.indexed and not around.has_price:
            yield Problem(("indexed",), "there is no [price] to index to", "add a [price] table", "E015")

    def build(self, b: Builder, host: Any = None) -> None:
        first = 1 if self.start is None else self.start - b.start
        last = b.months if self.end is None else min(b.months, self.end - b.start)
        amount = b.flow(f"{b.name}.amount")
        growth = self.grown(b, first, last)
        price: Any = PRICE if self.indexed else 1.0
        months = (max(1, first), last)
        kept, frozen = f"{b.name}.kept", f"{b.name}.frozen"  # what policies have done to it
        if b.is_written(kept) or b.is_written(frozen):
            plan = b.flow(f"{b.name}.plan")
            limit: Any = frozen if b.is_written(frozen) else -1.0
            share: Any = kept if b.is_written(kept) else 1.0
            until = (1, last)  # before it begins its plan is its first amount, which a freeze then keeps
            b.step(Phase.FIXED_COST, planned, (self.amount, growth, limit), writes=(plan,), months=until)
            b.step(Phase.FIXED_COST, grow, (plan, share, price), writes=(amount,), months=months)
        else:
            b.step(Phase.FIXED_COST, grow, (self.amount, growth, price), writes=(amount,), months=months)
        if self.direction == "in":
            b.receipt(amount)
        else:
            b.due(amount, "operating")

    def grown(self, b: Builder, first: int, last: int) -> Any:
        """(1 + growth)^k, k months after the first: by month, or carried along where growth differs by path."""
        if isinstance(self.growth, float):
            return Series(arrays.power(1.0 + self.growth, max(0, m - first)) for m in range(b.months + 1))
        factor = b.state(f"{b.name}.growth_factor", arrays.power(1.0 + self.growth, max(0, -first)))
        args = (factor, 1.0 + self.growth)
        b.step(Phase.FIXED_COST, compound, args, writes=(factor,), months=(max(1, first + 1), last))
        return factor

    def in_words(self, say: Any) -> Iterable[str]:
        what = "Pays" if self.direction == "out" else "Receives"
        grows = (
            "" if isinstance(self.growth, float) and self.growth == 0.0 else f", growing by {say(self.growth, '%/mo')}"
        )
        since = "" if self.start is None else f" from {month_label(self.start)}"
        until = "" if self.end is None else f" to {month_label(self.end)}"
        at = " at the market price of compute" if self.indexed else ""
        yield f"{what} {say(self.amount, '$/mo')}{grows}{since}{until}{at}."


def planned(base: float, growth: float, frozen: float) -> float:
    return base * growth if frozen < 0.0 else frozen


def compound(factor: float, growth: float) -> float:
    return factor * growth


def grow(base: float, growth: float, price: float) -> float:
    return base * growth * price
