"""Which numbers of a scenario are drawn once a path: the walk that replaces them, and their list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from simulator.components.base import Component, Sampled, month_label
from simulator.quantities.number import Uncertain
from simulator.scenario.diagnostics import near
from simulator.scenario.model import InputDependence, Scenario
from simulator.scenario.resolve import Resolved
from simulator.scenario.source import Key, Source

Each = Callable[[str, Uncertain], Any]


def with_drawn(value: Any, key: str, number: Each) -> Any:
    """A copy of a component (or a part of one) in which every number drawn once a path is replaced."""
    if isinstance(value, Uncertain):
        return number(key, value)
    if isinstance(value, Component):
        changed = {name: with_drawn(getattr(value, name), f"{key}.{name}", number) for name in type(value).model_fields}
        return type(value).model_construct(_fields_set=value.model_fields_set, **changed)
    if isinstance(value, dict):
        named = {k: month_label(k) if isinstance(k, int) else k for k in value}
        return {k: with_drawn(v, f"{key}.{named[k]}", number) for k, v in value.items()}
    if isinstance(value, tuple):
        return tuple(with_drawn(v, f"{key}.{k}", number) for k, v in enumerate(value))
    return value


def drawn_once(scenario: Scenario) -> dict[str, str]:
    """Key -> stream of every number that is drawn once a path."""
    found: dict[str, str] = {}

    def note(key: str, value: Uncertain) -> Uncertain:
        found[key] = value.stream(key)
        return value

    for name, part in parts_of(scenario):
        with_drawn(part, name, note)
        found |= _drawn_by_components(part, name)
    return found


def _drawn_by_components(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Key and stream of every number that a component draws once a path itself."""
    if isinstance(value, Sampled):
        if value.once and isinstance(value.number, Uncertain):
            yield key, value.number.stream(key)
    elif isinstance(value, Component):
        for name in type(value).model_fields:
            yield from _drawn_by_components(getattr(value, name), f"{key}.{name}")
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _drawn_by_components(inner, f"{key}.{name}")


def parts_of(scenario: Scenario) -> Iterator[tuple[str, Component]]:
    """Every component of a scenario with its name, those of its plain tables included."""
    for name in ("opening", "treasury", "default", "recovery"):
        if getattr(scenario, name) is not None:
            yield name, getattr(scenario, name)
    for entry in scenario.entries:
        yield entry.name, entry.component
        yield from ((f"{entry.name}.{tag}", part) for tag, part in entry.attached.items())
    if scenario.dependence is not None:
        yield "dependence", scenario.dependence.triangular()


def streams_of(table: InputDependence, drawn: dict[str, str]) -> list[str]:
    """The streams that the names of a table stand for: a name of [inputs] has no dot, a key has one. What this branch of
    the file does not draw keeps its place in the table."""
    return [drawn.get(name, name) if "." in name else f"inputs.{name}" for name in table.names]


def check_names(branches: Sequence[tuple[Resolved, Scenario]]) -> None:
    """Complain of every name of [dependence.inputs] that no branch draws once a path, or that is drawn with another."""
    drawn: dict[str, str] = {}
    monthly: set[str] = set()
    for resolved, scenario in branches:
        _check_launches(resolved, scenario)
        drawn |= drawn_once(scenario)
        monthly |= {f"{e.name}.{field}" for e in scenario.entries for field in _sampled(e.component)}
    _check_given(branches, drawn)
    shared = {stream.removeprefix("inputs.") for stream in drawn.values() if stream.startswith("inputs.")}
    known = [*sorted(name for name in shared if not name.startswith("@") and "." not in name), *drawn]
    for resolved, scenario in branches:
        table = None if scenario.dependence is None else scenario.dependence.inputs
        if table is None:
            continue
        for k, name in enumerate(table.names):
            at: Key = ("dependence", "inputs", "names", k)
            owner = drawn.get(name, name).removeprefix("inputs.")
            if name in monthly:
                said = f"`{name}` is drawn anew each month, not once a path"
                resolved.complain("E015", at, said, "its shock belongs in `shocks` of [dependence]")
            elif name not in known and not _fixed_from_outside(resolved, name, at):
                hint = near(name, known)
                words = (
                    f"did you mean `{hint}`?" if hint else "uncertain: " + (", ".join(known) or "nothing in this file")
                )
                resolved.complain("E015", at, f"`{name}` is no uncertain number of this file", words)
            elif "." in name and owner != name and not owner.startswith("@"):
                said = f"`{name}` draws the shared input `{owner}`"
                resolved.complain("E015", at, said, f'list "{owner}" instead')
        streams = streams_of(table, drawn)
        for k, stream in enumerate(streams):
            first = streams.index(stream)
            if first < k and table.names[first] != table.names[k]:
                said = f"`{table.names[k]}` is drawn with the same number as `{table.names[first]}`"
                resolved.complain("E018", ("dependence", "inputs", "names", k), said, "list one of them")


