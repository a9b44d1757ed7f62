"""Loss of a large customer: at most one a month, with probability 1 - exp(-h/12); then R <- R (1 - size), for good.

It acts in its month before billing and is not compensated: the expected revenue falls.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np

from simulator.components.base import RUN_RATE, Builder, Component, Phase, register
from simulator.mathematics import arrays
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import HAZARD, SHARE


@register
class CustomerLoss(Component):
    family: ClassVar[str] = "revenue"
    attaches: ClassVar[str | None] = "revenue"
    tag: ClassVar[str] = "customer_loss"
    example: ClassVar[str] = """\
[revenue.customer_loss]
hazard = "10 %/yr"
size = "8 %"
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("event",)

    hazard: Annotated[Number, Quantity(HAZARD, low=0.0)]
    """How often a large customer leaves; at most one a month."""
    size: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)]
    """Share of revenue that leaves with it, for good."""

    def build(self, b: Builder, host: Any = None) -> None:
        lost = b.flow(f"{b.name}.events")
        probability = -arrays.expm1(-np.asarray(self.hazard) / 12.0)
        b.step(Phase.EVENTS, lose, (RUN_RATE, b.uniform("event"), probability, self.size), writes=(RUN_RATE, lost))
        b.total(lost, "customers_lost", "count")

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"A large customer, {say(self.size, '%')} of revenue, is lost with a hazard of {say(self.hazard, '%')} a year."
        )


def lose(run_rate: float, u: float, probability: float, size: float) -> tuple[float, float]:
    lost = 1.0 if u < probability else 0.0
    return run_rate * (1.0 - size * lost), lost
