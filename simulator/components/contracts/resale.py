"""Resale: stranded capacity may be sublet at a haircut; stranded x (1 - haircut) x market price, received in the month."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components.base import PRICE, Builder, Component, Phase, register
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import SHARE


@register
class Resale(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "contracts"
    tag: ClassVar[str] = "resale"
    example: ClassVar[str] = """\
[contracts.gpu]
fee = "120M/mo"
start = "2026-11"
end = "2029-05"
resale.haircut = "70 %"
"""

    haircut: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)]
    """Share of the market price that is lost on subletting."""

    def build(self, b: Builder, host: Any = None) -> None:
        proceeds = b.flow(f"{b.name}.proceeds")
        contract = b.name.removesuffix(".resale")
        b.step(Phase.MARKET, sublet, (f"{contract}.stranded", PRICE, 1.0 - self.haircut), writes=(proceeds,))
        b.receipt(proceeds)

    def in_words(self, say: Any) -> Iterable[str]:
        yield f"Stranded capacity may be sublet at the market price less {say(self.haircut, '%')}."


def sublet(stranded: float, price: float, kept: float) -> float:
    return stranded * kept * price
