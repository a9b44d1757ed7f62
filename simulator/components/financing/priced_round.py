"""Priced rounds: chances arrive at random or are sought; each succeeds with a probability of the month's regime.

    N ~ Poisson(1/T) chances a month (or at most one, with probability 1/T); money arrives `lag` months after its chance

A sought round is one chance in the month in which its trigger holds (strictly below, seen as a policy sees it), not again for
`pause` months, and none while money of a round is on its way.

    p = min(1, p(s) max(0, 1 + b (ln R(m) - ln R(m-12) - g)))   with `growth`: sensitivity b, expected g

Before the opening the run-rate counts as having grown as expected. With a `multiple` the company is valued at the chance
(components/valuation.py); the shares are issued when the money arrives. Several rounds of one month have one pre-money, and are
compared with the valuation before that month.

The size is drawn at the chance, the lag is fixed there, and the regime at arrival is irrelevant. Further chances of a month
draw from the same addresses with a running number, so that they exist on every path whether or not they happen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from simulator.components import by_regime
from simulator.components.base import (
    ALIVE,
    DILUTION,
    MONTH,
    PATH,
    REGIME,
    RUN_RATE,
    VALUATION,
    Ago,
    Builder,
    Component,
    Month,
    Phase,
    Problem,
    Sampled,
    SampledField,
    Surroundings,
    is_zero,
    month_label,
    register,
)
from simulator.components.by_regime import ByRegime, pick
from simulator.components.trigger import Trigger, triggered
from simulator.components.valuation import (
    Multiple,
    is_down,
    issue,
    kept_share,
    pre_money,
    share_register,
    unclear_multiple,
)
from simulator.mathematics import arrays
from simulator.mathematics.elementary import log
from simulator.mathematics.normal import inverse_normal, normal_cdf
from simulator.mathematics.philox import uniform_at
from simulator.quantities.number import Number, Quantity, Uncertain
from simulator.quantities.units import DRIFT, MONEY, MONTHS, NUMBER, SHARE

Chance = Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)]
Size = Annotated[Sampled, SampledField(Quantity(MONEY, low=0.0))]
MOST = 64  # chances a month; more have a probability below 1e-40 for T >= 1


class Sought(Trigger):
    family: ClassVar[str] = "part"
    pause: Annotated[Number, Quantity(MONTHS, low=1.0, whole=True, drawn=False)] = 6.0
    """Months before it is tried again."""


class Growth(Component):
    family: ClassVar[str] = "part"
    sensitivity: Annotated[Number, Quantity(NUMBER, low=0.0)]
    """By how much of itself the probability of success changes if twelve months have grown by 1 log more than expected."""
    expected: Annotated[Number, Quantity(DRIFT)]
    """Growth of the run-rate at which the probability is `success`."""


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
multiple = 12
growth = { sensitivity = 0.5, expected = "0.6 log/yr" }
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("arrival", "success", "size")

    every: Annotated[Number, Quantity(MONTHS, low=1.0)] | None = None
    """Mean months between chances that come by themselves. Default: none does."""
    sought: Sought | None = None
    """When the company looks for a round."""
    arrival: Literal["poisson", "bernoulli"] = "poisson"
    """Any number of chances a month (`poisson`), or at most one (`bernoulli`)."""
    size: ByRegime[Size]
    """What a round raises, drawn at each chance: one law, or one for each regime of [market]."""
    success: ByRegime[Chance] = 1.0
    """Probability that a chance becomes a round: one number, or one for each regime of [market]."""
    growth: Growth | None = None
    """How the success depends on the growth of the last twelve months. Default: it does not."""
    multiple: ByRegime[Multiple] | None = None
    """Valuation before the money over the run-rate, at the chance; also by regime. Default: rounds are not valued."""
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
        yield from by_regime.unknown_regimes(("success",), self.success, around, "0.5")
        yield from by_regime.unknown_regimes(("size",), self.size, around, '"10B"')
        yield from unclear_multiple(self.multiple, around)
        if self.growth is not None and "revenue" not in around.tables:
            yield Problem(("growth",), "there is no [revenue] whose growth could matter", code="E015")
        if isinstance(self.lag, float) and self.lag != math.floor(self.lag):
            yield Problem(("lag",), "a lag is a whole number of months", code="E010")

    def never_in(self) -> frozenset[str] | None:
        """The regimes in which a round never succeeds; None where the success does not depend on the regime."""
        if not isinstance(self.success, dict):
            return None
        return frozenset(regime for regime, p in self.success.items() if is_zero(p))

    def build(self, b: Builder, host: Any = None) -> None:
        received = b.flow(f"{b.name}.received")
        closed, failed = b.flow(f"{b.name}.closed"), b.flow(f"{b.name}.failed")
        done = b.flow(f"{b.name}.succeeded")
        first = 1 if self.first is None else max(1, self.first - b.start)
        lag = int(self.lag)
        sought: Any = 0.0
        if self.sought is not None:
            sought, tried = b.flow(f"{b.name}.sought"), b.state(f"{b.name}.tried", -float("inf"))
            arrives = b.state(f"{b.name}.arrives", 0.0)
            args = (MONTH, ALIVE, tried, arrives, self.sought.pause, *self.sought.seen)
            b.step(Phase.POLICIES, look, args, writes=(sought, tried), months=(first, b.months))
        pre: Any = math.inf
        latest: Any = 0.0
        if self.multiple is not None:
            share_register(b)
            pre, latest = pre_money(b, self.multiple), VALUATION
        kept, post = b.flow(f"{b.name}.kept_share", 1.0), b.flow(f"{b.name}.post_money")
        down = b.flow(f"{b.name}.down")
        arrival, rate = b.uniform("arrival"), 0.0 if self.every is None else 1.0 / self.every
        poisson = 1.0 if self.arrival == "poisson" else 0.0
        none = arrays.exp(-np.asarray(rate))[()] if poisson else 1.0 - rate  # probability of a month without a chance
        chances = b.flow(f"{b.name}.chances")
        b.step(Phase.FUNDING, appears, (arrival, none, sought), writes=(chances,), months=(first, b.months))
        chance = (
            MONTH,
            PATH,
            REGIME,
            arrival,
            b.uniform("success"),
            rate,
            none,
            sought,
            poisson,
            self._odds(b),
            pre,
            latest,
            kept,
            b.address("success"),
        )
        for of_regime, law in self._sizes(b):
            b.step(
                Phase.FUNDING,
                seek,
                (*chance, of_regime, *law[1:]),
                writes=(kept,),
                adds=(closed, done, failed, down, post),
                months=(first, b.months),
                using=(("size_quantile", law[0]),),
                where=chances,
            )
        if self.sought is not None:
            b.step(Phase.FUNDING, expect, (MONTH, arrives, closed, float(lag)), writes=(arrives,))
        b.step(Phase.FUNDING, same, (Ago(closed, lag) if lag else closed,), writes=(received,))
        b.receipt(received, shadow=False, funding=True)
        b.raised(received)
        b.total(done, f"{b.short}.rounds", "count")
        b.total(failed, f"{b.short}.rounds_failed", "count")
        if self.multiple is not None:
            b.step(Phase.FUNDING, revalue, (VALUATION, post), writes=(VALUATION,))
            b.step(Phase.FUNDING, issue, (DILUTION, Ago(kept, lag) if lag else kept, ALIVE), writes=(DILUTION,))
            b.total(down, f"{b.short}.down_rounds", "count")

    def _odds(self, b: Builder) -> str:
        odds, success = b.flow(f"{b.name}.odds"), by_regime.table(self.success, b.regimes)
        if self.growth is None:
            b.step(Phase.FUNDING, pick, (success, REGIME), writes=(odds,))
        else:
            grown = (
                MONTH,
                RUN_RATE,
                Ago(RUN_RATE, b.year),
                float(b.year),
                self.growth.sensitivity,
                self.growth.expected,
            )
            b.step(Phase.FUNDING, odds_of_growth, (REGIME, success, *grown), writes=(odds,))
        return odds

    def _sizes(self, b: Builder) -> Iterable[tuple[float, tuple[Any, ...]]]:
        """(regime, or -1 for all; quantile function and the last arguments of `seek`). All laws draw with one score; where it is
        normal, a law of uniforms takes its distribution function."""
        laws = by_regime.table(self.size, b.regimes)
        if b.deterministic:
            laws = tuple(Sampled(law.central()) for law in laws)
        drawn = [b.law_of(law) for law in laws]
        normal = any(law[2] > 0.0 for law in drawn)
        random = any(isinstance(law.number, Uncertain) for law in laws)
        score: Any = 0.5 if not random else b.normal("size") if normal else b.uniform("size")
        for k, (quantile, params, wants_normal, factor) in enumerate(drawn):
            given = (score, 1.0 if normal else 0.0, b.address("size"), params, wants_normal, factor)
            yield (float(k) if len(drawn) > 1 else -1.0), (quantile, *given)

    def in_words(self, say: Any) -> Iterable[str]:
        since = "" if self.first is None else f", not before {month_label(self.first)}"
        odds = by_regime.words(self.success, say, "%")
        size = {k: v.number for k, v in self.size.items()} if isinstance(self.size, dict) else self.size.number
        raised = by_regime.words(size, say, "$")
        later = f"; the money arrives {say(self.lag, 'months')} later" if self.lag else ""
        if self.every is not None:
            yield f"A chance to raise {raised} comes every {say(self.every, 'months')} on average{since}."
        if self.sought is not None:
            pause = say(self.sought.pause, "months")
            yield f"A round of {raised} is sought when {self.sought.when(say)}{since}, at most every {pause}."
        yield f"It succeeds with {odds}{later}."
        if self.growth is not None:
            yield (
                f"The success moves by {say(self.growth.sensitivity, '')} times itself a log of growth above or below "
                f"{say(self.growth.expected, 'log/yr')}."
            )
        if self.multiple is not None:
            yield f"The company is valued at {by_regime.words(self.multiple, say, 'times')} its run-rate before the money."


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


def appears(u_arrival: float, none: float, sought: float) -> float:
    """1 if there is a chance at all in this month."""
    return 1.0 if u_arrival < 1.0 - none or sought > 0.0 else 0.0


def expect(month: int, arrives: float, closed: float, lag: float) -> float:
    return month + lag if closed > 0.0 else arrives


def same(x: float) -> float:
    return x


def revalue(latest: float, post: float) -> float:
    return post if post > 0.0 else latest


def odds_of_growth(
    regime: float,
    success: tuple[float, ...],
    month: int,
    run_rate: float,
    year_before: float,
    year: float,
    sensitivity: float,
    expected: float,
) -> float:
    if run_rate <= 0.0 or year_before <= 0.0:
        return 0.0
    above = log(run_rate / year_before) - expected * (min(float(month), year) / 12.0)
    return min(1.0, pick(success, regime) * max(0.0, 1.0 + sensitivity * above))


def size_quantile(_score: float, *_params: Any) -> float:
    raise TypeError("the engine puts the scenario's size law here")


def seek(
    month: int,
    path: int,
    regime: float,
    u_arrival: float,
    u_success: float,
    rate: float,
    none: float,
    sought: float,
    poisson: float,
    odds: float,
    pre: float,
    latest: float,
    kept: float,
    at_success: tuple[float, float, float],
    of_regime: float,
    score: float,
    is_normal: float,
    at_size: tuple[float, float, float],
    size_params: tuple[Any, ...],
    wants_normal: float,
    factor: float,
) -> tuple[float, float, float, float, float, float]:
    """Of this month's chances: (share that the owners keep, money won, rounds that succeeded, that failed, that were down rounds,
    valuation after the last; 0 without one)."""
    won, done, failed, down, post = 0.0, 0.0, 0.0, 0.0, 0.0
    if of_regime >= 0.0 and of_regime != regime:
        return kept, won, done, failed, down, post
    more = 1.0 - none  # probability of at least one more chance than counted so far
    term = none
    if is_normal > wants_normal:
        score = normal_cdf(score)
    k = 0
    looked_for = sought > 0.0
    while (u_arrival < more or looked_for) and k < MOST:
        by_itself = u_arrival < more
        if k > 0:
            u_success = uniform_at(at_success[0], at_success[1], at_success[2], path, month, k)
            u = uniform_at(at_size[0], at_size[1], at_size[2], path, month, k)
            score = inverse_normal(u) if wants_normal > 0.0 else u
        if u_success < odds:
            size = factor * size_quantile(score, *size_params)
            won += size
            done += 1.0
            if pre < math.inf:
                kept *= kept_share(size, pre)
                down += is_down(pre, latest)
                post = pre + size
        else:
            failed += 1.0
        k += 1
        if by_itself:
            term *= rate / k
            more = more - term if poisson > 0.0 else -1.0
        else:
            looked_for = False
    return kept, won, done, failed, down, post
