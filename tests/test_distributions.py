"""The gamma distribution, and what every distribution can do: truncate, three quantiles, whole numbers, exact expectations."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate, stats
from simulated import simulate

from simulator.mathematics.beta import beta_quantile
from simulator.mathematics.beta import table as table_of_beta
from simulator.quantities import units
from simulator.quantities.distribution import Distribution, discover, read_distribution
from simulator.quantities.number import Quantity, Uncertain
from simulator.quantities.units import QuantityError
from simulator.scenario.diagnostics import ScenarioError
from simulator.scenario.model import Scenario

LAWS = {
    "uniform": {"low": 1.0, "high": 3.0},
    "triangular": {"low": 1.0, "mode": 1.5, "high": 4.0},
    "pert": {"low": 1.0, "mode": 2.0, "high": 5.0},
    "normal": {"mean": 2.0, "sd": 0.5},
    "lognormal": {"p10": 1.0, "p90": 4.0},
    "beta": {"mean": 2.0, "sd": 0.5, "low": 1.0, "high": 4.0},
    "gamma": {"mean": 2.0, "sd": 0.8},
    "exponential": {"mean": 2.0},
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


MONTHLY = {
    "beta": '{ beta = { mean = "2M/mo", sd = "0.5M/mo", low = "1M/mo", high = "4M/mo" } }',
    "pert": '{ pert = { low = "1M/mo", mode = "2M/mo", high = "5M/mo" } }',
    "gamma": '{ gamma = { mean = "2M/mo", sd = "0.8M/mo" } }',
    "cut-normal": '{ normal = { mean = "2M/mo", sd = "0.5M/mo" }, truncate = ["1.5M/mo", "3M/mo"] }',
    "cut-metalog": '{ p10 = "1M/mo", p50 = "2M/mo", p90 = "4M/mo", truncate = ["0.5M/mo", "3M/mo"] }',
    "cut-beta": '{ beta = { mean = "2M/mo", sd = "0.5M/mo", low = "1M/mo", high = "4M/mo" }, truncate = ["1.2M/mo", "2M/mo"] }',
}


def test_every_law_can_be_drawn_every_month(scenario: Callable[[str], Scenario]) -> None:
    """Kolmogorov-Smirnov distance of a month's draws from the law, at 499 of its quantiles, at a level of 1e-4 each."""
    flows = "".join(f'[flows.{name}]\ntype = "random"\namount = {law}\n' for name, law in MONTHLY.items())
    file = scenario('[calendar]\nstart = "2026-11"\nmonths = 3\n[opening]\ncash = "1B"\n' + flows)
    slots = [f"flows.{name}.paid_out" for name in MONTHLY]
    _, kept = simulate(file, *slots, paths=16_384)
    amounts = {e.name: e.component.amount for e in file.entries}
    for name, slot in zip(MONTHLY, slots, strict=True):
        law = amounts[f"flows.{name}"].number.law
        share = np.linspace(0.002, 0.998, 499)
        distance = np.abs(np.searchsorted(np.sort(kept[slot][2]), law.ppf(share)) / 16_384 - share).max()
        assert distance < 2.23 / math.sqrt(16_384), name
        assert abs(np.corrcoef(kept[slot][1], kept[slot][2])[0, 1]) < 4 / math.sqrt(16_384), name


def test_the_table_of_a_beta_solves_its_equation_to_twelve_digits_out_to_the_last_draw() -> None:
    import mpmath

    places = np.linspace(0, 2048, 5).astype(int)
    with mpmath.workdps(60):
        for a, b in ((0.3, 0.3), (0.3, 50), (2.5, 7), (30, 30), (20, 0.9)):
            values = table_of_beta(a, b)[0]  # type: ignore[index]
            for k in places.tolist():
                x = 1 / (1 + mpmath.exp(-mpmath.mpf(values[k])))
                below = mpmath.betainc(a, b, 0, x, regularized=True)
                above = mpmath.betainc(b, a, 0, 1 - x, regularized=True)
                assert abs(mpmath.log(below) - mpmath.log(above) - (-24 + 48 * k / 2048)) < 1e-12 * 24


