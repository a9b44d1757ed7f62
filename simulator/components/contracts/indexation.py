"""Indexation: a share of the fee follows the market price of compute, with a lag, a floor and a cap.

    fee x (1 - w + w clip(I(m - lag) / I(s), floor, cap))        I of month 0 stands for all months before it

Exposures take this month's factor for all months to come.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components.base import MONTH, PRICE, Ago, Builder, Component, Phase, Problem, Surroundings, register
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONTHS, NUMBER, SHARE


@register
class Indexation(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "contracts"
    tag: ClassVar[str] = "indexation"
    order: ClassVar[int] = 5
    example: ClassVar[str] = """\
[price]
type = "forward_curve"
volatility = "50 %/yr"

[contracts.gpu]
fee = "120M/mo"
start = "2026-11"
end = "2029-05"

[contracts.gpu.indexation]
share = "40 %"
lag = "3 mo"
floor = 0.8
cap = 1.25
"""

    share: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)]
    """Of the fee that follows the price."""
    lag: Annotated[Number, Quantity(MONTHS, low=0.0, whole=True, drawn=False)] = 0.0
    """How old the price is that counts."""
    floor: Annotated[Number, Quantity(NUMBER, low=0.0)] = 0.0
    """The least the price ratio counts."""
    cap: Annotated[Number, Quantity(NUMBER, low=0.0)] | None = None
    """The most the price ratio counts. Default: no cap."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if not around.has_price:
            yield Problem((), "there is no [price] to index to", "add a [price] table", "E015")
        if isinstance(self.floor, float) and isinstance(self.cap, float) and self.cap < self.floor:
            yield Problem(("cap",), f"the cap ({self.cap:g}) is below the floor ({self.floor:g})")

    def build(self, b: Builder, host: Any = None) -> None:
        contract = b.name.removesuffix(".indexation")
        first, _ = host.term(b)
        due, factor = b.flow(f"{contract}.due"), b.state(f"{contract}.fee_factor", 1.0)
        base = b.state(f"{b.name}.base", b.initial(PRICE))
        now = b.state(f"{b.name}.factor", 1.0)
        months = host.window(b, contract)
        start = f"{contract}.term_start"
        if b.is_written(start):  # a renewal begins anew at the price of its first month
            b.step(Phase.INDEXED, rebase, (MONTH, start, PRICE, base, now), writes=(base, now), months=months)
        elif 1 <= first <= b.months:
            b.step(Phase.INDEXED, same, (PRICE,), writes=(base,), months=(first, first))
        cap: Any = float("inf") if self.cap is None else self.cap
        seen = Ago(PRICE, int(self.lag)) if self.lag else PRICE
        args = (seen, base, self.share, self.floor, cap, due, factor, now)
        b.step(Phase.INDEXED, index, args, writes=(due, factor, now), months=months)

    def in_words(self, say: Any) -> Iterable[str]:
        ends = "" if is_open(self.floor, self.cap) else f", between {say(self.floor, '')} and {_cap(self.cap, say)}"
        lag = "" if not self.lag else f" of {say(self.lag, 'months')} ago"
        yield f"{say(self.share, '%')} of the fee follows the market price{lag}{ends}."


def is_open(floor: Any, cap: Any) -> bool:
    return cap is None and isinstance(floor, float) and floor == 0.0


def _cap(cap: Any, say: Any) -> str:
    return "any price" if cap is None else str(say(cap, ""))


def same(x: float) -> float:
    return x


def rebase(month: int, start: float, price: float, base: float, now: float) -> tuple[float, float]:
    return (price, 1.0) if month == start else (base, now)


def index(
    price: float, base: float, share: float, floor: float, cap: float, due: float, factor: float, before: float
) -> tuple[float, float, float]:
    now = 1.0 - share + share * min(cap, max(floor, price / base))
    return due * now, factor / before * now, now
