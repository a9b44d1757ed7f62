"""`simulator conditional`: answers under a condition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simulator.cli.common import AS_JSON, guarded, print_json, shown


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
        document = ask(run_folder, given, months, at).document
    except ColumnError as problem:
        raise click.UsageError(str(problem)) from None
    if out is not None:
        from simulator.store.documents import write_document

        write_document(out, document, {"pd": document["pd"], "early_warning": document["early_warning"]})
        click.echo(f"written to {shown(out)}", err=True)
    if as_json:
        print_json(document)
        return
    for line in lines(document):
        click.echo(line)


def lines(d: dict[str, Any]) -> list[str]:
    from simulator.report.words import percent

    def shown_share(e: dict[str, Any]) -> str:
        return (
            "none such"
            if e["value"] is None
            else f"{percent(e['value'])} ({percent(e['low'])} to {percent(e['high'])})"
        )

    found: list[str] = []
    if d["given"] is not None:
        found.append(f"{d['given']}: {shown_share(d['holds'])} of all paths")
        found.append(f"{'default probability by':<26}{'where it holds':>28}{'elsewhere':>28}")
        found += [
            f"  month {row['month']:<18}{shown_share(row['where']):>28}{shown_share(row['elsewhere']):>28}"
            for row in d["pd"]
        ]
        found.append("")
    found.append(f"first breach of the floor on {shown_share(d['breached'])} of all paths")
    found.append(f"  then in default           {shown_share(d['default_given_breach'])} of those")
    waits = d["months_from_breach_to_default"]
    if waits["p50"]["value"] is not None:
        told = ", ".join(f"{q.upper()} {waits[q]['value']:.0f}" for q in ("p10", "p50", "p90"))
        found.append(f"  months until then         {told}")
    for month in dict.fromkeys(w["month"] for w in d["early_warning"]):
        rows = [w for w in d["early_warning"] if w["month"] == month][:6]
        found += ["", f"at month {month}, who defaults within a year ({rows[0]['failing']} paths)? 50 % is a coin"]
        found += [f"  {w['figure'][:24]:<24} {shown_share(w['auc']):<28} {w['worse']} is worse" for w in rows]
    return found
