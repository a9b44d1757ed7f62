"""Renegotiation: in the month in which unpaid dues would end the path, the supplier accepts instalments with a probability.

    n = G + 1 month-ends unpaid, accepted:    arrears -> k equal instalments from the next month, n <- 0, the path goes on

One draw and one amendment a contract and path: a distressed amendment, an event with a count of its own and no default. If
anything else ends the path in that month nothing is deferred. Instalments are dues of the contract, without interest; until
they fall due they are no arrears, but part of its exposures, and no mitigation lowers them. The shadow account has counted
the dues before. On the deterministic path the supplier accepts if the probability is above a half.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from simulator.components.base import Builder, Component, is_fixed, is_zero, register
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import SHARE


@register
class Renegotiation(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "contracts"
    tag: ClassVar[str] = "renegotiation"
    example: ClassVar[str] = """\
[contracts.gpu]
fee = "120M/mo"
start = "2026-11"
end = "2029-05"
cure = "30 days"

[contracts.gpu.renegotiation]
probability = "50 %"
instalments = 6
"""

    probability: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)]
    """Of the supplier's accepting; one draw a path."""
    instalments: Annotated[int, Field(ge=1, le=600)]
    """Into how many equal monthly payments the arrears are spread."""

    @property
    def decided_once(self) -> tuple[str, ...]:
        return ("accepted",)

    def build(self, b: Builder, host: Any = None) -> None:
        accepts: Any = self.probability
        if not (is_zero(accepts) or is_fixed(accepts, 1.0)):
            accepts = np.where(np.asarray(b.once("accepted")) < self.probability, 1.0, 0.0)[()]
        b.defer(b.name.removesuffix(".renegotiation"), accepts, self.instalments)

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"When its dues would end the path, the supplier accepts {self.instalments} monthly instalments with "
            f"probability {say(self.probability, '%')}, once."
        )
