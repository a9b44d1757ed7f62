"""What people say of the columns of `paths`: `raised < 10B`, `input.revenue.growth`, `rounds.rounds == 0`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simulator.engine.build import Array
from simulator.engine.ledger import NAN_CODE
from simulator.record import from_manifest
from simulator.scenario.diagnostics import near
from simulator.scenario.model import Scenario
from simulator.store import folder as store

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le, ">=": operator.ge, "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt
}  # fmt: skip
CONDITION = re.compile(r"\s*(?P<column>[^\s<>=!]+)\s*(?P<operator><=|>=|==|!=|<|>)\s*(?P<value>\S.*?)\s*")
NUMBER = re.compile(r"\$?\s*(?P<number>[-+]?[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*(?P<unit>[KMBT%]?)")
UNITS = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "%": 0.01}


class ColumnError(ValueError):
    """Words about columns that cannot be understood; the message says what to write."""


class Run(NamedTuple):
    """The paths of a finished run that are a number."""

    folder: Path
    scenario: Scenario
    columns: Callable[[str], Array]
    causes: tuple[str, ...]

    @property
    def months(self) -> int:
        return self.scenario.calendar.months

    def defaults(self, month: int) -> Any:
        """Whether a path is in default by a month."""
        end = self.columns("end_month")
        return (end > 0) & (end <= month) & (self.columns("cause") > NAN_CODE)


def opened(folder: Path) -> Run:
    """A finished run. Raises StoreError."""
    manifest = store.read_manifest(folder)
    names = store.column_names(folder, "paths")
    known: dict[str, Array] = {}

    def column(name: str) -> Array:
        if name not in names:
            hint = near(name, names)
            raise ColumnError(f"`paths` has no column `{name}`" + (f"; did you mean `{hint}`?" if hint else ""))
        if name not in known:
            wanted = list(dict.fromkeys((name, "cause")))
            table = store.read_table(folder, "paths", wanted)
            numbers = table["cause"].to_numpy() != NAN_CODE
            known[name] = np.asarray(table[name].to_numpy(), dtype=np.float64)[numbers]
        return known[name]

    return Run(folder, from_manifest(manifest), column, tuple(manifest["endings"]))


def amount(text: str) -> float:
    """A number as people write it: 10B, 5 %, -0.02."""
    match = NUMBER.fullmatch(text.strip())
    if match is None:
        raise ColumnError(f"{text!r} is not a number; write 10B, 5 % or -0.02")
    return float(match["number"].replace("_", "")) * UNITS[match["unit"]]


def condition(run: Run, text: str) -> Any:
    """Which paths a condition holds of; several joined by `and`. Raises ColumnError."""
    found: Any = None
    for part in re.split(r"\s+and\s+", text):
        match = CONDITION.fullmatch(part)
        if match is None:
            raise ColumnError(f"{part!r} is not a condition; write for example 'raised < 10B'")
        holds = OPERATORS[match["operator"]](run.columns(match["column"]), amount(match["value"]))
        found = holds if found is None else found & holds
    return found


def horizons(months: int, given: Sequence[int] = ()) -> list[int]:
    """Months at which default probabilities are told."""
    return [m for m in (given or (12, 24, 36, 60)) if 1 <= m <= months] or [months]
