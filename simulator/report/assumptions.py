"""The assumptions of a run: every key as it was resolved, its value as written, its unit, the comment beside it with its grade,
and the file that says so.

A scenario may extend other files and be changed by `--set`; the run's manifest has all their texts.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from simulator.components.base import Component
from simulator.scenario import describe
from simulator.scenario.flat import dotted, leaves, shown
from simulator.scenario.model import PLAIN, Scenario

STRING = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL)
GRADE = re.compile(r"^([FDAC])\b[:, ]?\s*")
GRADES = {"F": "fact", "D": "arithmetic on facts", "A": "assumption", "C": "disputed claim"}
OPEN, CLOSE = re.compile(r"[\[{]"), re.compile(r"[\]}]")


class Assumption(NamedTuple):
    key: str  # "contracts.xai.fee"
    value: str  # as written
    grade: str  # F, D, A, C or ""
    source: str  # the comment


def split(line: str) -> tuple[str, str]:
    """Code and comment of a line; a `#` inside a string is none."""
    hidden = STRING.sub(lambda m: "\x00" * len(m.group()), line)
    at = hidden.find("#")
    return (line, "") if at < 0 else (line[:at].rstrip(), line[at + 1 :].strip())


def read(text: str) -> Iterator[Assumption]:
    """Every key of a scenario's text, in file order. The text is one that was read without error."""
    table, key, depth = "", "", 0
    value: list[str] = []
    comments: list[str] = []
    above: list[str] = []  # lines of comment that stand right over a key
    for line in text.splitlines()[len(_head(text)) :]:
        code, comment = split(line)
        hidden = STRING.sub(lambda m: "_" * len(m.group()), code)
        if depth == 0:
            if not code.strip():
                above = [*above, comment] if comment else []
                continue
            if hidden.lstrip().startswith("["):
                table, above = code.strip().strip("[]").strip(), []
                continue
            at = hidden.find("=")
            if at < 0:
                continue
            key, value = code[:at].strip(), [code[at + 1 :].strip()]
            comments, above = [" ".join(above)] if above else [], []
        else:
            value.append(code.strip())
        if comment:
            comments.append(comment)
        depth = max(0, depth + len(OPEN.findall(hidden)) - len(CLOSE.findall(hidden)))
        if depth == 0:
            yield _made(f"{table}.{key}" if table else key, " ".join(v for v in value if v), comments)


def _made(key: str, value: str, comments: list[str]) -> Assumption:
    grades = [match.group(1) for c in comments if (match := GRADE.match(c))]
    kept = [c for c in comments if GRADE.sub("", c)]
    source = " · ".join([GRADE.sub("", kept[0]), *kept[1:]]) if kept else ""
    return Assumption(key, value, grades[0] if grades else "", source)


def _head(text: str) -> list[str]:
    """The lines of comment at the top."""
    lines = text.splitlines()
    end = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return lines[:end]


def head(text: str) -> str:
    """What the file says of itself at its top: what its abbreviations and grades mean."""
    return "\n".join(line[1:].strip() for line in _head(text) if not line.startswith("#:"))


# --- resolved ------------------------------------------------------------------------------------------------------------

SET, ELSEWHERE = "--set", "a file it extends"
Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Resolved:
    """One assumption of a run. `meaning` and `unit` are empty for names and lists of the file's own."""

    key: str
    value: str  # as written there
    unit: str  # in which the engine counts it, or what else it is
    meaning: str
    grade: str
    source: str
    file: str  # the one that says so, or `--set`


@dataclass(frozen=True)
class _File:
    name: str
    data: Mapping[str, Any]
    said: Mapping[Key, Assumption]

    def says(self, key: Key) -> Any:
        """The value there; Ellipsis where the file has none."""
        found: Any = self.data
        for part in key:
            if not isinstance(found, Mapping) or part not in found:
                return ...
            if "csv" in found:
                break
            found = found[part]
            if (
                isinstance(found, Mapping) and "csv" in found
            ):  # a plan beside the file: what it holds was read when it ran
                return found
        return found

    def beside(self, key: Key) -> tuple[Key, Assumption] | None:
        """What is written at the key or, in an inline table, around it."""
        for size in range(len(key), 0, -1):
            found = self.said.get(key[:size])
            if found is not None:
                return key[:size], found
        return None


