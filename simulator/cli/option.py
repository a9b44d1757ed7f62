"""`simulator option`: what the right to leave a contract is worth, and when to use it."""

from __future__ import annotations

from pathlib import Path

import click

from simulator.cli.common import AS_JSON, SETTINGS, guarded, load_all, print_json, say, tell, width


@click.command(short_help="Value the right to leave a contract, and say when to use it.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--contract", metavar="NAME", help="Which contract [the only one that may be left].")
@click.option(
    "--paths", type=click.IntRange(1024, 1_000_000), default=16_384, show_default=True, help="Paths to value on."
)
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Of those paths [file's, else 1].")
@click.option(
    "--training-paths",
    type=click.IntRange(1024, 1_000_000),
    default=16_384,
    show_default=True,
    help="Paths that decisions are fitted on; they are none of those.",
)
@click.option("--training-seed", type=click.IntRange(0, 2**64 - 1), default=1, show_default=True, help="Of those.")
@click.option(
    "--month",
    "months",
    type=click.IntRange(1),
    multiple=True,
    help="Steps to give default probabilities for [24, horizon].",
)
@SETTINGS
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder for the document and its tables.",
)
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads [all cores]; the result does not depend on it.")
@AS_JSON
@guarded
def option(
    file: Path,
    contract: str | None,
    paths: int,
    seed: int | None,
    training_paths: int,
    training_seed: int,
    months: tuple[int, ...],
    settings: tuple[str, ...],
    out: Path | None,
    threads: int | None,
    as_json: bool,
) -> None:
    """Value the right to leave a contract of scenario FILE: the buyer's, the supplier's, and both together.

    Each right as a lower bound (least squares Monte Carlo) and a dual upper bound, in dollars at the opening; runs in which
    the sides leave by the file's rules or at their best moments, with default probabilities; and the boundary in the price
    ratio, month by month.
    """
    (scenario,) = load_all((file,), settings)
    from simulator.analysis.documents import write
    from simulator.analysis.leaving import TABLES, UNITS
    from simulator.analysis.leaving import option as value
    from simulator.components.exit_rules import Optimal
    from simulator.report.option import lines
    from simulator.runner import with_run

    outside = [m for m in months if m > scenario.calendar.months]
    if outside:
        raise click.UsageError(f"--month {outside[0]} lies beyond the horizon of {scenario.calendar.months} steps")
    training = Optimal(paths=training_paths, seed=training_seed)
    try:
        found = value(with_run(scenario, None, seed), contract, paths, training, months or None, threads)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None
    document = found.document
    if out is not None:
        tables = [name for name in TABLES if document[name]]
        say(f"written to {write(out, document, found.scenario, tables, UNITS)}", err=True)
    if as_json:
        print_json(document)
        return
    tell(lines(document, width()))
