"""The figures of a run, each with its 95 % interval and its definition (MODEL.md, "What a run reports")."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

import numpy as np

from simulator.components.base import CASH, first_calendar_month
from simulator.engine import bins, ledger
from simulator.engine.reduce import Sketch, Summary
from simulator.engine.simulation import Outline
from simulator.engine.tally import Columns, Counts, Questions
from simulator.estimate import intervals
from simulator.estimate.controlled import RESTRICTED, Sections, Target
from simulator.estimate.intervals import Estimate
from simulator.estimate.worth import MANY, worth
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


def _around(sketch: Sketch, of_bin: int) -> tuple[int, int]:
    """How many values lie below a bin, and in it or below."""
    below = sketch.below(np.array([of_bin, of_bin + 1]))
    return int(below[0]), int(below[1])


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

    def __init__(
        self,
        scenario: Scenario,
        outline: Outline,
        summary: Summary,
        z: float = intervals.Z,
        binned: bool = False,
        controlled: Sections | None = None,
    ) -> None:
        """`z`: the normal quantile of the level of all intervals, 95 % unless said otherwise. `binned`: quantiles of numbers by
        path to 0.05 % of their value, without looking at the numbers again. `controlled`: better estimates of the same
        paths."""
        self.binned = binned
        self.scenario, self.outline, self.summary, self.z = scenario, outline, summary, z
        self.months = scenario.calendar.months
        self.paths = summary.paths
        self.not_a_number = int(summary.endings[:, ledger.NAN_CODE].sum())
        self.n = self.paths - self.not_a_number
        self.controlled = None if self.not_a_number else controlled
        # defaults by month and cause: integers, so that causes add up to PD exactly
        self.counts = np.where(np.arange(len(outline.causes)) > ledger.NAN_CODE, summary.endings, 0)
        self._quantiles: dict[
            str, Array
        ] = {}  # a cache of a bound method would keep all numbers by path alive in a cycle
        self.replicates = [Figures(scenario, outline, replicate, z) for replicate in summary.replicates]

    # --- intervals: of independent paths, or of what replicates differ by ---

    def _share(self, count: Callable[[Figures], int]) -> Estimate:
        """A share of paths. Fewer than MANY of them, or of the others, are too few for the replicates to be near normal; they
        have the interval of independent paths."""
        own, seen = intervals.share(count(self), self.n, self.z), count(self)
        if not self.replicates or min(seen, self.n - seen) < MANY:
            return own
        found = intervals.replicated(own.value, [count(r) / r.n for r in self.replicates], self.z)
        return Estimate(found.value, max(0.0, found.low), min(1.0, found.high))

    def _average(self, mean: Callable[[Figures], Estimate]) -> Estimate:
        own = mean(self)
        values = [mean(r).value for r in self.replicates]
        return intervals.replicated(own.value, values, self.z) if values and np.isfinite(values).all() else own

    def _errors(self, q: float, below: Callable[[Figures], tuple[int, int]]) -> float | None:
        """Half the width of the interval of the share of paths below a quantile; `below`: how many lie below the values that
        count as the same, and below or at them. None: that of independent paths."""
        if not self.replicates or min(q, 1 - q) * self.n < MANY:
            return None
        shares = np.array([[k / r.n for k in below(r)] for r in self.replicates])
        return max(intervals.half_width(shares[:, k].tolist(), self.z) for k in range(2))

    # --- default ---

    def pd(self, month: int) -> Estimate:
        """Share of paths in default by this month, with its Wilson interval."""
        return self._default(("pd", month), lambda f: int(f.counts[: month + 1].sum()))

    def _default(self, target: Target, count: Callable[[Figures], int]) -> Estimate:
        """A share of paths in default, with its control if it has one."""
        found = None if self.controlled is None else self.controlled.share(target, self.z)
        return self._share(count) if found is None else found

    def _controlled_mean(self, target: Target) -> Estimate | None:
        return None if self.controlled is None else self.controlled.mean(target, self.z)

    def causes(self, month: int | None = None) -> dict[str, tuple[int, Estimate]]:
        """Cause -> (paths, share) in default by this month (default: the horizon). The counts add up to PD's."""
        last = (self.months if month is None else month) + 1
        upto = self.counts[:last].sum(axis=0)
        return {
            cause.sentence: (
                int(upto[code]),
                self._default((f"pd:{code}", last - 1), lambda f, code=code: int(f.counts[:last, code].sum())),  # type: ignore[misc]  # mypy infers no lambda with defaults
            )
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
            value = at_rank(intervals.quantile_ranks(q, self.n)[0]) if self.n else math.nan
            error = self._errors(q, lambda f, value=value: f._ended(kind, value)) if self.n else None  # type: ignore[misc]  # mypy infers no lambda with defaults
            value, low, high = intervals.quantile(at_rank, self.n, q, self.z, error)
            found[label(q)] = _month(value)
            found["interval"][label(q)] = [_month(low), _month(high)]
            if kind == "funded" and self.controlled is not None and self.n:
                found[label(q)], *found["interval"][label(q)] = (_month(m) for m in self._month_of_default(q))
        beyond = self._share(lambda f: int(f.runway_ends(kind)[-1]))
        if kind == "funded" and self.controlled is not None:
            ended = self.pd(self.months)
            beyond = Estimate(1.0 - ended.value, 1.0 - ended.high, 1.0 - ended.low)
        found["share_beyond_horizon"] = beyond.value
        found["interval"]["share_beyond_horizon"] = [beyond.low, beyond.high]
        mean = self._average(lambda f: intervals.restricted_mean(f.runway_ends(kind), f.months, f.z))
        if kind == "funded":
            mean = self._controlled_mean((RESTRICTED, 0)) or mean
        found["restricted_mean"] = mean.value
        found["interval"]["restricted_mean"] = [mean.low, mean.high]
        return found

    def _month_of_default(self, q: float) -> tuple[float, float, float]:
        """The first month by which a share q of the paths is in default, and the first in which the upper and the lower end of
        the interval of that share reach q (Woodruff 1952); infinite beyond the horizon."""
        upto = [self.pd(month) for month in range(1, self.months + 1)]

        def first(shares: list[float]) -> float:
            return next((month for month, share in enumerate(shares, 1) if share >= q), math.inf)

        return first([e.value for e in upto]), first([e.high for e in upto]), first([e.low for e in upto])

    def _ended(self, kind: str, month: float) -> tuple[int, int]:
        """Paths whose runway ends before a month, and in it or before."""
        ends, last = self.runway_ends(kind), int(min(month, self.months + 1))
        return int(ends[:last].sum()), int(ends[: last + 1].sum())

    # --- money ---

    def quantile(self, name: str, probabilities: tuple[float, ...]) -> list[Estimate]:
        """Exact quantiles of a column of `paths` with their intervals."""
        if not self.n:
            return [Estimate(math.nan, math.nan, math.nan)] * len(probabilities)
        errors: list[float | None] = [None] * len(probabilities)
        if self.replicates:
            middle = [intervals.quantile_ranks(q, self.n)[0] for q in probabilities]
            at = bins.of(self._at_ranks(name, middle))
            errors = [
                self._errors(q, lambda f, b=b: _around(f.summary.ranked(name), b))  # type: ignore[misc]  # mypy infers no lambda with defaults
                for q, b in zip(probabilities, at, strict=True)
            ]
        of = [intervals.quantile_ranks(q, self.n, self.z, e) for q, e in zip(probabilities, errors, strict=True)]
        ranks = sorted({rank for three in of for rank in three})
        values = dict(zip(ranks, self._at_ranks(name, ranks).tolist(), strict=True))
        return [Estimate(*(values[rank] for rank in three)) for three in of]

    def _at_ranks(self, name: str, ranks: list[int]) -> Array:
        return (
            np.array(self.summary.ranked(name).at_ranks(ranks)) if self.binned else self.summary.at_ranks(name, ranks)
        )

    def quantiles(self, name: str, probabilities: tuple[float, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {"interval": {}}
        for q, (value, low, high) in zip(probabilities, self.quantile(name, probabilities), strict=True):
            found[label(q)] = _number(value)
            found["interval"][label(q)] = [_number(low), _number(high)]
        return found

    def _mean(self, name: str) -> Estimate:
        found = self._controlled_mean((name, 0))
        return found or self._average(lambda f: intervals.mean(*f.summary.moments(name), f.z))

    def mean(self, name: str) -> dict[str, Any]:
        return _estimate(self._mean(name))

    def monthly_mean(self, metric: int, month: int) -> Estimate:
        def mean(f: Figures) -> Estimate:
            s = f.summary.statistics
            return intervals.mean(float(s.mean[month, metric]), float(s.squares[month, metric]), s.paths, f.z)

        of = self.outline.metrics[metric]
        found = None if of.contract else self._controlled_mean((of.slot, month))
        return found or self._average(mean)

    def monthly_quantiles(self, slot: str) -> Array:
        """Shape (months + 1, 7, 3): value, low, high of P1 … P99."""
        if slot not in self._quantiles:
            self._quantiles[slot] = self._quantiles_of(slot)
        return self._quantiles[slot]

    def _quantiles_of(self, slot: str) -> Array:
        ranks: Any = [r for q in CASH_QUANTILES for r in intervals.quantile_ranks(q, self.n, self.z)]
        values = self.summary.order_statistics(slot, ranks)
        if self.replicates and self.n:
            ranks = np.array([self._ranks_of_month(slot, m, bins.of(row[::3])) for m, row in enumerate(values)])
            values = self.summary.order_statistics(slot, ranks)
        return values.reshape(self.months + 1, len(CASH_QUANTILES), 3)

    def _ranks_of_month(self, slot: str, month: int, at: Counts) -> list[int]:
        """Ranks of the quantiles by month and of their intervals, where replicates say how wide these are."""
        found: list[int] = []
        for q, b in zip(CASH_QUANTILES, at, strict=True):
            error = self._errors(q, lambda f, b=b: _around(f.summary.by_month(slot, month), b))  # type: ignore[misc]  # mypy infers no lambda with defaults
            found += intervals.quantile_ranks(q, self.n, self.z, error)
        return found

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
            row: dict[str, Any] = {"year": year, "first": months[0], "last": months[-1], "interval": {}}
            for name in ("revenue", "receipts", "paid", "raised"):
                if name in where:
                    total = self._total(where[name], months)
                    row[name] = _number(total.value)
                    row["interval"][name] = [_number(total.low), _number(total.high)]
            row["cash"] = _estimate(self.monthly_mean(where["cash"], months[-1]))
            row["pd"] = _estimate(self.pd(months[-1]))
            rows.append(row)
        return rows

    def _total(self, metric: int, months: list[int]) -> Estimate:
        """The mean of a sum over months. Of independent paths the interval is as wide as those of the months together, which is
        right where they move as one and too wide elsewhere: a standard deviation of a sum is at most the sum of them."""

        def mean(f: Figures) -> Estimate:
            s = f.summary.statistics
            of_months = [
                intervals.mean(float(s.mean[m, metric]), float(s.squares[m, metric]), s.paths, f.z) for m in months
            ]
            value = float(s.mean[months, metric].sum()) if s.paths else math.nan
            half = sum(e.high - e.value for e in of_months)
            return Estimate(value, value - half, value + half)

        return self._average(mean)

    def cash_flow_at_risk(self) -> dict[str, Any]:
        """Target, or mean, less 5 % quantile of the shadow flow of the first year."""
        target = self.scenario.treasury.cash_flow_target
        mean = self._mean("shadow_flow_12m")
        centre, error = (mean.value, mean.high - mean.value) if target is None else (float(target), 0.0)
        (q05,) = self.quantile("shadow_flow_12m", (0.05,))
        value = centre - q05.value
        # mean and quantile are never negatively correlated: their errors add up to at most the root of the squares
        low, high = math.hypot(q05.high - q05.value, error), math.hypot(q05.value - q05.low, error)
        return {"value": _number(value), "low": _number(value - low), "high": _number(value + high)}

    # --- funding ---

    def funding(self) -> dict[str, Any]:
        """Dilution (None where no raise is valued), and by event its mean number a path and the share of paths with one."""
        names = self.summary.column_names
        found: dict[str, Any] = {"dilution": None}
        if "dilution" in names:
            found["dilution"] = {"mean": self.mean("dilution"), **self.quantiles("dilution", DILUTION_QUANTILES)}
        for event in FUNDING_EVENTS:
            key = f"@{event}"
            if key not in self.summary.counts:
                found[event] = None
                continue
            any_of = self._share(lambda f, key=key: f.n - int(f.summary.counts[key][:1].sum()))  # type: ignore[misc]  # mypy infers no lambda with defaults
            mean = self._average(lambda f, key=key: intervals.mean_of_counts(f.summary.counts[key], f.z))  # type: ignore[misc]  # mypy infers no lambda with defaults
            found[event] = {"mean": _estimate(mean), "share_of_paths": _estimate(any_of)}
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
            row["terminated"] = {
                side: _estimate(self._share(lambda f, name=name, codes=codes: f._left(name, codes)))  # type: ignore[misc]  # mypy infers no lambda with defaults
                for side, codes in (("buyer", (1, 3)), ("supplier", (2,)))
            }
            row["exposure_at_default"] = self._exposure(name)
            row.update(self._events(name))
            found[name] = row
        return found

    def _left(self, name: str, codes: tuple[int, ...]) -> int:
        """Paths on which one of these sides gave notice."""
        sides = self.summary.counts.get(f"{name}.notice_side")
        return 0 if sides is None else sum(int(sides[code]) for code in codes if code < sides.size)

    def _events(self, name: str) -> dict[str, Any]:
        """Shares of paths by the horizon, for the clauses that the contract has."""
        found = {}
        for event, column in EVENTS.items():
            if f"{name}.{column}" in self.summary.column_names:
                key = f"{name}.{column}"
                happened = self._share(lambda f, key=key: f.n - int(f.summary.counts[key][:1].sum()))  # type: ignore[misc]  # mypy infers no lambda with defaults
                found[event] = {**_estimate(happened), "count": self.n - int(self.summary.counts[key][:1].sum())}
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
        defaults = int(self.counts.sum())
        given = _estimate(self._average(lambda f: f._exposure_given(name))) if defaults else None
        return {"mean": self.mean(f"{name}.exposure_at_default"), "given_default": given}

    def _exposure_given(self, name: str) -> Estimate:
        mean, squares, n = self.summary.moments(f"{name}.exposure_at_default")
        defaults = int(self.counts.sum())
        if not defaults:
            return Estimate(math.nan, math.nan, math.nan)
        of_defaults = mean * n / defaults  # the other paths are nought, so both have the same sums
        apart = squares + n * mean * mean - defaults * of_defaults * of_defaults
        return intervals.mean(of_defaults, apart, defaults, self.z)

    @property
    def parts(self) -> dict[str, Callable[[], Any]]:
        """What `run --json` reports, by name, each made when it is called."""
        return {
            "pd": self._by_month,
            "causes": lambda: {name: {**_estimate(e), "count": count} for name, (count, e) in self.causes().items()},
            "runway": lambda: {kind: self.runway(kind) for kind in ("funded", "unfunded")},
            "peak_need": lambda: self.quantiles("peak_need", PEAK_QUANTILES),
            "lowest_liquidity": lambda: self.quantiles("lowest_liquidity", (0.05, 0.50)),
            "cash_flow_at_risk": self.cash_flow_at_risk,
            "raised": lambda: self.mean("raised"),
            "funding": self.funding,
            "cash": self.cash,
            "fiscal_years": self.fiscal_years,
            "contracts": self.contracts,
            "creditors": self.creditors,
        }

    def _by_month(self) -> list[dict[str, Any]]:
        label_of, upto = self.scenario.label, np.cumsum(self.counts.sum(axis=1))
        return [
            {"month": m, "label": label_of(m), **_estimate(self.pd(m)), "count": int(upto[m])}
            for m in range(1, self.months + 1)
        ]

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
            "sampling": worth(self),
            **{name: part() for name, part in self.parts.items()},
            "comparison": {name: dict(rates) for name, rates in s.comparison.items()},
        }


def _estimate(e: Estimate) -> dict[str, Any]:
    return {"value": _number(e.value), "low": _number(e.low), "high": _number(e.high)}


def _number(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


def _month(x: float) -> int | None:
    return int(x) if math.isfinite(x) else None
