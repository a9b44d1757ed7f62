"""What a distribution is: a law of the number as written, before its unit is converted.

Each law is one file in `laws/`, found by being there. A law gives its quantile function on arrays (`ppf`, for inputs
drawn once a path) and, where one exists in closed form, as a scalar function (`monthly`, for amounts drawn each month).
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.mathematics.quadrature import gauss_legendre
from simulator.quantities.units import Dimension, QuantityError, describe, finite

Array = npt.NDArray[np.float64]
Read = Callable[[object], float]  # one number of the law, in the unit of the whole distribution


class Table(tuple[Any, ...]):
    """Numbers that a law of the month loop looks up (in a component's step also arrays over paths)."""


class Monthly(NamedTuple):
    """A quantile function for the month loop: `law(score, *params)`, score a standard normal or a uniform."""

    law: Callable[..., float]
    params: tuple[Any, ...]
    score: str  # "normal" or "uniform"


Evaluate = Callable[
    [Monthly, Array], Array
]  # a closed quantile function over an array of uniforms, by whoever does it fast


class Distribution(ABC):
    """A law of one number. Frozen dataclasses; compared and hashed by value."""

    tag: ClassVar[str]  # the key a person writes
    fields: ClassVar[str]  # what stands behind it, for messages

    @classmethod
    @abstractmethod
    def read(cls, table: Any, number: Read, bounds: tuple[float | None, float | None]) -> Distribution:
        """From the TOML value; `bounds` is the valid range of the key, in the written unit. Raises QuantityError."""

    @abstractmethod
    def ppf(self, u: Array) -> Array:
        """The quantile function on (0, 1)."""

    @abstractmethod
    def cdf(self, x: float) -> float:
        """P(X <= x)."""

    @abstractmethod
    def mean(self) -> float:
        """What the deterministic path takes."""

    def expectation(self) -> float:
        """E[X]: the mean, except where the deterministic path takes something else."""
        return self.mean()

    @abstractmethod
    def support(self) -> tuple[float, float]: ...

    def conditioned(self, low: float, high: float) -> Distribution:
        """The law of X given low <= X <= high. Raises QuantityError where that never happens."""
        try:
            inside = self.cdf(high) > self.cdf(low)
        except ZeroDivisionError:
            inside = False
        if not inside:
            raise QuantityError(f"the distribution has no weight on [{low:g}, {high:g}]")
        return Truncated(self, low, high)

    def monthly(self) -> Monthly | None:
        """The quantile function as a law of the month loop, or None where there is none."""
        return None

    def cut(self, below: float, above: float) -> Monthly | None:
        """The same where the uniform is drawn from (below, above): how a truncated law is drawn in the month loop."""
        return None

    def quantiles(self, u: Array, evaluate: Evaluate) -> Array:
        """The quantiles of many uniforms, by `evaluate` where there is a closed form."""
        closed = self.monthly()
        return self.ppf(u) if closed is None else evaluate(closed, u)


@dataclass(frozen=True)
class Truncated(Distribution):
    """X conditioned on [low, high]: u -> F(low) + u (F(high) - F(low)), then the quantile; not clipping."""

    law: Distribution
    low: float
    high: float
    tag: ClassVar[str] = "truncate"
    fields: ClassVar[str] = "[low, high]"

    @classmethod
    def read(cls, table: Any, number: Read, bounds: tuple[float | None, float | None]) -> Distribution:
        raise QuantityError("`truncate` stands beside a distribution")

    def ppf(self, u: Array) -> Array:
        low, high = self.law.cdf(self.low), self.law.cdf(self.high)
        return np.clip(self.law.ppf(low + u * (high - low)), self.low, self.high)

    def quantiles(self, u: Array, evaluate: Evaluate) -> Array:
        low, high = self.law.cdf(self.low), self.law.cdf(self.high)
        return np.clip(self.law.quantiles(low + u * (high - low), evaluate), self.low, self.high)

    def cdf(self, x: float) -> float:
        low, high = self.law.cdf(self.low), self.law.cdf(self.high)
        return min(1.0, max(0.0, (self.law.cdf(x) - low) / (high - low)))

    def mean(self) -> float:
        nodes, weights = gauss_legendre(400)
        return float((weights * self.ppf(0.5 * (nodes + 1.0))).sum() / 2.0)

    def support(self) -> tuple[float, float]:
        low, high = self.law.support()
        return max(low, self.low), min(high, self.high)

    def monthly(self) -> Monthly | None:
        return self.law.cut(self.law.cdf(self.low), self.law.cdf(self.high))


LAWS: dict[str, type[Distribution]] = {}


def law(cls: type[Distribution]) -> type[Distribution]:
    """Register a law under its tag."""
    if cls.tag in LAWS:
        raise TypeError(f"two laws call themselves {cls.tag!r}: {LAWS[cls.tag].__module__} and {cls.__module__}")
    LAWS[cls.tag] = cls
    return cls


def discover() -> dict[str, type[Distribution]]:
    """All laws: every module of `simulator.quantities.laws` is imported once."""
    if not LAWS:
        package = importlib.import_module("simulator.quantities.laws")
        for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            importlib.import_module(module.name)
    return LAWS


def read_distribution(
    table: Mapping[str, Any], dimension: Dimension, valid: tuple[float, float] = (-np.inf, np.inf)
) -> tuple[Distribution, str]:
    """The distribution a TOML table describes, and the unit its numbers are written in."""
    laws = discover()
    units: set[str] = set()

    def number(value: object) -> float:
        written, unit = dimension.parse(value)
        units.add(unit)
        if len(units) > 1:
            raise QuantityError("one distribution mixes units: " + ", ".join(f"`{u or 'none'}`" for u in sorted(units)))
        return finite(written)

    body = {key: value for key, value in table.items() if key != "truncate"}
    if set(body) <= {"p10", "p50", "p90"}:
        body = {"quantiles": body}
    if len(body) != 1 or next(iter(body)) not in laws:
        known = ", ".join(f"{{ {tag} = {cls.fields} }}" for tag, cls in sorted(laws.items()) if tag != "quantiles")
        raise QuantityError(
            "this table is not a distribution", f"write a number, {{ p10 = …, p50 = …, p90 = … }}, or one of {known}"
        )
    tag, inner = next(iter(body.items()))
    first = next(iter(inner.values()), None) if isinstance(inner, Mapping) else None
    bounds = _written_bounds(dimension, first, valid)
    try:
        result = laws[tag].read(inner, number, bounds)
        central = result.mean()
    except (OverflowError, ZeroDivisionError, FloatingPointError):
        raise QuantityError(f"no computer can draw from this `{tag}`", "its numbers are too far apart") from None
    if not np.isfinite(central):
        raise QuantityError(f"this `{tag}` has no finite mean", "its numbers are too far apart")
    if "truncate" in table:
        limits = table["truncate"]
        if not isinstance(limits, (list, tuple)) or len(limits) != 2:
            raise QuantityError("`truncate` wants [low, high]")
        low, high = (number(x) for x in limits)
        if not low < high:
            raise QuantityError(f"`truncate` wants low < high, not [{low:g}, {high:g}]")
        result = result.conditioned(low, high)
    return result, next(iter(units))


def _written_bounds(
    dimension: Dimension, sample: object, valid: tuple[float, float]
) -> tuple[float | None, float | None]:
    """The key's valid range in the written unit, found through the sample's unit (conversions are increasing)."""
    try:
        unit = dimension.parse(sample)[1]
    except QuantityError:
        return None, None
    bounds: list[float | None] = []
    for limit in valid:
        if not np.isfinite(limit):
            bounds.append(None)
            continue
        if limit == 0.0:
            bounds.append(0.0)
            continue
        slope = float(dimension.convert(1.0, unit)) - float(dimension.convert(0.0, unit))
        bounds.append(
            limit / slope if abs(float(dimension.convert(2.0, unit)) - 2 * slope) < 1e-9 * abs(slope) else None
        )
    return bounds[0], bounds[1]


def table_of(tag: str, value: Any, *names: str, optional: tuple[str, ...] = ()) -> Mapping[str, Any]:
    """The law's table, with exactly these keys."""
    if not isinstance(value, Mapping):
        raise QuantityError(f"`{tag}` wants a table, not {describe(value)}", f"{tag} = {{ {', '.join(names)} }}")
    missing = [name for name in names if name not in value]
    unknown = [name for name in value if name not in names and name not in optional]
    if missing or unknown:
        words = [f"needs `{name}`" for name in missing] + [f"has no `{name}`" for name in unknown]
        raise QuantityError(f"`{tag}` " + " and ".join(words), f"{tag} = {{ {', '.join(names + optional)} }}")
    return value
