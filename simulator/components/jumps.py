"""Jumps of a logarithm, for revenue and for the price of compute: how often, how large (mathematics/jumps.py has the laws)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components.base import Component
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import HAZARD, NUMBER, SHARE


class NormalJumps(Component):
    family: ClassVar[str] = "part"

    rate: Annotated[Number, Quantity(HAZARD, low=0.0, high=60.0)]
    """Jumps a year."""
    mean: Annotated[Number, Quantity(NUMBER)]
    """Of a jump of the logarithm."""
    sd: Annotated[Number, Quantity(NUMBER, low=0.0)]
    """Of a jump of the logarithm."""

    def in_words(self, say: Any) -> Iterable[str]:
        yield f"It jumps {say(self.rate, 'times')} a year by {say(self.mean, '')} in the logarithm, sd {say(self.sd, '')}."


class DoubleExponentialJumps(Component):
    family: ClassVar[str] = "part"

    rate: Annotated[Number, Quantity(HAZARD, low=0.0, high=60.0)]
    """Jumps a year."""
    up_share: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0, open_low=True)]
    """Of the jumps that go up."""
    up_mean: Annotated[Number, Quantity(NUMBER, low=0.0, high=0.99, open_low=True)]
    """Mean of an upward jump of the logarithm; below 1, so that the level has a mean."""
    down_mean: Annotated[Number, Quantity(NUMBER, low=0.0, open_low=True)]
    """Mean size of a downward jump of the logarithm."""

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"It jumps {say(self.rate, 'times')} a year: in {say(self.up_share, '%')} of cases up by {say(self.up_mean, '')} "
            f"on average, else down by {say(self.down_mean, '')}, in the logarithm."
        )
