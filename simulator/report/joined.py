"""Answers of other verbs on the page: `document.json` of compare, sensitivity, sweep, stress and whatever else writes one.

A document says which verb it is of; how that verb is drawn stands in its file of report/verbs. A verb without one is drawn
by the shape of its tables, lists of flat rows in which an estimate `x` stands as `x`, `x_low`, `x_high`: a name and an
estimate become a chart of intervals, two settings and an estimate a grid, and everything is a table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from simulator.report.charts.specification import Chart, Ledger, Series, writer
from simulator.report.rows import numbers, word
from simulator.report.verbs import Piece, known
from simulator.store.folder import StoreError

ROWS = 40  # of a table that are shown; the files have all
CHART_ROWS = 24


class Part(NamedTuple):
    title: str
    pieces: list[Piece]
    facts: str

    @property
    def charts(self) -> list[Chart]:
        found: list[Chart] = []
        for piece in self.pieces:
            found += [piece] if isinstance(piece, Chart) else piece if isinstance(piece, list) else []
        return found


def read(folder: Path) -> dict[str, Any]:
    """The document in a folder. Raises StoreError."""
    place = folder / "document.json" if folder.is_dir() else folder
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except OSError as problem:
        raise StoreError(f"{place} cannot be read: {problem.strerror or problem}") from problem
    except ValueError as problem:
        raise StoreError(f"{place} is damaged: {problem}") from problem
    if not isinstance(found, dict) or found.get("schema") != 1 or not isinstance(found.get("verb"), str):
        raise StoreError(f'{place} is no answer of a verb: it needs "schema": 1 and a "verb"')
    return found


def part(found: Mapping[str, Any], number: int) -> Part:
    """A section of the page. Raises StoreError (not what its verb writes)."""
    verb = str(found["verb"])
    key = f"{word(verb)}-{number}"
    drawn = known().get(verb)
    facts = (
        [str(found["scenario"]["title"] or found["scenario"]["name"])]
        if isinstance(found.get("scenario"), dict)
        else []
    )
    facts += [
        f"{name} {found[name]:,}" if isinstance(found[name], int) else str(found[name])
        for name in ("command", "paths", "seed") if name in found and isinstance(found[name], int | str)
    ]  # fmt: skip
    told = " · ".join(fact for fact in facts if fact)
    if drawn is None:
        return Part(verb, list(_by_shape(found, key)), told)
    try:
        return Part(drawn.title, list(drawn.pieces(found, key)), told)
    except (KeyError, IndexError, TypeError, ValueError, StopIteration) as problem:
        raise StoreError(
            f"this answer of {verb} is not as {verb} writes it: {type(problem).__name__} {problem}"
        ) from problem


def _by_shape(found: Mapping[str, Any], key: str) -> Iterator[Piece]:
    tables: list[Ledger] = []
    for name, rows in found.items():
        if _is_table(rows):
            columns = list(dict.fromkeys(column for row in rows for column in row))
            tables.append(_table(name, rows, columns))
            yield from _by_figure(f"{key}-{word(name)}", name, rows, columns)
    yield from tables


def _is_table(rows: Any) -> bool:
    return isinstance(rows, list) and bool(rows) and all(isinstance(row, dict) for row in rows)


def estimates(columns: Sequence[str]) -> list[str]:
    known = set(columns)
    return [c for c in columns if f"{c}_low" in known and f"{c}_high" in known]


def _unit(name: str) -> str:
    """Of an estimate, by its name: there is no other place where a row says it."""
    words = name.lower()
    if words.startswith(("pd", "default", "share", "probability", "terminated")) or "pd" in words.split("_"):
        return "share"
    money_words = (
        "cash",
        "need",
        "liquidity",
        "raised",
        "loss",
        "exposure",
        "paid",
        "stranded",
        "firm",
        "headline",
        "value",
    )
    return "$" if any(w in words for w in money_words) else ""


def _shown_unit(unit: Any, column: str) -> str:
    """What a row says of its unit; else what the column's name says."""
    if not isinstance(unit, str) or not unit:
        return _unit(column)
    return "share" if unit in ("%", "share", "1") else unit


