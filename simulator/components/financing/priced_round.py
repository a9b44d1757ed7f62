"""Priced rounds: chances arrive at random; each succeeds with a probability of the month's regime.

    N ~ Poisson(1/T) chances a month (or at most one, with probability 1/T); money arrives `lag` months after its chance

The size is drawn at the chance, the lag is fixed there, and the regime at arrival is irrelevant. Further chances of a month
draw from the same addresses with a running number, so that they exist on every path whether or not they happen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from simulator.components.base import (
    MONTH,
    PATH,
    REGIME,
    Ago,
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
from simulator.mathematics.normal import inverse_normal
from simulator.mathematics.philox import uniform_at
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONEY, MONTHS, SHARE

Chance = Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)]
MOST = 64  # chances a month; more have a probability below 1e-40 for T >= 1


@register
class PricedRound(Component):
    family: ClassVar[str] = "financing"
    tag: ClassVar[str] = "priced_round"
    example: ClassVar[str] = """\
[financing.rounds]
type = "priced_round"
every = "6 mo"
size = { lognormal = { p10 = "10B", p90 = "50B" } }
success = 0.7
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("arrival", "success", "size")

    every: Annotated[Number, Quantity(MONTHS, low=1.0)]
    """Mean months between chances to raise."""
    arrival: Literal["poisson", "bernoulli"] = "poisson"
    """Any number of chances a month (`poisson`), or at most one (`bernoulli`)."""
    size: Annotated[Sampled, SampledField(Quantity(MONEY, low=0.0))]
    """What a round raises, drawn at each chance."""
    success: dict[str, Chance] | Chance = 1.0
    """Probability that a chance becomes a round: one number, or one for each regime of [market]."""
    lag: Annotated[Number, Quantity(MONTHS, low=0.0, whole=True, drawn=False)] = 0.0
    """From the chance to the money."""
    first: Month | None = None
    """No chance before this month. Default: month 1."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if isinstance(self.success, dict):
            known = ", ".join(around.regimes) or "there is no [market]"
            for name in self.success:
                if name not in around.regimes:
                    yield Problem(("success", name), f"`{name}` is no regime", f"regimes: {known}", "E015")
            for name in around.regimes:
                if name not in self.success:
                    yield Problem(("success",), f"no success probability for regime `{name}`", f"{name} = 0.5", "E012")
        if isinstance(self.lag, float) and self.lag != math.floor(self.lag):
            yield Problem(("lag",), "a lag is a whole number of months", code="E010")

    def build(self, b: Builder, host: Any = None) -> None:
        received = b.flow(f"{b.name}.received")
        closed, failed = b.flow(f"{b.name}.closed"), b.flow(f"{b.name}.failed")
        done = b.flow(f"{b.name}.succeeded")
        by_regime = tuple(self.success[r] for r in b.regimes) if isinstance(self.success, dict) else (self.success,)
        first = 1 if self.first is None else max(1, self.first - b.start)
        quantile, size_params, normal, factor = b.law_of(self.size)
        b.step(
            Phase.FUNDING,
            seek,
            (
                MONTH,
                PATH,
                REGIME,
                b.uniform("arrival"),
                b.uniform("success"),
                b.sample("size", self.size),
                1.0 / self.every,
                1.0 if self.arrival == "poisson" else 0.0,
                by_regime,
                b.address("success"),
                b.address("size"),
                size_params,
                normal,
                factor,
            ),
            writes=(closed, done, failed),
            months=(first, b.months),
            using=(("size_quantile", quantile),),
        )
        lag = int(self.lag)
        b.step(Phase.FUNDING, pay, (Ago(closed, lag) if lag else closed,), writes=(received,))
        b.receipt(received, shadow=False, funding=True)
        b.raised(received)
        b.total(done, f"{b.short}.rounds", "count")
        b.total(failed, f"{b.short}.rounds_failed", "count")

    def in_words(self, say: Any) -> Iterable[str]:
        since = "" if self.first is None else f", not before {month_label(self.first)}"
        if isinstance(self.success, dict):
            odds = ", ".join(f"{r} {say(p, '%')}" for r, p in self.success.items())
        else:
            odds = say(self.success, "%")
        later = f"; the money arrives {say(self.lag, 'months')} later" if self.lag else ""
        yield (
            f"A chance to raise {say(self.size.number, '$')} comes every {say(self.every, 'months')} on average{since}; "
            f"it succeeds with {odds}{later}."
        )


def pay(closed: float) -> float:
    return closed


def size_quantile(_score: float, *_params: Any) -> float:
    raise TypeError("the engine puts the scenario's size law here")


def seek(
    month: int,
    path: int,
    regime: float,
    u_arrival: float,
    u_success: float,
    size: float,
    rate: float,
    poisson: float,
    success: tuple[float, ...],
    at_success: tuple[float, float, float],
    at_size: tuple[float, float, float],
    size_params: tuple[Any, ...],
    normal: float,
    factor: float,
) -> tuple[float, float, float]:
    """(money won, rounds that succeeded, rounds that failed) of this month's chances."""
    odds = success[int(regime)] if len(success) > 1 else success[0]
    none = math.exp(-rate)
    more = 1.0 - none if poisson > 0.0 else rate  # probability of at least one more chance than counted so far
    term = none
    won, done, failed = 0.0, 0.0, 0.0
    k = 0
    while u_arrival < more and k < MOST:
        if k > 0:
            u_success = uniform_at(at_success[0], at_success[1], at_success[2], path, month, k)
            u = uniform_at(at_size[0], at_size[1], at_size[2], path, month, k)
            score = inverse_normal(u) if normal > 0.0 else u
            size = factor * size_quantile(score, *size_params)
        if u_success < odds:
            won += size
            done += 1.0
        else:
            failed += 1.0
        k += 1
        term *= rate / k
        more = more - term if poisson > 0.0 else -1.0
    return won, done, failed
