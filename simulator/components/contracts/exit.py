"""The right to leave: notice, lock-in and fee of the buyer; notice, hazard and recall effect of the supplier.

With start s, lock-in L and notice n in months, notice may first be given in month s + L - 1. Given in month m, months
m+1 … min(m+n, end) are still delivered and due in full, nothing after. It is irrevocable; one notice a contract; if both
sides give it in one month it is the supplier's. None is given in the last month of the horizon, nor when m + n >= end.

The rules of a side are a list (components/exit_rules.py); any rule that holds gives notice. They see
drivers and dues of m and balances of the close of m-1. The supplier's notice has the monthly probability 1 - exp(-h/12),
h = hazard x ratio^gamma, ratio = market_unit_price x I / (unit_price x fee now / base fee). In the K months after a notice of
the supplier has run out, billed revenue is lower by the recall's share.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from simulator.components.base import (
    ALIVE,
    EXIT_FEE,
    LIQUIDITY,
    MONTH,
    POLICY_RUNWAY,
    PRICE,
    SERVED,
    STRANDED,
    Builder,
    Component,
    Phase,
    Problem,
    Surroundings,
    Table,
    is_fixed,
    is_zero,
    notice_months,
    register,
)
from simulator.components.exit_rules import NEVER, Rule, SupplierRule, complaints, threshold
from simulator.components.leaving import charge_fee, fee_still_open, firm_until, firm_without_right
from simulator.components.sides import BUYER, SUPPLIER, Recall, recall
from simulator.components.term import look_up, renewed_price
from simulator.mathematics.elementary import exp, power
from simulator.quantities.number import Number, Quantity, Uncertain
from simulator.quantities.units import DURATION, HAZARD, MONEY, NUMBER, SHARE


class Buyer(Component):
    family: ClassVar[str] = "part"
    notice: Annotated[Number, Quantity(DURATION, low=0.0, whole=True)]
    """From notice to the last month, begun months count."""
    lock_in: Annotated[Number, Quantity(DURATION, low=0.0, whole=True)] = 0.0
    """How long after the start notice may first be given."""
    when: Annotated[tuple[Rule, ...], Field(strict=False)] = ()
    """Rules; any one gives notice, and all conditions of a rule must hold. Default: never."""
    fee: Annotated[Number, Quantity(MONEY, low=0.0)] = 0.0
    """Fixed fee of leaving."""
    fee_share: Annotated[Number, Quantity(SHARE, low=0.0)] = 0.0
    """Fee of leaving as a share of the payments after the last notice month."""
    fee_at: Literal["end", "notice"] = "end"
    """When the fee falls due: in the last notice month, or at once."""


class Supplier(Component):
    family: ClassVar[str] = "part"
    notice: Annotated[Number, Quantity(DURATION, low=0.0, whole=True)]
    """From notice to the last month, begun months count."""
    lock_in: Annotated[Number, Quantity(DURATION, low=0.0, whole=True)] = 0.0
    """How long after the start notice may first be given."""
    hazard: Annotated[Number, Quantity(HAZARD, low=0.0)] = 0.0
    """How often the supplier leaves while the market price equals the contract's."""
    gamma: Annotated[Number, Quantity(NUMBER)] = 1.0
    """How strongly that rises with the market price: hazard x ratio^gamma."""
    when: Annotated[tuple[SupplierRule, ...], Field(strict=False)] = ()
    """Rules besides the hazard; any one gives notice. Default: none."""
    recall: Recall | None = None
    """What the supplier's leaving costs in revenue."""


