"""`simulator sensitivity`: which uncertainty decides about default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simulator.cli.common import AS_JSON, SETTINGS, guarded, load_all, plain, print_json, shown, tell, width

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
    tell(lines(document, plain(), width()))


def lines(d: dict[str, Any], ascii_only: bool, width: int | None = None) -> list[str]:
    from simulator.report.terminal import table
    from simulator.report.words import percent

    by = d["by"]
    found = [
        f"Default probability by month {by['month']} ({by['label']}): {percent(by['pd'])} "
        f"({percent(by['pd_low'])} to {percent(by['pd_high'])}), {d['paths']:,} paths",
        *d["in_words"],
    ]
    if d["inputs"]:
        widest = max(abs(one["pd_difference"] or 0.0) for one in d["inputs"]) or 1.0
        rows = [_row(one, widest, ascii_only, percent) for one in d["inputs"]]
        found += [
            "",
            *table(["input", "", "at P10", "at P90", "change, points", "first", "total"], rows, width, indent=0),
        ]
    if d["not_of_inputs"] is not None:
        found.append(
            f"not explained by any input alone: {100 * d['not_of_inputs']:.0f} % (monthly shocks, events, interplay)"
        )
    if d["shocks"]:
        found += [
            "",
            "change of the default probability, points, if a shock is one standard deviation higher every month",
        ]
        ranked = sorted(d["shocks"], key=lambda s: -abs(s["pd_slope_per_sd"] or 0.0))
        found += list(table(["", ""], [[one["name"], _points(one, "pd_slope_per_sd")] for one in ranked], width))[1:]
    slopes = [one for one in d["inputs"] if one["pd_slope_per_sd"] is not None]
    if slopes:
        found += ["", "the same for a Gaussian input"]
        found += list(table(["", ""], [[one["name"], _points(one, "pd_slope_per_sd")] for one in slopes], width))[1:]
    return found


def _row(one: dict[str, Any], widest: float, ascii_only: bool, percent: Any) -> list[str]:
    change = one["pd_difference"] or 0.0
    bar = ("#" if ascii_only else "█") * round(6 * abs(change) / widest)
    low, high = (f"{100 * (one[f'pd_difference_{end}'] or 0.0):+.2f}" for end in ("low", "high"))
    total = "" if one["total"] is None else f"{100 * one['total']:.0f} %"
    first = "" if one["first_order"] is None else f"{100 * max(0.0, one['first_order']):.0f} %"
    name = _short(one["name"])
    return [
        name,
        bar,
        percent(one["pd_at_p10"]),
        percent(one["pd_at_p90"]),
        f"{100 * change:+.2f} ({low} {high})",
        first,
        total,
    ]


def _short(name: str) -> str:
    """The last parts of a key, as many as thirty letters hold: its head says less than its tail."""
    parts = name.split(".")
    while len(".".join(parts)) > 30 and len(parts) > 1:
        parts = parts[1:]
    return ".".join(parts) if ".".join(parts) == name else "…" + ".".join(parts)


def _points(row: dict[str, Any], name: str) -> str:
    return f"{100 * row[name]:+.2f} ({100 * row[name + '_low']:+.2f} to {100 * row[name + '_high']:+.2f})"
