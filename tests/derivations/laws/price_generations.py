"""Generations at random dates are binomial, at most one a month; given their number the price is lognormal."""

from __future__ import annotations

import math
from typing import Any

from derivations import family
from derivations.distributions import Law, mixture_of_lognormals
from derivations.laws.price_forward_curve import variance

DRIFT, VOLATILITY, KAPPA = -0.15, 0.30, 0.8
SETS = {"usual": (0.6, 0.20), "one_big": (0.2, 0.50), "many_small": (3.0, 0.04)}  # hazard, share of the price


def law(p: tuple[float, float], m: int) -> Law:
    hazard, size = p
    q, v = 1.0 - math.exp(-hazard / 12.0), variance(VOLATILITY, KAPPA, m)
    curve = DRIFT * m / 12.0 - v / 2.0 - m * math.log(1.0 - q * size)
    return mixture_of_lognormals(
        [(math.comb(m, n) * q**n * (1.0 - q) ** (m - n), curve + n * math.log(1.0 - size), v) for n in range(m + 1)]
    )


def document() -> dict[str, Any]:
    return family.of_law(
        "Price of compute: generations of chips at random dates, around a forward curve",
        "binomial mixture of lognormals",
        SETS,
        lambda p: [f"price.generations.hazard={100 * p[0]:g} %/yr", f"price.generations.size={p[1]}"],
        lambda m: f"slot('price.index', {m})",
        law,
        upper=True,
    )
