"""Units in values: text such as "1.25B/mo", "90 days" or "25 %/yr" -> a number in the unit the engine computes in.

A dimension lists the units a key may be written in, each with its conversion. The conventions behind the
conversions (a month is 30 days, `%/yr` on balances is effective, ...) are in MODEL.md, "Units". Conversions are to the engine's
units for steps of a month; `Dimension.in_steps` is the same dimension for longer steps.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from simulator.mathematics import arrays
from simulator.quantities.timestep import TimeStep

Converter = Callable[[Any], Any]  # works on floats and on arrays

_NUMBER = re.compile(
    r"\s*([+-]?)\s*(\$?)\s*([+-]?)((?:[1-9]\d{0,2}(?:,\d{3})+|\d[\d_]*)(?:\.\d*)?|\.\d+)((?:[eE][+-]?\d+)?)\s*(.*?)\s*\Z",
    re.DOTALL,
)
_SCALE = {"k": 1e3, "K": 1e3, "M": 1e6, "mn": 1e6, "B": 1e9, "bn": 1e9, "T": 1e12, "tn": 1e12}
_SCALED = re.compile(r"(k|K|mn|M|bn|B|tn|T)(?![A-Za-z])\s*(.*)\Z", re.DOTALL)
_PERIOD = {
    "month": "mo",
    "months": "mo",
    "mo.": "mo",
    "m": "mo",
    "year": "yr",
    "years": "yr",
    "y": "yr",
    "a": "yr",
    "day": "days",
    "d": "days",
    "quarter": "qtr",
    "quarters": "qtr",
}


LONGEST = 80  # characters of a value; nobody writes more, and a pattern could take long over it


class QuantityError(ValueError):
    """A value that is not a quantity of the wanted dimension; `hint` says what to write instead."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, eq=False)
class Dimension:
    """A kind of quantity: the units it may be written in and what each of them converts to. Compared by identity."""

    name: str
    converts_to: str  # the unit the engine computes in, for people
    units: dict[str, Converter]
    example: str
    scaled: bool = False  # may carry k, M, B, T
    bare: bool = False  # a plain TOML number is accepted
    refused: dict[str, Callable[[float], str]] | None = None  # units people will try -> what to write instead
    power: float = 0.0  # of 1/time in the engine's unit: with steps of n months the number is n^power times as large
    counts_steps: bool = False  # in the engine a number of steps
    compounds: bool = False  # a rate a month that is effective, unless its unit says nominal

    @property
    def article(self) -> str:
        return f"an {self.name}" if self.name[0] in "aeiou" else f"a {self.name}"

    def parse(self, value: object) -> tuple[float, str]:
        """The number as written (scale applied) and its unit. Raises QuantityError."""
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise QuantityError(f"{describe(value)} is not {self.article}", f"write for example {self.example}")
        if isinstance(value, (int, float)):
            if self.bare:
                return float(value), ""
            if value == 0:
                return 0.0, next(iter(self.units))
            raise QuantityError(f"{value!r} has no unit", f"write for example {self.example}")
        if len(value) > LONGEST:
            raise QuantityError(
                f"a value of {len(value)} characters is not {self.article}", f"write for example {self.example}"
            )
        match = _NUMBER.match(value)
        if match is None:
            raise QuantityError(f"{value!r} is not {self.article}", f"write for example {self.example}")
        if re.match(r"\s*,\d", match[6]):
            raise QuantityError(
                f"{value!r} has a comma in its number", "write a point for decimals, or nothing for thousands"
            )
        sign, dollar, inner_sign, digits, exponent, rest = match.groups()
        number = float(digits.replace(",", "").replace("_", "") + exponent)
        if "-" in (sign, inner_sign):
            number = -number
        scaled = _SCALED.match(rest)
        if scaled and self.scaled:
            number *= _SCALE[scaled[1]]
            rest = scaled[2]
        unit = _normal_form(rest, self.scaled)
        if dollar and not self.scaled and not unit.startswith("$"):
            unit = "$" + unit
        marked = bool(scaled) or bool(dollar) or "USD" in rest or "$" in rest or self.bare or not self.scaled
        if unit in self.units and (marked or unit):
            return number, unit
        if not rest and number == 0:
            return 0.0, next(iter(self.units))
        if self.refused and unit in self.refused:
            raise QuantityError(f"`{unit}` is ambiguous for {self.article}", self.refused[unit](number))
        if unit in self.units:
            raise QuantityError(f"{value!r} has no unit", f"write for example {self.example}")
        shown = f"`{unit}`" if unit else "no unit"
        raise QuantityError(
            f"{value!r} has {shown} where {self.article} is wanted", f"write for example {self.example}"
        )

    def in_steps(self, step: TimeStep) -> Dimension:
        """The same units, converted for steps of another length."""
        return self if step.months == 1 else _in_steps(self, step)

    def convert(self, number: Any, unit: str) -> Any:
        with np.errstate(all="ignore"):  # what is not finite is refused by whoever asked
            return self.units[unit](number)


