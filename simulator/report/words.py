"""Numbers as people say them, and a scenario in plain words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from simulator.components.base import CASH, ENDED, LIQUIDITY, month_label
from simulator.engine.block import deterministic_path
from simulator.engine.covenants import FIRST_BREACH
from simulator.engine.ledger import PEAK, UNFUNDED
from simulator.quantities.number import Uncertain
from simulator.scenario.model import Dependence, Scenario


def money(x: float | None) -> str:
    """1234567890 -> $1.23B."""
    if x is None or not math.isfinite(x):
        return "-"
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(x) >= 0.9995 * size:
            return f"{'-' if x < 0 else ''}${abs(x) / size:.{2 if abs(x) < 99.995 * size else 0}f}{letter}"
    return f"{'-' if x < 0 else ''}${abs(x):.0f}"


def percent(x: float | None) -> str:
    """0.1234 -> 12.3 %; small shares keep two digits that say something."""
    if x is None or not math.isfinite(x):
        return "-"
    y = 100 * x
    if y == 0 or abs(y) >= 99.95:
        return f"{y:.0f} %"
    if abs(y) < 0.001:
        return f"{y:.1e} %"
    return f"{y:.{1 if abs(y) >= 10 else 2 if abs(y) >= 0.1 else 3}f} %"


def points(x: float | None) -> str:
    """A difference of two shares, 0.0123 -> +1.23 pp (percentage points), never taken for a change in per cent of it."""
    if x is None or not math.isfinite(x):
        return "-"
    y = 100 * x
    size = abs(y)
    return "0 pp" if y == 0 else f"{y:+.{1 if size >= 10 else 2 if size >= 0.1 else 3 if size >= 0.001 else 5}f} pp"


def apart(x: float | None, low: float | None, high: float | None) -> str:
    """A difference of two runways: -6 (-7 to -4). Where one lies beyond the horizon, what follows: earlier by 5 or more."""
    if x is None:
        if high is not None and high < 0:
            return f"earlier by {-high:.4g} or more"
        return "not known: beyond" if low is None or low <= 0 else f"later by {low:.4g} or more"
    ends = ["open" if end is None else f"{end:.4g}" for end in (low, high)]
    return f"{'+' if x > 0 else ''}{x:.4g} ({ends[0]} to {ends[1]})"


def say(x: Any, unit: str) -> str:
    """A number of a scenario with its unit; a distribution as its P10, P50 and P90."""
    if isinstance(x, Uncertain):
        p10, p50, p90 = x.draw(np.array([0.1, 0.5, 0.9]))
        return f"{_plain(p50, unit)} (P10 {_plain(p10, unit)}, P90 {_plain(p90, unit)})"
    return _plain(float(x), unit)


def _plain(x: float, unit: str) -> str:
    if unit.startswith("$"):
        return money(x) + unit[1:]
    if unit == "%":
        return f"{100 * x:.4g} %"
    if unit == "%/mo":
        return f"{100 * x:.3g} % a month"
    return f"{x:.4g} {unit}".strip()


def in_words(scenario: Scenario) -> Iterator[str]:
    """What a scenario file means, a line each."""
    step = scenario.step.name
    s = scenario.spoken or scenario  # amounts a month and times in months, however long a step is
    yield f"{s.title or s.name}"
    yield f"  {s.calendar.months} {step}s, {s.label(1)} to {s.label(s.calendar.months)}; {s.run.paths:,} paths, seed {s.run.seed}"
    yield ""
    yield f"Opening cash {say(s.opening.cash, '$')}."
    if s.treasury.interest != 0.0:
        yield f"Cash earns {say(s.treasury.interest, '%/mo')}."
    floor = s.default.floor
    cure = say(s.default.cure, "days")
    yield f"Default: a claim unpaid for longer than {cure}" + (
        "."
        if floor is None
        else f", or liquidity below {say(floor, '$')} for longer than "
        f"{say(s.default.cure if s.default.floor_cure is None else s.default.floor_cure, 'days')}."
    )
    if s.default.debt_to_revenue is not None:
        yield f"Covenant: lines and loans at most {say(s.default.debt_to_revenue, '')} times the revenue run-rate."
    if s.recovery is not None:
        unsecured, secured = say(s.recovery.unsecured, "%"), say(s.recovery.secured, "%")
        yield f"After a default unsecured claims recover {unsecured}, secured ones {secured}."
    for entry in s.entries:
        yield ""
        yield f"[{entry.name}]"
        for line in entry.component.in_words(say):
            yield f"  {line}"
        for part in entry.attached.values():
            for line in part.in_words(say):
                yield f"  {line}"
    for group, weights in scenario.alternatives.items():
        yield ""
        shares = ", ".join(f"{name} {percent(weight)}" for name, weight in weights.items())
        yield f"[alternatives.{group}]  every path takes one: {shares}. Above is the heaviest."
    if s.dependence is not None:
        yield ""
        yield "[dependence]"
        yield from (f"  {line}" for line in _dependence(s.dependence))


def _dependence(table: Dependence) -> Iterator[str]:
    pairs = [(i, j) for i in range(len(table.shocks)) for j in range(i)]
    for i, j in pairs:
        between = say(table.correlation[i][j], "")
        yield f"Monthly scores of {table.shocks[j]} and {table.shocks[i]}: correlation {between}."
    for regime, rows in table.regimes.items():
        said = ", ".join(f"{table.shocks[j]} and {table.shocks[i]} {say(rows[i][j], '')}" for i, j in pairs)
        yield f"While the market is {regime}: {said}."
    if table.degrees_of_freedom is not None:
        freedom = say(table.degrees_of_freedom, "")
        yield f"Their extremes come together: t copula, degrees of freedom {freedom}, one chi-square a month for the whole table."
    if table.inputs is not None:
        names, rows = table.inputs.names, table.inputs.correlation
        for i in range(len(names)):
            for j in range(i):
                yield f"Drawn once a path, scores of {names[j]} and {names[i]}: correlation {say(rows[i][j], '')}."


def explained(scenario: Scenario) -> Iterator[str]:
    """What `check` says of a valid file."""
    yield from in_words(scenario)
    yield ""
    yield from deterministic(scenario)


def deterministic(scenario: Scenario) -> Iterator[str]:
    """The path without chance: exposures at the opening, runway, lowest liquidity."""
    path = deterministic_path(scenario)
    yield "Exposures at the opening (deterministic): firm = owed if notice is given today, headline = to the end of the term"
    for name in scenario.contracts:
        firm, headline = path[f"contracts.{name}.firm"][0], path[f"contracts.{name}.headline"][0]
        yield f"  {name:<24} firm {money(firm):>9}   headline {money(headline):>9}"
    yield ""
    yield "Deterministic path (normals 0, no events, uncertain inputs at their mean):"
    ended, breach, unfunded = (int(path[slot][-1]) for slot in (ENDED, FIRST_BREACH, UNFUNDED))
    yield f"  funded runway     {_month(scenario, ended, 'no default within the horizon')}"
    if scenario.default.floor is not None:
        yield f"  first breach      {_month(scenario, breach, 'the floor is never breached')}"
    yield f"  unfunded runway   {_month(scenario, unfunded, 'beyond the horizon without any uncommitted money')}"
    yield f"  peak funding need {money(float(path[PEAK][-1]))} at the opening"
    lowest = int(np.argmin(path[LIQUIDITY][1:])) + 1
    yield f"  lowest liquidity  {money(float(path[LIQUIDITY][lowest]))} in {month_label(scenario.calendar.start + lowest - 1)}"
    cash = path[CASH]
    marks = [m for m in (y * scenario.step.per_year for y in (1, 2, 3, 5)) if m <= scenario.calendar.months]
    yield "  cash              " + ", ".join(f"{money(float(cash[m]))} in {scenario.label(m)}" for m in marks)


def _month(scenario: Scenario, month: int, otherwise: str) -> str:
    return f"ends in {scenario.step.name} {month} ({scenario.label(month)})" if month else otherwise
