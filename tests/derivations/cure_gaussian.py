"""Densities by the age of the shortage: g0 of paths whose cash is at least 0, g1 … g(m-1) of paths below it for so many
month-ends.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtr

from derivations.document import probability
from derivations.walks import between, normal_density, panels

CASH, DRIFT, SPREAD, MONTHS = 25.0, -0.5, 5.0, 36
CURES = {1: "0 days", 2: "30 days", 3: "60 days", 6: "150 days"}


def default_by(cure: int) -> list[float]:
    """By month 1 … 36: default at the cure-th month-end in a row below 0."""
    reach = 8.5 * SPREAD
    above, w_above = panels(between(0.0, CASH + reach * np.sqrt(MONTHS), 5.0).tolist())
    below, w_below = panels(between(-reach * np.sqrt(6.0) - 20.0, 0.0, 5.0).tolist())
    nodes = np.concatenate([above, below])
    moves = normal_density(nodes[:, None], nodes[None, :] + DRIFT, SPREAD) * np.concatenate([w_above, w_below])[None, :]
    n = above.size
    to_above, to_below = moves[:n], moves[n:]
    short = ndtr((0.0 - nodes - DRIFT) / SPREAD) * np.concatenate([w_above, w_below])
    good = normal_density(above, CASH + DRIFT, SPREAD)
    ages = [normal_density(below, CASH + DRIFT, SPREAD)] + [np.zeros(below.size)] * (cure - 1)
    gone = [float(ndtr(-(CASH + DRIFT) / SPREAD))] if cure == 1 else [0.0]
    for _ in range(1, MONTHS):
        alive = ages[: cure - 1]
        oldest = alive[-1] if cure > 1 else None
        gone.append(float(short[n:] @ oldest if oldest is not None else short[:n] @ good))
        worse = [to_below[:, :n] @ good] + [to_below[:, n:] @ age for age in alive[:-1]]
        good = to_above[:, :n] @ good + sum(to_above[:, n:] @ age for age in alive)
        ages = worse + [np.zeros(below.size)] * (cure - len(worse))
    return np.cumsum(gone).tolist()


def document() -> dict[str, Any]:
    found = {cure: default_by(cure) for cure in CURES}
    checks = [
        probability(
            f"P_default_{m}m_cure{cure}",
            f"share(default_by({m}))",
            found[cure][m - 1],
            settings=[f"default.cure={days}"],
        )
        for cure, days in CURES.items()
        for m in (12, 24, 36)
    ]
    return {
        "title": "Cure period, Gaussian cash: default at the 1st, 2nd, 3rd and 6th month-end in a row below nought",
        "source": "derived in tests/derivations/cure_gaussian.py: quadrature of densities by age of the shortage",
        "timing": "C(t) = C(t-1) - 0.5 + 5 Z; strict test at month-ends; the count is nought when C >= 0; arrears are carried",
        "checks": checks,
    }