def _cell(value: Any, unit: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "-" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)[:80]
    return f"{value:,}" if isinstance(value, int) else writer(unit)(value)


def _table(name: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Ledger:
    found = estimates(columns)
    hidden = {f"{c}{end}" for c in found for end in ("_low", "_high")}
    heads = [c for c in columns if c not in hidden]

    def cell(row: Mapping[str, Any], c: str) -> str:
        unit = _shown_unit(row.get("unit"), c)
        if c not in found or row.get(c) is None:
            return _cell(row.get(c), unit)
        return f"{_cell(row[c], unit)} ({_cell(row.get(f'{c}_low'), unit)} to {_cell(row.get(f'{c}_high'), unit)})"

    left = f"{len(rows) - ROWS:,} more rows are in its file." if len(rows) > ROWS else ""
    return Ledger(
        name.replace("_", " "),
        [h.replace("_", " ") for h in heads],
        [[cell(row, c) for c in heads] for row in rows[:ROWS]],
        left,
    )


def _by_figure(key: str, name: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[Chart]:
    """Charts of a table whose rows may be of several figures: each figure, with its unit, by itself."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((str(row.get("figure", "")), str(row.get("unit", ""))), []).append(row)
    kept = [c for c in columns if c not in ("figure", "unit")]
    if len(groups) == len(rows) > 1:  # a row a figure: those of one unit stand in one chart
        kept = [c for c in columns if c != "unit"]
        groups = {}
        for row in rows:
            groups.setdefault(("", str(row.get("unit", ""))), []).append(row)
    for k, ((figure, unit), found) in enumerate(list(groups.items())[:6]):
        name_of = f"{name}, {figure}" if figure else name
        yield from _charts(f"{key}-{k}" if len(groups) > 1 else key, name_of, found, kept, unit)


def _charts(
    key: str, name: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str], unit: str = ""
) -> Iterator[Chart]:
    found = estimates(columns)
    hidden = {*found, *(f"{c}{end}" for c in found for end in ("_low", "_high"))}
    settings = [
        c for c in columns if c not in hidden and all(isinstance(row.get(c), str | int | float) for row in rows)
    ]
    names = [c for c in settings if all(isinstance(row.get(c), str) for row in rows)]
    values = [c for c in settings if c not in names]
    title = name.replace("_", " ")
    if not found:
        return
    if len(values) >= 2 and not names:
        down, across = values[:2]
        grid = {(row[down], row[across]): row[found[0]] for row in rows}
        ys, xs = sorted({k[0] for k in grid}), sorted({k[1] for k in grid})
        if len(grid) == len(rows) == len(ys) * len(xs) and 2 <= len(xs) <= 12 and 2 <= len(ys) <= 24:
            series = [Series(f"{x:.4g}", "bar", [grid[y, x] for y in ys], 0) for x in xs]
            heading = f"{title}: {found[0].replace('_', ' ')}"
            yield Chart(key, heading, "grid", _shown_unit(unit, found[0]), [f"{y:.4g}" for y in ys], series,
                        down, across=[f"{x:.4g}" for x in xs], across_head=across)  # fmt: skip
            return
    labels = [
        " · ".join(str(row[c]) if isinstance(row[c], str) else f"{row[c]:.4g}" for c in (names or values)[:3])
        for row in rows
    ]
    if not (names or values) or len(set(labels)) < len(labels):
        return
    for c in found[:3]:
        order = (
            sorted(range(len(rows)), key=lambda i: -abs(numbers(rows, c)[i] or 0.0))
            if names and len(rows) > 6
            else range(len(rows))
        )
        kept = [i for i in order if numbers(rows, c)[i] is not None][:CHART_ROWS]
        if kept:
            picked = [rows[i] for i in kept]
            series = [
                Series(
                    c.replace("_", " "),
                    "dot",
                    numbers(picked, c),
                    0,
                    numbers(picked, f"{c}_low"),
                    numbers(picked, f"{c}_high"),
                )
            ]
            heading = f"{title}: {c.replace('_', ' ')}"
            yield Chart(f"{key}-{word(c)}", heading, "rows", _shown_unit(unit, c), [labels[i] for i in kept], series,
                        (names or values)[0])  # fmt: skip
