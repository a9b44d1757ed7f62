"""`simulator failures`: reverse stress."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simulator.cli.common import AS_JSON, SETTINGS, guarded, load_all, print_json, shown, tell


@click.command(short_help="Show the distinct ways in which a scenario fails.")
@click.argument("file", type=click.Path(path_type=Path))
@SETTINGS
@click.option("--by", "month", type=click.IntRange(1), help="Default by this month [the horizon].")
@click.option("--paths", type=click.IntRange(1_000, 65_536), default=16_384, show_default=True, help="Paths looked at.")
@click.option(
    "--groups", type=click.IntRange(2, 12), help="So many ways [three to six, as many as are told apart best]."
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Also write document, tables and a file a way here."
)
@AS_JSON
@guarded
def failures(
    file: Path,
    settings: tuple[str, ...],
    month: int | None,
    paths: int,
    groups: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Reverse stress: the distinct ways in which scenario FILE fails by month --by.

    Paths in default are grouped by what drove them there, in standard deviations. Each way has its share, its typical month,
    its drivers, how plausible it is, and with --out a scenario file that fails in that way when it is run.
    """
    from simulator.analysis.failures import TooFewError
    from simulator.analysis.failures import failures as find

    (scenario,) = load_all((file,), settings)
    try:
        found = find(scenario, month, paths, groups)
    except TooFewError as problem:
        raise click.ClickException(f"{problem}; give more --paths, a later --by, or a harsher file") from None
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None
    document = found.document
    if out is not None:
        from simulator.analysis.documents import write
        from simulator.store.disk import write_whole

        place = write(out, document, scenario, ("archetypes", "drivers", "causes"))
        for number, one in enumerate(found.archetypes, 1):
            write_whole(out, f"{scenario.name}-failure-{number}.toml", [one.scenario.encode()])
        click.echo(f"written to {shown(place)}", err=True)
    if as_json:
        print_json(document)
        return
    tell(lines(document))


def lines(d: dict[str, Any]) -> list[str]:
    from simulator.report.words import percent

    by = d["by"]
    found = [
        f"In default by month {by['month']} ({by['label']}): {percent(by['pd'])} of {d['paths']:,} paths, in "
        f"{len(d['archetypes'])} ways"
    ]
    for one in d["archetypes"]:
        number, cause = one["way"].split(": ", 1)
        part = f"{percent(one['share_of_failing_low'])} to {percent(one['share_of_failing_high'])}"
        again = one["share_reproduced"]
        found += [
            "",
            f"{number}. {percent(one['share_of_failing'])} of them ({part}), typically in month {one['month']} "
            f"({one['label']}), mostly {cause}",
            f"   {one['drivers']}",
            f"   plausibility {percent(one['plausibility'])} of drivers as far out; path {one['path']}"
            + ("" if again is None else f", {percent(again)} of its file's paths fail by month {one['path_month']}"),
        ]
    return found
