"""ln R(m) is normal with mean (μ - σ²/2) m/12 and variance σ² m/12."""

from __future__ import annotations

from typing import Any

from derivations import family
from derivations.distributions import Law, lognormal

SETS = {"calm": (0.05, 0.10), "usual": (0.30, 0.25), "falling": (-0.40, 0.35)}  # growth, volatility


def law(p: tuple[float, float], m: int) -> Law:
    growth, volatility = p
    return lognormal((growth - volatility**2 / 2.0) * m / 12.0, volatility**2 * m / 12.0)


def document() -> dict[str, Any]:
    return family.of_law(
        "Revenue: geometric Brownian motion",
        "closed form (lognormal)",
        SETS,
        lambda p: [f"revenue.growth={p[0]} log/yr", f"revenue.volatility={100 * p[1]:g} %/yr"],
        lambda m: f"slot('revenue.run_rate', {m}) / 1e9",
        law,
    )
