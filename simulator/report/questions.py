"""SQL over the tables of a finished run, by duckdb, which reads the Parquet files as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from simulator.scenario.diagnostics import safe
from simulator.store import folder as store

TABLES = ("paths", "months", "contracts", "trajectories", "failing")
COLUMNS = (
    "select table_name as table, column_name as column, data_type as type from information_schema.columns order by all"
)


class DatabaseError(Exception):
    """The package is not installed."""


class QuestionError(Exception):
    """What the database says of the query."""


class Answer(NamedTuple):
    columns: list[str]
    rows: list[tuple[Any, ...]]


def query(folder: str | Path, sql: str | None = None) -> Answer:
    """Columns and rows of a query; without one the tables and their columns. Raises StoreError (no finished run), DatabaseError,
    QuestionError. The query can read the files of the run and nothing else, and write nothing."""
    place = Path(folder).resolve()
    manifest = store.read_any_manifest(place)
    try:
        import duckdb
    except ImportError:
        raise DatabaseError("SQL needs the package duckdb: pip install 'simulator[sql]'") from None
    database = duckdb.connect(":memory:", config={"allow_community_extensions": "false"})
    try:
        files = {name: [str(place / p["file"]) for p in store.files_of(manifest, name)] for name in TABLES}
        every = [file for found in files.values() for file in found]
        database.execute(f"set allowed_paths=[{', '.join(map(_quoted, every))}]")
        database.execute("set enable_external_access=false")
        database.execute("set lock_configuration=true")
        for name, found in files.items():
            if found:
                database.execute(f"create view {name} as from read_parquet([{', '.join(map(_quoted, found))}])")
        result = database.execute(sql if sql is not None else COLUMNS)
        return Answer([column[0] for column in result.description or ()], result.fetchall())
    except duckdb.Error as problem:
        raise QuestionError(safe_lines(str(problem))) from None
    finally:
        database.close()


def safe_lines(text: str) -> str:
    return "\n".join(safe(line) for line in text.splitlines())


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def lines(found: Answer, most: int) -> Iterator[str]:
    """A plain table: numbers to the right, texts to the left."""
    cells = [[_text(x) for x in row] for row in found.rows[:most]]
    heads = [safe(c) for c in found.columns]
    number = [all(not isinstance(row[k], str) for row in found.rows[:most]) for k in range(len(heads))]
    width = [max([len(head), *(len(row[k]) for row in cells)]) for k, head in enumerate(heads)]

    def line(row: list[str]) -> str:
        return "  ".join(x.rjust(w) if n else x.ljust(w) for x, w, n in zip(row, width, number, strict=True)).rstrip()

    yield line(heads)
    yield "  ".join("-" * w for w in width)
    yield from map(line, cells)
    if len(found.rows) > most:
        yield f"… {len(found.rows) - most:,} more rows (--rows, --csv, --json)"


def _text(x: Any) -> str:
    if x is None:
        return "-"
    if isinstance(x, float):
        return f"{x:,.2f}" if abs(x) >= 1000 else f"{x:.6g}"
    return safe(str(x))
