"""Conditions on a run's figures, as after `--fail-if`: `pd(24) > 5%`, `runway(p5).low < 18`, `peak_need(p90) > 20B`.

    FIGURE[.low|.high] (> | >= | < | <=) VALUE

Figures are written as everywhere (asked.py) and read off a document of `run --json`. A month beyond the horizon (a runway that
does not end) counts as infinite. `.low` and `.high` are the ends of the figure's 95 % interval.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.estimate.asked import COMPARED, MEAN, RESTRICTED, Asked, Limit, figure, limit
from simulator.quantities.units import QuantityError
from simulator.scenario.diagnostics import near

PATTERN = re.compile(r"\s*(?P<figure>[^<>]+?)\s*(?:\.\s*(?P<end>low|high))?\s*(?P<rest>[<>].*)", re.DOTALL)
Document = Mapping[str, Any]
Ends = tuple[Any, Any, Any]  # value, low, high


def _estimate(e: Mapping[str, Any]) -> Ends:
    return e["value"], e["low"], e["high"]


def _of_month(rows: list[dict[str, Any]], asked: Asked) -> dict[str, Any]:
    month = len(rows) if asked.argument is None else int(asked.argument)
    if not 1 <= month <= len(rows):
        raise QuantityError(f"`{asked.argument}` is not a month from 1 to {len(rows)}")
    return rows[month - 1]


def _statistic(table: Mapping[str, Any], asked: Asked) -> Ends:
    """A quantile of a table, or its mean, where it has one."""
    name = {RESTRICTED: "restricted_mean"}.get(asked.statistic, asked.statistic)
    if isinstance(table.get(name), Mapping):
        return _estimate(table[name])
    if name not in table.get("interval", {}):
        known = [key for key in table if re.fullmatch(r"p\d+|mean|restricted_mean", key)]
        raise QuantityError(f"`{asked.statistic}` is not one of {', '.join(known)}".replace(RESTRICTED, MEAN))
    return table[name], *table["interval"][name]


def _named(known: Mapping[str, Any], asked: Asked, kind: str) -> Any:
    name = asked.argument or ""
    if name not in known:
        hint = near(name, known)
        words = f"{asked.text} names no {kind}" if not name else f"there is no {kind} `{name}`"
        raise QuantityError(words, f"did you mean `{hint}`?" if hint else None)
    return known[name]


def _contract(d: Document, asked: Asked) -> Ends:
    row = _named(d["contracts"], asked, "contract")
    return row[asked.name], *row["interval"][asked.name]


def _lost(d: Document, asked: Asked) -> Ends:
    row = _named(d["creditors"], asked, "creditor")
    found = row[asked.name]
    if found is None:
        raise QuantityError(f"nothing says what {asked.argument} loses", "write [recovery]")
    return _estimate(found["mean"] if asked.name == "exposure_at_default" else found)


def _funding(d: Document, asked: Asked) -> Ends:
    found = d["funding"]["down_rounds" if asked.name == "down_round" else asked.name]
    if asked.name == "dilution":
        if found is None:
            raise QuantityError("no round or offering of this scenario is valued", "give it a `multiple`")
        return _statistic(found, asked)
    if found is None:
        raise QuantityError(f"this scenario has nothing that could count as {asked.name.replace('_', ' ')}")
    return _estimate(found["share_of_paths"])


def _plain(d: Document, asked: Asked) -> Ends:
    return _estimate(d[asked.name]) if asked.quantile is None else _statistic(d[asked.name], asked)


READERS: dict[str, Callable[[Document, Asked], Ends]] = {
    "pd": lambda d, asked: _estimate(_of_month(d["pd"], asked)),
    "runway": lambda d, asked: _statistic(d["runway"]["funded"], asked),
    "unfunded_runway": lambda d, asked: _statistic(d["runway"]["unfunded"], asked),
    "peak_need": lambda d, asked: _statistic(d["peak_need"], asked),
    "lowest_liquidity": lambda d, asked: _statistic(d["lowest_liquidity"], asked),
    "cash": lambda d, asked: _statistic(_of_month(d["cash"], asked), asked),
    "cash_flow_at_risk": _plain,
    "raised": _plain,
    **dict.fromkeys(("dilution", "down_round", "refinancing_failed"), _funding),
    **dict.fromkeys(("paid", "firm", "headline", "stranded"), _contract),
    **dict.fromkeys(("expected_loss", "exposure_at_default"), _lost),
}
EXAMPLE = "pd(24) > 5%"


def reported(text: str) -> Asked:
    """A figure that a run's document has. Raises QuantityError with what to write instead."""
    return _reported(figure(text))


def _reported(asked: Asked) -> Asked:
    if asked.name not in READERS:
        known = ", ".join(READERS)
        raise QuantityError(f"a run does not report {asked.name}; compare and sweep do", f"figures: {known}")
    return asked


def read(document: Document, asked: Asked) -> Ends:
    """Value and interval. Raises QuantityError where the document has no such month, quantile, contract or creditor."""
    return READERS[asked.name](document, asked)


@dataclass(frozen=True)
class Condition:
    """`holds` on a document of `run --json`; built by `parse`."""

    text: str
    limit: Limit
    end: str | None

    @property
    def figure(self) -> str:
        return self.limit.figure.name

    def estimate(self, document: Document) -> Ends:
        """Value and interval of the figure. Raises QuantityError like `read`."""
        return read(document, self.limit.figure)

    def value(self, document: Document) -> float:
        """What is compared: the figure, or an end of its interval."""
        chosen = self.estimate(document)[{None: 0, "low": 1, "high": 2}[self.end]]
        return math.inf if chosen is None else float(chosen)

    def holds(self, document: Document) -> bool:
        return COMPARED[self.limit.operator](self.value(document), self.limit.value)

    def failure(self, name: str, document: Document) -> str:
        """What to say of a limit that failed, the figure with its interval."""
        value, low, high = ("beyond" if x is None else f"{x:.6g}" for x in self.estimate(document))
        return f"limit failed: {name}: {self.text} (it is {value}, {low} to {high})"


def parse(text: str) -> Condition:
    """Raises QuantityError with what to write instead."""
    match = PATTERN.fullmatch(text)
    if match is None:
        raise QuantityError(f"{text!r} is not a condition", f"write for example '{EXAMPLE}'")
    found = limit(match["figure"] + match["rest"])
    _reported(found.figure)
    return Condition(text, found, match["end"])
