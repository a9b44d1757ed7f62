"""Late delivery: capacity arrives D months after the contract's start; the fee abates in proportion.

    delivered share of month m = clip(m - (s - 1) - D, 0, 1)        fee and capacity x that share; the end does not move

If D is more than the grace, the buyer may in month s + grace leave without fee and without notice, or shrink: what is
delivered by then stays, for good, and the fee with it. One delay a path. Both rights are exercised if `when_late` says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from simulator.components.base import (
    ALIVE,
    MONTH,
    Builder,
    Component,
    Phase,
    Problem,
    Surroundings,
    register,
)
from simulator.components.sides import LATE
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONTHS


@register
class Delivery(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "contracts"
    tag: ClassVar[str] = "delivery"
    example: ClassVar[str] = """\
[contracts.gpu]
fee = "120M/mo"
start = "2026-12"
end = "2029-05"

[contracts.gpu.delivery]
delay = { lognormal = { p10 = "0.6 mo", p90 = "3.7 mo" } }
grace = "3 mo"
when_late = "leave"
"""
    order: ClassVar[int] = 8  # before the exit, whose fee is of what is left

    delay: Annotated[Number, Quantity(MONTHS, low=0.0, still="median")]
    """From the contract's start to full delivery; on the deterministic path its median."""
    grace: Annotated[Number, Quantity(MONTHS, low=0.0, whole=True, drawn=False)] | None = None
    """How late delivery may be before the buyer has a right."""
    when_late: Literal["wait", "leave", "shrink"] = "wait"
    """What the buyer does after the grace: nothing, leave, or keep only what is delivered."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if self.when_late != "wait" and self.grace is None:
            yield Problem(("when_late",), "the right to leave or shrink begins after a grace", 'grace = "1 mo"', "E012")
        if self.when_late == "wait" and self.grace is not None:
            hint = 'when_late = "leave" or "shrink"'
            yield Problem(("grace",), "the grace gives a right that nobody uses", hint, also=None)

    def build(self, b: Builder, host: Any = None) -> None:
        contract = b.name.removesuffix(".delivery")
        first, _ = host.term(b)
        months = host.window(b, contract)
        due, capacity = b.flow(f"{contract}.due"), b.flow(f"{contract}.capacity")
        delivered = b.flow(f"{contract}.delivered")
        kept: Any = b.state(f"{contract}.kept", 1.0) if self.when_late == "shrink" else 1.0
        last = b.state(f"{contract}.last", host.end_by_path(b, contract))
        args = (MONTH, capacity, float(first), self.delay, kept, last)
        b.step(Phase.CAPACITY, deliver, args, writes=(capacity, delivered), months=months)
        if not b.is_written(f"{contract}.minimum"):  # take-or-pay charges delivered volumes
            b.step(Phase.DELIVERED, abate, (due, delivered), writes=(due,), months=months)
        if self.when_late == "wait" or self.grace is None:
            return
        at = first + int(self.grace)
        if not 1 <= at <= b.months - 1:
            return
        if self.when_late == "shrink":
            late = (ALIVE, self.delay, float(self.grace), delivered, kept)
            b.step(Phase.POLICIES - 2, shrink, late, writes=(kept,), months=(at, at))
        else:
            side = b.state(f"{contract}.side", 0.0)
            b.step(
                Phase.POLICIES - 2,
                leave,
                (MONTH, ALIVE, self.delay, float(self.grace), last, side),
                writes=(last, side),
                months=(at, at),
            )

    def in_words(self, say: Any) -> Iterable[str]:
        rights = {"wait": "", "leave": "; after that it leaves", "shrink": "; after that it keeps what is delivered"}
        grace = "" if self.grace is None else f" The buyer waits {say(self.grace, 'months')}{rights[self.when_late]}."
        yield f"Capacity arrives {say(self.delay, 'months')} late.{grace}"


def deliver(month: int, capacity: float, first: float, delay: float, kept: float, last: float) -> tuple[float, float]:
    """(capacity, share of it that is delivered: of a contract that has ended nothing is)."""
    share = min(kept, max(0.0, min(1.0, month - (first - 1.0) - delay))) if month <= last else 0.0
    return capacity * share, share


def abate(due: float, delivered: float) -> float:
    return due * delivered


def shrink(alive: float, delay: float, grace: float, delivered: float, kept: float) -> float:
    return delivered if alive > 0.0 and delay > grace else kept


def leave(month: int, alive: float, delay: float, grace: float, last: float, side: float) -> tuple[float, float]:
    if alive > 0.0 and delay > grace and side == 0.0 and month < last:
        return float(month), LATE
    return last, side
