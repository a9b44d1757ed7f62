"""`simulator sensitivity`: which uncertainty decides about default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simulator.cli.common import AS_JSON, SETTINGS, guarded, load_all, plain, print_json, shown

WIDTH = 24  # of a bar


@click.command(short_help="Say which uncertain input decides about default.")
@click.argument("file", type=click.Path(path_type=Path))
@SETTINGS
@click.option("--by", "month", type=click.IntRange(1), default=24, show_default=True, help="Default by this month.")
@click.option(
    "--paths", type=click.IntRange(1_000, 65_536), default=16_384, show_default=True, help="Paths of each run."
)
@click.option("--input", "names", multiple=True, metavar="NAME", help="Only this input. Repeatable.")
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads [all cores]; the result does not depend on it.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Also write document and tables here.")
@AS_JSON
@guarded
def sensitivity(
    file: Path,
    settings: tuple[str, ...],
    month: int,
    paths: int,
    names: tuple[str, ...],
    threads: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Say which uncertain number of scenario FILE decides about default by month --by.

    A tornado (each input at its P10 and its P90), the share of the variance of default that each explains alone (first order)
    and that hangs on it at all (total), and what a standard deviation of a Gaussian input or monthly shock changes. All of it
    on the same paths, with 95 % intervals.
    """
    from simulator.analysis.sensitivity import sensitivity as find

    (scenario,) = load_all((file,), settings)
    try:
        found = find(scenario, month, paths, names, threads)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None
    document = found.document
    if out is not None:
        from simulator.analysis.documents import write

        click.echo(f"written to {shown(write(out, document, scenario, ('inputs', 'shocks')))}", err=True)
    if as_json:
        print_json(document)
        return
    for line in lines(document, plain()):
        click.echo(line)


def lines(d: dict[str, Any], ascii_only: bool) -> list[str]:
    from simulator.report.words import percent

    by = d["by"]
    found = [
        f"Default probability by month {by['month']} ({by['label']}): {percent(by['pd'])} "
        f"({percent(by['pd_low'])} to {percent(by['pd_high'])}), {d['paths']:,} paths",
        *d["in_words"],
    ]
    if d["inputs"]:
        found += ["", f"{'input':<34}{'at P10':>8}{'at P90':>8}  {'change, points':<24}{'first':>7}{'total':>7}"]
        widest = max(abs(one["pd_difference"] or 0.0) for one in d["inputs"]) or 1.0
        for one in d["inputs"]:
            found.append(_row(one, widest, ascii_only, percent))
    if d["not_of_inputs"] is not None:
        found.append(
            f"not explained by any input alone: {100 * d['not_of_inputs']:.0f} % (monthly shocks, events, interplay)"
        )
    if d["shocks"]:
        found += [
            "",
            "change of the default probability, points, if a shock is one standard deviation higher every month",
        ]
        for one in sorted(d["shocks"], key=lambda s: -abs(s["pd_slope_per_sd"] or 0.0)):
            found.append(f"  {one['name'][:40]:<40} {_points(one, 'pd_slope_per_sd')}")
    slopes = [one for one in d["inputs"] if one["pd_slope_per_sd"] is not None]
    if slopes:
        found += ["", "the same for a Gaussian input"]
        found += [f"  {one['name'][:40]:<40} {_points(one, 'pd_slope_per_sd')}" for one in slopes]
    return found


def _row(one: dict[str, Any], widest: float, ascii_only: bool, percent: Any) -> str:
    change = one["pd_difference"] or 0.0
    bar = ("#" if ascii_only else "█") * round(8 * abs(change) / widest)
    shown_change = f"{100 * change:+.2f} ({100 * one['pd_difference_low']:+.2f} {100 * one['pd_difference_high']:+.2f})"
    total = "" if one["total"] is None else f"{100 * one['total']:.1f} %"
    first = "" if one["first_order"] is None else f"{100 * max(0.0, one['first_order']):.1f} %"
    low, high = percent(one["pd_at_p10"]), percent(one["pd_at_p90"])
    return f"{one['name'][:33]:<34}{low:>8}{high:>8}  {shown_change:<24}{first:>7}{total:>7} {bar}"


def _points(row: dict[str, Any], name: str) -> str:
    return f"{100 * row[name]:+.2f} ({100 * row[name + '_low']:+.2f} to {100 * row[name + '_high']:+.2f})"
