"""What a contract asks by schedule, and what its supplier would be owed (C29, C34, C44)."""

from __future__ import annotations

from typing import Any

from oracle.path import BUYER, Contract, Path
from simulator.components.base import notice_months


def quantity(c: Contract, p: Path, m: int) -> float:
    """C29: the amount of month m at the first price as signed, x ramp, x scale, as amended; it knows nothing of notices."""
    if not c.first <= m <= c.end:
        return 0.0
    if c.renewals:
        return c.quantity
    t, month = c.terms, m + p.start - 1
    kept = (
        min(m, c.written_end) + p.start - 1
    )  # months that an amendment adds are at the amount of the last before them
    if t.schedule is not None:
        amount = t.schedule.get(month, t.schedule.get(kept, 0.0) if month > kept else 0.0)
    else:
        begun = [k for k in t.steps if k <= month]
        amount = t.steps[max(begun)] if begun else t.fee
    amount *= t.ramp.get(month, 1.0)
    for amendment in c.signed:
        if month >= amendment.start:
            if amendment.fee is not None:
                amount = amendment.fee
            elif amendment.change is not None:
                amount = max(0.0, amount + amendment.change)
    return float(t.scale * amount)


def scheduled(c: Contract, p: Path, m: int) -> float:
    """The fee of month m at scheduled price: the escalator counts full years of the term."""
    if not c.first <= m <= c.end:
        return 0.0
    return float(quantity(c, p, m) * escalated(c, p, m) * c.price)


def escalated(c: Contract, p: Path, m: int) -> float:
    """C29: the rate as read is that of a step; it rises once a calendar year."""
    years = max(0, m - c.first) // p.year
    return float((1.0 + c.terms.escalator) ** (p.year * years))


def capacity_value(c: Contract, p: Path, m: int) -> float:
    """C27, in dollars at the reference price, delivered in full."""
    return quantity(c, p, m) if c.terms.capacity_value is None else float(c.terms.capacity_value)


def owed(c: Contract, p: Path, until: int) -> float:
    """Dues of m+1 … until: minimum volumes, this month's index and reopener, full delivery of what is left for good."""
    fees = sum(scheduled(c, p, m) for m in range(max(1, p.m + 1), until + 1))
    return fees * c.index_factor * c.reopened * c.minimum * c.kept


def headline(c: Contract, p: Path) -> float:
    """After a notice its last month is the end."""
    return max(0.0, owed(c, p, c.last) - c.credit) + c.deferred


def firm(c: Contract, p: Path) -> float:
    until, fee = notice_now(c, p)
    return max(0.0, owed(c, p, until) + fee - c.credit) + c.deferred


def exit_fee(c: Contract, p: Path, last: int) -> float:
    """C31: the buyer's fee if the last notice month is `last`: minimum payments after it, at scheduled price."""
    buyer = c.exit.buyer
    after = sum(scheduled(c, p, m) for m in range(max(1, last + 1), c.end + 1)) * c.minimum * c.kept
    return float(buyer.fee + buyer.fee_share * after)


def price_ratio(p: Path, c: Contract) -> float:
    """C25: the market's price over the contract's; fee now / base fee leaves quantities out."""
    if c.terms.unit_price is None or c.terms.market_unit_price is None:
        return 1.0
    now = escalated(c, p, p.m) * c.price * c.index_factor * c.reopened
    return float(c.terms.market_unit_price * p.index / (c.terms.unit_price * now))


def fee_at_notice(c: Contract) -> bool:
    return bool(c.exit.buyer.fee_at == "notice")


def charge_exit_fee(p: Path, c: Contract) -> None:
    p.book(f"{c.name}.exit.fee", exit_fee(c, p, c.last), claim=c.name)
    c.fee_charged = True


def earliest(c: Contract, party: Any) -> int:
    """C31: after L full months, in step 7 of month s + L - 1; C49: in a new term without lock-in unless one is given."""
    lock_in = c.clause("renewal").lock_in if c.renewals else party.lock_in
    return c.first + int(notice_months(lock_in)) - 1


def notice_now(c: Contract, p: Path) -> tuple[int, float]:
    """The last month and the open fee of leaving if notice is given today."""
    buyer = c.exit.buyer if c.exit is not None else None
    if c.side:  # a notice runs: dues to its end, and the fee while it is not yet due
        return c.last, exit_fee(c, p, c.last) if c.side == BUYER and not c.fee_charged else 0.0
    if buyer is None:  # the buyer has no right to leave
        return c.last, 0.0
    until = min(c.end, max(p.m, earliest(c, buyer)) + int(notice_months(buyer.notice)))
    return until, exit_fee(c, p, until) if until < c.end else 0.0


def at_default(c: Contract, p: Path) -> float:
    """C44, without arrears. Mitigation by the market counts month by month what the capacity does not bring at today's index."""
    relet = c.clause("reletting")
    if relet is None:
        return c.deferred + (firm(c, p) - c.deferred) * (1.0 - c.terms.mitigation)
    until, fee = notice_now(c, p)
    missing = 0.0
    for m in range(max(1, p.m + 1), until + 1):
        fee_then = scheduled(c, p, m) * c.index_factor * c.reopened
        missing += max(0.0, fee_then - capacity_value(c, p, m) * p.index * (1.0 - relet.vacancy))
    return max(0.0, missing * c.minimum * c.kept + fee - c.credit) + c.deferred
