"""The same with volatilities that fade to long-run values at one speed; month m uses those of m - 1."""

from __future__ import annotations

from typing import Any

from derivations import family
from derivations.gaussian_growth import Growth, law
from derivations.laws import mean_reverting_growth

SETS = {
    "young": Growth(0.4, 0.1, 1.0, 0.5, 0.3, 2.0, 0.1, 0.0),
    "half_faded": Growth(0.2, 0.1, 0.6, 0.3, 0.2, 0.5, 0.15, 0.05),
    "rising": Growth(0.1, 0.0, 0.9, 0.1, 0.0, 1.0, 0.3, 0.2),
}


def settings(g: Growth) -> list[str]:
    return [
        *mean_reverting_growth.settings(g),
        f"revenue.volatility_decay={g.volatility_decay} /yr",
        f"revenue.long_run_volatility={100 * (g.long_volatility or 0.0):g} %/yr",
        f"revenue.long_run_growth_volatility={100 * (g.long_growth_volatility or 0.0):g} %/yr",
    ]


def document() -> dict[str, Any]:
    return family.of_law(
        "Revenue: mean-reverting growth with volatilities that fade",
        "linear recursion of means and covariances of (ln R, growth), volatilities by month",
        SETS,
        settings,
        lambda m: f"slot('revenue.run_rate', {m}) / 1e9",
        law,
    )
