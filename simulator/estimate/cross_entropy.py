"""Cross-entropy: the mixture of moved normal laws that is nearest to the law of the paths that default.

Among laws whose independent normal scores are moved by theta_k in component k, the Kullback-Leibler distance to the law given
default is least at the weighted maximum of likelihood over paths that default (Rubinstein & Kroese, The Cross-Entropy Method
(2004); mixtures by EM as in Kurtz & Song, Structural Safety 42 (2013)). Only months to the default enter.

Hundreds of shifts cannot be learnt from some thousand paths one by one: each shock's shifts are a polygon through few months,
kept where it is significant, plus single months that stand out of it (a maturity, an event with a date).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from simulator.engine.build import Array

KNOTS = 6  # months a polygon goes through
STARTS, ROUNDS = 4, 12  # components to begin with; EM steps
LEAST_SHARE = 0.03  # of the paths: smaller components are dropped
SAME = 0.3  # squared distance of shifts below which two components are one
OUTSTANDING = 4.5  # standard errors by which a single month has to stand out
RELIABLE = 0.05  # of a component's paths that have to live in a month for its mean to count in full
MOST = 5_000  # paths that are looked at


class Scores(NamedTuple):
    """Of paths that default: what was drawn, as normal scores after the shift."""

    weights: Array  # (paths,), of which the sum estimates the probability
    months: Array  # (paths,) of the default
    monthly: Array  # (shocks, months, paths)
    once: Array  # (streams, paths)

    def effective(self) -> float:
        """Kish's effective number of paths."""
        squares = float((self.weights**2).sum())
        return float(self.weights.sum()) ** 2 / squares if squares > 0.0 else 0.0

    def together(self, other: Scores) -> Scores:
        """Two samples of one law, half each: what only one of them has found counts by its probability. (Weighing by effective
        numbers would trust the copies of a splitting, which are many and alike.)"""
        half = self._replace(weights=0.5 * self.weights), other._replace(weights=0.5 * other.weights)
        return Scores(*(np.concatenate(pair, axis=-1) for pair in zip(*half, strict=True)))

    def thinned(self) -> Scores:
        """At most MOST of the paths, those of the largest weights always, the others drawn evenly by weight."""
        if self.weights.size <= MOST:
            return self
        upto = np.cumsum(self.weights) / self.weights.sum()
        where, times = np.unique(np.searchsorted(upto, (np.arange(MOST) + 0.5) / MOST), return_counts=True)
        where = np.minimum(where, self.weights.size - 1)
        return Scores(times.astype(np.float64), self.months[where], self.monthly[:, :, where], self.once[:, where])


@dataclass(frozen=True)
class Mixture:
    """Shares and shifts of the components beyond the law of the scenario."""

    shares: Array  # (components,), sum 1
    monthly: Array  # (components, shocks, months)
    once: Array  # (components, streams)

    def log_ratios(self, s: Scores) -> Array:
        """(components, paths), to the default."""
        living = _living(s)
        found = []
        for moved, at_first in zip(self.monthly, self.once, strict=True):
            by_month = np.einsum("jm,jmn->mn", moved, s.monthly) - 0.5 * (moved * moved).sum(axis=0)[:, None]
            begin = at_first @ s.once - 0.5 * float(at_first @ at_first)
            found.append((by_month * living).sum(axis=0) + begin)
        return np.array(found)


def _living(s: Scores) -> Array:
    """(months, paths): 1 to the month of the default."""
    return (np.arange(1, s.monthly.shape[1] + 1)[:, None] <= s.months).astype(np.float64)


def fit(s: Scores, start: Mixture | None = None) -> Mixture | None:
    """EM from a given mixture, else from groups of similar paths; None where nothing is moved."""
    effective = s.effective()
    if effective < 2.0:
        return None
    s = s.thinned()
    basis, living = polygon(s.monthly.shape[1]), _living(s)
    belongs = _groups(s, basis, living) if start is None else _belonging(start, s)
    mixture = _maximised(s, belongs, basis, living, effective)
    for _ in range(ROUNDS):
        mixture = _maximised(s, _belonging(mixture, s), basis, living, effective)
    if not (np.abs(mixture.monthly).max(initial=0.0) > 0.0 or np.abs(mixture.once).max(initial=0.0) > 0.0):
        return None
    return mixture


