"""`simulator failures`: reverse stress, the distinct ways in which a scenario fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simulator.cli.answer import answer, span, usage
from simulator.cli.common import AS_JSON, SETTINGS, guarded, load_all


@click.command(short_help="Reverse stress: group failing paths into ways of failing, with a file for each.")
@click.argument("file", type=click.Path(path_type=Path))
@SETTINGS
@click.option("--by", "month", type=click.IntRange(1), default=36, show_default=True, help="Default by this month.")
@click.option("--paths", type=click.IntRange(1_000, 65_536), default=16_384, show_default=True, help="Paths looked at.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write document, tables and scenario files here.",
)
@AS_JSON
@guarded
def failures(file: Path, settings: tuple[str, ...], month: int, paths: int, out: Path | None, as_json: bool) -> None:
    """The most plausible ways in which scenario FILE comes to default by month --by.

    Failing paths are grouped by what drove them. Each group has its share of the defaults, its middle month, its drivers in
    standard deviations, how likely it is, and with --out a scenario file `failure-1.toml` … that makes it happen when run.
    """
    from simulator.analysis.archetypes import archetypes, merged
    from simulator.scenario.resolve import tables_of

    (scenario,) = load_all((file,), settings)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    try:
        document = archetypes(scenario, month, paths, overrides=merged(tables_of(settings)), out=out).document
    except ValueError as problem:
        raise usage(problem) from None
    answer(document, {"archetypes": document["archetypes"]}, out, as_json, lines)


def lines(d: dict[str, Any]) -> list[str]:
    found = [
        f"{d['failing']:,} of {d['paths']:,} paths in default by month {d['month']} ({d['label']}): {span(d['pd'])}",
        f"{len(d['archetypes'])} ways of failing (mean silhouette {d['silhouette']:.2f})",
    ]
    for one in d["archetypes"]:
        found += [
            "",
            f"{one['number']}. {one['sentence']}",
            f"   share of defaults {span(one['share'])}; probability {span(one['probability'])}",
            f"   typical month {one['month']} ({one['label']}), P10 {one['month_p10']}, P90 {one['month_p90']}; "
            f"centre {one['distance_sd']:.1f} sd out (chance of as far: {one['tail']:.2g})",
            "   " + ", ".join(f"{name} {z:+.1f}" for name, z in list(one["drivers"].items())[:8]),
            f"   with its shocks given: default {span(one['reproduced_pd'])}"
            + (f", month {one['reproduced_month']}" if one["reproduced_month"] else "")
            + (f"; {one['file']}" if one["file"] else ""),
        ]
    return found
