"""`simulator compare`: scenarios side by side on the same random numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simulator.cli.asking import FIGURES, answered, command_of, of_runs, runs_of
from simulator.cli.common import guarded, load_all


@click.command(short_help="Compare scenarios path by path, and say which change does what.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@FIGURES
@click.option(
    "--by", type=click.IntRange(1), help="Attribute the default probability by this month [24, else the horizon]."
)
@click.option(
    "--no-attribution", is_flag=True, help="Leave out the runs that attribute the difference to the changed keys."
)
@click.option(
    "--controls",
    is_flag=True,
    help="Also give the differences of shares and means with control variates (a pilot of both).",
)
@of_runs
@guarded
def compare(
    files: tuple[Path, ...],
    settings: tuple[str, ...],
    figures: tuple[str, ...],
    by: int | None,
    no_attribution: bool,
    controls: bool,
    paths: int | None,
    seed: int | None,
    threads: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Compare scenario FILES with the first of them, path by path on the same random numbers.

    With one file, it is compared with itself under --set; with more, --set goes to all but the first. Shows the differences of
    the figures with their intervals, the keys that changed, how many paths changed their fate, and how much of the difference
    of the default probability is due to which key (Shapley values up to six keys, beyond in the order of the second file).
    """
    from simulator.analysis.compare import TABLES
    from simulator.analysis.compare import compare as side_by_side
    from simulator.report.decisions import compared

    base, *others = [*load_all(files[:1], ()), *load_all(files[1:] or (files[:1] if settings else ()), settings)]
    command = command_of("compare", files, set=settings, figure=figures, by=by, paths=paths, seed=seed)
    runs = runs_of(base, paths, seed, threads)
    if controls:
        command += " --controls"

    def found() -> dict[str, Any]:
        how: dict[str, Any] = {"attribution": not no_attribution, "runs": runs, "command": command}
        return side_by_side([base, *others], figures, by, controls=controls, **how)

    answered(found, base, TABLES, compared, out, as_json)
