"""Rows of a verb's document as series, and what their figures are called and counted in.

A row is a flat table; an estimate `x` in it stands as `x`, `x_low`, `x_high`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.report import words
from simulator.report.charts.specification import Series, ranged, writer

Row = Mapping[str, Any]
UNITS = {"1": "share", "%": "share", "share": "share"}
OF_FIGURE = {"runway": "months", "unfunded_runway": "months", "price": ""}  # the others have the unit of their row


def unit_of(figure: str, unit: str | None) -> str:
    """What a figure is counted in: "share", "$", "months", or "" for a plain number."""
    family = figure.split(".")[0].split("(")[0]
    text = unit or ""
    return OF_FIGURE.get(family, UNITS.get(text, "$" if text.startswith("$") else text))


NAMES = {
    "pd": "default", "breach": "covenant breach", "unfunded_runway": "runway on committed money",
    "peak_need": "peak funding need",
    "lowest_liquidity": "lowest liquidity", "cash_flow_at_risk": "cash flow at risk", "run_rate": "revenue run-rate",
}  # fmt: skip


def named(figure: str, step: str = "month") -> str:
    """A figure as people call it: `pd(24)` is default by month 24, `peak_need.p90` the peak funding need, P90."""
    head, _, statistic = figure.partition(".")
    family, _, inside = head.partition("(")
    arguments = [a.strip() for a in inside.rstrip(")").split(",") if a.strip()]
    text = NAMES.get(family, worded(family))
    for a in arguments:
        text += (
            f" by {step} {a}"
            if a.isdigit() and family in ("pd", "breach")
            else f" in {step} {a}"
            if a.isdigit()
            else f" of {a}"
        )
    return f"{text}, {statistic.upper() if statistic[1:].isdigit() else statistic}" if statistic else text


def capital(text: str) -> str:
    """The text with a capital at its head; a key of a scenario stays as it is written."""
    first = text.split(" ")[0].rstrip(",")
    return text if "." in first or "_" in first else text[:1].upper() + text[1:]


def amount(x: float, unit: str, digits: int = 5) -> str:
    """A number of a scenario with its unit: 2.05B/mo, 90 days."""
    return f"{x:.{digits}g}{unit if unit[:1] in 'kMBT%' else f' {unit}'}".strip()


def apart(unit: str) -> str:
    """The unit of a difference."""
    return "points" if unit == "share" else unit


def numbers(rows: Sequence[Row], column: str) -> list[float | None]:
    return [
        float(x) if isinstance(x := row.get(column), int | float) and not isinstance(x, bool) else None for row in rows
    ]


def estimates(
    name: str, rows: Sequence[Row], column: str, mark: Any = "dot", color: int | str = 0, **more: Any
) -> Series:
    """A series of values with their intervals."""
    return Series(
        name,
        mark,
        numbers(rows, column),
        color,
        numbers(rows, f"{column}_low"),
        numbers(rows, f"{column}_high"),
        **more,
    )


def written(row: Row, column: str, unit: str) -> str:
    """`value (low to high)`."""
    write = writer(unit)
    value, low, high = (row.get(column + end) for end in ("", "_low", "_high"))
    if unit == "months" and column == "difference":
        return words.apart(value, low, high)
    if value is None and low is None and high is None and unit != "months":
        return "-"
    return ranged(write(value), write(low), write(high))


def worded(name: str) -> str:
    """A name of the program as people read it."""
    return name.replace("_", " ")


def groups(rows: Sequence[Row], column: str) -> dict[Any, list[Row]]:
    """By the value of a column, in the order of the rows."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(row[column], []).append(row)
    return found


def word(text: str) -> str:
    """A text as part of a file's name."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in text)[:40]
