"""The gambler's ruin on its lattice, step by step to month 600, which is as far as a file goes.

Feller's formulas hold for an endless game: ruin = ((q/p)^a - (q/p)^z) / ((q/p)^a - 1). They are targets where almost every
game is over by month 600, else references.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from derivations.document import number, probability

MONTHS = 600
GAMES = ((0.5, 90, 100), (0.45, 9, 10), (0.45, 90, 100), (0.45, 99, 100), (0.4, 90, 100), (0.4, 99, 100))


def endless(p: float, z: int, a: int) -> tuple[float, float]:
    """(probability of ruin, mean duration)."""
    q = 1.0 - p
    if p == q:
        return 1.0 - z / a, float(z * (a - z))
    r = q / p
    ruin = (r**a - r**z) / (r**a - 1.0)
    return ruin, z / (q - p) - a / (q - p) * (1.0 - r**z) / (1.0 - r**a)


def played(p: float, z: int, a: int, months: int = MONTHS) -> tuple[np.ndarray, float, float]:
    """(probability of ruin by month, mean and sd of the duration cut at `months`), absorbed at 0 and a."""
    at = np.zeros(a + 1)
    at[z] = 1.0
    ruined, first, second, over = [0.0], 0.0, 0.0, 0.0
    for month in range(1, months + 1):
        inside = at.copy()
        inside[0] = inside[a] = 0.0
        moved = np.zeros(a + 1)
        moved[1:] += p * inside[:-1]
        moved[:-1] += (1.0 - p) * inside[1:]
        ended = moved[0] + moved[a]
        ruined.append(ruined[-1] + moved[0])
        first, second, over = first + month * ended, second + month**2 * ended, over + ended
        at = moved
    first, second = first + months * (1.0 - over), second + months**2 * (1.0 - over)
    return np.array(ruined), first, math.sqrt(second - first**2)


def document() -> dict[str, Any]:
    checks, references, sets = [], [], {}
    for p, z, a in GAMES:
        named = f"p{p}_z{z}_a{a}"
        law = f'[{{ value = "1M/mo", weight = {p} }}, {{ value = "-1M/mo", weight = {1.0 - p:g} }}]'
        sets[named] = [f"opening.cash={z - 0.5}M", f"flows.game.amount={{ alternatives = {law} }}"]
        ruined, mean, sd = played(p, z, a)
        goal = f"first('cash', '>=', {(a - 0.5) * 1e6:.0f})"
        checks += [
            probability("ruin", f"share(default_month() < {goal})", ruined[-1], set=named),
            number("duration", f"mean(min(min(default_month(), {goal}), {MONTHS}))", mean, sd, set=named),
        ]
        ruin, duration = endless(p, z, a)
        for what, value, got in (("ruin", ruin, ruined[-1]), ("duration", duration, mean)):
            if abs(value - got) > 1e-6 * value:
                why = f"of an endless game; by month {MONTHS} it is {got:.6g}"
                references.append({"name": f"{named}: {what}", "value": value, "why": why})
    for p in (0.5, 0.45):
        law = f'[{{ value = "1M/mo", weight = {p} }}, {{ value = "-1M/mo", weight = {1.0 - p:g} }}]'
        settings = ["calendar.months=60", "opening.cash=7.5M", f"flows.game.amount={{ alternatives = {law} }}"]
        by_60 = played(p, 8, 200, 60)[0][-1]
        checks.append(probability(f"ruin_by_60_from_8_p{p}", "share(default_by(60))", by_60, settings=settings))
    return {
        "title": "Gambler's ruin: absorbed at 0 or at a goal, and how long it takes",
        "source": "Feller, An Introduction to Probability Theory, vol. 1, ch. XIV (formulas); to month 600 "
        "by the lattice itself in tests/derivations/gamblers_ruin.py",
        "timing": "a step is a month; absorbed at exactly 0: the strict rule with the opening lowered by half a unit",
        "sets": sets,
        "checks": checks,
        "references": references,
    }
