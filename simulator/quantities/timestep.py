"""How long a step of the simulation is: a calendar month, or a quarter.

The engine knows only steps: whatever it counts "a month" is a step, and its "year" is twelve steps. The units of a file are
calendar units all the same; a step of n months changes what they convert to, by powers of n that follow from the dimension.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TimeStep:
    name: str  # what a file calls it, and what reports count in
    months: int  # calendar months in a step
    unit: str  # what "/mo" becomes in reports

    @property
    def per_year(self) -> int:
        """Steps in a calendar year."""
        return 12 // self.months


MONTH = TimeStep("month", 1, "mo")
QUARTER = TimeStep("quarter", 3, "qtr")
STEPS = {step.name: step for step in (MONTH, QUARTER)}
