"""Who leaves and how a contract goes on: late delivery, notices, renewals, failures (C31 … C33, C35, C49)."""

from __future__ import annotations

import math
from typing import Any

from oracle.exposures import charge_exit_fee, earliest, fee_at_notice, price_ratio, quantity
from oracle.flows import runway_seen
from oracle.path import BUYER, FAILED, LATE, SUPPLIER, Contract, Path
from simulator.components.base import notice_months


def leave_late_deliveries(p: Path) -> None:
    """C35: in step 7 of month s + grace, without fee and notice; or what is delivered by then stays, for good."""
    for c in p.contracts:
        terms = c.clause("delivery")
        if terms is None or terms.grace is None or not p.running or p.m >= p.M:
            continue
        if p.m != c.signing + int(terms.grace) or terms.delay <= terms.grace:
            continue
        if terms.when_late == "shrink":
            c.kept = c.share
        elif terms.when_late == "leave" and not c.side and p.m < c.last:
            c.side, c.last = LATE, p.m


def give_notices(p: Path) -> None:
    """C31, C32. Decisions see drivers and dues of m and the balances of m - 1; none after the default month (C14)."""
    if not p.running:
        return
    runway = runway_seen(p)
    noticed = []
    for c in p.contracts:
        if c.exit is None or c.side or p.m >= p.M:  # one notice a contract; none in the last month of the horizon
            continue
        if supplier_leaves(p, c):  # if both do, it is the supplier's
            c.side, c.noticed_in, c.last = SUPPLIER, p.m, p.m + int(notice_months(c.exit.supplier.notice))
        elif buyer_leaves(p, c, runway):
            c.side, c.noticed_in, c.last = BUYER, p.m, p.m + int(notice_months(c.exit.buyer.notice))
            noticed.append(c)
    for c in noticed:
        if fee_at_notice(c) or c.last == p.m:
            charge_exit_fee(p, c)


def may_leave(p: Path, c: Contract, party: Any) -> bool:
    return p.m >= earliest(c, party) and p.m + int(notice_months(party.notice)) < c.end


def supplier_leaves(p: Path, c: Contract) -> bool:
    supplier = c.exit.supplier
    if supplier is None or supplier.hazard == 0.0 or not may_leave(p, c, supplier):
        return False
    hazard = supplier.hazard * price_ratio(p, c) ** supplier.gamma  # C32
    return p.draws.score(f"{c.name}.exit.supplier", p.m) < 1.0 - math.exp(-hazard / 12.0)


def buyer_leaves(p: Path, c: Contract, runway: float) -> bool:
    buyer = c.exit.buyer
    return buyer is not None and may_leave(p, c, buyer) and any(holds(p, c, rule, runway) for rule in buyer.when)


def holds(p: Path, c: Contract, rule: Any, runway: float) -> bool:
    """Every condition that a rule names must hold; all are strict (C8)."""
    conditions = []
    if rule.price_ratio_below is not None:
        conditions.append(price_ratio(p, c) < rule.price_ratio_below)
    if rule.runway_below is not None:
        conditions.append(runway < rule.runway_below)
    if rule.liquidity_below is not None:
        conditions.append(p.months["liquidity"][p.m - 1] < rule.liquidity_below)
    if rule.stranded:
        conditions.append(p.stranded > 0.0)  # of all contracts together
    return all(conditions)


def renew_contracts(p: Path) -> None:
    """C49: one draw at the end; the market price of that month, the quantity as it was. Clauses begin anew."""
    for c in p.contracts:
        renewal = c.clause("renewal")
        if renewal is None or not p.running or c.side or p.m != c.end:
            continue
        if p.draws.score(f"{c.name}.renewal.event", p.m) < renewal.probability:
            c.quantity = quantity(c, p, p.m)
            c.price = renewal.share * c.terms.market_unit_price * p.index / c.terms.unit_price
            c.first, c.end = p.m + 1, p.m + int(renewal.term)
            c.last = c.end
            c.renewals += 1
            c.index_factor = c.reopened = 1.0


def fail_suppliers(p: Path) -> None:
    """No capacity and no fee from the month after; the last month of a contract has nothing left to fail."""
    for c in p.contracts:
        failure = c.clause("failure")
        if failure is None or not p.running or p.m < c.signing or p.m >= c.last:
            continue
        if p.draws.score(f"{c.name}.failure.event", p.m) < 1.0 - math.exp(-failure.hazard / 12.0):
            c.side, c.last, c.failed_in = FAILED, p.m, p.m