def _belonging(mixture: Mixture, s: Scores) -> Array:
    logs = mixture.log_ratios(s) + np.log(mixture.shares)[:, None]
    return np.asarray(np.exp(logs - logsumexp(logs, axis=0)))


def _maximised(s: Scores, belongs: Array, basis: Array, living: Array, effective: float) -> Mixture:
    """The M step, with components that are too small or no different from another put away."""
    mass = (belongs * s.weights).sum(axis=1)
    shares = mass / mass.sum()
    kept: list[tuple[float, Array, Array]] = []
    for k in np.argsort(-shares):
        if shares[k] < LEAST_SHARE and kept:
            continue
        moved = _moved(s, belongs[k], basis, living, effective * shares[k])
        for j, (share, monthly, once) in enumerate(kept):
            if ((monthly - moved[0]) ** 2).sum() + ((once - moved[1]) ** 2).sum() < SAME:
                kept[j] = (share + float(shares[k]), monthly, once)
                break
        else:
            kept.append((float(shares[k]), *moved))
    total = sum(share for share, _, _ in kept)
    return Mixture(
        np.array([share / total for share, _, _ in kept]),
        np.array([monthly for _, monthly, _ in kept]),
        np.array([once for _, _, once in kept]),
    )


def _moved(s: Scores, belongs: Array, basis: Array, living: Array, effective: float) -> tuple[Array, Array]:
    """Shifts of one component: the significant part of the mean scores. `effective`: how many paths it rests on."""
    weights = s.weights * belongs
    weights = weights / weights.sum()
    lives = living @ weights  # (months,): share of the component's weight that lives in a month
    means = np.einsum("jmn,mn,n->jm", s.monthly, living, weights) / np.maximum(lives, 1e-300)
    trust = lives / (lives + RELIABLE)
    gram = basis.T @ (lives[:, None] * basis) + 1e-6 * np.eye(basis.shape[1])
    smooth = (basis @ np.linalg.solve(gram, basis.T @ (lives * means).T)).T
    knots = basis.shape[1]
    significant = effective * (lives * smooth * smooth).sum(axis=1) > knots + 4.0 * np.sqrt(2.0 * knots)
    moved = np.where(significant[:, None], smooth, 0.0)
    apart = means - moved
    single = np.abs(apart) * np.sqrt(effective * lives) > OUTSTANDING
    moved = np.where(single, means, moved) * trust
    once = s.once @ weights
    return moved, np.where(np.abs(once) * np.sqrt(effective) > OUTSTANDING, once, 0.0)


def polygon(months: int) -> Array:
    """Hat functions over the months, shape (months, knots)."""
    at = np.arange(months, dtype=np.float64)
    if months <= KNOTS:
        return np.eye(months)
    knots = np.linspace(0.0, months - 1.0, KNOTS)
    return np.array([np.interp(at, knots, row) for row in np.eye(KNOTS)]).T


def _groups(s: Scores, basis: Array, living: Array) -> Array:
    """Paths in groups by what was drawn (k-means, begun from points far apart): belonging 0 or 1, shape (groups, paths)."""
    gram = basis.T @ basis
    smooth = np.linalg.solve(np.linalg.cholesky(gram), basis.T)
    points = np.concatenate([np.einsum("qm,jmn->jqn", smooth, s.monthly * living).reshape(-1, s.months.size), s.once]).T
    share = s.weights / s.weights.sum()
    apart = points - share @ points
    centres = [points[int(np.argmax((apart**2).sum(axis=1) * share))]]
    while len(centres) < STARTS:
        nearest = np.min([((points - c) ** 2).sum(axis=1) for c in centres], axis=0)
        upto = np.cumsum(nearest * share)  # the middle path of those far away, by weight: no draw is needed
        centres.append(points[int(np.searchsorted(upto, 0.5 * upto[-1]))])
    where = np.zeros(share.size, dtype=np.int64)
    for _ in range(8):
        where = np.argmin([((points - c) ** 2).sum(axis=1) for c in centres], axis=0)
        for k in range(len(centres)):
            inside = where == k
            if inside.any():
                centres[k] = share[inside] @ points[inside] / share[inside].sum()
    belongs = (where == np.arange(len(centres))[:, None]).astype(np.float64)
    return np.asarray(belongs[(belongs * share).sum(axis=1) > 0.0])
