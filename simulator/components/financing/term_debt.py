"""Term debt: a loan outstanding at the opening, or drawn in a given month; repaid at maturity or in equal parts.

Interest is due on the balance of the last close. `bullet`: the principal falls due in the maturity month. `amortising`: equal
parts of the principal from the first repayment to the maturity month. A principal that is not paid has no cure; interest
has that of [default] or of the loan. With `refinancing` what falls due in the maturity month may run on, as a bullet.

The shadow account counts the service as scheduled, to the first maturity, also past a default: a refinancing is not promised.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from simulator.components import interest
from simulator.components.base import (
    ALIVE,
    DEBT,
    MONTH,
    REGIME,
    SCHEDULED_INTEREST,
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
class TermDebt(Component):
    family: ClassVar[str] = "financing"
    tag: ClassVar[str] = "term_debt"
    example: ClassVar[str] = """\
[financing.loan]
type = "term_debt"
principal = "2B"
rate = "9 %/yr nominal"
maturity = "2028-06"
repayment = "amortising"
first_repayment = "2027-07"

[rates]
type = "vasicek"
now = "4.3 %/yr nominal"
level = "3.5 %/yr nominal"
volatility = "1.1 %/yr"
reversion = "0.25 /yr"

[financing.bridge]
type = "term_debt"
principal = "3B"
spread = "4.5 %/yr nominal"
maturity = "2028-06"
refinancing = { success = 0.8, term = "24 mo", spread = "6 %/yr nominal" }
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("refinancing",)

    principal: Annotated[Number, Quantity(MONEY, low=0.0)]
    """Outstanding at the opening, or received in the month `drawn`."""
    maturity: Month
    """The month in which the last principal falls due."""
    rate: Annotated[Number, Quantity(INTEREST, low=0.0)] = 0.0
    """On the balance of the last close; loans are quoted `nominal`."""
    spread: Annotated[Number, Quantity(INTEREST, low=0.0)] | None = None
    """Over the reference rate of [rates], instead of a fixed `rate`."""
    reference_floor: Annotated[Number, Quantity(INTEREST)] | None = None
    """The least that the reference rate is counted as. Default: interest may fall to nought, not below."""
    drawn: Month | None = None
    """The month in which the money arrives. Default: the loan is outstanding at the opening."""
    repayment: Literal["bullet", "amortising"] = "bullet"
    """All at maturity, or in equal parts."""
    first_repayment: Month | None = None
    """Of an amortising loan. Default: month 1, or the month after it is drawn."""
    refinancing: Refinancing | None = None
    """What happens at maturity. Default: it is repaid."""
    rank: Annotated[int, Field(ge=1, le=5)] = 4
    """2 for secured debt, 4 for unsecured, 5 for subordinated."""
    cure: Annotated[Number, Quantity(DURATION, low=0.0, whole=True)] | None = None
    """Of unpaid interest. Default: as in [default]."""
    late_interest: Annotated[Number, Quantity(INTEREST, low=0.0)] | None = None
    """On arrears. Default: as in [default]."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if self.maturity < around.start:
            yield Problem(("maturity",), f"the loan has matured ({month_label(self.maturity)}) before month 1")
        if self.drawn is not None and self.drawn < around.start:
            yield Problem(("drawn",), "a loan drawn before month 1 is outstanding at the opening", "leave the key out")
        if self.drawn is not None and self.drawn >= self.maturity:
            yield Problem(("maturity",), "the loan matures before it is drawn", also=None)
        if self.first_repayment is not None and self.repayment == "bullet":
            yield Problem(("first_repayment",), "a bullet loan is repaid at maturity", 'repayment = "amortising"')
        if self.first_repayment is not None and self.first_repayment > self.maturity:
            yield Problem(("first_repayment",), "the first repayment lies after maturity")
        if self.first_repayment is not None and self.first_repayment < around.start:
            hint = "write what is outstanding as `principal`, and leave the key out"
            yield Problem(("first_repayment",), "repayments before month 1 have been made", hint)
        yield from interest.unclear(self, around)
        if self.refinancing is not None:
            yield from self.refinancing.complaints("refinancing", around)

    def build(self, b: Builder, host: Any = None) -> None:
        maturity = self.maturity - b.start
        drawn = 0 if self.drawn is None else self.drawn - b.start
        first = drawn + 1 if self.first_repayment is None else self.first_repayment - b.start
        first = maturity if self.repayment == "bullet" else max(first, drawn + 1)
        part, opening = self.principal / float(maturity - first + 1), self.principal if drawn < 1 else 0.0
        margin, floats = interest.margin(self), interest.floating(self)
        balance, scheduled = b.state(f"{b.name}.balance", opening), b.state(f"{b.name}.scheduled", opening)
        accrued, due = b.flow(f"{b.name}.interest"), b.flow(f"{b.name}.principal")
        promised, interest_due = b.flow(f"{b.name}.promised"), b.flow(f"{b.name}.scheduled_interest")
        if drawn >= 1:
            received = b.flow(f"{b.name}.received")
            args, span = (self.principal, balance, ALIVE), (drawn, drawn)
            b.step(Phase.FUNDING, draw, args, writes=(balance, scheduled, received), months=span)
            b.receipt(received, funding=True)
        fixed = interest.fixing(self, floats > 0.0)
        b.step(Phase.INTEREST, accrue, (scheduled, margin, floats, *fixed), writes=(interest_due,))
        span = (first, min(maturity, b.months))
        b.step(Phase.DEBT_SERVICE, repay, (scheduled, part), writes=(scheduled,), adds=(promised,), months=span)
        b.promised(interest_due)
        b.promised(promised)
        b.tell(SCHEDULED_INTEREST, interest_due)
        self._claims(b, balance, accrued, due)
        if self.refinancing is None:
            b.step(Phase.INTEREST, accrue, (balance, margin, floats, *fixed), writes=(accrued,))
            b.step(Phase.DEBT_SERVICE, serve, (balance, part, ALIVE), writes=(balance, due), months=span)
            return
        agreed, floating = b.state(f"{b.name}.margin", margin), b.state(f"{b.name}.floats", floats)
        fixed = interest.fixing(self, floats > 0.0 or self.refinancing.spread is not None)
        b.step(Phase.INTEREST, accrue, (balance, agreed, floating, *fixed), writes=(accrued,))
        matures = b.state(f"{b.name}.matures", float(maturity))
        done, failed = b.flow(f"{b.name}.refinanced"), b.flow(f"{b.name}.refinancing_failed")
        run_on = (REGIME, b.uniform("refinancing"), matures, agreed, floating, *self.refinancing.terms(b.regimes))
        b.step(
            Phase.DEBT_SERVICE,
            serve_and_refinance,
            (MONTH, balance, part, ALIVE, float(maturity), *run_on),
            writes=(balance, due, matures, agreed, floating, done, failed),
            months=(first, b.months),
        )
        b.refinancing(f"{b.name}.repayment", failed)
        b.total(done, f"{b.short}.refinanced", "count")
        b.total(failed, f"{b.short}.refinancing_failed", "count")

    def _claims(self, b: Builder, balance: str, accrued: str, due: str) -> None:
        b.claim(b.name, "debt", self.rank, None if self.cure is None else cure_months(self.cure), self.late_interest)
        b.claim(f"{b.name}.repayment", "debt", self.rank, 0.0, self.late_interest)
        b.due(accrued, b.name, shadow=False)
        b.due(due, f"{b.name}.repayment", shadow=False, burn=False)
        b.tell(DEBT, balance)
        b.exposure(b.name, balance, 0.0)
        b.exposure(f"{b.name}.repayment", 0.0, 0.0)
        b.monthly(balance, f"{b.short}.balance", "$")

    def in_words(self, say: Any) -> Iterable[str]:
        since = "outstanding" if self.drawn is None else f"drawn in {month_label(self.drawn)}"
        how = "repaid at maturity" if self.repayment == "bullet" else "repaid in equal parts"
        price = interest.words(self, say)
        yield f"A loan of {say(self.principal, '$')} at {price}, {since}, {how}, {month_label(self.maturity)}."
        if self.refinancing is not None:
            yield f"It is {self.refinancing.words(say)}."


def accrue(balance: float, margin: float, floats: float, fixing: float, floor: float) -> float:
    return balance * monthly_rate(margin, floats, fixing, floor)


def draw(principal: float, balance: float, alive: float) -> tuple[float, float, float]:
    """(balance, balance by schedule, money received); after a default only the shadow account receives it."""
    return principal if alive > 0.0 else balance, principal, principal


def repay(balance: float, part: float) -> tuple[float, float]:
    now = min(balance, part)
    return balance - now, now


def serve(balance: float, part: float, alive: float) -> tuple[float, float]:
    if alive == 0.0:
        return balance, 0.0
    return repay(balance, part)


def serve_and_refinance(
    month: int,
    balance: float,
    part: float,
    alive: float,
    maturity: float,
    regime: float,
    u: float,
    matures: float,
    margin: float,
    floats: float,
    success: tuple[float, ...],
    term: float,
    prices: tuple[float, ...],
    floating: float,
) -> tuple[float, float, float, float, float, float, float]:
    """(balance, principal due, next maturity, margin, 1 if it floats, 1 if refinanced, 1 if that failed)."""
    if alive == 0.0 or month > matures:
        return balance, 0.0, matures, margin, floats, 0.0, 0.0
    if month < matures:
        now = min(balance, part) if month < maturity else 0.0
        return balance - now, now, matures, margin, floats, 0.0, 0.0
    done, matures, margin, floats = prolong(regime, u, matures, margin, floats, success, term, prices, floating)
    if done:
        return balance, 0.0, matures, margin, floats, 1.0, 0.0
    return 0.0, balance, matures, margin, floats, 0.0, 1.0
