"""A tranche: money already promised, gated by a date, a run-rate or a contract's delivery; it arrives whole, once.

The gate opens in the first month in which every condition holds; the money comes `delay` months later (begun months
count), with the tranche's probability, drawn once a path.
"""

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
    is_zero,
    month_label,
    register,
)
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONEY, MONEY_PER_YEAR, MONTHS, SHARE


@register
class Tranche(Component):
    family: ClassVar[str] = "financing"
    tag: ClassVar[str] = "tranche"
    example: ClassVar[str] = """\
[financing.partner]
type = "tranche"
amount = "15B"
month = "2027-04"
run_rate_above = "5B/yr"
probability = "70 %"
"""

    amount: Annotated[Number, Quantity(MONEY, low=0.0)]
    """What arrives, whole and once."""
    month: Month | None = None
    """Not before this month."""
    run_rate_above: Annotated[Number, Quantity(MONEY_PER_YEAR, low=0.0)] | None = None
    """Not before the revenue run-rate has reached this."""
    delivered: str | None = None
    """Not before this contract (one with a `delivery`) is delivered in full."""
    delay: Annotated[Number, Quantity(MONTHS, low=0.0, still="median")] = 0.0
    """From the opening of the gate to the money; on the deterministic path its median."""
    probability: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)] = 1.0
    """Of arriving at all."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if self.month is None and self.run_rate_above is None and self.delivered is None:
            yield Problem((), "a tranche has a gate", 'write month = "2027-04" or run_rate_above = "120B/yr"', "E012")
        contracts = {k: v for k, v in around.tables.get("contracts", {}).items() if isinstance(v, dict)}
        if self.delivered is not None and "delivery" not in contracts.get(self.delivered, {}):
            known = self.delivered in contracts
            yield Problem(
                ("delivered",),
                f"the contract `{self.delivered}` has no delivery"
                if known
                else f"there is no contract `{self.delivered}`",
                f"add [contracts.{self.delivered}.delivery]" if known else "contracts: " + ", ".join(contracts),
                "E015",
            )
        if self.run_rate_above is not None and "revenue" not in around.tables:
            yield Problem(("run_rate_above",), "there is no [revenue] whose run-rate could open the gate", code="E015")

    @property
    def decided_once(self) -> tuple[str, ...]:
        return ("event",)

    def build(self, b: Builder, host: Any = None) -> None:
        received, open_ = b.flow(f"{b.name}.received"), b.state(f"{b.name}.waiting", 1.0)
        opened = b.state(f"{b.name}.opened", float("inf"))
        delivered: Any = 1.0 if self.delivered is None else f"contracts.{self.delivered}.delivered"
        first = 1.0 if self.month is None else float(self.month - b.start)
        gate: Any = -1.0 if self.run_rate_above is None else self.run_rate_above
        u: Any = 0.0 if is_fixed(self.probability, 1.0) else b.once("event", still=0.0)
        b.step(
            Phase.FUNDING,
            arrive,
            (MONTH, RUN_RATE, delivered, open_, opened, u, first, gate, self.delay, self.probability, self.amount),
            writes=(open_, opened, received),
        )
        b.receipt(received, funding=True)

    def in_words(self, say: Any) -> Iterable[str]:
        gates = []
        if self.month is not None:
            gates.append(f"in {month_label(self.month)}")
        if self.run_rate_above is not None:
            gates.append(f"once the run-rate reaches {say(self.run_rate_above, '$/yr')}")
        if self.delivered is not None:
            gates.append(f"once {self.delivered} is delivered in full")
        if not is_zero(self.delay):
            gates.append(f"{say(self.delay, 'months')} later")
        yield f"{say(self.amount, '$')} promised arrives {' and '.join(gates)} with probability {say(self.probability, '%')}."


def arrive(
    month: int,
    run_rate: float,
    delivered: float,
    waiting: float,
    opened: float,
    u: float,
    first: float,
    gate: float,
    delay: float,
    probability: float,
    amount: float,
) -> tuple[float, float, float]:
    if opened > month and month >= first and run_rate >= gate and delivered >= 1.0:
        opened = float(month)
    if waiting == 0.0 or month < opened + delay:
        return waiting, opened, 0.0
    return 0.0, opened, amount if u < probability else 0.0
