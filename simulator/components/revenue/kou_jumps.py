"""Double-exponential jumps of revenue (Kou 2002): ln R jumps by the sum of N jumps, N ~ Poisson(λ Δ), before billing.

A jump goes up with probability p and mean `up_mean`, else down with mean `down_mean`. Not compensated unless it says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components.base import MONTH, PATH, RUN_RATE, Builder, Component, Phase, register
from simulator.mathematics.jumps import double_exponential_moment, double_exponential_sum
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import HAZARD, NUMBER, SHARE


@register
class KouJumps(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "revenue"
    tag: ClassVar[str] = "kou_jumps"
    example: ClassVar[str] = """\
[revenue]
type = "geometric_brownian"
run_rate = "1B/yr"
volatility = "20 %/yr"

[revenue.kou_jumps]
rate = "3 /yr"
up_share = 0.4
up_mean = 0.04
down_mean = 0.07
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("count",)

    rate: Annotated[Number, Quantity(HAZARD, low=0.0, high=60.0)]
    """Jumps a year."""
    up_share: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0, open_low=True)]
    """Of the jumps that go up."""
    up_mean: Annotated[Number, Quantity(NUMBER, low=0.0, high=0.99, open_low=True)]
    """Mean of an upward jump of the logarithm; below 1, so that the level has a mean."""
    down_mean: Annotated[Number, Quantity(NUMBER, low=0.0, open_low=True)]
    """Mean size of a downward jump of the logarithm."""
    compensated: bool = False
    """Whether the growth of the mean stays what it is without jumps."""

    def build(self, b: Builder, host: Any = None) -> None:
        if b.deterministic:  # no jumps, and nothing to make up for
            return
        expected = self.rate / 12.0
        law = (self.up_share, self.up_mean, self.down_mean)
        drift = -expected * (double_exponential_moment(1.0, *law) - 1.0) if self.compensated else 0.0
        args = (RUN_RATE, b.uniform("count"), expected, *law, b.address("size"), PATH, MONTH, drift)
        b.step(Phase.EVENTS, jump, args, writes=(RUN_RATE,))

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"It jumps {say(self.rate, 'times')} a year: in {say(self.up_share, '%')} of cases up by {say(self.up_mean, '')} "
            f"on average, else down by {say(self.down_mean, '')}, in the logarithm."
        )


def jump(
    run_rate: float,
    u: float,
    expected: float,
    up_share: float,
    up_mean: float,
    down_mean: float,
    address: tuple[float, float, float],
    path: int,
    month: int,
    drift: float,
) -> float:
    total = double_exponential_sum(u, expected, up_share, up_mean, down_mean, address, path, month)
    return run_rate * math.exp(total + drift)
