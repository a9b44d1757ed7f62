"""Conditional answers: what default looks like once something is known.

Money that did not come: of the paths that stand at a landmark month, those that have had nothing from a source by then, and their
default probability afterwards (landmarking: van Houwelingen 2007; paths that failed before are in neither group).
From the first breach: months between the first close below the floor or with a claim unpaid and the default.
Early warnings: figures of the landmark month that tell apart the paths which fail within the time ahead. AUC = chance that a
failing path has the worse figure (Mann & Whitney 1947), interval of DeLong, DeLong & Clarke-Pearson (1988); lift = default
share of the worst tenth over that of all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import rankdata

from simulator.analysis.paths import Bools, Lives, live
from simulator.analysis.sensitivity import as_json
from simulator.components.base import CASH, LIQUIDITY, PRICE, REGIME, RUN_RATE
from simulator.engine.build import Array
from simulator.engine.program import build
from simulator.estimate.intervals import Estimate, Z, quantile, share
from simulator.scenario.model import Scenario

WORST = 0.1
PAID, RECEIPTS, DRAWN, BURN = "ledger.paid", "ledger.receipts", "line.drawn", "ledger.burn_flow"
FUNDED = "funding.raised"
RECENT = 3  # months of burn


class EarlyWarning(NamedTuple):
    figure: str
    worse: str  # "low" or "high"
    auc: Estimate
    lift: Estimate
    threshold: float  # the worst tenth begins here


class Without(NamedTuple):
    source: str
    share: Estimate  # of the paths that stand at the landmark
    pd: Estimate  # of those without the money
    pd_with: Estimate


@dataclass(frozen=True)
class Conditional:
    scenario: Scenario
    landmark: int
    ahead: int
    paths: int
    standing: int  # at the landmark
    pd: Estimate  # within the time ahead, of those
    without: tuple[Without, ...]
    breached: Estimate  # share of all paths with a breach
    breach_to_default: Estimate  # of paths with a breach, the share that fails by the horizon
    wait: dict[str, Estimate]  # months from the first breach to the default
    warnings: tuple[EarlyWarning, ...]  # the sharpest first

    @property
    def document(self) -> dict[str, Any]:
        """What `warnings --json` prints."""
        return {
            "schema": 1,
            "verb": "warnings",
            "scenario": self.scenario.name,
            "title": self.scenario.title,
            "scenario_hash": self.scenario.hash,
            "landmark": self.landmark,
            "label": self.scenario.label(self.landmark),
            "ahead": self.ahead,
            "paths": self.paths,
            "standing": self.standing,
            "seed": self.scenario.run.seed,
            "pd": as_json(self.pd),
            "without_money": [
                {"source": w.source, "share": as_json(w.share), "pd": as_json(w.pd), "pd_with": as_json(w.pd_with)}
                for w in self.without
            ],
            "breach": {
                "share": as_json(self.breached),
                "then_default": as_json(self.breach_to_default),
                "months_to_default": {k: as_json(e) for k, e in self.wait.items()},
            },
            "warnings": [
                {"figure": w.figure, "worse": w.worse, "auc": as_json(w.auc), "lift": as_json(w.lift),
                 "worst_tenth_from": w.threshold if math.isfinite(w.threshold) else None}
                for w in self.warnings
            ],
        }  # fmt: skip


def conditional(scenario: Scenario, landmark: int = 12, ahead: int = 12, paths: int = 16_384) -> Conditional:
    """Answers for paths that stand at the close of a month. Raises ValueError beyond the horizon and where none stand."""
    last = scenario.calendar.months
    if landmark < 1 or ahead < 1 or landmark + ahead > last:
        raise ValueError(f"month {landmark} and {ahead} ahead do not lie within 1 … {last}")
    heaviest = scenario.branches[0].scenario
    program = build(heaviest, scenario.run.seed, lambda _: np.full(1, 0.5))
    received = {e.name.split(".", 1)[-1]: s for e in heaviest.entries if (s := f"{e.name}.received") in program.rows}
    wanted = [
        s for s in (CASH, LIQUIDITY, RUN_RATE, PRICE, REGIME, PAID, RECEIPTS, DRAWN, BURN, FUNDED) if s in program.rows
    ]
    lives = live(scenario, paths, keep=(*wanted, *received.values()))
    end, standing = lives.columns["end_month"], np.asarray(lives.numbers)
    standing = standing & ((end == 0) | (end > landmark))
    if not standing.any():
        raise ValueError(f"no path stands at month {landmark}")
    fails = lives.defaults(landmark + ahead)[standing]
    without = [
        _without(name, lives.kept[slot][: landmark + 1].sum(axis=0)[standing], fails) for name, slot in received.items()
    ]
    if len(received) > 1:
        every = sum(lives.kept[slot][: landmark + 1].sum(axis=0) for slot in received.values())
        without.append(_without("any of them", every[standing], fails))
    breach = lives.columns["first_breach_month"][lives.numbers]
    ended = lives.columns["end_month"][lives.numbers]
    broke = breach > 0
    both = broke & (ended > 0)
    waits = np.sort((ended - breach)[both])
    wait = {f"p{round(100 * q)}": quantile(lambda r: float(waits[r - 1]), waits.size, q) for q in (0.1, 0.5, 0.9)}
    found = [_warning(name, x[standing], fails) for name, x in _figures(lives, landmark).items()]
    return Conditional(
        scenario,
        landmark,
        ahead,
        paths,
        int(standing.sum()),
        share(int(fails.sum()), fails.size),
        tuple(without),
        share(int(broke.sum()), broke.size),
        share(int(both.sum()), int(broke.sum())),
        wait,
        tuple(sorted((w for w in found if w is not None), key=lambda w: -w.auc.value)),
    )


def _figures(lives: Lives, m: int) -> dict[str, Array]:
    kept, back = lives.kept, max(0, m - 12)
    first = max(1, m - RECENT + 1)
    spent = np.maximum(0.0, (kept[CASH][first - 1] - kept[CASH][m] + kept[FUNDED][first : m + 1].sum(axis=0)) / RECENT)
    found = {
        "cash": kept[CASH][m],
        "liquidity": kept[LIQUIDITY][m],
        "drawn on lines": kept[DRAWN][m],
        f"burn, last {RECENT} months": spent,
        "months of liquidity at that burn": kept[LIQUIDITY][m] / np.maximum(spent, 1.0),
        "money raised so far": kept[FUNDED][: m + 1].sum(axis=0),
    }
    if RUN_RATE in kept:
        found["run-rate"] = kept[RUN_RATE][m]
        found["run-rate over the year before"] = kept[RUN_RATE][m] / np.maximum(kept[RUN_RATE][back], 1.0)
    if PRICE in kept:
        found["price of compute"] = kept[PRICE][m]
    if REGIME in kept:
        found["funding regime"] = kept[REGIME][m]
    return found


def _without(source: str, money: Array, fails: Bools) -> Without:
    none = money <= 0.0
    return Without(
        source,
        share(int(none.sum()), none.size),
        share(int(fails[none].sum()), int(none.sum())),
        share(int(fails[~none].sum()), int((~none).sum())),
    )


def _warning(name: str, x: Array, fails: Bools) -> EarlyWarning | None:
    if fails.sum() < 2 or (~fails).sum() < 2 or np.ptp(x) == 0.0:
        return None
    high = auc(x, fails)
    worse = "high" if high.value >= 0.5 else "low"
    score = x if worse == "high" else -x
    order = np.argsort(-score, kind="stable")
    worst = order[: max(1, int(WORST * x.size))]
    base = float(fails.mean())
    lift = share(int(fails[worst].sum()), worst.size)
    return EarlyWarning(
        name,
        worse,
        high if worse == "high" else Estimate(1.0 - high.value, 1.0 - high.high, 1.0 - high.low),
        Estimate(*(e / base for e in lift)),
        float(x[worst[-1]]),
    )


def auc(x: Array, positive: Bools) -> Estimate:
    """P(x of a positive > x of a negative) + half of ties, with DeLong's interval."""
    a, b = x[positive], x[~positive]
    m, n = a.size, b.size
    ranks = rankdata(np.concatenate([a, b]))
    over = (ranks[:m] - rankdata(a)) / n  # of each positive: share of negatives below it
    under = 1.0 - (ranks[m:] - rankdata(b)) / m  # of each negative: share of positives above it
    value = float(over.mean())
    half = Z * math.sqrt(float(over.var(ddof=1)) / m + float(under.var(ddof=1)) / n)
    return Estimate(value, max(0.0, value - half), min(1.0, value + half))
