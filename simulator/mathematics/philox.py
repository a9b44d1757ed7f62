"""Philox4x32-10, a counter-based generator (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC11). A draw has an address and no state travels: key = seed, counter = (path low, path high, month // 4 and the running
number within the month, stream); the four words of a block are the months month % 4 = 0 … 3.
"""

from __future__ import annotations

import numpy as np

STREAM_VERSION = 1  # a change of any draw is a change of this number and an entry in the changelog

MULTIPLIER_0, MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL_0, WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
LOW = np.uint64(0xFFFFFFFF)
SHIFT = np.uint64(32)
ROUNDS = 10


def philox(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> tuple[np.uint32, np.uint32, np.uint32, np.uint32]:
    """Four 32-bit words for a counter and a key of 32-bit words (each in a 64-bit integer).

    The state is held in 32 bits, which is what lets machine code multiply several paths' words at a time.
    """
    x0, x1, x2, x3 = np.uint32(c0 & LOW), np.uint32(c1 & LOW), np.uint32(c2 & LOW), np.uint32(c3 & LOW)
    for _ in range(ROUNDS):
        product_0 = MULTIPLIER_0 * np.uint64(x0)
        product_1 = MULTIPLIER_1 * np.uint64(x2)
        key_0, key_1 = np.uint32(k0 & LOW), np.uint32(k1 & LOW)
        x0, x1, x2, x3 = (
            np.uint32(np.uint32(product_1 >> SHIFT) ^ x1 ^ key_0),
            np.uint32(product_1 & LOW),
            np.uint32(np.uint32(product_0 >> SHIFT) ^ x3 ^ key_1),
            np.uint32(product_0 & LOW),
        )
        k0 = k0 + WEYL_0
        k1 = k1 + WEYL_1
    return x0, x1, x2, x3


def to_unit(word: np.uint32) -> float:
    """A 32-bit word as a number strictly inside (0, 1): (word + 1/2) / 2^32."""
    return (float(word) + 0.5) * 2.0**-32


def uniform_at(seed_low: float, seed_high: float, stream: float, path: int, month: int, running: int) -> float:
    """One uniform by its address; `running` counts further draws of the same stream within a month (0 = the first),
    below 2^16: laws take at most 64."""
    where = np.uint64(path)
    words = philox(
        where & LOW,
        where >> SHIFT,
        np.uint64((month >> 2) | (running << 16)),
        np.uint64(stream),
        np.uint64(seed_low),
        np.uint64(seed_high),
    )
    word = month & 3
    if word == 0:
        return to_unit(words[0])
    if word == 1:
        return to_unit(words[1])
    if word == 2:
        return to_unit(words[2])
    return to_unit(words[3])
