"""Mean reversion month by month, exact (Uhlenbeck & Ornstein 1930), and volatilities that fade to a long-run value.

x(m) = x̄ + φ (x(m-1) - x̄) + σ(m-1) √((1 - φ²) / 2κ) z,   φ = exp(-κ Δ), Δ = 1/12
σ(m) = σ̄ + φσ (σ(m-1) - σ̄),   φσ = exp(-κσ Δ);   month m uses the volatility of m-1
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.mathematics import arrays

STEP = 1.0 / 12.0


def transition(kappa: Any) -> tuple[Any, Any]:
    """(φ, size of a month's shock at volatility 1), kappa >= 0; without reversion the shocks add up."""
    phi = arrays.exp(-np.asarray(kappa, dtype=np.float64) * STEP)
    safe = np.where(np.asarray(kappa) > 0, kappa, 1.0)
    return phi[()], np.sqrt(np.where(np.asarray(kappa) > 0, (1.0 - np.square(phi)) / (2.0 * safe), STEP))[()]


def revert(x: float, z: float, long_run: float, phi: float, spread: float, volatility: float) -> float:
    return long_run + phi * (x - long_run) + volatility * spread * z


def fade(now: float, target: float, phi: float) -> float:
    return target + phi * (now - target)
