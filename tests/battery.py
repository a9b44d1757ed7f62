"""Statistical tests of 32-bit words. Each gives a p-value: how likely words from a perfect source are at least as odd.

Two-sided: a fit that is too good is as odd as a bad one. Sources: Knuth, "The Art of Computer Programming" vol. 2, 3.3.2
(frequency, serial, gap, permutation, maximum of t); Marsaglia, "A current view of random number generators" (1985: birthday
spacings, ranks of binary matrices); L'Ecuyer & Simard, "On the performance of birthday spacings tests" (2001: which sizes the
Poisson law holds for); L'Ecuyer & Simard, "TestU01" (2007: Hamming weights).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import comb, factorial, sqrt
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

Words = npt.NDArray[np.uint32]
Counts = npt.NDArray[np.integer[Any]]


class Outcome(NamedTuple):
    name: str
    p: float


def two_sided(low: float, high: float) -> float:
    """From P(X <= x) and P(X >= x)."""
    return float(min(1.0, 2.0 * min(low, high)))


def normal(z: float) -> float:
    return two_sided(special.ndtr(z), special.ndtr(-z))


def chi_square(value: float, freedom: int) -> float:
    return two_sided(special.chdtr(freedom, value), special.chdtrc(freedom, value))


def poisson(count: int, mean: float) -> float:
    return two_sided(special.pdtr(count, mean), special.pdtrc(count - 1, mean) if count else 1.0)


def binomial(count: int, n: int, share: float) -> float:
    """By the beta function, so that rare events of very many tries keep their digits."""
    low = 1.0 if count == n else special.betaincc(count + 1, n - count, share)
    high = 1.0 if count == 0 else special.betainc(count, n - count + 1, share)
    return two_sided(low, high)


def fit(counts: Counts, shares: Any) -> float:
    """Pearson's chi-square; neighbouring cells below ten expected are put together."""
    if counts.sum() == 0:  # what should happen now and then never does
        return 0.0
    expected = np.asarray(shares) * counts.sum()
    cells: list[list[float]] = [[0.0, 0.0]]
    for seen, wanted in zip(counts, expected, strict=True):
        if cells[-1][1] >= 10.0:
            cells.append([0.0, 0.0])
        cells[-1][0] += float(seen)
        cells[-1][1] += float(wanted)
    if len(cells) > 1 and cells[-1][1] < 10.0:
        last = cells.pop()
        cells[-1][0] += last[0]
        cells[-1][1] += last[1]
    seen_, wanted_ = np.array(cells).T
    return chi_square(float(((seen_ - wanted_) ** 2 / wanted_).sum()), len(cells) - 1)


def even(cells: npt.NDArray[Any], count: int) -> float:
    """Chi-square of cell numbers that are all equally likely."""
    seen = np.bincount(cells.astype(np.int64), minlength=count)
    expected = cells.size / count
    return chi_square(float(((seen - expected) ** 2).sum()) / expected, count - 1)


def bits(w: Words) -> Iterator[Outcome]:
    """Ones at each of the 32 places."""
    ones = np.array([int(((w >> np.uint32(b)) & np.uint32(1)).sum()) for b in range(32)])
    yield Outcome("bits", chi_square(float(((2.0 * ones - w.size) ** 2).sum()) / w.size, 32))


def frequency(w: Words) -> Iterator[Outcome]:
    for byte in range(4):
        yield Outcome(f"byte {byte}", even((w >> np.uint32(8 * byte)) & np.uint32(255), 256))
    yield Outcome("highest 12 bits", even(w >> np.uint32(20), 4096))


def ends(w: Words) -> Iterator[Outcome]:
    """The lowest and the highest words, down to one in 2^14: the tails of every law are made of them."""
    for power in (6, 10, 14):
        edge = np.uint32(2 ** (32 - power))
        yield Outcome(f"lowest 2^-{power}", binomial(int((w < edge).sum()), w.size, 2.0**-power))
        yield Outcome(f"highest 2^-{power}", binomial(int((~w < edge).sum()), w.size, 2.0**-power))


