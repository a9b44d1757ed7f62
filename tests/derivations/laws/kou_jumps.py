"""ln R has a cumulant function; moments of R from it, its distribution function by Fourier inversion."""

from __future__ import annotations

from typing import Any

from derivations import family
from derivations.distributions import Law, exponential_of

GROWTH, VOLATILITY = 0.2, 0.2
SETS = {"usual": (3.0, 0.4, 0.04, 0.07), "upward": (1.0, 0.8, 0.08, 0.05), "busy": (8.0, 0.5, 0.03, 0.03)}


def double_exponential(z: complex, up: float, up_mean: float, down_mean: float) -> complex:
    """E[exp(z J)]."""
    return up / (1.0 - z * up_mean) + (1.0 - up) / (1.0 + z * down_mean)


def law(p: tuple[float, float, float, float], m: int) -> Law:
    rate, *jump = p
    t = m / 12.0

    def cumulant(z: complex) -> complex:
        diffusion = z * (GROWTH - VOLATILITY**2 / 2.0) + 0.5 * VOLATILITY**2 * z * z
        return t * (diffusion + rate * (double_exponential(z, *jump) - 1.0))

    return exponential_of(cumulant)


def document() -> dict[str, Any]:
    return family.of_law(
        "Revenue: double-exponential jumps (Kou 2002), not compensated",
        "cumulant function; distribution function by Fourier inversion",
        SETS,
        lambda p: [
            f"revenue.kou_jumps.rate={p[0]} /yr",
            f"revenue.kou_jumps.up_share={p[1]}",
            f"revenue.kou_jumps.up_mean={p[2]}",
            f"revenue.kou_jumps.down_mean={p[3]}",
        ],
        lambda m: f"slot('revenue.run_rate', {m}) / 1e9",
        law,
    )
