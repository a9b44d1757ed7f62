"""A value for each pair of two settings: shaded cells, and the line on which a figure has a given value."""

from __future__ import annotations

from simulator.report.charts import scale
from simulator.report.charts.drawing import cut, label, width_of
from simulator.report.charts.specification import Chart, writer

TALL = 34
LIGHTEST, DARKEST = 0.06, 0.5  # of the shade: the value in the cell stays readable on it, see tests/test_colours.py


def draw(chart: Chart, width: int, top: float) -> tuple[list[str], float, str]:
    """The darker, the larger. Rows are the labels, columns the series."""
    left = min(max((width_of(text) for text in (*chart.labels, chart.head)), default=0) + 20, 0.3 * width)
    columns, rows = len(chart.series), len(chart.labels)
    wide = (width - left - 12) / max(1, columns)
    numbers = scale.finite(v for s in chart.series for v in s.values)
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    write = writer(chart.unit)
    parts: list[str] = []
    values: list[str] = []
    y = top + 34
    if chart.across_head:
        parts.append(label(left, top + 10, chart.across_head))
    parts.append(label(left - 8, y - 7, cut(chart.head, left - 12), "end"))
    for j, s in enumerate(chart.series):
        middle = left + wide * (j + 0.5)
        parts.append(label(middle, y - 7, cut(s.name, wide), "middle"))
        for i, v in enumerate(s.values):
            share = (chart.unit == "months") if v is None else 0.0 if high == low else (v - low) / (high - low)
            parts.append(
                f'<rect class="f-0 edge" opacity="{LIGHTEST + (DARKEST - LIGHTEST) * share:.3f}" x="{left + wide * j:.1f}" '
                f'y="{y + TALL * i:.1f}" width="{wide:.1f}" height="{TALL}"/>'
            )
            values.append(
                label(middle, y + TALL * i + 21, cut(write(v), wide), "middle", kind="t-over" if chart.contour else "")
            )
    for i, text in enumerate(chart.labels):
        parts.append(label(left - 8, y + TALL * i + 21, cut(text, left - 12), "end", kind=""))

    def place(column: float, row: float) -> str:
        return f"{left + wide * (column + 0.5):.1f} {y + TALL * (row + 0.5):.1f}"

    line = "".join(f"M{place(*a)}L{place(*b)}" for a, b in chart.contour)
    if line:  # on a seam of paper, so that it is seen on every shade
        parts += [f'<path class="seam" d="{line}"/>', f'<path class="contour" d="{line}"/>']
    parts += values
    bottom = y + TALL * rows
    parts.append(f'<rect class="cell" x="0" y="0" width="{wide:.1f}" height="{TALL}"/>')
    data = (
        f'data-kind="grid" data-left="{left:.1f}" data-width="{wide * columns:.1f}" data-top="{y:.1f}" '
        f'data-height="{bottom - y:.1f}" data-n="{rows}" data-columns="{columns}"'
    )
    return parts, bottom + 10, data
