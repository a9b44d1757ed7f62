"""A month moves cash by a normal and by n ~ Poisson(0.04) rounds of exponential size: a normal plus a gamma of order n.

With u = x - mean - s²/θ the density of normal + gamma(n, θ) is exp(-(x - mean)/θ + s²/2θ²) I(n-1) / (θ^n (n-1)!), where
I(k) = ∫ from 0 of v^k φ_s(v - u) dv obeys I(k) = u I(k-1) + (k-1) s² I(k-2) for k > 1, I(1) = u I(0) + s² φ_s(u), I(0) =
Φ(u/s). Cash that is above 48 months of burn by 8 standard deviations is safe and need not be followed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import ndtr

from derivations.document import probability
from derivations.walks import Array, between, normal_density, panels

CASH, DRIFT, SPREAD, RATE, SIZE, MONTHS = 40.0, -2.0, 4.0, 0.04, 35.0, 48
MOST = 6  # rounds in a month; seven have a probability of 3e-14


def moves(x: Array) -> Array:
    """Density of a month's change."""
    total = math.exp(-RATE) * normal_density(x, DRIFT, SPREAD)
    u = x - DRIFT - SPREAD**2 / SIZE
    tilt = np.exp(-(x - DRIFT) / SIZE + SPREAD**2 / (2.0 * SIZE**2))
    integrals = [ndtr(u / SPREAD)]
    integrals.append(u * integrals[0] + SPREAD**2 * normal_density(u, 0.0, SPREAD))
    for k in range(2, MOST):
        integrals.append(u * integrals[k - 1] + (k - 1) * SPREAD**2 * integrals[k - 2])
    for n in range(1, MOST + 1):
        weight = math.exp(-RATE) * RATE**n / math.factorial(n) / (SIZE**n * math.factorial(n - 1))
        total = total + weight * tilt * np.maximum(integrals[n - 1], 0.0)
    return total


def default_by() -> Array:
    high = -DRIFT * MONTHS + 8.0 * SPREAD * math.sqrt(MONTHS)
    nodes, weights = panels(between(0.0, high, 5.0).tolist())
    kernel = moves(nodes[:, None] - nodes[None, :]) * weights
    # what a month takes below nought: from each node, the density of the change below -y
    far, w_far = panels(between(-12.0 * SPREAD + DRIFT, 0.0, 4.0).tolist())
    leaves = (moves(far[:, None] - nodes[None, :]) * w_far[:, None]).sum(axis=0) * weights
    density = moves(nodes - CASH)
    gone = [float(moves(far - CASH) @ w_far)]
    for _ in range(1, MONTHS):
        gone.append(float(leaves @ density))
        density = kernel @ density
    return np.cumsum(gone)


def document() -> dict[str, Any]:
    by_month = default_by()
    months = (6, 12, 24, 36, 48)
    return {
        "title": "Noise and random funding rounds, first passage",
        "source": "derived in tests/derivations/equity_brownian_fp.py: quadrature with the exact density of a month",
        "timing": "month t: result and rounds, then default if cash < 0",
        "checks": [probability(f"P_default_{m}m", f"share(default_by({m}))", by_month[m - 1]) for m in months],
    }
