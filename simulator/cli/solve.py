"""`simulator solve`: how far a lever has to move until a limit is kept."""

from __future__ import annotations

from pathlib import Path

import click

from simulator.cli.asking import answered, command_of, of_runs, runs_of
from simulator.cli.common import guarded, load_all


@click.command(short_help="How far a lever has to move until a limit is kept.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--vary", multiple=True, required=True, metavar="KEY",
    help="A key with a number; `raise` is money on top of the opening cash, `cash` and `growth` are short. Repeatable.",
)  # fmt: skip
@click.option("--until", required=True, metavar="LIMIT", help="The limit to keep, for example 'pd(24) <= 5%'.")
@click.option(
    "--between", multiple=True, metavar="KEY=FROM..TO", help="Where to look [4 times the base value each way]."
)
@click.option(
    "--within", metavar="SHARE",
    help="How far the interval may go to either side, as a share of the answer: 1%. Runs then have as many paths as that takes; "
    "--paths [16,384] are those of the runs that bracket.",
)  # fmt: skip
@of_runs
@guarded
def solve(
    file: Path,
    vary: tuple[str, ...],
    until: str,
    between: tuple[str, ...],
    within: str | None,
    settings: tuple[str, ...],
    paths: int | None,
    seed: int | None,
    threads: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Find how far levers of scenario FILE have to move, each alone, until a LIMIT is kept; at most 20 model runs a lever.

    Both ends of the bracket are run; the interval is where the figure's own interval crosses the limit. A figure that turns
    back on the way is reported. With --within small runs bracket the answer and larger ones, which go on from them, find it.
    """
    from simulator.analysis.search import FEW_PATHS
    from simulator.analysis.solve import TABLES
    from simulator.analysis.solve import solve as solved
    from simulator.quantities.units import SHARE, QuantityError
    from simulator.report.decisions import levers

    try:
        precise = None if within is None else SHARE.convert(*SHARE.parse(within))
    except QuantityError as problem:
        raise click.UsageError(f"--within {within}: {problem}") from None
    (scenario,) = load_all((file,), settings)
    command = command_of(
        "solve", (file,), vary=vary, until=until, between=between, within=within, set=settings, paths=paths, seed=seed
    )
    small = FEW_PATHS if within is not None and paths is None else paths
    runs = runs_of(scenario, small, seed, threads)
    answered(
        lambda: solved(scenario, vary, until, between, runs=runs, command=command, within=precise),
        scenario,
        TABLES,
        levers,
        out,
        as_json,
    )