@cache
def _in_steps(dimension: Dimension, step: TimeStep) -> Dimension:
    n, power = float(step.months), dimension.power

    def longer(convert: Converter, unit: str) -> Converter:
        if dimension.compounds and not unit.endswith("nominal"):
            return lambda x: arrays.expm1(n * arrays.log1p(convert(x)))
        if power < 0.0:
            return lambda x: convert(x) / n**-power
        return lambda x: convert(x) * n**power

    units = {unit: longer(convert, unit) for unit, convert in dimension.units.items()}
    timeless = power == 0.0 and not dimension.compounds
    counted = dimension.converts_to if timeless else f"{dimension.converts_to}, {step.name}s counted as months"
    return replace(dimension, units=units, converts_to=counted)


def describe(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    kinds = {dict: "a table", list: "an array", tuple: "an array", str: "text", int: "a number", float: "a number"}
    return kinds.get(type(value), type(value).__name__)


def _normal_form(rest: str, money: bool) -> str:
    text = re.sub(r"\s*/\s*", "/", re.sub(r"\s+", " ", rest.strip()))
    if money:
        text = text.removeprefix("USD").removeprefix("$").strip()
    head, slash, tail = text.partition("/")
    tail_words = tail.split(" ")
    tail_words[0] = _PERIOD.get(tail_words[0], tail_words[0])
    head = _PERIOD.get(head, head)
    return head + slash + " ".join(tail_words)


def _times(factor: float) -> Converter:
    return lambda x: x * factor


def _same(x: Any) -> Any:
    return x


PERCENT = _times(0.01)

PER_QUARTER = 4.0  # quarters a year
MONTHS_PER_QUARTER = 3.0

MONEY = Dimension("amount of money", "$", {"": _same}, '"1.25B"', scaled=True)
MONEY_PER_MONTH = Dimension(
    "amount of money per month",
    "$/mo",
    {"/mo": _same, "/yr": _times(1 / 12), "/qtr": _times(1 / MONTHS_PER_QUARTER)},
    '"1.25B/mo" or "15B/yr"',
    scaled=True,
    power=1.0,
)
MONEY_PER_YEAR = Dimension(
    "amount of money per year",
    "$/yr",
    {"/yr": _same, "/mo": _times(12.0), "/qtr": _times(PER_QUARTER)},
    '"84B/yr" or "7B/mo"',
    scaled=True,
    power=1.0,
)
SHARE = Dimension("share", "1", {"": _same, "%": PERCENT}, '"7.5 %" or 0.075', bare=True)
NUMBER = Dimension("number", "1", {"": _same}, "1.5", bare=True)
CORRELATION = Dimension("correlation", "1", {"": _same, "%": PERCENT}, "0.4", bare=True)
UNIT_PRICE = Dimension("price per GPU-hour", "$/GPU-h", {"$/GPU-h": _same, "/GPU-h": _same}, '"4.88 $/GPU-h"')
HAZARD = Dimension(
    "hazard",
    "events per year",
    {
        "%/yr": PERCENT,
        "/yr": _same,
        "%/mo": _times(0.12),
        "/mo": _times(12.0),
        "%/qtr": _times(0.01 * PER_QUARTER),
        "/qtr": _times(PER_QUARTER),
    },
    '"8 %/yr"',
    power=1.0,
)
REVERSION = Dimension(
    "speed of reversion",
    "1/yr",
    {"/yr": _same, "/mo": _times(12.0), "/qtr": _times(PER_QUARTER)},
    '"0.8 /yr"',
    power=1.0,
)
DECAY = Dimension(
    "speed of decay",
    "1/mo",
    {"/mo": _same, "/yr": _times(1 / 12), "/qtr": _times(1 / MONTHS_PER_QUARTER)},
    '"0.05 /mo"',
    power=1.0,
)
ROOT_QUARTERS = math.sqrt(PER_QUARTER)
VOLATILITY = Dimension(
    "volatility",
    "per square root of a year",
    {
        "%/yr": PERCENT,
        "%/sqrt(yr)": PERCENT,
        "/sqrt(yr)": _same,
        "%/sqrt(qtr)": _times(0.01 * ROOT_QUARTERS),
        "/sqrt(qtr)": _times(ROOT_QUARTERS),
    },
    '"50 %/yr"',
    power=0.5,
)
# of a number that is itself per year: points of the rate in a year's changes
RATE_VOLATILITY = Dimension(
    "volatility of a rate",
    "per year and square root of a year",
    {
        "%/yr": PERCENT,
        "%/sqrt(yr)": PERCENT,
        "/sqrt(yr)": _same,
        "/yr^1.5": _same,
        "/qtr^1.5": _times(PER_QUARTER * ROOT_QUARTERS),
    },
    '"2 %/yr"',
    power=1.5,
)
RISK_PRICE = Dimension(
    "market price of risk",
    "per square root of a year",
    {"/sqrt(yr)": _same, "/sqrt(qtr)": _times(ROOT_QUARTERS)},
    '"0.2 /sqrt(yr)"',
    power=0.5,
)


def _say_which(x: float, period: str) -> str:
    if x <= -100:
        return f'write a continuous rate, for example "0.10 log/{period}"'
    return (
        f'write "{math.log1p(x / 100):.6g} log/{period}" for an effective rate of {x:g} %/{period}, '
        f'"{x / 100:g} log/{period}" for a continuous one'
    )


DRIFT = Dimension(
    "growth rate",
    "continuous, per year",
    {
        "log/yr": _same,
        "log/mo": _times(12.0),
        "% log/yr": PERCENT,
        "% log/mo": _times(0.12),
        "log/qtr": _times(PER_QUARTER),
        "% log/qtr": _times(0.01 * PER_QUARTER),
    },
    '"0.10 log/yr" or "0.085 log/mo"',
    refused={
        "%/yr": lambda x: _say_which(x, "yr"),
        "%/mo": lambda x: _say_which(x, "mo"),
        "%/qtr": lambda x: _say_which(x, "qtr"),
        "/yr": lambda x: f'write "{x:g} log/yr"',
        "/mo": lambda x: f'write "{x:g} log/mo"',
        "/qtr": lambda x: f'write "{x:g} log/qtr"',
    },
    power=1.0,
)
INTEREST = Dimension(
    "rate on a balance or a growing flow",
    "effective per month",
    {
        "%/yr": lambda x: arrays.expm1(arrays.log1p(x / 100.0) / 12.0),
        "%/yr effective": lambda x: arrays.expm1(arrays.log1p(x / 100.0) / 12.0),
        "%/yr nominal": _times(0.01 / 12.0),
        "log/yr": lambda x: arrays.expm1(x / 12.0),
        "%/mo": PERCENT,
        "log/mo": arrays.expm1,
        "%/qtr": lambda x: arrays.expm1(arrays.log1p(x / 100.0) / MONTHS_PER_QUARTER),
        "log/qtr": lambda x: arrays.expm1(x / MONTHS_PER_QUARTER),
    },
    '"6 %/yr nominal", "25 %/yr" (effective), "0.25 log/yr" or "1 %/mo"',
    power=1.0,
    compounds=True,
)
DAYS_PER_MONTH = 30.0
DURATION = Dimension(
    "duration in days",
    "days",
    {
        "days": _same,
        "mo": _times(DAYS_PER_MONTH),
        "yr": _times(12 * DAYS_PER_MONTH),
        "qtr": _times(MONTHS_PER_QUARTER * DAYS_PER_MONTH),
    },
    '"90 days" or "3 mo"',
    power=-1.0,
)
MONTHS = Dimension(
    "duration in months",
    "months",
    {"mo": _same, "yr": _times(12.0), "days": _times(1 / DAYS_PER_MONTH), "qtr": _times(MONTHS_PER_QUARTER)},
    '"6 mo" or "2 yr"',
    power=-1.0,
    counts_steps=True,
)


def finite(number: float) -> float:
    if not math.isfinite(number):
        raise QuantityError("this is not a finite number", "look at its sign and its size")
    return number
