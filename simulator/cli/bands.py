"""`simulator bands`: what is not known about the default probability itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simulator.cli.common import AS_JSON, SETTINGS, guarded, load_all, print_json, say, tell, width


@click.command(short_help="Show the default probability as a band over the uncertain inputs.")
@click.argument("file", type=click.Path(path_type=Path))
@SETTINGS
@click.option(
    "--budget", type=click.IntRange(1_024, 100_000_000), default=131_072, show_default=True, help="Paths in all."
)
@click.option("--inner", type=click.IntRange(16, 16_384), help="Paths of each draw of the inputs [from the budget].")
@click.option("--by", "months", multiple=True, type=click.IntRange(1), help="Only these months. Repeatable.")
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads [all cores]; the result does not depend on it.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Also write document and tables here.")
@AS_JSON
@guarded
def bands(
    file: Path,
    settings: tuple[str, ...],
    budget: int,
    inner: int | None,
    months: tuple[int, ...],
    threads: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Show the default probability of scenario FILE by month as a curve with a band: the band is what is not known of the inputs,
    and no number of paths narrows it.
    """
    from simulator.analysis.bands import bands as find

    (scenario,) = load_all((file,), settings)
    beyond = [m for m in months if m > scenario.calendar.months]
    if beyond:
        raise click.UsageError(f"month {beyond[0]} lies outside 1 … {scenario.calendar.months}")
    try:
        document = find(scenario, budget, inner, months, threads).document
    except ValueError as problem:
        raise click.ClickException(str(problem)) from None
    if out is not None:
        from simulator.analysis.documents import write

        say(f"written to {write(out, document, scenario, ('bands',))}", err=True)
    if as_json:
        print_json(document)
        return
    tell(lines(document, width()))


def lines(d: dict[str, Any], width: int | None = None) -> list[str]:
    from simulator.report.terminal import table
    from simulator.report.words import percent

    rows = d["bands"]
    marks = [r for r in rows if r["month"] % 12 == 0 or r is rows[-1]] if len(rows) > 12 else rows
    shown = [
        [
            f"{r['month']} ({r['label']})",
            f"{percent(r['pd'])} ({percent(r['pd_low'])} to {percent(r['pd_high'])})",
            *(
                f"{percent(max(0.0, r[q]))} ({percent(max(0.0, r[f'{q}_low']))} to {percent(r[f'{q}_high'])})"
                for q in ("pd_p5", "pd_p50", "pd_p95")
            ),
        ]
        for r in marks
    ]
    heads = ["by month", "over everything", "P5", "P50", "P95"]
    return [
        f"{d['outer']:,} draws of the inputs, {d['inner']:,} paths each",
        "Default probability, over everything and P5, P50, P95 of what it is given the inputs; 95 % intervals",
        *table(heads, shown, width, indent=0),
    ]
