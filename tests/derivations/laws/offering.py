"""An offering in a month that is uniform in its window: by month m its money is there with probability p × part of the window."""

from __future__ import annotations

from typing import Any

from derivations import family
from derivations.distributions import Law, two_point

SETS = {
    "likely": (0.75, 60.0, 3, 24),
    "doubtful": (0.20, 500.0, 1, 12),
    "late": (0.9, 5.0, 10, 36),
}  # p, $M, first, last


def law(p: tuple[float, float, int, int], m: int) -> Law:
    chance, proceeds, first, last = p
    passed = min(1.0, max(0.0, (m - first + 1) / (last - first + 1)))
    return two_point(chance * passed, proceeds)


def month(m: int) -> str:
    return f"{2026 + (m - 1) // 12}-{(m - 1) % 12 + 1:02d}"


def document() -> dict[str, Any]:
    return family.of_law(
        "Offering: money received by a month",
        "closed form (two values)",
        SETS,
        lambda p: [
            f"financing.listing.probability={100 * p[0]:g} %",
            f"financing.listing.proceeds={p[1]}M",
            f"financing.listing.first={month(p[2])}",
            f"financing.listing.last={month(p[3])}",
        ],
        lambda m: f"total('financing.listing.received', 1, {m}) / 1e6",
        law,
        months=(11, 30),
        upper=True,
        level=lambda _of, _m: 1.0,
    )
