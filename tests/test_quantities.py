"""Units and distributions: what a person writes becomes the number they meant, or an error that says what to write."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from simulator.mathematics.beta import beta_quantile
from simulator.mathematics.normal import inverse_normal, normal_cdf
from simulator.mathematics.philox import philox, uniform_at
from simulator.quantities import units
from simulator.quantities.distribution import discover, read_distribution
from simulator.quantities.number import Quantity, Uncertain
from simulator.quantities.units import QuantityError


@pytest.mark.parametrize(
    ("dimension", "text", "value"),
    [
        (units.MONEY, "1.25B", 1.25e9),
        (units.MONEY, "$3B", 3e9),
        (units.MONEY, "1,500 USD", 1500.0),
        (units.MONEY, "0", 0.0),
        (units.MONEY_PER_MONTH, "18B/yr", 1.5e9),
        (units.MONEY_PER_MONTH, "1.25B / month", 1.25e9),
        (units.MONEY_PER_YEAR, "7B/mo", 84e9),
        (units.SHARE, "7.5 %", 0.075),
        (units.SHARE, 0.075, 0.075),
        (units.HAZARD, "8 %/yr", 0.08),
        (units.REVERSION, "0.111 /mo", 1.332),
        (units.DECAY, "0.6 /yr", 0.05),
        (units.VOLATILITY, "50 %/yr", 0.5),
        (units.DRIFT, "0.085 log/mo", 1.02),
        (units.INTEREST, "6 %/yr nominal", 0.005),
        (units.INTEREST, "4.5 %/yr", 1.045 ** (1 / 12) - 1),
        (units.INTEREST, "0.25 log/yr", math.exp(0.25 / 12) - 1),
        (units.INTEREST, "1 %/mo", 0.01),
        (units.DURATION, "90 days", 90.0),
        (units.DURATION, "3 mo", 90.0),
        (units.MONTHS, "2 yr", 24.0),
        (units.UNIT_PRICE, "5.27 $/GPU-h", 5.27),
    ],
)
def test_a_value_with_its_unit_is_the_number_that_is_meant(
    dimension: units.Dimension, text: object, value: float
) -> None:
    assert Quantity(dimension).read(text) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize(
    ("dimension", "text", "words"),
    [
        (units.MONEY, 90, "no unit"),
        (units.MONEY, "90", "no unit"),
        (units.MONEY_PER_MONTH, "1.25B", "wanted"),
        (units.MONEY, "1.25B/mo", "wanted"),
        (units.DRIFT, "25 %/yr", "ambiguous"),
        (units.SHARE, "about half", "not a share"),
        (units.DURATION, "90", "wanted"),
        (units.MONEY, True, "true"),
        (units.MONEY, "1e999B", "finite"),
    ],
)
def test_a_value_in_the_wrong_unit_is_refused_with_a_remedy(
    dimension: units.Dimension, text: object, words: str
) -> None:
    with pytest.raises(QuantityError, match=words):
        Quantity(dimension).read(text)


def test_the_remedy_for_an_ambiguous_rate_is_the_exact_number() -> None:
    with pytest.raises(QuantityError) as caught:
        units.DRIFT.parse("25 %/yr")
    assert caught.value.hint is not None
    assert f"{math.log(1.25):.6g} log/yr" in caught.value.hint


def test_a_value_outside_its_range_is_refused() -> None:
    with pytest.raises(QuantityError, match="0 to 1"):
        Quantity(units.SHARE, low=0.0, high=1.0).read("120 %")


EXAMPLES = [
    ({"uniform": {"low": 1.0, "high": 3.0}}, stats.uniform(1, 2)),
    ({"normal": {"mean": 2.0, "sd": 0.5}}, stats.norm(2, 0.5)),
    ({"lognormal": {"mean": 2.0, "sd": 1.0}}, stats.lognorm(math.sqrt(math.log(1.25)), scale=2 / math.sqrt(1.25))),
    ({"triangular": {"low": 1.0, "mode": 1.5, "high": 4.0}}, stats.triang(0.5 / 3, 1, 3)),
    ({"pert": {"low": 1.0, "mode": 2.0, "high": 5.0}}, stats.beta(2.0, 4.0, 1, 4)),
    ({"beta": {"mean": 0.4, "sd": 0.2}}, stats.beta(2.0, 3.0)),
    ({"gamma": {"mean": 40.0, "sd": 20.0}}, stats.gamma(4.0, scale=10.0)),
    ({"gamma": {"mean": 0.5, "sd": 0.7}}, stats.gamma(0.25 / 0.49, scale=0.98)),
    ({"gamma": {"mean": 3.0, "sd": 0.1}}, stats.gamma(900.0, scale=1.0 / 300.0)),
    ({"exponential": {"mean": 35.0}}, stats.expon(scale=35.0)),
]


@pytest.mark.parametrize(("table", "reference"), EXAMPLES, ids=lambda x: next(iter(x)) if isinstance(x, dict) else "")
def test_a_law_has_the_quantiles_mean_and_distribution_of_its_reference(table: dict, reference: object) -> None:
    law, _ = read_distribution(table, units.NUMBER)
    u = np.linspace(0.001, 0.999, 997)
    np.testing.assert_allclose(law.ppf(u), reference.ppf(u), rtol=1e-9)
    assert law.mean() == pytest.approx(reference.mean(), rel=1e-9)
    for x in reference.ppf(np.array([0.1, 0.5, 0.93])):
        assert law.cdf(float(x)) == pytest.approx(float(reference.cdf(x)), rel=1e-9)
    monthly = law.monthly()
    if monthly is not None:
        scores = stats.norm.ppf(u) if monthly.score == "normal" else u
        np.testing.assert_allclose([monthly.law(float(s), *monthly.params) for s in scores], law.ppf(u), rtol=1e-9)


@given(
    st.floats(-5, 5), st.floats(0.1, 3), st.floats(0.25, 0.75),
    st.sampled_from([(-math.inf, math.inf), (0.0, math.inf), (0.0, 1.0)]),
)  # fmt: skip
def test_the_three_quantiles_of_a_metalog_are_the_ones_written(
    low: float, width: float, middle: float, bounds: tuple[float, float]
) -> None:
    y = np.array([low, low + middle * width, low + width])
    x = y if bounds[0] == -math.inf else np.exp(y) if bounds[1] == math.inf else 1 / (1 + np.exp(-y))
    p10, p50, p90 = (float(v) for v in x)
    try:
        number = Quantity(units.NUMBER, *bounds).read({"p10": p10, "p50": p50, "p90": p90})
    except QuantityError as refused:
        assert "no metalog" in str(refused)  # noqa: PT017
        return
    assert isinstance(number, Uncertain)
    np.testing.assert_allclose(number.draw(np.array([0.1, 0.5, 0.9])), x, rtol=1e-9, atol=1e-12)
    drawn = number.draw(np.linspace(1e-9, 1 - 1e-9, 2001))
    assert (np.diff(drawn) >= 0).all()
    assert ((drawn >= bounds[0]) & (drawn <= bounds[1])).all()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"gamma": {"mean": 0.0, "sd": 1.0}}, "mean > 0 and sd > 0"),
        ({"gamma": {"mean": 1.0}}, "needs `sd`"),
        ({"exponential": {"mean": -1.0}}, "mean > 0"),
        ({"exponential": 3.0}, "wants a table"),
    ],
)
def test_an_impossible_gamma_or_exponential_is_refused(table: dict, words: str) -> None:
    with pytest.raises(QuantityError, match=words):
        read_distribution(table, units.NUMBER)


def test_an_infeasible_triple_is_refused_with_a_remedy() -> None:
    with pytest.raises(QuantityError, match="no metalog") as caught:
        Quantity(units.NUMBER).read({"p10": 0.0, "p50": 0.01, "p90": 10.0})
    assert caught.value.hint


def test_truncation_conditions_and_does_not_clip() -> None:
    law, _ = read_distribution({"normal": {"mean": 0.0, "sd": 1.0}, "truncate": [0.0, 2.0]}, units.NUMBER)
    u = np.linspace(0.01, 0.99, 99)
    np.testing.assert_allclose(law.ppf(u), stats.truncnorm(0, 2).ppf(u), rtol=1e-9)
    assert law.mean() == pytest.approx(stats.truncnorm(0, 2).mean(), rel=1e-6)


def test_a_law_that_can_leave_the_range_of_its_key_is_refused() -> None:
    with pytest.raises(QuantityError, match="leave the valid range"):
        Quantity(units.SHARE, low=0.0, high=1.0).read({"normal": {"mean": 0.5, "sd": 0.1}})


def test_alternatives_take_the_heaviest_for_the_deterministic_path() -> None:
    number = Quantity(units.MONEY).read(
        {"alternatives": [{"value": "1B", "weight": 1}, {"value": "2B", "weight": 2}, {"value": "3B", "weight": 2}]}
    )
    assert isinstance(number, Uncertain)
    assert number.central() == 2e9
    drawn = number.draw(np.array([0.1, 0.19, 0.21, 0.59, 0.61, 0.99]))
    assert drawn.tolist() == [1e9, 1e9, 2e9, 2e9, 3e9, 3e9]


def test_a_whole_number_is_rounded_half_up_as_written() -> None:
    number = Quantity(units.DURATION, whole=True).read({"uniform": {"low": "1 days", "high": "3 days"}})
    assert isinstance(number, Uncertain)
    assert number.draw(np.array([0.24, 0.25, 0.74, 0.76])).tolist() == [1.0, 2.0, 2.0, 3.0]


def test_one_distribution_has_one_unit() -> None:
    with pytest.raises(QuantityError, match="mixes units"):
        Quantity(units.MONEY_PER_MONTH).read({"uniform": {"low": "1B/mo", "high": "18B/yr"}})


def test_every_law_is_found_and_has_its_own_file() -> None:
    laws = discover()
    assert set(laws) >= {"uniform", "triangular", "pert", "normal", "lognormal", "beta", "alternatives", "quantiles"}
    for tag, cls in laws.items():
        assert cls.__module__.endswith(f".{tag}")
        assert __import__(cls.__module__, fromlist=["x"]).__doc__


def test_the_inverse_normal_is_exact_over_the_whole_range() -> None:
    k = np.unique(np.concatenate([np.arange(4000), 2**32 - 1 - np.arange(4000), np.arange(0, 2**32, 2**32 // 20011)]))
    u = (k + 0.5) / 2.0**32
    got = np.array([inverse_normal(float(p)) for p in u])
    np.testing.assert_allclose(got, stats.norm.ppf(u), rtol=3e-14, atol=1e-15)
    assert np.isfinite(got).all()
    np.testing.assert_allclose([normal_cdf(float(z)) for z in got], u, rtol=1e-12)


@pytest.mark.parametrize(
    ("a", "b"), [(0.31, 5), (0.3, 0.3), (2, 3), (1, 1), (5, 1), (8, 0.5), (40, 60), (3, 800), (0.1, 2)]
)
def test_the_tabulated_beta_quantile_is_the_exact_one(a: float, b: float) -> None:
    tail = (np.arange(2000) + 0.5) / 2.0**32
    u = np.concatenate([[0.0, 1e-15], tail, np.random.default_rng(2).random(20_000)])
    np.testing.assert_allclose(beta_quantile(a, b, u), special.betaincinv(a, b, u), rtol=1e-8, atol=1e-300)
    rest = 1.0 - beta_quantile(a, b, 1.0 - tail)
    np.testing.assert_allclose(rest, special.betaincinv(b, a, tail), rtol=1e-8, atol=1e-15)
    assert (np.diff(beta_quantile(a, b, np.linspace(1e-6, 1 - 1e-6, 100_001))) >= 0).all()


def test_philox_gives_its_published_words() -> None:
    """The known answers of Random123 for philox4x32-10 (kat_vectors)."""
    zero, ones = np.uint64(0), np.uint64(0xFFFFFFFF)
    assert [int(w) for w in philox(zero, zero, zero, zero, zero, zero)] == [
        0x6627E8D5,
        0xE169C58D,
        0xBC57AC4C,
        0x9B00DBD8,
    ]
    assert [int(w) for w in philox(ones, ones, ones, ones, ones, ones)] == [
        0x408F276D,
        0x41C83B0E,
        0xA20BC7C6,
        0x6D5451FD,
    ]
    pi = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0)
    assert [int(w) for w in philox(*(np.uint64(x) for x in pi))] == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]


def test_a_uniform_is_strictly_inside_its_interval_and_has_an_address() -> None:
    draws = {
        (path, month, running): uniform_at(1.0, 0.0, 7.0, path, month, running)
        for path in (0, 1, 2**33)
        for month in (0, 1, 2, 3, 4, 59)
        for running in (0, 1)
    }
    assert len(set(draws.values())) == len(draws)
    assert all(0.0 < u < 1.0 for u in draws.values())
