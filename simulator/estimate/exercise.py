"""When to use a right that may be used once: least squares Monte Carlo from below, a dual bound from above.

A right is given on dates 0 … T (0 is the opening). Using it on date t brings `paid[t]`, path by path, in money of date 0:

    paid[t] = now[t] - Σ_{k > t+n} flow[k]        now is known on date t, the flows are known as they come

A put is now = discounted payoff and no flows; a contract that may be left on n dates' notice is flow = what each date of it
brings its holder, now = minus the fee of leaving. Never using the right brings 0.

From below (Longstaff & Schwartz 2001). Backwards in time, what waiting brings (realised under the decisions after t) less
what is not yet known of paid[t] is regressed on functions of the state; the right is used where `now` is above the fit, or, with
`along`, on the side of a boundary that gathers most of that advantage. Decisions fitted on some paths and applied to others are
decisions that somebody could have made: their mean is a lower bound.

Two sides with a right each play a stopping game: what the leaving of one brings the other is `other`. On every date the first
side decides, then, if it stays, the second, each knowing what both will do later (backward induction: a subgame-perfect
equilibrium in strategies of the state). It need not be a game of equal and opposite gains.

From above (Rogers 2002; Andersen & Broadie 2004 choose the martingale from an approximate value). For every martingale M with
mean 0, E[max over t of paid[t] less its own martingale after t, less M[t]] is at least the value. The martingales need no
simulation within the simulation: an increment is Σ c φ(state[k-1]) ψ(score[k]) where each ψ has mean 0 whatever came before
(Hermite polynomials of a normal score, Legendre polynomials of a uniform); so any coefficients give a true bound (Belomestny,
Bender & Schoenmakers 2009), and those of a regression of the next date's value a close one. The same martingales, subtracted
from what a decision brings, leave its mean alone and take most of its noise away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from simulator.estimate.functions import SINGULAR, Array, Bools, solved, times
from simulator.estimate.intervals import Estimate, mean

Dates = npt.NDArray[np.int64]
NEVER = -1  # the date of a right that is not used
TIE = 1e-9  # differences of this share of the largest are none


class Functions(Protocol):
    """Functions of what is known on a date: an array (T + 1, paths, number), or what makes its rows when they are asked for."""

    def __getitem__(self, date: int, /) -> Array:
        """Shape (paths, number)."""


@dataclass(frozen=True)
class Right:
    """A right on simulated paths; arrays have the shape (T + 1, paths)."""

    now: Array  # known when the right is used
    flow: Array  # what comes on each date to who does not use it
    delay: int  # dates after the notice on which it still comes
    may: Bools  # where it may be used
    states: Functions  # of the state, on which is regressed
    along: Array | None = (
        None  # use it on one side of a boundary in this number, (T + 1, paths), not where the fit says
    )
    above: bool = False  # the side: below the boundary, or above
    other: Array | None = None  # what the other side's leaving on each date brings, in a game

    @property
    def paid(self) -> Array:
        """What using the right on each date brings, path by path."""
        return self.now - after(self.flow, self.delay)


def after(flow: Array, delay: int) -> Array:
    """Row t: the sum of the flows of the dates from t + delay + 1 on."""
    rest = np.zeros_like(flow)
    rest[:-1] = np.cumsum(flow[:0:-1], axis=0)[::-1]
    late = np.zeros_like(flow)
    late[: max(0, len(flow) - delay)] = rest[delay:] if delay else rest
    return late


# --- from below --------------------------------------------------------------------------------------------------------


class Decision(NamedTuple):
    """What is done on a date: the fit of waiting, the share of variance it explains, and the boundary where there is one.
    `against`: the fit where the other side leaves on this date anyway; None: then it stays, having nothing to gain."""

    coefficients: Array
    r_squared: float
    boundary: float = np.nan
    against: Array | None = None


Decisions = tuple[Decision, ...]


def least_squares(right: Right, less: Penalised | None = None) -> Decisions:
    """Decisions of one side alone, by date. `less`: what the right brings on these paths less its martingales, which leave what
    is regressed its expectation and take most of its noise away."""
    if less is None:
        return play(None, right)[1]
    waiting, found = less.never, []
    for t in range(len(right.flow) - 1, -1, -1):
        found.append(decide(right, t, waiting - (less.used[t] - right.now[t])))
        waiting = np.where(uses(right, t, found[-1]), less.used[t], waiting)
    return tuple(found[::-1])


def play(
    first: Right | None,
    second: Right | None,
    held: tuple[Decisions | None, Decisions | None] = (None, None),
) -> tuple[Decisions, Decisions]:
    """Decisions of both sides of a game; a side that is None never leaves. `held`: decisions of a side that it keeps to, so
    that the other's are its best response."""
    some = first or second
    if some is None:
        return (), ()
    dates, paths = some.flow.shape
    paid_first, paid_second = (None if side is None else side.paid for side in (first, second))
    waiting_first, waiting_second = np.zeros(paths), np.zeros(paths)
    of_first: list[Decision] = []
    of_second: list[Decision] = []
    for t in range(dates - 1, -1, -1):
        leaves = np.zeros(paths, dtype=bool)
        if second is not None and paid_second is not None:
            y = waiting_second - (paid_second[t] - second.now[t])
            of_second.append(decide(second, t, y) if held[1] is None else held[1][t])
            leaves = uses(second, t, of_second[-1])
            waiting_second = np.where(leaves, paid_second[t], waiting_second)
            if first is not None and first.other is not None:
                waiting_first = np.where(leaves, first.other[t], waiting_first)
        if first is not None and paid_first is not None:
            y = waiting_first - (paid_first[t] - first.now[t])
            of_first.append(decide(first, t, y, leaves) if held[0] is None else held[0][t])
            used = uses(first, t, of_first[-1], leaves)
            waiting_first = np.where(used, paid_first[t], waiting_first)
            if second is not None and second.other is not None:
                waiting_second = np.where(used, second.other[t], waiting_second)
    return tuple(of_first[::-1]), tuple(of_second[::-1])


