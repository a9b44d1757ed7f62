"""A tranche: money already promised, gated by a date or a run-rate; it arrives whole, once, with a probability."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components.base import (
    MONTH,
    RUN_RATE,
    Builder,
    Component,
    Month,
    Phase,
    Problem,
    Surroundings,
    is_fixed,
    month_label,
    register,
)
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONEY, MONEY_PER_YEAR, SHARE


@register
class Tranche(Component):
    family: ClassVar[str] = "financing"
    tag: ClassVar[str] = "tranche"

    amount: Annotated[Number, Quantity(MONEY, low=0.0)]
    month: Month | None = None  # not before
    run_rate_above: Annotated[Number, Quantity(MONEY_PER_YEAR, low=0.0)] | None = None
    probability: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)] = 1.0

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if self.month is None and self.run_rate_above is None:
            yield Problem((), "a tranche has a gate", 'write month = "2027-04" or run_rate_above = "120B/yr"', "E012")
        if self.run_rate_above is not None and "revenue" not in around.tables:
            yield Problem(("run_rate_above",), "there is no [revenue] whose run-rate could open the gate", code="E015")

    def build(self, b: Builder, host: Any = None) -> None:
        received, open_ = b.flow(f"{b.name}.received"), b.state(f"{b.name}.waiting", 1.0)
        first = 1.0 if self.month is None else float(self.month - b.start)
        gate: Any = -1.0 if self.run_rate_above is None else self.run_rate_above
        u: Any = 0.0 if is_fixed(self.probability, 1.0) else b.once("event", still=0.0)
        b.step(
            Phase.FUNDING,
            arrive,
            (MONTH, RUN_RATE, open_, u, first, gate, self.probability, self.amount),
            writes=(open_, received),
        )
        b.receipt(received, funding=True)

    def in_words(self, say: Any) -> Iterable[str]:
        gates = []
        if self.month is not None:
            gates.append(f"in {month_label(self.month)}")
        if self.run_rate_above is not None:
            gates.append(f"once the run-rate reaches {say(self.run_rate_above, '$/yr')}")
        yield f"{say(self.amount, '$')} promised arrives {' and '.join(gates)} with probability {say(self.probability, '%')}."


def arrive(
    month: int, run_rate: float, waiting: float, u: float, first: float, gate: float, probability: float, amount: float
) -> tuple[float, float]:
    opens = waiting > 0.0 and month >= first and run_rate >= gate
    if not opens:
        return waiting, 0.0
    return 0.0, amount if u < probability else 0.0
