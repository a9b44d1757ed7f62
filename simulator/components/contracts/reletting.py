"""Reletting: what a supplier saves after the buyer's default by letting the capacity again at the market price of that month.

    exposure at default = arrears + sum over firm months of max(0, fee - capacity value x I x (1 - vacancy)) + fee of leaving

Instead of a flat `mitigation`. Of a take-or-pay contract only the minimum is owed and only as much capacity is let again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components.base import (
    ENDED,
    MONTH,
    PRICE,
    Builder,
    Component,
    Phase,
    Problem,
    Surroundings,
    Table,
    register,
)
from simulator.components.exposure import notice_now
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import SHARE


@register
class Reletting(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "contracts"
    tag: ClassVar[str] = "reletting"
    order: ClassVar[int] = 90
    example: ClassVar[str] = """\
[price]
type = "forward_curve"
volatility = "50 %/yr"

[contracts.gpu]
fee = "120M/mo"
start = "2026-11"
end = "2029-05"
reletting.vacancy = "20 %"
"""

    vacancy: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)]
    """Share of the capacity that stands empty or is given away below the market price."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if "mitigation" in host.model_fields_set:
            yield Problem((), "the contract has a flat `mitigation` as well", "delete one of them")

    def build(self, b: Builder, host: Any = None) -> None:
        contract = b.name.removesuffix(".reletting")
        level, dues = host.dues(b, contract)
        value, worth = host.scheduled(b, contract)
        if host.capacity_value is not None:
            value, worth = host.capacity_value, [1.0] * len(dues)
        until, fee = notice_now(b, contract) if b.is_written(f"{contract}.last") else (float(host.term(b)[1]), 0.0)
        _, factor = host.price_level(b, contract)
        found: list[Any] = []
        for slot, otherwise in (("minimum", 1.0), ("kept", 1.0), ("credit", 0.0), ("deferred", 0.0)):
            found.append(f"{contract}.{slot}" if b.is_written(f"{contract}.{slot}") else otherwise)
        market: Any = PRICE
        prices = (level, factor, value, market, 1.0 - self.vacancy)
        b.step(
            Phase.MEASURE,
            relet,
            (MONTH, ENDED, until, fee, *prices, *found, Table(dues), Table(worth)),
            writes=(b.flow(f"{contract}.relet"),),
        )

    def in_words(self, say: Any) -> Iterable[str]:
        yield f"After a default the supplier lets the capacity again at the market price, {say(self.vacancy, '%')} vacant."


def relet(
    month: int,
    ended: float,
    until: float,
    fee: float,
    level: float,
    factor: float,
    value: float,
    market: float,
    let: float,
    minimum: float,
    kept: float,
    credit: float,
    deferred: float,
    dues: tuple[float, ...],
    worth: tuple[float, ...],
) -> float:
    if month != ended:
        return 0.0
    owed = 0.0
    for m in range(month + 1, int(until) + 1):
        owed += max(0.0, level * dues[m] * factor - value * worth[m] * market * let)
    return max(0.0, owed * minimum * kept + fee - credit) + deferred
