"""The figures of a run, each with its 95 % interval and its definition (MODEL.md, "What a run reports")."""

from __future__ import annotations

import math
from functools import cache, cached_property
from typing import Any

import numpy as np

from simulator.components.base import CASH, first_calendar_month
from simulator.engine import ledger
from simulator.engine.reduce import Summary
from simulator.engine.simulation import Outline
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


class Figures:
    """Everything a run reports, read off a summary. Months are numbers 1 … M; money is in $."""

    def __init__(self, scenario: Scenario, outline: Outline, summary: Summary) -> None:
        self.scenario, self.outline, self.summary = scenario, outline, summary
        self.months = scenario.calendar.months
        codes = summary.column("cause").astype(np.int64)
        self.valid = codes != ledger.NAN_CODE
        self.paths = int(codes.size)
        self.not_a_number = int(self.paths - self.valid.sum())
        self.n = int(self.valid.sum())
        ends = summary.column("end_month").astype(np.int64)
        self.defaulted = self.valid & (codes > ledger.NAN_CODE)
        self.ends = np.where(self.defaulted, ends, np.inf)[self.valid]
        # defaults by month and cause: integers, so that causes add up to PD exactly
        self.counts = np.zeros((self.months + 1, len(outline.causes)), dtype=np.int64)
        np.add.at(self.counts, (ends[self.defaulted], codes[self.defaulted]), 1)
        self.monthly_quantiles = cache(self._monthly_quantiles)

    def _column(self, name: str) -> Array:
        values: Array = self.summary.column(name)[self.valid]
        return values

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

    def runway_ends(self, kind: str) -> Array:
        """By path: the month in which the runway ends, inf beyond the horizon, sorted."""
        if kind == "funded":
            return np.sort(self.ends)
        breach = self._column("shadow_breach_month")
        return np.sort(np.minimum(np.where(breach > 0, breach, np.inf), self.ends))

    def runway(self, kind: str) -> dict[str, Any]:
        ends = self.runway_ends(kind)
        found: dict[str, Any] = {"interval": {}}
        for q in RUNWAY_QUANTILES:
            value, low, high = intervals.quantile(ends, q)
            found[label(q)] = _month(value)
            found["interval"][label(q)] = [_month(low), _month(high)]
        beyond = intervals.share(int(np.isinf(ends).sum()), self.n)
        found["share_beyond_horizon"] = beyond.value
        found["interval"]["share_beyond_horizon"] = [beyond.low, beyond.high]
        mean = intervals.restricted_mean(ends, self.months)
        found["restricted_mean"] = mean.value
        found["interval"]["restricted_mean"] = [mean.low, mean.high]
        return found

    # --- money ---

    def quantiles(self, name: str, probabilities: tuple[float, ...]) -> dict[str, Any]:
        """Quantiles of a column of `paths` with their intervals."""
        ordered = np.sort(self._column(name))
        found: dict[str, Any] = {"interval": {}}
        for q in probabilities:
            value, low, high = intervals.quantile(ordered, q)
            found[label(q)] = _number(value)
            found["interval"][label(q)] = [_number(low), _number(high)]
        return found

    def mean(self, name: str) -> dict[str, Any]:
        return _estimate(intervals.mean_of(self._column(name)))

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
        flows = np.sort(self._column("shadow_flow_12m"))
        target = self.scenario.treasury.cash_flow_target
        centre = float(target) if target is not None else float(flows.mean()) if flows.size else math.nan
        q05 = intervals.quantile(flows, 0.05)
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
        for event, ends in FUNDING_EVENTS.items():
            columns = [name for name in names if name.endswith(ends) and not name.startswith("input.")]
            if columns:
                count = sum((self._column(name) for name in columns), np.zeros(self.n))
                any_of = intervals.share(int((count > 0).sum()), self.n)
                found[event] = {"mean": _estimate(intervals.mean_of(count)), "share_of_paths": _estimate(any_of)}
            else:
                found[event] = None
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
                mean = intervals.mean_of(self._column(f"{name}.{key}"))
                row[key], row["interval"][key] = _number(mean.value), [_number(mean.low), _number(mean.high)]
            for key in ("headline", "firm"):
                mean = opening[key]
                row[key], row["interval"][key] = _number(mean.value), [_number(mean.low), _number(mean.high)]
            sides = self._column(f"{name}.notice_side") if f"{name}.notice_side" in self.summary.column_names else None
            row["terminated"] = {}
            for side, codes in (("buyer", (1, 3)), ("supplier", (2,))):
                count = 0 if sides is None else int(np.isin(sides, codes).sum())
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
                count = int(np.count_nonzero(self._column(f"{name}.{column}")))
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
        ead = self._column(f"{name}.exposure_at_default")
        of_defaults = ead[np.isfinite(self.ends)]
        return {
            "mean": _estimate(intervals.mean_of(ead)),
            "given_default": _estimate(intervals.mean_of(of_defaults)) if of_defaults.size else None,
        }

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
