"""Revenue as geometric Brownian motion: ln R(m) = ln R(m-1) + (μ - σ²/2) Δ + σ √Δ x, exact, Δ = 1/12.

With volatility 0 it is deterministic growth.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np

from simulator.components.base import RUN_RATE, Builder, Component, Phase, is_zero, register
from simulator.mathematics.elementary import exp
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import DRIFT, MONEY_PER_YEAR, VOLATILITY

STEP = 1.0 / 12.0


@register
class GeometricBrownian(Component):
    family: ClassVar[str] = "revenue"
    tag: ClassVar[str] = "geometric_brownian"
    example: ClassVar[str] = """\
[revenue]
type = "geometric_brownian"
run_rate = "5B/yr"
growth = "0.30 log/yr"
volatility = "40 %/yr"
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("level",)

    run_rate: Annotated[Number, Quantity(MONEY_PER_YEAR, low=0.0, open_low=True)]
    """Annualised revenue at the opening."""
    growth: Annotated[Number, Quantity(DRIFT)] = 0.0
    """Of the mean."""
    volatility: Annotated[Number, Quantity(VOLATILITY, low=0.0)] = 0.0
    """Of the level; 0 is deterministic growth."""

    def build(self, b: Builder, host: Any = None) -> None:
        b.state(RUN_RATE, self.run_rate)
        z: Any = 0.0 if is_zero(self.volatility) else b.normal("level")
        log_drift = (self.growth - 0.5 * np.square(self.volatility)) * STEP
        b.step(Phase.DRIVERS, advance, (RUN_RATE, z, log_drift, self.volatility * math.sqrt(STEP)), writes=(RUN_RATE,))

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"Revenue starts at a run-rate of {say(self.run_rate, '$/yr')} and grows by {say(self.growth, 'log/yr')} "
            f"with a volatility of {say(self.volatility, '%')} a year."
        )


def advance(run_rate: float, z: float, log_drift: float, sd: float) -> float:
    return run_rate * exp(log_drift + sd * z)
