"""Multilevel splitting over months: paths that come near a default are copied, others dropped, without a bias.

A population goes through the months side by side. After a month each living path has a weight w and a guess h of how likely it
is to default before the horizon; where the products w h have become uneven the population is drawn anew from itself in proportion
to w h (systematic resampling), and a copy of path j weighs sum(w h) / (N h_j). Whatever h is, that leaves the mean of every
future sum of weights as it was: the sum of the weights of defaults over N is unbiased (Del Moral & Garnier, Annals of Applied
Probability 15 (2005); for credit Carmona, Fouque & Vestal, Finance and Stochastics 13 (2009)). h only decides the variance.
Copies are not independent, so the interval comes from independent populations.

h is a distance to default as in Merton: liquidity at some months to come is a regression on what is known now (liquidity, flow,
run-rate, price, regime) plus a normal rest, fitted to plain paths; h is the largest of the chances that it is below the floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr

from simulator.components.base import LIQUIDITY, PRICE, REGIME, RUN_RATE
from simulator.engine import ledger
from simulator.engine.build import Array
from simulator.engine.population import Population
from simulator.engine.random import uniforms
from simulator.engine.tilt import TiltedRunner

KNOWN = (LIQUIDITY, ledger.SHADOW_FLOW, RUN_RATE, PRICE, REGIME)  # what the regressions see after a month
UNEVEN = 0.8  # resample where the effective share of the population falls below this
DEFENSIVE = 0.2  # added to h, in units of its mean: a path whose way to default h does not see is thinned out, not lost
TEMPER = 0.9  # power of h: a guess that is too sure of itself costs more than one that is too vague
SCALING = (KNOWN.index(RUN_RATE), KNOWN.index(PRICE))  # of KNOWN: what a spread may be proportional to a power of
FEW, LEAST = 100, 1e-9  # paths that nothing is fitted to; the least of which a logarithm is taken
RIDGE = 1e-8
STEADY = 1e-12  # of the spread of liquidity: less is none


class Look(NamedTuple):
    """Ahead from one month: for some later months the expected change of liquidity, linear in what is known, and its spread."""

    slopes: Array  # (later months, 1 + known)
    spread: Array  # (later months,)
    powers: Array  # (later months, known) of what is known in the spread: most is proportional to run-rate or price
    least: float = 0.0  # $, of a spread: where nothing is drawn in between the change is known to rounding


@dataclass(frozen=True)
class Outlook:
    """The guess h of every month 1 … M - 1."""

    looks: tuple[Look, ...]
    floor: float

    def log_chance(self, month: int, known: Array) -> Array:
        """log h after this month of paths of which `known` has the slots of KNOWN, shape (known, paths)."""
        look = self.looks[month - 1]
        expected = look.slopes @ np.vstack([np.ones(known.shape[1]), known]) + (known[0] - self.floor)
        spread = np.maximum(look.spread[:, None] * np.exp(look.powers @ _logarithms(known)), look.least)
        return np.asarray(log_ndtr(-expected / spread).max(axis=0))

    @staticmethod
    def fitted(kept: dict[str, Array], ended: Array, floor: float) -> Outlook:
        """From plain paths: `kept` slot -> (months + 1, paths), `ended` their month of ending, 0 for none."""
        months = kept[LIQUIDITY].shape[0] - 1
        looks = []
        for month in range(1, months):
            living = (ended == 0) | (ended > month)
            known = np.array([kept[slot][month, living] for slot in KNOWN])
            later = sorted({min(months, month + step) for step in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, months)})
            changes = np.array([kept[LIQUIDITY][m, living] - known[0] for m in later]).T
            looks.append(_regressed(known, changes))
        return Outlook(tuple(looks), floor)


def _regressed(known: Array, changes: Array) -> Look:
    """Least squares with an intercept; what does not vary among the paths explains nothing."""
    if known.shape[1] < FEW:  # hardly a path gets so far: no month is better than another
        later = changes.shape[1]
        return Look(np.zeros((later, 1 + known.shape[0])), np.ones(later), np.zeros((later, known.shape[0])))
    centre, scale = known.mean(axis=1), known.std(axis=1)
    used = scale > STEADY * np.maximum(1.0, np.abs(centre))
    x = (known[used] - centre[used, None]) / scale[used, None]
    design = np.vstack([np.ones(known.shape[1]), x]).T
    found = _least_squares(design, changes)
    rest = changes - design @ found
    least = STEADY * max(1.0, float(np.abs(known[0]).max(initial=0.0)), float(np.abs(changes).max(initial=0.0)))
    scaled = np.isin(np.arange(known.shape[0]), SCALING) & used & (known > 0.0).all(axis=1)
    logs = _logarithms(known)[scaled]
    powers = np.zeros((changes.shape[1], known.shape[0]))
    if scaled.any():
        design = np.vstack([np.ones(known.shape[1]), logs]).T
        tiny = STEADY * np.maximum(rest.std(axis=0), STEADY)
        powers[:, scaled] = _least_squares(design, np.log(np.abs(rest) + tiny))[1:].T
    spread = (rest / np.exp(powers @ _logarithms(known)).T).std(axis=0)
    slopes = np.zeros((changes.shape[1], 1 + known.shape[0]))
    slopes[:, 1:][:, used] = found[1:].T / scale[used]
    slopes[:, 0] = found[0] - slopes[:, 1:] @ centre
    return Look(slopes, spread, powers, least)


def _least_squares(design: Array, wanted: Array) -> Array:
    """Coefficients, with a ridge that keeps columns apart that are nearly the same."""
    gram = design.T @ design
    return np.asarray(np.linalg.solve(gram + RIDGE * np.diag(np.diag(gram)), design.T @ wanted))


def _logarithms(known: Array) -> Array:
    return np.asarray(np.log(np.maximum(known, LEAST)))


@dataclass
class Defaults:
    """What a population leaves behind, a row for each path that defaulted."""

    weights: Array  # of which the sum over the population's size estimates the probability
    months: npt.NDArray[np.int64]
    columns: dict[str, Array]  # as they stand at the default
    roots: npt.NDArray[np.int64]  # numbers of the paths whose once-drawn numbers they have
    shocks: dict[str, Array] = field(default_factory=dict)  # slot -> (months + 1, paths), nought after the default
    not_a_number: float = 0.0  # their share, weighted
    run: int = 0  # path-months simulated


def split(runner: TiltedRunner, outlook: Outlook, size: int, first: int, keep: Sequence[str] = ()) -> Defaults:
    """One population of `size` paths, whose numbers begin at `first`; slots of `keep` are handed out month by month."""
    months = runner.scenario.calendar.months
    columns = runner.program.columns
    population = Population(runner, first + np.arange(size))
    weights = np.ones(size)
    shocks = {slot: np.zeros((months + 1, size)) for slot in keep}
    found: list[tuple[Array, int, dict[str, Array], npt.NDArray[np.int64], dict[str, Array]]] = []
    not_a_number, drawn, run = 0.0, 0, 0
    for month in range(1, months + 1):
        population.advance(month)
        run += size
        for slot, by_month in shocks.items():
            by_month[month] = population.slot(slot)
        now = np.flatnonzero(population.defaulted_now & (weights > 0.0))
        if now.size:
            at = {c.name: population.slot(c.slot)[now] for c in columns}
            until = {slot: by_month[:, now].copy() for slot, by_month in shocks.items()}
            found.append((weights[now], month, at, population.roots[now], until))
        alive = population.alive
        ended = ~alive & (weights > 0.0)
        not_a_number += float(weights[ended].sum() - weights[now].sum())
        weights = np.where(alive, weights, 0.0)
        if month == months or not alive.any():
            break
        known = np.array([population.slot(slot) for slot in KNOWN])[:, alive]
        chance = TEMPER * outlook.log_chance(month, known)
        top = chance.max()
        if not np.isfinite(top):
            continue
        guess = np.zeros(size)
        guess[alive] = np.exp(np.maximum(chance - top, -600.0))
        guess[alive] += DEFENSIVE * float(weights @ guess) / float(weights.sum())
        product = weights * guess
        total = product.sum()
        if not total > 0.0 or total * total / (product * product).sum() >= UNEVEN * size:
            continue
        drawn += 1
        u = float(uniforms(runner.seed, "splitting", np.array([first]), range(month, month + 1))[0, 0])
        parents = np.searchsorted(np.cumsum(product) / total, (np.arange(size) + u) / size, side="right")
        parents = np.minimum(parents, np.flatnonzero(product)[-1])
        population.resample(parents, first + drawn * size + np.arange(size))
        for slot in shocks:
            shocks[slot] = shocks[slot][:, parents]
        weights = total / (size * guess[parents])
    return _put_together(found, months, [c.name for c in columns], keep, not_a_number / size, run)


def _put_together(
    found: list[tuple[Array, int, dict[str, Array], npt.NDArray[np.int64], dict[str, Array]]],
    months: int,
    names: list[str],
    keep: Sequence[str],
    not_a_number: float,
    run: int,
) -> Defaults:
    none = np.zeros(0)
    return Defaults(
        weights=np.concatenate([none, *(part[0] for part in found)]),
        months=np.concatenate([none, *(np.full(part[0].size, part[1]) for part in found)]).astype(np.int64),
        columns={name: np.concatenate([none, *(part[2][name] for part in found)]) for name in names},
        roots=np.concatenate([none.astype(np.int64), *(part[3] for part in found)]),
        shocks={
            slot: np.concatenate([np.zeros((months + 1, 0)), *(p[4][slot] for p in found)], axis=1) for slot in keep
        },
        not_a_number=not_a_number,
        run=run,
    )
