"""The quantile of chi-square and the t distribution function, as the kernels compute them, against scipy and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

from simulator.mathematics.chi_square import inverse_gamma, t_scale
from simulator.mathematics.normal import inverse_normal
from simulator.mathematics.student import t_cdf, t_tail, t_to_normal

FREEDOM = (1.0, 1.5, 2.0, 3.0, 4.0, 5.5, 8.0, 15.0, 30.0, 100.0, 1000.0)
POWERS = (2.0 ** np.arange(1, 32, 0.25)).astype(int)
ENDS = np.arange(40)
WORDS = np.unique(np.concatenate([ENDS, 2**32 - 1 - ENDS, POWERS, 2**32 - POWERS, np.arange(0, 2**32, 2**32 // 997)]))
UNIFORMS = (WORDS + 0.5) / 2.0**32  # every kind of uniform a stream can give, the extremes included


def constants(freedom: float) -> tuple[float, float]:
    return float(special.gammaln(freedom / 2)), float(special.betaln(freedom / 2, 0.5))


@pytest.mark.parametrize("freedom", FREEDOM)
def test_the_chi_square_quantile_is_exact_over_the_whole_range(freedom: float) -> None:
    """Relative error at most 4e-13 (measured: 2e-13 at 1000 degrees of freedom, 2e-14 up to 8)."""
    a, log_gamma = freedom / 2, constants(freedom)[0]
    got = np.array([inverse_gamma(float(u), a, log_gamma) for u in UNIFORMS])
    lower = special.gammaincinv(a, UNIFORMS)
    wanted = np.where(UNIFORMS <= 0.5, lower, special.gammainccinv(a, 1.0 - UNIFORMS))
    np.testing.assert_allclose(got, wanted, rtol=4e-13)
    assert (np.diff(got) > 0).all()


@pytest.mark.parametrize("freedom", FREEDOM)
def test_the_normal_score_of_a_t_is_exact_to_seven_sigma(freedom: float) -> None:
    """Absolute error of the score at most 5e-12 (measured: 2e-12 at 1000 degrees of freedom, 8e-15 up to 300). Wanted beyond
    0.01 only: nearer to 0 scipy's own t loses digits, and there the closed forms below are exact."""
    log_beta = constants(freedom)[1]
    z = np.linspace(0.01, 7.0, 400)
    t = stats.t(freedom).isf(stats.norm.sf(z))
    wanted = stats.norm.isf(stats.t(freedom).sf(t))
    got = [t_to_normal(float(x), freedom, log_beta) for x in t]
    np.testing.assert_allclose(got, wanted, atol=5e-12)
    np.testing.assert_allclose([t_to_normal(-float(x), freedom, log_beta) for x in t], -wanted, atol=5e-12)


def test_the_t_of_few_degrees_of_freedom_has_its_closed_forms() -> None:
    """ν = 1: F = 1/2 + atan(t)/π; ν = 2: F = 1/2 + t / (2 sqrt(2 + t²)); ν = 4 at t = 2: F = 1/2 + (3/8)(2/sqrt(2))(1 - 1/6).
    By hand, ν = 1: F(1) = 3/4; ν = 2: F(sqrt 2) = 1/2 + 1/(2 sqrt 2) = 0.853553."""
    for t in (-3e7, -20.0, -1.0, -1e-9, 0.0, 1e-9, 0.3, 1.0, 8.0, 1e6):
        one = 0.5 + math.atan(t) / math.pi if abs(t) < 1e3 else (0.0 if t < 0 else 1.0) - 1 / (math.pi * t)
        assert t_cdf(t, 1.0, constants(1.0)[1]) == pytest.approx(one, rel=1e-13, abs=1e-16)
    for t in (-4.0, -0.1, 0.0, 1e-9, 1.4142135623730951, 5.0):
        two = 0.5 + t / (2 * math.sqrt(2 + t * t))
        assert t_cdf(t, 2.0, constants(2.0)[1]) == pytest.approx(two, rel=1e-13)
    assert t_cdf(1.0, 1.0, constants(1.0)[1]) == pytest.approx(0.75, rel=1e-14)
    assert t_cdf(math.sqrt(2), 2.0, constants(2.0)[1]) == pytest.approx(0.8535533905932737, rel=1e-14)
    s = 2 / math.sqrt(1 + 4 / 4) / 2  # sin of the angle, Abramowitz & Stegun 26.7.4
    assert t_cdf(2.0, 4.0, constants(4.0)[1]) == pytest.approx(0.5 + 0.5 * s * (1 + 0.5 * (1 - s * s)), rel=1e-14)


def test_a_tail_keeps_its_digits_however_small_it_is() -> None:
    """P(T > t) for ν = 1 tends to 1/(π t): 3.18e-13 at 1e12, far below what 1 - F could say."""
    assert t_tail(1e12, 1.0, constants(1.0)[1]) == pytest.approx(1 / (math.pi * 1e12), rel=1e-12)
    assert t_tail(40.0, 30.0, constants(30.0)[1]) == pytest.approx(float(stats.t(30).sf(40.0)), rel=1e-12)


def test_with_many_degrees_of_freedom_a_t_score_is_the_normal_one() -> None:
    """t = x sqrt(ν/W) comes back as x up to O(ν^-1/2), the spread of W: at ν = 1e4 a hundredth of that at ν = 1."""
    u, x = UNIFORMS[::60], np.linspace(-4, 4, 21)

    def furthest(freedom: float) -> float:
        log_gamma, log_beta = constants(freedom)
        scale = [t_scale(float(p), freedom, log_gamma) for p in u if 1e-3 < p < 1 - 1e-3]
        return max(abs(t_to_normal(float(v) * s, freedom, log_beta) - v) for v in x for s in scale)

    assert furthest(1e4) < 0.15
    assert furthest(1e2) / furthest(1e4) == pytest.approx(10.0, rel=0.25)


@pytest.mark.parametrize("freedom", [1.0, 3.0, 8.0, 40.0])
def test_a_normal_times_the_scale_is_a_t(freedom: float) -> None:
    """P(x scale > t) = ∫ Φ(-t / scale(u)) du is the tail of the t distribution: both kernels by one identity (Gauss-Legendre in
    the normal score of u)."""
    nodes, weights = np.polynomial.legendre.leggauss(400)
    scores = 6.2 * nodes
    density = 6.2 * weights * np.exp(-0.5 * scores**2) / math.sqrt(2 * math.pi)
    log_gamma, log_beta = constants(freedom)
    scale = np.array([t_scale(float(p), freedom, log_gamma) for p in special.ndtr(scores)])
    for z in (0.1, 1.0, 2.5, 4.0):
        t = float(stats.t(freedom).isf(special.ndtr(-z)))
        mixed = float(np.sum(density * special.ndtr(-t / scale)))
        assert mixed == pytest.approx(t_tail(t, freedom, log_beta), rel=2e-5)
        assert inverse_normal(mixed) == pytest.approx(-t_to_normal(t, freedom, log_beta), abs=1e-5)
