"""Growth without shocks of its own, but with persistent noise: u(m) = a u(m-1) + s sqrt(1 - a²) x, u(0) = 0."""

from __future__ import annotations

from typing import Any

from derivations import family
from derivations.gaussian_growth import Growth, law

SETS = {
    "fleeting": Growth(0.5, 0.1, 1.0, noise=0.08, persistence=0.0),
    "usual": Growth(1.0, 0.12, 1.3, noise=0.05, persistence=0.6),
    "alternating": Growth(0.2, 0.2, 1.0, noise=0.1, persistence=-0.4),
}


def settings(g: Growth) -> list[str]:
    return [
        f"revenue.growth={g.now} log/yr",
        f"revenue.long_run_growth={g.long} log/yr",
        f"revenue.gap_decay={g.decay} /yr",
        f"revenue.noise.sd={g.noise}",
        f"revenue.noise.persistence={g.persistence}",
    ]


def document() -> dict[str, Any]:
    return family.of_law(
        "Revenue: mean-reverting growth with persistent noise",
        "linear recursion of means and covariances of (ln R, growth, noise)",
        SETS,
        settings,
        lambda m: f"slot('revenue.run_rate', {m}) / 1e9",
        law,
    )
