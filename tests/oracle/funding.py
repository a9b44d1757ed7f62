"""Rounds, offerings, tranches: money that comes in, and what it costs the owners (C37)."""

from __future__ import annotations

import math
from typing import Any

from oracle.path import Path, drawn_value, of_regime, scored_by, yearly_revenue

MOST_CHANCES = 64  # of a round in a month; Poisson with mean <= 1 never gets there


def raise_money(p: Path) -> None:
    if p.restricted and p.opening.restricted_until is not None and p.m == p.number(p.opening.restricted_until):
        p.book("treasury.released", p.restricted, burn=False)  # by the calendar, in the shadow account past default too
        p.restricted = 0.0
    if p.opening.restricted_cash:
        p.note("treasury.restricted_cash", p.restricted)
    for name, part in p.of("financing"):
        if part.tag == "tranche":
            pay_tranche(p, name, part)  # counts in the shadow account, also past default (C14)
        elif p.running and part.tag == "priced_round":
            seek_rounds(p, name, part)
        elif p.running and part.tag == "offering":
            offer(p, name, part)
    valued = any(getattr(x, "multiple", None) or getattr(x, "valuation", None) for _, x in p.of("financing"))
    if valued and p.running:
        p.note("funding.dilution", 1.0 - p.kept_by_owners)
        p.mark("funding.valuation", p.valuation)


def pay_tranche(p: Path, name: str, part: Any) -> None:
    """C37: once, all or nothing, `delay` months after the first month in which its gate is open. A contract is delivered in full
    while it runs and nothing is missing; of one that has ended nothing is delivered."""
    dated = part.month is None or p.m >= p.number(part.month)
    large = part.run_rate_above is None or p.run_rate >= part.run_rate_above
    by = [c for c in p.contracts if c.name == f"contracts.{part.delivered}"]
    if dated and large and all(c.share >= 1.0 for c in by):
        p.gates_opened.setdefault(name, p.m)
    if name in p.tranches_waiting and name in p.gates_opened and p.m >= p.gates_opened[name] + part.delay:
        p.tranches_waiting.remove(name)
        if part.probability == 1.0 or p.draws.once(f"{name}.event") < part.probability:
            p.book(f"{name}.received", part.amount, burn=False)


# --- Rounds ----------------------------------------------------------------------------------------------------------


def seek_rounds(p: Path, name: str, part: Any) -> None:
    """Chances of this month, each with the success of this month's regime and growth; money and shares `lag` months later."""
    pending, shares = p.pending_rounds.setdefault(name, {}), p.pending_shares.setdefault(name, {})
    first = 1 if part.first is None else p.number(part.first)
    short = name.split(".", 1)[1]
    before, post, arrival = p.valuation, 0.0, p.m + int(part.lag)
    for k in range(chances(p, name, part) + (1 if p.sought.get(name) else 0) if p.m >= first else 0):
        u = p.draws.score(f"{name}.success", p.m) if k == 0 else p.draws.extra(f"{name}.success", p.m, k)
        if u >= odds(p, part):
            p.count(f"{short}.rounds_failed")
            continue
        size = size_of(p, name, part, k)
        pending[arrival] = pending.get(arrival, 0.0) + size
        p.money_arrives[name] = arrival
        p.count(f"{short}.rounds")
        if part.multiple is not None:
            pre = of_regime(part.multiple, p) * yearly_revenue(p)
            post = pre + size
            shares[arrival] = shares.get(arrival, 1.0) * (pre / post)
            if pre < before:  # the post-money before this month
                p.count(f"{short}.down_rounds")
    p.valuation = post if post > 0.0 else p.valuation
    p.kept_by_owners *= shares.get(p.m, 1.0)
    p.book(f"{name}.received", pending.get(p.m, 0.0), shadow=False, burn=False)
    p.count("raised", pending.get(p.m, 0.0))


def chances(p: Path, name: str, part: Any) -> int:
    if part.every is None:
        return 0
    u, rate = p.draws.score(f"{name}.arrival", p.m), 1.0 / part.every
    if part.arrival == "bernoulli":
        return 1 if u < rate else 0
    n, below = 0, math.exp(-rate)  # below = P(N <= n)
    term = below
    while u < 1.0 - below and n < MOST_CHANCES:  # N >= n + 1
        n += 1
        term *= rate / n
        below += term
    return n


def odds(p: Path, part: Any) -> float:
    """p(s) x max(0, 1 + b (ln R(m) - ln R(m-12) - g)), at most 1; before the opening R grew as expected."""
    success = float(of_regime(part.success, p))
    if part.growth is None:
        return success
    year_before, months = p.months["revenue.run_rate"][max(0, p.m - p.year)], min(p.m, p.year)
    if p.run_rate <= 0.0 or year_before <= 0.0:
        return 0.0
    above = math.log(p.run_rate / year_before) - part.growth.expected * months / 12.0
    return min(1.0, success * max(0.0, 1.0 + part.growth.sensitivity * above))


def size_of(p: Path, name: str, part: Any, k: int) -> float:
    """By the law of the regime; all laws of a round draw with one score."""
    return drawn_value(of_regime(part.size, p), p, f"{name}.size", k, scored_by(part.size))


# --- Offering --------------------------------------------------------------------------------------------------------


def offer(p: Path, name: str, part: Any) -> None:
    """A month uniform in the window, moved to the first that is not shut; success drawn once. Valued at the listing; money and
    shares come `lag` months later."""
    list_shares(p, name, part)
    money, kept = p.pending_offerings.pop((name, p.m), (0.0, 1.0))
    p.book(f"{name}.received", money, shadow=False, burn=False)
    p.count("raised", money)
    p.kept_by_owners *= kept


def list_shares(p: Path, name: str, part: Any) -> None:
    first, last = p.number(part.first), p.number(part.last)
    if name not in p.offerings_waiting or not first <= p.m <= last:
        return
    planned = min(last, first + math.floor(p.draws.once(f"{name}.month") * (last - first + 1)))
    if p.m < planned or is_shut(p, part):
        return
    p.offerings_waiting.remove(name)
    if not p.draws.once(f"{name}.success") < part.probability:
        return
    kept = 1.0
    pre = part.valuation if part.multiple is None else of_regime(part.multiple, p) * yearly_revenue(p)
    if pre is not None and part.proceeds:
        if pre < p.valuation:
            p.count(f"{name.split('.', 1)[1]}.down_rounds")
        p.valuation = pre + part.proceeds
        kept = pre / p.valuation
    p.pending_offerings[name, p.m + int(part.lag)] = (part.proceeds, kept)


def is_shut(p: Path, offering: Any) -> bool:
    """The regime that `shut` names; where it names none, a regime in which priced rounds never succeed."""
    if offering.shut is not None:
        return bool(p.regime == offering.shut)
    rounds = [part for _, part in p.of("financing", "priced_round") if isinstance(part.success, dict)]
    return bool(rounds) and all(part.success[p.regime] == 0.0 for part in rounds)
