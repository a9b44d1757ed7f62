"""What keeps a forward curve the mean of the price: the exact expectation of all that the price carries beside its normals.

    ln E[exp(Y(m))] = ½ Var[normal part] + Σ ln E[exp(jumps left in m)] + Σ ln E[exp(shifts of m)]

A jump of j months ago is left with φ^j (Merton 1976, Kou 2002). Shifts, of scarcity and of new generations, do not revert.
The parts are independent of each other, so the logarithms add up.
"""

from __future__ import annotations

from typing import Any

from simulator.components.base import JUMPS, PRICE_JUMP, PRICE_SHIFT, SHIFTS, Builder
from simulator.mathematics import arrays


def jumped(b: Builder) -> Any:
    """The jumps of the month, a slot or 0."""
    return PRICE_JUMP if b.told(JUMPS) else 0.0


def shifted(b: Builder) -> Any:
    """What the month's shifts add to the logarithm, a slot or 0."""
    return PRICE_SHIFT if b.told(SHIFTS) else 0.0


def log_expectation(b: Builder, phi: Any) -> list[Any]:
    """By month from 0: ln E[exp(jumps left + shifts)], numbers or arrays over paths."""
    totals: list[Any] = [0.0] * (b.months + 1)
    for cumulant in b.told(JUMPS):
        left: Any = 0.0
        for m in range(1, b.months + 1):
            left = left + cumulant(arrays.power(phi, m - 1))
            totals[m] = totals[m] + left
    for of_month in b.told(SHIFTS):
        totals = [total + of_month(m) for m, total in enumerate(totals)]
    return totals
