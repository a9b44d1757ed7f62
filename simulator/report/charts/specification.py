"""What a chart is, before anybody draws it: names, numbers with their intervals, units. Plain data, so that it
is also a JSON file.

Three kinds: `months` (values along time or along a setting), `rows` (one thing a row, values along a scale) and `grid` (a value
for each pair of two settings). A value is None where there is none. Colours are numbers of the palette, or the name of a meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from simulator.report.words import money, percent, points

Values = Sequence[float | None]
Mark = Literal["area", "band", "line", "step", "bar", "dot", "tick"]


@dataclass(frozen=True)
class Series:
    """`low`, `high`: the interval of `values`; of a band its edges, of a bar with `tones` in a chart of rows its two ends."""

    name: str
    mark: Mark
    values: Values
    color: int | str = 0  # number in the palette, or "ink", "muted", "good", "bad"
    low: Values | None = None
    high: Values | None = None
    tones: Sequence[str] | None = None  # of bars in rows: a colour each
    texts: Sequence[str | None] | None = None  # of such bars: written instead of the value
    drawn: bool = True  # False: only in the table
    opacity: float = 0.3  # of a band


@dataclass(frozen=True)
class Reference:
    """A line across the chart at a value of its scale."""

    name: str
    value: float


@dataclass(frozen=True)
class Crossing:
    """A place on the axis of a setting, with its interval; an end is None where it lies outside."""

    name: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Chart:
    key: str  # name of its file
    title: str
    kind: Literal["months", "rows", "grid"]
    unit: str  # "share", "points", "$", "$/mo", "months" or any other word
    labels: Sequence[str]  # of the months, or of the rows
    series: Sequence[Series]
    head: str = "month"  # what the labels are
    references: Sequence[Reference] = ()
    log: bool = False  # the scale of a chart of rows
    note: str = ""
    across: Sequence[str] = ()  # of a grid: labels of its columns; each series is a column of it
    across_head: str = ""
    base: float = 0.0  # of rows: where bars begin
    at: Sequence[float] | None = None  # of months: the numbers that the labels are, where they are a setting's
    at_unit: str = ""  # of those numbers
    crossings: Sequence[Crossing] = ()  # of a chart along a setting
    contour: Sequence[
        tuple[tuple[float, float], tuple[float, float]]
    ] = ()  # of a grid: (column, row) to (column, row), from 0
    contour_name: str = ""
    facts: Sequence[tuple[str, str]] = ()  # told above the picture, as on a card

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Heads and rows, as written on the page: `value (low to high)`."""
        write = writer(self.unit)
        heads = [self.head, *(s.name for s in self.series)]
        rows = []
        for i, label in enumerate(self.labels):
            row = [label]
            for s in self.series:
                row.append(_cell(s, i, write))
            rows.append(row)
        return heads, rows

    def document(self) -> dict[str, Any]:
        return {"schema": 1, **asdict(self)}


def _cell(s: Series, i: int, write: Callable[[float | None], str]) -> str:
    value = (s.texts[i] if s.texts else None) or write(s.values[i])
    low, high = (None if x is None else x[i] for x in (s.low, s.high))
    if low is None and high is None:
        return value
    if s.mark == "band":
        return f"{write(low)} to {write(high)}"
    return value if s.tones else ranged(value, write(low), write(high))


def ranged(value: str, low: str, high: str) -> str:
    """A number with its interval, unless all three are written alike."""
    return value if low == high == value else f"{value} ({low} to {high})"


def _plain(x: float | None) -> str:
    return "-" if x is None else f"{x:,.4g}"


def _month(x: float | None) -> str:
    return "beyond" if x is None else f"{x:,.4g}"


def _deviations(x: float | None) -> str:
    return "-" if x is None else f"{x:+.1f} sd"


WRITERS: dict[str, Callable[[float | None], str]] = {
    "share": percent, "points": points, "months": _month, "sd": _deviations, "": _plain,
}  # fmt: skip


def writer(unit: str) -> Callable[[float | None], str]:
    """How numbers of a unit are written."""
    return money if unit.startswith("$") else WRITERS.get(unit, _plain)


@dataclass(frozen=True)
class Ledger:
    """A table beside the charts."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    wide: bool = False  # folded; scrolls on its own
    words: bool = False  # its cells are words: they wrap, to the left
    printed: bool = True
