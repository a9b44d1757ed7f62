"""`simulator query`: SQL over the tables of a finished run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from simulator.cli.common import AS_JSON, ENVIRONMENT, INVALID, guarded, print_json, say


@click.command(short_help="Ask the tables of a run in SQL.")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("sql", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values; no text in them is a formula.")
@click.option("--rows", type=click.IntRange(1), default=1000, show_default=True, help="Rows at most, of text output.")
@AS_JSON
@guarded
def query(run_folder: Path, sql: str | None, as_csv: bool, rows: int, as_json: bool) -> None:
    """Run one SQL query over the tables `paths`, `months` and `contracts` of a finished RUN (and `trajectories` where kept), or
    over `failing` and `months` of one with --rare.

    Without SQL it lists tables and columns. results/README.md explains the columns and has ready examples. The query reads
    the run and nothing else. It needs the package duckdb: pip install 'simulator[sql]'.
    """
    from simulator.report import questions

    try:
        found = questions.query(run_folder, sql)
    except questions.DatabaseError as problem:
        say(*f"error: {problem}".split("\n"), err=True)
        sys.exit(ENVIRONMENT)
    except questions.QuestionError as problem:
        say(*f"error: {problem}".split("\n"), err=True)
        sys.exit(INVALID)
    if as_json:
        print_json({"schema": 1, "run": str(run_folder), "columns": found.columns, "rows": _plain(found.rows)})
    elif as_csv:
        from simulator.report.tables import as_csv as csv

        say(*csv(found.columns, found.rows).removesuffix("\r\n").split("\r\n"))
    else:
        for line in questions.lines(found, rows):
            say(line)


def _plain(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    import math

    def cell(x: Any) -> Any:
        if isinstance(x, float):
            return x if math.isfinite(x) else None
        return x if x is None or isinstance(x, bool | int | str) else str(x)

    return [[cell(x) for x in row] for row in rows]
