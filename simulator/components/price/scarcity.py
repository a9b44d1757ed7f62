"""Scarcity of compute: a Markov chain of its own that raises the price while it lasts, and may leave less to be bought.

    S(m) = level of s(m), added to the logarithm of the price;   P(s(m) = k | s(0)) = row s(0) of the chain's m-th power

It does not revert: the level holds while the state does. A forward curve stays the mean of the price, because
ln Σ_k P(s(m) = k | s(0)) exp(level_k) is taken away. What the market can deliver in a state is at most its `depth`. On the
deterministic path the chain stays where it starts, and the price is on its curve.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import Field

from simulator.components.base import (
    OPENING_SHIFT,
    PRICE_SHIFT,
    SCARCE_DEPTH,
    SHIFTS,
    Builder,
    Phase,
    Problem,
    Surroundings,
    register,
)
from simulator.components.by_regime import pick
from simulator.components.chain import STAYS, Chain, move
from simulator.mathematics import arrays
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONEY_PER_MONTH, NUMBER


@register
class Scarcity(Chain):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "price"
    tag: ClassVar[str] = "scarcity"
    example: ClassVar[str] = """\
[price]
type = "forward_curve"
curve = { now = 1.0, drift = "-0.15 log/yr" }
volatility = "40 %/yr"
reversion = "0.8 /yr"

[price.scarcity]
regimes = ["normal", "shortage"]
sojourn = ["20 mo", "5 mo"]
level = [0.0, 0.45]
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("regime",)

    level: Annotated[tuple[Annotated[Number, Quantity(NUMBER, low=-5.0, high=5.0)], ...], Field(strict=False)]
    """What each state adds to the logarithm of the price, in their order."""
    depth: dict[str, Annotated[Number, Quantity(MONEY_PER_MONTH, low=0.0)]] = Field(default_factory=dict)
    """How much the market can deliver in a state, at the reference price, where that is less than [compute] says."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        yield from super().problems(around, host)
        if len(self.level) != len(self.regimes):
            n = len(self.regimes)
            yield Problem(("level",), f"{n} regimes want {n} levels, not {len(self.level)}", also=("regimes",))
        for name in self.depth:
            if name not in self.regimes:
                yield Problem(("depth", name), f"`{name}` is no regime", "regimes: " + ", ".join(self.regimes), "E015")
        if self.depth and "compute" not in around.tables:
            yield Problem(("depth",), "nothing is bought on the market without [compute]", "add [compute]")

    def build(self, b: Builder, host: Any = None) -> None:
        state, first = b.state(f"{b.name}.state", self.first_state), int(self.first_state)
        b.step(Phase.DRIVERS, move, (state, b.uniform("regime", STAYS), self.cumulative()), writes=(state,))
        b.flow(PRICE_SHIFT)
        b.step(Phase.DRIVERS, pick, (tuple(self.level), state), adds=(PRICE_SHIFT,))
        b.tell(OPENING_SHIFT, self.level[first])
        by_month = self.log_expectation(0 if b.deterministic else b.months)
        b.tell(SHIFTS, lambda m: by_month[m if len(by_month) > 1 else 0])
        if self.depth:
            depths = tuple(self.depth.get(name, math.inf) for name in self.regimes)
            b.step(Phase.DRIVERS, pick, (depths, state), writes=(b.state(SCARCE_DEPTH, depths[first]),))

    def log_expectation(self, months: int) -> list[Any]:
        """ln E[exp(S(m))], m = 0 … months; numbers, or arrays over paths where a number of the chain is uncertain."""
        n, matrix = len(self.regimes), self.matrix()
        likely: list[Any] = [1.0 if k == int(self.first_state) else 0.0 for k in range(n)]
        found = []
        for m in range(months + 1):
            if m > 0:
                likely = [sum(likely[k] * matrix[k][j] for k in range(n)) for j in range(n)]
            found.append(arrays.log(sum(p * arrays.exp(level) for p, level in zip(likely, self.level, strict=True))))
        return found

    def in_words(self, say: Any) -> Iterable[str]:
        levels = ", ".join(f"{name} {say(x, '')}" for name, x in zip(self.regimes, self.level, strict=True))
        yield f"Scarcity {self.course(say)}; it adds to the logarithm of the price: {levels}."
        for name, depth in self.depth.items():
            yield f"While it is {name} the market delivers at most {say(depth, '$/mo')}."
