"""Calls under Merton's jump diffusion: a Poisson mixture of Black-Scholes prices, and their second moments for the spread
of a payoff.

Total volatility is 25 %, of whose variance the share γ comes from jumps: the log sd of one is 0.25 sqrt(γ / λ), its mean
return 0.
"""

from __future__ import annotations

import math
from typing import Any

from scipy.special import ndtr

from derivations.document import number

SPOT, RATE, TOTAL = 100.0, 0.08, 0.25
PRINTED = {  # (strike, years, jumps a year, share of variance): price as printed, or as QuantLib corrects it
    (80, 0.1, 1, 0.25): 20.67, (80, 0.25, 1, 0.25): 21.74, (80, 0.5, 1, 0.25): 23.63, (80, 0.5, 5, 0.25): 23.61,
    (100, 0.1, 1, 0.25): 3.42, (100, 0.25, 1, 0.25): 5.88, (100, 0.5, 1, 0.25): 8.95, (100, 0.5, 5, 0.25): 9.02,
    (120, 0.1, 1, 0.25): 0.10, (120, 0.25, 1, 0.25): 0.64, (120, 0.5, 1, 0.25): 2.23, (120, 0.5, 10, 0.25): 2.25,
    (80, 0.5, 1, 0.5): 23.71, (100, 0.1, 1, 0.5): 3.14, (100, 0.25, 5, 0.5): 5.87, (100, 0.5, 1, 0.5): 8.71,
    (110, 0.25, 1, 0.5): 1.93, (110, 0.5, 1, 0.5): 4.42, (120, 0.5, 1, 0.5): 2.15, (80, 0.1, 1, 0.75): 20.79,
    (80, 0.5, 1, 0.75): 23.86, (90, 0.25, 1, 0.75): 12.75,
}  # fmt: skip


def payoff(strike: float, years: float, rate_of_jumps: float, share: float) -> tuple[float, float]:
    """(E, sd) of the discounted payoff of a call."""
    jump = TOTAL * math.sqrt(share / rate_of_jumps)
    first = second = 0.0
    weight = math.exp(-rate_of_jumps * years)
    for n in range(80):
        variance = TOTAL**2 * (1.0 - share) * years + n * jump**2
        mean = math.log(SPOT) + RATE * years - variance / 2.0  # jumps have mean return 0: no compensation
        sd = math.sqrt(variance)
        k = (math.log(strike) - mean) / sd
        tail = [math.exp(j * mean + j * j * variance / 2.0) * float(ndtr(j * sd - k)) for j in range(3)]
        first += weight * (tail[1] - strike * tail[0])
        second += weight * (tail[2] - 2.0 * strike * tail[1] + strike**2 * tail[0])
        weight *= rate_of_jumps * years / (n + 1)
    discount = math.exp(-RATE * years)
    return discount * first, discount * math.sqrt(second - first**2)


def settings(years: float, rate_of_jumps: float, share: float) -> tuple[int, list[str]]:
    """(months, the file's parameters); where the years are no whole months, one month in which time runs so much faster."""
    months = max(1, int(12.0 * years))
    fast = 12.0 * years / months
    jump = TOTAL * math.sqrt(share / rate_of_jumps)
    return months, [
        f"revenue.growth={RATE * fast!r} log/yr",
        f"revenue.volatility={100.0 * TOTAL * math.sqrt((1.0 - share) * fast)!r} %/yr",
        f"revenue.merton_jumps.rate={rate_of_jumps * fast!r} /yr",
        f"revenue.merton_jumps.mean={-(jump**2) / 2.0!r}",
        f"revenue.merton_jumps.sd={jump!r}",
    ]


def document() -> dict[str, Any]:
    checks, references, sets = [], [], {}
    for (strike, years, rate_of_jumps, share), printed in PRINTED.items():
        price, sd = payoff(strike, years, rate_of_jumps, share)
        months, parameters = settings(years, rate_of_jumps, share)
        named = f"{'tenth' if years == 0.1 else 'T'}, {rate_of_jumps} jumps, {share:g} of variance"
        sets[named] = parameters
        measure = f"exp(-{RATE:g} * {years:g}) * mean(max(slot('revenue.run_rate', {months}) - {strike}, 0))"
        label = f"K{strike}_T{years}_lam{rate_of_jumps}_gam{share}"
        checks.append(number(label, measure, price, sd, set=named))
        references.append(
            {"name": f"{label}_printed", "value": printed, "why": f"printed to 0.01; recomputed {price:.10g}"}
        )
    return {
        "title": "Calls under Merton's jump diffusion: 22 of the 90 prices of Haug's table",
        "source": "Haug, Option Pricing Formulas (1998), p. 9, where Haug truncated the sum as corrected by QuantLib; "
        "recomputed in tests/derivations/pub_haug_merton_jump.py",
        "timing": "terminal value; price = discounted mean payoff",
        "sets": sets,
        "checks": checks,
        "references": references,
    }
