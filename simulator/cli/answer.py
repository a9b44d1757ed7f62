"""What the commands share that answer with one document: print it, write it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from simulator.cli.common import print_json, shown

OUT = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Also write document.json and tables here."
)


def answer(
    document: dict[str, Any],
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    out: Path | None,
    as_json: bool,
    lines: Callable[[dict[str, Any]], Sequence[str]],
) -> None:
    if out is not None:
        from simulator.store.documents import write_document

        place = write_document(out, document, tables)
        if not as_json:
            click.echo(f"written to {shown(place.parent)}", err=True)
    if as_json:
        print_json(document)
        return
    for line in lines(document):
        click.echo(line)


def span(e: Mapping[str, Any]) -> str:
    """A share with its interval."""
    from simulator.report.words import percent

    return f"{percent(e['value'])} ({percent(e['low'])} to {percent(e['high'])})"


def usage(problem: ValueError) -> click.UsageError:
    return click.UsageError(str(problem))
