"""The Gauss-Legendre rule, with the same bits on every machine: numpy's goes through a library for eigenvalues, which rounds as
the processor has it."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

NEWTON = 8  # steps from the asymptotic places of the roots; digits double with each


@cache
def gauss_legendre(nodes: int) -> tuple[Array, Array]:
    """Nodes and weights on (-1, 1): the roots of the Legendre polynomial of that degree by Newton's method (Davis & Rabinowitz,
    "Methods of Numerical Integration", 1984, section 2.7)."""
    x = np.array([-math.cos(math.pi * (k + 0.75) / (nodes + 0.5)) for k in range(nodes)])
    for _ in range(NEWTON):
        p, slope = _legendre(nodes, x)
        x = x - p / slope
    x = 0.5 * (x - x[::-1])
    _, slope = _legendre(nodes, x)
    weights = 2.0 / ((1.0 - x * x) * slope * slope)
    return x, 0.5 * (weights + weights[::-1])


def _legendre(degree: int, x: Array) -> tuple[Array, Array]:
    """The Legendre polynomial, by its recurrence, and its slope at x."""
    before, p = np.ones_like(x), x
    for n in range(2, degree + 1):
        before, p = p, ((2.0 * n - 1.0) * x * p - (n - 1.0) * before) / n
    return p, degree * (x * p - before) / (x * x - 1.0)