def decide(right: Right, t: int, y: Array, leaves: Bools | None = None) -> Decision:
    """Regress what waiting brings on the state, where the right may be used. `leaves`: where the other side does on this date."""
    where = right.may[t]
    against = None
    if leaves is not None and leaves.any():
        tied, where = where & leaves, where & ~leaves
        if right.along is None and not np.allclose(y[tied], right.now[t][tied], rtol=0.0, atol=TIE * np.abs(y).max()):
            against = regress(right.states[t][tied], y[tied])[0]
    states, y = right.states[t][where], y[where]
    nothing = np.inf if right.above else -np.inf
    found, r_squared, fitted = regress(states, y)
    if right.along is None or len(y) < states.shape[1]:
        return Decision(found, r_squared, nothing, against)
    x = right.along[t][where]
    order = np.argsort(-x if right.above else x, kind="stable")
    gathered = np.cumsum((right.now[t][where] - fitted)[order])
    best = int(gathered.argmax())
    if gathered[best] <= 0.0:
        return Decision(found, r_squared, nothing)
    edge = x[order[best]] if best + 1 == len(x) else 0.5 * (x[order[best]] + x[order[best + 1]])
    return Decision(found, r_squared, float(edge))


def regress(states: Array, y: Array) -> tuple[Array, float, Array]:
    """(coefficients, share of variance explained, fit); where there are too few paths to say, a fit that waits."""
    if len(y) < states.shape[1]:
        return np.full(states.shape[1], np.nan), 0.0, np.full(len(y), np.inf)
    found = solved(states, y)
    fitted: Array = times(states, found)
    spread, rest = float(((y - y.mean()) ** 2).sum()), float(((y - fitted) ** 2).sum())
    return found, 1.0 - rest / spread if spread > 0.0 else 0.0, fitted


def uses(right: Right, t: int, decision: Decision, leaves: Bools | None = None) -> Bools:
    """Where the right is used on a date. `leaves`: where the other side, which decides later on this date, will."""
    if right.along is not None:
        x = right.along[t]
        used = right.may[t] & (x > decision.boundary if right.above else x < decision.boundary)
        return np.asarray(used if leaves is None else used & ~leaves)
    used = right.may[t] & (right.now[t] > times(right.states[t], decision.coefficients))
    if leaves is None:
        return np.asarray(used)
    anyway = (
        np.zeros_like(used) if decision.against is None else right.now[t] > times(right.states[t], decision.against)
    )
    return np.asarray(np.where(leaves, right.may[t] & anyway, used))


def dates_used(first: tuple[Right, Decisions] | None, second: tuple[Right, Decisions] | None) -> tuple[Dates, Dates]:
    """On which date each side leaves, NEVER if it does not, or if the other has left before."""
    some = first or second
    if some is None:
        raise ValueError("nobody has a right")
    dates, paths = some[0].flow.shape
    by_first, by_second = np.full(paths, NEVER), np.full(paths, NEVER)
    for t in range(dates):
        free = (by_first == NEVER) & (by_second == NEVER)
        leaves = np.zeros(paths, dtype=bool) if second is None else uses(second[0], t, second[1][t])
        used = np.zeros(paths, dtype=bool) if first is None else uses(first[0], t, first[1][t], leaves)
        by_first[free & used] = t
        by_second[free & leaves & ~used] = t
    return by_first, by_second


def at(rows: Array, dates: Dates) -> Array:
    """Of every path the number on its date, 0 where that is never."""
    picked = rows[np.maximum(dates, 0), np.arange(rows.shape[1])]
    return np.where(dates == NEVER, 0.0, picked)


# --- from above --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class News:
    """What moves martingales: on each date products of functions of the state before it with functions of new scores."""

    states: Functions
    scores: Functions  # mean 0 given all that came before
    more: News | None = None  # further products

    def of(self, t: int) -> Array:
        """The functions that are new on date t >= 1, shape (paths, number)."""
        before, now = self.states[t - 1], self.scores[t]
        products = (before[:, :, None] * now[:, None, :]).reshape(len(before), -1)
        return products if self.more is None else np.hstack([products, self.more.of(t)])


