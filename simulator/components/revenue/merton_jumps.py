"""Normal jumps of revenue (Merton 1976): ln R jumps by the sum of N normal jumps, N ~ Poisson(λ Δ), before billing.

Compensated by -λ Δ (exp(a + d²/2) - 1) a month, so that the mean of R is what it is without jumps.
"""

from __future__ import annotations

from typing import Any, ClassVar

from simulator.components.base import RUN_RATE, Builder, Phase, register
from simulator.components.jumps import NormalJumps
from simulator.mathematics.elementary import exp
from simulator.mathematics.jumps import normal_moment, normal_sum


@register
class MertonJumps(NormalJumps):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "revenue"
    tag: ClassVar[str] = "merton_jumps"
    example: ClassVar[str] = """\
[revenue]
type = "geometric_brownian"
run_rate = "1B/yr"
volatility = "30 %/yr"

[revenue.merton_jumps]
rate = "0.9 /yr"
mean = -0.20
sd = 0.25
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("count", "size")

    compensated: bool = True
    """Whether the growth of the mean stays what it is without jumps."""

    def build(self, b: Builder, host: Any = None) -> None:
        if b.deterministic:  # no jumps, and nothing to make up for
            return
        expected = self.rate / 12.0
        drift = -expected * (normal_moment(1.0, self.mean, self.sd) - 1.0) if self.compensated else 0.0
        args = (RUN_RATE, b.uniform("count"), b.normal("size"), expected, self.mean, self.sd, drift)
        b.step(Phase.EVENTS, jump, args, writes=(RUN_RATE,))


def jump(run_rate: float, u: float, z: float, expected: float, mean: float, sd: float, drift: float) -> float:
    return run_rate * exp(normal_sum(u, z, expected, mean, sd) + drift)
