"""Normal jumps of the price of compute (Merton 1976): its logarithm jumps by the sum of N normal jumps, N ~ Poisson(λ Δ).

They are added after reversion and decay with it from the next month; a forward curve is still the mean of the price.
"""

from __future__ import annotations

from typing import Any, ClassVar

from simulator.components.base import JUMPS, PRICE_JUMP, Builder, Phase, register
from simulator.components.jumps import NormalJumps
from simulator.mathematics.jumps import normal_moment, normal_sum


@register
class MertonJumps(NormalJumps):
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

    def build(self, b: Builder, host: Any = None) -> None:
        if b.deterministic:  # no jumps, and nothing to make up for
            return
        expected, law = self.rate / 12.0, (self.mean, self.sd)
        b.tell(JUMPS, lambda power: expected * (normal_moment(power, *law) - 1.0))
        jumped = b.flow(PRICE_JUMP)
        args = (b.uniform("count"), b.normal("size"), expected, *law)
        b.step(Phase.DRIVERS, normal_sum, args, adds=(jumped,))
