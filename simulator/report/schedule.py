"""`check --schedule`: every contract's dues and exposures by month, on the deterministic path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.engine.block import deterministic_path
from simulator.report.words import money
from simulator.scenario.model import Scenario

COLUMNS = ("due", "firm", "headline")


def rows(scenario: Scenario) -> Iterator[dict[str, Any]]:
    """A row for each contract and month 0 … M: due in the month, exposures at its close, in $."""
    path = deterministic_path(scenario)
    for name in scenario.contracts:
        if f"contracts.{name}.due" not in path:
            continue  # of an alternative that the deterministic path does not take
        for month in range(scenario.calendar.months + 1):
            values = {column: float(path[f"contracts.{name}.{column}"][month]) for column in COLUMNS}
            yield {"contract": name, "month": month, "label": scenario.label(month), **values}


def table(scenario: Scenario) -> Iterator[str]:
    """The rows as text, contract by contract; months in which nothing is due or owed are left out."""
    yield "Deterministic path; due in the month; at its close: firm = owed if notice is given, headline = to the end"
    of: dict[str, list[dict[str, Any]]] = {}
    for row in rows(scenario):
        of.setdefault(row["contract"], []).append(row)
    for name, listed in of.items():
        total = sum(row["due"] for row in listed)
        yield ""
        yield f"[contracts.{name}]  {money(total)} due within the horizon"
        yield f"{'month':>5}  {'':<7} {'due':>10} {'firm':>10} {'headline':>10}"
        for row in listed:
            if row["due"] or row["firm"] or row["headline"]:
                values = " ".join(f"{money(row[column]):>10}" for column in COLUMNS)
                yield f"{row['month']:>5}  {row['label']:<7} {values}"
