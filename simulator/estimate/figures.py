"""The figures of a run, each with its 95 % interval and its definition (MODEL.md, "What a run reports")."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, cached_property, partial
from typing import Any

import numpy as np

from simulator.components.base import CASH, first_calendar_month
from simulator.engine import ledger
from simulator.engine.reduce import Summary
from simulator.engine.simulation import Outline
from simulator.engine.tally import Columns, Counts, Questions
from simulator.estimate import intervals
from simulator.estimate.intervals import Estimate
from simulator.quantities.distribution import Array
from simulator.scenario.model import Scenario

CASH_QUANTILES = (0.01, 0.05, 0.25, 0.50, 0.75, 0.95, 0.99)
RUNWAY_QUANTILES = (0.05, 0.25, 0.50, 0.75, 0.95)
PEAK_QUANTILES = (0.50, 0.90, 0.99)
EVENTS = {  # of a contract: name -> its column of `paths`, 0 where it did not happen
    "distressed_amendment": "distressed_amendment",
    "supplier_failed": "failure_month",
    "renewed": "renewals",
}
RANKED = ("peak_need", "lowest_liquidity", "shadow_flow_12m", "dilution")  # columns of which quantiles are reported
DILUTION_QUANTILES = (0.05, 0.50, 0.95)
FUNDING_EVENTS = {  # of funding: the ends of the columns that count them, summed over all rounds, offerings, loans and lines
    "rounds": (".rounds",),
    "rounds_failed": (".rounds_failed",),
    "down_rounds": (".down_rounds",),
    "refinanced": (".refinanced", ".renewed"),
    "refinancing_failed": (".refinancing_failed", ".renewal_failed"),
}


def label(q: float) -> str:
    return f"p{round(q * 100)}"


def questions(months: int, outline: Outline) -> Questions:
    """What has to be asked of the numbers by path while they come, for everything a run reports."""
    names = [c.name for c in outline.columns]
    derived: dict[str, Callable[[Columns], Array]] = {"@unfunded_end": partial(_unfunded_end, months)}
    for event, ends in FUNDING_EVENTS.items():
        counted = tuple(name for name in names if name.endswith(ends))
        if counted:
            derived[f"@{event}"] = partial(_sum_of, counted)
    return Questions(
        months, len(outline.causes), outline.columns, tuple(name for name in RANKED if name in names), derived
    )


def _unfunded_end(months: int, columns: Columns) -> Array:
    """The month of the unfunded runway's end, one more than the horizon if it goes beyond."""
    breach = columns["shadow_breach_month"]
    end = np.where(columns["cause"] > ledger.NAN_CODE, columns["end_month"], months + 1.0)
    return np.asarray(np.minimum(np.where(breach > 0, breach, months + 1.0), end))


def _sum_of(names: tuple[str, ...], columns: Columns) -> Array:
    return np.asarray(sum(columns[name] for name in names))