@register
class Exit(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "contracts"
    tag: ClassVar[str] = "exit"
    example: ClassVar[str] = """\
[contracts.gpu]
fee = "120M/mo"
start = "2026-11"
end = "2029-05"
unit_price = "5.27 $/GPU-h"
market_unit_price = "4.88 $/GPU-h"

[contracts.gpu.exit.buyer]
notice = "90 days"
lock_in = "90 days"
when = [{ price_ratio_below = 0.75 }, { runway_below = "9 mo" }]

[contracts.gpu.exit.supplier]
notice = "90 days"
hazard = "8 %/yr"
recall = { revenue_lost = "10 %", months = "4 mo" }
"""
    order: ClassVar[int] = 10
    SHOCKS: ClassVar[tuple[str, ...]] = ("supplier",)

    buyer: Buyer | None = None
    """The buyer's right to leave."""
    supplier: Supplier | None = None
    """The supplier's right to leave."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if self.buyer is None and self.supplier is None:
            yield Problem(
                (), "an exit names the buyer, the supplier, or both", "add [contracts.NAME.exit.buyer]", "E012"
            )
        priced = host.unit_price is not None and host.market_unit_price is not None
        unpriced = None if priced and around.has_price else _price_wanted(priced)
        parties: tuple[tuple[str, Buyer | Supplier | None], ...] = (("buyer", self.buyer), ("supplier", self.supplier))
        for side, party in parties:
            rules: tuple[Rule | SupplierRule, ...] = () if party is None else party.when
            for k, rule in enumerate(rules):
                yield from complaints(rule, (side, "when", k), unpriced)
        if any(rule.optimal for _, party in parties if party is not None for rule in party.when):
            yield from _not_certain(parties)
        for k, rule in enumerate(self.buyer.when if self.buyer else ()):
            if rule.stranded and "compute" not in around.tables:
                yield Problem(
                    ("buyer", "when", k, "stranded"), "nothing is ever stranded without [compute]", code="E015"
                )
        s = self.supplier
        if s is not None and not priced and not is_zero(s.hazard) and not is_zero(s.gamma):
            yield Problem(("supplier", "hazard"), *_price_wanted(priced), "E015")

    def build(self, b: Builder, host: Any = None) -> None:
        contract = b.name.removesuffix(".exit")
        first, _ = host.term(b)
        level, paid_by = host.owed(b, contract)
        if b.is_written(f"{contract}.minimum"):
            level = level * b.initial(f"{contract}.minimum")  # of take-or-pay only the minimum is owed
        ends = host.end_by_path(b, contract)
        last, side = b.state(f"{contract}.last", ends), b.state(f"{contract}.side", 0.0)
        renewable = b.is_written(f"{contract}.term_end")
        end: Any = f"{contract}.term_end" if renewable else ends
        given_in = b.state(f"{b.name}.month", 0.0)
        ratio: Any = 1.0
        if host.unit_price is not None and host.market_unit_price is not None:
            ratio = b.flow(f"{b.name}.price_ratio")
            market = host.market_unit_price / host.unit_price
            b.step(Phase.POLICIES, price_ratio, (PRICE, market, *host.price_level(b, contract)), writes=(ratio,))
        wants, notice_b, earliest_b = self._buyer(b, ratio, first)
        leaves, notice_s, earliest_s = self._supplier(b, ratio, first)
        opening_earliest = earliest_b
        if renewable:
            earliest_b = self._unlocked(b, contract, "buyer", earliest_b)
            earliest_s = self._unlocked(b, contract, "supplier", earliest_s)
        b.step(
            Phase.POLICIES,
            decide,
            (MONTH, ALIVE, last, side, given_in, wants, leaves, notice_b, earliest_b, notice_s, earliest_s, end),
            writes=(last, side, given_in),
            months=(1, host.window(b, contract)[1] - 1),
        )
        self._fee_and_firm(b, contract, level, paid_by, (opening_earliest, earliest_b), (ends, end))
        if self.supplier is not None and self.supplier.recall is not None:
            r = self.supplier.recall
            b.step(
                Phase.OPEN, recall, (MONTH, SERVED, last, side, SUPPLIER, r.revenue_lost, r.months), writes=(SERVED,)
            )
        b.final(given_in, f"{contract.split('.', 1)[1]}.notice_month", "month, 0 none", "month")

    def _unlocked(self, b: Builder, contract: str, party: str, earliest: Any) -> Any:
        """The first month in which this party may give notice, which a renewal sets anew."""
        if earliest is NEVER:
            return earliest
        slot = b.state(f"{b.name}.{party}_free_from", earliest)
        b.step(Phase.POLICIES + 1, latest_lock, (f"{contract}.free_from", slot), writes=(slot,))
        return slot

    def _buyer(self, b: Builder, ratio: Any, first: int) -> tuple[Any, Any, Any]:
        """(wants to leave, notice months, first month in which it may be given)."""
        if self.buyer is None:
            return 0.0, 0.0, NEVER
        wants: Any = 0.0
        if self.buyer.when:
            wants = b.flow(f"{b.name}.wanted")
        for rule in self.buyer.when:
            of_ratio = threshold(b, rule, 0.0)
            limits = [NEVER if x is None else x for x in (of_ratio, rule.runway_below, rule.liquidity_below)]
            runway: Any = 0.0 if rule.runway_below is None else POLICY_RUNWAY
            b.step(
                Phase.POLICIES,
                hold,
                (wants, ratio, runway, LIQUIDITY, STRANDED, *limits, 1.0 if rule.stranded else 0.0),
                writes=(wants,),
            )
        return wants, notice_months(self.buyer.notice), first + notice_months(self.buyer.lock_in) - 1.0

    def _supplier(self, b: Builder, ratio: Any, first: int) -> tuple[Any, Any, Any]:
        if self.supplier is None:
            return 0.0, 0.0, NEVER
        leaves: Any = 0.0
        if self.supplier.when or not is_zero(self.supplier.hazard):
            leaves = b.flow(f"{b.name}.recalled")
        if not is_zero(self.supplier.hazard):
            gamma = self.supplier.gamma
            rises: Any = ratio
            if is_zero(gamma):
                rises = 1.0
            elif not is_fixed(gamma, 1.0):
                rises = b.flow(f"{b.name}.temptation")
                b.step(Phase.POLICIES, power, (ratio, gamma), writes=(rises,))
            b.step(Phase.POLICIES, reclaim, (b.uniform("supplier"), rises, self.supplier.hazard), writes=(leaves,))
        for rule in self.supplier.when:
            b.step(Phase.POLICIES, exceed, (leaves, ratio, threshold(b, rule, NEVER)), writes=(leaves,))
        return leaves, notice_months(self.supplier.notice), first + notice_months(self.supplier.lock_in) - 1.0

    def _fee_and_firm(
        self, b: Builder, contract: str, level: Any, paid_by: list[Any], earliest: tuple[Any, Any], end: tuple[Any, Any]
    ) -> None:
        """`earliest` and `end`: at the opening, and as they stand."""
        last, side, given_in = f"{contract}.last", f"{contract}.side", f"{b.name}.month"
        until, open_fee = f"{contract}.firm_until", f"{contract}.fee_if_left"
        buyer, ends = self.buyer, end[0]
        if buyer is None:
            b.state(until, ends)
            b.state(open_fee, 0.0)
            b.step(Phase.MEASURE, firm_without_right, (last,), writes=(until,))
            return
        n = notice_months(buyer.notice)
        ends = np.maximum(ends, 0.0)  # of one that has ended before the opening nothing is left
        now = np.minimum(ends, np.maximum(0.0, earliest[0]) + n)
        b.state(until, now)
        fixed = is_zero(buyer.fee) and is_zero(buyer.fee_share)
        table = Table(paid_by)
        rest = look_up(paid_by, ends) - look_up(paid_by, now)
        b.state(open_fee, buyer.fee * np.where(now < ends, 1.0, 0.0) + buyer.fee_share * level * rest)
        if fixed:
            b.step(Phase.MEASURE, firm_until, (MONTH, side, last, n, earliest[1], end[1]), writes=(until,))
            return
        charged, paid = b.flow(f"{b.name}.fee"), b.state(f"{b.name}.fee_paid", 0.0)
        at_notice = 1.0 if buyer.fee_at == "notice" else 0.0
        kept: Any = (
            f"{contract}.kept" if b.is_written(f"{contract}.kept") else 1.0
        )  # what a late delivery has left for good
        terms = (buyer.fee, buyer.fee_share, level, renewed_price(b, contract), kept)
        for phase, noticed_now in ((Phase.FEES, 0.0), (Phase.POLICIES, 1.0)):  # noticed before, noticed this month
            when = (MONTH, side, last, given_in, noticed_now, at_notice)
            b.step(phase, charge_fee, (*when, *terms, end[1], table), adds=(charged, paid))
        b.due(charged, contract)
        b.tell(EXIT_FEE, charged)
        b.step(
            Phase.MEASURE,
            fee_still_open,
            (MONTH, side, last, paid, *terms, n, earliest[1], end[1], table),
            writes=(until, open_fee),
        )

    def in_words(self, say: Any) -> Iterable[str]:
        if self.buyer is not None:
            locked = "" if is_zero(self.buyer.lock_in) else f" after {say(self.buyer.lock_in, 'days')}"
            yield f"The buyer may leave on {say(self.buyer.notice, 'days')} notice{locked}" + (
                " and never does by rule."
                if not self.buyer.when
                else ": when " + ", or when ".join(r.in_words(say) for r in self.buyer.when) + "."
            )
        if self.supplier is not None:
            locked = "" if is_zero(self.supplier.lock_in) else f" after {say(self.supplier.lock_in, 'days')}"
            yield (
                f"The supplier may leave on {say(self.supplier.notice, 'days')} notice{locked}, with a hazard of "
                f"{say(self.supplier.hazard, '%')} a year at par that rises with the market price over the contract's."
            )
            if self.supplier.when:
                rules = ", or when ".join(r.in_words(say) for r in self.supplier.when)
                yield f"It also does when {rules}."
            if self.supplier.recall is not None:
                r = self.supplier.recall
                yield f"A recall costs {say(r.revenue_lost, '%')} of revenue for {say(r.months, 'months')}."


def _not_certain(parties: Iterable[tuple[str, Buyer | Supplier | None]]) -> Iterable[Problem]:
    for side, party in parties:
        for key in ("notice", "lock_in") if party is not None else ():
            if isinstance(getattr(party, key), Uncertain):
                yield Problem(
                    (side, key), f"a best moment to leave needs a `{key}` that is certain", f'{key} = "90 days"'
                )


def _price_wanted(priced: bool) -> tuple[str, str]:
    if priced:
        return "this rule needs a market price, and there is no [price]", "add a [price] table"
    return (
        "the price ratio needs the contract's `unit_price` and `market_unit_price`",
        'write unit_price = "5.27 $/GPU-h" and market_unit_price = "4.88 $/GPU-h" in the contract',
    )


def price_ratio(price: float, market_over_contract: float, escalated: float, factor: float) -> float:
    return market_over_contract * price / (escalated * factor)


def hold(
    wanted: float,
    ratio: float,
    runway: float,
    liquidity: float,
    stranded: float,
    ratio_below: float,
    runway_below: float,
    liquidity_below: float,
    needs_stranded: float,
) -> float:
    cheap = ratio < ratio_below or ratio_below == math.inf
    short = runway < runway_below or runway_below == math.inf
    poor = liquidity < liquidity_below or liquidity_below == math.inf
    idle = stranded > 0.0 or needs_stranded == 0.0
    return 1.0 if cheap and short and poor and idle else wanted


def reclaim(u: float, rises: float, hazard: float) -> float:
    probability = 1.0 - exp(-hazard * rises / 12.0)
    return 1.0 if u < probability else 0.0


def exceed(leaves: float, ratio: float, above: float) -> float:
    return 1.0 if ratio > above else leaves


def decide(
    month: int,
    alive: float,
    last: float,
    side: float,
    given_in: float,
    wants: float,
    leaves: float,
    notice_b: float,
    earliest_b: float,
    notice_s: float,
    earliest_s: float,
    end: float,
) -> tuple[float, float, float]:
    free = alive > 0.0 and side == 0.0
    by_supplier = free and leaves > 0.0 and month >= earliest_s and month + notice_s < end
    by_buyer = free and wants > 0.0 and month >= earliest_b and month + notice_b < end and not by_supplier
    if by_supplier:
        return month + notice_s, SUPPLIER, float(month)
    if by_buyer:
        return month + notice_b, BUYER, float(month)
    return last, side, given_in


def latest_lock(renewed: float, before: float) -> float:
    return renewed if renewed > 0.0 else before
