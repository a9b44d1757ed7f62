"""Files beside the page: charts as specification, SVG and PNG, summary tables as CSV files and as a workbook."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.report.charts.png import picture
from simulator.report.charts.specification import Chart
from simulator.report.charts.svg import render
from simulator.report.tables import as_csv, tables
from simulator.report.workbook import workbook


def charts(found: Sequence[Chart], folder: Path, png: bool = True) -> list[Path]:
    """KEY.json, KEY.svg and KEY.png of every chart. Raises PictureError (PNG without its package), OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for chart in found:
        for ending, data in (
            ("json", json.dumps(chart.document(), indent=1).encode()),
            ("svg", render(chart, standalone=True).encode()),
            ("png", picture(chart) if png else None),
        ):
            if data is not None:
                place = folder / f"{chart.key}.{ending}"
                place.write_bytes(data)
                written.append(place)
    return written


def csv_files(document: Mapping[str, Any], folder: Path) -> list[Path]:
    """NAME.csv of every summary table of a document of `run --json`. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for table in tables(document):
        place = folder / f"{table.name}.csv"
        place.write_text(as_csv(table.columns, table.rows), encoding="utf-8", newline="")
        written.append(place)
    return written


def excel(document: Mapping[str, Any], file: Path) -> Path:
    """The summary tables as one workbook, a sheet each. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(workbook(tables(document)))
    return file
