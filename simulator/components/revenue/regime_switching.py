"""Revenue whose growth and volatility depend on a regime of its own (Hamilton 1989).

    ln R(m) = ln R(m-1) + (μ_s - σ_s²/2) Δ + σ_s √Δ x,   s = s(m), Δ = 1/12

The regime of month m is drawn before revenue moves. Two to four regimes are what one can estimate; up to eight are taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import Field

from simulator.components.base import RUN_RATE, Builder, Phase, Problem, Surroundings, register
from simulator.components.by_regime import pick
from simulator.components.chain import STAYS, Chain, move
from simulator.mathematics.elementary import exp
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import DRIFT, MONEY_PER_YEAR, VOLATILITY

STEP = 1.0 / 12.0


@register
class RegimeSwitching(Chain):
    family: ClassVar[str] = "revenue"
    tag: ClassVar[str] = "regime_switching"
    example: ClassVar[str] = """\
[revenue]
type = "regime_switching"
run_rate = "1B/yr"
regimes = ["boom", "slump"]
sojourn = ["30 mo", "9 mo"]
growth = ["0.30 log/yr", "-0.25 log/yr"]
volatility = ["25 %/yr", "55 %/yr"]
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("level", "regime")

    run_rate: Annotated[Number, Quantity(MONEY_PER_YEAR, low=0.0, open_low=True)]
    """Annualised revenue at the opening."""
    growth: Annotated[tuple[Annotated[Number, Quantity(DRIFT)], ...], Field(strict=False)]
    """Of the mean, in each regime in their order."""
    volatility: Annotated[tuple[Annotated[Number, Quantity(VOLATILITY, low=0.0)], ...], Field(strict=False)]
    """Of the level, in each regime in their order."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        yield from super().problems(around, host)
        for key in ("growth", "volatility"):
            if len(getattr(self, key)) != len(self.regimes):
                n = len(self.regimes)
                yield Problem((key,), f"{n} regimes want {n} numbers, not {len(getattr(self, key))}", also=("regimes",))

    def build(self, b: Builder, host: Any = None) -> None:
        b.state(RUN_RATE, self.run_rate)
        state = b.state(f"{b.name}.state", self.first_state)
        b.step(Phase.DRIVERS, move, (state, b.uniform("regime", STAYS), self.cumulative()), writes=(state,))
        drift = tuple((g - 0.5 * v**2) * STEP for g, v in zip(self.growth, self.volatility, strict=True))
        sd = tuple(v * math.sqrt(STEP) for v in self.volatility)
        b.step(Phase.DRIVERS, advance, (RUN_RATE, state, b.normal("level"), drift, sd), writes=(RUN_RATE,))

    def in_words(self, say: Any) -> Iterable[str]:
        yield f"Revenue starts at a run-rate of {say(self.run_rate, '$/yr')}; its regime {self.course(say)}."
        for name, growth, volatility in zip(self.regimes, self.growth, self.volatility, strict=True):
            yield f"In {name} it grows by {say(growth, 'log/yr')} with a volatility of {say(volatility, '%')} a year."


def advance(run_rate: float, state: float, z: float, drift: tuple[float, ...], sd: tuple[float, ...]) -> float:
    return run_rate * exp(pick(drift, state) + pick(sd, state) * z)
