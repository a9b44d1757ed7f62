"""The price of compute: factors, jumps, scarcity, generations of chips (C23, C24)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from oracle.chain import after, moved
from oracle.drivers import jumped, moment, on_line, reverting, spread_by
from oracle.path import DELTA, Path, drawn_value, expected, likely_by, normal


def advance_price(p: Path) -> None:
    """C24, C23: jumps are added after reversion and decay from the next month. Scarcity and generations stand beside what
    reverts; around a curve all of them are divided by what they are expected to be, and without one nothing is."""
    p.note("price.index", p.index)  # the reference price where there is no [price]
    for name, part in p.of("price"):
        phi, sd = reverting(part.reversion, part.volatility)
        jumps = {tag: part.clauses[tag] for tag in ("merton_jumps", "kou_jumps") if tag in part.clauses}
        jump = sum(jumped(p, f"{name}.{tag}", tag, clause) for tag, clause in jumps.items())
        shift = be_scarce(p, name, part) * arrive(p, name, part) * launch(p, part)
        if part.tag == "ornstein_uhlenbeck":
            theta, moved_by = math.log(part.level), normal(p, sd, f"{name}.deviation") + jump
            p.log_deviation = theta + phi * (p.log_deviation - theta) + moved_by
            p.index = math.exp(p.log_deviation) * shift
            p.note("price.index", p.index)
            continue
        if part.tag == "two_factor":
            variance, forward = two_factors(p, name, part, phi, sd), forward_index(p, part)
        else:
            p.log_deviation = phi * p.log_deviation + normal(p, sd, f"{name}.deviation")
            variance = spread_by(part.reversion, part.volatility, p.m)
            forward = forward_index(p, part.curve)
        p.log_deviation += jump
        of_jumps = sum(
            clause.rate / 12.0 * (moment(tag, clause, phi**j) - 1.0)
            for tag, clause in jumps.items()
            for j in range(p.m)
        )
        mean = math.exp(0.5 * variance + of_jumps) * expected_shift(p, part)
        p.index = forward * math.exp(p.log_deviation + p.long_level) * shift / mean
        p.note("price.index", p.index)


# --- What does not revert --------------------------------------------------------------------------------------------


def be_scarce(p: Path, name: str, part: Any) -> float:
    """The factor of this month's state of a chain of its own, from the month in which it begins to the month in which it ends."""
    scarcity = part.clauses.get("scarcity")
    if scarcity is None:
        return 1.0
    p.scarcity = moved(scarcity, p.scarcity, p.draws.score(f"{name}.scarcity.regime", p.m))
    p.scarce_depth = scarcity.depth.get(p.scarcity, math.inf)
    return math.exp(scarcity.level[scarcity.regimes.index(p.scarcity)])


def arrive(p: Path, name: str, part: Any) -> float:
    """At most one generation a month, at random; each takes a share off the price for good."""
    clause = part.clauses.get("generations")
    if clause is not None and p.draws.score(f"{name}.generations.event", p.m) < 1.0 - math.exp(-clause.hazard / 12.0):
        p.after_generations *= 1.0 - drawn_value(clause.size, p, f"{name}.generations.size", 0)
        p.count("generations")
    return p.after_generations


def launch(p: Path, part: Any) -> float:
    """Each named generation once, in the month m with m - 1 < date <= m."""
    left = 1.0
    for key, generation in announced(part).items():
        if generation.after <= p.m:
            left *= 1.0 - generation.size
        if p.m - 1 < generation.after <= p.m:
            p.count(f"generation.{key}")
    return left


def announced(part: Any) -> dict[str, Any]:
    clause = part.clauses.get("launches")
    return {} if clause is None else clause.generations  # type: ignore[no-any-return]


def expected_shift(p: Path, part: Any) -> float:
    """E of the product of the three, which are independent; given the state of scarcity at the opening."""
    mean, scarcity, arriving = 1.0, part.clauses.get("scarcity"), part.clauses.get("generations")
    if scarcity is not None:
        mean *= float(after(scarcity, p.m) @ np.exp(np.array(scarcity.level)))
    if arriving is not None:
        mean *= (1.0 - (1.0 - math.exp(-arriving.hazard / 12.0)) * expected(arriving.size)) ** p.m
    for generation in announced(part).values():
        mean *= 1.0 - likely_by(generation.law_of_after, p.m) * expected(generation.law_of_size)
    return mean


# --- Factors and curve -----------------------------------------------------------------------------------------------


def two_factors(p: Path, name: str, part: Any, phi: float, sd: float) -> float:
    """Moves both factors (Schwartz & Smith 2000) and returns the variance of their sum."""
    kappa, short, long, rho = part.reversion, part.volatility, part.long_volatility, part.correlation
    z1, z2 = p.draws.score(f"{name}.deviation", p.m), p.draws.score(f"{name}.long", p.m)
    sd_long = long * math.sqrt(DELTA)
    shared = rho * short * long * (1.0 - phi) / kappa / (sd * sd_long) if sd * sd_long > 0.0 else 0.0
    p.log_deviation = phi * p.log_deviation + sd * z1
    p.long_level += sd_long * (shared * z1 + math.sqrt(max(0.0, 1.0 - shared**2)) * z2)
    years = p.m * DELTA
    both = 2.0 * rho * short * long * (1.0 - math.exp(-kappa * years)) / kappa
    return float(spread_by(kappa, short, p.m) + long**2 * years + both)


def forward_index(p: Path, curve: Any) -> float:
    """F_m: `now` at month 0, then a drift as long as `drift_for` says, or points linear in the log; flat after."""
    if not curve.points:
        drifting = p.m if curve.drift_for is None else min(float(p.m), curve.drift_for)
        return float(curve.now * math.exp(curve.drift * drifting / 12.0))
    points = [(0, math.log(curve.now))] + [(p.number(point.month), math.log(point.index)) for point in curve.points]
    return math.exp(on_line(points, p.m))
