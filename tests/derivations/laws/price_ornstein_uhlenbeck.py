"""The logarithm reverts to ln level: normal with mean θ + φ^m (ln now - θ)."""

from __future__ import annotations

import math
from typing import Any

from derivations import family
from derivations.distributions import Law, lognormal
from derivations.laws.price_forward_curve import variance

SETS = {"usual": (1.0, 0.8, 0.50, 0.8), "from_above": (2.0, 1.0, 0.30, 0.3), "fast": (0.7, 1.0, 0.90, 6.0)}


def law(p: tuple[float, float, float, float], m: int) -> Law:
    now, level, volatility, kappa = p
    theta = math.log(level)
    return lognormal(theta + math.exp(-kappa * m / 12.0) * (math.log(now) - theta), variance(volatility, kappa, m))


def document() -> dict[str, Any]:
    return family.of_law(
        "Price of compute: reversion to a level (Schwartz 1997)",
        "closed form (lognormal)",
        SETS,
        lambda p: [
            f"price.now={p[0]}",
            f"price.level={p[1]}",
            f"price.volatility={100 * p[2]:g} %/yr",
            f"price.reversion={p[3]} /yr",
        ],
        lambda m: f"slot('price.index', {m})",
        law,
        upper=True,
    )
