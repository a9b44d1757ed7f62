"""Functions of states and of scores, and least squares on them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
FEW = 8  # functions: so many are summed without a library
SINGULAR = 1e-12  # of a matrix of scaled sums of squares: less is nought


def hermite(x: Array, degree: int) -> Array:
    """The Hermite polynomials 1 … degree of normal scores, with variance 1; shape (…, degree)."""
    found = [np.ones_like(x), x]
    for n in range(1, degree):
        found.append((x * found[n] - np.sqrt(n) * found[n - 1]) / np.sqrt(n + 1.0))
    return np.stack(found[1 : degree + 1], axis=-1)


def legendre(u: Array, degree: int) -> Array:
    """The Legendre polynomials 1 … degree of uniforms, with variance 1; shape (…, degree)."""
    x = 2.0 * u - 1.0
    found = [np.ones_like(x), x]
    for n in range(1, degree):
        found.append(((2 * n + 1) * x * found[n] - n * found[n - 1]) / (n + 1.0))
    return np.stack([np.sqrt(2.0 * n + 1.0) * found[n] for n in range(1, degree + 1)], axis=-1)


def steps(u: Array, number: int) -> Array:
    """Whether a uniform lies below 1/2, 1/4, … 2^-number, with mean 0 and variance 1: rare events that happen below a
    probability; shape (…, number)."""
    chances = 0.5 ** np.arange(1, number + 1)
    return np.asarray(((u[..., None] < chances) - chances) / np.sqrt(chances * (1.0 - chances)))


class Scale(NamedTuple):
    """Mean and standard deviation of a number on each date, shape (T + 1, 1), on the paths that are fitted on."""

    mean: Array
    sd: Array

    @staticmethod
    def of(x: Array) -> Scale:
        sd = x.std(axis=1, keepdims=True)
        return Scale(x.mean(axis=1, keepdims=True), np.where(sd > 1e-12, sd, 1.0))


def powers(x: Array, degree: int, scale: Scale) -> Array:
    """1 and the Hermite polynomials of a number brought to mean 0 and variance 1; shape (T + 1, paths, degree + 1)."""
    return np.concatenate([np.ones((*x.shape, 1)), hermite((x - scale.mean) / scale.sd, degree)], axis=-1)


class Knots(NamedTuple):
    """Where the pieces of `hats` meet on each date, shape (T + 1, number): quantiles of the paths that are fitted on."""

    at: Array

    @staticmethod
    def of(x: Array, number: int) -> Knots:
        shares = np.linspace(0.0, 1.0, number)
        shares[0], shares[-1] = 0.002, 0.998
        return Knots(np.ascontiguousarray(np.quantile(x, shares, axis=1).T))


def hats(x: Array, knots: Knots) -> Array:
    """Piecewise linear functions that add up to 1, each 1 at its knot and 0 at the others; shape (T + 1, paths, number).
    Beyond the outer knots they go on in a straight line."""
    found = np.zeros((*x.shape, knots.at.shape[1]))
    lanes = np.arange(x.shape[1])
    for t, (row, at) in enumerate(zip(x, knots.at, strict=True)):
        if at[-1] - at[0] < 1e-12:
            found[t, :, 0] = 1.0
            continue
        left = np.clip(np.searchsorted(at, row) - 1, 0, len(at) - 2)
        width = at[left + 1] - at[left]
        share = np.where(width > 0.0, (row - at[left]) / np.where(width > 0.0, width, 1.0), 0.0)
        found[t, lanes, left], found[t, lanes, left + 1] = 1.0 - share, share
    return found


def solved(states: Array, y: Array) -> Array:
    """Least squares by normal equations, refined twice. Few functions are summed in a fixed order, so that a boundary does not
    depend on how many threads a linear algebra library has."""
    scale = np.sqrt(np.einsum("ij,ij->j", states, states))
    x = states / np.where(scale > 0.0, scale, 1.0)
    turned = x.T
    gram = np.einsum("ij,ik->jk", x, x) if x.shape[1] <= FEW else turned @ x
    found = np.zeros(x.shape[1])
    for _ in range(3):
        rest = y - times(x, found)
        against = np.einsum("ij,i->j", x, rest) if x.shape[1] <= FEW else turned @ rest
        found = found + np.linalg.lstsq(gram, against, rcond=SINGULAR)[0]
    return np.asarray(found / np.where(scale > 0.0, scale, 1.0))


def times(states: Array, coefficients: Array) -> Array:
    if states.shape[1] <= FEW:
        return np.asarray(np.einsum("ij,j->i", states, coefficients))
    return np.asarray(states @ coefficients)
