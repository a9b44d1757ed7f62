"""The gamma distribution, and what every distribution can do: truncate, three quantiles, whole numbers, exact expectations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from simulator.quantities import units
from simulator.quantities.distribution import Distribution, discover, read_distribution
from simulator.quantities.number import Quantity, Uncertain
from simulator.quantities.units import QuantityError

LAWS = {
    "uniform": {"low": 1.0, "high": 3.0},
    "triangular": {"low": 1.0, "mode": 1.5, "high": 4.0},
    "pert": {"low": 1.0, "mode": 2.0, "high": 5.0},
    "normal": {"mean": 2.0, "sd": 0.5},
    "lognormal": {"p10": 1.0, "p90": 4.0},
    "beta": {"mean": 2.0, "sd": 0.5, "low": 1.0, "high": 4.0},
    "gamma": {"mean": 2.0, "sd": 0.8},
    "quantiles": {"p10": 1.0, "p50": 2.0, "p90": 4.0},
    "alternatives": [{"value": 1.0, "weight": 3}, {"value": 2.0, "weight": 1}, {"value": 4.0, "weight": 2}],
}


def law_of(tag: str, **more: object) -> Distribution:
    return read_distribution({tag: LAWS[tag], **more}, units.NUMBER, (0.0, math.inf))[0]


def test_every_law_stands_in_this_file() -> None:
    assert set(LAWS) == set(discover())


@pytest.mark.parametrize("mean_sd", [(6.0, 2.4), (1.0, 1.5), (250.0, 3.0)], ids=str)
def test_a_gamma_has_its_quantiles_moments_and_distribution(mean_sd: tuple[float, float]) -> None:
    mean, sd = mean_sd
    by_moments, _ = read_distribution({"gamma": {"mean": mean, "sd": sd}}, units.NUMBER)
    shape, scale = (mean / sd) ** 2, sd**2 / mean
    by_shape, _ = read_distribution({"gamma": {"shape": shape, "scale": scale}}, units.NUMBER)
    reference = stats.gamma(shape, scale=scale)
    u = np.concatenate([np.linspace(0.001, 0.999, 199), [1e-9, 1 - 1e-9]])
    for law in (by_moments, by_shape):
        np.testing.assert_allclose(law.ppf(u), reference.ppf(u), rtol=1e-10)
        assert law.mean() == law.expectation() == pytest.approx(mean, rel=1e-14)
        assert law.support() == (0.0, math.inf)
        for x in (0.0, 0.5 * mean, mean, 3 * mean):
            assert law.cdf(x) == pytest.approx(float(reference.cdf(x)), rel=1e-12, abs=1e-300)
    monthly = by_shape.monthly()
    assert (monthly is None) == (shape < 0.5)
    if monthly is not None:
        np.testing.assert_allclose([monthly.law(float(x), *monthly.params) for x in u], reference.ppf(u), rtol=1e-9)


def test_a_gamma_by_hand() -> None:
    """Shape 1 is the exponential: the median of mean 2 is 2 ln 2; shape 2, scale 1 has P(X <= x) = 1 - (1 + x) e^-x."""
    one, _ = read_distribution({"gamma": {"mean": 2.0, "sd": 2.0}}, units.NUMBER)
    assert float(one.ppf(np.array([0.5]))[0]) == pytest.approx(2 * math.log(2), rel=1e-14)
    two, _ = read_distribution({"gamma": {"shape": 2, "scale": 1.0}}, units.NUMBER)
    assert two.cdf(3.0) == pytest.approx(1 - 4 * math.exp(-3), rel=1e-14)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"mean": 0.0, "sd": 1.0}, "mean > 0"),
        ({"shape": 2.0, "scale": -1.0}, "scale > 0"),
        ({"shape": 2.0}, "needs `scale`"),
        ({"mean": 1.0, "shape": 2.0}, "needs `scale` and has no `mean`"),
        ({"shape": "2", "scale": 1.0}, "plain number"),
        ({"mean": 1.0, "sd": 1e-6}, "shape"),
    ],
)
def test_an_impossible_gamma_is_refused(table: dict[str, object], words: str) -> None:
    with pytest.raises(QuantityError, match=words):
        read_distribution({"gamma": table}, units.NUMBER)


def test_a_gamma_carries_units_and_cannot_be_negative() -> None:
    number = Quantity(units.MONEY, low=0.0).read({"gamma": {"mean": "2B", "sd": "1B"}})
    assert isinstance(number, Uncertain)
    assert number.central() == 2e9
    with pytest.raises(QuantityError, match="leave the valid range"):
        Quantity(units.SHARE, low=0.0, high=1.0).read({"gamma": {"mean": "20 %", "sd": "5 %"}})


@pytest.mark.parametrize("tag", sorted(LAWS))
def test_truncation_is_the_law_conditioned_on_the_interval(tag: str) -> None:
    """P(X <= x | a <= X <= b) = (F(x) - F(a-)) / (F(b) - F(a-)), read off 100,000 evenly spaced uniforms."""
    whole, low, high = law_of(tag), 1.2, 3.1
    law = law_of(tag, truncate=[low, high])
    u = (np.arange(100_000) + 0.5) / 100_000
    drawn = law.ppf(u)
    assert drawn.min() >= low
    assert drawn.max() <= high
    for x in (1.5, 2.0, 2.7):
        wanted = (whole.cdf(x) - whole.cdf(low)) / (whole.cdf(high) - whole.cdf(low))
        assert np.mean(drawn <= x) == pytest.approx(wanted, abs=2e-5)
        assert law.cdf(x) == pytest.approx(wanted, rel=1e-9)
    assert law.expectation() == pytest.approx(drawn.mean(), rel=1e-5)


@pytest.mark.parametrize("tag", sorted(set(LAWS) - {"alternatives"}))
def test_the_expectation_is_the_integral_of_the_quantile_function(tag: str) -> None:
    law = law_of(tag)

    def integrand(z: float) -> float:
        return float(law.ppf(np.array([stats.norm.cdf(z)]))[0]) * math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)

    wanted, _ = integrate.quad(integrand, -7.5, 7.5, limit=400, epsabs=1e-12)
    assert law.expectation() == pytest.approx(wanted, rel=1e-7)


def test_alternatives_on_the_ends_of_an_interval_stay() -> None:
    law = law_of("alternatives", truncate=[1.0, 2.0])
    assert law.ppf(np.array([0.74, 0.76])).tolist() == [1.0, 2.0]
    assert law_of("alternatives").expectation() == pytest.approx(13 / 6)
    assert law.expectation() == pytest.approx(1.25)


@pytest.mark.parametrize("tag", sorted(LAWS))
def test_whole_numbers_are_drawn_real_and_rounded_half_up(tag: str) -> None:
    number = Quantity(units.MONTHS, whole=True).read(
        {tag: {k: f"{v} mo" for k, v in LAWS[tag].items()}}
        if tag != "alternatives"
        else {tag: [{"value": "1.5 mo", "weight": 1}, {"value": "2.49 mo", "weight": 1}]}
    )
    assert isinstance(number, Uncertain)
    u = np.linspace(0.001, 0.999, 999)
    real = number.law.ppf(u)
    assert number.draw(u).tolist() == np.floor(real + 0.5).tolist()
    assert any(abs(x % 1 - 0.5) < 0.3 for x in real)


@pytest.mark.parametrize("bounds", [(-math.inf, math.inf), (0.0, math.inf), (0.0, 10.0)], ids=str)
def test_a_triple_that_no_metalog_has_is_refused_for_every_kind_of_key(bounds: tuple[float, float]) -> None:
    with pytest.raises(QuantityError, match="no metalog has these three quantiles"):
        Quantity(units.NUMBER, *bounds).read({"p10": 1.0, "p50": 1.001, "p90": 9.0})
