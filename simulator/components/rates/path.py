"""A reference interest rate written out by month, or read from a file: each rate holds from its month until the next listed.

Before the first listed month the first holds. A month's rate is that at its end: interest of month m is reckoned with r(m-1): a
rate is fixed at the beginning of the period for which it is paid.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import Field

from simulator.components.base import (
    FIXING,
    REFERENCE,
    Builder,
    Component,
    Month,
    Phase,
    Series,
    month_label,
    register,
)
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import INTEREST

YEAR = 12.0


@register
class Path(Component):
    family: ClassVar[str] = "rates"
    tag: ClassVar[str] = "path"
    example: ClassVar[str] = """\
[rates]
type = "path"
path = { "2026-10" = "4.3 %/yr nominal", "2027-06" = "3.8 %/yr nominal", "2028-01" = "3.5 %/yr nominal" }
shift = "0.5 %/yr nominal"
"""

    path: Annotated[dict[Month, Annotated[Number, Quantity(INTEREST)]], Field(min_length=1)]
    """The rate from each listed month on, written out or from a CSV file."""
    shift: Annotated[Number, Quantity(INTEREST)] = 0.0
    """Added to the whole path."""

    def build(self, b: Builder, host: Any = None) -> None:
        rates = [YEAR * (self.at(m + b.start) + self.shift) for m in range(b.months + 1)]
        rate, fixing = b.state(REFERENCE, rates[0]), b.state(FIXING, rates[0] / YEAR)
        b.step(Phase.DRIVERS, follow, (rate, Series(rates)), writes=(rate, fixing))
        b.monthly(rate, "reference_rate", "nominal per year", quantiles=True)

    def at(self, month: int) -> Any:
        """The rate at the end of a calendar month; a number or an array over paths."""
        before = [listed for listed in self.path if listed <= month]
        return self.path[max(before) if before else min(self.path)]

    def in_words(self, say: Any) -> Iterable[str]:
        months = sorted(self.path)
        shifted = "" if self.shift == 0.0 else f", all {say(self.shift, '%/mo')} higher"
        yield (
            f"The reference interest rate follows a path from {say(self.path[months[0]], '%/mo')} in {month_label(months[0])} to "
            f"{say(self.path[months[-1]], '%/mo')} in {month_label(months[-1])}{shifted}."
        )


def follow(rate: float, given: float) -> tuple[float, float]:
    """(the rate at the month's end, per year; the fixing of the month, per month)."""
    return given, rate / 12.0
