"""How much of a difference of default probabilities is whose: Shapley values (1953) of the changed keys.

The changed keys are players; a coalition is the first scenario with these keys as in the second. A path defaults in it or does
not, on the same random numbers, so a key's value is a whole number of paths over k!, and the values add up to the difference
exactly. Keys that only make sense together (a clause that one side has not got) are one player. Beyond six players the values are
those of one order, that of the second file: each key's effect after all before it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from math import factorial
from typing import Any, NamedTuple

import numpy as np

from simulator.analysis.paired import of_changes
from simulator.analysis.variants import Outcome, Runs, data_of
from simulator.scenario.diagnostics import ScenarioError
from simulator.scenario.flat import dotted, leaves, shown
from simulator.scenario.load import from_resolved
from simulator.scenario.model import Scenario
from simulator.scenario.source import Key

MOST = 6  # players of a Shapley value: 64 model runs
APART = ("name", "title", "description", "comparison", "keep", "format", "run", "calendar")
ABSENT = object()


class Attribution(NamedTuple):
    rows: list[dict[str, Any]]
    method: dict[str, Any]


def players(a: Scenario, b: Scenario) -> list[Key]:
    """The changed keys of the second file in their order, then what only the first has; a table that one side lacks, or that has
    another type there, is one key."""
    before, after = data_of(a), data_of(b)
    found: dict[Key, None] = {}
    for data in (after, before):
        for key, _ in leaves(data):
            if key and key[0] not in APART and _get(before, key) != _get(after, key):
                found[_whole(before, after, key)] = None
    return list(found)


def _get(data: Mapping[str, Any], key: Key) -> Any:
    here: Any = data
    for part in key:
        if not isinstance(here, Mapping) or part not in here:
            return ABSENT
        here = here[part]
    return here


def _whole(before: Mapping[str, Any], after: Mapping[str, Any], key: Key) -> Key:
    for n in range(1, len(key) + 1):
        old, new = _get(before, key[:n]), _get(after, key[:n])
        if not isinstance(old, Mapping) or not isinstance(new, Mapping) or old.get("type") != new.get("type"):
            return key[:n]
    return key


def coalition(a: Scenario, b: Scenario, keys: Sequence[Key]) -> Scenario:
    """`a` with these keys as in `b`. Raises ScenarioError where that is no scenario."""
    data, wanted = data_of(a), data_of(b)
    for key in keys:
        new = _get(wanted, key)
        here = data
        for part in key[:-1]:
            here = here.setdefault(str(part), {})
        if new is ABSENT:
            here.pop(str(key[-1]), None)
        else:
            here[str(key[-1])] = new
    return replace(from_resolved(json.dumps(data), a.file), run=a.run)


def attribute(a: Scenario, b: Scenario, month: int, runs: Runs, first: Outcome, second: Outcome) -> Attribution:
    """The difference of PD(month) between two scenarios by changed key; rows in the order of the second file."""
    found: list[tuple[Key, ...]] = [(key,) for key in players(a, b)]
    if not found:
        return Attribution([], {"method": "none", "order": [], "model_runs": 0, "joined": []})
    joined = False
    for grouped in (found, _by(found, 3), _by(found, 2), _by(found, 1)):
        wanted = _coalitions(len(grouped))
        scenarios = _valid(a, b, grouped, wanted)
        if scenarios is not None:
            found = grouped
            break
        joined = True
    else:
        found, wanted = [tuple(k for group in found for k in group)], _coalitions(1)
        scenarios = {frozenset(): a, frozenset({0}): b}
    counted = runs.count
    everybody = frozenset(range(len(found)))
    defaults, numbers = {}, first.numbers & second.numbers
    for members in wanted:
        if members in (frozenset(), everybody):
            outcome = first if not members else second
        else:
            outcome = runs.run(scenarios[members], name=" + ".join(_name(found[k]) for k in sorted(members)))
        defaults[members] = outcome.default_by(month)
        numbers = numbers & outcome.numbers
    shapley = len(found) <= MOST
    units = factorial(len(found)) if shapley else 1
    n, rows = int(numbers.sum()), []
    before, after = data_of(a), data_of(b)
    for k, group in enumerate(found):
        by_path = np.zeros(numbers.size, dtype=np.int64)
        for members, weight in _marginals(k, len(found)):
            by_path += weight * (defaults[members | {k}].astype(np.int64) - defaults[members])
        by_path = by_path[numbers]
        total = int(by_path.sum())
        value, (_, low, high) = total / units / n, of_changes(by_path / units)
        one = group[0] if len(group) == 1 else None
        rows.append({
            "key": _name(group),
            "old": None if one is None else _said(before, one),
            "new": None if one is None else _said(after, one),
            "value": value, "value_low": low, "value_high": high,
            "paths": total / units, "numerator": total, "denominator": units,
        })  # fmt: skip
    total = int(defaults[everybody][numbers].sum()) - int(defaults[frozenset()][numbers].sum())
    return Attribution(rows, {
        "method": "Shapley" if shapley else "sequential",
        "order": [_name(group) for group in found], "model_runs": runs.count - counted,
        "joined": [_name(group) for group in found if len(group) > 1] if joined else [],
        "total_paths": total, "paths": n, "total": total / n,
    })  # fmt: skip


def _by(found: Sequence[tuple[Key, ...]], depth: int) -> list[tuple[Key, ...]]:
    """Keys of one table together."""
    together: dict[Key, list[Key]] = {}
    for group in found:
        for key in group:
            together.setdefault(key[: min(depth, max(1, len(key) - 1))], []).append(key)
    return [tuple(keys) for keys in together.values()]


def _coalitions(n: int) -> list[frozenset[int]]:
    """All of them for a Shapley value, else those that grow key by key."""
    if n > MOST:
        return [frozenset(range(k)) for k in range(n + 1)]
    return [frozenset(members) for size in range(n + 1) for members in combinations(range(n), size)]


def _marginals(k: int, n: int) -> list[tuple[frozenset[int], int]]:
    """(coalition before k joins, weight): weights add up to n! (to 1 beyond MOST)."""
    if n > MOST:
        return [(frozenset(range(k)), 1)]
    others = [j for j in range(n) if j != k]
    return [
        (frozenset(members), factorial(size) * factorial(n - size - 1))
        for size in range(n)
        for members in combinations(others, size)
    ]


def _valid(
    a: Scenario, b: Scenario, found: Sequence[tuple[Key, ...]], wanted: Sequence[frozenset[int]]
) -> dict[frozenset[int], Scenario] | None:
    """Every coalition as a scenario; None if one of them is not valid."""
    made = {}
    for members in wanted:
        if not members or len(members) == len(found):
            made[members] = b if members else a
            continue
        try:
            made[members] = coalition(a, b, [key for k in sorted(members) for key in found[k]])
        except ScenarioError:
            return None
    return made


def _name(group: Sequence[Key]) -> str:
    return ", ".join(dotted(key) for key in group)


def _said(data: Mapping[str, Any], key: Key) -> str | None:
    value = _get(data, key)
    return None if value is ABSENT else shown(value)
