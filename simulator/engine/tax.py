"""Tax on profit, monthly, after losses carried forward.

    pretax = billed revenue and other receipts - dues of operations, contracts and interest
    tax = τ max(0, pretax - L),   L <- max(0, L - pretax)

Money raised, principal, deposits and prepayments are neither income nor cost; what a prepayment is credited against a fee is a
cost in that month. Due in the same month; a fee of leaving that falls due with a notice of the month is counted, so the tax is
assessed once more after the notices (policies of the month have seen the first assessment).

Past a default the shadow account goes on, and its tax with it: on what it counts, with the interest of loans as scheduled. Cash
and lines bear no interest then.
"""

from __future__ import annotations

from typing import Any

from simulator.components.base import ALIVE, EXIT_FEE, SCHEDULED_INTEREST, UNTAXED, Phase, is_zero
from simulator.engine.build import ProgramBuilder, same

PRETAX, LOSSES, TAX = "treasury.pretax", "treasury.tax_losses", "treasury.tax"
AFTER_NOTICES = Phase.POLICIES + 4


def levy(b: ProgramBuilder, rate: Any, losses: Any) -> None:
    """The steps of the tax; nothing at a rate of 0. Called when all accounts are known."""
    if is_zero(rate):
        return
    pretax, tax, carried = b.flow(PRETAX), b.flow(TAX), b.state(LOSSES, losses)
    for account in b.accounts:
        if account.burn:
            sign = 1.0 if account.claim is None else -1.0
            while_alive: Any = 1.0 if account.shadow else ALIVE
            b.step(Phase.TAX, add, (account.slot, sign, while_alive), adds=(pretax,))
    for slot, sign in b.told(UNTAXED):
        b.step(Phase.TAX, add, (slot, sign, 1.0), adds=(pretax,))
    for slot in b.told(SCHEDULED_INTEREST):
        b.step(Phase.TAX, add_past_default, (slot, ALIVE), adds=(pretax,))
    before = b.state("treasury.tax_losses_before", losses)
    b.step(Phase.TAX, same, (carried,), writes=(before,))
    b.step(Phase.TAX, assess, (pretax, before, rate), writes=(tax, carried))
    fees = b.told(EXIT_FEE)
    for fee in fees:  # what this month's notices make due, once they have been given
        seen = b.flow(f"{fee}.taxed")
        b.step(Phase.TAX, same, (fee,), writes=(seen,))
        b.step(AFTER_NOTICES, less, (seen, fee), adds=(pretax,))
    if fees:
        b.step(AFTER_NOTICES, assess, (pretax, before, rate), writes=(tax, carried))
    b.due(tax, "operating")
    b.monthly(tax, "tax", "$/mo")


def add(flow: float, sign: float, counted: float) -> float:
    return sign * flow * counted


def add_past_default(interest: float, alive: float) -> float:
    return -interest if alive == 0.0 else 0.0


def less(x: float, y: float) -> float:
    return x - y


def assess(pretax: float, losses: float, rate: float) -> tuple[float, float]:
    return rate * max(0.0, pretax - losses), max(0.0, losses - pretax)
