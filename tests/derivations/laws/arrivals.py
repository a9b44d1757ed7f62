"""Random events of gamma size: a compound Poisson sum."""

from __future__ import annotations

from typing import Any

from derivations import family
from derivations.distributions import Law, compound_poisson_of_gammas

SETS = {"rare": (0.6, 30.0, 15.0), "frequent": (24.0, 2.0, 2.0), "large": (3.0, 100.0, 40.0)}  # a year, mean, sd


def law(p: tuple[float, float, float], m: int) -> Law:
    rate, mean, sd = p
    return compound_poisson_of_gammas(rate * m / 12.0, (mean / sd) ** 2, sd**2 / mean)


def document() -> dict[str, Any]:
    return family.of_law(
        "Flow: random events of gamma size, summed",
        "compound Poisson: cumulants, and a Poisson mixture of gammas",
        SETS,
        lambda p: [
            f"flows.losses.rate={p[0]} /yr",
            f'flows.losses.amount={{ gamma = {{ mean = "{p[1]}M", sd = "{p[2]}M" }} }}',
        ],
        lambda m: f"total('flows.losses.paid_out', 1, {m}) / 1e6",
        law,
        upper=True,
    )
