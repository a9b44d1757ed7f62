"""Two factors around a forward curve (Schwartz & Smith 2000): variance σ²(1-e^(-2κt))/2κ + τ² t + 2ρστ(1-e^(-κt))/κ."""

from __future__ import annotations

import math
from typing import Any

from derivations import family
from derivations.distributions import Law, lognormal

SETS = {  # drift, volatility, reversion, long volatility, correlation
    "usual": (-0.15, 0.60, 1.5, 0.20, 0.3),
    "opposed": (0.05, 0.50, 0.8, 0.25, -0.6),
    "mostly_long": (-0.30, 0.10, 3.0, 0.30, 0.0),
}


def law(p: tuple[float, float, float, float, float], m: int) -> Law:
    drift, short, kappa, long, rho = p
    t = m / 12.0
    v = short**2 * (1.0 - math.exp(-2.0 * kappa * t)) / (2.0 * kappa) + long**2 * t
    v += 2.0 * rho * short * long * (1.0 - math.exp(-kappa * t)) / kappa
    return lognormal(drift * t - v / 2.0, v)


def document() -> dict[str, Any]:
    keys = ("volatility", "reversion", "long_volatility")
    return family.of_law(
        "Price of compute: two factors",
        "closed form (Schwartz & Smith 2000; lognormal whose mean is the curve)",
        SETS,
        lambda p: [
            f"price.drift={p[0]} log/yr",
            f"price.{keys[0]}={100 * p[1]:g} %/yr",
            f"price.{keys[1]}={p[2]} /yr",
            f"price.{keys[2]}={100 * p[3]:g} %/yr",
            f"price.correlation={p[4]}",
        ],
        lambda m: f"slot('price.index', {m})",
        law,
        upper=True,
    )
