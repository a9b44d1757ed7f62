"""Term debt: a loan outstanding at the opening, or drawn in a given month; repaid at maturity or in equal parts.

Interest is due on the balance of the last close. `bullet`: the principal falls due in the maturity month. `amortising`: equal
parts of the principal from the first repayment to the maturity month. A principal that is not paid has no cure; interest
has that of [default] or of the loan. Its service counts in the shadow account.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from simulator.components.base import (
    ALIVE,
    DEBT,
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
"""

    principal: Annotated[Number, Quantity(MONEY, low=0.0)]
    """Outstanding at the opening, or received in the month `drawn`."""
    maturity: Month
    """The month in which the last principal falls due."""
    rate: Annotated[Number, Quantity(INTEREST, low=0.0)] = 0.0
    """On the balance of the last close; loans are quoted `nominal`."""
    drawn: Month | None = None
    """The month in which the money arrives. Default: the loan is outstanding at the opening."""
    repayment: Literal["bullet", "amortising"] = "bullet"
    """All at maturity, or in equal parts."""
    first_repayment: Month | None = None
    """Of an amortising loan. Default: month 1, or the month after it is drawn."""
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

    def build(self, b: Builder, host: Any = None) -> None:
        maturity = self.maturity - b.start
        drawn = 0 if self.drawn is None else self.drawn - b.start
        first = drawn + 1 if self.first_repayment is None else self.first_repayment - b.start
        first = maturity if self.repayment == "bullet" else max(first, drawn + 1)
        balance = b.state(f"{b.name}.balance", self.principal if drawn < 1 else 0.0)
        interest, due = b.flow(f"{b.name}.interest"), b.flow(f"{b.name}.principal")
        b.step(Phase.INTEREST, accrue, (balance, self.rate), writes=(interest,))
        if drawn >= 1:
            received = b.flow(f"{b.name}.received")
            b.step(Phase.FUNDING, draw, (self.principal,), writes=(balance, received), months=(drawn, drawn))
            b.receipt(received, funding=True)
        part = self.principal / float(maturity - first + 1)
        span = (first, min(maturity, b.months))
        b.step(Phase.DEBT_SERVICE, repay, (balance, part, ALIVE), writes=(balance, due), months=span)
        b.claim(b.name, "debt", self.rank, None if self.cure is None else cure_months(self.cure), self.late_interest)
        b.claim(f"{b.name}.repayment", "debt", self.rank, 0.0, self.late_interest)
        b.due(interest, b.name)
        b.due(due, f"{b.name}.repayment", burn=False)
        b.tell(DEBT, balance)
        b.exposure(b.name, balance, 0.0)
        b.exposure(f"{b.name}.repayment", 0.0, 0.0)
        b.monthly(balance, f"{b.short}.balance", "$")

    def in_words(self, say: Any) -> Iterable[str]:
        since = "outstanding" if self.drawn is None else f"drawn in {month_label(self.drawn)}"
        how = "repaid at maturity" if self.repayment == "bullet" else "repaid in equal parts"
        yield f"A loan of {say(self.principal, '$')} at {say(self.rate, '%/mo')}, {since}, {how}, {month_label(self.maturity)}."


def accrue(balance: float, rate: float) -> float:
    return balance * rate


def draw(principal: float) -> tuple[float, float]:
    return principal, principal


def repay(balance: float, part: float, alive: float) -> tuple[float, float]:
    if alive == 0.0:
        return balance, 0.0
    now = min(balance, part)
    return balance - now, now
