"""`simulator reweight`: a view imposed on the paths of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simulator.cli.common import AS_JSON, guarded, print_json, say, tell, width


@click.command(short_help="Impose a view on the paths of a run, without a new run.")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--view", "views", multiple=True, required=True, metavar="VIEW", help="For example 'share(raised < 10B) = 30 %'."
)
@click.option("--by", "months", multiple=True, type=click.IntRange(1), help="Default by this month. Repeatable.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Also write document and tables here.")
@AS_JSON
@guarded
def reweight(
    run_folder: Path, views: tuple[str, ...], months: tuple[int, ...], out: Path | None, as_json: bool
) -> None:
    """Impose views on the paths of a finished RUN by minimum relative entropy, without a new run.

    VIEW is `share(CONDITION) = 30 %`, `mean(COLUMN) = 5B` or `mean(COLUMN) -= 0.02`, or with <= or >= a limit. COLUMN is one of
    the table `paths`, `pd(24)`, or a stored month: `cash(24)`, `growth(24)` a year in logarithms. A CONDITION is like
    `raised < 10B`, several joined by `and`. Refused if too few paths would carry the views.
    """
    from simulator.analysis.columns import ColumnError
    from simulator.analysis.reweight import TooFarError
    from simulator.analysis.reweight import reweight as impose

    try:
        found = impose(run_folder, views, months)
    except ColumnError as problem:
        raise click.UsageError(str(problem)) from None
    except TooFarError as problem:
        raise click.ClickException(str(problem)) from None
    document = found.document
    if out is not None:
        from simulator.analysis.documents import write

        say(f"written to {write(out, document, found.run.scenario, ('views', 'pd', 'means'))}", err=True)
    if as_json:
        print_json(document)
        return
    tell(lines(document, width()))


def lines(d: dict[str, Any], width: int | None = None) -> list[str]:
    from simulator.report.terminal import table
    from simulator.report.words import money, percent

    found = [f"{d['effective_paths']:,.0f} effective paths of {d['paths']:,}"]
    found += [
        f"  {v['view']}   (it was {v['before']:.6g}, {v['before_low']:.6g} to {v['before_high']:.6g})"
        for v in d["views"]
    ]
    rows = [[f"month {r['month']}", _shown(r, "pd_before", percent), _shown(r, "pd_after", percent)] for r in d["pd"]]
    found += ["", *table(["default by", "as simulated", "with the views"], rows, width)]
    rows = [[r["figure"], _shown(r, "value_before", money), _shown(r, "value_after", money)] for r in d["means"]]
    return [*found, "", *table(["mean of", "as simulated", "with the views"], rows, width)]


def _shown(row: dict[str, Any], name: str, say: Any) -> str:
    return f"{say(row[name])} ({say(row[name + '_low'])} to {say(row[name + '_high'])})"
