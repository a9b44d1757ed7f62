"""A launch at an uncertain date, of one of two sizes: a mixture of three lognormals, whose mean is the curve."""

from __future__ import annotations

import math
from typing import Any

from derivations import family
from derivations.distributions import Law, mixture_of_lognormals
from derivations.laws.price_forward_curve import variance

DRIFT, VOLATILITY, KAPPA = -0.15, 0.30, 0.8
SETS = {  # the date is uniform between two months; the sizes, and the probability of the second
    "usual": (2.0, 14.0, 0.15, 0.40, 0.3),
    "late": (4.5, 60.0, 0.30, 0.60, 0.5),
    "soon": (0.5, 8.0, 0.05, 0.70, 0.1),
}


def law(p: tuple[float, float, float, float, float], m: int) -> Law:
    low, high, small, large, weight = p
    come = min(1.0, max(0.0, (m - low) / (high - low)))
    v = variance(VOLATILITY, KAPPA, m)
    curve = DRIFT * m / 12.0 - v / 2.0 - math.log(1.0 - come * ((1.0 - weight) * small + weight * large))
    parts = [(1.0 - come, curve, v)]
    parts += [(come * w, curve + math.log(1.0 - size), v) for w, size in ((1.0 - weight, small), (weight, large))]
    return mixture_of_lognormals(parts)


def document() -> dict[str, Any]:
    return family.of_law(
        "Price of compute: a launch at an uncertain date, around a forward curve",
        "mixture of lognormals by what has come",
        SETS,
        lambda p: [
            f'price.launches.generations.next.after={{ uniform = {{ low = "{p[0]} mo", high = "{p[1]} mo" }} }}',
            "price.launches.generations.next.size={ alternatives = ["
            f"{{ value = {p[2]}, weight = {1.0 - p[4]:g} }}, {{ value = {p[3]}, weight = {p[4]} }}] }}",
        ],
        lambda m: f"slot('price.index', {m})",
        law,
        upper=True,
    )
