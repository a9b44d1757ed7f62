"""Double-exponential jumps of revenue (Kou 2002): ln R jumps by the sum of N jumps, N ~ Poisson(λ Δ), before billing.

A jump goes up with probability p and mean `up_mean`, else down with mean `down_mean`. Not compensated unless it says so.
"""

from __future__ import annotations

from typing import Any, ClassVar

from simulator.components.base import MONTH, PATH, RUN_RATE, Builder, Phase, register
from simulator.components.jumps import DoubleExponentialJumps
from simulator.mathematics.elementary import exp
from simulator.mathematics.jumps import double_exponential_moment, double_exponential_sum


@register
class KouJumps(DoubleExponentialJumps):
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
    return run_rate * exp(total + drift)
