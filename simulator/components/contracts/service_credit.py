"""Service credits: availability below its target returns part of the fee.

    credit of month m = min(cap, slope x max(0, target - availability)) x fee of m        availability drawn each month

On the deterministic path availability is its mean.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components.base import Builder, Component, Phase, Sampled, SampledField, register
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import NUMBER, SHARE


@register
class ServiceCredit(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "contracts"
    tag: ClassVar[str] = "service_credit"
    example: ClassVar[str] = """\
[contracts.gpu]
fee = "120M/mo"
start = "2026-11"
end = "2029-05"

[contracts.gpu.service_credit]
availability = { beta = { mean = 0.985, sd = 0.01 } }
target = "99 %"
slope = 5.0
cap = "30 %"
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("availability",)

    availability: Annotated[Sampled, SampledField(Quantity(SHARE, low=0.0, high=1.0))]
    """Share of the month in which the capacity could be used."""
    target: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)]
    """What was promised."""
    slope: Annotated[Number, Quantity(NUMBER, low=0.0)] = 1.0
    """Share of the fee returned per share of availability missed."""
    cap: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)] = 1.0
    """The most that is returned, as a share of the month's fee."""

    def build(self, b: Builder, host: Any = None) -> None:
        contract = b.name.removesuffix(".service_credit")
        due, credit = b.flow(f"{contract}.due"), b.flow(f"{b.name}.credit")
        seen = b.sample("availability", self.availability)
        args = (due, seen, self.target, self.slope, self.cap)
        b.step(Phase.CREDITED, give, args, writes=(due, credit), months=host.window(b, contract))
        b.monthly(credit, f"{contract.split('.', 1)[1]}.service_credit", "$/mo")

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"Availability below {say(self.target, '%')} returns {say(self.slope, '')} times the shortfall, at most "
            f"{say(self.cap, '%')} of the month's fee."
        )


def give(due: float, availability: float, target: float, slope: float, cap: float) -> tuple[float, float]:
    credit = due * min(cap, slope * max(0.0, target - availability))
    return due - credit, credit
