"""Blocks are independent and have as many sums as there are starting months: the law of R is discrete, and counted."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

from derivations import family
from derivations.distributions import Law, discrete

OBSERVED = {
    "usual": (0.08, 0.02, -0.03, 0.05, 0.11, 0.01),
    "trending": (0.00, 0.01, 0.02, 0.03, 0.05, 0.09),
    "wild": (0.30, -0.25, 0.10, -0.15, 0.20, -0.05),
}
BLOCK = 3
MONTHS = (4, 20)  # a block and a part of one; six and a part


def sums(observed: tuple[float, ...], length: int) -> list[float]:
    """Of `length` months from each starting month, the first following the last."""
    n = len(observed)
    return [round(sum(observed[(i + j) % n] for j in range(length)), 10) for i in range(n)]


def law(observed: tuple[float, ...], m: int) -> Law:
    total = {0.0: 1.0}
    for length in [BLOCK] * (m // BLOCK) + ([m % BLOCK] if m % BLOCK else []):
        moved: dict[float, float] = defaultdict(float)
        for value, weight in total.items():
            for s in sums(observed, length):
                moved[round(value + s, 10)] += weight / len(observed)
        total = moved
    return discrete([math.exp(x) for x in total], list(total.values()))


def between_atoms(of: Law, _m: int) -> float:
    """A level that is no value of R: 0.9 of the mean, moved to where the distribution function is flat."""
    level = 0.9 * of.mean
    while of.below(level * 1.0005) != of.below(level * 0.9995):
        level *= 1.0007
    return float(f"{level:.6g}")


def document() -> dict[str, Any]:
    return family.of_law(
        "Revenue: block bootstrap of observed growth (Politis & Romano 1992)",
        "exact enumeration of the sums of independent blocks",
        OBSERVED,
        lambda p: ["revenue.growth=[" + ", ".join(f'"{g} log/mo"' for g in p) + "]"],
        lambda m: f"slot('revenue.run_rate', {m}) / 1e9",
        law,
        months=MONTHS,
        level=between_atoms,
    )
