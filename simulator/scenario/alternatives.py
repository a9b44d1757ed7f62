"""Alternatives: several readings of the same facts, each a weighted set of overrides; every path draws one of each group.

    [alternatives.amendment.signed]
    weight = 0.6
    [alternatives.amendment.expanded]
    weight = 0.4
    [alternatives.amendment.expanded.contracts.xai]   # whatever stands here is laid over the file, as by `extends`
    fee = "1.97B/mo"

Groups are independent. A branch is one choice from each group; it is checked like a file of its own.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

from simulator.scenario.diagnostics import near
from simulator.scenario.resolve import Resolved, copied, merge
from simulator.scenario.source import Key

MAX_BRANCHES = 32
NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
FIXED = ("format", "name", "title", "description", "extends", "calendar", "keep", "run", "comparison", "alternatives")
EXAMPLE = "weight = 0.5"


class Combination(NamedTuple):
    """One choice from each group, and the file's data with their overrides laid over."""

    choices: tuple[int, ...]
    weight: float
    resolved: Resolved


def weights(resolved: Resolved) -> dict[str, dict[str, float]]:
    """group -> alternative -> weight, normalised. Complains of what is no alternative."""
    groups = resolved.data.get("alternatives", {})
    found: dict[str, dict[str, float]] = {}
    if not isinstance(groups, dict):
        resolved.complain(
            "E010", ("alternatives",), "[alternatives] holds groups of tables", "[alternatives.GROUP.NAME]"
        )
        return found
    for group, members in groups.items():
        at: Key = ("alternatives", group)
        if not isinstance(members, dict) or len(members) < 2:
            resolved.complain(
                "E010", at, f"[alternatives.{group}] needs two alternatives or more", f"[alternatives.{group}.NAME]"
            )
            continue
        table = {name: _weight(resolved, member, (*at, name)) for name, member in members.items()}
        given = {name: weight for name, weight in table.items() if weight is not None}
        if len(given) == len(table):
            total = math.fsum(given.values())
            found[group] = {name: weight / total for name, weight in given.items()}
    if math.prod(len(members) for members in found.values()) > MAX_BRANCHES:
        resolved.complain(
            "E011", ("alternatives",), f"the alternatives have more than {MAX_BRANCHES} combinations", "give fewer"
        )
        return {}
    return found


def _weight(resolved: Resolved, member: Any, at: Key) -> float | None:
    name = ".".join(map(str, at))
    if not isinstance(member, dict):
        resolved.complain("E010", at, f"[{name}] is a table of keys", f"[{name}]")
        return None
    for key in member:
        if key in FIXED and key != "description":
            resolved.complain(
                "E013", (*at, key), f"an alternative cannot change `{key}`", "it is the same on every path"
            )
    if "weight" not in member:
        wrong = near("weight", member)
        place = at if wrong is None else (*at, wrong)
        hint = EXAMPLE if wrong is None else f"is `{wrong}` meant as `weight`?"
        resolved.complain("E012", place, f"`weight` is missing in [{name}]", hint)
        return None
    weight = member["weight"]
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        resolved.complain("E010", (*at, "weight"), "a weight is a number above 0", EXAMPLE)
        return None
    if not 0 < weight < 1e9:
        resolved.complain("E011", (*at, "weight"), "a weight is a number above 0", EXAMPLE)
        return None
    return float(weight)


def combinations(resolved: Resolved, groups: dict[str, dict[str, float]]) -> list[Combination]:
    """All branches, the heaviest first (the first in the order of the file among equals)."""
    tables = resolved.data.get("alternatives", {})
    found = []
    for chosen in itertools.product(*(members.items() for members in groups.values())):
        data = {key: copied(value) for key, value in resolved.data.items() if key != "alternatives"}
        branch = Resolved(data, dict(resolved.origins), resolved.main)
        weight, choices = 1.0, []
        for (group, members), (name, share) in zip(groups.items(), chosen, strict=True):
            at: Key = ("alternatives", group, name)
            over = {key: value for key, value in tables[group][name].items() if key not in (*FIXED, "weight")}
            merge(branch, over, resolved.origin(at))
            weight *= share
            choices.append(list(members).index(name))
        found.append(Combination(tuple(choices), weight, branch))
    return sorted(found, key=lambda combination: -combination.weight)