def serial(w: Words) -> Iterator[Outcome]:
    """Pairs and triples that do not overlap, of the highest and of the lowest bits."""
    for name, take in (
        ("highest", lambda x, k: x >> np.uint32(32 - k)),
        ("lowest", lambda x, k: x & np.uint32(2**k - 1)),
    ):
        for size, each in ((2, 6), (3, 4)):
            parts = take(w[: w.size // size * size], each).reshape(-1, size).astype(np.int64)
            cells = sum(parts[:, j] << (each * j) for j in range(size))
            yield Outcome(f"{'pairs' if size == 2 else 'triples'} of the {name} bits", even(np.asarray(cells), 4096))


def correlation(w: Words) -> Iterator[Outcome]:
    """Products of uniforms some places apart."""
    u = (w.astype(np.float64) + 0.5) * 2.0**-32 - 0.5
    lags = (1, 2, 3, 4, 5, 8, 16, 60)
    z = [12.0 * float(np.dot(u[lag:], u[:-lag])) / sqrt(u.size - lag) for lag in lags]
    yield Outcome("correlation at eight lags", chi_square(sum(x * x for x in z), len(lags)))


def gaps(w: Words) -> Iterator[Outcome]:
    """Between words that begin with three noughts, and that end with them."""
    for name, hit in (("highest", w >> np.uint32(29) == 0), ("lowest", w & np.uint32(7) == 0)):
        between = np.minimum(np.diff(np.flatnonzero(hit)) - 1, 60)
        shares = [0.125 * 0.875**k for k in range(60)]
        yield Outcome(f"gaps, {name} bits", fit(np.bincount(between, minlength=61), [*shares, 0.875**60]))


def permutations(w: Words) -> Iterator[Outcome]:
    """The order of five words in a row: which of the 120."""
    fives = w[: w.size // 5 * 5].reshape(-1, 5)
    number = np.zeros(len(fives), dtype=np.int64)
    for j in range(4):
        number += (fives[:, j + 1 :] < fives[:, j : j + 1]).sum(axis=1) * factorial(4 - j)
    yield Outcome("order of five", even(number, 120))


def maximum(w: Words) -> Iterator[Outcome]:
    """The largest of eight: its eighth power is uniform."""
    largest = w[: w.size // 8 * 8].reshape(-1, 8).max(axis=1)
    yield Outcome("largest of eight", even(np.floor(((largest + 0.5) * 2.0**-32) ** 8 * 256), 256))


def _turned(w: Words) -> Words:
    """The bits of each word in the opposite order."""
    for shift, mask in ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F), (8, 0x00FF00FF)):
        m, s = np.uint32(mask), np.uint32(shift)
        w = ((w >> s) & m) | ((w & m) << s)
    return (w >> np.uint32(16)) | (w << np.uint32(16))


def birthdays(w: Words) -> Iterator[Outcome]:
    """1,024 days of a year of 2^32: spacings that occur again are Poisson, 1/16 on average."""
    for name, days in (("", w), (", bits turned round", _turned(w))):
        years = np.sort(days[: days.size // 1024 * 1024].reshape(-1, 1024), axis=1)
        spacings = np.sort(np.diff(years, axis=1), axis=1)
        again = int((np.diff(spacings, axis=1) == 0).sum())
        yield Outcome(f"birthday spacings{name}", poisson(again, len(years) * 1024.0**3 / 2.0**34))


def collisions(w: Words) -> Iterator[Outcome]:
    """Words that have been there before, in runs of 2^20; Poisson for so few."""
    run = min(w.size, 2**20)
    parts = w[: w.size // run * run].reshape(-1, run)
    again = sum(run - np.unique(part).size for part in parts)
    yield Outcome("collisions", poisson(again, len(parts) * (run - 2.0**32 * -np.expm1(run * np.log1p(-(2.0**-32))))))


def ranks(w: Words) -> Iterator[Outcome]:
    """Of 32 x 32 matrices over two elements: 32, 31 or less."""
    rows = w[: w.size // 32 * 32].reshape(-1, 32).T.copy()
    rank = np.zeros(rows.shape[1], dtype=np.int64)
    used = np.zeros(rows.shape, dtype=bool)
    for bit in range(32):
        has = ((rows >> np.uint32(bit)) & np.uint32(1)).astype(bool)
        free = has & ~used
        found = free.any(axis=0)
        pivot = free.argmax(axis=0)
        row = np.where(found, rows[pivot, np.arange(rows.shape[1])], np.uint32(0))
        chosen = np.zeros_like(used)
        chosen[pivot[found], np.flatnonzero(found)] = True
        rows ^= np.where(has & ~chosen, row, np.uint32(0))
        used |= chosen
        rank += found
    seen = np.bincount(np.maximum(rank, 30), minlength=33)[30:]
    full = float(np.prod(1.0 - 2.0 ** -np.arange(1.0, 33.0)))
    one_less = full * 2.0 * (1.0 - 2.0**-32)
    yield Outcome("ranks of matrices", fit(seen, [1.0 - full - one_less, one_less, full]))


ONES = np.array([k.bit_count() for k in range(2**16)], dtype=np.uint8)
SHARES = np.array([comb(32, k) for k in range(33)]) / 2.0**32  # of words with k ones


def ones_of(w: Words) -> npt.NDArray[np.uint8]:
    return ONES[w >> np.uint32(16)] + ONES[w & np.uint32(0xFFFF)]


def weights(w: Words) -> Iterator[Outcome]:
    """Few, some or many ones in each of four words in a row."""
    ones = ones_of(w)
    kind = np.where(ones < 15, 0, np.where(ones > 17, 2, 1))
    each = np.array([SHARES[:15].sum(), SHARES[15:18].sum(), SHARES[18:].sum()])
    fours = kind[: kind.size // 4 * 4].reshape(-1, 4)
    cells = ((fours[:, 0] * 3 + fours[:, 1]) * 3 + fours[:, 2]) * 3 + fours[:, 3]
    shares = np.einsum("a,b,c,d->abcd", each, each, each, each).ravel()
    yield Outcome("weights of four", fit(np.bincount(cells, minlength=81), shares))


TESTS: tuple[Callable[[Words], Iterator[Outcome]], ...] = (
    bits, frequency, ends, serial, correlation, gaps, permutations, maximum, birthdays, collisions, ranks, weights,
)  # fmt: skip


def judge(w: Words) -> list[Outcome]:
    """All tests on one sequence of words."""
    return [outcome for test in TESTS for outcome in test(w)]


def avalanche(changed: Words) -> Iterator[Outcome]:
    """Words before and after one bit of their address was flipped, as their exclusive or: every bit flips half the time."""
    yield from bits(changed)
    yield Outcome("how many flip", fit(np.bincount(ones_of(changed), minlength=33), SHARES))
