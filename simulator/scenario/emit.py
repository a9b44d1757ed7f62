"""A resolved scenario as TOML again: what a command writes so that it can be run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from simulator.scenario.resolve import is_value

BARE = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(data: Mapping[str, Any]) -> str:
    """The text of a table of strings, numbers, booleans, lists and tables."""
    return "\n".join(_table(data, ())) + "\n"


def _table(data: Mapping[str, Any], at: tuple[str, ...]) -> Iterator[str]:
    plain = {k: v for k, v in data.items() if not _is_table(v)}
    if at and (plain or not data):
        yield ""
        yield f"[{'.'.join(map(_key, at))}]"
    for key, value in plain.items():
        yield f"{_key(key)} = {_value(value)}"
    for key, value in data.items():
        if _is_table(value):
            yield from _table(value, (*at, key))


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) and not (value and is_value(value))


def _key(key: str) -> str:
    return key if BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
