"""Floats taken apart, as plain Python; machine code does the same in one or two instructions (engine/jit.py)."""

from __future__ import annotations

import math
import struct

MAGIC = 6755399441055744.0  # 1.5 x 2^52: adding it rounds to an integer, which then stands in the lowest bits
ROOT_HALF_BITS = 0x3FE6A09E00000000  # of a float just below the root of a half


def scaled(x: float, shifted: float) -> float:
    """x times 2^k for shifted = k + MAGIC."""
    try:
        return math.ldexp(x, int(shifted - MAGIC))
    except (OverflowError, ValueError):  # not a number, or far out of range: the caller puts another value there
        return math.nan


def mantissa_and_exponent(x: float) -> tuple[float, float]:
    """(m, e) with x = m 2^e and m within about (0.7, 1.42), for a positive normal x."""
    (bits,) = struct.unpack("<q", struct.pack("<d", x))
    exponent = (bits - ROOT_HALF_BITS) >> 52
    (mantissa,) = struct.unpack("<d", struct.pack("<Q", (bits - (exponent << 52)) & 0xFFFFFFFFFFFFFFFF))
    return mantissa, float(exponent)
