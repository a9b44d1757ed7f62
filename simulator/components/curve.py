"""The forward curve of the price of compute: its expected value by month.

    F(m) = now x exp(drift x m/12) as long as `drift_for` says, flat after

or given points, linear in the logarithm between them and flat after. F(0) = now.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from simulator.components.base import Component, Month, Problem, Surroundings, is_fixed
from simulator.mathematics import arrays
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import DRIFT, MONTHS, NUMBER


class Point(Component):
    family: ClassVar[str] = "part"
    month: Month
    """A month of the curve."""
    index: Annotated[Number, Quantity(NUMBER, low=0.0, open_low=True)]
    """The forward index for its end."""


class Curve(Component):
    family: ClassVar[str] = "part"
    now: Annotated[Number, Quantity(NUMBER, low=0.0, open_low=True)] = 1.0
    """The index at the opening; 1 is the reference price."""
    drift: Annotated[Number, Quantity(DRIFT)] = 0.0
    """Of the forward curve."""
    drift_for: Annotated[Number, Quantity(MONTHS, low=0.0)] | None = None
    """How long it drifts; flat after. Default: to the horizon."""
    points: Annotated[tuple[Point, ...], Field(strict=False)] = ()
    """The curve point by point instead of a drift."""

    def complaints(self, around: Surroundings, at: tuple[str, ...]) -> Iterable[Problem]:
        months = [point.month for point in self.points]
        for k in range(1, len(months)):
            if months[k] <= months[k - 1]:
                yield Problem((*at, "points", k), "the points of a forward curve are in the order of their months")
        if months and months[0] < around.start:
            yield Problem((*at, "points", 0), "the first point lies before month 1; `now` is the opening's price")
        if months and (not is_fixed(self.drift, 0.0) or self.drift_for is not None):
            yield Problem((*at, "points"), "a forward curve has either points or a drift", "delete one of them")

    def forward(self, start: int, m: int) -> Any:
        """F at the end of month m; a number or an array over paths. `start`: the ordinal of the month before month 1."""
        if self.points:
            at = [0.0] + [float(p.month - start) for p in self.points]
            logs = [arrays.log(self.now)] + [arrays.log(p.index) for p in self.points]
            k = int(np.searchsorted(at, m, side="right")) - 1
            if k >= len(at) - 1:
                return arrays.exp(logs[-1])
            share = (m - at[k]) / (at[k + 1] - at[k])
            return arrays.exp(logs[k] + share * (logs[k + 1] - logs[k]))
        drifting = float(m) if self.drift_for is None else np.minimum(float(m), self.drift_for)
        return self.now * arrays.exp(self.drift * drifting / 12.0)

    def course(self, say: Any) -> str:
        if self.points:
            return "follows the given points"
        until = "" if self.drift_for is None else f" for {say(self.drift_for, 'months')}, flat after"
        return f"drifts by {say(self.drift, 'log/yr')}{until}"
