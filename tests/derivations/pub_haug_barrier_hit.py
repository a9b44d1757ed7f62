"""Cash-or-nothing barrier options of Haug (2007, p. 180), watched at month-ends instead of continuously.

Printed prices are for continuous watching; a month-end simulator does not have them as targets. The month-end values come
from the density of ln S on the paths that have not touched the barrier; the continuous ones are recomputed with the
reflection principle and stand beside the printed ones as references.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import ndtr

from derivations.document import number, probability
from derivations.walks import between, normal_density, panels

BARRIER, YEARS, RATE, SIGMA, PAYS, MONTHS = 100.0, 0.5, 0.10, 0.20, 15.0, 6
DRIFT, SD = (RATE - SIGMA**2 / 2.0) / 12.0, SIGMA / math.sqrt(12.0)
DISCOUNT = math.exp(-RATE * YEARS)
PRINTED = {  # (touched, call or put, strike, opening): price as printed (the up-and-in call at 102 as QuantLib corrects it)
    ("In", "Call", 102, 105): 4.9289, ("In", "Call", 98, 105): 6.2150, ("In", "Call", 102, 95): 5.8926,
    ("In", "Call", 98, 95): 7.4519, ("In", "Put", 102, 105): 4.4314, ("In", "Put", 98, 105): 3.1454,
    ("In", "Put", 102, 95): 5.3297, ("In", "Put", 98, 95): 3.7704, ("Out", "Call", 102, 105): 4.8758,
    ("Out", "Call", 98, 105): 4.9081, ("Out", "Put", 102, 105): 0.0323, ("Out", "Put", 102, 95): 3.0461,
    ("Out", "Put", 98, 95): 3.0054, ("Out", "Call", 98, 95): 0.0407,
}  # fmt: skip


def above(opening: float, strike: float) -> float:
    """P(S(T) > strike)."""
    return float(ndtr((math.log(opening / strike) + MONTHS * DRIFT) / (SD * math.sqrt(MONTHS))))


def monthly(opening: float, strike: float) -> tuple[float, float]:
    """(P(untouched at month-ends), P(untouched and S(T) > strike))."""
    down = opening > BARRIER
    barrier, reach = math.log(BARRIER), 9.0 * SD * math.sqrt(MONTHS)
    low, high = (barrier, math.log(opening) + reach) if down else (math.log(opening) - reach, barrier)
    cut = min(max(math.log(strike), low), high)
    edges = np.unique(np.concatenate([between(low, cut, SD), between(cut, high, SD)]))
    nodes, weights = panels(edges.tolist())
    density = normal_density(nodes, math.log(opening) + DRIFT, SD)
    kernel = normal_density(nodes[:, None], nodes[None, :] + DRIFT, SD) * weights
    for _ in range(1, MONTHS):
        density = kernel @ density
    return float(weights @ density), float((weights * (nodes > cut)) @ density)


def continuous(opening: float, strike: float) -> tuple[float, float]:
    """The same for a path that is watched all the time: reflection principle for Brownian motion with drift."""
    mu, sd = 12.0 * DRIFT, SIGMA * math.sqrt(YEARS)
    b = math.log(BARRIER / opening)
    mirrored = math.exp(2.0 * mu * b / SIGMA**2)

    def up(k: float) -> float:
        """P(untouched and ln S(T)/S > k) for a barrier below and k above it; by symmetry the other case."""
        return float(ndtr((mu * YEARS - k) / sd) - mirrored * ndtr((2.0 * b + mu * YEARS - k) / sd))

    k = math.log(strike / opening)
    if opening > BARRIER:
        return up(b), up(max(k, b))
    below = [
        float(ndtr((x - mu * YEARS) / sd) - mirrored * ndtr((x - 2.0 * b - mu * YEARS) / sd)) for x in (b, min(k, b))
    ]
    return below[0], below[0] - below[1]


def pays(kind: tuple[str, str, int, int], untouched: tuple[float, float]) -> float:
    """Probability that the option pays."""
    touched, right, strike, opening = kind
    alive, alive_above = untouched
    total = above(opening, strike)
    call, whole = (alive_above, total) if right == "Call" else (alive - alive_above, 1.0 - total)
    return call if touched == "Out" else whole - call


def label(kind: tuple[str, str, int, int]) -> str:
    touched, right, strike, opening = kind
    return f"{'Down' if opening > BARRIER else 'Up'}{touched}_{right}_X{strike}_S{opening}"


def document() -> dict[str, Any]:
    checks, references = [], []
    for opening in (105, 95):
        settings = [f"revenue.run_rate=${opening}/yr"]
        touch = f"first('revenue.run_rate', '{'<=' if opening > BARRIER else '>='}', {BARRIER:g})"
        hit = 1.0 - monthly(opening, BARRIER)[0]
        checks.append(probability(f"P_hit_monthly_S{opening}", f"share({touch} <= {MONTHS})", hit, settings=settings))
        for kind in (k for k in PRINTED if k[3] == opening):
            touched, right, strike, _ = kind
            p = pays(kind, monthly(opening, strike))
            happens = f"({touch} {'<=' if touched == 'In' else '>'} {MONTHS})"
            ends = f"(slot('revenue.run_rate', {MONTHS}) {'>' if right == 'Call' else '<'} {strike})"
            scale = PAYS * DISCOUNT
            measure = f"{PAYS:g} * exp(-{RATE:g} * {YEARS:g}) * share({happens} & {ends})"
            sd1 = scale * math.sqrt(p * (1.0 - p))
            checks.append(number(f"{label(kind)}_monthly", measure, scale * p, sd1, settings=settings))
            watched = scale * pays(kind, continuous(opening, strike))
            why = f"printed for continuous watching; the reflection principle gives {watched:.6f}"
            references.append({"name": f"{label(kind)}_printed", "value": PRINTED[kind], "why": why})
    return {
        "title": "A geometric Brownian motion touches a barrier: month-end values of Haug's table of barrier options",
        "source": "printed: Haug, Option Pricing Formulas, 2nd ed. (2007), p. 180, cases 13-28; month-end values derived in "
        "tests/derivations/pub_haug_barrier_hit.py by quadrature of the density of untouched paths",
        "timing": "touched if S <= 100 (from 105) or S >= 100 (from 95) at a month-end 1 … 6",
        "checks": checks,
        "references": references,
    }
