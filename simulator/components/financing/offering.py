"""An offering of shares (IPO): success drawn once, its month uniform in the window; while funding is shut it waits for the
first month of the window that is not shut, and fails when there is none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np

from simulator.components.base import (
    MONTH,
    REGIME,
    Builder,
    Component,
    Month,
    Phase,
    Problem,
    Surroundings,
    month_label,
    register,
)
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONEY, SHARE


@register
class Offering(Component):
    family: ClassVar[str] = "financing"
    tag: ClassVar[str] = "offering"
    example: ClassVar[str] = """\
[financing.ipo]
type = "offering"
proceeds = "60B"
probability = "75 %"
first = "2026-12"
last = "2027-03"
"""

    proceeds: Annotated[Number, Quantity(MONEY, low=0.0)]
    """What it raises."""
    probability: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)] = 1.0
    """That it happens, drawn once a path."""
    first: Month
    """First month of the window; the month is drawn evenly."""
    last: Month
    """Last month of the window."""
    shut: str | None = None
    """The regime of [market] in which nothing can be offered; it then waits inside the window, else fails."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if self.last < self.first:
            yield Problem(
                ("last",), f"the window ends ({month_label(self.last)}) before it opens ({month_label(self.first)})"
            )
        if self.first < around.start:
            yield Problem(("first",), f"the window opens before month 1 ({month_label(around.start)})")
        if self.shut is not None and self.shut not in around.regimes:
            known = ", ".join(around.regimes) or "there is no [market]"
            yield Problem(("shut",), f"`{self.shut}` is no regime", f"regimes: {known}", "E015")

    def build(self, b: Builder, host: Any = None) -> None:
        received, pending = b.flow(f"{b.name}.received"), b.state(f"{b.name}.pending", 1.0)
        first, last = self.first - b.start, self.last - b.start
        months = last - first + 1
        planned = first + np.minimum(np.floor(np.asarray(b.once("month")) * months), months - 1.0)
        shut = -1.0 if self.shut is None else float(b.regimes.index(self.shut))
        success = b.once("success", still=1.0 - 2.0**-33)
        b.step(
            Phase.FUNDING,
            list_shares,
            (MONTH, REGIME, pending, planned, success, self.probability, shut, self.proceeds),
            writes=(pending, received),
            months=(first, min(b.months, last)),
        )
        b.receipt(received, shadow=False, funding=True)
        b.raised(received)

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"An offering brings {say(self.proceeds, '$')} with probability {say(self.probability, '%')}, in a month from "
            f"{month_label(self.first)} to {month_label(self.last)}."
        )


def list_shares(
    month: int,
    regime: float,
    pending: float,
    planned: float,
    u: float,
    probability: float,
    shut: float,
    proceeds: float,
) -> tuple[float, float]:
    if pending == 0.0 or month < planned or regime == shut:
        return pending, 0.0
    return 0.0, proceeds if u < probability else 0.0
