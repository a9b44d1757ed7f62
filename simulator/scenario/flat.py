"""A scenario file as a list of keys: every value after `extends`, `--set` and plans, and where it came from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from simulator.components.base import Component
from simulator.quantities.number import Uncertain
from simulator.scenario.load import build
from simulator.scenario.model import PLAIN, Scenario
from simulator.scenario.resolve import Resolved, is_value, resolve
from simulator.scenario.source import Key


class Written(NamedTuple):
    """A key with its value as written and its place: "file:line", `--set`, or "default"."""

    key: str
    value: str
    origin: str


class Difference(NamedTuple):
    key: str
    old: str | None  # None: not there
    new: str | None


def dotted(key: Key) -> str:
    return ".".join(str(part) for part in key)


def shown(value: Any) -> str:
    """A value on one line, as close to TOML as one line allows."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {shown(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(shown(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def leaves(value: Any, at: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Every key that holds a value; a distribution or a list is one value, a schedule one for each month."""
    if isinstance(value, Mapping) and value and not (at and is_value(value)):
        for key, inner in value.items():
            yield from leaves(inner, (*at, key))
    else:
        yield at, value


def written(path: Path, settings: tuple[str, ...] = ()) -> list[Written]:
    """Every key of a valid file with its origin, then the defaults of its tables. Raises ScenarioError."""
    resolved = resolve(path, settings)
    found = [Written(dotted(key), shown(value), _origin(resolved, key)) for key, value in leaves(resolved.data)]
    scenario = build(resolved)
    said = {one.key for one in found}
    found += [one for one in _defaults(scenario) if one.key not in said]
    return found


def _origin(resolved: Resolved, key: Key) -> str:
    place = resolved.place(key)
    return place.file if place.file.startswith("--") else f"{place.file}:{place.line}"


def _defaults(scenario: Scenario) -> Iterator[Written]:
    tables: list[tuple[str, Component]] = [
        (name, part) for name in PLAIN if isinstance(part := getattr(scenario, name, None), Component)
    ]
    for entry in scenario.entries:
        tables.append((entry.name, entry.component))
        tables += [(f"{entry.name}.{tag}", part) for tag, part in entry.attached.items()]
    for name, table in tables:
        for field, info in type(table).model_fields.items():
            value = getattr(table, field)
            if field not in table.model_fields_set and value is not None and not info.is_required():
                text = _plain(value)
                if text is not None:
                    yield Written(f"{name}.{field}", text, "default")


def _plain(value: Any) -> str | None:
    if isinstance(value, dict | tuple) and not value:
        return None
    if isinstance(value, Component | Uncertain):
        return None
    return shown(list(value)) if isinstance(value, tuple) else shown(value)


def differences(old: Path, new: Path, settings: tuple[str, ...] = ()) -> list[Difference]:
    """The keys in which two valid files differ. `settings` go to the second. Raises ScenarioError."""
    tables = []
    for path, over in ((old, ()), (new, settings)):
        resolved = resolve(path, over)
        build(resolved)
        tables.append({dotted(key): shown(value) for key, value in leaves(resolved.data)})
    before, after = tables
    return [
        Difference(key, before.get(key), after.get(key))
        for key in dict.fromkeys((*before, *after))
        if before.get(key) != after.get(key)
    ]
