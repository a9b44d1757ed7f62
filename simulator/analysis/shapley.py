"""Shapley effects: the variance of the default probability that inputs explain, shared out among them, dependent ones included.

With X the inputs and Y = 1 in default, a group v of inputs explains c(v) = Var E[Y | X_v]. The effect of an input is what it adds
to c, averaged over all orders in which the inputs can become known (Owen 2014; Song, Nelson & Staum 2016). Effects are never
negative and add up to c(all) = Var PD(X), whatever depends on what; with independent inputs S <= effect <= T (Owen 2014).

    c(v) = Cov(Y, Y_v),   Y_v = Y of X_v, of the other inputs drawn anew given X_v, and of everything else drawn anew

Each path has an order of its own, drawn at random, and walks it: X_v of the first s inputs of its order, s = 0 … k, on the same
new draws. So one path gives one term for each input, terms are independent between paths, and they add up to that of all inputs
exactly. Y on the left is a mean over several draws of everything else, less the mean of all paths, which changes no expectation
(every Y_v has the law of Y).

Given X_v the other scores of a Gaussian table are x' + Σ_.v Σ_vv^-1 (x_v - x'_v), x' a new draw of all: exact conditional
sampling (Matheron's rule; Journel & Huijbregts 1978).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.engine.build import Array
from simulator.estimate.intervals import Estimate, Z

REPLICATES = 8  # draws of everything else that Y on the left is a mean of


class Table(NamedTuple):
    """Normal scores that depend on each other. members: rows of the inputs; covariance: of their scores."""

    members: tuple[int, ...]
    covariance: Array

    @staticmethod
    def none() -> Table:
        return Table((), np.zeros((0, 0)))


class Effects(NamedTuple):
    """Shares of the variance of default, in the order of the inputs asked about."""

    each: tuple[Estimate, ...]
    together: Estimate  # the sum of all, exactly


def effects(
    run: Callable[[Array, int], Array],
    scores: Array,
    anew: Array,
    table: Table,
    order: Array,
    each: Callable[[Callable[[int], Array], Sequence[int]], Sequence[Array]],
    asked: Sequence[int] | None = None,
) -> Effects | None:
    """Of Y, a number by path. run: Y of scores of the inputs, shape (inputs, paths), with a number of everything else: the same
    number, the same draws. scores, anew: two independent draws of the inputs. order: uniforms of the same shape, that put the
    inputs in an order by path. each: work of every task, in their order. asked: rows of the inputs whose effects are wanted,
    the others count as noise (default: all). None where Y does not vary."""
    k, n = scores.shape
    players = np.arange(k) if asked is None else np.array(asked, dtype=np.int64)
    rank = np.full((k, n), k)  # of those that are not asked about: never known
    rank[players] = np.argsort(np.argsort(order[players], axis=0), axis=0)

    def work(task: int) -> Array:
        step = min(task, players.size)
        return run(conditioned(scores, anew, rank < step, table), max(0, task - players.size))

    found = each(work, range(players.size + REPLICATES + 1))
    walk, left = np.array(found[: players.size + 1]), np.array(found[players.size + 1 :])
    centred = left - left.mean()
    squares = np.square(centred).mean(axis=0)
    variance = float(squares.mean())
    if variance == 0.0:
        return None
    terms = centred.mean(axis=0) * np.diff(walk, axis=0)  # (place in the order, paths)
    by_input = np.take_along_axis(terms, rank[players], axis=0)
    shares = by_input.mean(axis=1) / variance
    return Effects(
        tuple(_estimate(float(x), row, squares, variance) for x, row in zip(shares, by_input, strict=True)),
        _estimate(float(shares.sum()), by_input.sum(axis=0), squares, variance),
    )


def conditioned(scores: Array, anew: Array, known: npt.NDArray[np.bool_], table: Table) -> Array:
    """Scores where they are known (a mask of their shape), the others drawn anew given them."""
    found = np.where(known, scores, anew)
    if table.members:
        rows = np.array(table.members)
        old, new, mask = scores[rows], anew[rows], known[rows]
        code = (1 << np.arange(rows.size)) @ mask.astype(np.int64)
        for one in np.unique(code):
            here, v = code == one, mask[:, np.argmax(code == one)]
            if not v.any() or v.all():
                continue
            gain = table.covariance[np.ix_(~v, v)] @ np.linalg.pinv(table.covariance[np.ix_(v, v)])
            moved = new[np.ix_(~v, here)] + gain @ (old[np.ix_(v, here)] - new[np.ix_(v, here)])
            found[np.ix_(rows[~v], here)] = moved
    return np.asarray(found)


def _estimate(share: float, terms: Array, squares: Array, variance: float) -> Estimate:
    """A ratio of means with its interval to first order."""
    error = float(np.std((terms - share * squares) / variance)) / math.sqrt(terms.size)
    return Estimate(share, share - Z * error, share + Z * error)
