"""`simulator stress`: named shocks laid over a scenario."""

from __future__ import annotations

from pathlib import Path

import click

from simulator.cli.asking import FIGURES, answered, command_of, of_runs, runs_of
from simulator.cli.common import guarded, load_all


@click.command(short_help="Lay named shocks over a scenario, all in one table.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--shock", "shocks", multiple=True, metavar="NAME|FILE",
    help="A shipped shock by its name, or a file of your own [all shipped ones]. Repeatable.",
)  # fmt: skip
@FIGURES
@of_runs
@guarded
def stress(
    file: Path,
    shocks: tuple[str, ...],
    figures: tuple[str, ...],
    settings: tuple[str, ...],
    paths: int | None,
    seed: int | None,
    threads: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Lay named shocks over scenario FILE and compare each with the scenario as it is, on the same random numbers.

    A shock changes what the scenario says, relative to it; one whose driver the scenario has not got is named.
    """
    from simulator.analysis.stresses import TABLES
    from simulator.analysis.stresses import stress as stressed
    from simulator.report.decisions import shaken

    (scenario,) = load_all((file,), settings)
    command = command_of("stress", (file,), shock=shocks, figure=figures, set=settings, paths=paths, seed=seed)
    runs = runs_of(scenario, paths, seed, threads)
    answered(
        lambda: stressed(scenario, shocks, figures, runs=runs, command=command), scenario, TABLES, shaken, out, as_json
    )
