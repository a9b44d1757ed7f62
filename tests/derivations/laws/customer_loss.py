"""Losses are binomial, at most one a month; given their number ln R is normal. Not compensated."""

from __future__ import annotations

import math
from typing import Any

from derivations import family
from derivations.distributions import Law, mixture_of_lognormals

GROWTH, VOLATILITY = 0.2, 0.15
SETS = {"usual": (0.10, 0.08), "one_big": (0.05, 0.50), "many_small": (2.0, 0.03)}  # hazard, size


def law(p: tuple[float, float], m: int) -> Law:
    hazard, size = p
    q, t = 1.0 - math.exp(-hazard / 12.0), m / 12.0
    parts = []
    for n in range(m + 1):
        weight = math.comb(m, n) * q**n * (1.0 - q) ** (m - n)
        parts.append((weight, (GROWTH - VOLATILITY**2 / 2.0) * t + n * math.log1p(-size), VOLATILITY**2 * t))
    return mixture_of_lognormals(parts)


def document() -> dict[str, Any]:
    return family.of_law(
        "Revenue: loss of a large customer by hazard",
        "binomial mixture of lognormals",
        SETS,
        lambda p: [f"revenue.customer_loss.hazard={100 * p[0]:g} %/yr", f"revenue.customer_loss.size={100 * p[1]:g} %"],
        lambda m: f"slot('revenue.run_rate', {m}) / 1e9",
        law,
    )
