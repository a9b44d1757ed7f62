"""How far a lever has to move until a figure keeps a limit: a root on common random numbers.

On the same random numbers the figure is a function of the lever without noise of its own: one end of the bracket keeps the limit
and the other does not, and both were run. Inside it regula falsi with Illinois' weights (Dowell & Jarratt 1971) on the normal
score of a share, halving where that is slow. What is found keeps the limit; a run a thousandth beside it does not. All runs
together say whether the figure goes one way in the lever: where it does not, there may be further roots.

The interval is that of the answer: where the ends of the figure's own 95 % interval cross the limit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from simulator.analysis.documents import Document, document, number
from simulator.analysis.levers import Amount, amount, base_of, turned, value_at
from simulator.analysis.paired import difference
from simulator.analysis.sweep import crossings, score
from simulator.analysis.variants import Outcome, Runs
from simulator.estimate.asked import SHARE_OF_PATHS, Limit, limit
from simulator.estimate.intervals import Estimate
from simulator.quantities.units import QuantityError
from simulator.scenario.diagnostics import ScenarioError
from simulator.scenario.model import Scenario

MOST_RUNS = 20  # for one lever
PRECISION = 1e-3  # of the answer, or of the range where the answer is nought
REACH = (0.25, 0.5, 1.0, 2.0, 4.0)  # how far from its base value a lever is tried, in units of that value
FOR_ENDS = 4  # runs kept for the interval
RAISE = "raise"
TABLES = ("levers", "runs")


@dataclass
class Search:
    """One lever: its numbers tried so far, and what the figure was there."""

    scenario: Scenario
    key: str
    goal: Limit
    runs: Runs
    base: Amount
    tried: dict[float, Outcome] = field(default_factory=dict)
    estimates: dict[float, Estimate] = field(default_factory=dict)

    @property
    def left(self) -> int:
        return MOST_RUNS - len(self.tried)

    def keeps(self, x: float) -> bool:
        value = self.estimate(x).value
        return {"<": value < self.goal.value, "<=": value <= self.goal.value, ">": value > self.goal.value,
                ">=": value >= self.goal.value}[self.goal.operator]  # fmt: skip

    def estimate(self, x: float) -> Estimate:
        """Raises ScenarioError where the lever cannot stand there."""
        if x not in self.estimates:
            made = self._made(x)
            self.tried[x] = self.runs.run(made, [self.goal.figure], name=f"{self.key} = {self.base.text(x)}")
            self.estimates[x] = self.goal.figure.estimate(self.tried[x])
        return self.estimates[x]

    def _made(self, x: float) -> Scenario:
        if self.key == RAISE:
            cash = base_of(self.scenario, "opening.cash")
            return turned(self.scenario, "opening.cash", cash.number + x)
        return turned(self.scenario, self.key, x) if x != self.base.number else self.scenario

    def apart(self, x: float) -> float:
        """How far the figure is from the limit, in the scale in which it is nearly straight; finite."""
        share = self.goal.figure.statistic == SHARE_OF_PATHS
        value, goal = self.estimate(x).value, self.goal.value
        found = score(value) - score(goal) if share else value - goal
        return max(-1e300, min(1e300, found))


def solve(
    scenario: Scenario,
    vary_keys: Sequence[str],
    until: str | Limit,
    between: Sequence[str] = (),
    paths: int | None = None,
    seed: int | None = None,
    precision: float = PRECISION,
    runs: Runs | None = None,
    command: str = "",
) -> Document:
    """The document of `simulator solve`: by lever the least move that keeps a limit (or the most that still keeps it).

    vary_keys: keys of numbers; `cash` and `growth` stand for opening.cash and revenue.growth, `raise` for money on top of the
    opening cash. until: `FIGURE (<=|<|>=|>) VALUE`. between: `KEY=FROM..TO`, the range for a lever (default: up to four times its
    base value to either side). At most 20 model runs a lever, the one of the scenario as it is included. Tables: `levers` (a row
    each: base value, answer with its interval, change needed, also as a share of the base value, the figure there, whether the
    figure goes one way) and `runs` (every run). Raises QuantityError (no such key or figure, a limit that cannot be read).
    """
    goal = limit(until) if isinstance(until, str) else until
    if not vary_keys:
        raise QuantityError("nothing to vary", "--vary opening.cash")
    ranges = _ranges(between, vary_keys)
    bases = [base_of(scenario, "opening.cash" if key == RAISE else key) for key in vary_keys]
    runs = Runs.like(scenario, paths, seed) if runs is None else runs
    as_it_is = runs.run(scenario, [goal.figure], name="as it is")
    levers, listed = [], []
    for key, base in zip(vary_keys, bases, strict=True):
        start = Amount(0.0, base.unit) if key == RAISE else base
        search = Search(scenario, key, goal, runs, start)
        search.tried[start.number] = as_it_is
        search.estimates[start.number] = goal.figure.estimate(as_it_is)
        levers.append(
            {**_answer(search, base, ranges.get(key), precision), "law": isinstance(_value(scenario, key), dict)}
        )
        listed += [_tried(search, x) for x in sorted(search.tried)]
    e = goal.figure.estimate(as_it_is)
    return document(
        "solve", scenario, command, runs.paths, runs.seed, until=goal.text, figure=goal.figure.text, limit=goal.value,
        unit=goal.figure.dimension.converts_to, base={"value": number(e.value), "low": number(e.low), "high": number(e.high)},
        precision=precision, model_runs=runs.count, levers=levers, runs=listed,
    )  # fmt: skip


def _value(scenario: Scenario, key: str) -> Any:
    return None if key == RAISE else value_at(scenario, key)


def _ranges(between: Sequence[str], keys: Sequence[str]) -> dict[str, tuple[float, float]]:
    found = {}
    for text in between:
        key, _, values = (part.strip() for part in text.partition("="))
        low, dots, high = values.partition("..")
        if not dots or key not in keys:
            raise QuantityError(f"{text!r} is not a range of a lever", "write for example 'opening.cash=60B..120B'")
        a, b = amount(low.strip()).number, amount(high.strip()).number
        found[key] = (min(a, b), max(a, b))
    return found


def _answer(search: Search, shown_base: Amount, within: tuple[float, float] | None, precision: float) -> dict[str, Any]:
    b, scale = search.base.number, abs(shown_base.number) or 1.0
    row: dict[str, Any] = {
        "lever": search.key,
        "unit": search.base.unit,
        "base": b,
        "kept_at_base": search.keeps(b),
        "answer": None, "answer_low": None, "answer_high": None, "change": None, "share_of_base": None,
        "figure_at_answer": None, "figure_at_answer_low": None, "figure_at_answer_high": None,
        "bracket_low": None, "bracket_high": None, "one_way": None, "note": "",
    }  # fmt: skip
    bracket = _bracket(search, scale, within)
    if bracket is None:
        ends = sorted(search.tried)
        best = max(ends, key=lambda x: -search.apart(x) if search.goal.at_most else search.apart(x))
        kept = "it is kept everywhere" if row["kept_at_base"] else f"nearest at {search.base.text(best)}"
        row["note"] = f"no crossing from {search.base.text(ends[0])} to {search.base.text(ends[-1])}; {kept}"
    else:
        good, bad = _narrow(search, *bracket, precision=precision, scale=scale)
        e = search.estimate(good)
        low, high = _interval(search, good)
        row |= {
            "answer": good, "answer_low": number(low), "answer_high": number(high), "change": good - b,
            "share_of_base": (good - b) / shown_base.number if shown_base.number else None,
            "figure_at_answer": number(e.value), "figure_at_answer_low": number(e.low),
            "figure_at_answer_high": number(e.high), "bracket_low": min(good, bad), "bracket_high": max(good, bad),
        }  # fmt: skip
    row["one_way"], where = _one_way(search)
    if where:
        row["note"] = (row["note"] + "; " if row["note"] else "") + where
    row["model_runs"] = len(search.tried)
    return row


def _bracket(search: Search, scale: float, within: tuple[float, float] | None) -> tuple[float, float] | None:
    """(a number that keeps the limit, one that does not), neighbours among those tried; None if all are alike."""
    b = search.base.number
    kept = search.keeps(b)
    if within is not None:
        for x in within:
            search.estimate(x)
        return _nearest_pair(search, b)
    ways = [1.0, -1.0]
    last = {1.0: b, -1.0: b}
    for n, reach in enumerate(REACH):
        for way in list(ways):
            x = b + way * reach * scale
            if (search.key == RAISE and x < 0.0) or search.left <= FOR_ENDS + 4:
                continue
            try:
                if search.keeps(x) != kept:
                    return (x, last[way]) if search.keeps(x) else (last[way], x)
            except ScenarioError:
                ways.remove(way)
                continue
            last[way] = x
        if n == 0 and len(ways) == 2:  # go on to the side on which the figure moves towards the limit
            here = [
                abs(search.apart(b + way * reach * scale)) for way in ways if b + way * reach * scale in search.tried
            ]
            if len(here) == 2 and here[0] != here[1] and min(here) < abs(search.apart(b)):
                ways = [ways[0] if here[0] < here[1] else ways[1]]
    return None


def _nearest_pair(search: Search, b: float) -> tuple[float, float] | None:
    ordered = sorted(search.tried)
    pairs = [(x, y) for x, y in pairwise(ordered) if search.keeps(x) != search.keeps(y)]
    if not pairs:
        return None
    x, y = min(pairs, key=lambda pair: min(abs(pair[0] - b), abs(pair[1] - b)))
    return (x, y) if search.keeps(x) else (y, x)


def _narrow(search: Search, good: float, bad: float, precision: float, scale: float) -> tuple[float, float]:
    """The bracket to within the precision, while there are runs."""
    f_good, f_bad = search.apart(good), search.apart(bad)
    side = 0
    while search.left > FOR_ENDS:
        wide = abs(good - bad)
        tolerance = precision * max(abs(good), 0.01 * scale)
        if wide <= tolerance:
            break
        share = f_good / (f_good - f_bad) if f_good != f_bad else 0.5
        step = (bad - good) * min(0.98, max(0.02, share if math.isfinite(share) else 0.5))
        x = good + (step if side < 3 and side > -3 else (bad - good) / 2.0)
        if abs(x - good) < 0.4 * tolerance:  # so near that the other side may close the bracket at once
            x = good + math.copysign(0.4 * tolerance, bad - good)
        elif abs(x - bad) < 0.4 * tolerance:
            x = bad - math.copysign(0.4 * tolerance, bad - good)
        if search.keeps(x):
            f_bad = f_bad / 2.0 if side > 0 else f_bad
            good, f_good, side = x, search.apart(x), max(1, side + 1)
        else:
            f_good = f_good / 2.0 if side < 0 else f_good
            bad, f_bad, side = x, search.apart(x), min(-1, side - 1)
    return good, bad


def _interval(search: Search, good: float) -> tuple[float, float]:
    """Where the ends of the figure's interval cross the limit, with runs about where that is expected."""
    share = search.goal.figure.statistic == SHARE_OF_PATHS

    def found() -> Estimate | None:
        ordered = sorted(search.estimates)
        at = [search.estimates[x] for x in ordered]
        roots = crossings(ordered, at, search.goal.figure, search.goal.value)
        return min(roots, key=lambda r: abs(r.value - good)) if roots else None

    e = search.estimate(good)
    width = (score(e.high) - score(e.low)) / 2.0 if share else (e.high - e.low) / 2.0
    apart = sorted((abs(search.apart(x) - search.apart(good)), abs(x - good)) for x in search.tried)
    far = [(f, x) for f, x in apart if f >= 0.7 * width and x > 0.0] or [(f, x) for f, x in apart[-1:] if f > 0.0]
    reach = min(
        (x * width / f for f, x in far[:1]), default=0.0
    )  # by the slope to the nearest run that differs as much
    for stretch in (1.2, 2.4):
        for way in (-1.0, 1.0):
            x = good + way * stretch * reach
            root = found()
            covered = root is not None and math.isfinite(root.low if way < 0.0 else root.high)
            if covered or reach == 0.0 or search.left <= 0 or (search.key == RAISE and x < 0.0):
                continue
            try:
                search.estimate(x)
            except ScenarioError:
                continue
    root = found()
    return (-math.inf, math.inf) if root is None else (root.low, root.high)


def _one_way(search: Search) -> tuple[bool, str]:
    """Whether the figure goes one way in the lever, at the numbers tried; a step back counts if its paired interval is on one
    side of nought."""
    ordered = sorted(search.tried)
    values = [search.estimates[x].value for x in ordered]
    rising = values[-1] >= values[0]
    for k, (x, y) in enumerate(pairwise(ordered)):
        if (values[k + 1] < values[k]) if rising else (values[k + 1] > values[k]):
            d = difference(search.goal.figure, search.tried[x], search.tried[y])
            if (d.high < 0.0) if rising else (d.low > 0.0):
                here = (
                    f"it turns between {search.base.text(x)} and {search.base.text(y)}; there may be further crossings"
                )
                return False, here
    return True, ""


def _tried(search: Search, x: float) -> dict[str, Any]:
    e = search.estimates[x]
    return {
        "lever": search.key, "number": x, "unit": search.base.unit, "value": number(e.value),
        "value_low": number(e.low), "value_high": number(e.high), "kept": search.keeps(x),
    }  # fmt: skip
