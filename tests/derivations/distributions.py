"""Laws of one number, as moments and distribution function; what the derivations of `laws` compose."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad
from scipy.special import gammainc, ndtr

from derivations.estimators import central_of_cumulants, central_of_raw


@dataclass(frozen=True)
class Law:
    mean: float
    central: Sequence[float]  # central moments 0 … 4
    below: Callable[[float], float]  # P(X < x)

    def at(self, probability: float) -> float:
        """A number of four digits near the quantile, by bisection of a continuous distribution function."""
        sd = math.sqrt(self.central[2])
        low, high = self.mean - 12.0 * sd, self.mean + 25.0 * sd
        for _ in range(60):
            middle = (low + high) / 2.0
            low, high = (middle, high) if self.below(middle) < probability else (low, middle)
        return float(f"{low:.4g}")


def normal(mean: float, variance: float) -> Law:
    sd = math.sqrt(variance)
    return Law(mean, (1.0, 0.0, variance, 0.0, 3.0 * variance**2), lambda x: float(ndtr((x - mean) / sd)))


def of_raw(raw: Sequence[float], below: Callable[[float], float]) -> Law:
    return Law(raw[1], central_of_raw(list(raw)), below)


def mixture_of_lognormals(parts: Sequence[tuple[float, float, float]]) -> Law:
    """(weight, mean and variance of the logarithm) of each part."""
    raw = [sum(w * math.exp(k * m + k * k * v / 2.0) for w, m, v in parts) for k in range(5)]

    def below(x: float) -> float:
        if x <= 0.0:
            return 0.0
        return float(sum(w * ndtr((math.log(x) - m) / math.sqrt(v)) for w, m, v in parts))

    return of_raw(raw, below)


def lognormal(log_mean: float, log_variance: float) -> Law:
    return mixture_of_lognormals([(1.0, log_mean, log_variance)])


def exponential_of(cumulant: Callable[[complex], complex]) -> Law:
    """exp(X) for X with E[exp(z X)] = exp(cumulant(z)); its distribution function by Fourier inversion (Gil-Pelaez 1951)."""
    raw = [math.exp(cumulant(complex(k)).real) for k in range(5)]

    def below(x: float) -> float:
        if x <= 0.0:
            return 0.0
        k = math.log(x)
        value, _ = quad(
            lambda u: (cmath.exp(cumulant(1j * u) - 1j * u * k) / (1j * u)).real,
            1e-10, 400.0, epsabs=1e-10, epsrel=1e-10, limit=1000,
        )  # fmt: skip
        return 0.5 - value / math.pi

    return of_raw(raw, below)


def poisson_weights(mean: float) -> list[float]:
    """Down to 1e-16."""
    weights = [math.exp(-mean)]
    while weights[-1] > 1e-17 or len(weights) <= mean:
        weights.append(weights[-1] * mean / len(weights))
    return weights


def compound_poisson_of_gammas(events: float, shape: float, scale: float) -> Law:
    """The sum of N ~ Poisson(events) gamma amounts: cumulants events × E[X^k], distribution function by the number of events."""
    moments = [math.gamma(shape + k) / math.gamma(shape) * scale**k for k in range(1, 5)]
    cumulants = [events * m for m in moments]
    weights = poisson_weights(events)

    def below(x: float) -> float:
        if x <= 0.0:
            return 0.0
        return weights[0] + float(sum(w * gammainc(n * shape, x / scale) for n, w in enumerate(weights) if n > 0))

    return Law(cumulants[0], central_of_cumulants(cumulants), below)


def discrete(values: Sequence[float], weights: Sequence[float]) -> Law:
    v, w = np.array(values), np.array(weights)
    raw = [float(w @ v**k) for k in range(5)]
    return of_raw(raw, lambda x: float(w[v < x].sum()))


def two_point(probability: float, value: float) -> Law:
    return discrete([0.0, value], [1.0 - probability, probability])
