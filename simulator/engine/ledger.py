"""Open and close the month: the only code that writes cash or an ending (MODEL.md, "The close").

Dues of each claim = arrears + late interest + current. Ranks are paid in order out of cash, receipts and what the lines
still give; inside a rank pro rata. What is not paid becomes arrears and runs its claim's cure clock.

Nearly every path pays all of it in nearly every month, and then each claim is paid what falls due: that is what all lanes
do. Claim by claim, arrears, clocks and causes are worked out only in the lanes that are short: where something is in arrears
or a rank is not paid in full. Likewise flows are booked in all lanes, and nought in those of paths in default.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from simulator.components.base import (
    ALIVE,
    CASH,
    ENDED,
    LIQUIDITY,
    MONTH,
    POLICY_RUNWAY,
    Ago,
    Phase,
    is_zero,
)
from simulator.engine import renegotiation
from simulator.engine.build import ProgramBuilder, same
from simulator.engine.covenants import TOLERANCE, Covenant, watch
from simulator.engine.recovery import settle_claims
from simulator.engine.tax import levy

OPERATING = "operating"
NAN_CODE = 1  # the ending "not a number"; 0 is solvent, causes of default follow
DEFAULTS = "ending.now"  # 1 in the month in which the path defaults

RECEIPTS, PAID, DRAW, REPAID = "ledger.receipts", "ledger.paid", "ledger.draw", "ledger.repaid"
OWED, AVAILABLE = "ledger.owed", "ledger.available"
ARREARS = "ledger.arrears"
DEAD = "ledger.dead"  # 1 where a path is in default, unless the scenario goes on past one
SHORT = "ledger.short"  # 1 where a living path is in arrears or does not pay all that it owes
SHADOW_FLOW, SHADOW, BURN_FLOW = "ledger.shadow_flow", "shadow.cash", "ledger.burn_flow"
CAUSE = "ending.cause"
UNFUNDED, PEAK, DISCOUNT, YEAR_FLOW = "shadow.first_breach", "shadow.peak_need", "shadow.growth", "shadow.flow_12m"
LOWEST, LOWEST_MONTH = "liquidity.lowest", "liquidity.lowest_month"
RAISED = "funding.raised"


class Terms(NamedTuple):
    """The scenario's [opening], [treasury] and [default], as finished numbers (or arrays over paths)."""

    cash: Any
    interest: Any
    target_cash: Any
    floor: Any  # None: no liquidity covenant
    cure: Any  # months
    floor_cure: Any  # months
    debt_to_revenue: Any  # None: no such covenant
    debt_cure: Any  # months
    late_interest: Any
    stop_at_default: bool
    arrears: Any = 0.0
    arrears_months: Any = 0.0
    restricted_cash: Any = 0.0
    released: int | None = None  # month number
    tax_rate: Any = 0.0
    tax_losses: Any = 0.0
    secured: Any = None  # share recovered; None: no law of recovery
    unsecured: Any = None


class Cause(NamedTuple):
    kind: str  # "operating", "contract", "debt", "refinancing", "covenant", "not_a_number", "solvent"
    name: str
    sentence: str


def open_books(b: ProgramBuilder, terms: Terms) -> None:
    """Before the components build: the balances they may read, and the operating claim."""
    b.ledger, b.name = True, "ledger"
    b.state(CASH, terms.cash)
    b.state(ALIVE, 1.0)
    b.state(ENDED, 0.0)
    b.state(CAUSE, 0.0)
    b.state(DEAD, 0.0)
    b.step(Phase.OPEN - 3, live, (ENDED, CAUSE, 1.0 if terms.stop_at_default else 0.0), writes=(ALIVE, DEAD))
    b.name = "operations"
    b.claim(OPERATING, "operating", 1, None, None, terms.arrears, terms.arrears_months)
    b.name = "treasury"
    restricted: str | None = None
    if not is_zero(terms.restricted_cash):
        balance, released = b.state("treasury.restricted_cash", terms.restricted_cash), b.flow("treasury.released")
        restricted = balance
        if terms.released is not None and 1 <= terms.released <= b.months:
            m = terms.released
            restricted = b.state("treasury.restricted_by_calendar", terms.restricted_cash)  # past a default too
            b.step(Phase.FUNDING, release, (restricted,), writes=(restricted, released), months=(m, m))
            b.step(Phase.FUNDING, left_restricted, (balance, ALIVE), writes=(balance,), months=(m, m))
        b.receipt(released, funding=True)
        b.monthly(balance, "restricted_cash", "$")
    if not is_zero(terms.interest):
        earned = b.flow("treasury.interest")
        b.step(Phase.INTEREST, earn, (CASH, terms.interest), writes=(earned,))
        b.receipt(earned, shadow=False)
        if restricted is not None:
            aside = b.flow("treasury.interest_on_restricted")
            b.step(Phase.INTEREST, earn, (restricted, terms.interest), writes=(aside,))
            b.receipt(aside)
    b.ledger = False


