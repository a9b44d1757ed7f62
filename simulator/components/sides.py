"""How a contract came to its end before its term: the codes of `notice_side`, and what a supplier's going costs in revenue."""

from __future__ import annotations

from typing import Annotated, ClassVar

from simulator.components.base import Component
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONTHS, SHARE

BUYER, SUPPLIER, LATE, FAILED = 1.0, 2.0, 3.0, 4.0
SIDES = "0 none, 1 buyer, 2 supplier, 3 buyer for late delivery, 4 supplier failed"


class Recall(Component):
    family: ClassVar[str] = "part"
    revenue_lost: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)]
    """Share of billed revenue lost when the supplier has left."""
    months: Annotated[Number, Quantity(MONTHS, low=0.0, whole=True)]
    """For how long."""


def recall(month: int, served: float, last: float, side: float, by: float, share: float, months: float) -> float:
    """Served share of revenue in the months after a contract ended by this side."""
    return served * (1.0 - share) if side == by and last < month and month <= last + months else served
