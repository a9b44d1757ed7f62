"""A dated change of a contract that is signed with a probability, drawn once a path (components/contracts/contract.py).

From its month on it replaces the scheduled amount (`fee`) or changes it (`change`), and it may move the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np

from simulator.components.base import Component, Month, Problem, month_label
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONEY_PER_MONTH, SHARE


class Amendment(Component):
    family: ClassVar[str] = "part"
    start: Month
    """The first month with the amended amount."""
    fee: Annotated[Number, Quantity(MONEY_PER_MONTH, low=0.0)] | None = None
    """The amount from then on, instead of the scheduled one."""
    change: Annotated[Number, Quantity(MONEY_PER_MONTH)] | None = None
    """Added to the scheduled amount; may be below 0, the amount never is."""
    end: Month | None = None
    """The last month of the contract, if the amendment is signed."""
    probability: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)] = 1.0
    """Of being signed."""

    def faults(self, at: tuple[str, str], first: int | None) -> Iterable[Problem]:
        """What is wrong with it, given where it stands and the first month of its contract."""
        if self.fee is None and self.change is None and self.end is None:
            yield Problem(at, "this amendment changes nothing", 'write fee = "1.97B/mo", change or end', "E012")
        if self.fee is not None and self.change is not None:
            yield Problem((*at, "change"), "an amendment gives a fee or a change, not both", "delete one of them",
                          also=(*at, "fee"))  # fmt: skip
        if first is not None and self.start < first:
            yield Problem((*at, "start"), f"the amendment starts before the contract ({month_label(first)})")
        if self.end is not None and self.end < self.start:
            yield Problem((*at, "end"), "the amended contract ends before the amendment starts", also=(*at, "start"))

    def amended(self, amount: Any, month: int, signed: Any) -> Any:
        """The amount of a calendar month on paths that sign it (`signed` = 1) and on others."""
        if month < self.start:
            return amount
        if self.fee is not None:
            return signed * self.fee + (1.0 - signed) * amount
        if self.change is not None:
            return np.maximum(0.0, amount + signed * self.change)[()]
        return amount

    def in_words(self, say: Any) -> Iterable[str]:
        amount = "" if self.fee is None else f" to {say(self.fee, '$/mo')}"
        amount += "" if self.change is None else f" by {say(self.change, '$/mo')}"
        until = "" if self.end is None else f", until {month_label(self.end)}"
        yield f"Amended{amount} from {month_label(self.start)}{until}, with probability {say(self.probability, '%')}."
