"""Answers under a condition: default given what happened, how long a breach takes to become a default, and which figures would
have told failing from surviving paths a year before.

Early warning: at month t, of the paths that are alive, how well does a figure tell those that default in the next twelve months
from the others? AUC = P(worse figure | fails) + half of the ties, the Mann-Whitney statistic (Hanley & McNeil 1982, whose
standard error gives the interval); 50 % is no better than a coin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simulator.analysis.columns import Run, condition, horizons, opened
from simulator.analysis.documents import document, spread
from simulator.analysis.paths import Lives, live
from simulator.engine.build import Array
from simulator.estimate.intervals import Estimate, Z, quantile, share

AHEAD = 12  # months
FEWEST = 20  # paths that fail within a year, below which nothing is said of a month
MOST = 16_384


class Split(NamedTuple):
    """Default by a month, where a condition holds and where it does not."""

    month: int
    where: Estimate
    elsewhere: Estimate


class Signal(NamedTuple):
    """How well a figure at a month tells who defaults within a year. higher: whether more of it is worse."""

    month: int
    figure: str
    auc: Estimate
    higher: bool
    failing: int


@dataclass(frozen=True)
class Conditional:
    run: Run
    given: str | None
    holds: Estimate | None
    splits: tuple[Split, ...]
    breached: Estimate  # share of paths with a first breach
    then_default: Estimate  # of those
    delay: dict[str, Estimate]  # quantiles of the months from the first breach to the default
    warnings: tuple[Signal, ...]

    @property
    def document(self) -> dict[str, Any]:
        """What `conditional --json` prints."""
        s = self.run.scenario
        shares = {"breached": self.breached, "default_given_breach": self.then_default}
        if self.holds is not None:
            shares["condition_holds"] = self.holds
        return document(
            "conditional",
            s,
            f"simulator conditional {self.run.folder}" + (f" --given '{self.given}'" if self.given else ""),
            s.run.paths,
            s.run.seed,
            given=self.given,
            shares=[{"figure": name, **spread("share", e)} for name, e in shares.items()],
            pd=[{"month": x.month, **spread("pd_where", x.where), **spread("pd_elsewhere", x.elsewhere)} for x in self.splits],
            months_from_breach_to_default=[{"quantile": q, **spread("months", e)} for q, e in self.delay.items()],
            early_warning=[
                {"month": w.month, "figure": w.figure, **spread("auc", w.auc), "worse": "high" if w.higher else "low",
                 "failing": w.failing}
                for w in self.warnings
            ],
        )  # fmt: skip


def conditional(
    folder: str | Path, given: str | None = None, months: Sequence[int] = (), at: Sequence[int] = (12, 24, 36)
) -> Conditional:
    """Of a finished run. given: a condition on columns of `paths`. at: months from which is looked a year ahead (those paths are
    simulated again). Raises ColumnError, StoreError."""
    run = opened(Path(folder))
    marks = horizons(run.months, months)
    splits: list[Split] = []
    holds = None
    if given is not None:
        inside = np.asarray(condition(run, given), dtype=bool)
        holds = share(int(inside.sum()), inside.size)
        for month in marks:
            y = run.defaults(month)
            splits.append(
                Split(
                    month,
                    share(int(y[inside].sum()), int(inside.sum())),
                    share(int(y[~inside].sum()), int((~inside).sum())),
                )
            )
    first, end = run.columns("first_breach_month"), run.columns("end_month")
    breached, failed = first > 0, run.defaults(run.months)
    both = breached & failed
    waits = np.sort(end[both] - first[both])
    delay = {
        f"p{round(100 * q)}": quantile(lambda rank: float(waits[rank - 1]), waits.size, q) for q in (0.1, 0.5, 0.9)
    }
    return Conditional(
        run,
        given,
        holds,
        tuple(splits),
        share(int(breached.sum()), breached.size),
        share(int(both.sum()), int(breached.sum())),
        delay,
        tuple(_warnings(run, at)),
    )


def _warnings(run: Run, at: Sequence[int]) -> list[Signal]:
    scenario = run.scenario
    marks = [t for t in at if 1 <= t <= run.months - 1]
    if not marks:
        return []
    paths = min(scenario.run.paths, MOST)
    outline = live(scenario, 1).simulation.outline
    figures = {m.name: m.slot for m in outline.metrics if not m.contract and not m.name.startswith("account:")}
    lives = live(scenario, paths, keep=tuple(dict.fromkeys(figures.values())))
    found = []
    for t in marks:
        found += sorted(_at(lives, figures, t), key=lambda w: -w.auc.value)
    return found


def _at(lives: Lives, figures: dict[str, str], t: int) -> list[Signal]:
    alive = lives.numbers & ~lives.defaults(t)
    fails = lives.defaults(t + AHEAD)[alive]
    count = int(fails.sum())
    if count < FEWEST or count == fails.size:
        return []
    found = []
    for name, slot in figures.items():
        x = lives.kept[slot][t][alive]
        if np.ptp(x) == 0.0:
            continue
        value = auc(x, fails)
        higher = value.value >= 0.5
        shown = value if higher else Estimate(1.0 - value.value, 1.0 - value.high, 1.0 - value.low)
        found.append(Signal(t, name, shown, higher, count))
    return found


def auc(x: Array, fails: Any) -> Estimate:
    """P(x of a failing path > x of another) + half of the ties, with the interval of Hanley & McNeil (1982)."""
    from scipy.stats import rankdata

    n, m = int(fails.sum()), int((~fails).sum())
    a = (float(rankdata(x)[fails].sum()) - n * (n + 1) / 2) / (n * m)
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    variance = (a * (1 - a) + (n - 1) * (q1 - a * a) + (m - 1) * (q2 - a * a)) / (n * m)
    half = Z * math.sqrt(max(0.0, variance))
    return Estimate(a, max(0.0, a - half), min(1.0, a + half))
