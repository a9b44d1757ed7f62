"""Keys that are turned: what a scenario says there, as a number with its unit, and the scenario with another number in its place.

A key that holds a distribution is turned as a whole: its central number is what is reported and the law is stretched with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from simulator.analysis.variants import data_of, vary
from simulator.quantities.units import QuantityError
from simulator.scenario.diagnostics import near
from simulator.scenario.flat import dotted, leaves
from simulator.scenario.model import Scenario
from simulator.scenario.resolve import is_value
from simulator.scenario.source import Key

WRITTEN = re.compile(r"\s*([+-]?)\s*\$?\s*([+-]?)((?:\d[\d_,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*", re.DOTALL)
CENTRAL = ("p50", "mean", "mode", "median")
LOCATIONS = ("p10", "p50", "p90", "mean", "low", "high", "mode", "median", "value")  # move with a law
SPREADS = ("sd", "scale")  # stretch with it
ALIASES = {"cash": "opening.cash", "growth": "revenue.growth"}


class Amount(NamedTuple):
    """A number and the text of its unit, as a file has them: `80B` is (80, "B")."""

    number: float
    unit: str | None  # None: a plain TOML number

    def written(self, number: float) -> Any:
        """Another number in the same unit, as a value of a file."""
        return number if self.unit is None else f"{number!r}{_apart(self.unit)}"

    def text(self, number: float, digits: int = 4) -> str:
        """For people."""
        shown = f"{number:.{digits}g}"
        return shown if self.unit is None else f"{shown}{_apart(self.unit)}"


def _apart(unit: str) -> str:
    return unit if unit[:1] in "kKMBT%" or not unit else f" {unit}"


def amount(value: Any) -> Amount:
    """Raises QuantityError for what is not one number with a unit."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Amount(float(value), None)
    match = WRITTEN.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise QuantityError(f"{value!r} is not a number with a unit")
    outer, inner, digits, unit = match.groups()
    sign = -1.0 if "-" in (outer, inner) else 1.0
    return Amount(sign * float(digits.replace(",", "").replace("_", "")), unit or None)


def path_of(key: str) -> Key:
    return tuple(part.strip().strip('"') for part in ALIASES.get(key, key).split("."))


def value_at(scenario: Scenario, key: str) -> Any:
    """What the scenario says at a key. Raises QuantityError where it says nothing."""
    here: Any = data_of(scenario)
    for part in path_of(key):
        if not isinstance(here, dict) or part not in here:
            known = [dotted(k) for k, _ in leaves(data_of(scenario))]
            hint = near(ALIASES.get(key, key), known)
            raise QuantityError(f"the scenario has no key `{key}`", f"did you mean `{hint}`?" if hint else None)
        here = here[part]
    if isinstance(here, dict) and set(here) == {"input"}:
        return value_at(scenario, f"inputs.{here['input']}")
    return here


def base_of(scenario: Scenario, key: str) -> Amount:
    """The number at a key; of a distribution its P50, mean or mode. Raises QuantityError."""
    value = value_at(scenario, key)
    return amount(_central(value, key))


def centre(value: Any) -> Amount:
    """The number of a value; of a distribution its P50, mean or mode. Raises QuantityError."""
    return amount(_central(value, "it"))


def _central(value: Any, key: str) -> Any:
    if not isinstance(value, dict):
        if isinstance(value, list):
            raise QuantityError(f"`{key}` is a list; only a key with one number can be turned")
        return value
    for name in CENTRAL:
        if name in value:
            return value[name]
    if len(set(value) - {"truncate"}) == 1:
        inner = next(iter(value.values()))
        if isinstance(inner, list):  # alternatives: the heaviest
            return max(inner, key=lambda one: float(one.get("weight", 0.0)))["value"]
        if isinstance(inner, dict):
            if {"low", "high"} <= set(inner) and not set(inner) & set(CENTRAL):
                low, high = amount(inner["low"]), amount(inner["high"])
                return low.written((low.number + high.number) / 2.0)
            return _central(inner, key)
    if "low" in value and "high" in value:
        low, high = amount(value["low"]), amount(value["high"])
        return low.written((low.number + high.number) / 2.0)
    raise QuantityError(f"`{key}` is a table; only a key with one number can be turned")


def turned(scenario: Scenario, key: str, number: float) -> Scenario:
    """The scenario with this number at the key, in the unit the file has there. Raises ScenarioError, QuantityError."""
    value, base = value_at(scenario, key), base_of(scenario, key)
    if isinstance(value, dict):
        new = scaled(value, number / base.number) if base.number else moved(value, number)
    else:
        new = base.written(number)
    return vary(scenario, tables=[placed(_home(scenario, key), new)])


