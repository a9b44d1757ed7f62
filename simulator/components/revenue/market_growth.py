"""Growth of revenue that depends on the funding market: while money is scarce a company grows more slowly.

    ln R moves by g(s) Δ more in a month of regime s = s(m), before billing, for good;   Δ = 1/12

It is added to the growth of whatever law revenue follows, and is not compensated.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components import by_regime
from simulator.components.base import REGIME, RUN_RATE, Builder, Component, Phase, Problem, Surroundings, register
from simulator.components.by_regime import pick
from simulator.mathematics.elementary import exp
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import DRIFT

STEP = 1.0 / 12.0


@register
class MarketGrowth(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "revenue"
    tag: ClassVar[str] = "market_growth"
    example: ClassVar[str] = """\
[revenue]
type = "geometric_brownian"
run_rate = "1B/yr"
growth = "0.4 log/yr"

[revenue.market_growth]
growth = { open = "0 log/yr", shut = "-0.3 log/yr" }

[market]
regimes = ["open", "shut"]
sojourn = ["18 mo", "9 mo"]
"""

    growth: dict[str, Annotated[Number, Quantity(DRIFT)]]
    """What each regime of [market] adds to growth."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        yield from by_regime.unknown_regimes(("growth",), self.growth, around, '"0 log/yr"')

    def build(self, b: Builder, host: Any = None) -> None:
        added = (REGIME, by_regime.table(self.growth, b.regimes))
        b.step(Phase.EVENTS, grow, (RUN_RATE, *added), writes=(RUN_RATE,))

    def in_words(self, say: Any) -> Iterable[str]:
        yield f"The funding market adds to its growth: {by_regime.words(self.growth, say, 'log/yr')}."


def grow(run_rate: float, regime: float, added: tuple[float, ...]) -> float:
    return run_rate * exp(STEP * pick(added, regime))
