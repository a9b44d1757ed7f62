"""Given the number of jumps ln R is normal; compensated, so that jumps leave the mean alone."""

from __future__ import annotations

import math
from typing import Any

from derivations import family
from derivations.distributions import Law, mixture_of_lognormals, poisson_weights

GROWTH, VOLATILITY = 0.2, 0.2
SETS = {
    "rare_and_large": (0.5, -0.3, 0.2),
    "frequent": (6.0, 0.02, 0.08),
    "upward": (1.0, 0.2, 0.1),
}  # a year, mean, sd


def law(p: tuple[float, float, float], m: int) -> Law:
    rate, mean, sd = p
    t = m / 12.0
    drift = GROWTH - VOLATILITY**2 / 2.0 - rate * math.expm1(mean + sd**2 / 2.0)
    return mixture_of_lognormals(
        [(w, drift * t + n * mean, VOLATILITY**2 * t + n * sd**2) for n, w in enumerate(poisson_weights(rate * t))]
    )


def document() -> dict[str, Any]:
    return family.of_law(
        "Revenue: normal jumps (Merton 1976)",
        "Poisson mixture of lognormals",
        SETS,
        lambda p: [
            f"revenue.merton_jumps.rate={p[0]} /yr",
            f"revenue.merton_jumps.mean={p[1]}",
            f"revenue.merton_jumps.sd={p[2]}",
        ],
        lambda m: f"slot('revenue.run_rate', {m}) / 1e9",
        law,
    )
