"""Billing, compute need, overflow and collections."""

from __future__ import annotations

import math

from oracle.path import FAILED, SUPPLIER, Path, of_regime


def bill(p: Path) -> None:
    """C26, C33: billed after recalls; need is of the reduced revenue."""
    served = 1.0
    for c in p.contracts:
        left = c.exit.supplier if c.side == SUPPLIER else c.clause("failure") if c.side == FAILED else None
        if left is not None and left.recall is not None and c.last < p.m <= c.last + left.recall.months:
            served *= 1.0 - left.recall.revenue_lost
    billed = p.run_rate / 12.0 * served if p.of("operations") else 0.0
    p.billed.append(billed)
    p.note("operations.billed", billed)
    p.need = p.lost_revenue = 0.0
    for _, part in p.of("compute"):
        n = part.need
        p.intensity = n.floor + (n.start - n.floor) * math.exp(-n.decay * (p.m - 1))
        p.need = p.intensity * billed
    p.note("compute.need", p.need)
    p.uncovered = p.need


def buy_overflow(p: Path) -> None:
    """C28: what contracts leave is bought while it pays, up to the market's depth; the rest is revenue lost this month."""
    for _, part in p.of("compute"):
        operations = p.part("operations")
        margin = 1.0 - operations.partner_share - p.variable_cost
        pays = part.overflow == "always" or p.intensity * p.index < margin
        depth = math.inf if part.depth is None else of_regime(part.depth, p)
        bought = min(p.uncovered, depth, p.scarce_depth) if pays else 0.0
        unserved = p.uncovered - bought
        p.lost_revenue = p.billed[p.m] * unserved / p.need if p.need > 0.0 else 0.0
        p.book("compute.overflow", bought * p.index, claim="operating")
        p.note("compute.unserved", unserved)


def collect(p: Path) -> None:
    """C26, C28: collections less this month's lost revenue; cost is due in the month of billing, on what was served.
    Profit counts what is billed (C40)."""
    for _, part in p.of("operations"):
        gross = sum(w * billed_in(p, p.m - k) for k, w in enumerate(part.collections))
        served = p.billed[p.m] - p.lost_revenue
        p.book("operations.collections", max(0.0, gross - p.lost_revenue), profit=False)
        p.book("operations.lost_above_collections", max(0.0, p.lost_revenue - gross), claim="operating", profit=False)
        p.profit += served
        p.book("operations.partner_share", part.partner_share * served, claim="operating")
        p.book("operations.variable_cost", p.variable_cost * served, claim="operating")
        later = any(k * w for k, w in enumerate(part.collections))
        if p.m == 1 and p.opening.receivables is not None and not later:
            p.book("operations.opening_receivables", p.opening.receivables, profit=False)


def billed_in(p: Path, m: int) -> float:
    return p.billed[m] if m >= 1 else p.before_opening