Martingales = tuple[
    Array, ...
]  # by date 1 … T: coefficients of the news for the flows after 0 … delay more dates, and for the value


def martingales(right: Right, news: News) -> Martingales:
    """Backwards in time: the next date's values regressed on functions of the state (their expectation) and on the news (the
    increments of their martingales)."""
    return martingales_of((right,), news)[0]


def martingales_of(rights: Sequence[Right], news: News, held: float = 0.0) -> tuple[Martingales, ...]:
    """The same of several rights on the same paths with the same functions of the state, which are regressed on once for all.
    `held`: how small the coefficients of the news are held (ridge), where they are many for the paths."""
    dates, paths = rights[0].flow.shape
    # by right: expected flows from the date after next … on, by number of dates skipped; and its value
    rests = [np.zeros((paths, right.delay + 1)) for right in rights]
    values = [np.where(r.may[-1], np.maximum(r.now[-1], 0.0), 0.0) for r in rights]
    found: list[list[Array]] = [[] for _ in rights]
    for t in range(dates - 2, -1, -1):
        targets = [
            np.column_stack([right.flow[t + 1] + rest[:, 0], rest[:, : right.delay], value])
            for right, rest, value in zip(rights, rests, values, strict=True)
        ]
        known = np.hstack([news.states[t], rights[0].states[t]])
        both = np.hstack([known, news.of(t + 1)])
        fitted = ridge(both, np.hstack(targets), known.shape[1], held)
        expected, increments = known @ fitted[: known.shape[1]], fitted[known.shape[1] :]
        first = 0
        for k, right in enumerate(rights):
            own = slice(first, first + right.delay + 2)
            first = own.stop
            found[k].append(increments[:, own])
            rests[k], waiting = expected[:, own][:, :-1], expected[:, own][:, -1]
            using = right.now[t] - rests[k][:, right.delay]
            values[k] = np.where(right.may[t], np.maximum(using, waiting), waiting)
    return tuple(tuple(of_right[::-1]) for of_right in found)


def ridge(both: Array, targets: Array, plain: int, held: float) -> Array:
    """Least squares in which all but the first `plain` functions are held small, so that many of them fit no noise."""
    gram = both.T @ both
    scale = np.sqrt(gram.diagonal())
    scale = np.where(scale > 0.0, scale, 1.0)
    gram /= scale[:, None] * scale
    new = np.arange(plain, len(gram))
    gram[new, new] += held
    found = np.linalg.lstsq(gram, (both.T @ targets) / scale[:, None], rcond=SINGULAR)[0]
    return np.asarray(found / scale[:, None])


class Penalised(NamedTuple):
    """What a right brings less martingales that know nothing of the future: the same mean under every decision."""

    used: Array  # (T + 1, paths): if it is used on this date
    never: Array  # (paths,)


def penalised(right: Right, news: News, found: Martingales) -> Penalised:
    dates, paths = right.flow.shape
    n = right.delay
    of_flows, of_value = np.zeros((n + 1, dates, paths)), np.zeros((dates, paths))
    for t, coefficients in enumerate(found, 1):
        moved = news.of(t) @ coefficients
        of_flows[:, t], of_value[t] = moved[:, :-1].T, moved[:, -1]
    value_so_far = np.cumsum(of_value, axis=0)
    later = after(of_flows[0], n)
    for ahead in range(1, n + 1):  # on date t + ahead the flows after t + n lie n - ahead + 1 dates further off
        later[: max(0, dates - ahead)] += of_flows[n - ahead + 1, ahead:]
    return Penalised(right.paid + later - value_so_far, -value_so_far[-1])


class Bounds(NamedTuple):
    """Value of a right: of the decisions (a lower bound), and the dual upper bound; each with its interval."""

    lower: Estimate
    upper: Estimate

    @property
    def gap(self) -> float:
        """Upper less lower bound, as a share of their mean."""
        middle = 0.5 * (self.upper.value + self.lower.value)
        return (self.upper.value - self.lower.value) / middle if middle else 0.0


def bounds(right: Right, less: Penalised, dates: Dates) -> Bounds:
    """On paths that neither the decisions nor the martingales were fitted on. `dates`: on which the right is used."""
    best = np.where(right.may, less.used, -np.inf).max(axis=0)
    return Bounds(estimate(below(less, dates)), estimate(np.maximum(best, less.never)))


def below(less: Penalised, dates: Dates) -> Array:
    """Path by path what these decisions bring, martingales taken off."""
    return np.where(dates == NEVER, less.never, at(less.used, dates))


def estimate(values: Array) -> Estimate:
    """The mean over paths with its interval."""
    centre = float(values.mean())
    return mean(centre, float(((values - centre) ** 2).sum()), len(values))
