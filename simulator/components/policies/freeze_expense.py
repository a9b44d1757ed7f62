"""Freeze expense: when money runs short, a flow stops growing and stays at its level of that month, for good.
A flow that has not begun begins at its first amount.

Cuts of the same flow go on acting on the frozen level.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from simulator.components.base import ALIVE, Builder, Phase, Problem, Surroundings, register
from simulator.components.trigger import Trigger, no_such_flow, triggered


@register
class FreezeExpense(Trigger):
    family: ClassVar[str] = "policies"
    tag: ClassVar[str] = "freeze_expense"
    example: ClassVar[str] = """\
[flows.operating_expense]
amount = "600M/yr"
growth = "20 %/yr"

[policies.no_growth]
type = "freeze_expense"
flow = "operating_expense"
runway_below = "18 mo"
"""

    flow: str
    """The flow that stops growing, a recurring payment of [flows]."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        yield from self.unset()
        yield from no_such_flow(self.flow, around)

    def build(self, b: Builder, host: Any = None) -> None:
        frozen = b.state(f"flows.{self.flow}.frozen", -1.0)
        level = b.flow(f"flows.{self.flow}.plan")
        b.step(Phase.POLICIES, freeze, (ALIVE, frozen, level, *self.seen), writes=(frozen,))

    def in_words(self, say: Any) -> Iterable[str]:
        yield f"When {self.when(say)}, {self.flow} stops growing."


def freeze(
    alive: float,
    frozen: float,
    level: float,
    runway: float,
    liquidity: float,
    runway_below: float,
    liquidity_below: float,
) -> float:
    acts = frozen < 0.0 and alive > 0.0 and triggered(runway, liquidity, runway_below, liquidity_below)
    return level if acts else frozen
