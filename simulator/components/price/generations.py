"""New generations of chips at random dates: each takes a share off the price of compute, for good.

    S(m) = S(m-1) + ln(1 - size) in a month in which one arrives;   at most one a month, with probability p = 1 - exp(-h/12)

The step is permanent: it is added beside the deviation that reverts, and neither reverts nor fades. Sizes are drawn anew at
each arrival. A forward curve stays the mean of the price: it is expected to hold (1 - p E[size])^m less, which is given back
between the steps, so that the price drifts above its curve until a generation comes. On the deterministic path none comes,
and the price is on its curve. Steps at known dates belong in the curve.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np

from simulator.components.base import (
    PRICE_SHIFT,
    SHIFTS,
    Builder,
    Component,
    Phase,
    Sampled,
    SampledField,
    register,
)
from simulator.mathematics import arrays
from simulator.mathematics.elementary import log
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import HAZARD, SHARE

LARGEST = 0.99  # share of the price; at 1 nothing would be left


@register
class Generations(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "price"
    tag: ClassVar[str] = "generations"
    example: ClassVar[str] = """\
[price]
type = "forward_curve"
curve = { now = 1.0, drift = "-0.15 log/yr" }
volatility = "40 %/yr"
reversion = "0.8 /yr"

[price.generations]
hazard = "60 %/yr"
size = { triangular = { low = "10 %", mode = "20 %", high = "40 %" } }
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("event", "size")

    hazard: Annotated[Number, Quantity(HAZARD, low=0.0)]
    """How often a generation arrives; at most one a month."""
    size: Annotated[Sampled, SampledField(Quantity(SHARE, low=0.0, high=LARGEST))]
    """By how much the price falls with each, as a share of it."""

    def build(self, b: Builder, host: Any = None) -> None:
        if b.deterministic:  # none comes, and nothing is given back
            return
        probability = -arrays.expm1(-np.asarray(self.hazard) / 12.0)
        level, arrived = b.state(f"{b.name}.level", 0.0), b.flow(f"{b.name}.arrived")
        b.flow(PRICE_SHIFT)
        event = (b.uniform("event"), probability, b.sample("size", self.size), level)
        b.step(Phase.DRIVERS, arrive, event, writes=(level, arrived), adds=(PRICE_SHIFT,))
        monthly = arrays.log1p(-probability * self.size.expectation())
        b.tell(SHIFTS, lambda m: m * monthly)
        b.total(arrived, "generations", "count")

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"New generations of chips arrive with a hazard of {say(self.hazard, '%')} a year and take "
            f"{say(self.size.number, '%')} off the price, for good."
        )


def arrive(u: float, probability: float, size: float, level: float) -> tuple[float, float, float]:
    if u < probability:
        fallen = level + log(1.0 - size)
        return fallen, 1.0, fallen
    return level, 0.0, level
