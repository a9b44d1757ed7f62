"""From files to one resolved table: `extends`, `--set` and CSV plans, with the origin of every key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any, NamedTuple

from simulator.quantities.distribution import discover
from simulator.quantities.number import SHARED
from simulator.scenario.diagnostics import Diagnostic, Place, ScenarioError, near
from simulator.scenario.plans import shown, with_plans
from simulator.scenario.source import FORBIDDEN, Key, Source, parse, read

REMOVED = "none"  # the value that takes an inherited key away
MAX_EXTENDS = 16


class Origin(NamedTuple):
    """Where a key was written: the file (or `--set`), and under which key there."""

    source: Source
    key: Key


@dataclass
class Resolved:
    """The merged data of a scenario, and where each key came from."""

    data: dict[str, Any]
    origins: dict[Key, Origin]
    main: Source
    bases: list[Source] = field(default_factory=list)  # what it extends, the most distant first
    settings: list[str] = field(default_factory=list)  # `KEY=VALUE`, in their order
    diagnostics: list[Diagnostic] = field(default_factory=list)
    silenced: set[Key] = field(default_factory=set)  # what is known to be wrong there is said already
    shared: dict[Key, Key] = field(default_factory=dict)  # where an input is used -> where it is defined

    def origin(self, key: Key) -> Origin:
        """Of the key itself, or of its nearest ancestor that stands in a file."""
        for n in range(len(key), 0, -1):
            known = self.origins.get(key[:n])
            if known is not None:
                return Origin(known.source, (*known.key, *key[n:]))
        return Origin(self.main, key)

    def place(self, key: Key) -> Place:
        source, there = self.origin(key)
        return source.place(there)

    def value_place(self, key: Key) -> Place:
        source, there = self.origin(key)
        return source.value_place(there) if key in self.origins else source.place(there)

    def complain(self, code: str, key: Key, message: str, hint: str | None = None, also: Key | None = None) -> None:
        if any(key[: len(known)] == known for known in self.silenced):
            return
        place = self.value_place(key) if code in ("E010", "E011", "E015", "E016", "E017") else self.place(key)
        second, label = (None, "") if also is None else (self.place(also), "and here")
        for use, definition in self.shared.items():
            if key[: len(use)] == use:
                place, second, label = self.value_place((*definition, *key[len(use) :])), place, "used here"
        self.diagnostics.append(Diagnostic(code, message, place, hint, second, label))


def resolve(path: Path, settings: Sequence[str] = ()) -> Resolved:
    """Read a scenario file and everything it refers to. Raises ScenarioError where nothing sensible is left to check."""
    chain = _chain(path)
    result = Resolved({}, {}, chain[-1][1], [source for _, source in chain[:-1]])
    for file, source in chain:
        data = {key: value for key, value in source.data.items() if key != "extends"}
        _refuse_foreign(source)
        merge(result, with_plans(data, source, file.parent, result.diagnostics), Origin(source, ()))
    return lay_over(result, settings)


def lay_over(result: Resolved, settings: Sequence[str] = (), tables: Sequence[Mapping[str, Any]] = ()) -> Resolved:
    """Lay tables, then settings (`KEY=VALUE`), over what is there. Raises ScenarioError for a setting that cannot be read."""
    sources = [Source("variant", "", dict(table)) for table in tables] + [_setting(setting) for setting in settings]
    for source in sources:
        _refuse_foreign(source)
        merge(result, source.data, Origin(source, ()))
    result.settings += settings
    return result


def _chain(path: Path) -> list[tuple[Path, Source]]:
    """The file and those it extends, the most distant first."""
    chain: list[tuple[Path, Source]] = []
    seen: list[Path] = []
    try:
        folder = path.parent.resolve()
    except (OSError, ValueError, RuntimeError):
        raise ScenarioError([Diagnostic("E001", f"cannot read `{path}`: there is no such folder", None)]) from None
    file = path
    while True:
        source = read(file, shown(file))
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
        try:
            target.exists()
            resolved = target.resolve()
        except (OSError, ValueError, RuntimeError):  # a name too long, a NUL, a circle of links
            raise refuse(f"`extends` cannot be followed: {parent}", 'extends = "base.toml"') from None
        if Path(parent).is_absolute() or not resolved.is_relative_to(folder):
            raise refuse(
                f"`extends` leaves the folder of the scenario: {parent}", "keep the base file in the same folder"
            )
        if resolved in seen:
            raise refuse(f"`extends` runs in a circle: {parent} is read already")
        if len(seen) >= MAX_EXTENDS:
            raise refuse(f"more than {MAX_EXTENDS} files extend each other")
        if not target.exists():
            hint = near(target.name, (p.name for p in target.parent.glob("*.toml")))
            raise refuse(f"there is no {parent}", f"did you mean {hint}?" if hint else None)
        file = target


def _refuse_foreign(source: Source) -> None:
    """What TOML can say and a scenario cannot: dates, characters that no eye sees behind an escape, our own mark."""
    found = []

    def look(value: Any, at: Key) -> None:
        if isinstance(value, date | time):
            hint = f'write it as text: "{str(value)[:7]}"'
            found.append(Diagnostic("E010", "a date of TOML stands for nothing here", source.value_place(at), hint))
        if at and at[-1] == SHARED:
            found.append(Diagnostic("E014", f"unknown key `{SHARED}`", source.place(at), '{ input = "name" }'))
        for text in (value, at[-1] if at else ""):
            if isinstance(text, str) and FORBIDDEN.search(text):
                message = "a text holds a control or bidirectional character behind an escape"
                found.append(Diagnostic("E002", message, source.value_place(at), "remove it"))
        for key, inner in _children(value):
            look(inner, (*at, key))

    look(source.data, ())
    if found:
        raise ScenarioError(dict.fromkeys(found))


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
    if keys <= {"p10", "p50", "p90"} or "input" in keys:
        return True
    return len(keys) == 1 and _is_law(tag := next(iter(keys)), table[tag])


def _is_law(tag: str, body: Any) -> bool:
    """`{ gamma = { mean, sd } }` is a distribution; `{ gamma = 2 }`, with a number or a distribution, sets a key of that name."""
    if tag not in discover() or not isinstance(body, dict | list):
        return False
    return isinstance(body, list) or not (
        {"p50", "input"} & set(body) or set(body) - {"truncate", SHARED} <= set(discover())
    )


def merge(result: Resolved, new: Mapping[str, Any], origin: Origin) -> None:
    """Lay a table of the file over what is there: tables of keys merge, values replace, `none` takes away."""
    _merge(result, result.data, new, origin, ())


def _merge(result: Resolved, into: dict[str, Any], new: Mapping[str, Any], origin: Origin, at: Key) -> None:
    for key, value in new.items():
        here = (*at, key)
        there = Origin(origin.source, (*origin.key, key))
        old = into.get(key)
        whole = key == "schedule"  # the months of another schedule are not those of this one
        if isinstance(old, dict) and isinstance(value, dict) and not whole and _mergeable(old, value):
            result.origins[here] = there
            _merge(result, old, value, there, here)
            continue
        if value == REMOVED and key in into:
            del into[key]
            continue
        if key in into:
            _forget(result, here, old)
        into[key] = copied(value)
        _own(result, here, value, there)


def _mergeable(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Tables of keys merge key by key; values, and tables that become another type, replace what was there."""
    return not is_value(old) and not is_value(new) and new.get("type", old.get("type")) == old.get("type")


def copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: copied(v) for k, v in value.items()}
    return [copied(v) for v in value] if isinstance(value, list) else value


def _forget(result: Resolved, at: Key, value: Any) -> None:
    result.origins.pop(at, None)
    for key, inner in _children(value):
        _forget(result, (*at, key), inner)


def _own(result: Resolved, at: Key, value: Any, origin: Origin) -> None:
    result.origins[at] = origin
    for key, inner in _children(value):
        _own(result, (*at, key), inner, Origin(origin.source, (*origin.key, key)))


def _children(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()
