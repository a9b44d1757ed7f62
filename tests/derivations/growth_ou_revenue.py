"""ln R and growth are jointly normal: their means and covariances obey linear recursions."""

from __future__ import annotations

import math
from typing import Any

from derivations.document import number
from derivations.estimators import sd1_quantile

REVENUE, NOW, LONG, KAPPA, ETA, SIGMA, RHO = 5.0, 1.0, 0.1, 0.8, 0.35, 0.3, 0.4
STEP = 1.0 / 12.0


def moments(months: int) -> tuple[float, float, float, float]:
    """(mean of ln R, its variance, sd of growth, correlation of the two) after so many months."""
    phi = math.exp(-KAPPA * STEP)
    shock = ETA * math.sqrt((1.0 - phi**2) / (2.0 * KAPPA))
    mean, growth = math.log(REVENUE), NOW
    v_level = v_growth = both = 0.0
    for _ in range(months):
        mean += (growth - 0.5 * SIGMA**2) * STEP
        growth = LONG + phi * (growth - LONG)
        v_level, both, v_growth = (
            v_level + 2.0 * STEP * both + STEP**2 * v_growth + SIGMA**2 * STEP,
            phi * (both + STEP * v_growth) + RHO * SIGMA * math.sqrt(STEP) * shock,
            phi**2 * v_growth + shock**2,
        )
    return mean, v_level, math.sqrt(v_growth), both / math.sqrt(v_level * v_growth)


def document() -> dict[str, Any]:
    checks = []
    for m in (12, 24, 36, 60):
        mean, variance, sd_growth, corr = moments(m)
        revenue, growth = f"slot('revenue.run_rate', {m}) / 12e6", f"slot('revenue.growth_rate', {m})"
        average, median = math.exp(mean + variance / 2.0), math.exp(mean)
        density = 1.0 / (median * math.sqrt(2.0 * math.pi * variance))
        checks += [
            number(f"mean_lnR_{m}m", f"mean(log({revenue}))", mean, math.sqrt(variance)),
            number(f"var_lnR_{m}m", f"var(log({revenue}))", variance, variance * math.sqrt(2.0)),
            number(f"mean_R_{m}m", f"mean({revenue})", average, average * math.sqrt(math.expm1(variance))),
            number(f"median_R_{m}m", f"quantile({revenue}, 0.5)", median, sd1_quantile(0.5, density)),
            number(f"sd_g_{m}m", f"sd({growth})", sd_growth, sd_growth / math.sqrt(2.0)),
            number(f"corr_lnR_g_{m}m", f"corr(log({revenue}), {growth})", corr, 1.0 - corr**2),
        ]
    return {
        "title": "Revenue with mean-reverting growth, correlated shocks: exact joint law",
        "source": "derived in tests/derivations/growth_ou_revenue.py: linear recursion of means and covariances",
        "timing": "month t uses the growth known at its start, g(t-1)",
        "checks": checks,
    }