class Figures:
    """Everything a run reports, read off a summary. Months are numbers 1 … M; money is in $."""

    def __init__(self, scenario: Scenario, outline: Outline, summary: Summary) -> None:
        self.scenario, self.outline, self.summary = scenario, outline, summary
        self.months = scenario.calendar.months
        self.paths = summary.paths
        self.not_a_number = int(summary.endings[:, ledger.NAN_CODE].sum())
        self.n = self.paths - self.not_a_number
        # defaults by month and cause: integers, so that causes add up to PD exactly
        self.counts = np.where(np.arange(len(outline.causes)) > ledger.NAN_CODE, summary.endings, 0)
        self.monthly_quantiles = cache(self._monthly_quantiles)

    # --- default ---

    def pd(self, month: int) -> Estimate:
        """Share of paths in default by this month, with its Wilson interval."""
        return intervals.share(int(self.counts[: month + 1].sum()), self.n)

    def causes(self, month: int | None = None) -> dict[str, tuple[int, Estimate]]:
        """Cause -> (paths, share) in default by this month (default: the horizon). The counts add up to PD's."""
        upto = self.counts[: (self.months if month is None else month) + 1].sum(axis=0)
        return {
            cause.sentence: (int(upto[code]), intervals.share(int(upto[code]), self.n))
            for code, cause in enumerate(self.outline.causes)
            if code > ledger.NAN_CODE
        }

    # --- runway ---

    def runway_ends(self, kind: str) -> Counts:
        """Paths by the month in which the runway ends, index 0 … M + 1; the last counts those that go beyond the horizon."""
        beyond = self.months + 1
        if kind == "unfunded":
            counts = self.summary.counts.get("@unfunded_end", np.zeros(0, dtype=np.int64))
            return np.pad(counts, (0, beyond + 1 - counts.size))
        ended = self.counts.sum(axis=1)
        return np.append(ended, self.n - ended.sum())

    def runway(self, kind: str) -> dict[str, Any]:
        ends = self.runway_ends(kind)
        upto = np.cumsum(ends)

        def at_rank(rank: int) -> float:
            month = int(np.searchsorted(upto, rank, side="left"))
            return float(month) if month <= self.months else math.inf

        found: dict[str, Any] = {"interval": {}}
        for q in RUNWAY_QUANTILES:
            value, low, high = intervals.quantile(at_rank, self.n, q)
            found[label(q)] = _month(value)
            found["interval"][label(q)] = [_month(low), _month(high)]
        beyond = intervals.share(int(ends[-1]), self.n)
        found["share_beyond_horizon"] = beyond.value
        found["interval"]["share_beyond_horizon"] = [beyond.low, beyond.high]
        mean = intervals.restricted_mean(ends, self.months)
        found["restricted_mean"] = mean.value
        found["interval"]["restricted_mean"] = [mean.low, mean.high]
        return found

    # --- money ---

    def quantile(self, name: str, probabilities: tuple[float, ...]) -> list[Estimate]:
        """Exact quantiles of a column of `paths` with their intervals."""
        ranks = sorted({rank for q in probabilities for rank in intervals.quantile_ranks(q, self.n)}) if self.n else []
        values = dict(zip(ranks, self.summary.at_ranks(name, ranks).tolist(), strict=True)) if ranks else {}
        return [intervals.quantile(values.__getitem__, self.n, q) for q in probabilities]

    def quantiles(self, name: str, probabilities: tuple[float, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {"interval": {}}
        for q, (value, low, high) in zip(probabilities, self.quantile(name, probabilities), strict=True):
            found[label(q)] = _number(value)
            found["interval"][label(q)] = [_number(low), _number(high)]
        return found

    def _mean(self, name: str) -> Estimate:
        return intervals.mean(*self.summary.moments(name))

    def mean(self, name: str) -> dict[str, Any]:
        return _estimate(self._mean(name))

    def monthly_mean(self, metric: int, month: int) -> Estimate:
        s = self.summary.statistics
        return intervals.mean(float(s.mean[month, metric]), float(s.squares[month, metric]), s.paths)

    def _monthly_quantiles(self, slot: str) -> Array:
        """Shape (months + 1, 7, 3): value, low, high of P1 … P99."""
        ranks = [r for q in CASH_QUANTILES for r in intervals.quantile_ranks(q, self.n)]
        values = self.summary.order_statistics(slot, ranks)
        return values.reshape(self.months + 1, len(CASH_QUANTILES), 3)

    def cash(self) -> list[dict[str, Any]]:
        metric = next(k for k, m in enumerate(self.outline.metrics) if m.name == "cash" and not m.contract)
        quantiles = self.monthly_quantiles(CASH)
        rows = []
        for month in range(1, self.months + 1):
            mean = self.monthly_mean(metric, month)
            row: dict[str, Any] = {"month": month, "label": self.scenario.label(month), "mean": _number(mean.value)}
            row["interval"] = {"mean": [_number(mean.low), _number(mean.high)]}
            for k, q in enumerate(CASH_QUANTILES):
                value, low, high = (float(x) for x in quantiles[month, k])
                row[label(q)] = _number(value)
                row["interval"][label(q)] = [_number(low), _number(high)]
            rows.append(row)
        return rows

    def fiscal_years(self) -> list[dict[str, Any]]:
        """By fiscal year: mean totals of its months inside the horizon, cash and default probability at its end."""
        calendar = self.scenario.calendar
        where = {m.name: k for k, m in enumerate(self.outline.metrics) if not m.contract}
        months_of: dict[int, list[int]] = {}
        for month in range(1, self.months + 1):
            ordinal = first_calendar_month(calendar.start + month - 1)
            months_of.setdefault((ordinal + (13 - calendar.fiscal_year_start) % 12) // 12, []).append(month)
        rows = []
        for year, months in months_of.items():
            row: dict[str, Any] = {"year": year, "first": months[0], "last": months[-1]}
            for name in ("revenue", "receipts", "paid", "raised"):
                if name in where:
                    mean = self.summary.statistics.mean[months, where[name]]
                    row[name] = _number(float(mean.sum()))
            row["cash"] = _estimate(self.monthly_mean(where["cash"], months[-1]))
            row["pd"] = _estimate(self.pd(months[-1]))
            rows.append(row)
        return rows

    def cash_flow_at_risk(self) -> dict[str, Any]:
        """Target, or mean, less 5 % quantile of the shadow flow of the first year."""
        target = self.scenario.treasury.cash_flow_target
        centre = self._mean("shadow_flow_12m").value if target is None else float(target)
        (q05,) = self.quantile("shadow_flow_12m", (0.05,))
        return {
            "value": _number(centre - q05.value),
            "low": _number(centre - q05.high),
            "high": _number(centre - q05.low),
        }

    # --- funding ---

    def funding(self) -> dict[str, Any]:
        """Dilution (None where no raise is valued), and by event its mean number a path and the share of paths with one."""
        names = self.summary.column_names
        found: dict[str, Any] = {"dilution": None}
        if "dilution" in names:
            found["dilution"] = {"mean": self.mean("dilution"), **self.quantiles("dilution", DILUTION_QUANTILES)}
        for event in FUNDING_EVENTS:
            counts = self.summary.counts.get(f"@{event}")
            if counts is None:
                found[event] = None
                continue
            any_of = intervals.share(self.n - int(counts[:1].sum()), self.n)
            found[event] = {"mean": _estimate(intervals.mean_of_counts(counts)), "share_of_paths": _estimate(any_of)}
        return found

    # --- contracts ---

    def contracts(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in self.scenario.contracts:
            opening = {
                m.name: self.monthly_mean(k, 0) for k, m in enumerate(self.outline.metrics) if m.contract == name
            }
            row: dict[str, Any] = {"interval": {}}
            for key in ("paid", "stranded"):
                mean = self._mean(f"{name}.{key}")
                row[key], row["interval"][key] = _number(mean.value), [_number(mean.low), _number(mean.high)]
            for key in ("headline", "firm"):
                mean = opening[key]
                row[key], row["interval"][key] = _number(mean.value), [_number(mean.low), _number(mean.high)]
            sides = self.summary.counts.get(f"{name}.notice_side")
            row["terminated"] = {}
            for side, codes in (("buyer", (1, 3)), ("supplier", (2,))):
                count = 0 if sides is None else sum(int(sides[code]) for code in codes if code < sides.size)
                row["terminated"][side] = _estimate(intervals.share(count, self.n))
            row["exposure_at_default"] = self._exposure(name)
            row.update(self._events(name))
            found[name] = row
        return found

    def _events(self, name: str) -> dict[str, Any]:
        """Shares of paths by the horizon, for the clauses that the contract has."""
        found = {}
        for event, column in EVENTS.items():
            if f"{name}.{column}" in self.summary.column_names:
                count = self.n - int(self.summary.counts[f"{name}.{column}"][:1].sum())
                found[event] = {**_estimate(intervals.share(count, self.n)), "count": count}
        return found

    def creditors(self) -> dict[str, Any]:
        """Who has a claim at default: mean exposure at default and expected loss by the horizon (None without [recovery])."""
        suffix = ".exposure_at_default"
        names = [c.removesuffix(suffix) for c in self.summary.column_names if c.endswith(suffix)]
        known = set(self.summary.column_names)
        return {
            name: {
                "exposure_at_default": self._exposure(name),
                "expected_loss": self.mean(f"{name}.loss") if f"{name}.loss" in known else None,
            }
            for name in names
        }

    def _exposure(self, name: str) -> dict[str, Any]:
        """Mean exposure at default: over all paths, and over the paths in default."""
        mean, squares, n = self.summary.moments(f"{name}.exposure_at_default")
        defaults = int(self.counts.sum())
        given = None
        if defaults:  # the other paths are nought, so both have the same sums
            of_defaults = mean * n / defaults
            apart = squares + n * mean * mean - defaults * of_defaults * of_defaults
            given = _estimate(intervals.mean(of_defaults, apart, defaults))
        return {"mean": _estimate(intervals.mean(mean, squares, n)), "given_default": given}

    @cached_property
    def document(self) -> dict[str, Any]:
        """What `run --json` prints, without folder and seconds."""
        s = self.scenario
        return {
            "schema": 1,
            "scenario": s.name,
            "title": s.title,
            "scenario_hash": s.hash,
            "paths": self.paths,
            "not_a_number": self.not_a_number,
            "not_a_number_paths": self.summary.not_numbers,
            "months": self.months,
            "step": s.calendar.step,
            "start": s.label(1),
            "seed": s.run.seed,
            "pd": [
                {
                    "month": m,
                    "label": s.label(m),
                    **_estimate(self.pd(m)),
                    "count": int(self.counts[: m + 1].sum()),
                }
                for m in range(1, self.months + 1)
            ],
            "causes": {name: {**_estimate(e), "count": count} for name, (count, e) in self.causes().items()},
            "runway": {kind: self.runway(kind) for kind in ("funded", "unfunded")},
            "peak_need": self.quantiles("peak_need", PEAK_QUANTILES),
            "lowest_liquidity": self.quantiles("lowest_liquidity", (0.05, 0.50)),
            "cash_flow_at_risk": self.cash_flow_at_risk(),
            "raised": self.mean("raised"),
            "funding": self.funding(),
            "cash": self.cash(),
            "fiscal_years": self.fiscal_years(),
            "contracts": self.contracts(),
            "creditors": self.creditors(),
            "comparison": {name: dict(rates) for name, rates in s.comparison.items()},
        }


def _estimate(e: Estimate) -> dict[str, Any]:
    return {"value": _number(e.value), "low": _number(e.low), "high": _number(e.high)}


def _number(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


def _month(x: float) -> int | None:
    return int(x) if math.isfinite(x) else None
