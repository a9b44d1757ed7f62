"""One thing a row, values along a scale: bars, points and ticks with whiskers for their intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from simulator.report.charts import scale
from simulator.report.charts.drawing import Box, cut, label, point, width_of
from simulator.report.charts.specification import Chart, Series, writer

ROW = 26
APART = 11  # of two points with whiskers that share a row
Place = Callable[[float], float]


def draw(chart: Chart, width: int, top: float) -> tuple[list[str], float, str]:
    narrow = width < 600
    at = _ticks(chart, narrow)
    words = scale.written(at, chart.unit)
    longest = max((width_of(text) for text in chart.labels), default=0.0)
    left = max(16.0, width_of(words[0]) / 2 + 4) if narrow else min(longest + 22, 0.36 * width)
    lanes = _lanes(chart)
    tall = (40 if narrow else ROW) + APART * (max(lanes, default=0) if lanes else 0)
    right = 24 + width_of(words[-1]) / 2
    box = Box(left, top + 6, width - left - right, tall * len(chart.labels))
    first, last = (math.log10(at[0]), math.log10(at[-1])) if chart.log else (at[0], at[-1])

    def x(v: float) -> float:
        place = math.log10(max(v, at[0])) if chart.log else v
        return box.left + box.width * (place - first) / (last - first)

    parts, free = [], -math.inf
    for v, word in zip(at, words, strict=True):
        kind = "axis" if v == chart.base and not chart.log else "grid"
        parts.append(f'<path class="{kind}" d="M{x(v):.1f} {box.top:.1f}V{box.bottom + 3:.1f}"/>')
        if x(v) - width_of(word) / 2 >= free:
            parts.append(label(x(v), box.bottom + 18, word, "middle"))
            free = x(v) + width_of(word) / 2 + 6
    for r in chart.references:
        parts.append(f'<path class="ref" d="M{x(r.value):.1f} {box.top:.1f}V{box.bottom:.1f}"/>')
    write = writer(chart.unit)
    lifts = _lifts(chart)
    for i, text in enumerate(chart.labels):
        middle = box.top + tall * i + (29 if narrow else tall / 2 if not lanes else ROW / 2)
        if narrow:
            parts.append(label(left, middle - 16, cut(text, width - left), kind="t-over"))
        else:
            beside = box.top + tall * (i + 0.5) + 4
            parts.append(label(left - 10, beside, cut(text, left - 16), "end", kind=""))
        for k, s in enumerate(chart.series):
            if s.drawn:
                parts += _mark(
                    s,
                    i,
                    x,
                    middle + APART * (lanes[k] if lanes else 0),
                    narrow,
                    _beside(chart, k, i),
                    chart.base,
                    lifts[k],
                )
        whole = chart.series[0] if chart.series else None
        if whole is not None and whole.tones and whole.low and whole.high and whole.values[i] is not None:
            word = (whole.texts[i] if whole.texts else None) or write(whole.values[i])
            ends = [x(whole.low[i] or 0.0), x(whole.high[i] or 0.0)]
            fits = max(ends) + 6 + width_of(word) < width
            place, anchor = (max(ends) + 5, "start") if fits else (min(ends) - 5, "end")
            parts.append(label(place, middle + 4, word, anchor))
    data = f'data-kind="rows" data-top="{box.top:.1f}" data-height="{box.height:.1f}" data-n="{len(chart.labels)}"'
    return parts, box.bottom + 26, data


def _ticks(chart: Chart, narrow: bool) -> list[float]:
    numbers = [] if chart.log else [chart.base]
    for s in chart.series:
        spans = [*(s.low or ()), *(s.high or ())]
        numbers += scale.finite(spans if s.tones else [*s.values, *spans]) if s.drawn else []
    numbers += [r.value for r in chart.references]
    if chart.log:
        numbers = [v for v in numbers if v > 0] or [0.001, 1.0]
        return scale.log_ticks(min(numbers), max(numbers))
    return scale.ticks(min(numbers), max(numbers), 3 if narrow else 5)


def _lanes(chart: Chart) -> list[int]:
    """Points with whiskers of several series stand under one another, so that none hides another; else no lanes."""
    whiskered = [s.drawn and s.mark == "dot" and s.low is not None for s in chart.series]
    if sum(whiskered) < 2 or any(s.mark == "bar" and s.drawn for s in chart.series):
        return []
    return [sum(whiskered[:k]) if one else 0 for k, one in enumerate(whiskered)]


def _beside(chart: Chart, k: int, i: int) -> float:
    """How far a bar is moved up or down, in halves of its height, because another bar begins at the same place and goes the
    same way."""
    bars = [j for j, s in enumerate(chart.series) if s.drawn and s.mark == "bar" and not s.tones]
    if len(bars) != 2 or k not in bars:
        return 0.0
    ways = [(v or chart.base) - chart.base for j in bars for v in [chart.series[j].values[i]]]
    return (-0.5 if k == bars[0] else 0.5) if ways[0] * ways[1] > 0.0 else 0.0


def _lifts(chart: Chart) -> list[int]:
    """Whiskers of two bars that share a row: one a little above its middle, one a little below."""
    bars = [k for k, s in enumerate(chart.series) if s.drawn and s.mark == "bar" and not s.tones]
    return [0 if len(bars) != 2 or k not in bars else -1 if k == bars[0] else 1 for k in range(len(chart.series))]


def _mark(
    s: Series, i: int, x: Place, y: float, narrow: bool, beside: float, base: float, lifted: int
) -> Iterator[str]:
    v, color = s.values[i], s.tones[i] if s.tones else s.color
    low, high = (None if edge is None else edge[i] for edge in (s.low, s.high))
    lift = 0.0
    if s.mark == "bar" and v is not None:
        a, b = (low, high) if s.tones and low is not None and high is not None else (base, v)
        tall = (11 if narrow else 15) * (0.5 if beside else 1.0)
        y += beside * tall
        lift = 0.0 if beside else 3.5 * lifted
        wide = max(1.0, abs(x(a) - x(b)))
        yield (
            f'<rect class="f-{color}" x="{min(x(a), x(b)):.1f}" y="{y - tall / 2:.1f}" width="{wide:.1f}" '
            f'height="{tall:g}" rx="1.5"/>'
        )
    if low is not None and high is not None and not s.tones:
        paint = "ink" if s.mark == "bar" else color
        y += lift
        yield f'<path class="whisker s-{paint}" d="M{x(low):.1f} {y:.1f}H{x(high):.1f}m0 -4v8M{x(low):.1f} {y - 4:.1f}v8"/>'
    if s.mark in ("dot", "tick") and v is not None:
        yield point(s, x(v), y)
