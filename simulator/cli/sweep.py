"""`simulator sweep`: figures over a grid of one or two keys."""

from __future__ import annotations

from pathlib import Path

import click

from simulator.cli.asking import FIGURES, answered, command_of, of_runs, runs_of
from simulator.cli.common import guarded, load_all


@click.command(short_help="Figures over a range of one or two keys, and where they cross a level.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--over", multiple=True, required=True, metavar="KEY=FROM..TO:N",
    help="A key and its range, or KEY=A,B,C; one or two of them.",
)  # fmt: skip
@FIGURES
@click.option("--contour", metavar="FIGURE=VALUE", help="Where this holds on the grid [pd(24) = 5%].")
@of_runs
@guarded
def sweep(
    file: Path,
    over: tuple[str, ...],
    figures: tuple[str, ...],
    contour: str | None,
    settings: tuple[str, ...],
    paths: int | None,
    seed: int | None,
    threads: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Run scenario FILE over a grid of one or two keys, on the same random numbers everywhere.

    Shows any reported figure on the grid with its interval, and the contour on which one of them has a given value.
    """
    from simulator.analysis.sweep import TABLES
    from simulator.analysis.sweep import sweep as over_grid
    from simulator.report.decisions import swept

    (scenario,) = load_all((file,), settings)
    command = command_of(
        "sweep", (file,), over=over, figure=figures, contour=contour, set=settings, paths=paths, seed=seed
    )
    runs = runs_of(scenario, paths, seed, threads)
    answered(
        lambda: over_grid(scenario, over, figures, contour, runs=runs, command=command),
        scenario,
        TABLES,
        swept,
        out,
        as_json,
    )
