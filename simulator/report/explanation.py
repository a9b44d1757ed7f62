"""`explain`: a component or a distribution in words, out of its own file."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.components.base import Component
from simulator.quantities.distribution import Distribution
from simulator.quantities.distribution import discover as laws
from simulator.scenario import describe
from simulator.scenario.describe import Listed

WIDTH = 22


def listing() -> Iterator[str]:
    """Everything a scenario can say, a line each."""
    for one in describe.everything():
        yield f"{one.name:<30} {one.table:<28} {_headline(one.model)}"
    yield ""
    for tag, law in sorted(laws().items()):
        yield f"{'distribution.' + tag:<30} {'any number':<28} {_first(sys.modules[law.__module__].__doc__)}"
    yield ""
    yield "simulator explain NAME prints law, keys, units, defaults and an example"


def names() -> list[str]:
    found = [one.name for one in describe.everything()] + [f"distribution.{tag}" for tag in laws()]
    return found + [name.rsplit(".", 1)[1] for name in found if "." in name]


def find(name: str) -> list[list[str]]:
    """The explanations of everything of this name."""
    found = [list(component(one)) for one in describe.everything() if name in (one.name, one.name.rsplit(".", 1)[-1])]
    found += [list(distribution(tag, law)) for tag, law in laws().items() if name in (tag, f"distribution.{tag}")]
    return found


def component(one: Listed) -> Iterator[str]:
    yield f"{one.name}   {one.table}"
    yield ""
    yield from describe.law_of(one.model).splitlines() if one.model.example else [_headline(one.model)]
    yield ""
    yield "Keys (* = required):"
    yield from _keys(one.model, "")
    if one.model.example:
        yield ""
        yield "Example:"
        yield from ("  " + line for line in one.model.example.rstrip().splitlines())
    if one.model.SHOCKS:
        where = one.table.strip("[]")
        yield ""
        yield "Shocks for [dependence]: " + ", ".join(f"{where}.{role}" for role in one.model.SHOCKS)
    yield ""
    yield f"From {_file(one.model)}"


def _keys(model: type[Component], prefix: str) -> Iterator[str]:
    for key in describe.keys(model):
        name = prefix + key.name + ("*" if key.required else "")
        yield f"  {name:<{WIDTH}} {describe.kind_words(key.kind)}" + _default(key)
        if key.doc:
            yield f"  {'':<{WIDTH}} {key.doc}"
        inner = key.kind.inner.model if key.kind.inner is not None else key.kind.model
        if inner is not None:
            yield from _keys(inner, f"{prefix}{key.name}.")


def _default(key: describe.Key) -> str:
    value = key.default
    if key.required or value is None or isinstance(value, Component) or value in ({}, ()):
        return ""
    shown = (
        str(value).lower()
        if isinstance(value, bool)
        else ", ".join(map(str, value))
        if isinstance(value, tuple)
        else value
    )
    return f"; default {shown}"


def distribution(tag: str, law: type[Distribution]) -> Iterator[str]:
    yield f"distribution.{tag}   wherever a number stands"
    yield ""
    yield from inspect.cleandoc(sys.modules[law.__module__].__doc__ or "").splitlines()
    yield ""
    yield f"  {{ {tag} = {law.fields} }}" if tag != "quantiles" else f"  {law.fields}"
    yield "  truncate = [low, high] beside it conditions the law on a range"
    yield ""
    yield f"From {_file(law)}"


def _headline(model: type[Component]) -> str:
    if model.example:
        return _first(describe.law_of(model))
    return {
        "calendar": "The horizon and the fiscal year.",
        "opening": "Balances at the close before month 1.",
        "treasury": "Cash: what it earns and what is kept of it.",
        "default": "When a path is in default.",
        "recovery": "What creditors recover after a default.",
        "dependence": "Correlation of the month's shocks, and of uncertain inputs.",
        "keep": "What is stored of every path.",
        "run": "Paths and seed.",
    }.get(model.family, "")


def _first(text: str | None) -> str:
    return " ".join((text or "").split("\n\n", 1)[0].split())


def _file(thing: Any) -> str:
    package = Path(__file__).resolve().parent.parent.parent
    return Path(inspect.getsourcefile(thing) or "").resolve().relative_to(package).as_posix()
