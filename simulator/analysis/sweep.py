"""One or two keys over a grid: any reported figure there, and the contour on which one of them has a given value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from statistics import NormalDist
from typing import Any

from simulator.analysis.documents import Document, document, number, spread
from simulator.analysis.levers import Axis, axis, with_value
from simulator.analysis.paired import difference
from simulator.analysis.variants import Outcome, Runs
from simulator.estimate.asked import SHARE_OF_PATHS, Asked, figure, limit
from simulator.estimate.intervals import Estimate
from simulator.quantities.units import QuantityError
from simulator.scenario.model import Scenario

MOST_RUNS = 1000
TABLES = ("grid", "contour")


def sweep(
    scenario: Scenario,
    over: Sequence[str | Axis],
    figures: Sequence[str | Asked] = (),
    contour: str | None = None,
    paths: int | None = None,
    seed: int | None = None,
    runs: Runs | None = None,
    command: str = "",
) -> Document:
    """The document of `simulator sweep`.

    over: one or two of `KEY=FROM..TO:N` or `KEY=A,B,C`. figures: default PD by the second year and the horizon, median runway and
    P90 of the peak need. contour: `FIGURE = VALUE`, default `pd(24) = 5%` where there is a second year. Tables: `grid` (a row a
    point and figure, with the paired difference from the scenario as it is), `contour` (where the figure crosses the value along
    an axis, interpolated between neighbours, with the interval the figure's own gives). Raises QuantityError, ScenarioError.
    """
    axes = [axis(one) if isinstance(one, str) else one for one in over]
    if not 1 <= len(axes) <= 2:
        raise QuantityError("a sweep goes over one key or two", "--over 'opening.cash=60B..120B:7'")
    points = math.prod(len(a.numbers) for a in axes)
    if points > MOST_RUNS:
        raise QuantityError(f"the grid has {points:,} points; {MOST_RUNS} are the most", "write fewer with :N")
    year, months = scenario.step.per_year, scenario.calendar.months
    second = min(2 * year, months)
    asked = [figure(f) if isinstance(f, str) else f for f in figures]
    asked = asked or [figure(f"pd({second})"), figure(f"pd({months})"), figure("runway.p50"), figure("peak_need.p90")]
    asked = list(dict.fromkeys(asked))
    wanted = _level(contour if contour is not None else f"pd({second}) = 5%")
    everything = [*asked, *([wanted[0]] if wanted[0] not in asked else [])]
    variants = {}
    for point in product(*(a.numbers for a in axes)):  # all mistakes of the grid before the first run
        made = scenario
        for a, x in zip(axes, point, strict=True):
            made = with_value(made, a.key, a.amount, x)
        variants[point] = made
    runs = Runs.like(scenario, paths, seed) if runs is None else runs
    base = runs.run(scenario, everything, name="as it is")
    rows, at = [], {}
    for point, made in variants.items():
        outcome = runs.run(made, everything, name=", ".join(a.amount.text(x) for a, x in zip(axes, point, strict=True)))
        rows += [_row(axes, point, f, base, outcome) for f in asked]
        at[point] = wanted[0].estimate(outcome)
    crossings = _contour(axes, at, *wanted)
    return document(
        "sweep", scenario, command, runs.paths, runs.seed,
        over=[{"key": a.key, "unit": a.unit, "numbers": list(a.numbers)} for a in axes],
        figures=[f.text for f in asked], model_runs=runs.count,
        level={"figure": wanted[0].text, "value": wanted[1], "unit": wanted[0].dimension.converts_to},
        base=[{"figure": f.text, "unit": f.dimension.converts_to, **spread("value", f.estimate(base))} for f in asked],
        grid=rows, contour=crossings,
    )  # fmt: skip


def _level(text: str) -> tuple[Asked, float]:
    name, equals, value = text.partition("=")
    if not equals or name.strip()[-1:] in "<>":
        raise QuantityError(f"{text!r} is not a figure and its value", "write for example 'pd(24) = 5%'")
    found = limit(f"{name.strip()} <= {value.strip()}")
    return found.figure, found.value


def _row(
    axes: Sequence[Axis], point: tuple[float, ...], asked: Asked, base: Outcome, outcome: Outcome
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for a, x in zip(axes, point, strict=True):
        found[a.key] = x
    return {
        **found,
        "figure": asked.text,
        "unit": asked.dimension.converts_to,
        **spread("value", asked.estimate(outcome)),
        **spread("difference", difference(asked, base, outcome)[:3]),
    }


def _contour(
    axes: Sequence[Axis], at: dict[tuple[float, ...], Estimate], asked: Asked, level: float
) -> list[dict[str, Any]]:
    """Crossings on the edges of the grid, along each axis in turn."""
    found = []
    for k, along in enumerate(axes):
        others = axes[1 - k].numbers if len(axes) == 2 else (None,)
        for other in others:

            def point(x: float, k: int = k, other: float | None = other) -> tuple[float, ...]:
                return (x,) if other is None else (x, other) if k == 0 else (other, x)

            found += [
                _named(axes, along, other, x)
                for x in crossings(along.numbers, [at[point(x)] for x in along.numbers], asked, level)
            ]
    return found


def _named(axes: Sequence[Axis], along: Axis, other: float | None, x: Estimate) -> dict[str, Any]:
    found: dict[str, Any] = {"along": along.key}
    for a in axes:
        found[a.key] = x.value if a is along else other
    return {**found, "low": number(x.low), "high": number(x.high)}


def crossings(numbers: Sequence[float], values: Sequence[Estimate], asked: Asked, level: float) -> list[Estimate]:
    """Where a figure crosses a level: linear between neighbours, for shares in their normal score. The interval ends where the
    ends of the figure's own interval cross it; infinite where they do not within the range."""
    scale = score if asked.statistic == SHARE_OF_PATHS else float
    goal = scale(level)
    found = []
    for k in range(len(numbers) - 1):
        a, b = scale(values[k].value) - goal, scale(values[k + 1].value) - goal
        if not (math.isfinite(a) and math.isfinite(b)) or (a < 0.0) == (b < 0.0):
            continue
        x = numbers[k] + (numbers[k + 1] - numbers[k]) * a / (a - b)
        ends = [
            _nearest(numbers, [scale(getattr(v, end)) - goal for v in values], x, b < a, end) for end in ("low", "high")
        ]
        found.append(Estimate(x, min(ends), max(ends)))
    return found


def _nearest(numbers: Sequence[float], apart: Sequence[float], x: float, falling: bool, end: str) -> float:
    """The crossing of an end of the interval that is nearest to x, in the same direction."""
    found = [
        numbers[k] + (numbers[k + 1] - numbers[k]) * apart[k] / (apart[k] - apart[k + 1])
        for k in range(len(numbers) - 1)
        if (apart[k] < 0.0) != (apart[k + 1] < 0.0)
        and (apart[k + 1] < apart[k]) == falling
        and math.isfinite(apart[k])
        and math.isfinite(apart[k + 1])
    ]
    if found:
        return min(found, key=lambda y: abs(y - x))
    return -math.inf if (end == "low") == falling else math.inf


def score(share: float) -> float:
    """The normal score of a share, finite at 0 and 1."""
    return NormalDist().inv_cdf(min(1.0 - 1e-9, max(1e-9, share)))
