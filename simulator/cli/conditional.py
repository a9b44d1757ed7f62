"""`simulator conditional`: answers under a condition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simulator.cli.common import AS_JSON, guarded, print_json, say, tell, width


@click.command(short_help="Default given what happened, and what would have warned of it.")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--given", metavar="CONDITION", help="For example 'raised < 10B': default where it holds and where it does not."
)
@click.option("--by", "months", multiple=True, type=click.IntRange(1), help="Default by this month. Repeatable.")
@click.option(
    "--at",
    multiple=True,
    type=click.IntRange(1),
    default=(12, 24, 36),
    show_default=True,
    help="Months from which early warnings look a year ahead. Repeatable.",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Also write document and tables here.")
@AS_JSON
@guarded
def conditional(
    run_folder: Path, given: str | None, months: tuple[int, ...], at: tuple[int, ...], out: Path | None, as_json: bool
) -> None:
    """Of a finished RUN: default where a condition on its paths holds and where it does not, how long it takes from the first
    breach of the liquidity covenant to default, and which figures tell failing from surviving paths a year ahead.
    """
    from simulator.analysis.columns import ColumnError
    from simulator.analysis.conditional import conditional as ask

    try:
        answer = ask(run_folder, given, months, at)
    except ColumnError as problem:
        raise click.UsageError(str(problem)) from None
    document = answer.document
    if out is not None:
        from simulator.analysis.documents import write

        tables = ("shares", "pd", "months_from_breach_to_default", "early_warning", "without_money")
        say(f"written to {write(out, document, answer.run.scenario, tables)}", err=True)
    if as_json:
        print_json(document)
        return
    tell(lines(document, width()))


def lines(d: dict[str, Any], width: int | None = None) -> list[str]:
    from simulator.report.terminal import table
    from simulator.report.words import percent

    def told(row: dict[str, Any], name: str) -> str:
        low, high = row[f"{name}_low"], row[f"{name}_high"]
        return "none such" if row[name] is None else f"{percent(row[name])} ({percent(low)} to {percent(high)})"

    shares = {row["figure"]: told(row, "share") for row in d["shares"]}
    found: list[str] = []
    if d["given"] is not None:
        found.append(f"{d['given']}: {shares['condition_holds']} of all paths")
        shown = [[f"month {r['month']}", told(r, "pd_where"), told(r, "pd_elsewhere")] for r in d["pd"]]
        found += table(["default by", "where it holds", "elsewhere"], shown, width)
        found.append("")
    found.append(f"first breach of the floor on {shares['breached']} of all paths")
    found.append(f"  then in default           {shares['default_given_breach']} of those")
    waits = [w for w in d["months_from_breach_to_default"] if w["months"] is not None]
    if waits:
        spans = [
            f"{w['quantile'].upper()} {w['months']:.0f} ({w['months_low']:.0f} to {w['months_high']:.0f})"
            for w in waits
        ]
        found.append("  months until then         " + ", ".join(spans))
    for month in dict.fromkeys(w["month"] for w in d["early_warning"]):
        rows = [w for w in d["early_warning"] if w["month"] == month][:6]
        found += ["", f"at month {month}, who defaults within a year ({rows[0]['failing']} paths)? 50 % is a coin"]
        shown = [
            [
                w["figure"],
                told(w, "auc"),
                f"{w['worse']} is worse",
                f"{w['lift']:.1f} ({w['lift_low']:.1f} to {w['lift_high']:.1f})",
            ]
            for w in rows
        ]
        found += table(["", "AUC", "", "lift of worst tenth"], shown, width)
    for month in dict.fromkeys(w["month"] for w in d["without_money"]):
        shown = [
            [w["source"], told(w, "without"), told(w, "pd_without"), told(w, "pd_with")]
            for w in d["without_money"]
            if w["month"] == month
        ]
        found += ["", f"money so far at month {month}, of the paths that stand; default within a year"]
        found += table(["no money from", "share of paths", "default without", "default with"], shown, width)
    return found
