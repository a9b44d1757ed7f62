"""Conditions on a run's figures, as after `--fail-if`: `pd(24) > 5%`, `runway(p5).low < 18`, `peak_need(p90) > 20B`.

    FIGURE[(ARGUMENT, …)][.low|.high] (> | >= | < | <=) VALUE

A month beyond the horizon (a runway that does not end) counts as infinite. `.low` and `.high` are the ends of the figure's
95 % interval.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.quantities.units import MONEY, NUMBER, SHARE, Dimension, QuantityError
from simulator.scenario.diagnostics import near

PATTERN = re.compile(
    r"\s*(?P<figure>[a-z_]+)\s*(?:\((?P<arguments>[^()]*)\))?\s*(?:\.(?P<end>low|high))?\s*"
    r"(?P<operator>>=|<=|>|<)\s*(?P<value>.+?)\s*"
)
OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le
}  # fmt: skip
Document = Mapping[str, Any]
Ends = tuple[Any, Any, Any]  # value, low, high


@dataclass(frozen=True)
class Figure:
    arguments: str  # for messages
    dimension: Dimension
    read: Callable[..., Ends]


def _estimate(e: Mapping[str, Any]) -> Ends:
    return e["value"], e["low"], e["high"]


def _pd(d: Document, month: str) -> Ends:
    return _estimate(_of_month(d["pd"], month))


def _of_month(rows: list[dict[str, Any]], month: str) -> dict[str, Any]:
    if not month.isdigit() or not 1 <= int(month) <= len(rows):
        raise QuantityError(f"`{month}` is not a month from 1 to {len(rows)}")
    return rows[int(month) - 1]


def _quantile(table: Mapping[str, Any], q: str) -> Ends:
    known = [key for key in table if re.fullmatch(r"p\d+", key)]
    if q not in known:
        raise QuantityError(f"`{q}` is not one of {', '.join(known)}")
    return table[q], *table["interval"][q]


def _contract(d: Document, name: str, key: str) -> Ends:
    if name not in d["contracts"]:
        hint = near(name, d["contracts"])
        raise QuantityError(f"there is no contract `{name}`", f"did you mean `{hint}`?" if hint else None)
    row = d["contracts"][name]
    return row[key], *row["interval"][key]


def _dilution(d: Document, q: str) -> Ends:
    if d["funding"]["dilution"] is None:
        raise QuantityError("no round or offering of this scenario is valued", "give it a `multiple`")
    return _quantile(d["funding"]["dilution"], q)


def _share_with(d: Document, event: str) -> Ends:
    if d["funding"][event] is None:
        raise QuantityError(f"this scenario has nothing that could count as {event.replace('_', ' ')}")
    return _estimate(d["funding"][event]["share_of_paths"])


FIGURES: dict[str, Figure] = {
    "pd": Figure("MONTH", SHARE, _pd),
    "runway": Figure("QUANTILE", NUMBER, lambda d, q: _quantile(d["runway"]["funded"], q)),
    "unfunded_runway": Figure("QUANTILE", NUMBER, lambda d, q: _quantile(d["runway"]["unfunded"], q)),
    "peak_need": Figure("QUANTILE", MONEY, lambda d, q: _quantile(d["peak_need"], q)),
    "lowest_liquidity": Figure("QUANTILE", MONEY, lambda d, q: _quantile(d["lowest_liquidity"], q)),
    "cash": Figure("QUANTILE, MONTH", MONEY, lambda d, q, m: _quantile(_of_month(d["cash"], m), q)),
    "cash_flow_at_risk": Figure("", MONEY, lambda d: _estimate(d["cash_flow_at_risk"])),
    "raised": Figure("", MONEY, lambda d: _estimate(d["raised"])),
    "dilution": Figure("QUANTILE", SHARE, _dilution),
    "down_round": Figure("", SHARE, lambda d: _share_with(d, "down_rounds")),
    "refinancing_failed": Figure("", SHARE, lambda d: _share_with(d, "refinancing_failed")),
    "paid": Figure("CONTRACT", MONEY, lambda d, name: _contract(d, name, "paid")),
    "firm": Figure("CONTRACT", MONEY, lambda d, name: _contract(d, name, "firm")),
    "headline": Figure("CONTRACT", MONEY, lambda d, name: _contract(d, name, "headline")),
    "stranded": Figure("CONTRACT", MONEY, lambda d, name: _contract(d, name, "stranded")),
}
EXAMPLE = "pd(24) > 5%"


@dataclass(frozen=True)
class Condition:
    """`holds` on a document of `run --json`; built by `parse`."""

    text: str
    figure: str
    arguments: tuple[str, ...]
    end: str | None
    operator: str
    limit: float

    def value(self, document: Document) -> float:
        """Raises QuantityError where the document has no such month, quantile or contract."""
        found = FIGURES[self.figure].read(document, *self.arguments)
        chosen = found[{None: 0, "low": 1, "high": 2}[self.end]]
        return math.inf if chosen is None else float(chosen)

    def holds(self, document: Document) -> bool:
        return OPERATORS[self.operator](self.value(document), self.limit)


def parse(text: str) -> Condition:
    """Raises QuantityError with what to write instead."""
    match = PATTERN.fullmatch(text)
    if match is None:
        raise QuantityError(f"{text!r} is not a condition", f"write for example '{EXAMPLE}'")
    name, arguments = _known(match["figure"], match["arguments"], text)
    figure = FIGURES[name]
    written: Any = match["value"]
    if figure.dimension is NUMBER:
        written = written.removesuffix("mo").strip()
    number, unit = figure.dimension.parse(written)
    return Condition(text, name, arguments, match["end"], match["operator"], figure.dimension.convert(number, unit))


def named(written: str, text: str) -> tuple[str, tuple[str, ...]]:
    """A figure and its arguments, from `pd(24)` or `runway.p50`; `text` is what stands around it. Raises QuantityError."""
    match = re.fullmatch(r"([a-z_]+)\s*(?:\(([^()]*)\)|\.(p\d+))?", written.strip())
    if match is None:
        raise QuantityError(f"{text!r} names no figure", "write for example pd(24) or runway(p50)")
    return _known(match[1], match[2] or match[3], text)


def _known(name: str, listed: str | None, text: str) -> tuple[str, tuple[str, ...]]:
    if name not in FIGURES:
        hint = near(name, FIGURES)
        known = f"did you mean `{hint}`?" if hint else "figures: " + ", ".join(FIGURES)
        raise QuantityError(f"there is no figure `{name}`", known)
    figure = FIGURES[name]
    arguments = tuple(a.strip() for a in (listed or "").split(",") if a.strip())
    wanted = len([a for a in figure.arguments.split(",") if a.strip()])
    if len(arguments) != wanted:
        form = f"{name}({figure.arguments})" if figure.arguments else name
        raise QuantityError(f"{text!r} does not say which {name}", f"write {form}")
    return name, arguments
