"""Merton's model from equity: V and its volatility solve E = V N(d1) - D e^(-rT) N(d2) and sE E = N(d1) sV V."""

from __future__ import annotations

import math
from typing import Any

from scipy.optimize import fsolve
from scipy.special import ndtr

from derivations.document import number, probability
from derivations.walks import Walk

EQUITY, EQUITY_SD, DEBT, RATE = 3.0, 0.8, 10.0, 0.05


def solved() -> tuple[float, float]:
    def equations(x: Any) -> list[float]:
        v, s = float(x[0]), float(x[1])
        d1 = (math.log(v / DEBT) + RATE + s * s / 2.0) / s
        d2 = d1 - s
        return [
            v * float(ndtr(d1)) - DEBT * math.exp(-RATE) * float(ndtr(d2)) - EQUITY,
            float(ndtr(d1)) * s * v - EQUITY_SD * EQUITY,
        ]

    v, s = fsolve(equations, [12.0, 0.2], xtol=1e-14)
    return float(v), float(s)


def document() -> dict[str, Any]:
    value, sd = solved()
    d2 = (math.log(value / DEBT) + RATE - sd * sd / 2.0) / sd
    default = float(ndtr(-d2))
    drift, step = (RATE - sd * sd / 2.0) / 12.0, sd / math.sqrt(12.0)
    distance = math.log(value / DEBT)
    passage = Walk(distance, lambda y: y + drift, step, 0.0, distance + 9.0 * sd).run(12)[-1]
    settings = [f"revenue.run_rate=${value!r}/yr", f"revenue.volatility={100 * sd!r} %/yr"]
    assets = "slot('revenue.run_rate', 12)"
    worth = value - EQUITY
    return {
        "title": "Default probability in Merton's model, Hull's example",
        "source": "Hull, Options, Futures and Other Derivatives, Example 24.3; solved to 12 digits in "
        "tests/derivations/pub_hull_merton_pd.py, first passage at month-ends by quadrature",
        "timing": "Hull: test at month 12 only; first passage: assets below 10 at a month-end 1 … 12",
        "checks": [
            probability("PD", f"share({assets} < {DEBT:g})", default, settings=settings),
            number(
                "value_of_debt",
                f"exp(-{RATE:g}) * mean(min({assets}, {DEBT:g}))",
                worth,
                _sd_of_debt(value, sd),
                settings=settings,
            ),
            probability(
                "PD_first_passage_monthly",
                f"share(first('revenue.run_rate', '<', {DEBT:g}) <= 12)",
                passage,
                settings=settings,
            ),
        ],
        "references": [
            {"name": "V0_printed", "value": 12.40, "why": f"printed to three digits; solved {value:.12g}"},
            {"name": "sigma_V_printed", "value": 0.2123, "why": f"printed to four digits; solved {sd:.12g}"},
            {"name": "d2_printed", "value": 1.1408, "why": f"printed to four digits; solved {d2:.12g}"},
            {"name": "PD_printed", "value": 0.127, "why": f"printed to three digits; solved {default:.12g}"},
        ],
    }


def _sd_of_debt(value: float, sd: float) -> float:
    """Of e^(-r) min(V, D)."""
    log_mean = math.log(value) + RATE - sd * sd / 2.0
    k = (math.log(DEBT) - log_mean) / sd

    def partial(n: int) -> float:
        """E[min(V, D)^n]."""
        part = math.exp(n * log_mean + n * n * sd * sd / 2.0) * float(ndtr(k - n * sd))
        return part + DEBT**n * float(ndtr(-k))

    return math.exp(-RATE) * math.sqrt(partial(2) - partial(1) ** 2)
