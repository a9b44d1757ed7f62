"""When a side of a contract gives notice: by thresholds, by a boundary in the price ratio month by month, or at the best moment.

Any rule that holds gives notice, and within a rule every condition must hold. `optimal` stands for a boundary that is found
before the run, by least squares on paths of the scenario's own (estimate/training.py): a run knows boundaries only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from simulator.components.base import Builder, Component, Month, Problem, Series, month_label
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONEY, MONTHS, NUMBER

NEVER = math.inf
Boundary = dict[Month, Annotated[Number, Quantity(NUMBER, low=0.0, drawn=False)]]


class Optimal(Component):
    family: ClassVar[str] = "part"
    paths: Annotated[int, Field(ge=1024, le=1_000_000)] = 16_384
    """On how many paths the boundary is trained; they are none of the paths of a run."""
    seed: Annotated[int, Field(ge=0, lt=2**64)] = 1
    """Of those paths."""


class Rule(Component):
    family: ClassVar[str] = "part"
    price_ratio_below: Annotated[Number, Quantity(NUMBER, low=0.0)] | None = None
    """The market price over the contract's is below this."""
    boundary: Boundary = Field(default_factory=dict)
    """The same with a number for each month; months that are not listed have none."""
    optimal: Optimal | None = None
    """Leaving is worth more than staying: a boundary as above, trained before the run."""
    runway_below: Annotated[Number, Quantity(MONTHS, low=0.0)] | None = None
    """Runway at the present burn is below this."""
    liquidity_below: Annotated[Number, Quantity(MONEY, low=0.0)] | None = None
    """Liquidity at the last close is below this."""
    stranded: Literal[True] | None = None
    """Some paid capacity of any contract is unused."""

    @property
    def ratio(self) -> Number | None:
        return self.price_ratio_below

    def in_words(self, say: Any) -> str:
        words = _of_ratio(self, "below", say)
        if self.runway_below is not None:
            words.append(f"runway is below {say(self.runway_below, 'months')}")
        if self.liquidity_below is not None:
            words.append(f"liquidity is below {say(self.liquidity_below, '$')}")
        if self.stranded:
            words.append("capacity is stranded")
        return " and ".join(words)


class SupplierRule(Component):
    family: ClassVar[str] = "part"
    price_ratio_above: Annotated[Number, Quantity(NUMBER, low=0.0)] | None = None
    """The market price over the contract's is above this."""
    boundary: Boundary = Field(default_factory=dict)
    """The same with a number for each month; months that are not listed have none."""
    optimal: Optimal | None = None
    """Leaving is worth more to the supplier than staying: a boundary as above, trained before the run."""

    @property
    def ratio(self) -> Number | None:
        return self.price_ratio_above

    def in_words(self, say: Any) -> str:
        return " and ".join(_of_ratio(self, "above", say))


AnyRule = Rule | SupplierRule


def complaints(rule: AnyRule, at: tuple[str | int, ...], unpriced: tuple[str, str] | None) -> Iterable[Problem]:
    """What is wrong with a rule. `unpriced`: what to say where there is no price ratio."""
    if not rule.model_fields_set:
        yield Problem(at, "an empty rule would always hold", "delete it or name a condition")
    threshold = "price_ratio_below" if isinstance(rule, Rule) else "price_ratio_above"
    named = [key for key in (threshold, "boundary", "optimal") if key in rule.model_fields_set]
    for key in named[1:]:
        said = f"`{named[0]}` and `{key}` are two readings of one condition"
        yield Problem((*at, key), said, "keep one of them, or write two rules", also=(*at, named[0]))
    if named and unpriced is not None:
        yield Problem((*at, named[0]), *unpriced)
    if "boundary" in rule.model_fields_set and not rule.boundary:
        yield Problem((*at, "boundary"), "an empty boundary holds in no month", 'boundary = { "2027-01" = 0.75 }')


def threshold(b: Builder, rule: AnyRule, none: float) -> Any:
    """The number or series that the price ratio is compared with; None where the rule says nothing of it. `none`: what never
    holds."""
    if rule.optimal is not None and "boundary" not in rule.model_fields_set:
        if not b.deterministic:
            raise ValueError(
                f"{b.name}: the boundary of an optimal rule is trained before a program is built; see estimate/training.py"
            )
        return none  # on the deterministic path nobody trains: no notice
    if "boundary" in rule.model_fields_set:
        return Series([rule.boundary.get(m + b.start, none) for m in range(b.months + 1)])
    return rule.ratio


def _of_ratio(rule: AnyRule, side: str, say: Any) -> list[str]:
    ratio = rule.ratio
    if ratio is not None:
        return [f"the market price is {side} {say(ratio, '')} of the contract's"]
    if rule.boundary:
        return [f"the market price is {side} {_course(rule.boundary, say)} of the contract's"]
    if rule.optimal is not None:
        return ["leaving is worth more than staying (optimal exercise, trained before the run)"]
    return []


def _course(boundary: Mapping[int, Any], say: Any) -> str:
    months: Sequence[int] = sorted(boundary)
    first, last = months[0], months[-1]
    return f"{say(boundary[first], '')} in {month_label(first)} … {say(boundary[last], '')} in {month_label(last)}"
