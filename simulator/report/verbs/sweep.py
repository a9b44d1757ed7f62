"""One key: a line with its band, the threshold, and where it is crossed. Two keys: a heat map with the contour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from simulator.report.charts.specification import Chart, Crossing, Ledger, Reference, Series, writer
from simulator.report.rows import Row, amount, capital, estimates, groups, named, numbers, unit_of, word, written
from simulator.report.verbs import Document, Piece

TITLE = "The answer over a range"
Point = tuple[float, float]


def pieces(d: Document, key: str) -> Iterator[Piece]:
    axes, level = d["over"], d["level"]
    draw = _lines if len(axes) == 1 else _maps
    goal = f"{named(level['figure'], d['step'])} = {writer(unit_of(level['figure'], level['unit']))(level['value'])}"
    yield from draw(d, key, goal)
    if d["contour"]:
        yield Ledger(
            f"Where {goal}",
            ["along", "at", "interval", *(["while"] if len(axes) > 1 else [])],
            [_crossing(axes, r) for r in d["contour"]],
            note="Interpolated between neighbours; the interval is where the figure's own interval crosses.",
        )
    else:
        yield f"{goal} is reached nowhere in this range."


def _lines(d: Document, key: str, goal: str) -> Iterator[Piece]:
    (axis,) = d["over"]
    order = sorted(axis["numbers"])
    for figure, found in groups(d["grid"], "figure").items():
        at = {r[axis["key"]]: r for r in found}
        rows = [at[x] for x in order if x in at]
        name = named(figure, d["step"])
        unit, level = unit_of(figure, found[0]["unit"]), d["level"]
        here = figure == level["figure"]
        crossings = [
            Crossing(f"{goal} at {_number(r[axis['key']], axis)}", r[axis["key"]], r["low"], r["high"])
            for r in d["contour"]
        ]
        base = next((r for r in d["base"] if r["figure"] == figure), None)
        told = "" if base is None else f" As the scenario is: {written(base, 'value', unit)}."
        yield Chart(
            f"{key}-{word(figure)}",
            f"{capital(name)}, over {axis['key']}",
            "months",
            unit,
            [_number(x, axis) for x in order],
            [estimates(name, rows, "value", "line", 0), estimates("change", rows, "difference", "line", 1, drawn=False)]
            if unit != "share"
            else [estimates(name, rows, "value", "line", 0)],
            axis["key"],
            [Reference(goal, level["value"])] if here else [],
            at=order,
            at_unit=axis["unit"] or "",
            crossings=crossings if here else [],
            note=f"The points were run; the band is the 95 % interval.{told}{_said(unit, rows, crossings if here else [])}",
        )


def _said(unit: str, rows: Sequence[Row], crossings: Sequence[Crossing]) -> str:
    text = ""
    if crossings and unit == "share":
        text += " The crossing is interpolated between normal scores of the shares, in which they bend less than the line does."
    if unit == "months" and any(r["value"] is None for r in rows):
        text += " Where the line is missing the runway lies beyond the horizon."
    return text


def _maps(d: Document, key: str, goal: str) -> Iterator[Piece]:
    """The axis with more numbers runs down: a screen is narrow and a page is long."""
    across, down = sorted(d["over"], key=lambda a: len(a["numbers"]))
    xs, ys = sorted(across["numbers"]), sorted(down["numbers"])
    for figure, found in groups(d["grid"], "figure").items():
        at = {(r[across["key"]], r[down["key"]]): r for r in found}
        unit = unit_of(figure, found[0]["unit"])
        series = []
        for x in xs:
            column = [at.get((x, y), {}) for y in ys]
            low, high = numbers(column, "value_low"), numbers(column, "value_high")
            series.append(Series(_number(x, across, short=True), "bar", numbers(column, "value"), 0, low, high))
        here = figure == d["level"]["figure"]
        yield Chart(
            f"{key}-{word(figure)}",
            f"{capital(named(figure, d['step']))}, over {across['key']} and {down['key']}",
            "grid",
            unit,
            [_number(y, down, short=True) for y in ys],
            series,
            _named(down),
            across=[s.name for s in series],
            across_head=_named(across),
            contour=contour(d["contour"], across["key"], xs, down["key"], ys) if here else (),
            contour_name=goal if here else "",
            note="The deeper the colour, the larger"
            + ("; beyond: past the horizon." if unit == "months" else ".")
            + (f" The line: {goal}, between the points that were run." if here else ""),
        )


def contour(
    crossings: Sequence[Row], across: str, xs: Sequence[float], down: str, ys: Sequence[float]
) -> list[tuple[Point, Point]]:
    """The crossings on the edges of the grid joined through its meshes (marching squares), in columns and rows from 0. A mesh
    with four crossings is a saddle: its ends are joined as they lie, the leftmost with the nearest of the others."""
    on: list[Point] = [(_place(xs, r[across]), _place(ys, r[down])) for r in crossings]
    lines = []
    for i in range(len(xs) - 1):
        for j in range(len(ys) - 1):
            here = [
                p
                for p in on
                if i <= p[0] <= i + 1 and j <= p[1] <= j + 1 and (p[0] in (i, i + 1) or p[1] in (j, j + 1))
            ]
            here = list(dict.fromkeys(here))
            if len(here) == 2:
                lines.append((here[0], here[1]))
            elif len(here) == 4:
                first, *others = sorted(here)
                near = min(others, key=lambda p, a=first: (p[0] - a[0]) ** 2 + (p[1] - a[1]) ** 2)  # type: ignore[misc]
                rest = [p for p in others if p is not near]
                lines += [(first, near), (rest[0], rest[1])]
    return lines


def _place(numbers: Sequence[float], x: float) -> float:
    """Of a number among the columns or rows: 1.5 lies half way from the second to the third."""
    k = max(0, min(len(numbers) - 2, sum(n <= x for n in numbers) - 1))
    return k + (x - numbers[k]) / (numbers[k + 1] - numbers[k])


def _named(axis: Row) -> str:
    return f"{axis['key']}, {axis['unit']}" if axis["unit"] else str(axis["key"])


def _number(x: float | None, axis: Row, short: bool = False) -> str:
    if x is None:
        return "outside"
    return amount(x, "" if short else axis["unit"] or "", 4)


def _crossing(axes: Sequence[Any], r: Row) -> list[str]:
    (along,) = (a for a in axes if a["key"] == r["along"])
    span = f"{_number(r['low'], along)} to {_number(r['high'], along)}"
    others = [f"{a['key']} {_number(r[a['key']], a)}" for a in axes if a is not along]
    return [r["along"], _number(r[r["along"]], along), span, *others]
