"""A supplier gives notice by hazard, times the market's price over the contract's to a power, after a lock-in."""

from __future__ import annotations

from typing import Any

from derivations import family
from derivations.distributions import Law
from derivations.hazard import month_of_event

SETS = {"usual": (0.20, 0, 1.0, 1.0), "locked": (0.60, 5, 1.0, 1.0), "dear_market": (0.30, 0, 1.5, 2.0)}
# hazard, months of lock-in, price of the market over the contract's, its power


def law(p: tuple[float, int, float, float], m: int) -> Law:
    hazard, locked, ratio, power = p
    return month_of_event(hazard * ratio**power, max(1, locked), m)


def document() -> dict[str, Any]:
    return family.of_law(
        "Contract: month of the supplier's notice, cut at a month",
        "closed form (geometric)",
        SETS,
        lambda p: [
            f"contracts.gpu.exit.supplier.hazard={100 * p[0]:g} %/yr",
            f"contracts.gpu.exit.supplier.lock_in={30 * p[1]} days",
            f"contracts.gpu.market_unit_price={4 * p[2]:g} $/GPU-h",
            f"contracts.gpu.exit.supplier.gamma={p[3]}",
        ],
        lambda m: f"min(first('contracts.gpu.exit.month', '>', 0), {m + 1})",
        law,
        months=(12, 36),
        level=lambda _, m: m / 2.0 + 0.5,
    )