def decided_once(scenario: Scenario) -> Iterator[str]:
    """Streams of what is decided once a path by a uniform of its own."""
    for entry in scenario.entries:
        yield from (f"{entry.name}.{role}" for role in entry.component.decided_once)
        for tag, part in entry.attached.items():
            yield from (f"{entry.name}.{tag}.{role}" for role in part.decided_once)


def _check_given(branches: Sequence[tuple[Resolved, Scenario]], drawn: dict[str, str]) -> None:
    """Complain of every name of [shocks.once] that nothing is drawn by."""
    known = [*dict.fromkeys(name for _, scenario in branches for name in decided_once(scenario)), *drawn.values()]
    for resolved, scenario in branches:
        for name in scenario.shocks.once:
            if name not in known and not name.startswith("alternatives."):
                hint = near(name, known)
                words = f"did you mean `{hint}`?" if hint else "drawn once a path: " + (", ".join(known) or "nothing")
                resolved.complain("E015", ("shocks", "once", name), f"nothing draws `{name}` once a path", words)


def _check_launches(resolved: Resolved, scenario: Scenario) -> None:
    """Complain where what a launch draws depends on what another one draws, or on the curve that the price keeps to: each is
    given back by its own expectation."""
    if not any(e.name == "price" and getattr(type(e.component), "reprices", False) for e in scenario.entries):
        return
    drawn = drawn_once(scenario)
    curve = (
        "price.launches.",
        "price.curve.",
        "price.now",
        "price.drift",
        "price.points.",
    )  # of two factors without a table
    taken = {k: s for k, s in drawn.items() if k.startswith(curve)}
    table = None if scenario.dependence is None else scenario.dependence.inputs
    tabled = set() if table is None else set(streams_of(table, drawn))
    for key, stream in taken.items():
        others = [k for k, s in taken.items() if k != key and (s == stream or {s, stream} <= tabled)]
        if key.startswith("price.launches.") and others:
            said = f"what a launch draws depends on `{others[0]}`; the mean of the price would leave its curve"
            hint = "draw it by itself: leave it out of [dependence.inputs] and [inputs]"
            resolved.complain("E013", tuple(key.split(".")), said, hint)
            return


def _fixed_from_outside(resolved: Resolved, name: str, listed: Key) -> bool:
    """Whether a fixed number stands there that `--set` or an extending file put in the place of what the list was made for."""
    parts = name.split(".") if "." in name else ("inputs", name)
    known = resolved.origins.get(tuple(int(part) if part.isdecimal() else part for part in parts))

    def later(source: Source) -> int:
        return 2 if source.name.startswith("--") else int(source is resolved.main)

    if not resolved.origins:
        return True  # a stored run: what it says was checked when it ran
    return known is not None and later(known.source) > later(resolved.origin(listed).source)


def _sampled(component: Component) -> Iterator[str]:
    for name in type(component).model_fields:
        value = getattr(component, name)
        if isinstance(value, Sampled) and not value.once:
            yield name
