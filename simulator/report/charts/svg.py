"""A chart as SVG. No scripts, no style attributes, no addresses; every text is escaped.

On the page its colours follow the theme; `standalone` carries its own style and background.
"""

from __future__ import annotations

from simulator.report.charts import grid, months, palette, rows, scale
from simulator.report.charts.drawing import LETTER, LINE, WIDE, cut, escape, label, swatch, width_of
from simulator.report.charts.specification import Chart, Series, writer

DRAW = {"months": months.draw, "rows": rows.draw, "grid": grid.draw}


def render(chart: Chart, width: int = WIDE, standalone: bool = False, name: str = "") -> str:
    """The picture; `width` in pixels, the height follows. `name`: of the picture among all on its page."""
    head: list[str] = []
    top = 4.0
    if standalone:
        for line in _wrapped(chart.title, (width - 24) / 8.6):
            top += 20
            head.append(f'<text class="t-head" x="12" y="{top:.0f}">{escape(line)}</text>')
        top += 12
    legend, top = _legend(chart, width, top)
    body, height, data = DRAW[chart.kind](chart, width, top)
    notes: list[str] = []
    told = " ".join([*(f"{what}: {value}." for what, value in chart.facts), chart.note]).strip()
    if standalone and told:
        for line in _wrapped(told, (width - 24) / LETTER):
            height += LINE
            notes.append(label(12, height - 4, line))
        height += 6
    style = f"<style>{palette.style(palette.LIGHT)}</style>" if standalone else ""
    paper = f'<rect width="{width}" height="{height:.0f}" fill="#ffffff"/>' if standalone else ""
    name = escape(name or chart.key)
    # The empty title inside keeps a browser from showing the outer one over our own values.
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" width="{width}" height="{height:.0f}" '
        f'role="img" aria-labelledby="{name}-t" aria-describedby="{name}-d" {data}><title id="{name}-t">'
        f'{escape(chart.title)}</title><desc id="{name}-d">{escape(described(chart))}</desc>{style}<g><title/>{paper}'
        f'<rect class="ground" width="{width}" height="{height:.0f}"/>'
        f"{''.join(head)}{''.join(legend)}{''.join(body)}{''.join(notes)}</g></svg>"
    )


def described(chart: Chart) -> str:
    """For those who hear the page."""
    if not chart.labels:
        return "Nothing to show."
    what = {"months": f"by {chart.head}, {chart.labels[0]} to {chart.labels[-1]}", "rows": f"{len(chart.labels)} rows",
            "grid": f"{len(chart.labels)} by {len(chart.across)} values"}[chart.kind]  # fmt: skip
    parts = []
    write = writer(chart.unit)
    for s in chart.series[:8] if chart.kind == "months" else ():
        there = scale.finite(s.values)
        if there:
            parts.append(f"{s.name} from {write(there[0])} to {write(there[-1])}")
    told = "; ".join(parts) + "." if parts else ""
    return f"Chart {what}. {told} Arrow keys read its values; the table below has every one.".replace("  ", " ")


def _wrapped(text: str, most: float) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > most:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]


def _legend(chart: Chart, width: int, top: float) -> tuple[list[str], float]:
    shown = [] if chart.kind == "grid" else [s for s in chart.series if s.drawn and not s.tones]
    lines = [*(r.name for r in chart.references), *(c.name for c in chart.crossings)]
    if chart.contour:
        lines.append(chart.contour_name)
    if len(shown) + len(lines) < 2 and not chart.contour:
        return [], top
    parts, x, y = [], 12.0, top + 12
    entries: list[tuple[str, Series | None]] = [*((s.name, s) for s in shown), *((name, None) for name in lines)]
    for name, key in entries:
        text = cut(name, width - 60)
        need = 22 + width_of(text) + 14
        if x > 12 and x + need > width:
            x, y = 12.0, y + LINE
        if chart.contour and key is None:
            parts.append(f'<path class="contour" d="M{x:.1f} {y - 4:.1f}h16"/>')
        else:
            parts.append(swatch(key, x, y))
        parts.append(label(x + 22, y, text, kind=""))
        x += need
    return parts, y + 8
