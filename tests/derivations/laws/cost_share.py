"""The share of variable cost is normal; its variance by adding up the months, each with the volatility of the month before."""

from __future__ import annotations

import math
from typing import Any

from derivations import family
from derivations.distributions import Law, normal

SETS = {  # now, long run, speed, volatility, speed of its decay, to what
    "usual": (0.70, 0.45, 0.4, 0.12, 0.4, 0.03),
    "fast": (0.20, 0.60, 3.0, 0.30, 2.0, 0.0),
    "walk": (0.30, 0.30, 0.0, 0.05, 0.1, 0.15),
}


def law(p: tuple[float, float, float, float, float, float], m: int) -> Law:
    now, long_run, kappa, volatility, decay, to = p
    phi = math.exp(-kappa / 12.0)
    of_month = 1.0 / 12.0 if kappa == 0.0 else (1.0 - phi**2) / (2.0 * kappa)
    variance = sum(
        phi ** (2 * (m - k)) * of_month * (to + (volatility - to) * math.exp(-decay * (k - 1) / 12.0)) ** 2
        for k in range(1, m + 1)
    )
    return normal(long_run + phi**m * (now - long_run), variance)


def document() -> dict[str, Any]:
    return family.of_law(
        "Operations: share of variable cost (Schwartz & Moon 2001), before it is cut off at nought",
        "normal; variance as a sum over months",
        SETS,
        lambda p: [
            f"operations.cost_share.now={p[0]}",
            f"operations.cost_share.long_run={p[1]}",
            f"operations.cost_share.reversion={p[2]} /yr",
            f"operations.cost_share.volatility={100 * p[3]:g} %/yr",
            f"operations.cost_share.volatility_decay={p[4]} /yr",
            f"operations.cost_share.long_run_volatility={100 * p[5]:g} %/yr",
        ],
        lambda m: f"slot('operations.cost_share.share', {m})",
        law,
        upper=True,
    )
