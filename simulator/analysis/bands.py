"""What is not known about the default probability itself: outer draws of the uncertain inputs, inner draws of everything else.

For each outer draw θ of all inputs the default probability given θ is estimated from n inner paths. Its band over θ is what
better knowledge of the inputs could narrow; no number of paths narrows it. The inner noise widens the raw band: of k outer draws
with observed shares p_j the variance is Var PD(θ) + E[PD(θ)(1 - PD(θ))] / n, so the shares are drawn together about their mean by
the root of what is left without the second term (the mean is kept, quantiles are those of the corrected shares).
Intervals come of outer draws drawn anew with what their inner paths showed (Efron 1979), the correction done each time: so outer
draws, inner noise and the error of the correction are all in them.
The budget N = k n is split with n near N^(1/3), at least 128 and whole in lanes: bias falls as 1/n, noise of quantiles as 1/√k
(Gordy & Juneja 2010).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from simulator.analysis.documents import document, spread
from simulator.analysis.paths import each, inputs_of, live, prepared
from simulator.engine.block import uniforms_of
from simulator.engine.build import Array
from simulator.estimate.intervals import Estimate, mean, quantile_ranks, share
from simulator.scenario.model import Scenario

BAND = (0.05, 0.25, 0.5, 0.75, 0.95)
FEWEST_INNER = 128
RESAMPLES = 400
TOGETHER = 16_384  # paths of one run


class Row(NamedTuple):
    """At a month: the default probability over everything, and quantiles over the inputs of what it is given them."""

    month: int
    pd: Estimate
    band: tuple[Estimate, ...]
    noise: float  # share of the raw spread that was inner noise


@dataclass(frozen=True)
class Bands:
    scenario: Scenario
    outer: int
    inner: int
    rows: tuple[Row, ...]

    @property
    def document(self) -> dict[str, Any]:
        """What `bands --json` prints."""
        return document(
            "bands",
            self.scenario,
            f"simulator bands {self.scenario.file} --budget {self.outer * self.inner} --inner {self.inner}",
            self.outer * self.inner,
            self.scenario.run.seed,
            outer=self.outer,
            inner=self.inner,
            bands=[
                {"month": r.month, "label": self.scenario.label(r.month), **spread("pd", r.pd)}
                | {
                    k: v
                    for q, e in zip(BAND, r.band, strict=True)
                    for k, v in spread(f"pd_p{round(100 * q)}", e).items()
                }
                | {"inner_noise": r.noise}
                for r in self.rows
            ],
        )


def split(budget: int) -> tuple[int, int]:
    """(outer draws, inner paths of each) of a budget of paths."""
    inner = max(FEWEST_INNER, 2 ** round(math.log2(max(2.0, 4.0 * budget ** (1 / 3)))))
    return max(2, budget // inner), inner


def bands(
    scenario: Scenario,
    budget: int = 131_072,
    inner: int | None = None,
    months: Sequence[int] = (),
    threads: int | None = None,
) -> Bands:
    """The default probability by month as a band over the uncertain inputs. budget: paths in all. inner: paths of each outer draw
    instead of the usual split. Raises ValueError where no number is drawn once a path."""
    known, plain = inputs_of(scenario), prepared(scenario)
    if not known:
        raise ValueError("no number of this scenario is drawn once a path; its default probability has no band")
    outer, n = split(budget) if inner is None else (max(2, budget // inner), inner)
    per_run = max(1, TOGETHER // n)
    starts = range(0, outer, per_run)
    marks = list(months) or list(range(1, scenario.calendar.months + 1))

    def work(first: int) -> Array:
        count = min(per_run, outer - first)
        drawn = np.arange(first, first + count)
        given = {
            one.stream: np.repeat(uniforms_of(scenario.run.seed, f"{one.stream}:outer", drawn), n) for one in known
        }
        # every run has inner paths of its own: another seed for everything that is not given
        lives = live(plain, count * n, given, seed=(scenario.run.seed + 1 + first) % 2**64)
        end = np.where(lives.defaults(scenario.calendar.months), lives.columns["end_month"], np.inf).reshape(count, n)
        return np.array([(end <= m).mean(axis=1) for m in marks])

    p = np.concatenate(each(work, starts, threads), axis=1)  # (months, outer)
    between = uniforms_of(scenario.run.seed, "bands:between", np.arange(outer))
    return Bands(scenario, outer, n, tuple(_row(m, of_month, n, between) for m, of_month in zip(marks, p, strict=True)))


def _row(month: int, shares: Array, n: int, between: Array) -> Row:
    """between: uniforms by outer draw, that lay shares out between the steps of 1/n: quantiles of steps jump."""
    p = shares + (between - 0.5) / n if shares.any() else shares
    corrected, noise = _corrected(p, n)
    band = _quantiles(np.sort(corrected))
    drawn = np.random.default_rng(1).integers(0, p.size, (RESAMPLES, p.size))
    again = np.array([_quantiles(np.sort(_corrected(p[rows], n)[0])) for rows in drawn])
    low, high = np.quantile(again, (0.025, 0.975), axis=0)
    centre = float(shares.mean())
    total = mean(centre, float(((shares - centre) ** 2).sum()), p.size) if shares.any() else share(0, p.size * n)
    if not shares.any():  # Markov: at most a share (mean / x) of the inputs has a probability of x or more
        high = total.high / (1.0 - np.array(BAND))
    band, low, high = (np.clip(x, 0.0, 1.0) for x in (band, low, high))
    return Row(
        month,
        Estimate(centre, max(0.0, total.low), min(1.0, total.high)),
        tuple(Estimate(float(x), float(min(x, a)), float(max(x, b))) for x, a, b in zip(band, low, high, strict=True)),
        noise,
    )


def _corrected(p: Array, n: int) -> tuple[Array, float]:
    """Shares drawn together about their mean until inner noise is out of their spread, and what share of it that was."""
    raw = float(p.var(ddof=1))
    inner = float((p * (1.0 - p)).mean()) / (n - 1) + 1.0 / (12.0 * n * n)  # and of the place between steps
    kept = math.sqrt(max(0.0, 1.0 - inner / raw)) if raw > 0.0 else 0.0
    return p.mean() + kept * (p - p.mean()), min(1.0, inner / raw) if raw > 0.0 else 0.0


def _quantiles(ordered: Array) -> Array:
    return ordered[[quantile_ranks(q, ordered.size)[0] - 1 for q in BAND]]
