"""How precise a figure is to be, as after `--precision`: `0.1pp on pd(24)`, `5% on pd(24)`, `2% on peak_need(p90)`.

    TOLERANCE on FIGURE[(ARGUMENT, …)]       also FIGURE.p50 for FIGURE(p50)

A tolerance in % is relative to the figure; in pp, dollars or months it is absolute. It is reached when neither end of the
interval lies further from the value.

Looking several times and stopping at the first interval that is narrow enough would cover too seldom: stopping goes with an
estimate that errs on one side. The intervals looked at are therefore those of a group-sequential design with a constant
boundary (Pocock 1977): z is such that a random walk, looked at after each of these numbers of paths, stays within z standard
deviations at all looks together with probability 95 % (recursion of Armitage, McPherson & Rowe 1969). Whenever one stops, and
for whatever reason, the interval covers with at least 95 %.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from simulator.estimate.conditions import FIGURES, named
from simulator.estimate.figures import Figures
from simulator.mathematics.quadrature import gauss_legendre
from simulator.quantities.units import MONEY, NUMBER, SHARE, QuantityError

FIRST_LOOK = 16_384  # paths
MOST = FIRST_LOOK * 1024  # paths, if nobody says how many at most
LEVEL = 0.95
BINNED = ("peak_need", "lowest_liquidity", "cash_flow_at_risk", "dilution")
BIN = 0.002  # what bins may add to the distance of two quantiles, as a share of the value
PATTERN = re.compile(r"\s*(?P<tolerance>\S.*?)\s+on\s+(?P<figure>\S.*?)\s*", re.IGNORECASE)
EXAMPLE = "0.1pp on pd(24)"


@dataclass(frozen=True)
class Target:
    """`within` of the figure's value if `relative`, else in its own unit."""

    text: str
    figure: str
    arguments: tuple[str, ...]
    within: float
    relative: bool

    def read(self, figures: Figures) -> tuple[float, float, float]:
        """Value and interval; a month beyond the horizon is infinite. Raises QuantityError where there is no such figure."""
        found = FIGURES[self.figure].read(Parts(figures), *self.arguments)
        value, low, high = (math.inf if x is None else float(x) for x in found)
        return value, low, high

    def error(self, figures: Figures) -> float:
        """The greater distance of the interval's ends, in the unit of `within`."""
        value, low, high = self.read(figures)
        if value == low == high:  # beyond the horizon all of them, too
            return 0.0
        furthest = max(value - low, high - value)
        if figures.binned and self.figure in BINNED:
            furthest += BIN * abs(value)
        if not self.relative:
            return furthest
        return furthest / abs(value) if value != 0.0 else math.inf


def parse(text: str) -> Target:
    """Raises QuantityError with what to write instead."""
    match = PATTERN.fullmatch(text)
    if match is None:
        raise QuantityError(f"{text!r} is not a precision", f"write for example '{EXAMPLE}'")
    name, arguments = named(match["figure"], text)
    written, dimension = match["tolerance"], FIGURES[name].dimension
    number = re.fullmatch(r"([0-9.eE+-]+)\s*(%|pp)", written)
    if number is not None:
        if number[2] == "pp" and dimension is not SHARE:
            raise QuantityError(f"{name} is no share: it has no percentage points", "write '2% on …' or an amount")
        try:
            within, relative = float(number[1]) / 100.0, number[2] == "%"
        except ValueError:
            raise QuantityError(f"`{written}` is not a number") from None
    elif dimension is SHARE:
        raise QuantityError(
            f"`{written}` may be points or relative", f"write for example '{EXAMPLE}' or '5% on pd(24)'"
        )
    else:
        if dimension is NUMBER:
            written = re.sub(r"\s*(months?|mo|quarters?|qtr)$", "", written)
        value, unit = (MONEY if dimension is MONEY else dimension).parse(written)
        within, relative = dimension.convert(value, unit), False
    if not (0.0 < within < math.inf):
        raise QuantityError(f"`{match['tolerance']}` is not more than nought")
    return Target(text, name, arguments, within, relative)


class Parts(Mapping[str, Any]):
    """The document of a run of which only what is asked for is made."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures

    def __getitem__(self, key: str) -> Any:
        return self.figures.parts[key]()

    def __iter__(self) -> Iterator[str]:
        return iter(self.figures.parts)

    def __len__(self) -> int:
        return len(self.figures.parts)


def looks(most: int) -> tuple[int, ...]:
    """After how many paths one looks: twice as many each time, and once more at the most."""
    count = max(0, math.ceil(math.log2(most / FIRST_LOOK)))
    return (*(FIRST_LOOK << k for k in range(count)), most)


def boundary(paths: Sequence[int], level: float = LEVEL) -> float:
    """z with P(|S(n)| <= z sqrt(n) at every look n) = level, S a standard random walk."""
    low, high = 1.0, 5.0
    while high - low > 1e-7:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _stays(paths, middle) < level else (low, middle)
    return high


def _stays(paths: Sequence[int], z: float) -> float:
    nodes, weights = gauss_legendre(96)
    reach = z * math.sqrt(paths[0])
    if len(paths) == 1:
        return float(2.0 * ndtr(z) - 1.0)
    x, of_x = reach * nodes, reach * weights
    density = np.exp(-0.5 * x * x / paths[0]) / math.sqrt(2.0 * math.pi * paths[0])
    for k in range(1, len(paths)):
        step, reach = math.sqrt(paths[k] - paths[k - 1]), z * math.sqrt(paths[k])
        if k == len(paths) - 1:
            inside = ndtr((reach - x) / step) - ndtr((-reach - x) / step)
            return float((density * of_x * inside).sum())
        y, of_y = reach * nodes, reach * weights
        kernel = np.exp(-0.5 * ((y[:, None] - x[None, :]) / step) ** 2) / (step * math.sqrt(2.0 * math.pi))
        density = (kernel * (density * of_x)[None, :]).sum(axis=1)
        x, of_x = y, of_y
    raise AssertionError("there is no look")
