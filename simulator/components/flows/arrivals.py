"""A flow of random events of random size: a compound Poisson process (losses, fines, awards, raises on top of a plan).

    number of month m ~ Poisson(λ Δ), amounts independent of each other and of the number;   E = λ Δ E[size] a month

All events of a month fall due, or arrive, in it. `compensated` takes their mean away, so that only the noise is left. The k-th
event of a month is addressed by its running number. None on the deterministic path, and nothing to make up for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from simulator.components.base import (
    MONTH,
    PATH,
    Builder,
    Component,
    Month,
    Phase,
    Problem,
    Sampled,
    SampledField,
    Surroundings,
    month_label,
    register,
)
from simulator.mathematics.jumps import poisson
from simulator.mathematics.normal import inverse_normal
from simulator.mathematics.philox import uniform_at
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import HAZARD, MONEY


@register
class Arrivals(Component):
    family: ClassVar[str] = "flows"
    tag: ClassVar[str] = "arrivals"
    example: ClassVar[str] = """\
[flows.outages]
type = "arrivals"
rate = "0.6 /yr"
amount = { lognormal = { p10 = "20M", p90 = "300M" } }
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("count", "size")

    rate: Annotated[Number, Quantity(HAZARD, low=0.0, high=60.0)]
    """Events a year."""
    amount: Annotated[Sampled, SampledField(Quantity(MONEY))]
    """Of one event, drawn anew each time; below 0 it runs the other way."""
    compensated: bool = False
    """Whether the mean of the events is taken away every month."""
    start: Month | None = None
    """First month. Default: month 1."""
    end: Month | None = None
    """Last month. Default: the horizon."""
    direction: Literal["out", "in"] = "out"
    """Paid, or received."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if self.start is not None and self.end is not None and self.end < self.start:
            what = f"the flow ends ({month_label(self.end)}) before it starts ({month_label(self.start)})"
            yield Problem(("end",), what, also=("start",))

    def build(self, b: Builder, host: Any = None) -> None:
        received, paid = b.flow(f"{b.name}.received"), b.flow(f"{b.name}.paid_out")
        events = b.flow(f"{b.name}.events")
        b.receipt(received)
        b.due(paid, "operating")
        b.total(events, f"{b.short}.events", "count")
        if b.deterministic:
            return
        first = 1 if self.start is None else max(1, self.start - b.start)
        last = b.months if self.end is None else min(b.months, self.end - b.start)
        sign = 1.0 if self.direction == "in" else -1.0
        expected = self.rate / 12.0
        quantile, params, normal, factor = b.law_of(self.amount)
        size = b.sample("size", self.amount)
        mean = expected * self.amount.expectation() if self.compensated else 0.0
        args = (PATH, MONTH, b.uniform("count"), size, expected, b.address("size"), params, normal, factor, sign, mean)
        b.step(
            Phase.FIXED_COST,
            arrive,
            args,
            writes=(received, paid, events),
            months=(first, last),
            using=(("size_quantile", quantile),),
        )

    def in_words(self, say: Any) -> Iterable[str]:
        what = "Receives" if self.direction == "in" else "Pays"
        since = "" if self.start is None else f" from {month_label(self.start)}"
        until = "" if self.end is None else f" to {month_label(self.end)}"
        less = ", less their mean" if self.compensated else ""
        yield f"{what} {say(self.amount.number, '$')} at random events, {say(self.rate, 'times')} a year{since}{until}{less}."


def size_quantile(_score: float, *_params: Any) -> float:
    raise TypeError("the engine puts the scenario's size law here")


def arrive(
    path: int,
    month: int,
    u_count: float,
    size: float,
    expected: float,
    at_size: tuple[float, float, float],
    size_params: tuple[Any, ...],
    normal: float,
    factor: float,
    sign: float,
    mean: float,
) -> tuple[float, float, float]:
    """(received, paid, events)."""
    n = poisson(u_count, expected)
    total = -mean
    for k in range(n):
        if k > 0:
            u = uniform_at(at_size[0], at_size[1], at_size[2], path, month, k)
            size = factor * size_quantile(inverse_normal(u) if normal > 0.0 else u, *size_params)
        total += size
    flow = sign * total
    return max(0.0, flow), max(0.0, -flow), float(n)
