"""Reopener: every n months the fee moves part of the way to the market, within limits.

    in months s + k n:   fee <- clip(fee + share x (market - fee), fee (1 - down), fee (1 + up))

market = fee x price ratio, with the ratio of the exit rules: market_unit_price x I / (unit_price x fee now / base fee).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components.base import MONTH, PRICE, Builder, Component, Phase, Problem, Surroundings, register
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONTHS, SHARE


@register
class Reopener(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "contracts"
    tag: ClassVar[str] = "reopener"
    order: ClassVar[int] = 6
    example: ClassVar[str] = """\
[price]
type = "forward_curve"
volatility = "50 %/yr"

[contracts.gpu]
fee = "120M/mo"
start = "2026-11"
end = "2029-05"
unit_price = "5.27 $/GPU-h"
market_unit_price = "4.88 $/GPU-h"

[contracts.gpu.reopener]
every = "12 mo"
share = "50 %"
up = "10 %"
down = "20 %"
"""

    every: Annotated[Number, Quantity(MONTHS, low=1.0, whole=True, drawn=False)]
    """Months between two reopenings, from the start."""
    share: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)] = 1.0
    """Of the way to the market's fee."""
    up: Annotated[Number, Quantity(SHARE, low=0.0)] | None = None
    """The most the fee rises at once. Default: no limit."""
    down: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)] = 1.0
    """The most the fee falls at once."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if not around.has_price:
            yield Problem((), "a reopener needs a market price, and there is no [price]", "add a [price] table", "E015")
        if host.unit_price is None or host.market_unit_price is None:
            hint = 'write unit_price = "5.27 $/GPU-h" and market_unit_price = "4.88 $/GPU-h" in the contract'
            yield Problem(
                (), "the market's fee needs the contract's `unit_price` and `market_unit_price`", hint, "E012"
            )

    def build(self, b: Builder, host: Any = None) -> None:
        contract = b.name.removesuffix(".reopener")
        first, _ = host.term(b)
        due, factor = b.flow(f"{contract}.due"), b.state(f"{contract}.fee_factor", 1.0)
        moved = b.state(f"{b.name}.factor", 1.0)
        escalated, _ = host.price_level(b, contract)
        up: Any = float("inf") if self.up is None else self.up
        ratio = host.market_unit_price / host.unit_price
        every = int(self.every)
        args = (MONTH, PRICE, ratio, escalated, factor, moved, due)
        start: Any = f"{contract}.term_start" if b.is_written(f"{contract}.term_start") else float(first)
        rules = (start, float(every), self.share, up, self.down)
        months = host.window(b, contract)
        b.step(Phase.REOPENED, reopen, (*args, *rules), writes=(due, factor, moved), months=months)

    def in_words(self, say: Any) -> Iterable[str]:
        up = "" if self.up is None else f", at most {say(self.up, '%')} up"
        limits = f"{up}, at most {say(self.down, '%')} down"
        yield f"Every {say(self.every, 'months')} the fee moves {say(self.share, '%')} of the way to the market{limits}."


def reopen(
    month: int,
    price: float,
    market_over_contract: float,
    escalated: float,
    factor: float,
    moved: float,
    due: float,
    first: float,
    every: float,
    share: float,
    up: float,
    down: float,
) -> tuple[float, float, float]:
    since = month - first
    step = 1.0
    if since == 0.0:
        moved = 1.0
    if since > 0.0 and since % every == 0.0:
        ratio = market_over_contract * price / (escalated * factor)
        step = min(1.0 + up, max(1.0 - down, 1.0 + share * (ratio - 1.0)))
    return due * moved * step, factor * step, moved * step
