"""A number that may depend on the funding regime: one for all, or a table with one for each regime of [market]."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import Discriminator, Tag

from simulator.components.base import Problem, Surroundings
from simulator.quantities.distribution import discover
from simulator.quantities.number import SHARED

ONE, EACH = "@one", "@each"
T = TypeVar("T")


def _which(value: Any) -> str:
    """A table of which every key is a word of distributions is one uncertain number, not a table by regime."""
    words = {"p10", "p50", "p90", "truncate", "input", SHARED, *discover()}
    return EACH if isinstance(value, Mapping) and not words.issuperset(value) else ONE


ByRegime = Annotated[Annotated[T, Tag(ONE)] | Annotated[dict[str, T], Tag(EACH)], Discriminator(_which)]


def unknown_regimes(key: tuple[str, ...], value: Any, around: Surroundings, example: str) -> Iterable[Problem]:
    """Complaints about a table that names another regime, or not all of them."""
    if not isinstance(value, dict):
        return
    known = ", ".join(around.regimes) or "there is no [market]"
    for name in value:
        if name not in around.regimes:
            yield Problem((*key, name), f"`{name}` is no regime", f"regimes: {known}", "E015")
    for name in around.regimes:
        if name not in value:
            yield Problem(key, f"no `{key[-1]}` for regime `{name}`", f"{name} = {example}", "E012")


def table(value: Any, regimes: tuple[str, ...]) -> tuple[Any, ...]:
    """What a law picks from with `pick`: one number, or one a regime in their order."""
    return tuple(value[regime] for regime in regimes) if isinstance(value, dict) else (value,)


def words(value: Any, say: Any, unit: str) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{regime} {say(x, unit)}" for regime, x in value.items())
    return str(say(value, unit))


def pick(numbers: tuple[float, ...], regime: float) -> float:
    """numbers[regime], as a choice among all of them: a place in memory that differs by lane keeps a loop scalar."""
    found = numbers[0]
    for k in range(len(numbers)):
        found = numbers[k] if regime == k else found
    return found
