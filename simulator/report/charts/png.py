"""A picture in pixels from the SVG, by resvg: no browser, no system library."""

from __future__ import annotations

from simulator.report.charts.specification import Chart
from simulator.report.charts.svg import render


class NoPictures(Exception):
    """What is missing to make PNG files, and how to get it."""


def picture(chart: Chart, width: int = 860, zoom: int = 2) -> bytes:
    """The chart as PNG, `zoom` pixels for each of its width. Raises NoPictures."""
    try:
        import resvg_py
    except ImportError:
        raise NoPictures("PNG files need the package resvg-py: pip install 'simulator[report]'") from None
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=render(chart, width, standalone=True), zoom=zoom, sans_serif_family="Liberation Sans"
        )
    )