def close_books(b: ProgramBuilder, terms: Terms) -> list[Cause]:
    """After the components have built: everything from the policy's view of runway to the ending. Returns the endings
    by code."""
    b.ledger, b.name = True, "ledger"
    for slot in (RECEIPTS, PAID, OWED, SHADOW_FLOW, RAISED):
        b.flow(slot)
    for slot in (BURN_FLOW, DRAW, REPAID, AVAILABLE, SHORT):
        b.state(slot, 0.0)
    b.state(ARREARS, sum(b.initial(f"{claim.name}.arrears") for claim in b.claims))
    renegotiation.schedule(b)
    levy(b, terms.tax_rate, terms.tax_losses)
    _policy_runway(b, terms)
    _book(b)
    _pay(b, terms)
    _settle_lines(b, terms)
    covenants = watch(b, OWED, terms.floor, terms.floor_cure, terms.debt_to_revenue, terms.debt_cure)
    causes = _end(b, terms, covenants)
    _shadow(b, terms)
    _measure(b)
    settle_claims(b, DEFAULTS, terms.secured, terms.unsecured)
    for slot, value in b.resets.items():
        b.step(Phase.OPEN - 2, same, (value,), writes=(slot,))
    b.ledger = False
    return causes


def _policy_runway(b: ProgramBuilder, terms: Terms) -> None:
    if not b.is_read(POLICY_RUNWAY):
        return
    now = b.flow("policy.flow")
    for account in b.accounts:
        if account.burn:
            added, taken = ((now,), ()) if account.claim is None else ((), (now,))
            b.step(Phase.POLICIES - 1, same, (account.slot,), adds=added, subtracts=taken)
    before = (Ago(BURN_FLOW, 1), Ago(BURN_FLOW, 2))
    floor = 0.0 if terms.floor is None else terms.floor
    b.step(Phase.POLICIES - 1, runway_seen, (MONTH, now, *before, LIQUIDITY, floor), writes=(POLICY_RUNWAY,))


def _book(b: ProgramBuilder) -> None:
    b.step(Phase.CLOSE, same, (0.0,), writes=(BURN_FLOW,))
    for account in b.accounts:
        flows = tuple(slot for slot, counts in ((SHADOW_FLOW, account.shadow), (BURN_FLOW, account.burn)) if counts)
        if account.claim is None:
            b.step(Phase.CLOSE, same, (account.slot,), adds=(RECEIPTS, *flows))
        else:  # what is paid is what falls due, until the lanes that are short pay less
            b.step(Phase.CLOSE, same, (account.slot,), adds=(f"{account.claim}.paid",), subtracts=flows)
    booked = dict.fromkeys(account.slot for account in b.accounts)
    nought = (*booked, RECEIPTS, BURN_FLOW, *(f"{claim.name}.paid" for claim in b.claims))
    b.step(Phase.CLOSE, same, (0.0,), writes=nought, where=DEAD)  # but not in the shadow account
    for claim in b.claims:
        owed = b.initial(f"{claim.name}.arrears")
        if not is_zero(owed):  # the shadow account pays what was owed at the opening
            b.step(Phase.CLOSE, same, (owed,), subtracts=(SHADOW_FLOW,), months=(1, 1))
    for slot in b.shadow_dues:
        b.step(Phase.CLOSE, same, (slot,), subtracts=(SHADOW_FLOW,))
    for slot in b.raises:
        b.step(Phase.CLOSE, same, (slot,), adds=(RAISED,))


