"""Student's t distribution function, and the normal score of the same rank.

The tail beyond |t| is I_x(ν/2, 1/2) / 2 with x = ν / (ν + t²); the incomplete beta function by its continued fraction (Didonato &
Morris, "Algorithm 708", ACM TOMS 18, 1992, eq. 9.1; modified Lentz), on whichever side it converges fast. A tail keeps
its relative accuracy however small it is.
"""

from __future__ import annotations

import math

from simulator.mathematics.normal import inverse_normal


def beta_fraction(a: float, b: float, x: float) -> float:
    """I_x(a, b) B(a, b) / (x^a (1 - x)^b), for x below about (a + 1) / (a + b + 2)."""
    below = a - (a + b) * x + 1.0
    bottom = (a / (a + 1.0)) * below
    c = bottom
    d = 0.0
    for n in range(1, 1000):
        m = a + 2.0 * n
        top = (a + n - 1.0) * (a + b + n - 1.0) * n * (b - n) * x * x / ((m - 1.0) * (m - 1.0))
        beside = n + n * (b - n) * x / (m - 1.0) + (a + n) * (below + n * (2.0 - x)) / (m + 1.0)
        d = 1.0 / (beside + top * d)
        c = beside + top / c
        step = c * d
        bottom *= step
        if abs(step - 1.0) < 1e-15:
            break
    return 1.0 / bottom


def t_tail(t: float, freedom: float, log_beta: float) -> float:
    """P(T > |t|); `log_beta` = ln B(ν/2, 1/2)."""
    a = 0.5 * freedom
    square = t * t
    x = freedom / (freedom + square)
    y = square / (freedom + square)
    front = math.exp(-a * math.log1p(square / freedom) - log_beta) * math.sqrt(y)
    if x < (a + 1.0) / (a + 2.5):
        return 0.5 * front * beta_fraction(a, 0.5, x)
    return 0.5 - 0.5 * front * beta_fraction(0.5, a, y)


def t_cdf(t: float, freedom: float, log_beta: float) -> float:
    """P(T <= t), kept strictly inside (0, 1)."""
    tail = max(t_tail(t, freedom, log_beta), 2.0**-60)
    return tail if t < 0.0 else min(1.0 - tail, 1.0 - 2.0**-53)


def t_to_normal(t: float, freedom: float, log_beta: float) -> float:
    """z with P(Z <= z) = P(T <= t)."""
    z = inverse_normal(max(t_tail(t, freedom, log_beta), 1e-300))
    return z if t < 0.0 else -z
