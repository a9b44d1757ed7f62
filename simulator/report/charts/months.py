"""Values along time, or along a setting: stacked areas and bars, lines with their bands, points."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from simulator.report.charts import scale
from simulator.report.charts.drawing import Box, label, point, width_of
from simulator.report.charts.specification import Chart, Series, Values

Place = Callable[[float], float]


def draw(chart: Chart, width: int, top: float) -> tuple[list[str], float, str]:
    narrow = width < 600
    stacked = _stacked([s for s in chart.series if s.mark in ("area", "bar") and s.drawn], len(chart.labels))
    at = scale.ticks(*_range(chart, stacked), 4 if narrow else 5)
    words = scale.written(at, chart.unit)
    left = 14 + max(width_of(w) for w in words)
    box = Box(left, top + 10, width - left - 16, 200 if narrow else 250)
    bars = any(s.mark == "bar" and s.drawn for s in chart.series)
    n = len(chart.labels)
    x = _along(chart, box, bars)

    def y(v: float) -> float:
        return box.bottom - box.height * min(1.0, max(0.0, (v - at[0]) / (at[-1] - at[0])))

    parts = []
    for v, word in zip(at, words, strict=True):
        kind = "axis" if abs(v) < 1e-12 * (at[-1] - at[0]) else "grid"
        parts.append(f'<path class="{kind}" d="M{box.left:.1f} {y(v):.1f}H{box.right:.1f}"/>')
        parts.append(label(left - 6, y(v) + 4, word, "end"))
    parts += _below(chart, box, x, width)
    parts += _crossings(chart, box)
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
            parts.append(_band(s, low, high, x, y, None))
    for s in chart.series:
        if not s.drawn or s.mark in ("area", "bar"):
            continue
        if s.low is not None and s.high is not None and s.mark == "dot":
            parts += _whiskers(s, s.low, s.high, x, y)
        elif s.low is not None and s.high is not None:
            parts.append(_band(s, s.low, s.high, x, y, s.opacity if s.mark == "band" else 0.16))
        if s.mark == "band" and s.low is not None and s.high is not None:
            parts += [f'<path class="brim s-{s.color}" d="{_path(edge, x, y, False)}"/>' for edge in (s.low, s.high)]
        if s.mark in ("line", "step"):
            parts.append(f'<path class="line s-{s.color}" d="{_path(s.values, x, y, s.mark == "step")}"/>')
            if chart.at is not None:  # where it was run
                parts += [f'<circle class="f-{s.color}" cx="{x(i):.1f}" cy="{y(v):.1f}" r="2.5"/>'
                          for i, v in enumerate(s.values) if v is not None]  # fmt: skip
        elif s.mark == "dot":
            parts += [point(s, x(i), y(v)) for i, v in enumerate(s.values) if v is not None]
    for r in chart.references:
        parts.append(f'<path class="ref" d="M{box.left:.1f} {y(r.value):.1f}H{box.right:.1f}"/>')
    parts.append(f'<path class="cursor" d="M0 {box.top:.1f}V{box.bottom:.1f}"/>')
    data = (
        f'data-kind="{"bars" if bars else "line"}" data-left="{box.left:.1f}" data-width="{box.width:.1f}" data-n="{n}"'
    )
    if chart.at is not None:
        data += f' data-at="{" ".join(f"{x(i):.1f}" for i in range(n))}"'
    return parts, box.bottom + 28, data


def _range(chart: Chart, stacked: Sequence[tuple[list[float], list[float]]]) -> tuple[float, float]:
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
    seen = numbers[1:]
    if (
        chart.at is not None and seen and min(seen) > 0.4 * max(seen) > 0.0
    ):  # a line shows its change, not its distance from nought
        return min(seen), max(seen)
    return min(numbers), max(numbers)


def _span(chart: Chart) -> tuple[float, float] | None:
    """From the first to the last number of a setting; None along time."""
    at = chart.at or ()
    return (at[0], at[-1]) if len(at) > 1 and at[-1] > at[0] else None


def _along(chart: Chart, box: Box, bars: bool) -> Place:
    """Where the i-th label stands; a place between two labels of a setting lies between them in its numbers."""
    n = len(chart.labels)
    if (spanned := _span(chart)) is not None:
        first, last = spanned
        return lambda i: box.left + box.width * (chart.at[int(i)] - first) / (last - first)  # type: ignore[index]
    return lambda i: box.left + box.width * ((i + 0.5) / max(1, n) if bars else i / max(1, n - 1))


def _below(chart: Chart, box: Box, x: Place, width: int) -> Iterator[str]:
    """The labels of the axis, as many as have room."""
    found = [(x(i), word) for i, word in scale.marks(chart.labels, 5 if width < 600 else 10)]
    if (spanned := _span(chart)) is not None:
        first, last = spanned
        at = [v for v in scale.ticks(first, last, 3 if width < 600 else 6) if first <= v <= last]
        unit = chart.at_unit if chart.at_unit[:1] in tuple("kMBT%") else f" {chart.at_unit}".rstrip()
        found = [(box.left + box.width * (v - first) / (last - first), f"{round(v, 12):g}{unit}") for v in at]
    free = -math.inf
    for place, word in found:
        inside = min(max(place, box.left + width_of(word) / 2 - 8), width - width_of(word) / 2 - 2)
        yield f'<path class="axis" d="M{place:.1f} {box.bottom:.1f}v5"/>'
        if inside - width_of(word) / 2 >= free:
            yield label(inside, box.bottom + 19, word, "middle")
            free = inside + width_of(word) / 2 + 8


def _crossings(chart: Chart, box: Box) -> Iterator[str]:
    if (spanned := _span(chart)) is None:
        return
    first, last = spanned

    def place(v: float) -> float:
        return box.left + box.width * min(1.0, max(0.0, (v - first) / (last - first)))

    for c in chart.crossings:
        low, high = (place(end if end is not None else side) for end, side in ((c.low, first), (c.high, last)))
        yield (
            f'<rect class="f-bad" opacity=".14" x="{low:.1f}" y="{box.top:.1f}" width="{high - low:.1f}" '
            f'height="{box.height:.1f}"/><path class="ref" d="M{place(c.value):.1f} {box.top:.1f}V{box.bottom:.1f}"/>'
        )


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


def _path(values: Values, x: Place, y: Place, steps: bool) -> str:
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


def _whiskers(s: Series, low: Values, high: Values, x: Place, y: Place) -> Iterator[str]:
    for i, (a, b) in enumerate(zip(low, high, strict=True)):
        if a is not None and b is not None:
            yield (
                f'<path class="whisker s-{s.color}" d="M{x(i):.1f} {y(a):.1f}V{y(b):.1f}m-4 0h8'
                f'M{x(i) - 4:.1f} {y(a):.1f}h8"/>'
            )


def _band(s: Series, low: Values, high: Values, x: Place, y: Place, opacity: float | None) -> str:
    """A closed shape; without an opacity it is full and has an edge in the colour of the paper, as neighbours in a stack need."""
    there = [(i, a, b) for i, (a, b) in enumerate(zip(low, high, strict=True)) if a is not None and b is not None]
    if not there or all(a == b for _, a, b in there):
        return ""
    up = "".join(f"{'M' if k == 0 else 'L'}{x(i):.1f} {y(b):.1f}" for k, (i, _, b) in enumerate(there))
    down = "".join(f"L{x(i):.1f} {y(a):.1f}" for i, a, _ in reversed(there))
    kind = f'class="f-{s.color} edge"' if opacity is None else f'class="f-{s.color}" opacity="{opacity}"'
    return f'<path {kind} d="{up}{down}Z"/>'
