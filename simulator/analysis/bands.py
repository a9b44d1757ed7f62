"""What is not known about the inputs, apart from chance: the default probability as a curve with a band.

The outer draws are inputs (all numbers drawn once a path, correlated as the file says), the inner ones shocks and events. An
inner share p̂ of n paths has variance Var p + E[p (1 - p)] / n: the spread of p̂ over outer draws is too wide (Gordy & Juneja,
Management Science 56 (2010)). It is brought back by drawing each p̂ towards the mean until the spread is that of p, which the
binomial noise, known without bias from the same counts, gives: the constrained estimator of Louis (JASA 79 (1984)).
The inner number is chosen by a pilot such that noise is at most half of what the inputs spread, and at least LEAST_OUTER outer
draws remain. Intervals of the band resample outer draws (Efron 1979). Alternatives are averaged over, like shocks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.analysis.paths import MOST, Input, inputs_of, live
from simulator.analysis.sensitivity import as_json
from simulator.engine.block import uniforms_of
from simulator.engine.build import Array
from simulator.estimate.intervals import Estimate
from simulator.scenario.model import Scenario

LEVELS = (0.05, 0.5, 0.95)
LEAST_OUTER, LEAST_INNER = 128, 8
RESAMPLES = 400
OUTER = 1 << 32  # outer draws take the uniforms of paths from here on, which no run reaches


@dataclass(frozen=True)
class Point:
    """By a month: the mean over everything, the band over inputs, and the band without the correction."""

    month: int
    mean: Estimate
    band: tuple[Estimate, ...]  # at LEVELS
    plain: tuple[float, ...]
    noise: float  # share of the spread of inner shares that is chance


@dataclass(frozen=True)
class Bands:
    scenario: Scenario
    outer: int
    inner: int
    inputs: tuple[str, ...]
    curve: tuple[Point, ...]

    @property
    def document(self) -> dict[str, Any]:
        """What `bands --json` prints."""
        return {
            "schema": 1,
            "verb": "bands",
            "scenario": self.scenario.name,
            "title": self.scenario.title,
            "scenario_hash": self.scenario.hash,
            "outer": self.outer,
            "inner": self.inner,
            "paths": self.outer * self.inner,
            "seed": self.scenario.run.seed,
            "inputs": list(self.inputs),
            "curve": [
                {
                    "month": p.month,
                    "label": self.scenario.label(p.month),
                    "pd": as_json(p.mean),
                    **{f"p{round(100 * q):02d}": as_json(e) for q, e in zip(LEVELS, p.band, strict=True)},
                    **{f"p{round(100 * q):02d}_uncorrected": x for q, x in zip(LEVELS, p.plain, strict=True)},
                    "noise_share": p.noise,
                }
                for p in self.curve
            ],
        }


def bands(scenario: Scenario, paths: int = 65_536, inner: int | None = None, months: Sequence[int] = ()) -> Bands:
    """PD by month with its band over inputs. paths: outer times inner; inner: instead of the pilot's choice; months: all unless
    given. Raises ValueError where no input is uncertain or the numbers leave too few outer draws."""
    known = inputs_of(scenario)
    if not known:
        raise ValueError("no number of this scenario is drawn once a path: there is nothing to make a band of")
    last = scenario.calendar.months
    wanted = tuple(months) or tuple(range(1, last + 1))
    if not all(1 <= m <= last for m in wanted):
        raise ValueError(f"months lie within 1 … {last}")
    if paths > MOST or paths < LEAST_OUTER * LEAST_INNER:
        raise ValueError(f"between {LEAST_OUTER * LEAST_INNER:,} and {MOST:,} paths, not {paths:,}")
    n = _split(scenario, known, paths, wanted) if inner is None else inner
    outer = paths // n
    if outer < LEAST_OUTER or n < 2:
        raise ValueError(
            f"{paths:,} paths with {n} inner ones leave {outer} outer draws; at least {LEAST_OUTER} are needed"
        )
    shares = _shares(scenario, known, outer, n, wanted)
    rng = np.random.Generator(np.random.Philox(scenario.run.seed))
    resampled = rng.integers(0, outer, size=(RESAMPLES, outer))
    curve = tuple(_point(m, shares[k], n, resampled) for k, m in enumerate(wanted))
    return Bands(scenario, outer, n, tuple(one.name for one in known), curve)


def _shares(scenario: Scenario, known: Sequence[Input], outer: int, inner: int, months: Sequence[int]) -> Array:
    """Shares of inner paths in default, (months, outer). Every outer draw has shocks of its own."""
    seed = scenario.run.seed
    at = OUTER + np.arange(outer)
    given = {one.stream: np.repeat(uniforms_of(seed, one.stream, at), inner) for one in known}
    lives = live(scenario, outer * inner, given)
    return np.array([lives.defaults(m).reshape(outer, inner).mean(axis=1) for m in months])


def _split(scenario: Scenario, known: Sequence[Input], paths: int, months: Sequence[int]) -> int:
    """The inner number: noise E[p (1 - p)] / n at most half of Var p in the last month asked about."""
    n = 16
    shares = _shares(scenario, known, max(LEAST_OUTER, min(256, paths // n)), n, months[-1:])[0]
    within, between = _parts(shares, n)
    most = max(LEAST_INNER, paths // LEAST_OUTER)
    wanted = most if between <= 0.0 else math.ceil(2.0 * within / between)
    return int(min(most, max(LEAST_INNER, wanted)))


def _parts(shares: Array, n: int) -> tuple[float, float]:
    """E[p (1 - p)] and Var p, both without bias."""
    within = float(np.mean(shares * (1.0 - shares))) * n / (n - 1)
    return within, float(shares.var(ddof=1)) - within / n


def corrected(shares: Array, n: int) -> Array:
    """Inner shares of n paths each, drawn towards their mean until their spread is that of the probabilities."""
    spread = float(shares.var(ddof=1))
    if spread == 0.0:
        return shares
    _, between = _parts(shares, n)
    factor = math.sqrt(min(1.0, max(0.0, between) / spread))
    return np.asarray(shares.mean() + factor * (shares - shares.mean()))


def _point(month: int, shares: Array, n: int, resampled: Any) -> Point:
    found = np.quantile(corrected(shares, n), LEVELS)
    again = np.array([np.quantile(corrected(shares[rows], n), LEVELS) for rows in resampled])
    ends = np.quantile(again, (0.025, 0.975), axis=0)
    band = tuple(
        Estimate(float(x), float(min(x, low)), float(max(x, high))) for x, low, high in zip(found, *ends, strict=True)
    )
    half = 1.959964 * float(shares.std(ddof=1)) / math.sqrt(shares.size)
    centre = float(shares.mean())
    within, _ = _parts(shares, n)
    spread = float(shares.var(ddof=1))
    noise = min(1.0, within / n / spread) if spread > 0.0 else 0.0
    mean = Estimate(centre, max(0.0, centre - half), min(1.0, centre + half))
    return Point(month, mean, band, tuple(float(x) for x in np.quantile(shares, LEVELS)), noise)