def _home(scenario: Scenario, key: str) -> Key:
    """Where the number is written: a shared input stands in [inputs]."""
    here: Any = data_of(scenario)
    for part in path_of(key):
        here = here[part]
    return ("inputs", here["input"]) if isinstance(here, dict) and set(here) == {"input"} else path_of(key)


def placed(key: Key, value: Any) -> dict[str, Any]:
    """A table with this value at the key."""
    for part in reversed(key):
        value = {str(part): value}
    return dict(value)


def scaled(value: Any, factor: float) -> Any:
    """A value, a law, a schedule or a list with every number times a factor; weights and shapes stay."""
    return _each(value, lambda x: x * factor, lambda x: x * factor)


def moved(value: Any, by: float) -> Any:
    """The same with every number moved, in its own unit; spreads stay."""
    return _each(value, lambda x: x + by, lambda x: x)


def _each(value: Any, location: Any, spread: Any) -> Any:
    if isinstance(value, list):
        return [_each(one, location, spread) for one in value]
    if isinstance(value, Mapping):
        if set(value) == {"input"}:
            raise QuantityError(f"the input `{value['input']}` has to be changed itself, as inputs.{value['input']}")
        if not is_value(value) and not set(value) & {*LOCATIONS, *SPREADS, "weight", "shape"}:
            return {k: _each(one, location, spread) for k, one in value.items()}  # by month, by regime
        found = {}
        for k, one in value.items():
            if isinstance(one, dict | list):
                found[k] = _each(one, location, spread)
            elif k in LOCATIONS:
                found[k] = _number(one, location)
            else:
                found[k] = _number(one, spread) if k in SPREADS else one
        return found
    return _number(value, location)


def _number(value: Any, change: Any) -> Any:
    known = amount(value)
    return known.written(float(f"{change(known.number):.15g}"))


def matching(data: Mapping[str, Any], pattern: str) -> Iterator[Key]:
    """Keys of a scenario that a pattern names; `*` stands for any name of a table."""

    def walk(here: Any, rest: list[str], at: Key) -> Iterator[Key]:
        if not rest:
            yield at
        elif isinstance(here, Mapping):
            for name in list(here) if rest[0] == "*" else [rest[0]]:
                if name in here:
                    yield from walk(here[name], rest[1:], (*at, name))

    yield from walk(data, pattern.split("."), ())


def at(data: Mapping[str, Any], key: Key) -> Any:
    here: Any = data
    for part in key:
        here = here[part]
    return here


class Axis(NamedTuple):
    """One key over several numbers."""

    key: str
    numbers: tuple[float, ...]
    unit: str | None

    @property
    def amount(self) -> Amount:
        return Amount(0.0, self.unit)


def axis(text: str) -> Axis:
    """`KEY=FROM..TO[:N]` (N equal steps, 5 unless given) or `KEY=A,B,C`. Raises QuantityError with what to write."""
    example = "write for example 'opening.cash=60B..120B:7' or 'contracts.xai.exit.buyer.notice=30 days,60 days'"
    key, equals, values = (part.strip() for part in text.partition("="))
    if not equals or not key or not values:
        raise QuantityError(f"{text!r} is not a key with its range", example)
    if ".." in values:
        first, _, rest = values.partition("..")
        last, colon, count = rest.partition(":")
        if colon and not (count.strip().isdigit() and 2 <= int(count) <= 200):
            raise QuantityError(f"`{count}` in {text!r} is not a number of values from 2 to 200", example)
        n = int(count) if colon else 5
        ends = _same_unit([first, last], text)
        low, high = (end.number for end in ends)
        if low == high:
            raise QuantityError(f"{text!r} begins where it ends", example)
        return Axis(key, tuple(low + (high - low) * k / (n - 1) for k in range(n)), ends[0].unit)
    listed = _same_unit(values.split(","), text)
    if len(listed) < 2:
        raise QuantityError(f"{text!r} has one value", example)
    return Axis(key, tuple(sorted(one.number for one in listed)), listed[0].unit)


def _same_unit(texts: list[str], text: str) -> list[Amount]:
    found = [amount(one.strip()) for one in texts]
    units = {one.unit for one in found} - {None}
    if len(units) > 1:
        raise QuantityError(f"{text!r} mixes the units {' and '.join(sorted(str(u) for u in units))}", "write one unit")
    unit = units.pop() if units else None
    return [Amount(one.number, unit) for one in found]


def with_value(scenario: Scenario, key: str, one: Amount, number: float) -> Scenario:
    """The scenario with a number at a key, which need not be there. Raises ScenarioError."""
    value = int(number) if one.unit is None and number.is_integer() else one.written(number)  # some keys are whole
    return vary(scenario, tables=[placed(path_of(key), value)])
