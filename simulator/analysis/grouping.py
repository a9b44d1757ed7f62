"""Weighted paths put into groups that are told apart best, and how far out the centre of a group is.

K-means (Lloyd 1982; first centres by Arthur & Vassilvitskii 2007) in which a path counts by its weight; of several numbers of
groups that with the largest mean silhouette (Rousseeuw 1987) of paths drawn evenly by weight.

The plausibility of a centre c over d drivers is P(χ²_d >= |c|²). Its interval is that of |c|²: the mean of the paths is off by
what they differ by along c, and |c|² is too large by the noise of all drivers together, which is taken off. It holds for the
groups as they are: that other paths would be grouped otherwise is not in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from simulator.engine.build import Array
from simulator.estimate.intervals import Estimate, Z

GROUPS = range(3, 7)
SAMPLE = 800  # paths that silhouettes are worked out of
STARTS, MOST_STEPS = 4, 100
Labels = npt.NDArray[np.int64]


def grouped(z: Array, weights: Array, groups: int | None) -> tuple[Labels, float]:
    """Labels 0 … k - 1 with no empty group, and how well they are told apart. z: shape (paths, drivers)."""
    best: tuple[Labels, float] | None = None
    for k in GROUPS if groups is None else (groups,):
        if k > len(z):
            break
        labels = k_means(z, weights, k)
        quality = silhouette(z, weights, labels)
        if best is None or quality > best[1]:
            best = labels, quality
    assert best is not None
    return best


def k_means(z: Array, weights: Array, k: int) -> Labels:
    """The best of a few starts, the same every time."""
    rng = np.random.default_rng(1)
    found = min((_lloyd(z, weights, _first(z, weights, k, rng)) for _ in range(STARTS)), key=lambda pair: pair[1])
    return np.unique(found[0], return_inverse=True)[1].astype(np.int64)


def _first(z: Array, weights: Array, k: int, rng: np.random.Generator) -> Array:
    centres = [z[rng.choice(len(z), p=weights / weights.sum())]]
    nearest = np.full(len(z), math.inf)
    while len(centres) < k:
        nearest = np.minimum(nearest, ((z - centres[-1]) ** 2).sum(axis=1))
        chance = weights * nearest
        if chance.sum() == 0.0:
            break  # fewer paths that differ
        centres.append(z[rng.choice(len(z), p=chance / chance.sum())])
    return np.array(centres)


def _lloyd(z: Array, weights: Array, centres: Array) -> tuple[Labels, float]:
    labels = np.full(len(z), -1, dtype=np.int64)
    for _ in range(MOST_STEPS):
        apart = (z**2).sum(1)[:, None] - 2.0 * z @ centres.T + (centres**2).sum(1)[None, :]
        nearest = np.argmin(apart, axis=1)
        if np.array_equal(nearest, labels):
            break
        labels = nearest
        sums = np.array([weights[labels == g] @ z[labels == g] for g in range(len(centres))])
        sizes = np.bincount(labels, weights, len(centres))[:, None]
        centres = np.where(sizes > 0.0, sums / np.where(sizes > 0.0, sizes, 1.0), centres)
    return labels, float(weights @ np.maximum(0.0, apart[np.arange(len(z)), labels]))


def silhouette(z: Array, weights: Array, labels: Labels) -> float:
    """Mean over a sample of (b - a) / max(a, b): a the mean distance within the group, b that to the nearest other one."""
    k = int(labels.max()) + 1
    if k < 2:
        return 0.0
    drawn = evenly(weights, min(SAMPLE, len(z)))
    x, of = z[drawn], labels[drawn]
    distance = np.sqrt(np.maximum(0.0, (x**2).sum(1)[:, None] + (x**2).sum(1)[None, :] - 2.0 * x @ x.T))
    sizes = np.bincount(of, minlength=k)
    sums = np.array([distance[:, of == g].sum(axis=1) for g in range(k)]).T
    own = np.take_along_axis(sums, of[:, None], axis=1)[:, 0] / np.maximum(1, sizes[of] - 1)
    others = np.where(sizes > 0, sums / np.maximum(1, sizes), np.inf)
    others[np.arange(len(x)), of] = np.inf
    nearest = others.min(axis=1)
    usable = np.isfinite(nearest)
    return (
        float(np.mean(((nearest - own) / np.maximum(np.maximum(own, nearest), 1e-300))[usable]))
        if usable.any()
        else 0.0
    )


def evenly(weights: Array, count: int) -> Labels:
    """So many rows drawn in proportion to their weights, at equal distances (systematic sampling)."""
    upto = np.cumsum(weights) / weights.sum()
    return np.minimum(np.searchsorted(upto, (np.arange(count) + 0.5) / count), weights.size - 1).astype(np.int64)


def weighted_median(values: Array, weights: Array) -> Estimate:
    """With the interval of order statistics, of as many paths as these count."""
    order = np.argsort(values, kind="stable")
    upto, half = np.cumsum(weights[order]) / weights.sum(), 0.5 * Z / math.sqrt(effective(weights))
    at = [np.searchsorted(upto, min(1.0, max(0.0, 0.5 + away)) * upto[-1]) for away in (0.0, -half, half)]
    return Estimate(*(float(values[order][min(k, values.size - 1)]) for k in at))


def weighted_mean(values: Array, weights: Array) -> Estimate:
    """With the interval of a mean, given which paths these are."""
    share = weights / weights.sum()
    centre = float(share @ values)
    small = 1.0 / (1.0 - 1.0 / max(2.0, effective(weights)))
    half = Z * math.sqrt(float(share**2 @ (values - centre) ** 2) * small)
    return Estimate(centre, centre - half, centre + half)


def effective(weights: Array) -> float:
    """Kish's number of paths."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0.0 else 0.0


def plausibility(z: Array, weights: Array, over: Sequence[int] | Labels) -> Estimate:
    """Chance of drivers as far out as the centre of these paths, over the drivers given."""
    from scipy.special import chdtrc

    x, share = z[:, over], weights / weights.sum()
    centre = share @ x
    off, squares = x - centre, share**2
    small = 1.0 / (1.0 - 1.0 / max(2.0, effective(weights)))  # a mean has taken one path of them
    noise = float(squares @ (off**2).sum(axis=1)) * small
    error = 2.0 * math.sqrt(float(squares @ (off @ centre) ** 2) * small)
    out = max(0.0, float(centre @ centre) - noise)
    ends = (out, out + Z * error, max(0.0, out - Z * error))
    return Estimate(*(float(chdtrc(x.shape[1], end)) for end in ends))
