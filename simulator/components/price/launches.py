"""Announced generations of chips whose dates are uncertain: each comes once and takes a share off the price, for good.

    S(m) = ln(1 - size) from the month m with m - 1 < date <= m on, else 0

`after` is the law of the date, counted from the opening; date and size are drawn once a path. The step is permanent: it is
added beside the deviation that reverts. A forward curve stays the mean of the price: with G(m) = P(date <= m) it is expected to
hold 1 - G(m) E[size] of it, and exactly that is given back. On the deterministic path the price is on its curve. A date that
is known belongs in the curve.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from simulator.components.base import (
    MONTH,
    PRICE_SHIFT,
    SHIFTS,
    Builder,
    Component,
    Phase,
    Problem,
    Sampled,
    SampledField,
    Surroundings,
    register,
)
from simulator.mathematics import arrays
from simulator.quantities.number import Quantity, Uncertain
from simulator.quantities.units import MONTHS, SHARE

LARGEST = 0.99  # share of the price; at 1 nothing would be left


class Launch(Component):
    family: ClassVar[str] = "part"
    after: Annotated[Sampled, SampledField(Quantity(MONTHS, low=0.0, open_low=True), once=True)]
    """When it comes, from the opening on: a distribution."""
    size: Annotated[Sampled, SampledField(Quantity(SHARE, low=0.0, high=LARGEST), once=True)]
    """By how much the price falls, as a share of it."""


@register
class Launches(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "price"
    tag: ClassVar[str] = "launches"
    example: ClassVar[str] = """\
[price]
type = "forward_curve"
curve = { now = 1.0, drift = "-0.15 log/yr" }

[price.launches.generations.next]
after = { p10 = "4 mo", p50 = "7 mo", p90 = "14 mo" }
size = { p10 = "10 %", p50 = "20 %", p90 = "35 %" }
"""

    generations: Annotated[dict[str, Launch], Field(min_length=1)]
    """The generations by name."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        for name, launch in self.generations.items():
            if not isinstance(launch.after.number, Uncertain) and getattr(type(host), "reprices", False):
                hint = "write `after` as a distribution, or put the step into the points of the curve"
                yield Problem(
                    ("generations", name, "after"), "a step at a known date belongs in the forward curve", hint
                )

    def build(self, b: Builder, host: Any = None) -> None:
        if b.deterministic and getattr(type(host), "reprices", False):
            return  # what a launch takes off is in the curve
        b.flow(PRICE_SHIFT)
        for name, launch in self.generations.items():
            key = f"generations.{name}"
            after = b.drawn(f"{key}.after", launch.after)
            size = launch.size.central() if b.deterministic else b.drawn(f"{key}.size", launch.size)
            come = b.flow(f"{b.name}.{name}.come")
            fall = arrays.log1p(-np.asarray(size))[()]
            b.step(Phase.DRIVERS, launched, (MONTH, after, fall), writes=(come,), adds=(PRICE_SHIFT,))
            b.total(come, f"generation.{name}", "count")
        by_month = [0.0] * (b.months + 1)
        for launch in self.generations.values():
            lost = launch.size.expectation()
            by_month = [
                x + arrays.log1p(-g * lost) for x, g in zip(by_month, reached(launch.after, b.months), strict=True)
            ]
        b.tell(SHIFTS, lambda m: by_month[m])

    def in_words(self, say: Any) -> Iterable[str]:
        for name, launch in self.generations.items():
            yield (
                f"The generation {name} is expected after {say(launch.after.number, 'months')} and takes "
                f"{say(launch.size.number, '%')} off the price, for good."
            )


@lru_cache(maxsize=64)
def reached(date: Sampled, months: int) -> tuple[float, ...]:
    """P(date <= m), m = 0 … months; at the opening it has not come."""
    return (0.0, *(date.reached(float(m)) for m in range(1, months + 1)))


def launched(month: int, after: float, fall: float) -> tuple[float, float]:
    """(1 in the month in which it comes, what it adds to the logarithm)."""
    return 1.0 if month - 1 < after <= month else 0.0, fall if after <= month else 0.0
