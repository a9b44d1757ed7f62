"""Renewal: in its last month the contract is renewed with a probability, for a new term at the market price of that month.

    new fee = quantity x unit price x share x market_unit_price x I / unit_price        from the month after, all clauses kept

Quantity and unit price are those of the last month before escalator, index and reopener, which begin anew with the new term.
Every end may be followed by a renewal, one draw each, up to the horizon; none after a notice, a failure or a default. Both
sides' rights of notice go on, without lock-in unless one is given. Dues and exposures of a new term count from its renewal
on. Prepaid credit and banked volume are carried on, a deposit stays where it is; nothing is prepaid again. On the
deterministic path the contract is renewed if the probability is above a half.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components.base import (
    ALIVE,
    MONTH,
    PRICE,
    Builder,
    Component,
    Phase,
    Problem,
    Surroundings,
    is_zero,
    notice_months,
    register,
)
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import DURATION, MONTHS, NUMBER, SHARE


@register
class Renewal(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "contracts"
    tag: ClassVar[str] = "renewal"
    order: ClassVar[int] = 1
    example: ClassVar[str] = """\
[price]
type = "forward_curve"
volatility = "50 %/yr"

[contracts.gpu]
fee = "120M/mo"
start = "2026-11"
end = "2028-10"
unit_price = "5.27 $/GPU-h"
market_unit_price = "4.88 $/GPU-h"

[contracts.gpu.renewal]
probability = "60 %"
term = "12 mo"
lock_in = "90 days"
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("event",)

    probability: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)]
    """Of being renewed at an end; one draw for each."""
    term: Annotated[Number, Quantity(MONTHS, low=1.0, whole=True, drawn=False)]
    """How long each new term is, in whole months."""
    share: Annotated[Number, Quantity(NUMBER, low=0.0)] = 1.0
    """The new price as a multiple of the market price."""
    lock_in: Annotated[Number, Quantity(DURATION, low=0.0, whole=True)] = 0.0
    """How long after the start of a new term notice may first be given, by either side."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if host.unit_price is None or host.market_unit_price is None:
            hint = 'write unit_price = "5.27 $/GPU-h" and market_unit_price = "4.88 $/GPU-h" in the contract'
            yield Problem((), "the new fee needs the contract's `unit_price` and `market_unit_price`", hint, "E012")
        if self.term != int(self.term):
            yield Problem(("term",), f"a term has whole months, not {self.term:g}", 'term = "12 mo"', "E011")

    def build(self, b: Builder, host: Any = None) -> None:
        contract = b.name.removesuffix(".renewal")
        first, _ = host.term(b)
        b.tell(f"{contract}.renewal", float(self.term))
        ends = host.end_by_path(b, contract)
        last, side = b.state(f"{contract}.last", ends), b.state(f"{contract}.side", 0.0)
        start, end = b.state(f"{contract}.term_start", float(first)), b.state(f"{contract}.term_end", ends)
        free, price = b.state(f"{contract}.free_from", 0.0), b.state(f"{contract}.renewed_price", 1.0)
        factor, count = b.state(f"{contract}.fee_factor", 1.0), b.state(f"{b.name}.count", 0.0)
        market: Any = PRICE
        when = (MONTH, ALIVE, side, b.uniform("event", still=0.5), self.probability)
        terms = (
            float(self.term),
            notice_months(self.lock_in),
            self.share * host.market_unit_price / host.unit_price,
            market,
        )
        states = (last, start, end, free, price, factor, count)
        b.step(Phase.POLICIES + 1, renew, (*when, *terms, *states), writes=states, months=host.window(b, contract))
        b.final(count, f"{contract.split('.', 1)[1]}.renewals", "count", "count")

    def in_words(self, say: Any) -> Iterable[str]:
        share = "the market price" if self.share == 1.0 else f"{say(self.share, '')} times the market price"
        locked = "no lock-in" if is_zero(self.lock_in) else f"a lock-in of {say(self.lock_in, 'days')}"
        yield (
            f"At each end renewed with probability {say(self.probability, '%')}, for {say(self.term, 'months')} at "
            f"{share} of that month, with {locked}."
        )


def renew(
    month: int,
    alive: float,
    side: float,
    u: float,
    probability: float,
    term: float,
    lock_in: float,
    market_over_contract: float,
    market: float,
    last: float,
    start: float,
    end: float,
    free: float,
    price: float,
    factor: float,
    count: float,
) -> tuple[float, float, float, float, float, float, float]:
    if alive == 0.0 or side > 0.0 or month != end or u >= probability:
        return last, start, end, free, price, factor, count
    now = market_over_contract * market
    return end + term, end + 1.0, end + term, end + lock_in, now, now, count + 1.0
