"""A plan that is linear in the logarithm between its points, times a mean-reverting deviation of mean 1."""

from __future__ import annotations

import math
from typing import Any

from derivations import family
from derivations.distributions import Law, lognormal

SETS = {"loose": (0.30, 0.5), "tight": (0.15, 3.0), "walk": (0.20, 0.0)}  # volatility, reversion
POINTS = {0: 1.0, 12: 2.5, 24: 3.0}  # run-rate by month, flat after the last


def planned(m: int) -> float:
    marks = sorted(POINTS)
    if m >= marks[-1]:
        return POINTS[marks[-1]]
    low = max(k for k in marks if k <= m)
    high = min(k for k in marks if k > m)
    return POINTS[low] * (POINTS[high] / POINTS[low]) ** ((m - low) / (high - low))


def law(p: tuple[float, float], m: int) -> Law:
    volatility, kappa = p
    t = m / 12.0
    variance = volatility**2 * (t if kappa == 0.0 else (1.0 - math.exp(-2.0 * kappa * t)) / (2.0 * kappa))
    return lognormal(math.log(planned(m)) - variance / 2.0, variance)


def document() -> dict[str, Any]:
    return family.of_law(
        "Revenue: a plan with noise",
        "closed form (lognormal around the plan)",
        SETS,
        lambda p: [f"revenue.volatility={100 * p[0]:g} %/yr", f"revenue.reversion={p[1]} /yr"],
        lambda m: f"slot('revenue.run_rate', {m}) / 1e9",
        law,
    )
