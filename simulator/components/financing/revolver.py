"""A revolving credit line: drawn when cash does not suffice, repaid out of what is left after all dues.

Interest on the opening drawn amount and a commitment fee on the opening undrawn amount are due each month. A breach of a
covenant at the last close stops new draws (`draw_stop = false` switches that off). In its month of maturity the drawn
amount falls due and the limit is 0 from then on, unless the line has a `renewal` and that succeeds: then it runs on with what is
drawn. What falls due after a failed renewal is a claim of its own, without cure, like the principal of a loan.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import Field

from simulator.components import interest
from simulator.components.base import (
    ALIVE,
    MONTH,
    REGIME,
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
from simulator.components.interest import monthly_rate
from simulator.components.refinancing import Refinancing, prolong
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

[rates]
type = "vasicek"
now = "4.3 %/yr nominal"
level = "3.5 %/yr nominal"
volatility = "1.1 %/yr"
reversion = "0.25 /yr"

[financing.floating_line]
type = "revolver"
limit = "5B"
spread = "3 %/yr nominal"
maturity = "2029-06"
renewal = { success = 0.9, term = "3 yr" }
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("renewal",)

    limit: Annotated[Number, Quantity(MONEY, low=0.0)]
    """The most that may be drawn."""
    drawn: Annotated[Number, Quantity(MONEY, low=0.0)] = 0.0
    """At the opening."""
    rate: Annotated[Number, Quantity(INTEREST, low=0.0)] = 0.0
    """On what was drawn at the last close; lines are quoted `nominal`."""
    spread: Annotated[Number, Quantity(INTEREST, low=0.0)] | None = None
    """Over the reference rate of [rates], instead of a fixed `rate`."""
    reference_floor: Annotated[Number, Quantity(INTEREST)] | None = None
    """The least that the reference rate is counted as. Default: interest may fall to nought, not below."""
    commitment_fee: Annotated[Number, Quantity(INTEREST, low=0.0)] = 0.0
    """On what was not drawn."""
    maturity: Month | None = None
    """The month in which what is drawn falls due and the limit ends. Default: after the horizon."""
    renewal: Refinancing | None = None
    """What happens at maturity. Default: the line ends."""
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
        yield from interest.unclear(self, around)
        if self.renewal is not None:
            yield from self.renewal.complaints("renewal", around)
            if self.maturity is None:
                yield Problem(("renewal",), "a line without maturity needs no renewal", 'maturity = "2029-06"')

    def build(self, b: Builder, host: Any = None) -> None:
        last = float("inf") if self.maturity is None else float(self.maturity - b.start)
        drawn, permit = b.state(f"{b.name}.drawn", self.drawn), b.state(f"{b.name}.permit", 1.0)
        accrued, fee = b.flow(f"{b.name}.interest"), b.flow(f"{b.name}.commitment_fee")
        stop: Any = STOPPED if self.draw_stop else 0.0
        maturity: Any = last
        price: tuple[Any, Any] = (interest.margin(self), interest.floating(self))
        ever_floats = self.spread is not None
        if self.renewal is not None:
            maturity = b.state(f"{b.name}.matures", last)
            price = (b.state(f"{b.name}.margin", price[0]), b.state(f"{b.name}.floats", price[1]))
            ever_floats = ever_floats or self.renewal.spread is not None
        b.step(Phase.OPEN, permit_draws, (MONTH, ALIVE, permit, stop, maturity), writes=(permit,))
        terms = (self.limit, self.commitment_fee, maturity, *price, *interest.fixing(self, ever_floats))
        b.step(Phase.INTEREST, accrue, (MONTH, drawn, *terms), writes=(accrued, fee))
        b.claim(b.name, "debt", self.rank, None if self.cure is None else cure_months(self.cure), self.late_interest)
        b.due(accrued, b.name, shadow=False)
        b.due(fee, b.name, shadow=False)
        if self.renewal is not None:
            self._renew(b, drawn, permit, stop, price)
        elif 1 <= last <= b.months:
            principal = b.flow(f"{b.name}.principal")
            m = int(last)
            b.step(Phase.DEBT_SERVICE, mature, (drawn, ALIVE), writes=(drawn, principal), months=(m, m))
            b.due(principal, b.name, shadow=False, burn=False)
        b.line(b.name, self.limit)

    def _renew(self, b: Builder, drawn: str, permit: str, stop: Any, price: tuple[Any, Any]) -> None:
        assert self.renewal is not None
        principal, matures = b.flow(f"{b.name}.principal"), f"{b.name}.matures"
        done, failed = b.flow(f"{b.name}.renewed"), b.flow(f"{b.name}.renewal_failed")
        run_on = (REGIME, b.uniform("renewal"), matures, *price, *self.renewal.terms(b.regimes))
        b.step(
            Phase.DEBT_SERVICE,
            mature_or_renew,
            (MONTH, drawn, permit, ALIVE, stop, *run_on),
            writes=(drawn, permit, principal, matures, *price, done, failed),
        )
        b.claim(f"{b.name}.repayment", "debt", self.rank, 0.0, self.late_interest)
        b.due(principal, f"{b.name}.repayment", shadow=False, burn=False)
        b.exposure(f"{b.name}.repayment", 0.0, 0.0)
        b.refinancing(f"{b.name}.repayment", failed)
        b.total(done, f"{b.short}.renewed", "count")
        b.total(failed, f"{b.short}.renewal_failed", "count")

    def in_words(self, say: Any) -> Iterable[str]:
        until = "" if self.maturity is None else f" to {month_label(self.maturity)}"
        stop = "; a covenant breach stops draws" if self.draw_stop else ""
        yield f"A revolving line of {say(self.limit, '$')}{until} at {interest.words(self, say)} on what is drawn{stop}."
        if self.renewal is not None:
            yield f"It is {self.renewal.words(say)}."


def permit_draws(month: int, alive: float, permit: float, stop: float, maturity: float) -> float:
    if alive == 0.0:
        return permit  # liquidity stays as it was at the ending
    return 0.0 if stop > 0.0 or month >= maturity else 1.0


def accrue(
    month: int,
    drawn: float,
    limit: float,
    commitment_fee: float,
    maturity: float,
    margin: float,
    floats: float,
    fixing: float,
    floor: float,
) -> tuple[float, float]:
    undrawn = max(0.0, limit - drawn) if month <= maturity else 0.0
    return drawn * monthly_rate(margin, floats, fixing, floor), undrawn * commitment_fee


def mature(drawn: float, alive: float) -> tuple[float, float]:
    if alive > 0.0:
        return 0.0, drawn
    return drawn, 0.0


def mature_or_renew(
    month: int,
    drawn: float,
    permit: float,
    alive: float,
    stop: float,
    regime: float,
    u: float,
    matures: float,
    margin: float,
    floats: float,
    success: tuple[float, ...],
    term: float,
    prices: tuple[float, ...],
    floating: float,
) -> tuple[float, float, float, float, float, float, float, float]:
    """(drawn, permit, principal due, next maturity, margin, 1 if it floats, 1 if renewed, 1 if that failed)."""
    if alive == 0.0 or month != matures:
        return drawn, permit, 0.0, matures, margin, floats, 0.0, 0.0
    done, matures, margin, floats = prolong(regime, u, matures, margin, floats, success, term, prices, floating)
    if done:
        return drawn, 0.0 if stop > 0.0 else 1.0, 0.0, matures, margin, floats, 1.0, 0.0
    return 0.0, permit, drawn, matures, margin, floats, 0.0, 1.0
