"""Forward density of a Gaussian walk with drift 0.3 and spread 5; every term is positive, so digits are relative."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivations.document import probability
from derivations.walks import Walk

DRIFT, SPREAD, MONTHS = 0.3, 5.0, 36
OPENING = (102, 115, 130, 144, 157)
PLAIN = 130  # up to which a million paths see it at all


def default_by_36(cash: float) -> float:
    return float(Walk(cash, lambda y: y + DRIFT, SPREAD, 0.0, cash + 9.0 * SPREAD * np.sqrt(MONTHS)).run(MONTHS)[-1])


def document() -> dict[str, Any]:
    found = {cash: default_by_36(cash) for cash in OPENING}
    checks = [
        probability(
            f"P_default_C0_{cash}",
            f"share(default_by({MONTHS}))",
            found[cash],
            settings=[f"opening.cash={cash}M"],
            **({} if cash < 115 else {"full": True}),
        )
        for cash in OPENING
        if cash <= PLAIN
    ]
    why = "too rare for plain Monte Carlo: a million paths expect fewer than one; derived, not compared"
    return {
        "title": "Rare default: about 1e-4 to 1e-8",
        "source": "derived in tests/derivations/rare_first_passage.py: quadrature of the density of living paths",
        "timing": "month t: flow, then default if cash < 0; t = 1 … 36",
        "checks": checks,
        "references": [
            {"name": f"P_default_C0_{cash}", "value": found[cash], "why": why} for cash in OPENING if cash > PLAIN
        ],
    }
