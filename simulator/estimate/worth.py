"""What another way of choosing paths than the plain one is worth: its variance ratios, measured between replicates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator.engine.sampler import REPLICATES
from simulator.estimate import intervals
from simulator.estimate.intervals import Estimate

if TYPE_CHECKING:
    from simulator.estimate.figures import Figures

MANY = 10 * REPLICATES  # paths, ten a replicate


def worth(f: Figures) -> dict[str, Any]:
    """The way of sampling and, where it is not the plain one, by figure how many times its variance goes into that of as
    many independent paths."""
    found: dict[str, Any] = {"method": f.scenario.run.sampling}
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