def _pay(b: ProgramBuilder, terms: Terms) -> None:
    ranks = sorted({claim.rank for claim in b.claims})
    for rank in ranks:
        b.flow(f"ledger.owed_{rank}")
        b.state(f"ledger.share_{rank}", 1.0)
    for claim in b.claims:
        b.step(Phase.CLOSE, same, (f"{claim.name}.paid",), adds=(f"ledger.owed_{claim.rank}", OWED))
    b.step(Phase.CLOSE, behind, (ALIVE, ARREARS), writes=(SHORT,))
    for claim in b.claims:
        late = terms.late_interest if claim.late_interest is None else claim.late_interest
        b.step(
            Phase.CLOSE,
            overdue,
            (f"{claim.name}.arrears", late),
            writes=(b.flow(f"{claim.name}.late_interest"),),
            adds=(f"ledger.owed_{claim.rank}", OWED),
            where=SHORT,
        )
    b.step(Phase.CLOSE, plus, (CASH, RECEIPTS), writes=(AVAILABLE,))
    for line in b.lines:
        b.step(Phase.CLOSE, undrawn, (f"{line.name}.drawn", f"{line.name}.permit", line.limit), adds=(AVAILABLE,))
    for rank in ranks:
        args = (AVAILABLE, f"ledger.owed_{rank}", SHORT)
        b.step(Phase.CLOSE, pay_rank, args, writes=(AVAILABLE, f"ledger.share_{rank}", SHORT))
    b.step(Phase.CLOSE, same, (OWED,), writes=(PAID,))
    b.step(Phase.CLOSE, same, (0.0,), writes=(PAID,), where=SHORT)
    for claim in sorted(b.claims, key=lambda c: c.rank):
        late = terms.late_interest if claim.late_interest is None else claim.late_interest
        n = claim.name
        b.step(
            Phase.CLOSE,
            pay_claim,
            (f"{n}.paid", f"{n}.arrears", late, f"ledger.share_{claim.rank}", ALIVE, f"{n}.missed", OWED),
            writes=(f"{n}.paid", f"{n}.arrears", f"{n}.missed"),
            adds=(PAID,),
            where=SHORT,
        )


def _settle_lines(b: ProgramBuilder, terms: Terms) -> None:
    drawn = "ledger.drawn"
    b.flow(drawn)
    for line in b.lines:
        b.step(Phase.CLOSE, same, (f"{line.name}.drawn",), adds=(drawn,))
    b.step(
        Phase.CLOSE,
        balance,
        (CASH, RECEIPTS, PAID, drawn, terms.target_cash, ALIVE),
        writes=(CASH, DRAW, REPAID),
    )
    b.step(Phase.CLOSE, same, (CASH,), writes=(LIQUIDITY,))
    opening: Any = terms.cash
    if b.lines:
        to_draw, to_repay = b.flow("ledger.to_draw"), b.flow("ledger.to_repay")
        b.step(Phase.CLOSE, same, (DRAW,), writes=(to_draw,))
        b.step(Phase.CLOSE, same, (REPAID,), writes=(to_repay,))
    for line in b.lines:
        opening = opening + line.limit - b.initial(f"{line.name}.drawn")
        b.step(
            Phase.CLOSE,
            settle_line,
            (f"{line.name}.drawn", f"{line.name}.permit", line.limit, "ledger.to_draw", "ledger.to_repay"),
            writes=(f"{line.name}.drawn", "ledger.to_draw", "ledger.to_repay"),
            adds=(LIQUIDITY,),
        )
    b.state(LIQUIDITY, opening)


def _end(b: ProgramBuilder, terms: Terms, covenants: list[Covenant]) -> list[Cause]:
    causes = [
        Cause("solvent", "", "solvent at the horizon"),
        Cause("not_a_number", "", "not a number: a bug or a parameter that overflows"),
    ]
    now, worst = b.flow("ending.cause_now"), b.state("ending.worst_arrears", 0.0)
    b.step(Phase.CLOSE, same, (0.0,), writes=(worst,), where=SHORT)
    ranked = sorted(b.claims, key=lambda c: c.rank)  # stable: file order inside a rank
    first_of_rank: dict[int, int] = {}
    for claim in ranked:  # before all others; their codes are lower, so none of the others replaces them
        if claim.name in b.refinancings:
            debt, failed = b.refinancings[claim.name]
            causes.append(_cause("refinancing", debt))
            code = len(causes) - 1
            first = first_of_rank.setdefault(claim.rank, code)
            unpaid = (f"{claim.name}.missed", f"{claim.name}.arrears")
            ends = (now, worst, failed, *unpaid, float(code), float(first))
            b.step(Phase.CLOSE, ripen_refinancing, ends, writes=(now, worst), where=SHORT)
    first_of_rank = {}
    for claim in ranked:
        causes.append(_cause(claim.kind, claim.name))
        code = len(causes) - 1
        first = first_of_rank.setdefault(claim.rank, code)
        cure = terms.cure if claim.cure is None else claim.cure
        b.step(
            Phase.CLOSE,
            ripen,
            (
                now,
                worst,
                renegotiation.clock(b, claim, cure, SHORT),
                f"{claim.name}.arrears",
                cure,
                float(code),
                float(first),
            ),
            writes=(now, worst),
            where=SHORT,
        )
    for covenant in covenants:
        causes.append(_cause("covenant", covenant.name))
        args = (now, covenant.missed, covenant.cure, float(len(causes) - 1))
        b.step(Phase.CLOSE, ripen_covenant, args, writes=(now,))
    b.step(Phase.CLOSE, find_nan, (now, CASH, LIQUIDITY, OWED, PAID, SHADOW_FLOW, ALIVE), writes=(now,))
    renegotiation.settle(b, now, SHORT)
    b.step(Phase.CLOSE, end, (MONTH, ALIVE, ENDED, CAUSE, now), writes=(ENDED, CAUSE, b.flow(DEFAULTS)))
    return causes


