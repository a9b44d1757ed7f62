"""Chances of a round are Poisson and succeed one by one: money raised is compound Poisson with rate p / T."""

from __future__ import annotations

from typing import Any

from derivations import family
from derivations.distributions import Law, compound_poisson_of_gammas

SETS = {"usual": (6.0, 0.7, 20.0, 10.0), "seldom": (30.0, 0.4, 50.0, 50.0), "often": (1.5, 0.9, 3.0, 1.0)}


def law(p: tuple[float, float, float, float], m: int) -> Law:
    every, success, mean, sd = p
    return compound_poisson_of_gammas(m * success / every, (mean / sd) ** 2, sd**2 / mean)


def document() -> dict[str, Any]:
    return family.of_law(
        "Priced rounds: money raised",
        "compound Poisson of the chances that succeed: cumulants, and a Poisson mixture of gammas",
        SETS,
        lambda p: [
            f"financing.rounds.every={p[0]} mo",
            f"financing.rounds.success={p[1]}",
            f'financing.rounds.size={{ gamma = {{ mean = "{p[2]}M", sd = "{p[3]}M" }} }}',
        ],
        lambda m: f"total('financing.rounds.received', 1, {m}) / 1e6",
        law,
        upper=True,
    )
