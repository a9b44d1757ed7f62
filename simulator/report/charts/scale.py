"""Axes: where the ticks stand and how they are written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from simulator.report.charts.specification import writer


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers 1, 2, 2.5, 5 x 10^k that cover low … high."""
    if not high > low:
        high = low + (abs(low) or 1.0)
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= raw * 0.9999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [k * step for k in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """The powers of ten that cover low … high; at least one decade."""
    low, high = max(low, 1e-300), max(high, 1e-300)
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    return [10.0**k for k in range(first, max(last, first + 1) + 1)]


def written(values: Sequence[float], unit: str) -> list[str]:
    """Labels of ticks, as short as they may be: every one differs from the one before."""
    if unit == "share":
        places = 0
        while places < 6 and any(f"{100 * a:.{places}f}" == f"{100 * b:.{places}f}" for a, b in pairwise(values)):
            places += 1
        if any(0 < abs(100 * v) < 10.0**-places for v in values):  # of a logarithmic axis
            return [f"{100 * v:g} %" for v in values]
        return [f"{100 * v:.{places}f} %" for v in values]
    if unit == "sd":
        return [f"{v:g} sd" for v in (0.0 if abs(v) < 1e-12 else round(v, 9) for v in values)]
    if unit == "points":
        places = next((k for k in range(6) if len({f"{100 * v:.{k}f}" for v in values}) == len(values)), 6)
        return [f"{100 * v:+.{places}f} pp" if abs(v) > 1e-12 else "0" for v in values]
    if unit.startswith("$"):
        largest = max((abs(v) for v in values), default=0.0)
        size, letter = next(
            ((s, c) for s, c in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")) if largest >= s), (1.0, "")
        )
        return [
            f"{'-' if v < 0 else ''}${abs(v) / size:.10g}{letter}" if abs(v) > 1e-9 * largest else "$0" for v in values
        ]
    write = writer(unit)
    return [write(0.0 if abs(v) < 1e-12 else v) for v in values]


def marks(labels: Sequence[str], most: int) -> list[tuple[int, str]]:
    """Which labels of the months are written: each January as its year if there are years, else every k-th."""
    years = [(i, label[:4]) for i, label in enumerate(labels) if label[4:] in ("-01", "-Q1")]
    if len(years) >= 2 and len(labels) > 24:
        step = -(-len(years) // most)
        return years[::step]
    step = max(1, -(-len(labels) // most))
    return [(i, labels[i]) for i in range(0, len(labels), step)]


def finite(values: Iterable[float | None]) -> list[float]:
    return [v for v in values if v is not None and math.isfinite(v)]
