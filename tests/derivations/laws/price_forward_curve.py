"""One factor around a forward curve: lognormal with the curve as its mean."""

from __future__ import annotations

import math
from typing import Any

from derivations import family
from derivations.distributions import Law, lognormal

SETS = {
    "usual": (-0.15, 0.50, 0.8),
    "fast": (0.10, 0.80, 4.0),
    "walk": (-0.30, 0.25, 0.0),
}  # drift, volatility, reversion


def variance(volatility: float, kappa: float, m: int) -> float:
    t = m / 12.0
    return volatility**2 * (t if kappa == 0.0 else (1.0 - math.exp(-2.0 * kappa * t)) / (2.0 * kappa))


def law(p: tuple[float, float, float], m: int) -> Law:
    drift, volatility, kappa = p
    v = variance(volatility, kappa, m)
    return lognormal(drift * m / 12.0 - v / 2.0, v)


def document() -> dict[str, Any]:
    return family.of_law(
        "Price of compute: one factor around a forward curve",
        "closed form (lognormal whose mean is the curve)",
        SETS,
        lambda p: [
            f"price.curve.drift={p[0]} log/yr",
            f"price.volatility={100 * p[1]:g} %/yr",
            f"price.reversion={p[2]} /yr",
        ],
        lambda m: f"slot('price.index', {m})",
        law,
        upper=True,
    )
