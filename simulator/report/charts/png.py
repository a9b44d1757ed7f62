"""A picture in pixels from the SVG, by resvg: no browser, no system library."""

from __future__ import annotations

from functools import cache
from typing import Any

from simulator.report.charts import palette
from simulator.report.charts.specification import Chart
from simulator.report.charts.svg import render


class PictureError(Exception):
    """What is missing to make PNG files, and how to get it."""


def picture(chart: Chart, width: int = 860, zoom: int = 2) -> bytes:
    """The chart as PNG, `zoom` pixels for each of its width. Raises PictureError."""
    try:
        import resvg_py
    except ImportError:
        raise PictureError("PNG files need the package resvg-py: pip install 'simulator[report]'") from None
    if not _writes(resvg_py):
        raise PictureError("PNG files need a font: install Liberation Sans or DejaVu Sans (Debian: fonts-dejavu-core)")
    return bytes(resvg_py.svg_to_bytes(svg_string=render(chart, width, standalone=True), zoom=zoom))


@cache
def _writes(resvg: Any) -> bool:
    """Whether there is a font; without one resvg leaves texts out and says nothing."""
    frame = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><style>{}</style>{}</svg>'
    style, text = palette.style(palette.LIGHT), '<text x="2" y="16">M</text>'
    return bytes(resvg.svg_to_bytes(svg_string=frame.format(style, text))) != bytes(
        resvg.svg_to_bytes(svg_string=frame.format(style, ""))
    )
