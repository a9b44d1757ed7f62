"""Revenue with a ceiling: logistic growth with noise.

    R*(m) = K / (1 + (K / R(m-1) - 1) exp(-g Δ))        the exact solution of dR/R = g (1 - R/K) dt over a month
    R(m) = R*(m) exp(σ √Δ x - σ² Δ / 2)

Noise may carry R above K, from where it falls back.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np

from simulator.components.base import RUN_RATE, Builder, Component, Phase, is_zero, register
from simulator.mathematics import arrays
from simulator.mathematics.elementary import exp
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import DRIFT, MONEY_PER_YEAR, VOLATILITY

STEP = 1.0 / 12.0


@register
class Logistic(Component):
    family: ClassVar[str] = "revenue"
    tag: ClassVar[str] = "logistic"
    example: ClassVar[str] = """\
[revenue]
type = "logistic"
run_rate = "2B/yr"
ceiling = "30B/yr"
growth = "1.2 log/yr"
volatility = "30 %/yr"
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("level",)

    run_rate: Annotated[Number, Quantity(MONEY_PER_YEAR, low=0.0, open_low=True)]
    """Annualised revenue at the opening."""
    ceiling: Annotated[Number, Quantity(MONEY_PER_YEAR, low=0.0, open_low=True)]
    """The run-rate at which growth ends."""
    growth: Annotated[Number, Quantity(DRIFT)]
    """Far below the ceiling."""
    volatility: Annotated[Number, Quantity(VOLATILITY, low=0.0)] = 0.0
    """Of the level."""

    def build(self, b: Builder, host: Any = None) -> None:
        b.state(RUN_RATE, self.run_rate)
        z: Any = 0.0 if is_zero(self.volatility) else b.normal("level")
        fade = arrays.exp(-np.asarray(self.growth) * STEP)
        sd = np.asarray(self.volatility) * math.sqrt(STEP)
        b.step(Phase.DRIVERS, advance, (RUN_RATE, z, self.ceiling, fade, sd), writes=(RUN_RATE,))

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"Revenue starts at a run-rate of {say(self.run_rate, '$/yr')} and grows by {say(self.growth, 'log/yr')} towards a "
            f"ceiling of {say(self.ceiling, '$/yr')}, with a volatility of {say(self.volatility, '%')} a year."
        )


def advance(run_rate: float, z: float, ceiling: float, fade: float, sd: float) -> float:
    level = ceiling / (1.0 + (ceiling / run_rate - 1.0) * fade)
    return level * exp(sd * z - 0.5 * sd * sd)
