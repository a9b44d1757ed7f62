"""An offering of shares (IPO): success drawn once, its month uniform in the window; while funding is shut it waits for the
first month of the window that is not shut, and fails when there is none.

The money comes `lag` months after the listing, whatever the regime is then. The company is valued at the listing, and the
owners are diluted when the money comes.

Funding is shut in the regime that `shut` names; where it names none, in those in which no priced round ever succeeds. With a
`valuation` or a `multiple` it dilutes the owners and is compared with the round before (components/valuation.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np

from simulator.components import by_regime
from simulator.components.base import (
    ALIVE,
    DILUTION,
    MONTH,
    REGIME,
    VALUATION,
    Ago,
    Builder,
    Component,
    Month,
    Phase,
    Problem,
    Surroundings,
    month_label,
    register,
)
from simulator.components.by_regime import ByRegime, pick
from simulator.components.valuation import (
    Multiple,
    is_down,
    issue,
    kept_share,
    pre_money,
    share_register,
    unclear_multiple,
)
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONEY, MONTHS, SHARE


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
valuation = "900B"
"""

    proceeds: Annotated[Number, Quantity(MONEY, low=0.0)]
    """What it raises."""
    probability: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)] = 1.0
    """That it happens, drawn once a path."""
    first: Month
    """First month of the window; the month is drawn evenly."""
    last: Month
    """Last month of the window."""
    lag: Annotated[Number, Quantity(MONTHS, low=0.0, whole=True, drawn=False)] = 0.0
    """From the listing to the money."""
    shut: str | None = None
    """The regime of [market] in which nothing can be offered. Default: those in which no priced round ever succeeds."""
    valuation: Annotated[Number, Quantity(MONEY, low=0.0, open_low=True)] | None = None
    """Of the company before the money."""
    multiple: ByRegime[Multiple] | None = None
    """The same as a multiple of the run-rate, also by regime. Default: the offering is not valued."""

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
        if isinstance(self.lag, float) and self.lag != math.floor(self.lag):
            yield Problem(("lag",), "a lag is a whole number of months", code="E010")
        yield from unclear_multiple(self.multiple, around)
        if self.valuation is not None and self.multiple is not None:
            yield Problem(("multiple",), "the valuation is an amount or a multiple, not both", also=("valuation",))

    @property
    def decided_once(self) -> tuple[str, ...]:
        return ("month", "success")

    def build(self, b: Builder, host: Any = None) -> None:
        received, pending = b.flow(f"{b.name}.received"), b.state(f"{b.name}.pending", 1.0)
        first, last = self.first - b.start, self.last - b.start
        months = last - first + 1
        planned = first + np.minimum(np.floor(np.asarray(b.once("month")) * months), months - 1.0)
        shut = b.shut if self.shut is None else {self.shut}
        closed = tuple(1.0 if regime in shut else 0.0 for regime in b.regimes) or (0.0,)
        success = b.once("success", still=1.0 - 2.0**-33)
        lag = int(self.lag)
        listed = b.flow(f"{b.name}.listed") if lag else received
        b.step(
            Phase.FUNDING,
            list_shares,
            (MONTH, REGIME, pending, planned, success, self.probability, closed, self.proceeds),
            writes=(pending, listed),
            months=(first, min(b.months, last)),
        )
        if lag:
            b.step(Phase.FUNDING, same, (Ago(listed, lag),), writes=(received,))
        b.receipt(received, shadow=False, funding=True)
        b.raised(received)
        if self.valuation is None and self.multiple is None:
            return
        share_register(b)
        pre = self.valuation if self.multiple is None else pre_money(b, self.multiple)
        down, kept = b.flow(f"{b.name}.down"), b.flow(f"{b.name}.kept_share", 1.0)
        priced = (listed, pre, VALUATION)
        b.step(Phase.FUNDING, list_at, priced, writes=(VALUATION, kept, down), months=(first, min(b.months, last)))
        issued = (DILUTION, Ago(kept, lag) if lag else kept, ALIVE)
        b.step(Phase.FUNDING, issue, issued, writes=(DILUTION,), months=(first + lag, min(b.months, last + lag)))
        b.total(down, f"{b.short}.down_rounds", "count")

    def in_words(self, say: Any) -> Iterable[str]:
        worth = ""
        if self.valuation is not None:
            worth = f", at {say(self.valuation, '$')} before the money"
        elif self.multiple is not None:
            worth = f", at {by_regime.words(self.multiple, say, 'times')} the run-rate before the money"
        later = f"; the money comes {say(self.lag, 'months')} later" if self.lag else ""
        yield (
            f"An offering brings {say(self.proceeds, '$')} with probability {say(self.probability, '%')}, in a month from "
            f"{month_label(self.first)} to {month_label(self.last)}{worth}{later}."
        )


def same(x: float) -> float:
    return x


def list_shares(
    month: int,
    regime: float,
    pending: float,
    planned: float,
    u: float,
    probability: float,
    shut: tuple[float, ...],
    proceeds: float,
) -> tuple[float, float]:
    if pending == 0.0 or month < planned or pick(shut, regime) > 0.0:
        return pending, 0.0
    return 0.0, proceeds if u < probability else 0.0


def list_at(proceeds: float, pre: float, latest: float) -> tuple[float, float, float]:
    """(valuation after the money, share that the owners before keep, 1 if it is a down round)."""
    if proceeds == 0.0:
        return latest, 1.0, 0.0
    return pre + proceeds, kept_share(proceeds, pre), is_down(pre, latest)
