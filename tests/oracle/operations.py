"""Billing, compute need, overflow and collections."""

from __future__ import annotations

import math
from typing import Any

from oracle.drivers import reverting
from oracle.path import DELTA, FAILED, SUPPLIER, Path, normal, of_regime


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
        margin = 1.0 - operations.partner_share - max(0.0, p.cost_share)
        pays = part.overflow == "always" or p.intensity * p.index < margin
        bought = min(p.uncovered, depth(p, part)) if pays else 0.0
        unserved = p.uncovered - bought
        p.lost_revenue = p.billed[p.m] * unserved / p.need if p.need > 0.0 else 0.0
        p.book("compute.overflow", bought * p.index, claim="operating")
        p.note("compute.unserved", unserved)


def depth(p: Path, compute: Any) -> float:
    """What the market can deliver in this month: that of the funding regime, and no more than the scarcity leaves."""
    limit = math.inf if compute.depth is None else float(of_regime(compute.depth, p))
    for _, price in p.of("price"):
        scarcity = price.clauses.get("scarcity")
        if scarcity is not None:
            limit = min(limit, scarcity.depth.get(p.scarcity, math.inf))
    return limit


def move_cost_share(p: Path) -> None:
    """Schwartz & Moon (2001): reverts to its long-run share; month m uses the volatility of m - 1, which fades."""
    for name, part in p.of("operations"):
        law = part.clauses.get("cost_share")
        if law is None:
            continue
        volatility = law.volatility
        if law.long_run_volatility is not None:
            left = math.exp(-law.volatility_decay * (p.m - 1) * DELTA)
            volatility = law.long_run_volatility + (volatility - law.long_run_volatility) * left
        phi, sd = reverting(law.reversion, volatility)
        shock = normal(p, sd, f"{name}.cost_share.change")
        p.cost_share = law.long_run + phi * (p.cost_share - law.long_run) + shock
        p.mark(f"{name}.cost_share.share", p.cost_share)


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
        p.book("operations.variable_cost", max(0.0, p.cost_share) * served, claim="operating")
        later = any(k * w for k, w in enumerate(part.collections))
        if p.m == 1 and p.opening.receivables is not None and not later:
            p.book("operations.opening_receivables", p.opening.receivables, profit=False)


def billed_in(p: Path, m: int) -> float:
    return p.billed[m] if m >= 1 else p.before_opening
