"""A revolving credit line: drawn when cash does not suffice, repaid out of what is left after all dues.

Interest on the opening drawn amount and a commitment fee on the opening undrawn amount are due each month. A breach of a
covenant at the last close stops new draws (`draw_stop = false` switches that off). In its month of maturity the drawn
amount falls due and the limit is 0 from then on; there is no renewal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import Field

from simulator.components.base import (
    ALIVE,
    MONTH,
    STOPPED,
    Builder,
    Component,
    Month,
    Phase,
    Problem,
    Surroundings,
    cure_months,
    month_label,
    register,
)
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import DURATION, INTEREST, MONEY


@register
class Revolver(Component):
    family: ClassVar[str] = "financing"
    tag: ClassVar[str] = "revolver"
    example: ClassVar[str] = """\
[financing.line]
type = "revolver"
limit = "15B"
rate = "6 %/yr nominal"
commitment_fee = "0.25 %/yr nominal"
"""

    limit: Annotated[Number, Quantity(MONEY, low=0.0)]
    """The most that may be drawn."""
    drawn: Annotated[Number, Quantity(MONEY, low=0.0)] = 0.0
    """At the opening."""
    rate: Annotated[Number, Quantity(INTEREST, low=0.0)] = 0.0
    """On what was drawn at the last close; lines are quoted `nominal`."""
    commitment_fee: Annotated[Number, Quantity(INTEREST, low=0.0)] = 0.0
    """On what was not drawn."""
    maturity: Month | None = None
    """The month in which what is drawn falls due and the limit ends. Default: after the horizon."""
    draw_stop: bool = True
    """Whether a breached covenant stops draws in the next month."""
    rank: Annotated[int, Field(ge=1, le=5)] = 2
    """1 … 5, paid in this order: operating 1, lines 2, contracts 3."""
    cure: Annotated[Number, Quantity(DURATION, low=0.0, whole=True)] | None = None
    """How long its dues may stay unpaid. Default: as in [default]."""
    late_interest: Annotated[Number, Quantity(INTEREST, low=0.0)] | None = None
    """On arrears. Default: as in [default]."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if isinstance(self.limit, float) and isinstance(self.drawn, float) and self.drawn > self.limit:
            yield Problem(
                ("drawn",),
                f"more is drawn ({self.drawn:,.0f} $) than the limit allows ({self.limit:,.0f} $)",
                also=("limit",),
            )
        if self.maturity is not None and self.maturity < around.start:
            yield Problem(("maturity",), f"the line has matured ({month_label(self.maturity)}) before month 1")

    def build(self, b: Builder, host: Any = None) -> None:
        maturity = float("inf") if self.maturity is None else float(self.maturity - b.start)
        drawn, permit = b.state(f"{b.name}.drawn", self.drawn), b.state(f"{b.name}.permit", 1.0)
        interest, fee = b.flow(f"{b.name}.interest"), b.flow(f"{b.name}.commitment_fee")
        stop: Any = STOPPED if self.draw_stop else 0.0
        b.step(Phase.OPEN, permit_draws, (MONTH, ALIVE, permit, stop, maturity), writes=(permit,))
        live = float("inf") if self.maturity is None else maturity
        b.step(
            Phase.INTEREST,
            accrue,
            (MONTH, drawn, self.limit, self.rate, self.commitment_fee, live),
            writes=(interest, fee),
        )
        b.claim(b.name, "debt", self.rank, None if self.cure is None else cure_months(self.cure), self.late_interest)
        b.due(interest, b.name, shadow=False)
        b.due(fee, b.name, shadow=False)
        if self.maturity is not None and 1 <= maturity <= b.months:
            principal = b.flow(f"{b.name}.principal")
            m = int(maturity)
            b.step(Phase.DEBT_SERVICE, mature, (drawn, ALIVE), writes=(drawn, principal), months=(m, m))
            b.due(principal, b.name, shadow=False, burn=False)
        b.line(b.name, self.limit)

    def in_words(self, say: Any) -> Iterable[str]:
        until = "" if self.maturity is None else f" to {month_label(self.maturity)}"
        stop = "; a covenant breach stops draws" if self.draw_stop else ""
        yield f"A revolving line of {say(self.limit, '$')}{until} at {say(self.rate, '%/mo')} on what is drawn{stop}."


def permit_draws(month: int, alive: float, permit: float, stop: float, maturity: float) -> float:
    if alive == 0.0:
        return permit  # liquidity stays as it was at the ending
    return 0.0 if stop > 0.0 or month >= maturity else 1.0


def accrue(
    month: int, drawn: float, limit: float, rate: float, commitment_fee: float, maturity: float
) -> tuple[float, float]:
    undrawn = max(0.0, limit - drawn) if month <= maturity else 0.0
    return drawn * rate, undrawn * commitment_fee


def mature(drawn: float, alive: float) -> tuple[float, float]:
    if alive > 0.0:
        return 0.0, drawn
    return drawn, 0.0
