"""Two states of scarcity: the price is a mixture of two lognormals, whose mean is the curve.

Of a chain that leaves its states with probabilities a and b a month, P(in the second after m | from the first) is
a / (a + b) (1 - (1 - a - b)^m).
"""

from __future__ import annotations

import math
from typing import Any

from derivations import family
from derivations.distributions import Law, mixture_of_lognormals
from derivations.laws.price_forward_curve import variance

DRIFT, VOLATILITY, KAPPA = -0.15, 0.30, 0.8
SETS = {
    "usual": (20.0, 5.0, 0.0, 0.45),
    "brief": (4.0, 2.0, 0.1, 0.80),
    "glut": (10.0, 15.0, 0.0, -0.60),
}  # mean stays, levels


def law(p: tuple[float, float, float, float], m: int) -> Law:
    calm, scarce, low, high = p
    a, b = 1.0 / calm, 1.0 / scarce
    second = a / (a + b) * (1.0 - (1.0 - a - b) ** m)
    expected = (1.0 - second) * math.exp(low) + second * math.exp(high)
    v = variance(VOLATILITY, KAPPA, m)
    curve = DRIFT * m / 12.0 - v / 2.0 - math.log(expected)
    return mixture_of_lognormals([(1.0 - second, curve + low, v), (second, curve + high, v)])


def document() -> dict[str, Any]:
    return family.of_law(
        "Price of compute: scarcity around a forward curve",
        "mixture of two lognormals; powers of a chain of two states in closed form",
        SETS,
        lambda p: [
            f'price.scarcity.sojourn=["{p[0]:g} mo", "{p[1]:g} mo"]',
            f"price.scarcity.level=[{p[2]}, {p[3]}]",
        ],
        lambda m: f"slot('price.index', {m})",
        law,
        upper=True,
    )
