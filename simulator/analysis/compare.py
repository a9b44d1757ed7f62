"""Scenarios side by side on common random numbers: what changed, what it does, and which change does how much of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simulator.analysis.attribution import attribute
from simulator.analysis.controlled import differences
from simulator.analysis.documents import Document, described, document, number, spread
from simulator.analysis.paired import difference
from simulator.analysis.variants import Outcome, Runs, data_of
from simulator.estimate.asked import FAMILIES, Asked, figure
from simulator.quantities.units import QuantityError
from simulator.scenario.flat import dotted, leaves, shown
from simulator.scenario.model import Scenario

APART = ("name", "title", "description", "comparison", "keep", "format")  # keys that change no path
TABLES = ("figures", "changes", "fates", "attribution")


def horizons(scenario: Scenario) -> list[int]:
    """The ends of years 1, 2, 3 and 5 within the horizon, and the horizon."""
    year, months = scenario.step.per_year, scenario.calendar.months
    return sorted({*(year * y for y in (1, 2, 3, 5) if year * y <= months), months})


def usual(scenario: Scenario, outcome: Outcome | None = None) -> list[Asked]:
    """The figures that are compared unless others are asked for."""
    found = [f"pd({m})" for m in horizons(scenario)]
    found += [
        "runway.p5",
        "runway.p25",
        "runway.p50",
        "runway.mean",
        "unfunded_runway.p50",
        "peak_need.p50",
        "peak_need.p90",
    ]
    found += ["lowest_liquidity.p5", "raised"]
    if outcome is not None and any(name.endswith(".loss") for name in outcome.column_names):
        found.append("expected_loss")
        found += [f"expected_loss({c})" for c in scenario.contracts if f"{c}.loss" in outcome.column_names]
    return [figure(text) for text in found]


def compare(
    scenarios: Sequence[Scenario],
    figures: Sequence[str | Asked] = (),
    by: int | None = None,
    paths: int | None = None,
    seed: int | None = None,
    attribution: bool = True,
    runs: Runs | None = None,
    command: str = "",
    controls: bool = False,
) -> Document:
    """The document of `simulator compare`: every further scenario against the first.

    figures: instead of the usual ones. by: the step whose default probability is attributed to the changed keys (default: that
    of the second year, or the horizon). paths, seed: of all (default: those of the first). Tables: `figures` (value and interval
    of both, difference with its paired interval, `gain` = variance of independent runs over the paired one), `changes` (key by
    key), `fates` (paths by which of the two defaults by a step), `attribution`.
    controls (or `run.estimator = "controlled"` of the first): shares and means also with control variates, `controlled` with its
    interval and `controlled_gain`, at the cost of a pilot of both. Raises QuantityError (a figure that a scenario does not have;
    fewer than two scenarios; steps or starts that differ).
    """
    if len(scenarios) < 2:
        raise QuantityError("a comparison needs two scenarios or more", "give a second file, or --set KEY=VALUE")
    base, *others = scenarios
    for other in others:
        if (other.calendar.start, other.calendar.step) != (base.calendar.start, base.calendar.step):
            raise QuantityError(
                f"{other.name} starts elsewhere or has other steps than {base.name}", "align [calendar]"
            )
    shortest = min(scenarios, key=lambda s: s.calendar.months)
    names = labels(scenarios)
    runs = Runs.like(base, paths, seed) if runs is None else runs
    asked = [figure(f) if isinstance(f, str) else f for f in figures]
    first = runs.run(base, asked, name=names[0])
    asked = asked or [f for f in usual(shortest, first) if all(_has(f, s) for s in scenarios)]
    month = _attributed(shortest, by)
    body: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
    methods: list[dict[str, Any]] = []
    for name, other in zip(names[1:], others, strict=True):
        second = runs.run(other, asked, name=name)
        shown_here = [f for f in asked if not _missing(f, second)]
        table = [_row(name, f, first, second) for f in shown_here]
        if controls or base.run.estimator == "controlled":
            sharper = differences(runs, base, other, shown_here, first, second)
            for row, d in zip(table, sharper, strict=True):
                row |= spread("controlled", None if d is None else d[:3])
                row["controlled_gain"] = None if d is None else number(d.gain)
        body["figures"] += table
        body["changes"] += [{"variant": name, **change} for change in changes(base, other)]
        body["fates"] += [_fates(name, base, m, first, second) for m in horizons(shortest)]
        if attribution:
            found = attribute(base, other, month, runs, first, second)
            body["attribution"] += [{"variant": name, **row} for row in found.rows]
            methods.append({"variant": name, **found.method})
    listed = [{"label": label, **described(s)} for label, s in zip(names, scenarios, strict=True)]
    about = {"variants": listed, "attributed_month": month, "attribution_methods": methods, "model_runs": runs.count}
    return document("compare", base, command, runs.paths, runs.seed, **about, **body)


def labels(scenarios: Sequence[Scenario]) -> list[str]:
    """Names that differ."""
    seen: dict[str, int] = {}
    found = []
    for s in scenarios:
        seen[s.name] = seen.get(s.name, 0) + 1
        found.append(s.name if seen[s.name] == 1 else f"{s.name} ({seen[s.name]})")
    return found


def _attributed(scenario: Scenario, by: int | None) -> int:
    months, year = scenario.calendar.months, scenario.step.per_year
    if by is not None and not 1 <= by <= months:
        raise QuantityError(f"{by} is not a month from 1 to {months}")
    return min(months, 2 * year) if by is None else by


def _has(asked: Asked, scenario: Scenario) -> bool:
    return FAMILIES[asked.name].argument != "CREDITOR" or asked.argument is None or asked.argument in scenario.contracts


def _missing(asked: Asked, outcome: Outcome) -> bool:
    try:
        asked.values(outcome)
    except (KeyError, QuantityError):
        return True
    return False


def _row(name: str, asked: Asked, a: Outcome, b: Outcome) -> dict[str, Any]:
    d = difference(asked, a, b)
    return {
        "variant": name,
        "figure": asked.text,
        "unit": asked.dimension.converts_to,
        **spread("base", asked.estimate(a)),
        **spread("value", asked.estimate(b)),
        **spread("difference", d[:3]),
        **spread("gain", d[3:]),
    }


def changes(a: Scenario, b: Scenario) -> list[dict[str, str | None]]:
    """Key by key what `b` says and `a` does not say; what changes no path apart."""
    before, after = (
        {dotted(key): shown(value) for key, value in leaves(data_of(s)) if key and key[0] not in APART} for s in (a, b)
    )
    keys = [key for key in dict.fromkeys((*before, *after)) if before.get(key) != after.get(key)]
    return [{"key": key, "old": before.get(key), "new": after.get(key)} for key in keys]


def _fates(name: str, base: Scenario, month: int, a: Outcome, b: Outcome) -> dict[str, Any]:
    both = a.numbers & b.numbers
    old, new = a.default_by(month)[both], b.default_by(month)[both]
    return {
        "variant": name,
        "month": month,
        "label": base.label(month),
        "paths": int(both.sum()),
        "saved": int((old & ~new).sum()),  # default in the first only
        "lost": int((new & ~old).sum()),  # in the second only
        "both": int((old & new).sum()),
        "neither": int((~old & ~new).sum()),
    }
