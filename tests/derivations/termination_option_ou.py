"""Backward recursion in the logarithm of the price: W(t, x) = value of the contract after the cash flow of month t, right unused.

    C(t, x) = e^(-r/12) E[P' - K + W(t+1, x')],   W(t, x) = max(C(t, x), -fee + Σ_{j <= notice} e^(-rj/12) (E[P(t+j)] - K))

Gauss-Legendre expectations, split where the right is used so that each integrand is smooth; C is a cubic spline. 401 and 801
nodes agree to 1e-8. The policy of the boundary is then simulated once, for the spread of what a path brings.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq

from derivations.document import number

NOW, KAPPA, THETA, SIGMA, FIXED, MONTHS, RATE, FEE = 2.4, 1.0, math.log(1.9), 0.5, 2.1, 24, 0.08, 0.6
PHI, LONG = math.exp(-KAPPA / 12.0), SIGMA / math.sqrt(2.0 * KAPPA)
SD, LESS = LONG * math.sqrt(1.0 - PHI**2), math.exp(-RATE / 12.0)
DAYS = {2: "60 days", 0: "0 days"}
PATHS = 65_536
WHY = "the price below which to leave, of which the rules above hold the ratio"
NODE, WEIGHT = np.polynomial.legendre.leggauss(48)


class Solved(NamedTuple):
    value: float
    boundary: dict[int, float]  # month -> price below which the right is used


def forward(x: Any, months: int) -> Any:
    return np.exp(THETA + PHI**months * (x - THETA) + 0.5 * LONG**2 * (1.0 - PHI ** (2 * months)))


def kept(x: Any, months: int) -> Any:
    """Value of the next so many months' deliveries."""
    return sum((LESS**j * (forward(x, j) - FIXED) for j in range(1, months + 1)), 0.0 * x)


def solve(notice: int, nodes: int = 401) -> Solved:
    x = np.linspace(THETA - 9.0 * LONG, THETA + 9.0 * LONG, nodes)
    boundary: dict[int, float] = {}
    waiting: Any = None  # C of the month after, None after the last

    def worth(y: Any, month: int) -> Any:
        if month == MONTHS:
            return np.zeros_like(y)
        used = -FEE + kept(y, min(notice, MONTHS - month))
        return np.where(np.exp(y) < boundary.get(month, 0.0), used, waiting(y))

    for month in range(MONTHS - 1, -1, -1):
        centre = THETA + PHI * (x - THETA)
        low, high = centre - 8.5 * SD, centre + 8.5 * SD
        edge = np.clip(math.log(boundary[month + 1]) if month + 1 in boundary else low, low, high)
        total = np.exp(centre + 0.5 * SD**2) - FIXED
        for a, b in ((low, edge), (edge, high)):
            y = a[:, None] + 0.5 * (b - a)[:, None] * (1.0 + NODE)
            density = np.exp(-0.5 * ((y - centre[:, None]) / SD) ** 2) / (SD * math.sqrt(2.0 * math.pi))
            total = total + 0.5 * (b - a) * ((worth(y, month + 1) * density) @ WEIGHT)
        waiting = CubicSpline(x, LESS * total)
        if month == 0:
            break
        left = min(notice, MONTHS - month)
        more = waiting(x) - (-FEE + kept(x, left))  # of waiting over leaving; rises with the price
        k = np.flatnonzero((more[:-1] < 0.0) & (more[1:] >= 0.0))
        if k.size:
            boundary[month] = math.exp(brentq(_gains, x[k[0]], x[k[0] + 1], args=(waiting, left)))
    return Solved(float(waiting(math.log(NOW))), boundary)


def _gains(x: float, waiting: CubicSpline, left: int) -> float:
    return float(waiting(x) + FEE - kept(np.float64(x), left))


def spread(notice: int, boundary: dict[int, float]) -> float:
    """The standard deviation of what one path brings under this boundary."""
    x, shocks = np.full(PATHS, math.log(NOW)), np.random.default_rng(1).standard_normal((MONTHS, PATHS))
    last, total = np.full(PATHS, MONTHS), np.zeros(PATHS)
    free = np.ones(PATHS, dtype=bool)
    for month in range(1, MONTHS + 1):
        x = THETA + PHI * (x - THETA) + SD * shocks[month - 1]
        total += np.where(month <= last, LESS**month * (np.exp(x) - FIXED), 0.0)
        used = free & (np.exp(x) < boundary.get(month, 0.0)) & (month + notice < MONTHS)
        total -= np.where(used, LESS**month * FEE, 0.0)
        last, free = np.where(used, month + notice, last), free & ~used
    return float(total.std())


def label(month: int) -> str:
    return f"{2026 + (month - 1) // 12}-{(month - 1) % 12 + 1:02d}"


def document() -> dict[str, Any]:
    discounted = [
        f"discounted('{slot}', 1, {MONTHS}, {RATE})" for slot in ("contracts.power.due", "contracts.power.exit.fee")
    ]
    market = [f"discounted('{slot}', 1, {MONTHS}, {RATE})" for slot in ("flows.market.amount", "compute.overflow")]
    measure = f"mean({market[0]} - {market[1]} - {discounted[0]} - {discounted[1]}) / 1e6"
    plain = float(kept(np.float64(math.log(NOW)), MONTHS))
    checks = [number("value_without_option", measure, plain, spread(0, {}))]
    references = []
    for notice, days in DAYS.items():
        found = solve(notice)
        table = ", ".join(f'"{label(m)}" = {x / FIXED:.9f}' for m, x in sorted(found.boundary.items()))
        settings = [
            f"contracts.power.exit.buyer.notice={days}",
            f"contracts.power.exit.buyer.when=[{{ boundary = {{ {table} }} }}]",
        ]
        sd1 = spread(notice, found.boundary)
        checks.append(number(f"value_with_option_notice{notice}", measure, found.value, sd1, settings=settings))
        references += [
            {
                "name": f"boundary_P_{m}m_notice{notice}",
                "value": found.boundary[m],
                "why": WHY,
            }
            for m in (1, 6, 12, 18, 21, 23)
            if m in found.boundary
        ]
    return {
        "title": "Right to leave a fixed-price contract under a mean-reverting price, with notice and fee",
        "source": "derived in tests/derivations/termination_option_ou.py: backward recursion in the logarithm of the price",
        "timing": "price of month t seen and paid, then the decision; none at the opening nor in the last month",
        "checks": checks,
        "references": references,
    }
