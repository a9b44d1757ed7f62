"""The same with double-exponential jumps."""

from __future__ import annotations

from typing import Any

from derivations import family
from derivations.distributions import Law
from derivations.laws.kou_jumps import SETS, double_exponential
from derivations.laws.price_merton_jumps import around_the_curve


def law(p: tuple[float, float, float, float], m: int) -> Law:
    rate, *jump = p
    return around_the_curve(lambda z: double_exponential(z, *jump), rate, m)


def document() -> dict[str, Any]:
    return family.of_law(
        "Price of compute: double-exponential jumps around a forward curve",
        "cumulant function with decaying jumps; distribution function by Fourier inversion",
        SETS,
        lambda p: [
            f"price.kou_jumps.rate={p[0]} /yr",
            f"price.kou_jumps.up_share={p[1]}",
            f"price.kou_jumps.up_mean={p[2]}",
            f"price.kou_jumps.down_mean={p[3]}",
        ],
        lambda m: f"slot('price.index', {m})",
        law,
        upper=True,
    )
