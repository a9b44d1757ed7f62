"""A single payment or receipt in one month, with a probability."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from simulator.components.base import (
    Builder,
    Component,
    Month,
    Phase,
    Problem,
    Surroundings,
    is_fixed,
    month_label,
    register,
)
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONEY, SHARE


@register
class OneOff(Component):
    family: ClassVar[str] = "flows"
    tag: ClassVar[str] = "one_off"
    example: ClassVar[str] = """\
[flows.settlement]
type = "one_off"
amount = "1.5B"
month = "2027-06"
probability = "60 %"
"""

    amount: Annotated[Number, Quantity(MONEY, low=0.0)]
    """The amount."""
    month: Month
    """When it falls due or arrives."""
    probability: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)] = 1.0
    """That it happens, drawn once a path."""
    direction: Literal["out", "in"] = "out"
    """Paid, or received."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if self.month < around.start:
            yield Problem(("month",), f"{month_label(self.month)} lies before month 1 ({month_label(around.start)})")

    @property
    def decided_once(self) -> tuple[str, ...]:
        return ("event",)

    def build(self, b: Builder, host: Any = None) -> None:
        amount = b.flow(f"{b.name}.amount")
        u: Any = 0.0 if is_fixed(self.probability, 1.0) else b.once("event", still=1.0 - 2.0**-33)
        month = self.month - b.start
        b.step(Phase.FIXED_COST, happen, (u, self.probability, self.amount), writes=(amount,), months=(month, month))
        if self.direction == "in":
            b.receipt(amount)
        else:
            b.due(amount, "operating")

    def in_words(self, say: Any) -> Iterable[str]:
        what = "Pays" if self.direction == "out" else "Receives"
        chance = "" if is_fixed(self.probability, 1.0) else f" with probability {say(self.probability, '%')}"
        yield f"{what} {say(self.amount, '$')} once, in {month_label(self.month)}{chance}."


def happen(u: float, probability: float, amount: float) -> float:
    return amount if u < probability else 0.0
