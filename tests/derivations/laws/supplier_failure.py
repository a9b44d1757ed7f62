"""A supplier that fails by hazard."""

from __future__ import annotations

from typing import Any

from derivations import family
from derivations.distributions import Law
from derivations.hazard import month_of_event

SETS = {"usual": 0.05, "shaky": 0.40, "doomed": 3.0}


def law(hazard: float, m: int) -> Law:
    return month_of_event(hazard, 1, m)


def document() -> dict[str, Any]:
    return family.of_law(
        "Contract: month in which the supplier fails, cut at a month",
        "closed form (geometric)",
        SETS,
        lambda hazard: [f"contracts.gpu.failure.hazard={100 * hazard:g} %/yr"],
        lambda m: f"min(first('contracts.gpu.side', '==', 4), {m + 1})",
        law,
        months=(12, 36),
        level=lambda _, m: m / 2.0 + 0.5,
    )
