"""ln R of revenue with mean-reverting growth is normal: mean and variance by the linear recursion of (ln R, growth, noise)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from derivations.distributions import Law, lognormal

STEP = 1.0 / 12.0


@dataclass(frozen=True)
class Growth:
    """As a file writes it, per year; the noise is of a month."""

    now: float
    long: float
    decay: float
    volatility: float = 0.0
    growth_volatility: float = 0.0
    volatility_decay: float = 0.0
    long_volatility: float | None = None
    long_growth_volatility: float | None = None
    noise: float = 0.0
    persistence: float = 0.0


def law(g: Growth, months: int, start: float = 1.0) -> Law:
    phi, a = math.exp(-g.decay * STEP), g.persistence
    spread = math.sqrt((1.0 - phi**2) / (2.0 * g.decay))
    mean, growth = math.log(start), g.now
    cov = np.zeros((3, 3))  # of ln R, growth, noise
    for m in range(1, months + 1):
        fade = math.exp(-g.volatility_decay * STEP * (m - 1))
        sigma = (
            g.volatility if g.long_volatility is None else g.long_volatility + (g.volatility - g.long_volatility) * fade
        )
        eta = g.growth_volatility
        if g.long_growth_volatility is not None:
            eta = g.long_growth_volatility + (eta - g.long_growth_volatility) * fade
        mean += (growth - sigma**2 / 2.0) * STEP
        growth = g.long + phi * (growth - g.long)
        move = np.array([[1.0, STEP, a], [0.0, phi, 0.0], [0.0, 0.0, a]])
        fresh = g.noise * math.sqrt(1.0 - a**2)
        shocks = np.array([[sigma * math.sqrt(STEP), 0.0, fresh], [0.0, eta * spread, 0.0], [0.0, 0.0, fresh]])
        cov = move @ cov @ move.T + shocks @ shocks.T
    return lognormal(mean, float(cov[0, 0]))
