"""Revenue whose growth reverts, with shocks to level and growth."""

from __future__ import annotations

from typing import Any

from derivations import family
from derivations.gaussian_growth import Growth, law

SETS = {
    "slow": Growth(0.3, 0.1, 0.5, 0.15, 0.1),
    "fast": Growth(1.0, 0.1, 2.0, 0.25, 0.5),
    "shrinking": Growth(-0.2, 0.05, 1.2, 0.05, 0.3),
}


def settings(g: Growth) -> list[str]:
    return [
        f"revenue.growth={g.now} log/yr",
        f"revenue.long_run_growth={g.long} log/yr",
        f"revenue.gap_decay={g.decay} /yr",
        f"revenue.volatility={100 * g.volatility:g} %/yr",
        f"revenue.growth_volatility={100 * g.growth_volatility:g} %/yr",
    ]


def document() -> dict[str, Any]:
    return family.of_law(
        "Revenue: mean-reverting growth (Schwartz & Moon 2000)",
        "linear recursion of means and covariances of (ln R, growth)",
        SETS,
        settings,
        lambda m: f"slot('revenue.run_rate', {m}) / 1e9",
        law,
    )
