"""What `compare`, `sweep`, `solve` and `stress` share: options, model runs, and what becomes of the document."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from simulator.cli.common import AS_JSON, SETTINGS, announce_compiling, print_json, say, tell, width

PATHS = click.option("--paths", type=click.IntRange(2, 100_000_000), help="Paths of every run [file's, else 100,000].")
SEED = click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Seed of every run [file's, else 1].")
THREADS = click.option(
    "--threads", type=click.IntRange(1, 1024), help="Threads [all cores]; the result does not depend on it."
)
OUT = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Also write document and tables (Parquet) here."
)


def of_runs(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that runs variants of a scenario."""
    for option in reversed((SETTINGS, PATHS, SEED, THREADS, OUT, AS_JSON)):
        command = option(command)
    return command


FIGURES = click.option(
    "--figure",
    "figures",
    multiple=True,
    metavar="FIGURE",
    help="A figure to show, for example pd(24), runway.p50, peak_need.p90, expected_loss(xai), cash.p05(12). Repeatable.",
)


def runs_of(scenario: Any, paths: int | None, seed: int | None, threads: int | None) -> Any:
    from simulator.analysis.variants import Runs

    def told(number: int, name: str) -> None:
        say(f"run {number}: {name}", err=True)

    progress = told if sys.stderr.isatty() else None
    return Runs.like(scenario, paths, seed, threads=threads, announce=announce_compiling, progress=progress)


def command_of(verb: str, files: Iterable[Path], **options: Any) -> str:
    """The command as it could be written again."""
    words = ["simulator", verb, *(str(f) for f in files)]
    for name, value in options.items():
        for one in value if isinstance(value, tuple) else (value,):
            if one is not None:
                words += [f"--{name}", str(one)]
    return " ".join(shlex.quote(word) for word in words)


def answered(
    found: Callable[[], dict[str, Any]],
    scenario: Any,
    tables: Sequence[str],
    lines: Callable[[dict[str, Any], int | None], Iterable[str]],
    out: Path | None,
    as_json: bool,
) -> None:
    """Compute, write, print; what the question got wrong becomes a message and exit code 2."""
    from simulator.quantities.units import QuantityError

    try:
        document = found()
    except QuantityError as problem:
        raise click.UsageError(f"{problem}\n{problem.hint}" if problem.hint else str(problem)) from None
    if out is not None:
        from simulator.analysis.documents import write

        say(f"written to {write(out, document, scenario, tables)}", err=True)
    if as_json:
        print_json(document)
        return
    tell(lines(document, width()))
