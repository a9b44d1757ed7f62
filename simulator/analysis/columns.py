"""What people say of the columns of `paths`: `raised < 10B`, `input.revenue.growth`, `rounds.rounds == 0`.

Where [keep] stored trajectories also of a month: `cash(24)`, and `growth(24)`, the mean logarithmic growth of the run-rate a
year up to the month. `pd(24)` is 1 on paths in default by the month.
"""

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
OF_MONTH = re.compile(r"(?P<name>[^()\s]+)\((?P<month>\d{1,4})\)")
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
    scenario = from_manifest(manifest)
    if scenario.run.sampling != "plain":
        raise ColumnError(
            f"{folder} was sampled by `{scenario.run.sampling}`, and intervals here are of independent paths; run it plainly"
        )
    known: dict[str, Array] = {}

    def column(name: str) -> Array:
        at = OF_MONTH.fullmatch(name)
        if at is not None and name not in names:
            if name not in known:
                known[name] = _of_month(folder, scenario, at["name"], int(at["month"]), column)
            return known[name]
        if name not in names:
            hint = near(name, names)
            raise ColumnError(f"`paths` has no column `{name}`" + (f"; did you mean `{hint}`?" if hint else ""))
        if name not in known:
            wanted = list(dict.fromkeys((name, "cause")))
            table = store.read_table(folder, "paths", wanted)
            numbers = table["cause"].to_numpy() != NAN_CODE
            known[name] = np.asarray(table[name].to_numpy(), dtype=np.float64)[numbers]
        return known[name]

    return Run(folder, scenario, column, tuple(manifest["endings"]))


def _of_month(folder: Path, scenario: Scenario, name: str, month: int, column: Callable[[str], Array]) -> Array:
    if not 0 <= month <= scenario.calendar.months or (name in ("growth", "pd") and month == 0):
        raise ColumnError(f"month {month} of `{name}` lies outside the run")
    if name == "pd":
        end = column("end_month")
        return np.asarray((end > 0) & (end <= month) & (column("cause") > NAN_CODE), dtype=np.float64)
    if name == "growth":
        later, opening = column(f"run_rate({month})"), column("run_rate(0)")
        return np.asarray(np.log(later / opening) * scenario.step.per_year / month)
    kept, months = scenario.keep.trajectories, scenario.keep.months_of(scenario.calendar)
    if name not in kept or month not in months:
        listed = ", ".join(kept) or "none"
        raise ColumnError(
            f"`{name}` of month {month} was not stored ({listed}); run with --set 'keep.trajectories=[\"{name}\"]'"
        )
    values = np.asarray(store.read_table(folder, "trajectories", [name])[name].to_numpy(), dtype=np.float64)
    causes = store.read_table(folder, "paths", ["cause"])["cause"].to_numpy()
    return np.asarray(values.reshape(-1, len(months))[:, months.index(month)][causes != NAN_CODE])


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
