"""`simulator sensitivity`: which uncertainty decides about default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simulator.cli.common import AS_JSON, SETTINGS, guarded, load_all, plain, print_json, say, tell, width

MOST, MOST_INDICES = 15, 8  # rows that are printed; documents have all
WIDTH = 8  # of the longest bar
TENTHS = "P10 to P90"


@click.command(short_help="Say which uncertain input decides about default.")
@click.argument("file", type=click.Path(path_type=Path))
@SETTINGS
@click.option("--by", "month", type=click.IntRange(1), help="Default by this month [the second year's last].")
@click.option(
    "--paths", type=click.IntRange(1_000, 65_536), default=16_384, show_default=True, help="Paths of each run."
)
@click.option(
    "--vary", multiple=True, metavar="KEY=LOW..HIGH",
    help="A plain number that joins the uncertain ones, for example 'opening.cash=60B..120B'. Repeatable.",
)  # fmt: skip
@click.option(
    "--input", "names", multiple=True, metavar="NAME", help="Of the uncertain numbers only this one. Repeatable."
)
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads [all cores]; the result does not depend on it.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Also write document and tables here.")
@AS_JSON
@guarded
def sensitivity(
    file: Path,
    settings: tuple[str, ...],
    month: int | None,
    paths: int,
    vary: tuple[str, ...],
    names: tuple[str, ...],
    threads: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Say which uncertain number of scenario FILE, and which plain one of --vary, decides about default by month --by.

    A tornado (each uncertain input at its P10 and its P90, each number of --vary at its two ends, all else as it is), the share
    of the variance of default that each explains alone (first order), that is its own when what inputs explain together is
    shared out among them (Shapley; adds up, also for correlated inputs) and that hangs on it at all (total), and what a standard
    deviation of a Gaussian input or monthly shock changes. All of it on the same paths, with 95 % intervals.
    """
    from simulator.analysis.sensitivity import sensitivity as find
    from simulator.quantities.units import QuantityError

    (scenario,) = load_all((file,), settings)
    try:
        found = find(scenario, month, paths, names, threads, vary)
    except QuantityError as problem:
        raise click.UsageError(f"{problem}\n{problem.hint}" if problem.hint else str(problem)) from None
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None
    document = found.document
    if out is not None:
        from simulator.analysis.documents import write

        say(f"written to {write(out, document, scenario, ('inputs', 'shocks'))}", err=True)
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
        f"({percent(by['pd_low'])} to {percent(by['pd_high'])}), {d['paths']:,} paths, 95 % intervals",
        *d["in_words"],
    ]
    found += _tornado(d["inputs"], ascii_only, percent, width) + _indices(d, width)
    if d["shocks"]:
        found += [
            "",
            "Change of the default probability, points, if a monthly shock is one standard deviation higher every month",
        ]
        ranked = sorted(d["shocks"], key=lambda s: -abs(s["pd_slope_per_sd"] or 0.0))
        found += list(table(["", ""], [[one["name"], _points(one, "pd_slope_per_sd")] for one in ranked], width))[1:]
    slopes = [one for one in d["inputs"] if one["pd_slope_per_sd"] is not None]
    if slopes:
        found += ["", "The same for a Gaussian input, once"]
        found += list(table(["", ""], [[one["name"], _points(one, "pd_slope_per_sd")] for one in slopes], width))[1:]
    return found


def _tornado(inputs: list[dict[str, Any]], ascii_only: bool, percent: Any, width: int | None) -> list[str]:
    from simulator.report.terminal import table

    clear = [one for one in inputs if not one["pd_difference_low"] <= 0.0 <= one["pd_difference_high"]]
    if not inputs:
        return []
    widest = max(abs(one["pd_difference"]) for one in inputs) or 1.0
    shown = clear or [one for one in inputs if one["ends"] != TENTHS] or inputs[:1]
    shown = shown[:MOST] + [one for one in inputs if one["ends"] != TENTHS and one not in shown[:MOST]]
    rows = [
        [
            _short(one["name"]),
            ("#" if ascii_only else "█") * round(WIDTH * abs(one["pd_difference"]) / widest),
            _end(one, "low", percent),
            _end(one, "high", percent),
            _points(one, "pd_difference"),
        ]
        for one in shown
    ]
    heads = ["Default probability with it", "", "at its low end", "at its high end", "change, points"]
    found = ["", *table(heads, rows, width, indent=0)]
    if len(shown) < len(inputs):
        rest = [one for one in inputs if one not in shown]
        most = max(max(abs(one["pd_difference_low"]), abs(one["pd_difference_high"])) for one in rest)
        found.append(f"{_others(len(rest))} at most {100 * most:.2f} points" + (" each" if len(rest) > 1 else ""))
    if any(one["ends"] == TENTHS for one in shown):
        found.append("Ends of an uncertain input are its P10 and its P90.")
    return found


