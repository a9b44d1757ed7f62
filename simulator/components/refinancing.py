"""Borrowed money that runs on: at maturity a lender prolongs it with the probability of the month's funding regime.

The draw is made in the month of maturity. Success: the same principal for another term, at the old price or a new one; the next
maturity is treated alike. Failure: what is outstanding falls due; if any of it then stays unpaid, the path ends as a failed
refinancing. With cash enough it is repaid and nothing has happened. On the deterministic path only what is certain succeeds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components import by_regime
from simulator.components.base import Component, Problem, Surroundings
from simulator.components.by_regime import ByRegime, pick
from simulator.components.interest import unclear_price
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import INTEREST, MONTHS, SHARE

Chance = Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)]
Price = Annotated[Number, Quantity(INTEREST, low=0.0)]
AS_BEFORE = -1.0


class Refinancing(Component):
    family: ClassVar[str] = "part"

    success: ByRegime[Chance]
    """Probability of being prolonged at maturity: one number, or one for each regime of [market]."""
    term: Annotated[Number, Quantity(MONTHS, low=1.0, whole=True)]
    """From one maturity to the next."""
    rate: ByRegime[Price] | None = None
    """Fixed rate from then on, also by regime. Default: as before."""
    spread: ByRegime[Price] | None = None
    """Spread over the reference rate from then on, also by regime. Default: as before."""

    def complaints(self, key: str, around: Surroundings) -> Iterable[Problem]:
        for name, value, shown in (
            ("success", self.success, "0.5"),
            ("rate", self.rate, '"9 %/yr nominal"'),
            ("spread", self.spread, '"4 %/yr nominal"'),
        ):
            yield from by_regime.unknown_regimes((key, name), value, around, shown)
        for p in unclear_price(self, around):
            yield Problem((key, *p.keys), p.message, p.hint, p.code, None if p.also is None else (key, *p.also))

    def terms(self, regimes: tuple[str, ...]) -> tuple[Any, ...]:
        """The last arguments of `prolong`."""
        price = self.rate if self.spread is None else self.spread
        unchanged = self.rate is None and self.spread is None
        floats = AS_BEFORE if unchanged else 0.0 if self.spread is None else 1.0
        return (
            by_regime.table(self.success, regimes),
            self.term,
            (AS_BEFORE,) if unchanged else by_regime.table(price, regimes),
            floats,
        )

    def words(self, say: Any) -> str:
        price = ""
        if self.rate is not None:
            price = f" at {by_regime.words(self.rate, say, '%/mo')}"
        if self.spread is not None:
            price = f" at {by_regime.words(self.spread, say, '%/mo')} over the reference rate"
        odds = by_regime.words(self.success, say, "%")
        return f"prolonged at maturity for {say(self.term, 'months')}{price} with probability {odds}, else due"


def prolong(
    regime: float,
    u: float,
    matures: float,
    margin: float,
    floats: float,
    success: tuple[float, ...],
    term: float,
    prices: tuple[float, ...],
    floating: float,
) -> tuple[bool, float, float, float]:
    """(whether it succeeds, next maturity, margin, 1 if it floats) of debt that matures in this month."""
    if not u < pick(success, regime):
        return False, matures, margin, floats
    if floating < 0.0:
        return True, matures + term, margin, floats
    return True, matures + term, pick(prices, regime), floating
