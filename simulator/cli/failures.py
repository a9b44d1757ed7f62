"""`simulator failures`: reverse stress."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simulator.cli.common import AS_JSON, SETTINGS, guarded, load_all, print_json, say, tell

STRUCTURE = 0.25  # below: "no substantial structure" (Kaufman & Rousseeuw, Finding Groups in Data, 1990)


@click.command(short_help="Show the distinct ways in which a scenario fails.")
@click.argument("file", type=click.Path(path_type=Path))
@SETTINGS
@click.option("--by", "month", type=click.IntRange(1), help="Default by this month [the horizon].")
@click.option("--paths", type=click.IntRange(1_000, 65_536), default=16_384, show_default=True, help="Paths looked at.")
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads [all cores]; the result does not depend on it.")
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
    threads: int | None,
    groups: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Reverse stress: the distinct ways in which scenario FILE fails by month --by.

    Paths in default are grouped by what drove them there, in standard deviations. Each way has its share, its typical month,
    its drivers, how plausible it is, and with --out a scenario file that fails in that way when it is run. Where hardly a path
    defaults, paths of importance sampling are looked at, each with its weight.
    """
    from simulator.analysis.failures import TooFewError
    from simulator.analysis.failures import failures as find

    (scenario,) = load_all((file,), settings)
    try:
        found = find(scenario, month, paths, groups, threads=threads)
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
        say(f"written to {place}", err=True)
    if as_json:
        print_json(document)
        return
    tell(lines(document))


def lines(d: dict[str, Any]) -> list[str]:
    from simulator.report.words import percent

    by, ways = d["by"], len(d["archetypes"])
    several = f"{ways} ways" if ways > 1 else "1 way"
    weighted = d["method"] != "plain"
    found = [
        f"In default by month {by['month']} ({by['label']}): {percent(by['pd'])} ({percent(by['pd_low'])} to "
        f"{percent(by['pd_high'])}) of paths, in {several}; {d['paths']:,} paths looked at, 95 % intervals"
    ]
    if weighted:
        found.append(
            "Too few plain paths default: these are of importance sampling, weighted, "
            f"{d['effective_paths']:,.0f} effective ones in default"
        )
    if ways > 1 and d["silhouette"] < STRUCTURE:
        found.append(
            f"The ways run into each other (silhouette {d['silhouette']:.2f} of 1): read them as corners, not as kinds"
        )
    mostly: dict[int, str] = {}
    for c in d["causes"]:  # the most frequent of a way comes first
        low, high = percent(c["share_of_way_low"]), percent(c["share_of_way_high"])
        mostly.setdefault(c["way"], f"{percent(c['share_of_way'])}, {low} to {high}")
    for one in d["archetypes"]:
        number, cause = one["way"].split(": ", 1)
        part = f"{percent(one['share_of_failing_low'])} to {percent(one['share_of_failing_high'])}"
        again = one["share_reproduced"]
        size = f"{one['effective_paths']:,.0f} effective paths" if weighted else f"{one['paths']:,} paths"
        found += [
            "",
            f"{number}. {percent(one['share_of_failing'])} of defaults ({part}; {size}), typically in month {one['month']:.0f} "
            f"({one['label']}; median, {one['month_low']:.0f} to {one['month_high']:.0f}), "
            f"mostly {cause} ({mostly[int(number)]})",
            f"   {one['drivers']}",
            f"   drivers as far out have a chance of {percent(one['plausibility'])} ({percent(one['plausibility_low'])} to "
            f"{percent(one['plausibility_high'])})",
        ]
        if again is not None:
            found.append(
                f"   its file: {percent(again)} of paths fail by month {one['path_month']}"
                f" ({percent(one['share_reproduced_low'])} to {percent(one['share_reproduced_high'])})"
            )
    found += ["", "sd: standard deviations of all paths, up to the default. --out writes a scenario file for each way."]
    return found