def _end(one: dict[str, Any], end: str, percent: Any) -> str:
    """The end itself and the default probability there."""
    from simulator.analysis.levers import Amount
    from simulator.report.words import money

    x, unit = one[end], one["unit"]
    at = "" if x is None else f"{money(x) if not unit and abs(x) >= 1e5 else Amount(0.0, unit or None).text(x)}: "
    pd, low, high = (percent(one[f"pd_at_{end}{of}"]) for of in ("", "_low", "_high"))
    return f"{at}{pd} ({low} to {high})"


def _indices(d: dict[str, Any], width: int | None) -> list[str]:
    from simulator.report.terminal import table

    rows = [one for one in d["inputs"] if one["first_order"] is not None]
    if not rows:
        return [] if d["why_no_effects"] is None else ["", f"No share of the variance: {d['why_no_effects']}."]
    by = d["by"]
    of = "" if by["pd_with_varied"] is None else (
        f"; numbers of --vary uniform between their ends, PD then {100 * by['pd_with_varied']:.3g} % "
        f"({100 * by['pd_with_varied_low']:.3g} to {100 * by['pd_with_varied_high']:.3g})"
    )  # fmt: skip
    key = "first_order" if d["explained"]["share"] is None else "shapley"
    rows.sort(key=lambda one: -(one[key] or 0.0))
    known = [one for one in rows if max(_low(one, "first_order"), _low(one, "shapley")) > 0.0]
    known += sorted((one for one in rows if one not in known), key=lambda one: -(one["total"] or 0.0))
    shown = [one for one in known if _low(one, "total") > 0.0 or one["total"] is None][:MOST_INDICES]
    lines = [
        [_short(one["name"]), _share(one, "first_order"), _share(one, "shapley"), _share(one, "total")] for one in shown
    ]
    if len(shown) < len(rows):
        rest = [one for one in rows if one not in shown]
        parts = [[one[f"shapley{end}"] for end in ("", "_low", "_high")] for one in rest if one["shapley"] is not None]
        sums = {f"part{end}": sum(of) for end, of in zip(("", "_low", "_high"), zip(*parts, strict=True), strict=True)}
        part = _share(sums, "part") if parts else ""  # at most as uncertain as the parts together
        most = max(one["total_high"] or 0.0 for one in rest)
        lines.append([_others(len(rest)), "", part, f"at most {100 * most:.1f}" + (" each" if len(rest) > 1 else "")])
    if d["explained"]["share"] is not None:
        lines.append(["all of them together", "", _share(d["explained"], "share"), ""])
    heads = [f"Share of the variance of default, %{of}", "alone", "its share (Shapley)", "in all (total)"]
    found = ["", heads[0], *table(["", *heads[1:]], lines, width)]
    if d["explained"]["share"] is not None:
        found.append("  the rest: monthly shocks and events, which no knowledge of the inputs takes away")
    found += [f"  {one['name']}: no total, {one['why_no_total']}" for one in shown if one["why_no_total"]]
    found += [f"  {one['name']}: {one['why_no_index']}" for one in d["inputs"] if one["why_no_index"]]
    return found


def _short(name: str) -> str:
    """The last parts of a key, as many as thirty letters hold: its head says less than its tail."""
    parts = name.split(".")
    while len(".".join(parts)) > 30 and len(parts) > 1:
        parts = parts[1:]
    return ".".join(parts) if ".".join(parts) == name else "…" + ".".join(parts)


def _others(n: int) -> str:
    return "1 other:" if n == 1 else f"{n} others:"


def _low(one: dict[str, Any], name: str) -> float:
    found: float | None = one[f"{name}_low"]
    return 0.0 if found is None else found


def _share(row: dict[str, Any], name: str) -> str:
    if row[name] is None:
        return "-"
    return f"{100 * row[name] + 0.0:.1f} ({100 * row[name + '_low']:.1f} to {100 * row[name + '_high']:.1f})"


def _points(row: dict[str, Any], name: str) -> str:
    return f"{100 * row[name]:+.2f} ({100 * row[name + '_low']:+.2f} to {100 * row[name + '_high']:+.2f})"
