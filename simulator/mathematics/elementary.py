"""exp and log written out in additions and multiplications, so that a loop over paths can be done several paths at a time.

The library functions are calls, and a call inside a loop keeps all of it scalar. Both are within one unit in the last place;
the same bits on every machine, in plain Python as in machine code, wherever a value stands in a block. Argument reduction as
in fdlibm (Sun Microsystems 1993); exp by its series, log by fdlibm's minimax polynomial in s = f / (2 + f).
Polynomials are summed by halves (Estrin 1960): a processor waits for Horner's rule, which is one long chain.
"""

from __future__ import annotations

import math
from typing import Any

from simulator.mathematics.bits import MAGIC, mantissa_and_exponent, scaled

LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
LARGEST, SMALLEST = 709.0, -708.0  # beyond them exp is infinite or nought


def exp(x: float) -> float:
    """e^x; infinite above 709, nought below -708."""
    shifted = x * LOG2_E + MAGIC
    k = shifted - MAGIC
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    y = scaled(exp_of_rest(r), shifted)
    y = math.inf if x > LARGEST else y
    y = 0.0 if x < SMALLEST else y
    return x if x != x else y


def exp_of_rest(r: Any) -> Any:
    """e^r for |r| up to ln(2) / 2."""
    r2 = r * r
    r4 = r2 * r2
    a = (0.5 + r * (1.0 / 6.0)) + r2 * (1.0 / 24.0 + r * (1.0 / 120.0))
    b = (1.0 / 720.0 + r * (1.0 / 5040.0)) + r2 * (1.0 / 40320.0 + r * (1.0 / 362880.0))
    c = (1.0 / 3628800.0 + r * (1.0 / 39916800.0)) + r2 * (1.0 / 479001600.0 + r * (1.0 / 6227020800.0))
    return 1.0 + (r + r2 * (a + r4 * (b + r4 * c)))


def log(x: float) -> float:
    """The natural logarithm; minus infinity at 0 and (unlike the library's) below 2^-1022, not a number below 0."""
    m, e = mantissa_and_exponent(x)
    y = log_of_parts(m, e)
    y = -math.inf if x < 2.2250738585072014e-308 else y
    y = math.nan if x < 0.0 else y
    y = x if x == math.inf else y
    return x if x != x else y


def log_of_parts(m: Any, e: Any) -> Any:
    """ln(m 2^e) for m within about (0.7, 1.42)."""
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    low = 6.666666666666735130e-01 + z * 3.999999999940941908e-01
    middle = 2.857142874366239149e-01 + z * 2.222219843214978396e-01
    high = 1.818357216161805012e-01 + z * 1.531383769920937332e-01
    p = low + w * (middle + w * (high + w * 1.479819860511658591e-01))
    half = 0.5 * f * f
    return e * LN2_HIGH - ((half - (s * (half + p * z) + e * LN2_LOW)) - f)


def power(x: float, exponent: float) -> float:
    """x^exponent for x >= 0, by exp and log: within some units in the last place for moderate results."""
    return 1.0 if exponent == 0.0 else exp(exponent * log(x))
