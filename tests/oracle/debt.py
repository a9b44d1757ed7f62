"""Loans and lines: interest, service, refinancing (C39, C41, C42, C11)."""

from __future__ import annotations

import math
from typing import Any

from oracle.path import Line, Loan, Path, of_regime


def permit_draws(p: Path) -> None:
    """C41: stopped by a breach at the last close; limit 0 from the month of maturity."""
    for line in p.lines:
        stopped = p.in_breach and line.terms.draw_stop
        line.may_draw = not stopped and p.m < line.maturity


def monthly_rate(p: Path, debt: Line | Loan, margin: float, floats: bool) -> float:
    """A fixed rate; or a spread over the reference rate of the month before, counted as at least its floor, never below 0."""
    if not floats:
        return margin
    floor = -math.inf if debt.terms.reference_floor is None else debt.terms.reference_floor
    return max(0.0, margin + max(p.fixing, floor))


def accrue_interest(p: Path) -> None:
    """C39: on opening balances only. A line's flows are not in the shadow account, a loan's are as scheduled (C14)."""
    for name in (e.name for e in (*p.lines, *p.loans)):
        p.months.setdefault(f"{name}.interest", [0.0] * (p.M + 1))
    for line in p.lines:
        if p.running:
            undrawn = max(0.0, line.terms.limit - line.drawn) if p.m <= line.maturity else 0.0
            rate = monthly_rate(p, line, line.margin, line.floats)
            p.book(f"{line.name}.interest", rate * line.drawn, claim=line.name, shadow=False)
            p.book(f"{line.name}.commitment_fee", line.terms.commitment_fee * undrawn, claim=line.name, shadow=False)
    for loan in p.loans:
        if p.running:
            rate = monthly_rate(p, loan, loan.margin, loan.floats)
            p.book(f"{loan.name}.interest", rate * loan.balance, claim=loan.name, shadow=False)
        spread = loan.terms.spread
        first_price = (loan.terms.rate, False) if spread is None else (spread, True)
        promised = monthly_rate(p, loan, *first_price) * loan.scheduled
        p.promised += promised
        if not p.running:
            p.profit -= promised


def draw_loans(p: Path) -> None:
    for loan in p.loans:
        if loan.arrives >= 1 and p.m == loan.arrives:
            loan.scheduled = loan.terms.principal
            loan.balance = loan.terms.principal if p.running else 0.0
            p.book(f"{loan.name}.received", loan.terms.principal, burn=False)


def serve_debt(p: Path) -> None:
    for line in p.lines:
        serve_line(p, line)
    for loan in p.loans:
        part = loan.terms.principal / (loan.first_maturity - loan.first + 1)
        if loan.first <= p.m <= loan.first_maturity:
            p.promised += min(part, loan.scheduled)
            loan.scheduled -= min(part, loan.scheduled)
        if p.running:
            serve_loan(p, loan, part)
        p.note(f"{loan.name}.balance", loan.balance)


def serve_loan(p: Path, loan: Loan, part: float) -> None:
    """Equal parts up to the first maturity; there, and at every later one, what is left runs on or falls due."""
    due = 0.0
    if loan.first <= p.m < loan.first_maturity:
        due = min(part, loan.balance)
    elif p.m == loan.maturity and not runs_on(p, loan, loan.terms.refinancing, "refinancing"):
        due = loan.balance if loan.terms.refinancing is not None else min(part, loan.balance)
    loan.balance -= due
    p.book(f"{loan.name}.principal", due, claim=f"{loan.name}.repayment", shadow=False, burn=False)


def serve_line(p: Path, line: Line) -> None:
    """C41: in the month of maturity what is drawn falls due, unless the line is renewed; then it may be drawn in that month."""
    if not p.running or p.m != line.maturity:
        return
    renewal = line.terms.renewal
    if runs_on(p, line, renewal, "renewal"):
        line.may_draw = not (p.in_breach and line.terms.draw_stop)
        return
    claim = line.name if renewal is None else f"{line.name}.repayment"
    p.book(f"{line.name}.principal", line.drawn, claim=claim, shadow=False, burn=False)
    line.drawn = 0.0


def runs_on(p: Path, debt: Any, terms: Any, role: str) -> bool:
    """C42: drawn in the month of maturity with p(s); the same principal, a new term, and a new price where one is given."""
    if terms is None:
        return False
    short, done = debt.name.split(".", 1)[1], {"refinancing": "refinanced", "renewal": "renewed"}[role]
    if not p.draws.score(f"{debt.name}.{role}", p.m) < of_regime(terms.success, p):
        p.failed_now.add(f"{debt.name}.repayment")
        p.count(f"{short}.{role}_failed")
        return False
    p.count(f"{short}.{done}")
    debt.maturity += int(terms.term)
    if terms.spread is not None:
        debt.margin, debt.floats = of_regime(terms.spread, p), True
    elif terms.rate is not None:
        debt.margin, debt.floats = of_regime(terms.rate, p), False
    return True
