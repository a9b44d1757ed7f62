"""Jumps that decay with the reversion: a jump of j months ago is left with φ^j. Around a forward curve, which stays the mean."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any

from derivations import family
from derivations.distributions import Law, exponential_of
from derivations.laws.price_forward_curve import variance

DRIFT, VOLATILITY, REVERSION = -0.1, 0.3, 1.2
SETS = {"down": (0.9, -0.20, 0.20), "up": (1.5, 0.15, 0.10), "frequent": (8.0, 0.0, 0.08)}  # a year, mean, sd


def around_the_curve(of_jump: Callable[[complex], complex], rate: float, m: int) -> Law:
    """`of_jump(z)` = E[exp(z J)]."""
    phi = math.exp(-REVERSION / 12.0)
    v = variance(VOLATILITY, REVERSION, m)

    def deviation(z: complex) -> complex:
        jumps = sum(of_jump(z * phi**j) - 1.0 for j in range(m))
        return 0.5 * v * z * z + rate / 12.0 * jumps

    level = DRIFT * m / 12.0 - deviation(1.0).real
    return exponential_of(lambda z: z * level + deviation(z))


def law(p: tuple[float, float, float], m: int) -> Law:
    rate, mean, sd = p
    return around_the_curve(lambda z: cmath.exp(z * mean + 0.5 * (z * sd) ** 2), rate, m)


def document() -> dict[str, Any]:
    return family.of_law(
        "Price of compute: normal jumps around a forward curve",
        "cumulant function with decaying jumps; distribution function by Fourier inversion",
        SETS,
        lambda p: [
            f"price.merton_jumps.rate={p[0]} /yr",
            f"price.merton_jumps.mean={p[1]}",
            f"price.merton_jumps.sd={p[2]}",
        ],
        lambda m: f"slot('price.index', {m})",
        law,
        upper=True,
    )
