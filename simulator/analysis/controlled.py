"""Differences of two variants with control variates: what is left of the noise after the same paths have cancelled theirs.

The control of each difference D is fitted to D itself, on a pilot of both variants (estimate/controls.py); the mean of D less
its control is that of D, and paths are independent, so the interval is the normal one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.analysis.paired import Difference
from simulator.analysis.variants import Outcome, Runs
from simulator.engine.build import Array
from simulator.estimate.asked import AT_RISK, Asked
from simulator.estimate.controlled import SEEN
from simulator.estimate.controls import PAIRED, Controls, Evaluator, Scores, blocks, fit
from simulator.estimate.intervals import Z
from simulator.scenario.model import Scenario


def differences(
    runs: Runs, base: Scenario, other: Scenario, figures: Sequence[Asked], a: Outcome, b: Outcome
) -> list[Difference | None]:
    """Of each figure, b less a with a control; None for a quantile, where the pilot saw too little, and where a path is not a
    number. Two model runs of PAIRED paths."""
    rows = tuple(row for asked in figures for row in asked.rows)
    (before, drawn), (after, also) = (runs.pilot(s, rows) for s in (base, other))
    if not all(outcome.numbers.all() for outcome in (a, b, before, after)):
        return [None] * len(figures)
    scores = Scores(drawn.and_of(also))
    along: dict[int, tuple[Array, Array]] = {}  # by months looked at: components, and those of the pilot
    fitted: dict[int, tuple[Controls, Array]] = {}
    for k, asked in enumerate(figures):
        if asked.quantile is not None or asked.statistic == AT_RISK:
            continue
        y = asked.values(after) - asked.values(before)
        if np.count_nonzero(y != np.median(y)) < SEEN:
            continue
        by_month = asked.family.argument == "MONTH" and asked.argument is not None
        horizon = int(asked.argument or 0) if by_month else min(a.months, b.months)
        if horizon not in along:
            components = scores.components(horizon)
            (x,) = scores.of_pilot([components], PAIRED)
            along[horizon] = components, x
        components, x = along[horizon]
        fitted[k] = fit(x, components, y[None, :], y[None, :])
    evaluator = Evaluator(scores, [functions for functions, _ in fitted.values()])
    begin_of = dict(zip(fitted, evaluator.begins, strict=False))
    controls = np.concatenate([evaluator.of(first) for first, _ in blocks(0, a.paths)], axis=1)
    found: list[Difference | None] = []
    for k, asked in enumerate(figures):
        if k not in fitted:
            found.append(None)
            continue
        x, y = asked.values(a), asked.values(b)
        _, (coefficients,) = fitted[k]
        own = controls[begin_of[k] : begin_of[k] + coefficients.size, : a.paths]
        less = y - x - coefficients @ own
        variance, value = float(less.var(ddof=1)), float(less.mean())
        half = Z * (variance / less.size) ** 0.5
        gain = (float(x.var(ddof=1)) + float(y.var(ddof=1))) / variance if variance > 0.0 else None
        found.append(Difference(value, value - half, value + half, gain))
    return found
