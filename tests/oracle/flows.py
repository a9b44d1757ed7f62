"""General flows, what policies make of them, and tax (C2, C23, C38, C40)."""

from __future__ import annotations

import math
from typing import Any

from oracle.path import Path, drawn_value, expected, of_regime, poisson, scored_by


def pay_fixed_cost(p: Path) -> None:
    for name, part in p.of("flows"):
        {
            "recurring": recur,
            "one_off": happen_once,
            "random": flow_at_random,
            "schedule": follow_schedule,
            "arrivals": live_events,
        }[part.tag](p, name, part)
    earn_interest(p)


def is_on(p: Path, part: Any) -> bool:
    first = 1 if part.start is None else p.number(part.start)
    return first <= p.m <= (p.M if part.end is None else p.number(part.end))


def claim_of(part: Any) -> str | None:
    return None if part.direction == "in" else "operating"


def recur(p: Path, name: str, part: Any) -> None:
    """C2: base in its first month, base x (1 + i)^k k months later; frozen and cut as the policies say."""
    first = 1 if part.start is None else p.number(part.start)
    plan = p.frozen_at.get(
        name, part.amount * (1.0 + part.growth) ** max(0, p.m - first)
    )  # frozen before it began: its first
    p.planned[name] = plan if p.m <= (p.M if part.end is None else p.number(part.end)) else 0.0
    if is_on(p, part):
        price = p.index if part.indexed else 1.0
        p.book(f"{name}.amount", p.planned[name] * left_by_cuts(p, name) * price, claim=claim_of(part))


def left_by_cuts(p: Path, flow: str) -> float:
    """C38: triggered in m, the flow of month m + k is lower by cut x min(1, k / over) of its plan."""
    left = 1.0
    for name, policy in p.of("policies", "cut_expense"):
        if f"flows.{policy.flow}" == flow and name in p.cut_since:
            left *= 1.0 - policy.cut * min(1.0, (p.m - p.cut_since[name]) / policy.over)
    return left


def happen_once(p: Path, name: str, part: Any) -> None:
    if p.m == p.number(part.month) and (part.probability == 1.0 or p.draws.once(f"{name}.event") < part.probability):
        p.book(f"{name}.amount", part.amount, claim=claim_of(part))


def flow_at_random(p: Path, name: str, part: Any) -> None:
    if is_on(p, part):
        scored = scored_by(part.amount)
        split(p, name, drawn_value(of_regime(part.amount, p), p, f"{name}.amount", 0, scored), part.direction)


def live_events(p: Path, name: str, part: Any) -> None:
    """C23: N ~ Poisson(rate / 12) by inversion, the month's events all in it; the k-th size is a draw of its own."""
    if not is_on(p, part):
        return
    events = part.rate / 12.0
    n = poisson(p.draws.score(f"{name}.count", p.m), events)
    total = sum(drawn_value(part.amount, p, f"{name}.size", k) for k in range(n))
    split(p, name, total - (events * expected(part.amount) if part.compensated else 0.0), part.direction)
    p.count(f"{name.split('.', 1)[1]}.events", n)


def follow_schedule(p: Path, name: str, part: Any) -> None:
    amount = part.schedule.get(p.m + p.start - 1, 0.0) * part.scale * (p.index if part.indexed else 1.0)
    split(p, name, amount, part.direction)


def split(p: Path, name: str, amount: float, direction: str) -> None:
    """A negative amount runs the other way (C5: general flows that are negative are operating dues)."""
    flow = amount if direction == "in" else -amount
    p.book(f"{name}.received", max(0.0, flow))
    p.book(f"{name}.paid_out", max(0.0, -flow), claim="operating")


def earn_interest(p: Path) -> None:
    """C39: on opening balances only. Interest on cash is not in the shadow account (C14), that on restricted cash is."""
    if p.running:
        p.book("treasury.interest", p.cash_rate * max(0.0, p.cash), shadow=False)
    if p.opening.restricted_cash:
        p.book("treasury.interest_on_restricted", p.cash_rate * max(0.0, p.restricted))


# --- Tax -------------------------------------------------------------------------------------------------------------


def levy_tax(p: Path) -> None:
    """C40, on the month's dues, and so once more when notices have made a fee due. Past default the shadow account's tax is
    on what it still counts: no balance bears interest any more but that of loans as scheduled."""
    rate = p.treasury.tax_rate
    if rate == 0.0:
        return
    assessed = [b for b in p.bookings if b.slot == "treasury.tax"]
    if not assessed:
        p.losses_before = p.tax_losses
        p.book("treasury.tax", 0.0, claim="operating", profit=False)
        assessed = p.bookings[-1:]
    tax = rate * max(0.0, p.profit - p.losses_before)
    p.tax_losses = max(0.0, p.losses_before - p.profit)
    assessed[0].amount = tax
    p.note("treasury.tax", tax)
    p.mark("treasury.pretax", p.profit)
    p.mark("treasury.tax_losses", p.tax_losses)


# --- Policies --------------------------------------------------------------------------------------------------------


def net_burnable(p: Path) -> float:
    """C38: receipts less dues without funding, principal, deposits, arrears and late interest."""
    return sum(b.flow for b in p.bookings if b.burn)


def runway_seen(p: Path) -> float:
    """C38."""
    seen = [*p.burns, net_burnable(p)][-3:]
    burn = -sum(seen) / len(seen)
    if burn <= 0.0:
        return math.inf
    return (p.months["liquidity"][p.m - 1] - (p.floor or 0.0)) / burn


def is_triggered(p: Path, trigger: Any) -> bool:
    """Strictly below, either of the two."""
    short = trigger.runway_below is not None and runway_seen(p) < trigger.runway_below
    return short or (trigger.liquidity_below is not None and p.months["liquidity"][p.m - 1] < trigger.liquidity_below)


def act_by_policy(p: Path) -> None:
    """C38: once each, effective from the next month; a round is sought in this one (C37)."""
    p.sought = {}
    if not p.running:
        return
    for name, policy in p.of("policies", "cut_expense"):
        if name not in p.cut_since and is_triggered(p, policy):
            p.cut_since[name] = p.m
    acting = [policy for _, policy in p.of("policies", "freeze_expense") if is_triggered(p, policy)]
    for policy in acting:
        flow = f"flows.{policy.flow}"
        p.frozen_at.setdefault(flow, p.planned[flow])
    for name, part in p.of("financing", "priced_round"):
        first = 1 if part.first is None else p.number(part.first)
        if part.sought is None or p.m < first:
            continue
        rested = p.m >= p.tried_in.get(name, -math.inf) + part.sought.pause
        if rested and p.money_arrives.get(name, 0) < p.m and is_triggered(p, part.sought):
            p.sought[name] = True
            p.tried_in[name] = p.m
