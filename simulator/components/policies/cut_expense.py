"""Cut expense: when money runs short, a flow falls by a share of its plan over some months, for good, once.

Triggered in month m, the flow of month m + k is plan x (1 - cut x min(1, k / over)), k = 1, 2, …: by cut / over points of
the uncut plan a month.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components.base import ALIVE, MONTH, Builder, Phase, Problem, Surroundings, register
from simulator.components.trigger import Trigger, no_such_flow, triggered
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONTHS, SHARE


@register
class CutExpense(Trigger):
    family: ClassVar[str] = "policies"
    tag: ClassVar[str] = "cut_expense"
    example: ClassVar[str] = """\
[flows.operating_expense]
amount = "600M/yr"

[policies.savings]
type = "cut_expense"
flow = "operating_expense"
runway_below = "12 mo"
cut = "25 %"
over = "5 mo"
"""

    flow: str
    """The flow that is cut, a recurring payment of [flows]."""
    cut: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)]
    """Share of the plan that is saved in the end."""
    over: Annotated[Number, Quantity(MONTHS, low=1.0)] = 1.0
    """Months until the whole cut works."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        yield from self.unset()
        yield from no_such_flow(self.flow, around)

    def build(self, b: Builder, host: Any = None) -> None:
        since = b.state(f"{b.name}.since", 0.0)
        kept = b.state(f"flows.{self.flow}.kept", 1.0)
        b.step(Phase.OPEN, keep, (MONTH, since, self.cut, self.over, kept), writes=(kept,))
        b.step(Phase.POLICIES, start, (MONTH, ALIVE, since, *self.seen), writes=(since,))
        b.final(since, f"{b.short}.since", "month, 0 = never", "month")

    def in_words(self, say: Any) -> Iterable[str]:
        yield f"When {self.when(say)}, {self.flow} falls by {say(self.cut, '%')} over {say(self.over, 'months')}, once."


def keep(month: int, since: float, cut: float, over: float, kept: float) -> float:
    if since == 0.0:
        return kept
    before = 1.0 - cut * min(1.0, (month - 1.0 - since) / over)
    return kept / before * (1.0 - cut * min(1.0, (month - since) / over)) if before > 0.0 else 0.0


def start(
    month: int, alive: float, since: float, runway: float, liquidity: float, runway_below: float, liquidity_below: float
) -> float:
    acts = since == 0.0 and alive > 0.0 and triggered(runway, liquidity, runway_below, liquidity_below)
    return float(month) if acts else since
