"""The inverse of the chi-square distribution function, from one uniform: what makes a normal table a t table.

P(a, x) and Q(a, x), the regularised incomplete gamma functions with a = ν/2 and x = W/2, by their series and by Legendre's
continued fraction (modified Lentz); then Halley's iteration in y = ln x on ln P or ln Q, whichever is the smaller. Both are
concave in y, which keeps the iteration safe, and the second derivative comes for nothing: (x f)' = x f (a - x) in y.
"""

from __future__ import annotations

import math

from simulator.mathematics.normal import inverse_normal

NEAR = 3.0  # up to a + NEAR the series is quicker than the fraction, and 1 - P still has 13 digits of Q
SETTLED = 3e-5  # the error left is of the order of this step cubed


def gamma_sum(a: float, x: float) -> float:
    """P(a, x) Γ(a + 1) / (x^a e^-x) = Σ x^n / ((a + 1) … (a + n))."""
    total = term = 1.0
    below = a
    while term > 1e-16 * total:
        below += 1.0
        term *= x / below
        total += term
    return total


def gamma_fraction(a: float, x: float) -> float:
    """Q(a, x) Γ(a) / (x^a e^-x), a continued fraction, for x > a + 1."""
    b = x + 1.0 - a
    c = 1e300
    d = 1.0 / b
    found = d
    for n in range(1, 500):
        top = -n * (n - a)
        b += 2.0
        d = 1.0 / (top * d + b)
        c = b + top / c
        step = c * d
        found *= step
        if abs(step - 1.0) < 4e-16:
            break
    return found


def inverse_gamma(u: float, a: float, log_gamma: float) -> float:
    """x with P(a, x) = u, for u strictly inside (0, 1) and a >= 1/2; `log_gamma` = ln Γ(a)."""
    lower = u <= 0.5
    goal = math.log(u if lower else 1.0 - u)
    # Wilson & Hilferty 1931; where u is so small that this is no good, the first terms of the series turned round
    third = 1.0 - 1.0 / (9.0 * a) + inverse_normal(u) / (3.0 * math.sqrt(a))
    small = math.exp((math.log(u) + log_gamma + math.log(a)) / a) if lower else a
    start = small * (1.0 + small / (a + 1.0)) if small < 0.3 * a or third < 0.1 else a * third * third * third
    y = math.log(start)
    for _ in range(30):
        x = math.exp(y)
        density = math.exp(a * y - x - log_gamma)  # of y
        if x < a + NEAR:
            share = density * gamma_sum(a, x) / a
            if not lower:
                share = 1.0 - share
        else:
            share = density * gamma_fraction(a, x)
            if lower:
                share = 1.0 - share
        slope = density / share if lower else -density / share
        step = (math.log(share) - goal) / slope
        bend = 0.5 * step * (a - x - slope)
        step /= 1.0 - max(-0.5, min(0.5, bend))
        y -= step
        if abs(step) < SETTLED:
            break
    return math.exp(y)


def t_scale(u: float, freedom: float, log_gamma: float) -> float:
    """sqrt(ν / W), W the chi-square quantile of u: what a normal score is multiplied with to become a t score."""
    a = 0.5 * freedom
    return math.sqrt(a / inverse_gamma(u, a, log_gamma))
