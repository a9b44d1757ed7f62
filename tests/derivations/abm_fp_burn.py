"""First passage of a burning firm: quadrature of the density of living paths; quantiles of the month of default with it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from derivations.document import exact, number, probability
from derivations.estimators import sd1_ratio
from derivations.walks import Walk

CASH, DRIFT, SPREAD, MONTHS, MILLION = 60.0, -1.0, 6.0, 96, 1_048_576


def default_by() -> np.ndarray:
    return Walk(CASH, lambda y: y + DRIFT, SPREAD, 0.0, CASH + 9.0 * SPREAD * math.sqrt(MONTHS)).run(MONTHS)


def document() -> dict[str, Any]:
    by_month = default_by()
    checks = [probability(f"P_default_{m}m", f"share(default_by({m}))", by_month[m - 1]) for m in (12, 24, 36, 60)]
    p, months = np.diff(by_month[:60], prepend=0.0), np.arange(1, 61)
    total = p.sum()
    mean, second = float(months @ p) / total, float(months**2 @ p) / total
    checks.append(
        number(
            "mean_default_month_given_default_by_60",
            "mean(where(default_by(60), default_month()))",
            mean,
            sd1_ratio(total, mean, second),
        )
    )
    at_end = "share(slot('cash', 60) - slot('ledger.arrears', 60) < 0)"
    settings = ["default.stop_at_default=false"]
    checks.append(probability("P_C60_negative_terminal_only", at_end, 0.5, settings=settings))
    references = []
    for q in (0.1, 0.25, 0.5, 0.75):
        month = int(np.argmax(by_month >= q)) + 1
        before, after = float(by_month[month - 2]), float(by_month[month - 1])
        checks += [
            probability(f"P_default_{m}m", f"share(default_by({m}))", by_month[m - 1]) for m in (month - 1, month)
        ]
        if min(after - q, q - before) > 5.0 * math.sqrt(q * (1.0 - q) / MILLION):
            checks.append(exact(f"default_month_q{q}", f"quantile(default_month(), {q})", month, full=True))
        why = (
            f"smallest month by which the share {q} is in default: {before:.6f} by the month before, {after:.6f} by it"
        )
        references.append({"name": f"default_month_q{q}", "value": month, "why": why})
    return {
        "title": "Discrete first passage, burning firm",
        "source": "quadrature of the density of living paths (tests/derivations/abm_fp_burn.py); a month that is a quantile is a "
        "check only where sampling does not move it",
        "timing": "month-end monitoring t = 1 … 96, strict C(t) < 0, no interest",
        "checks": checks,
        "references": references,
    }
