"""A number of a scenario: fixed, or drawn once a path. The field type that reads both and checks the valid range.

`Quantity` is used as annotation: `fee: Annotated[Number, Quantity(MONEY_PER_MONTH, low=0.0)]`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from simulator.quantities.distribution import Array, Distribution, Evaluate, read_distribution
from simulator.quantities.timestep import MONTH, TimeStep
from simulator.quantities.units import Dimension, QuantityError, finite

STEP = "step"  # the key of the validation context that holds the scenario's TimeStep
SHARED = "@shared"  # the loader's mark on a distribution that came from [inputs]


@dataclass(frozen=True)
class Uncertain:
    """A number drawn once a path: a law of the number as written, and the unit that converts it."""

    law: Distribution
    dimension: Dimension
    unit: str
    shared: str | None = None  # the name in [inputs], where several keys draw the same number
    whole: bool = False
    still: str = "mean"  # or "median": what the deterministic path takes

    def stream(self, key: str) -> str:
        """The stream of its uniforms when it stands at this key: its own, or that of everything it is drawn with."""
        return f"inputs.{self.shared}" if self.shared else key

    def draw(self, u: Array, evaluate: Evaluate | None = None) -> Array:
        """Values for uniforms `u`, shape kept, in the unit the engine computes in."""
        written = self.law.ppf(u) if evaluate is None else self.law.quantiles(u, evaluate)
        return np.asarray(self._converted(written), dtype=np.float64)

    def central(self) -> float:
        """The value on the deterministic path: the mean (or the median) of the number as written."""
        mean = self.law.mean() if self.still == "mean" else float(self.law.ppf(np.array([0.5]))[0])
        return float(self._converted(mean))

    def _converted(self, written: Any) -> Any:
        """In the engine's unit. Whole days and months are whole as they are written; what the engine counts in steps is whole
        there, also where it is written in years or days or where steps are quarters."""
        if self.whole and self.dimension.counts_steps:
            return round_half_up(self.dimension.convert(written, self.unit))
        return self.dimension.convert(round_half_up(written) if self.whole else written, self.unit)


if TYPE_CHECKING:
    Number = Any  # as below, or in a resolved component the array of its draws
else:
    Number = float | Uncertain


def round_half_up(x: Any) -> Any:
    return np.floor(np.asarray(x) + 0.5) if isinstance(x, np.ndarray) else math.floor(x + 0.5)


@dataclass(frozen=True)
class Quantity:
    """The annotation of a field: dimension, valid range (in the engine's unit), and whether both ends are open."""

    dimension: Dimension
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False  # the lower end itself is not allowed
    whole: bool = False  # rounded half up when drawn
    drawn: bool = True  # may be a distribution
    still: str = "mean"  # or "median": what the deterministic path takes of a distribution
    draws_as: str | None = None  # keys with the same name here draw with one uniform

    def read(self, value: object, step: TimeStep = MONTH) -> Number:
        if isinstance(value, Uncertain):
            return value
        dimension = self.dimension.in_steps(step)
        if isinstance(value, Mapping):
            return self._distribution(dict(value), dimension)
        number, unit = dimension.parse(value)
        converted = float(dimension.convert(finite(number), unit))
        self._check(converted, str(value), dimension)
        if self.whole and dimension.counts_steps and step.months > 1 and converted != math.floor(converted):
            raise QuantityError(
                f"{value} is no whole number of {step.name}s", f"the steps of this file are {step.name}s"
            )
        return finite(converted)

    def _distribution(self, table: dict[str, Any], dimension: Dimension) -> Uncertain:
        shared = table.pop(SHARED, self.draws_as)
        if not self.drawn:
            raise QuantityError("this key takes a fixed number, not a distribution")
        law, unit = read_distribution(table, dimension, (self.low, self.high))
        result = Uncertain(law, dimension, unit, shared, self.whole, self.still)
        low, high = (float(dimension.convert(x, unit)) if math.isfinite(x) else x for x in law.support())
        if math.isnan(low) or math.isnan(high):
            raise QuantityError(
                "the distribution can take values that are none of this key", "add `truncate = [low, high]`"
            )
        slack = 1e-12 * max(1.0, abs(low) if math.isfinite(low) else 0.0, abs(high) if math.isfinite(high) else 0.0)
        if low < self.low - slack or high > self.high + slack:
            raise QuantityError(
                f"the distribution can leave the valid range of this key, {self.range_in(dimension)}",
                "add `truncate = [low, high]`, or use a law that ends there",
            )
        return result

    def _check(self, number: float, written: str, dimension: Dimension) -> None:
        if number < self.low or number > self.high or (self.open_low and number == self.low):
            raise QuantityError(f"{written} is outside the valid range of this key, {self.range_in(dimension)}")

    @property
    def range(self) -> str:
        return self.range_in(self.dimension)

    def range_in(self, dimension: Dimension) -> str:
        unit = "" if dimension.converts_to == "1" else " " + dimension.converts_to
        if self.high == math.inf:
            return (f"above {self.low:g}" if self.open_low else f"{self.low:g} or more") + unit
        return f"{'above ' if self.open_low else ''}{self.low:g} to {self.high:g}{unit}"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def validate(value: object, info: ValidationInfo) -> Number:
            try:
                return self.read(value, (info.context or {}).get(STEP, MONTH))
            except QuantityError as problem:
                kind = "range" if "valid range" in str(problem) else "quantity"
                raise PydanticCustomError(
                    kind, "{problem}", {"problem": str(problem), "hint": problem.hint or ""}
                ) from None

        return core_schema.with_info_plain_validator_function(validate)
