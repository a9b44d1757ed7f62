"""Double-exponential jumps of the price of compute (Kou 2002), N ~ Poisson(λ Δ) a month.

A jump of the logarithm goes up with probability p and mean `up_mean`, else down with mean `down_mean`. They are added after
reversion and decay with it from the next month; a forward curve is still the mean of the price.
"""

from __future__ import annotations

from typing import Any, ClassVar

from simulator.components.base import JUMPS, MONTH, PATH, PRICE_JUMP, Builder, Phase, register
from simulator.components.jumps import DoubleExponentialJumps
from simulator.mathematics.jumps import double_exponential_moment, double_exponential_sum


@register
class KouJumps(DoubleExponentialJumps):
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

    def build(self, b: Builder, host: Any = None) -> None:
        if b.deterministic:  # no jumps, and nothing to make up for
            return
        expected, law = self.rate / 12.0, (self.up_share, self.up_mean, self.down_mean)
        b.tell(JUMPS, lambda power: expected * (double_exponential_moment(power, *law) - 1.0))
        jumped = b.flow(PRICE_JUMP)
        args = (b.uniform("count"), expected, *law, b.address("size"), PATH, MONTH)
        b.step(Phase.DRIVERS, double_exponential_sum, args, adds=(jumped,))
