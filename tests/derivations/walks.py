"""First passage of cash seen at month-ends: recursions on densities by composite Gauss-Legendre quadrature (Nyström).

The density g(y) of cash on the paths that are still alive is known at the nodes of panels no wider than the noise of a
month, where the integrand is analytic: twelve nodes a panel give ten digits. What leaves in a month is integrated from the
distribution function of the month's move, so that a small probability has the same relative accuracy as a large one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Array = NDArray[np.float64]
NODES = 12


def panels(edges: Sequence[float]) -> tuple[Array, Array]:
    """Nodes and weights of the composite rule."""
    x, w = np.polynomial.legendre.leggauss(NODES)
    low, high = np.array(edges[:-1])[:, None], np.array(edges[1:])[:, None]
    half = (high - low) / 2.0
    return (low + half * (1.0 + x)).ravel(), (half * w).ravel()


def between(low: float, high: float, width: float) -> Array:
    """Edges of equal panels not wider than `width`."""
    return np.linspace(low, high, int(np.ceil((high - low) / width)) + 1)


def normal_density(x: Array, mean: Array | float, sd: float) -> Array:
    return np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * np.sqrt(2.0 * np.pi))


class Walk:
    """Alive above `low`: next = drift(now) + sd Z, from one point; `density` is that of the living after `month` months."""

    def __init__(
        self,
        start: float,
        drift: Callable[[Array], Array],
        sd: float,
        low: float,
        high: float,
        cut: Sequence[float] = (),
    ) -> None:
        marks = [low, *cut, high]
        edges = np.unique(np.concatenate([between(a, b, 1.25 * sd) for a, b in pairwise(marks)]))
        self.nodes, self.weights = panels(edges.tolist())
        self.low, self.sd, self.start, self.drift = low, sd, start, drift
        moved = drift(self.nodes)
        self.kernel = normal_density(self.nodes[:, None], moved[None, :], sd) * self.weights[None, :]
        self.leaves = ndtr((low - moved) / sd) * self.weights
        self.density = np.zeros(0)
        self.month = 0

    def step(self) -> float:
        """One month on; the probability of ending in it."""
        self.month += 1
        if self.month == 1:
            moved = float(self.drift(np.array([self.start]))[0])
            self.density = normal_density(self.nodes, moved, self.sd)
            return float(ndtr((self.low - moved) / self.sd))
        gone = float(self.leaves @ self.density)
        self.density = self.kernel @ self.density
        return gone

    def run(self, months: int) -> Array:
        """Probability of having ended by month 1 … months."""
        return np.cumsum([self.step() for _ in range(months)])

    def share(self, low: float, high: float) -> float:
        """Of all paths: alive and between the two, which are edges of panels."""
        inside = (self.nodes > low) & (self.nodes < high)
        return float(self.weights[inside] @ self.density[inside])
