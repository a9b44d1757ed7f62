"""Answers under a condition: default given what happened, how long a breach takes to become a default, and which figures would
have told failing from surviving paths a year before.

Early warning: at month t, of the paths that are alive, how well does a figure tell those that default in the next twelve months
from the others? AUC = P(worse figure | fails) + half of the ties, the Mann-Whitney statistic, with the interval of DeLong,
DeLong & Clarke-Pearson (1988), which asks nothing of the laws; 50 % is no better than a coin. Lift: the default share of the
worst tenth over that of all.

Money that did not come: of the same paths those that have had nothing from a source by month t, and their default within the
next twelve months. Looking from t on (a landmark: van Houwelingen 2007) keeps apart paths that got nothing because they failed.
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
WORST = 0.1  # of the paths


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
    lift: Estimate  # of the worst tenth
    from_: Estimate  # where the worst tenth begins


class Money(NamedTuple):
    """Of the paths that stand at a month: those without money from a source so far, and default within a year."""

    month: int
    source: str
    without: Estimate
    pd_without: Estimate
    pd_with: Estimate


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
    money: tuple[Money, ...]

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
                 "failing": w.failing, **spread("lift", w.lift), **spread("worst_tenth_from", w.from_)}
                for w in self.warnings
            ],
            without_money=[
                {"month": w.month, "source": w.source, **spread("without", w.without), **spread("pd_without", w.pd_without),
                 **spread("pd_with", w.pd_with)}
                for w in self.money
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
        *_ahead(run, at),
    )


def _ahead(run: Run, at: Sequence[int]) -> tuple[tuple[Signal, ...], tuple[Money, ...]]:
    scenario = run.scenario
    marks = [t for t in at if 1 <= t <= run.months - 1]
    if not marks:
        return (), ()
    paths = min(scenario.run.paths, MOST)
    simulation = live(scenario, 1).simulation
    figures = {
        m.name: m.slot for m in simulation.outline.metrics if not m.contract and not m.name.startswith("account:")
    }
    rows = {row for branch in simulation.branches for row in branch.program.rows}
    entries = dict.fromkeys(e.name for branch in scenario.branches for e in branch.scenario.entries)
    sources = {name.split(".", 1)[-1]: f"{name}.received" for name in entries if f"{name}.received" in rows}
    lives = live(scenario, paths, keep=tuple(dict.fromkeys((*figures.values(), *sources.values()))))
    warnings: list[Signal] = []
    money: list[Money] = []
    for t in marks:
        warnings += sorted(_at(lives, figures, t), key=lambda w: -w.auc.value)
        money += _without(lives, sources, t)
    return tuple(warnings), tuple(money)


def _without(lives: Lives, sources: dict[str, str], t: int) -> list[Money]:
    alive = lives.numbers & ~lives.defaults(t)
    fails = lives.defaults(t + AHEAD)[alive]
    got = {name: lives.kept[slot][: t + 1].sum(axis=0)[alive] for name, slot in sources.items()}
    if len(got) > 1:
        got["any of them"] = np.sum(list(got.values()), axis=0)
    found = []
    for name, amount in got.items():
        none = amount <= 0.0
        found.append(
            Money(
                t,
                name,
                share(int(none.sum()), none.size),
                share(int(fails[none].sum()), int(none.sum())),
                share(int(fails[~none].sum()), int((~none).sum())),
            )
        )
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
        worst = np.argsort(-x if higher else x, kind="stable")[: max(1, int(WORST * x.size))]
        base = count / fails.size
        lift = Estimate(*(e / base for e in share(int(fails[worst].sum()), worst.size)))
        ordered = np.sort(-x if higher else x)
        sign = -1.0 if higher else 1.0
        _, a, b = (sign * e for e in quantile(lambda rank, of=ordered: float(of[rank - 1]), x.size, WORST))  # type: ignore[misc]  # mypy infers no lambda with defaults
        from_ = Estimate(float(x[worst[-1]]), min(a, b), max(a, b))
        found.append(Signal(t, name, shown, higher, count, lift, from_))
    return found


def auc(x: Array, fails: Any) -> Estimate:
    """P(x of a failing path > x of another) + half of the ties, with the interval of DeLong, DeLong & Clarke-Pearson (1988)."""
    from scipy.stats import rankdata

    n, m = int(fails.sum()), int((~fails).sum())
    ranks = rankdata(x)
    below = (ranks[fails] - rankdata(x[fails])) / m  # of each failing path: share of the others below it
    above = 1.0 - (ranks[~fails] - rankdata(x[~fails])) / n  # of each other path: share of failing ones above it
    a = float(below.mean())
    half = Z * math.sqrt(float(below.var(ddof=1)) / n + float(above.var(ddof=1)) / m) if min(n, m) > 1 else math.inf
    return Estimate(a, max(0.0, a - half), min(1.0, a + half))