@pytest.mark.parametrize(("a", "b"), [(700.0, 3.0), (5000.0, 4000.0), (1e5, 0.5), (0.3, 3000.0)])
def test_the_table_of_a_narrow_beta_is_the_inverse_of_its_distribution_function(a: float, b: float) -> None:
    u = np.linspace(0.001, 0.999, 999)
    np.testing.assert_allclose(stats.beta.cdf(beta_quantile(a, b, u), a, b), u, atol=1e-9)


def test_the_scalar_quantile_of_a_beta_is_the_one_of_inputs() -> None:
    u = (np.array([0, 1, 5, 10**3, 2**20, 2**31, 2**32 - 2**20, 2**32 - 1]) + 0.5) / 2.0**32
    for tag in ("beta", "pert"):
        law = law_of(tag)
        monthly = law.monthly()
        assert monthly is not None
        np.testing.assert_allclose([monthly.law(float(x), *monthly.params) for x in u], law.ppf(u), rtol=1e-13)


def test_a_law_that_has_no_monthly_form_is_refused_with_a_remedy(scenario: Callable[[str], Scenario]) -> None:
    law = '{ beta = { mean = "0.2M/mo", sd = "0.3M/mo", low = "0M/mo", high = "1M/mo" } }'
    with pytest.raises(ScenarioError) as raised:
        scenario(f'[opening]\ncash = "1B"\n[flows.x]\ntype = "random"\namount = {law}\n')
    assert "`beta` cannot be drawn every month, with these numbers" in raised.value.diagnostics[0].message


@pytest.mark.parametrize("tag", sorted(LAWS))
def test_the_monthly_form_of_a_truncated_law_is_its_quantile_function(tag: str) -> None:
    u = np.linspace(0.001, 0.999, 301)
    for table, valid in ((LAWS[tag], (0.0, math.inf)), (LAWS[tag], (-math.inf, math.inf)), (LAWS[tag], (0.0, 10.0))):
        law, _ = read_distribution({tag: table, "truncate": [1.2, 3.1]}, units.NUMBER, valid)
        monthly = law.monthly()
        assert monthly is not None
        scores = u if monthly.score == "uniform" else stats.norm.ppf(u)
        np.testing.assert_allclose([monthly.law(float(x), *monthly.params) for x in scores], law.ppf(u), rtol=1e-9)


def test_sizes_of_events_may_be_truncated(scenario: Callable[[str], Scenario]) -> None:
    """About a hundred events a path: their sum has the mean of the truncated law, and none lies outside of it."""
    amount = '{ normal = { mean = "2M", sd = "1M" }, truncate = ["1M", "2.5M"] }'
    events = f'[flows.x]\ntype = "arrivals"\nrate = "50 /yr"\namount = {amount}\n'
    rounds = f'[financing.r]\ntype = "priced_round"\nevery = "1 mo"\nsize = {amount}\n'
    head = '[calendar]\nstart = "2026-11"\nmonths = 24\n[opening]\ncash = "1B"\n'
    columns, kept = simulate(scenario(head + events + rounds), "flows.x.paid_out", paths=4096)
    law = stats.truncnorm(-1, 0.5, loc=2e6, scale=1e6)
    for count, total in (
        (columns["x.events"], kept["flows.x.paid_out"][1:].sum(axis=0)),
        (columns["r.rounds"], columns["raised"]),
    ):
        assert np.all((total >= 1e6 * count * (1 - 1e-12)) & (total <= 2.5e6 * count * (1 + 1e-12)))
        off = total.sum() - law.mean() * count.sum()
        assert abs(off) < 4 * law.std() * math.sqrt(count.sum())
