"""Priced rounds: chances arrive at random or are sought; each succeeds with a probability of the month's regime.

    N ~ Poisson(1/T) chances a month (or at most one, with probability 1/T); money arrives `lag` months after its chance

A sought round is one chance in the month in which its trigger holds (strictly below, seen as a policy sees it), not again for
`pause` months, and none while money of a round is on its way.

The size is drawn at the chance, the lag is fixed there, and the regime at arrival is irrelevant. Further chances of a month
draw from the same addresses with a running number, so that they exist on every path whether or not they happen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from simulator.components.base import (
    ALIVE,
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
from simulator.components.trigger import Trigger, triggered
from simulator.mathematics.elementary import exp
from simulator.mathematics.normal import inverse_normal
from simulator.mathematics.philox import uniform_at
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONEY, MONTHS, SHARE

Chance = Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)]
MOST = 64  # chances a month; more have a probability below 1e-40 for T >= 1


class Sought(Trigger):
    family: ClassVar[str] = "part"
    pause: Annotated[Number, Quantity(MONTHS, low=1.0, whole=True, drawn=False)] = 6.0
    """Months before it is tried again."""


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

    every: Annotated[Number, Quantity(MONTHS, low=1.0)] | None = None
    """Mean months between chances that come by themselves. Default: none does."""
    sought: Sought | None = None
    """When the company looks for a round."""
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
        if self.every is None and self.sought is None:
            hint = 'write every = "6 mo", or sought = { runway_below = "12 mo" }'
            yield Problem((), "nothing says when there is a chance to raise", hint, "E012")
        if self.sought is not None:
            for problem in self.sought.unset():
                yield Problem(("sought",), problem.message, problem.hint, problem.code)
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
        sought: Any = 0.0
        if self.sought is not None:
            sought, tried = b.flow(f"{b.name}.sought"), b.state(f"{b.name}.tried", -float("inf"))
            arrives = b.state(f"{b.name}.arrives", 0.0)
            args = (MONTH, ALIVE, tried, arrives, self.sought.pause, *self.sought.seen)
            b.step(Phase.POLICIES, look, args, writes=(sought, tried), months=(first, b.months))
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
                0.0 if self.every is None else 1.0 / self.every,
                sought,
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
        if self.sought is not None:
            b.step(Phase.FUNDING, expect, (MONTH, arrives, closed, float(lag)), writes=(arrives,))
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
        if self.every is not None:
            yield f"A chance to raise {say(self.size.number, '$')} comes every {say(self.every, 'months')} on average{since}."
        if self.sought is not None:
            pause = say(self.sought.pause, "months")
            yield f"A round of {say(self.size.number, '$')} is sought when {self.sought.when(say)}{since}, at most every {pause}."
        yield f"It succeeds with {odds}{later}."


def look(
    month: int,
    alive: float,
    tried: float,
    arrives: float,
    pause: float,
    runway: float,
    liquidity: float,
    runway_below: float,
    liquidity_below: float,
) -> tuple[float, float]:
    """(1 if a round is sought in this month, the month of the latest attempt)."""
    free = alive > 0.0 and month >= tried + pause and arrives < month
    if free and triggered(runway, liquidity, runway_below, liquidity_below):
        return 1.0, float(month)
    return 0.0, tried


def expect(month: int, arrives: float, closed: float, lag: float) -> float:
    return month + lag if closed > 0.0 else arrives


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
    sought: float,
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
    none = exp(-rate)
    more = 1.0 - none if poisson > 0.0 else rate  # probability of at least one more chance than counted so far
    term = none
    won, done, failed = 0.0, 0.0, 0.0
    k = 0
    looked_for = sought > 0.0
    while (u_arrival < more or looked_for) and k < MOST:
        by_itself = u_arrival < more
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
        if by_itself:
            term *= rate / k
            more = more - term if poisson > 0.0 else -1.0
        else:
            looked_for = False
    return won, done, failed
