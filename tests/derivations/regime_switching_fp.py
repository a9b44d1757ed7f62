"""Two coupled densities, of cash in calm and in stress; the regime moves first, then cash by the law of the new regime."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtr

from derivations.document import number, probability
from derivations.estimators import sd1_ratio
from derivations.walks import between, normal_density, panels

CASH, MONTHS = 50.0, 36
DRIFT, SPREAD = (0.6, -4.0), (4.0, 7.0)
MATRIX = np.array([[0.97, 0.03], [0.12, 0.88]])


def course() -> tuple[np.ndarray, np.ndarray]:
    """(probability of default in month m in regime s, by month; probability at 36 of being alive, by regime)."""
    nodes, weights = panels(between(0.0, CASH + 8.5 * 7.0 * np.sqrt(MONTHS), 5.0).tolist())
    kernels = [
        normal_density(nodes[:, None], nodes[None, :] + d, s) * weights for d, s in zip(DRIFT, SPREAD, strict=True)
    ]
    leaves = [ndtr((0.0 - nodes - d) / s) * weights for d, s in zip(DRIFT, SPREAD, strict=True)]
    first = MATRIX[0]
    density = [first[s] * normal_density(nodes, CASH + DRIFT[s], SPREAD[s]) for s in (0, 1)]
    gone = [[first[s] * float(ndtr(-(CASH + DRIFT[s]) / SPREAD[s])) for s in (0, 1)]]
    for _ in range(1, MONTHS):
        mixed = [sum(MATRIX[r, s] * density[r] for r in (0, 1)) for s in (0, 1)]
        gone.append([float(leaves[s] @ mixed[s]) for s in (0, 1)])
        density = [kernels[s] @ mixed[s] for s in (0, 1)]
    return np.array(gone), np.array([float(weights @ d) for d in density])


def document() -> dict[str, Any]:
    gone, alive = course()
    by_month = gone.sum(axis=1).cumsum()
    checks = [probability(f"P_default_{m}m", f"share(default_by({m}))", by_month[m - 1]) for m in (12, 24, 36)]
    measure = "share((default_month() > 36) & (slot('market.state', 36) == 1))"
    checks.append(probability("P_survive_and_stress_36m", measure, alive[1]))
    share = gone[:, 1].sum() / by_month[-1]
    measure = "mean(where(default_by(36), at_default('market.state')))"
    checks.append(number("share_of_defaults_in_stress_month", measure, share, sd1_ratio(by_month[-1], share, share)))
    return {
        "title": "First passage with a result that depends on the regime",
        "source": "derived in tests/derivations/regime_switching_fp.py: quadrature of two coupled densities",
        "timing": "month t uses the regime s(t), drawn from the row of s(t-1), s(0) = calm; strict C(t) < 0",
        "checks": checks,
    }
