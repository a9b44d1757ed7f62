"""`simulator reweight`: impose a view on the paths of a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simulator.cli.answer import OUT, answer, span, usage
from simulator.cli.common import AS_JSON, guarded, shown


@click.command(short_help="Impose a view on a finished run without running again.")
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--view", "views", multiple=True, required=True, metavar="VIEW", help="'share(raised <= 0) = 30 %'. Repeatable."
)
@click.option(
    "--least", type=click.FloatRange(100), default=500, show_default=True, help="Refuse below so many effective paths."
)
@OUT
@AS_JSON
@guarded
def reweight(folder: Path, views: tuple[str, ...], least: float, out: Path | None, as_json: bool) -> None:
    """Figures of the finished run RUN under one or more views, by minimum relative entropy; nothing is simulated.

    \b
    mean(X) = V           X: a column of `paths` (raised, input.KEY in the engine's unit), a stored
    share(X > V) = P      trajectory NAME(MONTH), or growth(MONTH), the yearly logarithmic growth of the
    pd(24) <= P           run-rate; operators = <= >=, += and -= for a shift; % k M B T after a number
    """
    from simulator.analysis.reweight import reweight as find
    from simulator.quantities.units import QuantityError

    try:
        document = find(folder, views, least).document
    except QuantityError as problem:
        hint = f"\n{problem.hint}" if problem.hint else ""
        raise click.UsageError(f"{problem}{hint}") from None
    except ValueError as problem:
        raise usage(problem) from None
    tables = {"figures": document["figures"], "views": document["views"]}
    answer(document, tables, out, as_json, lines)


def lines(d: dict[str, Any]) -> list[str]:
    found = [f"{shown(d['run'])}: {d['effective_paths']:,.0f} effective of {d['paths']:,} paths"]
    found += [f"  {v['view']}   ({v['before']:.6g} in the run, {v['after']:.6g} now)" for v in d["views"]]
    found += ["", f"{'':<24}{'in the run':<34}{'under the views':<34}"]
    found += [
        f"{r['figure'][:23]:<24}{_cell(r['before'], r['unit']):<34}{_cell(r['after'], r['unit']):<34}"
        for r in d["figures"]
    ]
    return found


def _cell(e: dict[str, Any], unit: str) -> str:
    from simulator.report.words import money

    if unit == "share":
        return span(e)
    if unit == "$":
        return f"{money(e['value'])} ({money(e['low'])} to {money(e['high'])})"
    return f"{e['value']:.2f} ({e['low']:.2f} to {e['high']:.2f})"
