"""Double-exponential jumps of the price of compute (Kou 2002), N ~ Poisson(λ Δ) a month.

A jump of the logarithm goes up with probability p and mean `up_mean`, else down with mean `down_mean`. They are added after
reversion and decay with it from the next month; a forward curve is still the mean of the price.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components.base import JUMPS, MONTH, PATH, PRICE_JUMP, Builder, Component, Phase, register
from simulator.mathematics.jumps import double_exponential_moment, double_exponential_sum
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import HAZARD, NUMBER, SHARE


@register
class KouJumps(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "price"
    tag: ClassVar[str] = "kou_jumps"
    example: ClassVar[str] = """\
[price]
type = "forward_curve"
volatility = "40 %/yr"
reversion = "0.8 /yr"

[price.kou_jumps]
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

    def build(self, b: Builder, host: Any = None) -> None:
        if b.deterministic:  # no jumps, and nothing to make up for
            return
        expected, law = self.rate / 12.0, (self.up_share, self.up_mean, self.down_mean)
        b.tell(JUMPS, lambda power: expected * (double_exponential_moment(power, *law) - 1.0))
        jumped = b.flow(PRICE_JUMP)
        args = (b.uniform("count"), expected, *law, b.address("size"), PATH, MONTH)
        b.step(Phase.DRIVERS, double_exponential_sum, args, adds=(jumped,))

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"It jumps {say(self.rate, 'times')} a year: in {say(self.up_share, '%')} of cases up by {say(self.up_mean, '')} "
            f"on average, else down by {say(self.down_mean, '')}, in the logarithm."
        )
