"""How far a lever has to move until a figure keeps a limit: a root on common random numbers.

On the same random numbers the figure is a function of the lever without noise of its own: one end of the bracket keeps the limit
and the other does not, and both were run. Inside it regula falsi with Illinois' weights (Dowell & Jarratt 1971) on the normal
score of a share, halving where that is slow. What is found keeps the limit; a run a thousandth beside it does not. All runs
together say whether the figure goes one way in the lever: where it does not, there may be further roots.

The interval is that of the answer: where the ends of the figure's own 95 % interval cross the limit.

With a wanted precision the runs that bracket are small, and say how wide the interval is: it narrows as the root of the paths.
Then runs of as many paths as that takes bracket the crossing anew, beginning at the one that was found, by the slope that is
known. A larger run goes on from the paths of a smaller one, on the same random numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from simulator.analysis.documents import Document, document, number
from simulator.analysis.levers import Amount, amount, base_of, value_at
from simulator.analysis.paired import difference
from simulator.analysis.search import (
    COARSE,
    COARSE_RUNS,
    FEW_PATHS,
    MOST_PATHS,
    RAISE,
    Search,
    bracket,
    interval,
    narrow,
    refined,
)
from simulator.analysis.variants import Outcome, Runs
from simulator.estimate.asked import Limit, limit
from simulator.quantities.units import QuantityError
from simulator.scenario.model import Scenario

PRECISION = 1e-3  # of the answer, or of the range where the answer is nought
TABLES = ("levers", "runs")


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
    within: float | None = None,
) -> Document:
    """The document of `simulator solve`: by lever the least move that keeps a limit (or the most that still keeps it).

    vary_keys: keys of numbers; `cash` and `growth` stand for opening.cash and revenue.growth, `raise` for money on top of the
    opening cash. until: `FIGURE (<=|<|>=|>) VALUE`. between: `KEY=FROM..TO`, the range for a lever (default: up to four times its
    base value to either side). within: half the interval over the answer (of `raise`: over the cash with it); runs then have as
    many paths as that takes, up to 4,000,000, and `paths` (default 16,384) are those of the runs that bracket. At most 20 model
    runs a lever, the one of the scenario as it is included. Tables: `levers` (a row each: base value, answer with its interval,
    change needed, also as a share of the base value, the figure there, whether the figure goes one way, what was spent) and
    `runs` (every run). Raises QuantityError (no such key or figure, a limit that cannot be read).
    """
    goal = limit(until) if isinstance(until, str) else until
    if not vary_keys:
        raise QuantityError("nothing to vary", "--vary opening.cash")
    ranges = _ranges(between, vary_keys)
    bases = [base_of(scenario, "opening.cash" if key == RAISE else key) for key in vary_keys]
    if within is not None and not 0.0 < within < 1.0:
        raise QuantityError(f"{within} is no relative precision", "write for example --within 1%")
    small = FEW_PATHS if within is not None and paths is None else paths
    runs = Runs.like(scenario, small, seed) if runs is None else runs
    as_it_is = runs.run(scenario, [goal.figure], name="as it is")
    levers, listed = [], []
    for key, base in zip(vary_keys, bases, strict=True):
        start = Amount(0.0, base.unit) if key == RAISE else base
        search = Search(scenario, key, goal, runs, start, runs.paths)
        search.put(start.number, as_it_is, runs.paths)
        row = _answer(search, base, ranges.get(key), precision, within)
        levers.append({**row, "law": isinstance(_value(scenario, key), dict)})
        listed += [
            _tried(search, x, outcome) for x, outcome in sorted((*search.smaller, *search.tried.items()), key=_place)
        ]
    e = goal.figure.estimate(as_it_is)
    return document(
        "solve", scenario, command, runs.paths, runs.seed, until=goal.text, figure=goal.figure.text, limit=goal.value,
        unit=goal.figure.dimension.converts_to, base={"value": number(e.value), "low": number(e.low), "high": number(e.high)},
        precision=precision, within=within, model_runs=runs.count, levers=levers, runs=listed,
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


def _place(run: tuple[float, Outcome]) -> tuple[float, int]:
    return run[0], run[1].paths


def _answer(
    search: Search, shown_base: Amount, range_: tuple[float, float] | None, precision: float, within: float | None
) -> dict[str, Any]:
    b, scale = search.base.number, abs(shown_base.number) or 1.0
    row: dict[str, Any] = {
        "lever": search.key,
        "unit": search.base.unit,
        "base": b,
        "kept_at_base": search.keeps(b),
        "answer": None, "answer_low": None, "answer_high": None, "change": None, "share_of_base": None,
        "figure_at_answer": None, "figure_at_answer_low": None, "figure_at_answer_high": None,
        "bracket_low": None, "bracket_high": None, "half_width": None, "one_way": None, "note": "",
    }  # fmt: skip
    if within is not None:
        search.allowed, search.for_ends = COARSE_RUNS, 2
    found = bracket(search, scale, range_)
    if found is None:
        ends = sorted(search.tried)
        best = max(ends, key=lambda x: -search.apart(x) if search.goal.at_most else search.apart(x))
        kept = "it is kept everywhere" if row["kept_at_base"] else f"nearest at {search.base.text(best)}"
        row["note"] = f"no crossing from {search.base.text(ends[0])} to {search.base.text(ends[-1])}; {kept}"
    else:
        good, bad = narrow(search, *found, precision=precision if within is None else COARSE, scale=scale)
        low, high = interval(search, good)
        if within is not None:
            good, bad, low, high = refined(search, good, bad, low, high, precision, within, scale)
        e = search.estimate(good)
        half = (high - low) / 2.0 / search.relative(good) if search.relative(good) else math.inf
        row |= {
            "answer": good, "answer_low": number(low), "answer_high": number(high), "change": good - b,
            "share_of_base": (good - b) / shown_base.number if shown_base.number else None,
            "figure_at_answer": number(e.value), "figure_at_answer_low": number(e.low),
            "figure_at_answer_high": number(e.high), "bracket_low": min(good, bad), "bracket_high": max(good, bad),
            "half_width": number(half),
        }  # fmt: skip
        if within is not None and half > within:
            row["note"] = f"not within {100 * within:.3g} %: {_why_not(search, half, within)}"
    row["one_way"], where = _one_way(search)
    if where:
        row["note"] = (row["note"] + "; " if row["note"] else "") + where
    row |= {"paths": search.paths, "model_runs": search.model_runs, "simulated": search.simulated}
    return row


def _why_not(search: Search, half: float, within: float) -> str:
    if not math.isfinite(half):
        return "an end of the interval was not found; give a range by --between"
    needed = search.paths * (half / within) ** 2
    return f"that takes about {needed:,.0f} paths a run" + (
        f", more than {MOST_PATHS:,}" if needed > MOST_PATHS else ""
    )


def _one_way(search: Search) -> tuple[bool, str]:
    """Whether the figure goes one way in the lever, at the numbers tried; a step back counts if its paired interval is on one
    side of nought. Runs of different lengths are compared on the paths that all have."""
    shared = min(outcome.paths for outcome in (*search.tried.values(), *(o for _, o in search.smaller)))
    everything = {x: o.first(shared) for x, o in (*search.smaller, *search.tried.items())}
    for tried in (search.tried, everything):
        found = _turns(search, tried)
        if not found[0]:
            return found
    return True, ""


def _turns(search: Search, tried: Mapping[float, Outcome]) -> tuple[bool, str]:
    ordered = sorted(tried)
    values = [search.goal.figure.estimate(tried[x]).value for x in ordered]
    rising = values[-1] >= values[0]
    for k, (x, y) in enumerate(pairwise(ordered)):
        if (values[k + 1] < values[k]) if rising else (values[k + 1] > values[k]):
            d = difference(search.goal.figure, tried[x], tried[y])
            if (d.high < 0.0) if rising else (d.low > 0.0):
                here = (
                    f"it turns between {search.base.text(x)} and {search.base.text(y)}; there may be further crossings"
                )
                return False, here
    return True, ""


def _tried(search: Search, x: float, outcome: Outcome) -> dict[str, Any]:
    e = search.goal.figure.estimate(outcome)
    return {
        "lever": search.key, "number": x, "unit": search.base.unit, "paths": outcome.paths, "value": number(e.value),
        "value_low": number(e.low), "value_high": number(e.high), "kept": search.goal.kept(e.value),
    }  # fmt: skip
