"""The normals that draws are turned into: all of them stand at (k + 1/2) / 2^32, so what their tails hold is known exactly.

The compiled draw step makes them here. All 2^32 of them, one by one: tests/campaigns/random_numbers.py.
"""

from __future__ import annotations

import math
from functools import cache

import mpmath
import numpy as np
import numpy.typing as npt
import pytest
from battery import Outcome, binomial, normal
from draws import LANES, normals, normals_of
from scipy import special

from simulator.mathematics.normal import CENTRE

ACCURACY = 1e-15  # relative, at every point of the grid; measured: 6.3e-16
HALF, ALL = 2**31, 2**32
ALPHA = 1e-6  # of each of the statistical tests below; 18 of them, a perfect source fails one of them in 55,000 seeds
RNG = np.random.default_rng(20261125)


@cache
def exact(k: int) -> mpmath.mpf:
    """The normal of a point in the lower half: Newton's method on the distribution function, 100 bits."""
    with mpmath.workprec(100):
        p = (mpmath.mpf(k) + 0.5) / ALL
        z = mpmath.mpf(float(special.ndtri(float(p))))
        for _ in range(2):
            step = (mpmath.ncdf(z) - p) / mpmath.npdf(z)
            z -= step / (1 + z * step / 2)
        return z


EDGE = round((0.5 - CENTRE) * ALL)  # where the formula of the centre takes over from that of the tail
WHERE = {
    "the last 1,000": np.arange(1000),
    "the tail, evenly in the logarithm": np.unique(2.0 ** RNG.uniform(0, 31, 2000)).astype(np.int64),
    "between": RNG.integers(0, HALF, 1500),
    "both sides of where the formulas meet": EDGE + np.arange(-300, 300),
    "next to the centre": HALF - 1 - np.unique(2.0 ** RNG.uniform(0, 20, 500)).astype(np.int64),
}


@pytest.mark.parametrize("where", WHERE)
def test_a_normal_of_the_grid_is_exact_to_fifteen_digits(where: str) -> None:
    k = WHERE[where]
    worst = max(float(abs(z / exact(n) - 1)) for n, z in zip(k.tolist(), normals_of(k).tolist(), strict=True))
    assert worst < ACCURACY


def test_the_last_2_to_the_16_of_either_end_are_those_of_another_implementation() -> None:
    k = np.arange(2**16)
    u = (k + 0.5) / ALL
    np.testing.assert_allclose(normals_of(k), special.ndtri(u), rtol=2 * ACCURACY, atol=0)
    np.testing.assert_allclose(normals_of(ALL - 1 - k), -special.ndtri(u), rtol=2 * ACCURACY, atol=0)


def neighbourhoods() -> npt.NDArray[np.int64]:
    """Runs of 2^16 points: the ends, the centre, where the formulas meet, and forty anywhere."""
    size = 2**16
    begins = [0, HALF - size, EDGE - size // 2, *RNG.integers(0, HALF - size, 40).tolist()]
    return np.array([np.arange(b, b + size) for b in begins])


def test_normals_rise_with_the_word_are_odd_about_a_half_and_finite() -> None:
    for k in neighbourhoods():
        z = normals_of(k)
        assert (np.diff(z) > 0).all()
        assert np.array_equal(normals_of(ALL - 1 - k), -z)
    first, last = normals_of(np.array([0, ALL - 1]))
    assert math.isfinite(first)
    assert first == -last
    assert abs(first - float(exact(0))) < 1e-14
    low, high = normals_of(np.array([HALF - 1, HALF]))
    assert low < 0 < high
    assert high - low == pytest.approx(math.sqrt(2 * math.pi) / ALL, rel=1e-12)


@pytest.mark.parametrize("sigma", range(1, 7))
def test_the_grid_holds_exactly_as_many_normals_beyond_each_sigma_as_the_law_says(sigma: int) -> None:
    beyond = points_beyond(sigma)
    inside, outside = normals_of(np.array([beyond, beyond - 1]))
    assert outside < -sigma < inside


def points_beyond(sigma: float) -> int:
    """How many of the 2^32 points lie below -sigma, and as many above sigma."""
    with mpmath.workprec(100):
        return int(mpmath.ceil(ALL * mpmath.ncdf(-sigma) - 0.5))


def test_the_same_word_gives_the_same_bits_wherever_it_stands() -> None:
    k = np.concatenate([np.arange(LANES // 4), RNG.integers(0, ALL, LANES - LANES // 4)])
    z = normals_of(k)
    for shift in (1, 2, 3, 4, 7, 8, 511, 512):
        assert np.array_equal(normals_of(np.roll(k, shift)), np.roll(z, shift))
    assert [normals_of(np.full(LANES, n))[LANES - 1] for n in k[:64].tolist()] == z[:64].tolist()


def test_moments_and_tails_of_eight_million_draws_are_those_of_the_law() -> None:
    """Powers one to six by their exact standard errors, numbers beyond 1 … 6 sigma by the exact share of the grid."""
    sums, below, above, count = np.zeros(7), np.zeros(7, dtype=int), np.zeros(7, dtype=int), 0
    for stream in ("revenue.level", "price.deviation", "revenue.noise", "rates.level"):
        z = normals(20261125, stream, np.arange(2**17), range(5, 21))
        count += z.size
        power = np.ones_like(z)
        for k in range(1, 7):
            power *= z
            sums[k] += power.sum()
            below[k] += int((z < -k).sum())
            above[k] += int((z > k).sum())
    assert below[5] + above[5] > 0  # the tails are reached
    moments = [1.0, 0.0, 1.0, 0.0, 3.0, 0.0, 15.0, 0.0, 105.0, 0.0, 945.0, 0.0, 10395.0]
    outcomes = [
        Outcome(
            f"mean of z^{k}",
            normal((sums[k] - count * moments[k]) / (count * (moments[2 * k] - moments[k] ** 2)) ** 0.5),
        )
        for k in range(1, 7)
    ]
    for k in range(1, 7):
        share = points_beyond(k) / ALL
        outcomes.append(Outcome(f"below -{k}", binomial(int(below[k]), count, share)))
        outcomes.append(Outcome(f"above {k}", binomial(int(above[k]), count, share)))
    assert not [outcome for outcome in outcomes if not outcome.p >= ALPHA]
