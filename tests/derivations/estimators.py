"""Moments, and the spread of the estimators that are made of them (delta method; `sd1` = sd of the estimator times √N)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.polynomial import polynomial as poly


def central_of_cumulants(cumulants: Sequence[float]) -> list[float]:
    """Central moments 0 … n of cumulants 1 … n (cumulants[0] is the first): μ(n) = Σ C(n-1, k) κ(n-k) μ(k), k < n - 1."""
    moments = [1.0]
    for n in range(1, len(cumulants) + 1):
        shifted = [0.0, *cumulants[1:]]
        moments.append(sum(math.comb(n - 1, k) * shifted[n - k - 1] * moments[k] for k in range(n)))
    return moments


def central_of_raw(raw: Sequence[float]) -> list[float]:
    """Central moments 0 … n of raw moments 0 … n."""
    mean = raw[1]
    return [
        sum(math.comb(n, k) * raw[k] * (-mean) ** (n - k) for k in range(n + 1)) for n in range(len(raw))
    ]  # fmt: skip


def _spread(influence: Sequence[float], central: Sequence[float]) -> float:
    """sd of a polynomial in y = x - mean; its square is integrated with the central moments."""
    square = poly.polymul(np.array(influence), np.array(influence))
    mean = float(np.dot(influence, central[: len(influence)]))
    return math.sqrt(float(np.dot(square, central[: len(square)])) - mean**2)


def sd1_mean(central: Sequence[float]) -> float:
    return math.sqrt(central[2])


def sd1_variance(central: Sequence[float]) -> float:
    return _spread([0.0, 0.0, 1.0], central)


def sd1_sd(central: Sequence[float]) -> float:
    return sd1_variance(central) / (2.0 * math.sqrt(central[2]))


def skewness(central: Sequence[float]) -> float:
    return central[3] / central[2] ** 1.5


def kurtosis(central: Sequence[float]) -> float:
    return central[4] / central[2] ** 2 - 3.0


def _standardised(central: Sequence[float]) -> list[float]:
    sd = math.sqrt(central[2])
    return [m / sd**k for k, m in enumerate(central)]


def sd1_skewness(central: Sequence[float]) -> float:
    """Influence z³ - 3z - γ - 3/2 γ (z² - 1); needs six moments."""
    m = _standardised(central)
    g = m[3]
    return _spread([-g + 1.5 * g, -3.0, -1.5 * g, 1.0], m)


def sd1_kurtosis(central: Sequence[float]) -> float:
    """Influence z⁴ - k - 4γ z - 2k (z² - 1); needs eight moments."""
    m = _standardised(central)
    g, k = m[3], m[4]
    return _spread([-k + 2.0 * k, -4.0 * g, -2.0 * k, 0.0, 1.0], m)


def sd1_quantile(q: float, density: float) -> float:
    return math.sqrt(q * (1.0 - q)) / density


def sd1_ratio(share: float, numerator: float, second: float) -> float:
    """Of a conditional mean E[X | A] with P(A) = share, E[X | A] = numerator, E[X² | A] = second."""
    return math.sqrt((second - numerator**2) / share)
