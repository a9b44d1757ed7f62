"""The funding market: a Markov chain over named regimes; month m uses the regime drawn from that of m-1.

Given by mean sojourns in months (leave with probability 1/D, then destinations by weight) or by a monthly matrix. With
two regimes the destination needs no weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from simulator.components.base import REGIME, Builder, Phase, register
from simulator.components.chain import STAYS, Chain, move


@register
class Regimes(Chain):
    family: ClassVar[str] = "market"
    tag: ClassVar[str] = "regimes"
    example: ClassVar[str] = """\
[market]
regimes = ["open", "tight", "shut"]
sojourn = ["18 mo", "9 mo", "9 mo"]
destinations.open = { tight = 0.8, shut = 0.2 }
destinations.tight = { open = 0.7, shut = 0.3 }
destinations.shut = { tight = 1.0 }
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("regime",)

    def build(self, b: Builder, host: Any = None) -> None:
        b.state(REGIME, self.first_state)
        b.step(Phase.REGIME, move, (REGIME, b.uniform("regime", STAYS), self.cumulative()), writes=(REGIME,))

    def in_words(self, say: Any) -> Iterable[str]:
        yield f"The funding market {self.course(say)}."
