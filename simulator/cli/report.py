"""`simulator report`: the page of a finished run, its charts and tables as files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from simulator.cli.common import AS_JSON, ENVIRONMENT, guarded, print_json, say

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(short_help="Write the page of a run: one HTML file that needs no network.")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--out", type=FILE, help="The HTML file [RUN's name with .html, beside it].")
@click.option("--charts", type=FOLDER, help="Also write every chart here, as SVG, PNG and its specification in JSON.")
@click.option("--csv", "csv_folder", type=FOLDER, help="Also write the summary tables here, a CSV file each.")
@click.option("--excel", type=FILE, help="Also write the summary tables into this workbook, a sheet each.")
@click.option(
    "--with",
    "joined",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Join the answer of another verb: the folder that its --out wrote, or its document. Repeatable.",
)
@AS_JSON
@guarded
def report(
    run_folder: Path,
    out: Path | None,
    charts: Path | None,
    csv_folder: Path | None,
    excel: Path | None,
    joined: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Write the page of a finished RUN: one HTML file that needs no network, opens from a mail and prints on A4.

    It says in order: the answer, default by cause, cash, runway, commitments, sources and uses, funding, the supplier's
    view, where the money goes, three single paths with their ledgers, the assumptions with source, grade and
    file, and how to make it again. PNG files need the package resvg-py: pip install 'simulator[report]'.
    """
    from simulator.report import export, page
    from simulator.report.charts.png import PictureError

    target = out or run_folder.parent / f"{run_folder.resolve().name}.html"
    made = page.write_report(run_folder, target, joined)
    written = [target]
    missing = None
    if charts is not None:
        try:
            written += export.charts(made.charts, charts)
        except PictureError as problem:
            missing = problem
            written += export.charts(made.charts, charts, png=False)
    if csv_folder is not None:
        written += export.csv_files(made.run.figures, csv_folder)
    if excel is not None:
        written.append(export.excel(made.run.figures, excel))
    if as_json:
        print_json({"schema": 1, "run": str(run_folder), "page": str(target), "bytes": target.stat().st_size,
                    "charts": [c.key for c in made.charts], "files": [str(p) for p in written]})  # fmt: skip
    else:
        say(f"{target}  ({target.stat().st_size / 1e6:.2f} MB, {len(made.charts)} charts)")
        for place in (charts, csv_folder, excel):
            if place is not None:
                say(str(place))
    if missing is not None:
        say(f"no PNG files: {missing}", err=True)
        sys.exit(ENVIRONMENT)
