"""Growth by the regime of the funding market: given the months in the second regime ln R is normal.

The market moves by a generator with intensities q and r of leaving; over a month the first is left with probability
q / (q + r) (1 - e^(-(q + r) / 12)), the second likewise.
"""

from __future__ import annotations

import math
from typing import Any

from derivations import family
from derivations.distributions import Law, mixture_of_lognormals
from derivations.laws.regime_switching import months_in_second

GROWTH, VOLATILITY = 0.2, 0.15
SETS = {
    "usual": (0.7, 1.5, 0.0, -0.6),
    "restless": (6.0, 9.0, 0.3, -0.9),
    "sticky": (0.2, 0.3, 0.1, -0.4),
}  # q, r, added


def law(p: tuple[float, float, float, float], m: int) -> Law:
    q, r, first, second = p
    either = (1.0 - math.exp(-(q + r) / 12.0)) / (q + r)
    base, v = (GROWTH - VOLATILITY**2 / 2.0) * m / 12.0, VOLATILITY**2 * m / 12.0
    weights = months_in_second((q * either, r * either), m)
    return mixture_of_lognormals(
        [(float(w), base + ((m - n) * first + n * second) / 12.0, v) for n, w in enumerate(weights)]
    )


def document() -> dict[str, Any]:
    return family.of_law(
        "Revenue: growth that depends on the funding market, a chain given by its generator",
        "mixture of lognormals over the months in the second regime, counted by dynamic programming",
        SETS,
        lambda p: [
            f'market.generator=[["{-p[0]} /yr", "{p[0]} /yr"], ["{p[1]} /yr", "{-p[1]} /yr"]]',
            f'revenue.market_growth.growth={{ open = "{p[2]} log/yr", shut = "{p[3]} log/yr" }}',
        ],
        lambda m: f"slot('revenue.run_rate', {m}) / 1e9",
        law,
    )
