"""Tax on profit, monthly, after losses carried forward.

    pretax = billed revenue and other receipts - dues of operations, contracts and interest
    tax = τ max(0, pretax - L),   L <- max(0, L - pretax)

Money raised, principal, deposits and prepayments are neither income nor cost; what a prepayment is credited against a fee is a
cost in that month. Due in the same month. A fee that falls due with a notice of the month is not counted.
"""

from __future__ import annotations

from typing import Any

from simulator.components.base import UNTAXED, Phase, is_zero
from simulator.engine.build import ProgramBuilder

PRETAX, LOSSES, TAX = "treasury.pretax", "treasury.tax_losses", "treasury.tax"


def levy(b: ProgramBuilder, rate: Any, losses: Any) -> None:
    """The steps of the tax; nothing at a rate of 0. Called when all accounts are known."""
    if is_zero(rate):
        return
    pretax, tax, carried = b.flow(PRETAX), b.flow(TAX), b.state(LOSSES, losses)
    for account in b.accounts:
        if account.burn:
            b.step(Phase.TAX, add, (account.slot, 1.0 if account.claim is None else -1.0), adds=(pretax,))
    for slot, sign in b.told(UNTAXED):
        b.step(Phase.TAX, add, (slot, sign), adds=(pretax,))
    b.step(Phase.TAX, assess, (pretax, carried, rate), writes=(tax, carried))
    b.due(tax, "operating")
    b.monthly(tax, "tax", "$/mo")


def add(flow: float, sign: float) -> float:
    return sign * flow


def assess(pretax: float, losses: float, rate: float) -> tuple[float, float]:
    return rate * max(0.0, pretax - losses), max(0.0, losses - pretax)
