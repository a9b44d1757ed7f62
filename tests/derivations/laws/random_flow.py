"""Gamma amounts drawn every month: the sum of m of them is gamma with m times the shape."""

from __future__ import annotations

from typing import Any

from scipy.special import gammainc

from derivations import family
from derivations.distributions import Law
from derivations.estimators import central_of_cumulants

SETS = {"exponential": (2.0, 2.0), "rough": (5.0, 4.0), "smooth": (10.0, 1.5)}  # mean, sd


def law(p: tuple[float, float], m: int) -> Law:
    mean, sd = p
    shape, scale = m * (mean / sd) ** 2, sd**2 / mean
    cumulants = [shape * scale, shape * scale**2, 2.0 * shape * scale**3, 6.0 * shape * scale**4]
    return Law(cumulants[0], central_of_cumulants(cumulants), lambda x: float(gammainc(shape, max(0.0, x) / scale)))


def document() -> dict[str, Any]:
    return family.of_law(
        "Flow: a gamma amount drawn every month, summed",
        "closed form (sums of gammas are gamma)",
        SETS,
        lambda p: [f'flows.spend.amount={{ gamma = {{ mean = "{p[0]}M/mo", sd = "{p[1]}M/mo" }} }}'],
        lambda m: f"total('flows.spend.paid_out', 1, {m}) / 1e6",
        law,
        upper=True,
    )
