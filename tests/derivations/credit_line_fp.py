"""The position earns 0.3 % above nought and pays 1 % below it; panels meet at nought, where the drift has a kink."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivations.document import probability
from derivations.walks import Array, Walk

CASH, DRIFT, SPREAD, LINE, EARNS, COSTS, MONTHS = 20.0, -0.8, 4.0, 30.0, 0.003, 0.01, 36


def course(earns: float, costs: float) -> tuple[Array, dict[int, float]]:
    """(probability of default by month, probability of being alive with the line in use)."""

    def drift(y: Array) -> Array:
        return y + earns * np.maximum(y, 0.0) - costs * np.maximum(-y, 0.0) + DRIFT

    walk = Walk(CASH, drift, SPREAD, -LINE, CASH + 9.0 * SPREAD * np.sqrt(MONTHS), cut=(0.0,))
    gone, drawn = [], {}
    for month in range(1, MONTHS + 1):
        gone.append(walk.step())
        drawn[month] = walk.share(-LINE, 0.0)
    return np.cumsum(gone), drawn


def document() -> dict[str, Any]:
    by_month, drawn = course(EARNS, COSTS)
    without, _ = course(0.0, 0.0)
    checks = []
    for m in (12, 24, 36):
        checks.append(probability(f"P_default_{m}m", f"share(default_by({m}))", by_month[m - 1]))
        measure = f"share((default_month() > {m}) & (slot('financing.line.drawn', {m}) > 0))"
        checks.append(probability(f"P_alive_and_line_drawn_{m}m", measure, drawn[m]))
    settings = ["treasury.interest=0 %/mo", "financing.line.rate=0 %/mo"]
    checks.append(probability("P_default_36m_no_interest", "share(default_by(36))", without[-1], settings=settings))
    return {
        "title": "Credit line with interest on either side, first passage",
        "source": "derived in tests/derivations/credit_line_fp.py: quadrature of the density of the position",
        "timing": "interest on the opening position, then the month's flow, then default if cash less drawn < -30",
        "checks": checks,
    }
