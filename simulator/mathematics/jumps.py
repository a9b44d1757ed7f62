"""Jumps of a month: how many, how large together, and what they do to the mean.

The number is Poisson. Merton 1976: jumps are normal, so the sum of n has one normal draw. Kou 2002: double exponential, drawn
one by one. The moment generating functions give the exact compensation.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simulator.mathematics import arrays
from simulator.mathematics.elementary import exp, log
from simulator.mathematics.philox import uniform_at

MOST = 64  # jumps in a month; more have a probability below 1e-40 up to rate 60 a year


def poisson(u: float, mean: float) -> int:
    """The number whose distribution function first exceeds u."""
    term = exp(-mean)
    below = term
    n = 0
    while u >= below and n < MOST:
        n += 1
        term *= mean / n
        below += term
    return n


def normal_sum(u: float, z: float, mean: float, jump_mean: float, jump_sd: float) -> float:
    """The sum of a Poisson number of normal jumps; one normal z is enough, because the sum of n is normal."""
    n = poisson(u, mean)
    return n * jump_mean + math.sqrt(float(n)) * jump_sd * z


def double_exponential(u: float, up_share: float, up_mean: float, down_mean: float) -> float:
    """The quantile function: up with probability p and mean 1/η1, down with 1 - p and mean 1/η2."""
    down = 1.0 - up_share
    if u < down:
        return down_mean * log(u / down)
    return -up_mean * log((1.0 - u) / up_share)


def double_exponential_sum(
    u: float,
    mean: float,
    up_share: float,
    up_mean: float,
    down_mean: float,
    address: tuple[float, float, float],
    path: int,
    month: int,
) -> float:
    """The sum of a Poisson number of double-exponential jumps; the k-th is drawn with the running number k."""
    total = 0.0
    for k in range(poisson(u, mean)):
        draw = uniform_at(address[0], address[1], address[2], path, month, k)
        total += double_exponential(draw, up_share, up_mean, down_mean)
    return total


def normal_moment(power: Any, jump_mean: Any, jump_sd: Any) -> Any:
    """E[exp(power J)] of a normal jump."""
    return arrays.exp(power * jump_mean + 0.5 * np.square(power * jump_sd))


def double_exponential_moment(power: Any, up_share: Any, up_mean: Any, down_mean: Any) -> Any:
    """E[exp(power J)]; finite where power x up_mean < 1."""
    return up_share / (1.0 - power * up_mean) + (1.0 - up_share) / (1.0 + power * down_mean)
