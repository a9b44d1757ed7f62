"""Distressed amendments: a supplier that agreed to it defers a claim in the month in which it would end the path.

In the month in which the claim's clock has run out, once a claim: its arrears become k equal instalments from the next month
on, its clock is nought, and the path goes on. If anything else ends the path in that month, nothing is deferred. Instalments are
dues of the same claim; they bear no interest, are no new cost for the tax and none for the shadow account, which counted
the dues when they fell due.
"""

from __future__ import annotations

from typing import Any

from simulator.components.base import ALIVE, ENDED, MONTH, UNTAXED, Phase
from simulator.engine.build import Claim, ProgramBuilder


def schedule(b: ProgramBuilder) -> None:
    """The instalments of every claim that may be deferred; called before anything is booked."""
    for name in b.deferrals:
        due, left = b.flow(f"{name}.instalment"), b.state(f"{name}.instalments_left", 0.0)
        deferred, agreed = f"{name}.deferred", b.state(f"{name}.deferred_in", 0.0)
        b.step(Phase.FEES, fall_due, (ALIVE, deferred, left), writes=(deferred, left, due))
        b.due(due, name, shadow=False)
        b.tell(UNTAXED, (due, 1.0))
        b.final(agreed, f"{name.split('.', 1)[-1]}.distressed_amendment", "month, 0 none", "month")


def clock(b: ProgramBuilder, claim: Claim, cure: Any, short: str) -> str:
    """The slot of the claim's clock as the ending sees it: nought in the month in which the claim would be deferred. `short`:
    the slot that says where clocks run at all."""
    if claim.name not in b.deferrals:
        return f"{claim.name}.missed"
    accepts, _ = b.deferrals[claim.name]
    seen, offered = b.flow(f"{claim.name}.clock"), b.flow(f"{claim.name}.offered")
    args = (ALIVE, ENDED, f"{claim.name}.missed", cure, accepts, f"{claim.name}.deferred_in")
    b.step(Phase.CLOSE, offer, args, writes=(seen, offered), where=short)
    return seen


def settle(b: ProgramBuilder, cause_now: str, short: str) -> None:
    """Defer what was offered, unless the path ends in this month."""
    for name, (_, instalments) in b.deferrals.items():
        slots = tuple(f"{name}.{x}" for x in ("arrears", "missed", "deferred", "instalments_left", "deferred_in"))
        args = (MONTH, f"{name}.offered", cause_now, float(instalments), *slots)
        b.step(Phase.CLOSE, defer, args, writes=slots, where=short)


def fall_due(alive: float, deferred: float, left: float) -> tuple[float, float, float]:
    if alive == 0.0 or left == 0.0:
        return deferred, left, 0.0
    now = deferred / left
    return deferred - now, left - 1.0, now


def offer(
    alive: float, ended: float, missed: float, cure: float, accepts: float, deferred_in: float
) -> tuple[float, float]:
    if alive > 0.0 and ended == 0.0 and missed > cure and accepts > 0.0 and deferred_in == 0.0:
        return 0.0, 1.0
    return missed, 0.0


def defer(
    month: int,
    offered: float,
    cause_now: float,
    instalments: float,
    arrears: float,
    missed: float,
    deferred: float,
    left: float,
    deferred_in: float,
) -> tuple[float, float, float, float, float]:
    if offered == 0.0 or cause_now > 0.0:
        return arrears, missed, deferred, left, deferred_in
    return 0.0, 0.0, arrears, instalments, float(month)
