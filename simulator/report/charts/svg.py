"""A chart as SVG. No scripts, no style attributes, no addresses; every text is escaped.

On the page its colours follow the theme; `standalone` carries its own style, title and background.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulator.report.charts import palette, scale
from simulator.report.charts.specification import Chart, Series, Values, writer
from simulator.scenario.diagnostics import safe

WIDE, NARROW = 860, 380
LETTER = 6.8  # mean width of one at 12 px
LINE = 18
ROW = 26


def escape(text: object) -> str:
    """Text that is nothing but text in HTML, SVG and their attributes."""
    return html.escape(safe(str(text)))


def width_of(text: str) -> float:
    return LETTER * len(text)


def cut(text: str, width: float) -> str:
    most = max(4, int(width / LETTER))
    return text if len(text) <= most else text[: most - 1] + "…"


@dataclass(frozen=True)
class Box:
    """Where the data stands, in pixels."""

    left: float
    top: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def right(self) -> float:
        return self.left + self.width


def render(chart: Chart, width: int = WIDE, standalone: bool = False) -> str:
    """The picture; `width` in pixels, the height follows."""
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
    if standalone and chart.note:
        for line in _wrapped(chart.note, (width - 24) / LETTER):
            height += LINE
            notes.append(f'<text class="t-muted" x="12" y="{height - 4:.0f}">{escape(line)}</text>')
        height += 6
    style = f"<style>{palette.style(palette.LIGHT)}</style>" if standalone else ""
    paper = f'<rect width="{width}" height="{height:.0f}" fill="#ffffff"/>' if standalone else ""
    title = f"<title>{escape(chart.title)}</title>" if standalone else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" width="{width}" height="{height:.0f}" '
        f'role="img" aria-label="{escape(described(chart))}" {data}>'
        f"{title}{style}{paper}{''.join(head)}{''.join(legend)}{''.join(body)}{''.join(notes)}</svg>"
    )


def described(chart: Chart) -> str:
    """For those who hear the page."""
    if not chart.labels:
        return f"{chart.title}: nothing to show."
    what = {"months": f"by {chart.head}, {chart.labels[0]} to {chart.labels[-1]}", "rows": f"{len(chart.labels)} rows",
            "grid": f"{len(chart.labels)} by {len(chart.across)} values"}[chart.kind]  # fmt: skip
    parts = []
    write = writer(chart.unit)
    for s in chart.series[:8] if chart.kind == "months" else ():
        there = scale.finite(s.values)
        if there:
            parts.append(f"{s.name} from {write(there[0])} to {write(there[-1])}")
    return f"{chart.title}. Chart {what}. " + "; ".join(parts) + ". The table below has every value."


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
    shown = [s for s in chart.series if s.drawn and not s.tones]
    if chart.kind == "grid" or len(shown) + len(chart.references) < 2:
        return [], top
    parts, x, y = [], 12.0, top + 12
    for name, key in [*((s.name, s) for s in shown), *((r.name, None) for r in chart.references)]:
        text = cut(name, width - 60)
        need = 22 + width_of(text) + 14
        if x > 12 and x + need > width:
            x, y = 12.0, y + LINE
        parts.append(_swatch(key, x, y))
        parts.append(f'<text x="{x + 22:.1f}" y="{y:.1f}">{escape(text)}</text>')
        x += need
    return parts, y + 8


def _swatch(s: Series | None, x: float, y: float) -> str:
    if s is None:
        return f'<line class="ref" x1="{x:.1f}" x2="{x + 16:.1f}" y1="{y - 4:.1f}" y2="{y - 4:.1f}"/>'
    if s.mark in ("line", "step"):
        return f'<line class="line s-{s.color}" x1="{x:.1f}" x2="{x + 16:.1f}" y1="{y - 4:.1f}" y2="{y - 4:.1f}"/>'
    if s.mark in ("dot", "tick"):
        return _point(s, x + 8, y - 4)
    faint = f' opacity="{s.opacity}"' if s.mark == "band" else ""
    return f'<rect class="f-{s.color}"{faint} x="{x:.1f}" y="{y - 10:.1f}" width="16" height="11" rx="2"/>'


def _point(s: Series, x: float, y: float) -> str:
    if s.mark == "tick":
        return f'<path class="line s-{s.color}" d="M{x:.1f} {y - 7:.1f}v14"/>'
    return f'<circle class="f-{s.color} edge" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'


# --- along time ----------------------------------------------------------------------------------------------------------


def _months(chart: Chart, width: int, top: float) -> tuple[list[str], float, str]:
    narrow = width < 600
    stacked = _stacked([s for s in chart.series if s.mark in ("area", "bar") and s.drawn], len(chart.labels))
    numbers = [0.0]
    for low, high in stacked:
        numbers += [*low, *high]
    for s in chart.series:
        if s.drawn and s.mark not in ("area", "bar"):
            numbers += scale.finite([*s.values, *(s.low or ()), *(s.high or ())])
    values = [v for s in chart.series if s.drawn for v in scale.finite(s.values)]
    if not values or min(values) >= 0:  # what is never below nought has no axis below it, wherever its interval ends
        numbers = [max(0.0, v) for v in numbers]
    numbers += [r.value for r in chart.references]
    at = scale.ticks(min(numbers), max(numbers), 4 if narrow else 5)
    words = scale.written(at, chart.unit)
    left = 14 + max(width_of(w) for w in words)
    box = Box(left, top + 10, width - left - 16, 200 if narrow else 250)
    bars = any(s.mark == "bar" and s.drawn for s in chart.series)
    n = len(chart.labels)

    def x(i: float) -> float:
        return box.left + box.width * ((i + 0.5) / max(1, n) if bars else i / max(1, n - 1))

    def y(v: float) -> float:
        return box.bottom - box.height * min(1.0, max(0.0, (v - at[0]) / (at[-1] - at[0])))

    parts = []
    for v, word in zip(at, words, strict=True):
        kind = "axis" if abs(v) < 1e-12 * (at[-1] - at[0]) else "grid"
        parts.append(f'<path class="{kind}" d="M{box.left:.1f} {y(v):.1f}H{box.right:.1f}"/>')
        parts.append(f'<text class="t-muted" x="{left - 6:.1f}" y="{y(v) + 4:.1f}" text-anchor="end">{word}</text>')
    for i, word in scale.marks(chart.labels, 5 if narrow else 10):
        parts.append(f'<path class="axis" d="M{x(i):.1f} {box.bottom:.1f}v5"/>')
        inside = min(max(x(i), box.left + width_of(word) / 2 - 8), width - width_of(word) / 2 - 2)
        parts.append(
            f'<text class="t-muted" x="{inside:.1f}" y="{box.bottom + 19:.1f}" text-anchor="middle">{escape(word)}</text>'
        )
    areas = [s for s in chart.series if s.mark in ("area", "bar") and s.drawn]
    for s, (low, high) in zip(areas, stacked, strict=True):
        if s.mark == "bar":
            wide = max(2.0, box.width / max(1, n) * 0.62)
            parts += [
                f'<rect class="f-{s.color} edge" x="{x(i) - wide / 2:.1f}" y="{y(max(a, b)):.1f}" width="{wide:.1f}" '
                f'height="{abs(y(a) - y(b)):.1f}"/>'
                for i, (a, b) in enumerate(zip(low, high, strict=True))
                if a != b
            ]
        else:
            parts.append(_band(s, low, high, x, y, 0.85))
    for s in chart.series:
        if not s.drawn or s.mark in ("area", "bar"):
            continue
        if s.low is not None and s.high is not None:
            parts.append(_band(s, s.low, s.high, x, y, s.opacity if s.mark == "band" else 0.16))
        if s.mark in ("line", "step"):
            parts.append(f'<path class="line s-{s.color}" d="{_path(s.values, x, y, s.mark == "step")}"/>')
        elif s.mark == "dot":
            parts += [_point(s, x(i), y(v)) for i, v in enumerate(s.values) if v is not None]
    for r in chart.references:
        parts.append(f'<path class="ref" d="M{box.left:.1f} {y(r.value):.1f}H{box.right:.1f}"/>')
    parts.append(f'<path class="cursor" d="M0 {box.top:.1f}V{box.bottom:.1f}"/>')
    data = (
        f'data-kind="{"bars" if bars else "line"}" data-left="{box.left:.1f}" data-width="{box.width:.1f}" data-n="{n}"'
    )
    return parts, box.bottom + 28, data


def _stacked(series: Sequence[Series], n: int) -> list[tuple[list[float], list[float]]]:
    """Edges of stacked areas or bars; what is negative is stacked downwards."""
    above, below = [0.0] * n, [0.0] * n
    edges = []
    for s in series:
        low, high = [], []
        for i in range(n):
            v = s.values[i] or 0.0
            base = above if v >= 0 else below
            low.append(base[i])
            base[i] += v
            high.append(base[i])
        edges.append((low, high))
    return edges


def _path(values: Values, x, y, steps: bool) -> str:  # type: ignore[no-untyped-def]
    d, open_ = [], False
    for i, v in enumerate(values):
        if v is None or not math.isfinite(v):
            open_ = False
            continue
        d.append(
            f"M{x(i):.1f} {y(v):.1f}"
            if not open_
            else f"H{x(i):.1f}V{y(v):.1f}"
            if steps
            else f"L{x(i):.1f} {y(v):.1f}"
        )
        open_ = True
    return "".join(d)


def _band(s: Series, low: Values, high: Values, x, y, opacity: float) -> str:  # type: ignore[no-untyped-def]
    there = [i for i in range(len(low)) if low[i] is not None and high[i] is not None]
    if not there or all(low[i] == high[i] for i in there):
        return ""
    up = "".join(f"{'M' if k == 0 else 'L'}{x(i):.1f} {y(high[i]):.1f}" for k, i in enumerate(there))
    down = "".join(f"L{x(i):.1f} {y(low[i]):.1f}" for i in reversed(there))
    return f'<path class="f-{s.color}" opacity="{opacity}" d="{up}{down}Z"/>'


# --- one thing a row -----------------------------------------------------------------------------------------------------


def _rows(chart: Chart, width: int, top: float) -> tuple[list[str], float, str]:
    narrow = width < 600
    numbers = [] if chart.log else [0.0]
    for s in chart.series:
        spans = [*(s.low or ()), *(s.high or ())]
        numbers += scale.finite(spans if s.tones else [*s.values, *spans]) if s.drawn else []
    if chart.log:
        numbers = [v for v in numbers if v > 0] or [0.001, 1.0]
        at = scale.log_ticks(min(numbers), max(numbers))
    else:
        at = scale.ticks(min(numbers), max(numbers), 3 if narrow else 5)
    words = scale.written(at, chart.unit)
    longest = max((width_of(label) for label in chart.labels), default=0.0)
    left = max(16.0, width_of(words[0]) / 2 + 4) if narrow else min(longest + 22, 0.36 * width)
    tall = 40 if narrow else ROW
    right = 24 + width_of(words[-1]) / 2
    box = Box(left, top + 6, width - left - right, tall * len(chart.labels))
    first, last = (math.log10(at[0]), math.log10(at[-1])) if chart.log else (at[0], at[-1])

    def x(v: float) -> float:
        place = math.log10(max(v, at[0])) if chart.log else v
        return box.left + box.width * (place - first) / (last - first)

    parts = []
    for v, word in zip(at, words, strict=True):
        kind = "axis" if v == 0 else "grid"
        parts.append(f'<path class="{kind}" d="M{x(v):.1f} {box.top:.1f}V{box.bottom + 3:.1f}"/>')
        parts.append(
            f'<text class="t-muted" x="{x(v):.1f}" y="{box.bottom + 18:.1f}" text-anchor="middle">{word}</text>'
        )
    write = writer(chart.unit)
    for i, label in enumerate(chart.labels):
        middle = box.top + tall * i + (27 if narrow else tall / 2)
        if narrow:
            parts.append(f'<text x="{left:.1f}" y="{middle - 13:.1f}">{escape(cut(label, width - left))}</text>')
        else:
            parts.append(
                f'<text x="{left - 10:.1f}" y="{middle + 4:.1f}" text-anchor="end">{escape(cut(label, left - 16))}</text>'
            )
        for s in chart.series:
            if s.drawn:
                parts += _mark(s, i, x, middle, narrow)
        whole = chart.series[0]
        if whole.tones and whole.low and whole.high and whole.values[i] is not None:
            word = write(whole.values[i])
            end = x(max(whole.low[i] or 0.0, whole.high[i] or 0.0))
            fits = end + 6 + width_of(word) < width
            place, anchor = (
                (end + 5, "start") if fits else (x(min(whole.low[i] or 0.0, whole.high[i] or 0.0)) - 5, "end")
            )
            parts.append(
                f'<text class="t-muted" x="{place:.1f}" y="{middle + 4:.1f}" text-anchor="{anchor}">{word}</text>'
            )
    data = f'data-kind="rows" data-top="{box.top:.1f}" data-height="{box.height:.1f}" data-n="{len(chart.labels)}"'
    return parts, box.bottom + 26, data


def _mark(s: Series, i: int, x, y: float, narrow: bool) -> Iterator[str]:  # type: ignore[no-untyped-def]
    v, color = s.values[i], s.tones[i] if s.tones else s.color
    low, high = (None if edge is None else edge[i] for edge in (s.low, s.high))
    if s.mark == "bar" and v is not None:
        a, b = (low, high) if s.tones and low is not None and high is not None else (0.0, v)
        tall = 11 if narrow else 15
        wide = max(1.0, abs(x(a) - x(b)))
        yield (
            f'<rect class="f-{color}" opacity=".88" x="{min(x(a), x(b)):.1f}" y="{y - tall / 2:.1f}" width="{wide:.1f}" '
            f'height="{tall}" rx="1.5"/>'
        )
    if low is not None and high is not None and not s.tones:
        paint = "ink" if s.mark == "bar" else color
        yield f'<path class="whisker s-{paint}" d="M{x(low):.1f} {y:.1f}H{x(high):.1f}m0 -4v8M{x(low):.1f} {y - 4:.1f}v8"/>'
    if s.mark in ("dot", "tick") and v is not None:
        yield _point(s, x(v), y)


# --- a value for each pair -----------------------------------------------------------------------------------------------


def _grid(chart: Chart, width: int, top: float) -> tuple[list[str], float, str]:
    """Shaded cells with their value; the darker, the larger. Rows are the labels, columns the series."""
    left = min(max((width_of(x) for x in chart.labels), default=0) + 20, 0.3 * width)
    columns = len(chart.series)
    wide, tall = (width - left - 12) / max(1, columns), 30
    numbers = scale.finite(v for s in chart.series for v in s.values)
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    write = writer(chart.unit)
    parts, y = [], top + 26
    if chart.across_head:
        parts.append(f'<text class="t-muted" x="{left:.1f}" y="{top + 4:.1f}">{escape(chart.across_head)}</text>')
    for j, s in enumerate(chart.series):
        at = left + wide * (j + 0.5)
        parts.append(
            f'<text class="t-muted" x="{at:.1f}" y="{y - 7:.1f}" text-anchor="middle">{escape(cut(s.name, wide))}</text>'
        )
        for i, v in enumerate(s.values):
            share = 0.0 if v is None or high == low else (v - low) / (high - low)
            parts.append(
                f'<rect class="f-0 edge" opacity="{0.08 + 0.62 * share:.3f}" x="{left + wide * j:.1f}" y="{y + tall * i:.1f}" '
                f'width="{wide:.1f}" height="{tall}"/>'
            )
            parts.append(
                f'<text x="{at:.1f}" y="{y + tall * i + 19:.1f}" text-anchor="middle">{escape(cut(write(v), wide))}</text>'
            )
    for i, label in enumerate(chart.labels):
        parts.append(
            f'<text x="{left - 8:.1f}" y="{y + tall * i + 19:.1f}" text-anchor="end">{escape(cut(label, left - 12))}</text>'
        )
    bottom = y + tall * len(chart.labels)
    data = f'data-kind="rows" data-top="{y:.1f}" data-height="{bottom - y:.1f}" data-n="{len(chart.labels)}"'
    return parts, bottom + 10, data


DRAW = {"months": _months, "rows": _rows, "grid": _grid}
