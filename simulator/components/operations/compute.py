"""The need for compute and what contracts leave uncovered.

    κ(m) = floor + (start - floor) exp(-decay (m - 1))        need = κ(m) x billed, in $ at the reference price
    overflow bought = min(uncovered, depth), paid at the market price I;  unserved = the rest
    depth = that of the month's funding regime, where it is given by regime; while compute is scarce at most [price.scarcity]'s
    lost revenue = billed x unserved / need, booked in the same month

Overflow is bought while κ I < 1 - p - v, that is while serving the customer earns more than it costs; in other months
the rest counts as unserved. `overflow = "always"` buys at any price.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from simulator.components import by_regime
from simulator.components.base import (
    BILLED,
    LOST,
    NEED,
    NET_MARGIN,
    PRICE,
    REGIME,
    SCARCE_DEPTH,
    UNCOVERED,
    Builder,
    Component,
    Phase,
    Problem,
    Surroundings,
    register,
)
from simulator.components.by_regime import ByRegime, pick
from simulator.mathematics import arrays
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import DECAY, MONEY_PER_MONTH, NUMBER

Depth = Annotated[Number, Quantity(MONEY_PER_MONTH, low=0.0)]


class Intensity(Component):
    family: ClassVar[str] = "part"
    start: Annotated[Number, Quantity(NUMBER, low=0.0)]
    """Dollars of compute needed per dollar of billed revenue in month 1, at the reference price."""
    floor: Annotated[Number, Quantity(NUMBER, low=0.0)]
    """What it decays to."""
    decay: Annotated[Number, Quantity(DECAY, low=0.0)]
    """Speed of the decay."""


@register
class Compute(Component):
    family: ClassVar[str] = "compute"
    tag: ClassVar[str] = "compute"
    example: ClassVar[str] = """\
[compute]
need = { start = 0.52, floor = 0.40, decay = "0.05 /mo" }
overflow = "always"
"""

    need: Intensity
    """How much compute revenue needs."""
    overflow: Literal["economic", "always"] = "economic"
    """Need beyond the contracts is bought while serving it pays (`economic`), or at any price (`always`)."""
    depth: ByRegime[Depth] | None = None
    """How much the market can deliver, at the reference price; the rest of the need is revenue lost: one number, or one for
    each regime of [market]. Default: any amount."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        yield from by_regime.unknown_regimes(("depth",), self.depth, around, '"1B/mo"')

    def build(self, b: Builder, host: Any = None) -> None:
        n = self.need
        gap = b.state("compute.intensity_gap", n.start - n.floor)
        b.state("compute.intensity", n.start)
        b.step(
            Phase.NEED,
            require,
            (BILLED, gap, n.floor, arrays.exp(-np.asarray(n.decay))),
            writes=("compute.intensity", gap, NEED, UNCOVERED),
        )
        cost, unserved = b.flow("compute.overflow"), b.flow("compute.unserved")
        depth: Any = self._depth(b)
        always = 1.0 if self.overflow == "always" else 0.0
        b.step(
            Phase.MARKET,
            buy,
            (UNCOVERED, NEED, BILLED, PRICE, "compute.intensity", NET_MARGIN, depth, always),
            writes=(cost, unserved, LOST),
        )
        b.due(cost, "operating")
        b.monthly(NEED, "compute_need", "$/mo at reference price")
        b.monthly(cost, "overflow", "$/mo")
        b.monthly(unserved, "unserved", "$/mo at reference price")

    def _depth(self, b: Builder) -> Any:
        """What the market can deliver in a month: a number or a slot."""
        depth: Any = np.inf if self.depth is None else self.depth
        if isinstance(depth, dict):
            of_regime = (by_regime.table(depth, b.regimes), REGIME)
            depth = b.flow("compute.depth")
            b.step(Phase.MARKET, pick, of_regime, writes=(depth,))
        if b.is_written(SCARCE_DEPTH):
            scarce = (depth, SCARCE_DEPTH)
            depth = b.flow("compute.depth")
            b.step(Phase.MARKET, least, scarce, writes=(depth,))
        return depth

    def in_words(self, say: Any) -> Iterable[str]:
        n = self.need
        yield (
            f"Each dollar of billed revenue needs {say(n.start, '')} dollars of compute at the reference price, falling to "
            f"{say(n.floor, '')} at {say(n.decay, '/mo')}."
        )
        rule = (
            "at any price" if self.overflow == "always" else "while it costs less than the revenue it serves brings in"
        )
        limit = "" if self.depth is None else f", at most {by_regime.words(self.depth, say, '$/mo')}"
        yield f"What contracts do not cover is bought on the market {rule}{limit}; what is not bought is lost revenue."


def require(billed: float, gap: float, floor: float, keep: float) -> tuple[float, float, float, float]:
    intensity = floor + gap
    need = intensity * billed
    return intensity, gap * keep, need, need


def least(depth: float, scarce: float) -> float:
    return min(depth, scarce)


def buy(
    uncovered: float,
    need: float,
    billed: float,
    price: float,
    intensity: float,
    net_margin: float,
    depth: float,
    always: float,
) -> tuple[float, float, float]:
    worth_it = always > 0.0 or intensity * price < net_margin
    bought = min(uncovered, depth) if worth_it else 0.0
    unserved = uncovered - bought
    lost = billed * (unserved / need) if need > 0.0 else 0.0
    return bought * price, unserved, lost
