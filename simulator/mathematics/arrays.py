"""exp, log and what is made of them over numbers and arrays, with the same bits on every machine.

numpy's own take other instructions on other processors and differ in the last place: a run made on one machine could not be
audited on another. These are the polynomials of `elementary`, operation by operation, so they agree with the laws of the month
loop as well. expm1 and log1p are Kahan's: what exp and log round cancels (Higham, "Accuracy and Stability of Numerical
Algorithms", 2002, section 1.14.1), which keeps them within three units in the last place.

The engine puts machine code in the place of numpy for long arrays (`by_machine`): a tenth of the time, the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.mathematics import elementary
from simulator.mathematics.bits import MAGIC, ROOT_HALF_BITS
from simulator.mathematics.elementary import LARGEST, LN2_HIGH, LN2_LOW, LOG2_E, SMALLEST

Array = npt.NDArray[np.float64]
Elementwise = Callable[[Callable[[float], float], Array], Array]

LONG = 1024  # numbers for which machine code is worth its call
_machine: Elementwise | None = None


def by_machine(elementwise: Elementwise | None) -> None:
    """Have `elementwise(law, x)` work out long arrays, which has to give the bits of `law` in plain Python."""
    global _machine
    _machine = elementwise


def exp(x: Any) -> Any:
    """e^x, elementwise; of a number a number."""
    return _over(elementary.exp, _exp, x)


def log(x: Any) -> Any:
    """The natural logarithm, elementwise; minus infinity below 2^-1022, not a number below 0."""
    return _over(elementary.log, _log, x)


def expm1(x: Any) -> Any:
    """e^x - 1, elementwise, also where that is small."""
    with np.errstate(all="ignore"):
        x = np.asarray(x, dtype=np.float64)
        u = np.asarray(exp(x))
        apart = u - 1.0
        found = np.where(apart == 0.0, x, apart * x / log(u))
        return np.where((u == math.inf) | (apart == -1.0), apart, found)[()]


def log1p(x: Any) -> Any:
    """ln(1 + x), elementwise, also for small x."""
    with np.errstate(all="ignore"):
        x = np.asarray(x, dtype=np.float64)
        u = 1.0 + x
        apart = u - 1.0
        return np.where(apart == 0.0, x, np.where(u == math.inf, u, log(u) * (x / apart)))[()]


def power(x: Any, exponent: Any) -> Any:
    """x to whole exponents of 0 or more, elementwise, by repeated squaring."""
    left, square = np.asarray(exponent, dtype=np.int64), np.asarray(x, dtype=np.float64)
    found = np.ones(np.broadcast_shapes(left.shape, square.shape))
    with np.errstate(over="ignore"):
        while left.any():
            found = np.where(left & 1, found * square, found)
            square = square * square
            left = left >> 1
    return found[()]


def _over(law: Callable[[float], float], in_numpy: Callable[[Array], Array], x: Any) -> Any:
    if isinstance(x, float):
        return np.float64(law(x))
    array = np.asarray(x, dtype=np.float64)
    if _machine is not None and array.ndim == 1 and array.size >= LONG:
        return _machine(law, array)
    with np.errstate(all="ignore"):
        return in_numpy(array)[()]


def _exp(x: Array) -> Array:
    shifted = x * LOG2_E + MAGIC
    k = shifted - MAGIC
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    y = np.ldexp(elementary.exp_of_rest(r), np.where(np.abs(k) < 2000.0, k, 0.0).astype(np.int64))
    y = np.where(x > LARGEST, math.inf, y)
    y = np.where(x < SMALLEST, 0.0, y)
    return np.where(x != x, x, y)


def _log(x: Array) -> Array:
    bits = np.ascontiguousarray(x).view(np.int64).reshape(x.shape)
    exponent = (bits - ROOT_HALF_BITS) >> 52
    m = (bits - (exponent << 52)).view(np.float64)
    y = elementary.log_of_parts(m, exponent.astype(np.float64))
    y = np.where(x < 2.2250738585072014e-308, -math.inf, y)
    y = np.where(x < 0.0, math.nan, y)
    return np.where((x == math.inf) | (x != x), x, y)
