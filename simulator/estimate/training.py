"""Rules that say `optimal`, made ready for a run: their boundaries in the price ratio, month by month.

Trained on paths of the scenario's own, by the seed that the rule states, which are none of the paths of a run (they are numbered
from 2^40): so a run stays a function of its file alone. Where both sides of a contract say `optimal` they play the game of
estimate/exercise.py, the supplier deciding first in a month; else the other side is taken never to leave. Optimal rules of
other contracts never hold while one is trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from simulator.components.exit_rules import Optimal
from simulator.estimate.basis import Basis
from simulator.estimate.exercise import Decisions, play
from simulator.estimate.leaving import rights
from simulator.estimate.months import Months, months_of
from simulator.scenario.model import Entry, Scenario

APART = 2**40  # number of the first path that is trained on
SIDES = ("supplier", "buyer")  # in the order in which they decide in a month
Boundaries = Mapping[str, Mapping[int, float]]  # side -> calendar month -> price ratio
Stored = dict[
    str, dict[str, dict[str, float]]
]  # contract, with the branch where there are several -> side -> label -> ratio


def training_paths(scenario: Scenario, contract: str, told: Optimal) -> Months:
    return months_of(scenario, contract, APART, told.paths, told.seed)


def fitted(months: Months, basis: Basis, sides: tuple[str, ...], by_boundary: bool) -> tuple[Decisions, Decisions]:
    """Decisions of (supplier, buyer) when these sides may leave; none of a side that may not."""
    supplier, buyer = rights(months, basis, by_boundary)
    return play(supplier if "supplier" in sides else None, buyer if "buyer" in sides else None)


def boundaries(scenario: Scenario, decisions: tuple[Decisions, Decisions]) -> Boundaries:
    """Of each side by calendar month, months without one left out. Ratios are rounded to six digits, as they are stored."""
    found: dict[str, dict[int, float]] = {}
    for side, by_step in zip(SIDES, decisions, strict=True):
        found[side] = {
            scenario.calendar.start + step - 1: float(f"{d.boundary:.6g}")
            for step, d in enumerate(by_step)
            if np.isfinite(d.boundary) and step >= 1
        }
    return found


def is_ready(scenario: Scenario) -> bool:
    return not any(_untrained(e) for branch in scenario.branches for e in branch.scenario.entries)


def ready(scenario: Scenario, stored: Stored | None = None) -> Scenario:
    """The scenario with a boundary in the place of every `optimal`. `stored`: those that a run has kept, not to be trained again.

    Takes the time of a few thousand paths for each contract with such a rule; a scenario without any comes back as it is.
    Raises ValueError where a right cannot be valued."""
    if is_ready(scenario):
        return scenario
    if not scenario.branching:
        return _ready(scenario, "", stored)
    branches = tuple(
        branch._replace(scenario=_ready(branch.scenario, ".".join(map(str, branch.choices)), stored))
        for branch in scenario.branching
    )
    return replace(branches[0].scenario, alternatives=scenario.alternatives, branching=branches)


def trained(scenario: Scenario) -> Stored:
    """The boundaries of a scenario that is ready: what a run stores."""
    found: Stored = {}
    for branch in scenario.branches:
        at = ".".join(map(str, branch.choices))
        for entry in branch.scenario.entries:
            sides = {side: rule.boundary for side, rule in _rules(entry) if rule.optimal is not None}
            if sides:
                found[_key(entry, at)] = {
                    side: {scenario.label(month - scenario.calendar.start + 1): x for month, x in by_month.items()}
                    for side, by_month in sides.items()
                }
    return found


def _key(entry: Entry, branch: str) -> str:
    return f"{entry.name}@{branch}" if branch else entry.name


def _rules(entry: Entry) -> list[tuple[str, Any]]:
    exit_: Any = entry.attached.get("exit")
    parties = [(side, getattr(exit_, side, None)) for side in SIDES]
    return [(side, rule) for side, party in parties if party is not None for rule in party.when]


def _untrained(entry: Entry) -> bool:
    return any(rule.optimal is not None and "boundary" not in rule.model_fields_set for _, rule in _rules(entry))


def _ready(scenario: Scenario, branch: str, stored: Stored | None) -> Scenario:
    entries = []
    for entry in scenario.entries:
        if not _untrained(entry):
            entries.append(entry)
        elif stored is not None:
            entries.append(with_boundaries(entry, _read(scenario, stored[_key(entry, branch)])))
        else:
            entries.append(with_boundaries(entry, train(scenario, entry)))
    return replace(scenario, entries=tuple(entries))


def _read(scenario: Scenario, sides: dict[str, dict[str, float]]) -> Boundaries:
    first = scenario.calendar.start
    steps = {scenario.label(step): first + step - 1 for step in range(1, 601)}
    return {side: {steps[label]: x for label, x in by_month.items()} for side, by_month in sides.items()}


def train(scenario: Scenario, entry: Entry) -> Boundaries:
    """The boundaries of a contract whose rules say `optimal`, on the paths that the first of them asks for."""
    asked = [(side, rule.optimal) for side, rule in _rules(entry) if rule.optimal is not None]
    contract = entry.name.split(".", 1)[1]
    months = training_paths(scenario, contract, asked[0][1])
    sides = tuple(side for side, _ in asked)
    return boundaries(scenario, fitted(months, Basis.of(months), sides, by_boundary=True))


def with_boundaries(entry: Entry, found: Boundaries) -> Entry:
    """The contract with these boundaries in the place of its optimal rules."""
    exit_: Any = entry.attached["exit"]
    parties = {}
    for side in SIDES:
        party = getattr(exit_, side)
        if party is None:
            continue
        when = tuple(
            rule if rule.optimal is None else rule.model_copy(update={"boundary": dict(found[side])})
            for rule in party.when
        )
        parties[side] = party.model_copy(update={"when": when})
    return entry._replace(attached={**entry.attached, "exit": exit_.model_copy(update=parties)})
