"""Market price of compute whose logarithm reverts to a level, without a forward curve (Schwartz 1997, model 1).

    ln P(m) = θ + φ (ln P(m-1) - θ) + σ √((1 - φ²) / 2κ) x,   φ = exp(-κ Δ), exact, Δ = 1/12

Jumps (a clause below it) are added after reversion, undecayed, and decay from the next month. What scarcity and new
generations add to the logarithm does not revert, and nothing is taken away for it: there is no curve to keep. `now` includes
what scarcity adds at the opening.

`now` and `level` are indices of the reference price; θ = ln level, the long-run median.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np

from simulator.components.base import OPENING_SHIFT, PRICE, Builder, Component, Phase, is_zero, register
from simulator.components.compensation import jumped, shifted
from simulator.mathematics import arrays
from simulator.mathematics.elementary import exp
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import NUMBER, REVERSION, VOLATILITY

STEP = 1.0 / 12.0


@register
class OrnsteinUhlenbeck(Component):
    family: ClassVar[str] = "price"
    tag: ClassVar[str] = "ornstein_uhlenbeck"
    example: ClassVar[str] = """\
[price]
type = "ornstein_uhlenbeck"
now = 1.0
level = 0.8
volatility = "50 %/yr"
reversion = "0.8 /yr"
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("deviation",)

    now: Annotated[Number, Quantity(NUMBER, low=0.0, open_low=True)] = 1.0
    """The index at the opening; 1 is the reference price."""
    level: Annotated[Number, Quantity(NUMBER, low=0.0, open_low=True)] = 1.0
    """The index to which it reverts (exponential of the mean of its logarithm)."""
    volatility: Annotated[Number, Quantity(VOLATILITY, low=0.0)]
    """Of the logarithm."""
    reversion: Annotated[Number, Quantity(REVERSION, low=0.0, open_low=True)]
    """Speed of return to `level`."""

    def build(self, b: Builder, host: Any = None) -> None:
        log_price = b.state(f"{b.name}.log", arrays.log(self.now) - sum(b.told(OPENING_SHIFT)))
        b.state(PRICE, self.now)
        phi = arrays.exp(-np.asarray(self.reversion) * STEP)
        sd = self.volatility * np.sqrt((1.0 - phi**2) / (2.0 * np.asarray(self.reversion)))
        z: Any = 0.0 if is_zero(self.volatility) else b.normal("deviation")
        law = (arrays.log(self.level), phi, sd, jumped(b), shifted(b))
        b.step(Phase.DRIVERS, advance, (log_price, z, *law), writes=(log_price, PRICE))

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"The market price of compute is {say(self.now, '')} times the reference price today and reverts to "
            f"{say(self.level, '')} at {say(self.reversion, '/yr')}, with a volatility of {say(self.volatility, '%')} a year."
        )


def advance(
    log_price: float, z: float, theta: float, phi: float, sd: float, jump: float, shift: float
) -> tuple[float, float]:
    moved = theta + phi * (log_price - theta) + sd * z + jump
    return moved, exp(moved + shift)
