"""ln R is a Markov chain with normal noise around the logistic curve: its density by quadrature, month by month."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from scipy.special import ndtr

from derivations import family
from derivations.distributions import Law, of_raw
from derivations.walks import between, normal_density, panels

SETS = {
    "far_below": (30.0, 1.2, 0.20),
    "near": (1.5, 0.8, 0.30),
    "above": (0.6, 1.0, 0.15),
}  # ceiling, growth, volatility


@cache
def law(p: tuple[float, float, float], m: int) -> Law:
    ceiling, growth, volatility = p
    sd = volatility / math.sqrt(12.0)

    def course(y: np.ndarray) -> np.ndarray:
        return np.log(ceiling / (1.0 + (ceiling * np.exp(-y) - 1.0) * math.exp(-growth / 12.0))) - sd**2 / 2.0

    reach = 9.0 * sd * math.sqrt(m)
    end = np.zeros(1)
    for _ in range(m):
        end = course(end)
    nodes, weights = panels(
        between(min(0.0, float(end[0])) - reach, max(0.0, float(end[0])) + reach, 1.25 * sd).tolist()
    )
    moved = course(nodes)
    kernel = normal_density(nodes[:, None], moved[None, :], sd) * weights
    density = normal_density(nodes, course(np.zeros(1)), sd)
    before = density
    for _ in range(1, m):
        before, density = density, kernel @ density
    raw = [float(weights @ (density * np.exp(k * nodes))) for k in range(5)]
    if abs(raw[0] - 1.0) > 1e-9:
        raise AssertionError(f"total probability {raw[0]}")

    def below(x: float) -> float:
        if x <= 0.0:
            return 0.0
        return float((weights * before) @ ndtr((math.log(x) - moved) / sd))

    return of_raw(raw, below)


def document() -> dict[str, Any]:
    return family.of_law(
        "Revenue: logistic growth with noise",
        "quadrature of the density of ln R, month by month",
        SETS,
        lambda p: [
            f"revenue.ceiling={p[0]}B/yr",
            f"revenue.growth={p[1]} log/yr",
            f"revenue.volatility={100 * p[2]:g} %/yr",
        ],
        lambda m: f"slot('revenue.run_rate', {m}) / 1e9",
        law,
    )