def _cause(kind: str, name: str) -> Cause:
    short = name.split(".", 1)[-1]
    sentences = {
        "operating": "operating shortfall",
        "contract": f"payment default on {short} (contract)",
        "debt": f"payment default on {short} (debt)",
        "covenant": f"covenant {short} past cure",
        "refinancing": f"failed refinancing of {short} at maturity",
    }
    return Cause(kind, short, sentences[kind])


def _shadow(b: ProgramBuilder, terms: Terms) -> None:
    floor = 0.0 if terms.floor is None else terms.floor
    b.state(SHADOW, terms.cash)
    b.state(DISCOUNT, 1.0)
    for slot in (UNFUNDED, PEAK, YEAR_FLOW):
        b.state(slot, 0.0)
    b.step(
        Phase.CLOSE,
        shadow,
        (MONTH, SHADOW, DISCOUNT, SHADOW_FLOW, terms.interest, floor, OWED, UNFUNDED, PEAK),
        writes=(SHADOW, DISCOUNT, UNFUNDED, PEAK),
    )
    b.step(Phase.CLOSE, same, (SHADOW_FLOW,), adds=(YEAR_FLOW,), months=(1, min(b.year, b.months)))


def _measure(b: ProgramBuilder) -> None:
    b.state(LOWEST, math.inf)
    b.state(LOWEST_MONTH, 0.0)
    b.step(Phase.MEASURE, lowest, (MONTH, ENDED, LIQUIDITY, LOWEST, LOWEST_MONTH), writes=(LOWEST, LOWEST_MONTH))
    drawn = b.flow("line.drawn")
    b.step(Phase.MEASURE, same, (0.0,), writes=(ARREARS,), where=SHORT)
    for claim in b.claims:
        b.step(Phase.MEASURE, same, (f"{claim.name}.arrears",), adds=(ARREARS,), where=SHORT)
    for line in b.lines:
        b.step(Phase.MEASURE, same, (f"{line.name}.drawn",), adds=(drawn,))
        ead = b.state(f"{line.name}.exposure_at_default", 0.0)
        b.step(
            Phase.MEASURE,
            exposure_at_default,
            (f"{line.name}.arrears", f"{line.name}.drawn", 1.0, 0.0),
            writes=(ead,),
            where=DEFAULTS,
        )
    nought = {account.slot for account in b.accounts} | {f"{claim.name}.paid" for claim in b.claims}
    reported = [r.slot for r in (*b.monthly_metrics, *b.totals)]
    for view in b.contracts.values():
        reported.extend(view.values())
    flows = tuple(slot for slot in dict.fromkeys(reported) if slot in b.resets and slot not in nought)
    if flows:  # what is booked and paid is nought already
        b.step(Phase.MEASURE, same, (0.0,), writes=flows, where=DEAD)
    for name, (firm, mitigation) in b.exposures.items():
        ead = b.state(f"{name}.exposure_at_default", 0.0)
        deferred: Any = f"{name}.deferred" if name in b.deferrals else 0.0
        b.step(
            Phase.MEASURE,
            exposure_at_default,
            (f"{name}.arrears", firm, 1.0 - mitigation, deferred),
            writes=(ead,),
            where=DEFAULTS,
        )
    for metric in b.totals:
        b.step(Phase.MEASURE, same, (metric.slot,), adds=(b.state(f"{metric.slot}:total", 0.0),))


# --- the laws of the close ---------------------------------------------------------------------------------------------


def live(ended: float, cause: float, stop_at_default: float) -> tuple[float, float]:
    return (0.0, 1.0) if ended > 0.0 and (stop_at_default > 0.0 or cause == NAN_CODE) else (1.0, 0.0)


def earn(cash: float, rate: float) -> float:
    return max(0.0, cash) * rate


def release(restricted: float) -> tuple[float, float]:
    return 0.0, restricted


def left_restricted(restricted: float, alive: float) -> float:
    return 0.0 if alive > 0.0 else restricted


