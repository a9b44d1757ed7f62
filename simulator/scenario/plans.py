"""Plans from CSV: a table `{ csv = "plan.csv", column = "fee", unit = "B/mo" }` becomes the months and amounts it names.

The first row that is no comment names the columns; `month` says which of them holds the calendar months (default "month").
Such a table may stand wherever a key takes amounts by month: a contract's schedule, a revenue plan, a flow.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.components.base import month_ordinal
from simulator.scenario.diagnostics import Diagnostic, Place, near
from simulator.scenario.source import Key, Source

KEYS = ("csv", "column", "month", "unit")
EXAMPLE = '{ csv = "plan.csv", column = "fee", unit = "B/mo" }'
MAX_BYTES = 1 << 20
MAX_ROWS = 2_000  # a row a month
MAX_FINDINGS = 50  # in one plan
AMOUNT = re.compile(r"[+-]?(\d[\d_]*(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
STAND_IN = {"2000-01": 0}  # for a plan that cannot be read, so that the rest of the file is still checked


def with_plans(value: Any, source: Source, folder: Path, found: list[Diagnostic], at: Key = ()) -> Any:
    """The table with every plan read; what is wrong with one is added to `found`."""
    if not isinstance(value, dict):
        return value
    if "csv" in value:
        return _Plan(value, source, folder, found, at).read()
    return {key: with_plans(inner, source, folder, found, (*at, key)) for key, inner in value.items()}


class _Plan:
    def __init__(
        self, table: Mapping[str, Any], source: Source, folder: Path, found: list[Diagnostic], at: Key
    ) -> None:
        self.table, self.source, self.folder, self.found, self.at = table, source, folder, found, at

    def complain(self, key: str, message: str, hint: str | None = None) -> dict[str, Any]:
        place = self.source.value_place((*self.at, key))
        self.found.append(Diagnostic("E016", message, place, hint))
        return dict(STAND_IN)

    def read(self) -> dict[str, Any]:
        table = self.table
        for key in table:
            if key not in KEYS:
                hint = near(key, KEYS)
                place = self.source.place((*self.at, key))
                known = f"did you mean `{hint}`?" if hint else "keys: " + ", ".join(KEYS)
                self.found.append(Diagnostic("E014", f"unknown key `{key}` in a plan from a file", place, known))
        for key in KEYS:
            if not isinstance(table.get(key, "" if key in ("month", "unit") else None), str):
                missing = key not in table
                return self.complain(
                    key, f"a plan from a file needs `{key}`" if missing else f"`{key}` is text", EXAMPLE
                )
        name = table["csv"]
        try:
            file = self.folder / name
            inside = not Path(name).is_absolute() and file.resolve().is_relative_to(self.folder.resolve())
            if not inside:
                return self.complain(
                    "csv", f"{name} lies outside the folder of the scenario", "copy it beside the file"
                )
            if not file.is_file():
                hint = near(file.name, (p.name for p in file.parent.glob("*.csv")))
                return self.complain(
                    "csv", f"there is no file {name} beside the scenario", f"did you mean {hint}?" if hint else None
                )
            if file.stat().st_size > MAX_BYTES:
                return self.complain("csv", f"{name} is larger than {MAX_BYTES >> 20} MiB", "a plan has a row a month")
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, ValueError, RuntimeError) as problem:  # ValueError: not UTF-8, or a NUL in the name
            return self.complain("csv", f"{name} cannot be read: {problem}", "save it as UTF-8 text")
        return self.rows(file, name, text)

    def rows(self, file: Path, name: str, text: str) -> dict[str, Any]:
        lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip() and not line.startswith("#")]
        if not lines:
            return self.complain("csv", f"{name} is empty")
        header = [cell.strip() for cell in _cells(lines[0][1])]
        month, column = str(self.table.get("month", "month")), str(self.table["column"])
        for key, wanted in (("month", month), ("column", column)):
            if wanted not in header:
                hint = near(wanted, header)
                known = f"did you mean `{hint}`?" if hint else "columns: " + ", ".join(header)
                return self.complain(key, f"{name} has no column `{wanted}`", known)
            if header.count(wanted) > 1:
                return self.complain(key, f"{name} has several columns `{wanted}`", "give them names of their own")
        if len(lines) > MAX_ROWS:
            return self.complain("csv", f"{name} has more than {MAX_ROWS:,} rows", "a plan has a row a month")
        schedule: dict[str, Any] = {}
        problems, where = 0, shown(file)
        for number, line in lines[1:]:
            place = Place(where, number, 1, max(1, len(line.rstrip())), line.rstrip("\r"))
            problem = self.row(_cells(line), header, schedule, f"row {number}")
            if problem is not None:
                problems += 1
            if problem is not None and problems <= MAX_FINDINGS:
                self.found.append(Diagnostic("E016", problem[0], place, problem[1]))
        if not schedule and not problems:
            return self.complain("csv", f"{name} has no month")
        return schedule or dict(STAND_IN)

    def row(
        self, cells: list[str], header: list[str], schedule: dict[str, Any], row: str
    ) -> tuple[str, str | None] | None:
        """Add a row to the schedule, or say what is wrong with it and what to write."""
        month, column = str(self.table.get("month", "month")), str(self.table["column"])
        if len(cells) != len(header):
            return f"{row} has {len(cells)} cells, the header {len(header)}", "a number is written without commas"
        label, amount = cells[header.index(month)].strip(), cells[header.index(column)].strip()
        if month_ordinal(label) is None:
            return f"{row}, column `{month}`: {label!r} is not a calendar month", "write 2029-05"
        if label in schedule:
            return f"{row}, column `{month}`: {label} stands twice", "one row a month"
        if not AMOUNT.fullmatch(amount):
            return (
                f"{row}, column `{column}`: {amount!r} is not a number",
                'write 1.25; the unit stands in `unit = "B/mo"`',
            )
        schedule[label] = amount + str(self.table.get("unit", ""))
        return None


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\r")]))
    except (csv.Error, StopIteration):
        return [line]


def shown(file: Path) -> str:
    """A file's name for people: relative to where they are, if it lies below."""
    try:
        return file.resolve().relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError, RuntimeError):
        return str(file)
