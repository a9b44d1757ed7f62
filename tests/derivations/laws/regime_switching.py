"""Given the number of months in the second regime ln R is normal; that number by dynamic programming over the chain."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivations import family
from derivations.distributions import Law, mixture_of_lognormals

SETS = {  # probability of leaving each regime in a month, growth and volatility in each
    "usual": ((0.03, 0.12), (0.30, -0.25), (0.15, 0.40)),
    "restless": ((0.40, 0.30), (0.60, -0.50), (0.10, 0.30)),
    "sticky": ((0.01, 0.02), (0.20, -0.40), (0.20, 0.30)),
}
Parameters = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]


def months_in_second(leave: tuple[float, float], m: int) -> np.ndarray:
    """P(n of the months 1 … m are in the second regime), n = 0 … m; month m uses the regime drawn for m."""
    at = np.zeros((2, m + 1))
    at[0, 0] = 1.0
    for _ in range(m):
        to_first = (1.0 - leave[0]) * at[0] + leave[1] * at[1]
        to_second = leave[0] * at[0] + (1.0 - leave[1]) * at[1]
        at = np.array([to_first, np.concatenate([[0.0], to_second[:-1]])])
    return at.sum(axis=0)


def law(p: Parameters, m: int) -> Law:
    leave, growth, volatility = p
    parts = []
    for n, weight in enumerate(months_in_second(leave, m)):
        stays = ((m - n) / 12.0, n / 12.0)
        mean = sum(t * (g - v**2 / 2.0) for t, g, v in zip(stays, growth, volatility, strict=True))
        parts.append((float(weight), mean, sum(t * v**2 for t, v in zip(stays, volatility, strict=True))))
    return mixture_of_lognormals(parts)


def document() -> dict[str, Any]:
    return family.of_law(
        "Revenue: regime switching (Hamilton 1989)",
        "mixture of lognormals over the months in the second regime, counted by dynamic programming",
        SETS,
        lambda p: [
            f"revenue.monthly_matrix=[[{1 - p[0][0]:g}, {p[0][0]}], [{p[0][1]}, {1 - p[0][1]:g}]]",
            f'revenue.growth=["{p[1][0]} log/yr", "{p[1][1]} log/yr"]',
            f'revenue.volatility=["{100 * p[2][0]:g} %/yr", "{100 * p[2][1]:g} %/yr"]',
        ],
        lambda m: f"slot('revenue.run_rate', {m}) / 1e9",
        law,
    )
