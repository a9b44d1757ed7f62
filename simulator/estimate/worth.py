"""What another way of choosing paths than the plain one is worth: its variance ratios, measured between replicates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator.components.base import CASH
from simulator.engine.sampler import REPLICATES
from simulator.estimate import intervals
from simulator.estimate.controlled import RESTRICTED, Target
from simulator.estimate.controls import PILOT
from simulator.estimate.intervals import Estimate
from simulator.estimate.smoothing import why_not

if TYPE_CHECKING:
    from simulator.estimate.figures import Figures

MANY = 10 * REPLICATES  # paths, ten a replicate


def worth(f: Figures) -> dict[str, Any]:
    """The way of sampling and, where it is not the plain one, by figure how many times its variance goes into that of as
    many independent paths."""
    found: dict[str, Any] = {"method": f.scenario.run.sampling}
    if f.scenario.run.estimator != "plain":
        return found | _of_estimator(f)
    if not f.replicates:
        return found
    horizons = [m for m in (f.scenario.step.per_year * y for y in (1, 2, 3, 5)) if m < f.months]
    ratios: dict[str, Estimate] = {}
    for month in (*horizons, f.months):
        seen = [int(r.counts[: month + 1].sum()) for r in (f, *f.replicates)]
        p = seen[0] / f.n if f.n else 0.0
        if MANY <= seen[0] <= f.n - MANY:
            shares = [count / r.n for count, r in zip(seen[1:], f.replicates, strict=True)]
            ratios[f"pd({month})"] = intervals.variance_ratio(p * (1 - p) / f.n, shares)
    cash = next(k for k, m in enumerate(f.outline.metrics) if m.name == "cash" and not m.contract)
    s = f.summary.statistics
    means = [float(r.summary.statistics.mean[f.months, cash]) for r in f.replicates]
    plain = float(s.squares[f.months, cash]) / max(1, s.paths - 1) / max(1, s.paths)
    ratios[f"mean cash({f.months})"] = intervals.variance_ratio(plain, means)
    for name in ("peak_need", "lowest_liquidity"):
        _, squares, n = f.summary.moments(name)
        means = [r.summary.moments(name)[0] for r in f.replicates]
        ratios[f"mean {name}"] = intervals.variance_ratio(squares / max(1, n - 1) / max(1, n), means)
    known = {name: e for name, e in ratios.items() if math.isfinite(e.value)}
    found["replicates"] = len(f.replicates)
    found["variance_ratio"] = {name: {"value": e.value, "low": e.low, "high": e.high} for name, e in known.items()}
    found["pays"] = any(e.low > 1.0 for e in known.values())
    return found


def _of_estimator(f: Figures) -> dict[str, Any]:
    """By figure how many times its variance with a control goes into the plain one; `pays` counts the pilot's paths."""
    estimator = f.scenario.run.estimator
    pilot = PILOT if estimator == "controlled" else 0
    found: dict[str, Any] = {"estimator": estimator, "pilot": pilot, "variance_ratio": {}, "pays": False}
    if f.controlled is None:
        nan = "a path is not a number"
        found["left_out"] = nan if f.not_a_number or estimator == "controlled" else why_not(f.scenario)
        return found
    horizons = [m for m in (f.scenario.step.per_year * y for y in (1, 2, 3, 5)) if m < f.months]
    asked: dict[str, Target] = {f"pd({m})": ("pd", m) for m in (*horizons, f.months)}
    asked |= {f"mean cash({f.months})": (CASH, f.months), "mean runway": (RESTRICTED, 0)}
    asked |= {f"mean {name}": (name, 0) for name in f.summary.asked.averaged if name not in ("cash", "shadow_cash")}
    ratios = {name: e for name, target in asked.items() if (e := f.controlled.ratio(target)) is not None}
    found["variance_ratio"] = {
        name: {"value": e.value, "low": e.low, "high": e.high if math.isfinite(e.high) else None}
        for name, e in ratios.items()
    }
    found["pays"] = any(e.low * f.n > f.n + pilot for e in ratios.values())
    return found
