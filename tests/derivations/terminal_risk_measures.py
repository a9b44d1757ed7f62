"""Quantiles and expected shortfall of a normal and a lognormal, in closed form."""

from __future__ import annotations

import math
from typing import Any

from scipy.special import ndtr, ndtri

from derivations.document import number
from derivations.estimators import sd1_quantile

Q, MEAN, SD, LOG_MEAN, LOG_SD = 0.05, 20.0, 15.0, 3.0, 0.6


def phi(z: float) -> float:
    return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


def sd1_shortfall(first: float, second: float) -> float:
    """Of the mean of the worst share q, E[(x_q - X)+] = first and E[((x_q - X)+)²] = second: its influence is (X - x_q)- / q."""
    return math.sqrt(second - first**2) / Q


def document() -> dict[str, Any]:
    z = float(ndtri(Q))
    normal = "(slot('cash', 1) - slot('ledger.arrears', 1)) / 1e6"
    quantile, shortfall = MEAN + SD * z, MEAN - SD * phi(z) / Q
    below = SD * (z * Q + phi(z))  # E[(x_q - X)+]
    below_2 = SD**2 * ((z * z + 1.0) * Q + z * phi(z))
    lost = SD * phi(MEAN / SD) - MEAN * float(ndtr(-MEAN / SD))  # E[max(-C, 0)]
    lost_2 = (MEAN**2 + SD**2) * float(ndtr(-MEAN / SD)) - MEAN * SD * phi(MEAN / SD)
    paid = "total('flows.payment.paid_out', 2, 2) / 1e6"
    worst = math.exp(LOG_MEAN + LOG_SD * z)
    partial = [math.exp(k * LOG_MEAN + (k * LOG_SD) ** 2 / 2.0) * float(ndtr(z - k * LOG_SD)) for k in range(3)]
    tail = partial[1] / Q
    log_second = worst**2 * partial[0] - 2.0 * worst * partial[1] + partial[2]
    log_first = worst * partial[0] - partial[1]
    return {
        "title": "Quantiles and expected shortfall of terminal values",
        "source": "closed forms of the normal and the lognormal (tests/derivations/terminal_risk_measures.py)",
        "timing": "quantile: lower order statistic of rank ceil(q N); expected shortfall: mean of the ceil(0.05 N) smallest",
        "checks": [
            number("gauss_q05", f"quantile({normal}, {Q})", quantile, sd1_quantile(Q, phi(z) / SD)),
            number("gauss_ES05", f"expected_shortfall({normal}, {Q})", shortfall, sd1_shortfall(below, below_2)),
            number("gauss_mean_shortfall", "mean(slot('ledger.arrears', 1)) / 1e6", lost, math.sqrt(lost_2 - lost**2)),
            number("logn_q05", f"quantile({paid}, {Q})", worst, sd1_quantile(Q, phi(z) / (LOG_SD * worst))),
            number("logn_tail_mean05", f"expected_shortfall({paid}, {Q})", tail, sd1_shortfall(log_first, log_second)),
        ],
    }