def resolved(stored: Mapping[str, Any], scenario: Scenario) -> list[Resolved]:
    """Every key of a run's scenario in the order of its resolved text; `stored` is the `scenario` of its manifest. Keys that one
    inline table writes together stay one row, unless some of them come from elsewhere."""
    bases = stored.get("bases", [])
    files = [_file(base["file"], base["text"]) for base in bases] + [_file(stored["file"], stored["text"])]
    set_ = {setting.partition("=")[0].strip() for setting in stored.get("settings", [])}
    told = describe_keys(scenario)
    rows: dict[tuple[str, Key], list[tuple[Key, Any]]] = {}
    for key, value in leaves(json.loads(stored["resolved"])):
        if key and key[0] not in ("format", "name", "title", "description"):
            rows.setdefault(_home(files, set_, key, value), []).append((key, value))
    known = {file.name: file for file in files}
    heads = [head for _, head in rows]
    found = []
    for (name, head), inside in rows.items():
        file = known.get(name)
        beside = None if file is None else file.beside(head)
        alone = (
            sum(one[: len(head)] == head for one in heads) == 1
        )  # no other file, and no `--set`, changes a part of it
        if beside is not None and alone:
            found.append(_row(head, beside[1].value, beside[1], name, told))
        else:
            found += [_row(key, shown(value), beside[1] if beside else None, name, told) for key, value in inside]
    return found


def _home(files: Sequence[_File], set_: set[str], key: Key, value: Any) -> tuple[str, Key]:
    """Which file says it, and where there; the last one that does."""
    text = dotted(key)
    if not any(text == one or text.startswith(f"{one}.") for one in set_):
        for file in reversed(files):
            said = file.says(key)
            if said is not ... and (said == value or (isinstance(said, Mapping) and "csv" in said)):
                beside = file.beside(key)
                return file.name, key if beside is None else beside[0]
        return ELSEWHERE, key
    return SET, key


def _row(key: Key, value: str, beside: Assumption | None, file: str, told: Mapping[str, tuple[str, str]]) -> Resolved:
    text = dotted(key)
    unit, meaning = told.get(text, ("", ""))
    grade, source = ("", "") if beside is None else (beside.grade, beside.source)
    if file == SET:
        source = "set for this run"
    return Resolved(text, value, unit, meaning, grade, source, file)


def _file(name: str, text: str) -> _File:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # a scenario that was made in Python
        return _File(name, {}, {})
    return _File(name, data, {key: one for one in read(text) for key in [_parts(one.key)] if key})


def _parts(key: str) -> Key:
    """`a."b c".d` -> ("a", "b c", "d")."""
    try:
        found: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    parts: list[str] = []
    while isinstance(found, dict):
        ((part, found),) = found.items()
        parts.append(part)
    return tuple(parts)


def describe_keys(scenario: Scenario) -> dict[str, tuple[str, str]]:
    """Key -> (unit, meaning), of everything that the scenario is built of."""
    found: dict[str, tuple[str, str]] = {}

    def tell(prefix: str, model: type[Component]) -> None:
        for key in describe.keys(model):
            kind, name = key.kind, f"{prefix}.{key.name}"
            found[name] = (_unit(kind), " ".join(key.doc.split()))
            if kind.model is not None:
                tell(name, kind.model)

    for name in PLAIN:
        if isinstance(part := getattr(scenario, name, None), Component):
            tell(name, type(part))
    for branch in scenario.branches:
        for entry in branch.scenario.entries:
            tell(entry.name, type(entry.component))
            for tag, attached in entry.attached.items():
                tell(f"{entry.name}.{tag}", type(attached))
    return found


def _unit(kind: describe.Kind) -> str:
    if kind.name == "quantity" and kind.quantity is not None:
        return kind.quantity.dimension.name
    if kind.inner is not None:
        return _unit(kind.inner)
    return next((_unit(option) for option in kind.options), "") or {"month": "calendar month", "flag": "yes or no"}.get(
        kind.name, ""
    )
