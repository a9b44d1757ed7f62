"""Normal jumps of the price of compute (Merton 1976): its logarithm jumps by the sum of N normal jumps, N ~ Poisson(λ Δ).

They are added after reversion and decay with it from the next month; a forward curve is still the mean of the price.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components.base import JUMPS, PRICE_JUMP, Builder, Component, Phase, register
from simulator.mathematics.jumps import normal_moment, normal_sum
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import HAZARD, NUMBER


@register
class MertonJumps(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "price"
    tag: ClassVar[str] = "merton_jumps"
    example: ClassVar[str] = """\
[price]
type = "forward_curve"
volatility = "40 %/yr"
reversion = "0.8 /yr"

[price.merton_jumps]
rate = "0.9 /yr"
mean = -0.20
sd = 0.25
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("count", "size")

    rate: Annotated[Number, Quantity(HAZARD, low=0.0, high=60.0)]
    """Jumps a year."""
    mean: Annotated[Number, Quantity(NUMBER)]
    """Of a jump of the logarithm."""
    sd: Annotated[Number, Quantity(NUMBER, low=0.0)]
    """Of a jump of the logarithm."""

    def build(self, b: Builder, host: Any = None) -> None:
        if b.deterministic:  # no jumps, and nothing to make up for
            return
        expected, law = self.rate / 12.0, (self.mean, self.sd)
        b.tell(JUMPS, lambda power: expected * (normal_moment(power, *law) - 1.0))
        jumped = b.flow(PRICE_JUMP)
        args = (b.uniform("count"), b.normal("size"), expected, *law)
        b.step(Phase.DRIVERS, normal_sum, args, adds=(jumped,))

    def in_words(self, say: Any) -> Iterable[str]:
        yield f"It jumps {say(self.rate, 'times')} a year by {say(self.mean, '')} in the logarithm, sd {say(self.sd, '')}."
