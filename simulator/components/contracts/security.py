"""Security of the supplier: a deposit and a guarantee, which cover its claim if the buyer fails.

A deposit is paid in the contract's first month (or before the opening) and returned in its last, the end of the term or of
a notice; after a default the creditor keeps it, and of a supplier that fails a share is recovered. A guarantee is somebody
else's promise and moves no money of the buyer's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np

from simulator.components.base import ALIVE, MONTH, Builder, Component, Phase, register
from simulator.components.sides import FAILED
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONEY


@register
class Security(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "contracts"
    tag: ClassVar[str] = "security"
    example: ClassVar[str] = """\
[contracts.gpu]
fee = "120M/mo"
start = "2026-12"
end = "2028-05"
security.deposit = "240M"
"""

    deposit: Annotated[Number, Quantity(MONEY, low=0.0)]
    """Held by the supplier; no interest."""
    guarantee: Annotated[Number, Quantity(MONEY, low=0.0)] = 0.0
    """What a third party pays if the buyer fails."""

    def build(self, b: Builder, host: Any = None) -> None:
        contract = b.name.removesuffix(".security")
        first, _ = host.term(b)
        begun = first < 1
        ended = np.asarray(host.end_by_path(b, contract)) < 1.0  # and the deposit returned before the opening
        held_at_opening = np.where(ended, 0.0, self.deposit)[()]
        held = b.state(f"{b.name}.deposit", held_at_opening if begun else 0.0)
        if not begun and first <= b.months:
            paid = b.flow(f"{b.name}.paid_in")
            b.step(Phase.FIXED_COST, hand_over, (self.deposit,), writes=(held, paid), months=(first, first))
            b.due(paid, contract, burn=False)
        b.security(contract, held, self.guarantee)
        returned = b.flow(f"{b.name}.returned")
        side: Any = f"{contract}.side" if b.is_written(f"{contract}.side") else 0.0
        kept: Any = f"{contract}.recovered" if b.is_written(f"{contract}.recovered") else 0.0
        args = (MONTH, ALIVE, held, host.last_month(b, contract), side, kept)
        b.step(Phase.FUNDING, give_back, args, writes=(held, returned))
        b.receipt(returned, funding=True)

    def in_words(self, say: Any) -> Iterable[str]:
        yield f"The supplier holds a deposit of {say(self.deposit, '$')} until the last month."


def hand_over(deposit: float) -> tuple[float, float]:
    return deposit, deposit


def give_back(month: int, alive: float, held: float, last: float, side: float, recovered: float) -> tuple[float, float]:
    if alive == 0.0 or month < last:
        return held, 0.0
    return 0.0, held * recovered if side == FAILED else held
