"""Numbers that are not known: a path with uncertain inputs is a path of the file with the drawn numbers written in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from worlds import alike, live, still, world

CASH = 'opening.cash={{ uniform = {{ low = "{}B", high = "{}B" }} }}'
UNSURE = (
    CASH.format(2, 7),
    'contracts.big.fee={ triangular = { low = "0.3B/mo", mode = "0.5B/mo", high = "0.9B/mo" } }',
    'default.cure={ uniform = { low = "0 days", high = "90 days" } }',
    'price.volatility={ p10 = "30 %/yr", p50 = "50 %/yr", p90 = "70 %/yr" }',
)
KEYS = {  # key -> (how its number is written in a file, how many of that unit one of the engine's is)
    "opening.cash": ("${}", 1.0),
    "contracts.big.fee": ("${}/mo", 1.0),
    "default.cure": ("{} days", 1.0),
    "price.volatility": ("{} %/yr", 100.0),
}


def test_a_path_of_uncertain_inputs_is_that_path_of_the_file_with_its_numbers() -> None:
    unsure = live(*UNSURE, every=True, paths=40)
    assert set(unsure.inputs) == set(KEYS)
    for path in (0, 7, 19, 33):
        written = [
            f"{key}={form.format(repr(float(unsure.inputs[key][path]) * factor))}"
            for key, (form, factor) in KEYS.items()
        ]
        sure = live(*written, every=True, paths=40)
        for slot, values in sure.kept.items():
            if slot in unsure.kept:
                np.testing.assert_allclose(
                    unsure[slot][:, path], values[:, path], rtol=1e-9, atol=10.0, err_msg=f"{slot}, path {path}"
                )
        assert unsure.ends[path] == sure.ends[path]
        assert unsure.causes[path] == sure.causes[path]


def test_alternatives_that_are_alike_are_the_number() -> None:
    same = 'opening.cash={ alternatives = [{ value = "4B", weight = 0.5 }, { value = "4B", weight = 0.5 }] }'
    assert alike(live(same), live())


def test_a_range_without_width_is_nearly_the_number() -> None:
    narrow = live(CASH.format("3.9999999999", "4.0000000001"))
    assert np.array_equal(narrow.ends, live().ends)


def test_the_draws_of_an_input_do_not_depend_on_other_inputs() -> None:
    alone, among = live(UNSURE[0]), live(*UNSURE)
    assert np.array_equal(alone.inputs["opening.cash"], among.inputs["opening.cash"])


def test_two_inputs_are_drawn_independently_and_a_shared_one_once() -> None:
    two = live(*UNSURE, paths=4096)
    ranks = [np.argsort(np.argsort(two.inputs[key])) / 4096 - 0.5 for key in ("opening.cash", "contracts.big.fee")]
    assert abs(np.mean(ranks[0] * ranks[1]) * 12) < 4.4 / 64  # false alarm 1e-5
    shared = live(
        "inputs.level={ uniform = { low = 0.8, high = 1.2 } }",
        *(f'contracts.{c}.scale={{ input = "level" }}' for c in ("big", "small")),
    )
    draws = [shared.inputs[key] for key in shared.inputs]
    assert all(np.array_equal(draws[0], draw) for draw in draws)
    assert draws[0].std() > 0.05


def test_a_law_that_lies_higher_draws_higher_on_every_path() -> None:
    low, high = (live(CASH.format(a, a + 4)).inputs["opening.cash"] for a in (2, 3))
    np.testing.assert_allclose(high - low, 1e9, rtol=1e-9)


def test_uncertain_cash_that_lies_higher_never_brings_default_forward() -> None:
    low, high = (live(CASH.format(a, a + 4)).ends for a in (1, 3))
    assert (high >= low).all()
    assert (high > low).any()


@settings(max_examples=8)
@given(low=st.floats(0.01, 0.45), high=st.floats(0.55, 0.99))
def test_a_truncated_law_is_the_law_on_the_paths_that_it_leaves(low: float, high: float) -> None:
    law = "operations.partner_share={{ normal = {{ mean = 0.5, sd = 0.3 }}, truncate = [{!r}, {!r}] }}"
    drawn = live(law.format(low, high), paths=256).inputs["operations.partner_share"]
    assert low <= drawn.min() < drawn.max() <= high
    cut = stats.truncnorm((low - 0.5) / 0.3, (high - 0.5) / 0.3, 0.5, 0.3)
    # Kolmogorov-Smirnov at 256 draws: 0.15 is exceeded by a right program with probability 2e-5
    assert stats.kstest(drawn, cut.cdf).statistic < 0.15


@settings(max_examples=8)
@given(mid=st.floats(3.0, 5.0), below=st.floats(0.4, 1.0), above=st.floats(0.4, 1.0))
def test_three_quantiles_are_hit_by_their_shares_of_the_draws(mid: float, below: float, above: float) -> None:
    """A tenth below p10, half below p50, nine tenths below p90: 1,024 draws, 4.4 standard errors, false alarm 1e-5 each."""
    low, high = mid - below, mid + above
    law = f'opening.cash={{ p10 = "${low * 1e9!r}", p50 = "${mid * 1e9!r}", p90 = "${high * 1e9!r}" }}'
    drawn = live(law).inputs["opening.cash"] / 1e9
    assert drawn.min() > 0
    for share, level in ((0.1, low), (0.5, mid), (0.9, high)):
        assert abs(np.mean(drawn < level) - share) < 4.4 * np.sqrt(share * (1 - share) / 1024)


@pytest.mark.parametrize(
    ("law", "centre"),
    [
        ('{ uniform = { low = "2B", high = "7B" } }', 4.5),
        ('{ triangular = { low = "2B", mode = "3B", high = "7B" } }', 4.0),
        ('{ pert = { low = "2B", mode = "3B", high = "7B" } }', 3.5),
        ('{ normal = { mean = "4B", sd = "0.5B" }, truncate = ["3B", "5B"] }', 4.0),
        ('{ alternatives = [{ value = "2B", weight = 0.3 }, { value = "6B", weight = 0.7 }] }', 6.0),
    ],
)
def test_without_chance_an_input_stands_at_its_centre(law: str, centre: float) -> None:
    assert still(f"opening.cash={law}")["cash"][0] == pytest.approx(centre * 1e9, rel=1e-9)


@pytest.mark.parametrize(
    "law", ['{ lognormal = { p10 = "3B", p90 = "6B" } }', '{ p10 = "3B", p50 = "4B", p90 = "6B" }']
)
def test_a_tenth_lies_below_p10_and_a_tenth_above_p90(law: str) -> None:
    known = world(f"opening.cash={law}").opening.cash.law
    np.testing.assert_allclose(known.ppf(np.array([0.1, 0.9])), [3e9, 6e9], rtol=1e-9)


def test_whole_days_are_drawn_whole() -> None:
    drawn = live('default.cure={ uniform = { low = "0 days", high = "90 days" } }').inputs["default.cure"]
    assert np.array_equal(drawn, np.round(drawn))
    assert len(np.unique(drawn)) > 80
