"""From files to one resolved table: `extends`, `--set`, CSV schedules and shared inputs, with the origin of every key."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.components.base import month_ordinal
from simulator.quantities.distribution import discover
from simulator.quantities.number import SHARED
from simulator.scenario.diagnostics import Diagnostic, Place, ScenarioError, near
from simulator.scenario.source import Key, Source, parse, read

REMOVED = "none"  # the value that takes an inherited key away
MAX_EXTENDS = 16


@dataclass
class Resolved:
    """The merged data of a scenario, and where each key came from."""

    data: dict[str, Any]
    origins: dict[Key, Source]
    main: Source
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def place(self, key: Key) -> Place:
        """Of the key itself, or of its nearest ancestor that stands in a file."""
        for n in range(len(key), 0, -1):
            source = self.origins.get(key[:n])
            if source is not None:
                return source.place(key)
        return self.main.place(key)

    def value_place(self, key: Key) -> Place:
        source = self.origins.get(key)
        return self.place(key) if source is None else source.value_place(key)

    def complain(self, code: str, key: Key, message: str, hint: str | None = None, also: Key | None = None) -> None:
        place = self.value_place(key) if code in ("E010", "E011", "E015", "E016", "E017") else self.place(key)
        second = None if also is None else self.place(also)
        self.diagnostics.append(Diagnostic(code, message, place, hint, second, "" if also is None else "and here"))


def resolve(path: Path, settings: Sequence[str] = ()) -> Resolved:
    """Read a scenario file and everything it refers to. Raises ScenarioError where nothing sensible is left to check."""
    chain = _chain(path)
    result = Resolved({}, {}, chain[-1][1])
    for file, source in chain:
        data = {key: value for key, value in source.data.items() if key != "extends"}
        _merge(result, result.data, _with_schedules(result, data, source, file.parent), source, ())
    for setting in settings:
        source = _setting(setting)
        _merge(result, result.data, source.data, source, ())
    _share_inputs(result)
    return result


def _chain(path: Path) -> list[tuple[Path, Source]]:
    """The file and those it extends, the most distant first."""
    chain: list[tuple[Path, Source]] = []
    seen: list[Path] = []
    folder = path.parent.resolve()
    file = path
    while True:
        source = read(file, _shown(file))
        chain.append((file, source))
        seen.append(file.resolve())
        parent = source.data.get("extends")
        if parent is None:
            return chain[::-1]
        place = source.value_place(("extends",))

        def refuse(message: str, hint: str | None = None, place: Place = place) -> ScenarioError:
            return ScenarioError([Diagnostic("E005", message, place, hint)])

        if not isinstance(parent, str) or not parent.endswith(".toml"):
            raise refuse("`extends` names one TOML file", 'extends = "base.toml"')
        target = file.parent / parent
        if Path(parent).is_absolute() or not target.resolve().is_relative_to(folder):
            raise refuse(
                f"`extends` leaves the folder of the scenario: {parent}", "keep the base file in the same folder"
            )
        if target.resolve() in seen:
            raise refuse(f"`extends` runs in a circle: {parent} is read already")
        if len(seen) >= MAX_EXTENDS:
            raise refuse(f"more than {MAX_EXTENDS} files extend each other")
        if not target.exists():
            hint = near(target.name, (p.name for p in target.parent.glob("*.toml")))
            raise refuse(f"there is no {parent}", f"did you mean {hint}?" if hint else None)
        file = target


def _shown(file: Path) -> str:
    try:
        return file.resolve().relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError, RuntimeError):
        return str(file)


def _setting(text: str) -> Source:
    """`--set key=value` as a small source of its own; a value that is not TOML is taken as text."""
    key, equals, value = text.partition("=")
    key, value = key.strip(), value.strip()
    if not equals or not key or not value:
        place = Place("--set", 1, 1, max(1, len(text)), text)
        raise ScenarioError([Diagnostic("E010", "--set wants KEY=VALUE", place, "--set contracts.xai.fee=1.5B/mo")])
    try:
        return parse(f"{key} = {value}", "--set")
    except ScenarioError as problem:
        if any(d.code != "E003" for d in problem.diagnostics):
            raise
        quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return parse(f"{key} = {quoted}", "--set")


def is_value(table: Mapping[str, Any]) -> bool:
    """Whether a table is one value (a distribution, a reference, a file) and not a table of keys."""
    keys = set(table) - {"truncate", SHARED}
    return (
        keys <= {"p10", "p50", "p90"}
        or "input" in keys
        or "csv" in keys
        or (len(keys) == 1 and keys <= set(discover()))
    )


def _merge(result: Resolved, into: dict[str, Any], new: Mapping[str, Any], source: Source, at: Key) -> None:
    for key, value in new.items():
        here = (*at, key)
        old = into.get(key)
        whole = key == "schedule"  # the months of another schedule are not those of this one
        if isinstance(old, dict) and isinstance(value, dict) and not whole and _mergeable(old, value):
            result.origins[here] = source
            _merge(result, old, value, source, here)
            continue
        if value == REMOVED and key in into:
            del into[key]
            continue
        into[key] = _copy(value)
        _own(result, here, value, source)


def _mergeable(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Tables of keys merge key by key; values, and tables that become another type, replace what was there."""
    return not is_value(old) and not is_value(new) and new.get("type", old.get("type")) == old.get("type")


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _copy(v) for k, v in value.items()}
    return [_copy(v) for v in value] if isinstance(value, list) else value