def runway_seen(month: int, now: float, before: float, earlier: float, liquidity: float, floor: float) -> float:
    total, count = now, 1.0
    if month >= 2:
        total += before
        count += 1.0
    if month >= 3:
        total += earlier
        count += 1.0
    burn = -total / count
    return (liquidity - floor) / burn if burn > 0.0 else math.inf


def behind(alive: float, arrears: float) -> float:
    return 1.0 if alive > 0.0 and arrears != 0.0 else 0.0


def overdue(arrears: float, late_rate: float) -> tuple[float, float, float]:
    """(late interest, and for two totals what is owed with it from before this month)."""
    late = arrears * late_rate
    return late, arrears + late, arrears + late


def plus(a: float, b: float) -> float:
    return a + b


def undrawn(drawn: float, permit: float, limit: float) -> float:
    return permit * max(0.0, limit - drawn)


def pay_rank(available: float, owed: float, short: float) -> tuple[float, float, float]:
    """(what is left for the next rank, the share of this one that is paid, whether the path is short by now)."""
    if owed <= available:
        return available - owed, 1.0, short
    return 0.0, max(0.0, available) / owed, 1.0


def pay_claim(
    current: float, arrears: float, late_rate: float, share: float, alive: float, missed: float, total: float
) -> tuple[float, float, float, float]:
    if alive == 0.0:
        return 0.0, arrears, missed, 0.0
    owed = arrears + arrears * late_rate + current
    paid = owed * share
    left = owed - paid
    return paid, left, missed + 1.0 if left > TOLERANCE * total else 0.0, paid


def balance(
    cash: float, receipts: float, paid: float, drawn: float, target_cash: float, alive: float
) -> tuple[float, float, float]:
    if alive == 0.0:
        return cash, 0.0, 0.0
    left = cash + receipts - paid
    draw = max(0.0, -left)
    repaid = min(drawn, max(0.0, left - target_cash))
    return max(0.0, left + draw - repaid), draw, repaid


def settle_line(
    drawn: float, permit: float, limit: float, to_draw: float, to_repay: float
) -> tuple[float, float, float, float]:
    draw = min(to_draw, permit * max(0.0, limit - drawn))
    repay = min(to_repay, drawn)
    now = drawn + draw - repay
    return now, to_draw - draw, to_repay - repay, permit * max(0.0, limit - now)


def ripen(
    now: float, worst: float, missed: float, arrears: float, cure: float, code: float, first_of_rank: float
) -> tuple[float, float]:
    ripe = missed > cure
    if ripe and (now == 0.0 or (now >= first_of_rank and arrears > worst)):
        return code, arrears
    return now, worst


def ripen_refinancing(
    now: float, worst: float, failed: float, missed: float, arrears: float, code: float, first_of_rank: float
) -> tuple[float, float]:
    """As `ripen`, without cure, for a principal whose refinancing failed in this month."""
    if failed > 0.0 and missed > 0.0 and (now == 0.0 or (now >= first_of_rank and arrears > worst)):
        return code, arrears
    return now, worst


def ripen_covenant(now: float, missed: float, cure: float, code: float) -> float:
    return code if now == 0.0 and missed > cure else now


def find_nan(
    now: float, cash: float, liquidity: float, owed: float, paid: float, shadow_flow: float, alive: float
) -> float:
    total = cash + liquidity + owed + paid + shadow_flow
    return float(NAN_CODE) if alive > 0.0 and total - total != 0.0 else now


def end(month: int, alive: float, ended: float, cause: float, now: float) -> tuple[float, float, float]:
    """(month of the ending, its cause, 1 if the path defaults in this month)."""
    if alive > 0.0 and now > 0.0 and (ended == 0.0 or now == NAN_CODE):
        return float(month), now, 1.0 if now > NAN_CODE else 0.0
    return ended, cause, 0.0


def shadow(
    month: int,
    cash: float,
    growth: float,
    flow: float,
    rate: float,
    floor: float,
    owed: float,
    first: float,
    peak: float,
) -> tuple[float, float, float, float]:
    cash = cash * (1.0 + rate) + flow
    growth = growth * (1.0 + rate)
    if first == 0.0 and cash < floor - TOLERANCE * (abs(floor) + owed):
        first = float(month)
    return cash, growth, first, max(peak, (floor - cash) / growth)


def lowest(month: int, ended: float, liquidity: float, low: float, low_month: float) -> tuple[float, float]:
    if (ended == 0.0 or month == ended) and liquidity < low:
        return liquidity, float(month)
    return low, low_month


def exposure_at_default(arrears: float, claim: float, kept: float, deferred: float) -> float:
    return arrears + deferred + (claim - deferred) * kept  # `claim` has what is deferred in it
