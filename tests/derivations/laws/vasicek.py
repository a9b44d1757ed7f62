"""The reference rate is normal: mean θ + φ^m (r - θ), variance σ² (1 - φ^2m) / 2κ; here in per cent a year."""

from __future__ import annotations

import math
from typing import Any

from derivations import family
from derivations.distributions import Law, normal
from derivations.laws.price_forward_curve import variance

SETS = {
    "usual": (4.3, 3.5, 1.1, 0.25),
    "fast": (1.0, 5.0, 2.0, 2.0),
    "calm": (3.0, 2.0, 0.2, 0.1),
}  # now, level, sd, speed


def law(p: tuple[float, float, float, float], m: int) -> Law:
    now, level, volatility, kappa = p
    return normal(level + math.exp(-kappa * m / 12.0) * (now - level), variance(volatility, kappa, m))


def document() -> dict[str, Any]:
    return family.of_law(
        "Reference rate: Vasicek (1977), per cent a year",
        "closed form (normal)",
        SETS,
        lambda p: [
            f"rates.now={p[0]} %/yr nominal",
            f"rates.level={p[1]} %/yr nominal",
            f"rates.volatility={p[2]} %/yr",
            f"rates.reversion={p[3]} /yr",
        ],
        lambda m: f"100 * slot('rates.reference', {m})",
        law,
        upper=True,
    )
