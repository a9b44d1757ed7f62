"""Plain numbers that are moved for a question: `KEY=LOW..HIGH`, at either end, and as numbers that could lie anywhere between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.analysis.levers import Amount, axis, path_of, placed, value_at, with_value
from simulator.analysis.variants import data_of, vary
from simulator.quantities.units import QuantityError
from simulator.scenario.diagnostics import ScenarioError
from simulator.scenario.flat import shown
from simulator.scenario.model import Scenario


@dataclass(frozen=True)
class Varied:
    """A key that holds one number, or none, in a scenario."""

    key: str
    low: float
    high: float
    amount: Amount

    @property
    def plain_key(self) -> str:
        return ".".join(str(part) for part in path_of(self.key))

    def at(self, scenario: Scenario, number: float) -> Scenario:
        """Raises ScenarioError where the key cannot have this number."""
        return with_value(scenario, self.key, self.amount, number)

    def spread(self, scenario: Scenario) -> Scenario:
        """With a number drawn once a path, uniform between the two. Raises ScenarioError where the key takes none."""
        low, high = (self.amount.written(x) for x in (self.low, self.high))
        return vary(scenario, tables=[placed(path_of(self.key), {"uniform": {"low": low, "high": high}})])


def varied(scenario: Scenario, text: str) -> Varied:
    """`KEY=LOW..HIGH`. Raises QuantityError: no range, no such key, the key holds a distribution, a list or a table, or it cannot
    have one of the ends."""
    key, _, values = (part.strip() for part in text.partition("="))
    if ".." not in values or ":" in values:
        raise QuantityError(f"{text!r} is not a key with two ends", "write for example 'opening.cash=60B..120B'")
    ends = axis(text)
    low, high = sorted((ends.numbers[0], ends.numbers[-1]))
    _check_plain(scenario, key)
    found = Varied(key, low, high, ends.amount)
    for number in (low, high):
        try:
            found.at(scenario, number)
        except ScenarioError as problem:
            said = problem.diagnostics[0]
            raise QuantityError(f"`{key}` cannot be {found.amount.text(number)}: {said.message}", said.hint) from None
    return found


def _check_plain(scenario: Scenario, key: str) -> None:
    try:
        value: Any = value_at(scenario, key)
    except QuantityError:
        return  # not said in the file; whether there is such a key, its schema knows
    if isinstance(value, dict):
        hint = f"leave it out of --vary, or make it a number first: --set '{key}=…'"
        raise QuantityError(f"`{key}` is uncertain already and has its own bar: {shown(value)}", hint)
    if isinstance(value, list):
        raise QuantityError(f"`{key}` is a list; only a key with one number can be varied")


def all_spread(scenario: Scenario, wanted: list[Varied]) -> tuple[Scenario, dict[str, str]]:
    """The scenario with those of these keys drawn once a path that can be, and why the others cannot."""
    current, refused = scenario, {}
    for one in wanted:
        try:
            current = one.spread(current)
        except ScenarioError as problem:
            refused[one.key] = problem.diagnostics[0].message
    return (scenario if data_of(current) == data_of(scenario) else current), refused