def _own(result: Resolved, at: Key, value: Any, source: Source) -> None:
    for stale in [k for k in result.origins if k[: len(at)] == at]:
        del result.origins[stale]
    result.origins[at] = source
    for key, inner in _children(value):
        _own(result, (*at, key), inner, source)


def _children(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


# --- CSV schedules -----------------------------------------------------------------------------------------------------


def _with_schedules(result: Resolved, value: Any, source: Source, folder: Path, at: Key = ()) -> Any:
    if not isinstance(value, dict):
        return value
    changed = {}
    for key, inner in value.items():
        here = (*at, key)
        if key == "schedule" and isinstance(inner, dict) and "csv" in inner:
            changed[key] = _read_schedule(result, inner, source, folder, here)
        else:
            changed[key] = _with_schedules(result, inner, source, folder, here)
    return changed


def _read_schedule(result: Resolved, table: Mapping[str, Any], source: Source, folder: Path, at: Key) -> dict[str, str]:
    def complain(key: str, message: str, hint: str | None = None) -> dict[str, str]:
        result.diagnostics.append(Diagnostic("E016", message, source.value_place((*at, key)), hint))
        return {"2000-01": "0B/mo"}  # stands in, so that the rest of the file is still checked

    for key in table:
        if key not in ("csv", "column", "month", "unit"):
            result.diagnostics.append(
                Diagnostic(
                    "E014",
                    f"unknown key `{key}` in schedule",
                    source.place((*at, key)),
                    "keys: csv, column, month, unit",
                )
            )
    for key in ("csv", "column"):
        if not isinstance(table.get(key), str):
            return complain(
                key,
                f"a schedule from a file needs `{key}`",
                'schedule = { csv = "plan.csv", column = "fee", unit = "B/mo" }',
            )
    name = table["csv"]
    file = folder / name
    if Path(name).is_absolute() or not file.resolve().is_relative_to(folder.resolve()):
        return complain("csv", f"{name} lies outside the folder of the scenario")
    if not file.is_file():
        return complain("csv", f"there is no file {name} beside the scenario")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        return complain("csv", f"{name} cannot be read: {problem}")
    lines = [
        (n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and not line.lstrip().startswith("#")
    ]
    rows = list(csv.reader(io.StringIO("\n".join(line for _, line in lines))))
    if not rows:
        return complain("csv", f"{name} is empty")
    header = [cell.strip() for cell in rows[0]]
    month_column, column = str(table.get("month", "month")), table["column"]
    for key, wanted in (("month", month_column), ("column", column)):
        if wanted not in header:
            hint = near(wanted, header)
            return complain(
                key,
                f"{name} has no column `{wanted}`",
                f"did you mean `{hint}`?" if hint else "columns: " + ", ".join(header),
            )
    at_month, at_value = header.index(month_column), header.index(column)
    unit = str(table.get("unit", ""))
    schedule: dict[str, str] = {}
    for (number, line), cells in zip(lines[1:], rows[1:], strict=False):
        where = Place(_shown(file), number, 1, max(1, len(line)), line)

        def bad(message: str, hint: str | None = None, where: Place = where) -> None:
            result.diagnostics.append(Diagnostic("E016", message, where, hint))

        if len(cells) <= max(at_month, at_value):
            bad(f"row {number} has {len(cells)} cells, the header {len(header)}")
            continue
        label, amount = cells[at_month].strip(), cells[at_value].strip()
        if month_ordinal(label) is None:
            bad(f"row {number}, column `{month_column}`: {label!r} is not a calendar month", "write 2029-05")
        elif label in schedule:
            bad(f"row {number}: month {label} stands twice")
        elif not re.fullmatch(r"[+-]?(\d[\d_]*(\.\d*)?|\.\d+)([eE][+-]?\d+)?", amount):
            bad(f"row {number}, column `{column}`: {amount!r} is not a number")
        else:
            schedule[label] = amount + unit
    return schedule


# --- shared inputs -----------------------------------------------------------------------------------------------------


def _share_inputs(result: Resolved) -> None:
    """`{ input = "name" }` -> the distribution of [inputs], marked so that all its uses draw the same number."""
    inputs = result.data.pop("inputs", {})
    if not isinstance(inputs, dict):
        result.complain("E010", ("inputs",), "[inputs] is a table of named distributions")
        return
    used: set[str] = set()

    def substitute(value: Any, at: Key) -> Any:
        if isinstance(value, list):
            return [substitute(v, (*at, k)) for k, v in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if set(value) != {"input"}:
            return {k: substitute(v, (*at, k)) for k, v in value.items()}
        name = value["input"]
        if name not in inputs:
            hint = near(str(name), inputs)
            result.complain(
                "E015",
                (*at, "input"),
                f"there is no input `{name}`",
                f"did you mean `{hint}`?" if hint else "name it in [inputs]",
            )
            return value
        used.add(name)
        shared = inputs[name]
        return {**shared, SHARED: name} if isinstance(shared, dict) else shared

    result.data.update({key: substitute(value, (key,)) for key, value in result.data.items()})
    for name in inputs:
        if name not in used:
            result.complain(
                "E015",
                ("inputs", name),
                f"nothing uses the input `{name}`",
                f'write {{ input = "{name}" }} where a number stands',
            )
