"""Revenue and price: what stands still without chance, what a parameter can only raise or lower, what is the same law twice."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import LAB, alike, live, still

RATE, PRICE = "revenue.run_rate", "price.index"
FREE = "dependence=none"
GBM = 'revenue={ type = "geometric_brownian", run_rate = "20B/yr", growth = "0.1 log/yr", volatility = "25 %/yr" }'
TWO = (
    'revenue={{ type = "regime_switching", run_rate = "20B/yr", regimes = [{names}], initial = "boom", '
    "sojourn = [{stay}], growth = [{growth}], volatility = [{volatility}] }}"
)
JUMPS = {
    "merton_jumps": '{{ rate = "{} /yr", mean = -0.1, sd = 0.2 }}',
    "kou_jumps": '{{ rate = "{} /yr", up_share = 0.4, up_mean = 0.1, down_mean = 0.2 }}',
}


def driven(*settings: str, slot: str = RATE) -> np.ndarray:
    return live(*settings, "default.stop_at_default=false", keep=(slot,))[slot]


def test_without_chance_every_path_is_the_path_of_check() -> None:
    calm = (
        "revenue.volatility=0 %/yr", "revenue.noise=none", "revenue.customer_loss.hazard=0 %/yr", "price.volatility=0 %/yr",
        "flows.settlement.probability=0.0", "flows.other=none", FREE, "financing.rounds.success=0.0",
        "financing.listing=none", "financing.partner.probability=1.0",
    )  # fmt: skip
    lives, path = live(*calm, every=True), still(*calm)
    chances = {f"financing.rounds.{name}" for name in ("chances", "failed", "failed:total")}  # they come to nothing
    moved = {*chances, "market.state"}
    slots = set(lives.kept) & set(path) - moved
    assert len(slots) > 110
    for slot in sorted(slots):
        assert np.allclose(lives[slot], path[slot][:, None], rtol=1e-12, atol=1e-3, equal_nan=True), slot


def test_a_hazard_of_nought_loses_no_customer() -> None:
    assert alike(live("revenue.customer_loss.hazard=0 %/yr"), live("revenue.customer_loss=none"))


@pytest.mark.parametrize("family", ["revenue", "price"])
@pytest.mark.parametrize("clause", JUMPS)
def test_a_rate_of_nought_never_jumps(family: str, clause: str) -> None:
    quiet = live(FREE, f"{family}.{clause}={JUMPS[clause].format(0)}", keep=(RATE, PRICE))
    assert alike(quiet, live(FREE, keep=(RATE, PRICE)), rtol=1e-12, atol=1e-3)


def test_jumps_of_nought_are_none() -> None:
    still_jumps = '{ rate = "9 /yr", mean = 0.0, sd = 0.0 }'
    for family in ("revenue", "price"):
        assert alike(live(FREE, f"{family}.merton_jumps={still_jumps}"), live(FREE), rtol=1e-9, atol=10.0)


def test_a_higher_hazard_never_loses_fewer_customers() -> None:
    worlds = [
        live(f"revenue.customer_loss.hazard={h} %/yr", "default.stop_at_default=false", keep=(RATE,))
        for h in (10, 40, 90)
    ]
    for low, high in itertools.pairwise(worlds):
        assert (high["customers_lost"] >= low["customers_lost"]).all()
        assert (high[RATE] <= low[RATE] * (1 + 1e-12)).all()


def test_a_customer_is_lost_with_the_probability_of_the_hazard() -> None:
    slots = ("revenue.customer_loss.event", "revenue.customer_loss.events")
    lives = live("default.stop_at_default=false", keep=slots)
    assert np.array_equal(lives[slots[1]][1:] == 1, lives[slots[0]][1:] < -math.expm1(-0.4 / 12))


def test_a_loss_takes_its_share_and_nothing_comes_back() -> None:
    with_loss, without = driven(), driven("revenue.customer_loss=none")
    lost = np.log(with_loss / without) / np.log(0.9)
    assert np.allclose(lost, np.round(lost), atol=1e-9)
    assert (np.diff(np.round(lost), axis=0) >= 0).all()
    assert (np.diff(np.round(lost), axis=0) <= 1).all()


@settings(max_examples=6)
@given(growth=st.integers(-20, 20), more=st.integers(1, 20))
def test_more_growth_never_lowers_revenue(growth: int, more: int) -> None:
    low, high = (driven(f"revenue.growth={x / 100} log/mo") for x in (growth, growth + more))
    assert (high[2:] > low[2:]).all()


def test_twice_the_revenue_now_is_twice_the_revenue_ever_after_to_the_last_bit() -> None:
    assert np.array_equal(driven("revenue.run_rate=40B/yr"), 2 * driven("revenue.run_rate=20B/yr"))


def test_twice_the_price_now_is_twice_the_price_ever_after_to_the_last_bit() -> None:
    assert np.array_equal(driven("price.curve.now=2.0", slot=PRICE), 2 * driven(slot=PRICE))


def test_growth_that_has_arrived_is_a_geometric_brownian_motion() -> None:
    law = (
        'revenue={ type = "mean_reverting_growth", run_rate = "20B/yr", growth = "0.1 log/yr", '
        'long_run_growth = "0.1 log/yr", gap_decay = "0.1 /mo", volatility = "25 %/yr" }'
    )
    reverting = driven(FREE, "revenue.noise=none", "revenue.customer_loss=none", law)
    np.testing.assert_allclose(reverting, driven(FREE, GBM), rtol=1e-12)


def test_a_gap_that_never_closes_keeps_the_growth_of_month_1() -> None:
    open_gap = driven(FREE, "revenue.gap_decay=0 /mo")
    same = driven(FREE, "revenue.long_run_growth=0.02 log/mo")
    np.testing.assert_allclose(open_gap, same, rtol=1e-12)


def test_regimes_that_are_alike_are_none() -> None:
    twins = TWO.format(names='"boom", "slump"', stay='"9 mo", "4 mo"', growth='"0.1 log/yr", "0.1 log/yr"',
                       volatility='"25 %/yr", "25 %/yr"')  # fmt: skip
    np.testing.assert_allclose(driven(FREE, twins), driven(FREE, GBM), rtol=1e-12)


def test_the_order_in_which_two_regimes_are_listed_does_not_matter() -> None:
    listed = [
        TWO.format(names='"boom", "slump"', stay='"9 mo", "4 mo"', growth='"0.3 log/yr", "-0.4 log/yr"',
                   volatility='"20 %/yr", "50 %/yr"'),
        TWO.format(names='"slump", "boom"', stay='"4 mo", "9 mo"', growth='"-0.4 log/yr", "0.3 log/yr"',
                   volatility='"50 %/yr", "20 %/yr"'),
    ]  # fmt: skip
    assert np.array_equal(driven(FREE, listed[0]), driven(FREE, listed[1]))


def test_the_names_of_the_regimes_of_the_market_do_not_matter() -> None:
    renamed = LAB.replace('["open", "shut"]', '["wide", "closed"]').replace('shut = "shut"', 'shut = "closed"')
    renamed = renamed.replace("{ open = 0.8, shut = 0.1 }", "{ wide = 0.8, closed = 0.1 }")
    assert alike(live(text=renamed), live())


def test_mean_sojourns_are_the_matrix_they_say() -> None:
    matrix = ("market.sojourn=none", "market.monthly_matrix=[[0.9, 0.1], [0.2, 0.8]]")
    stays = 'market.sojourn=["10 mo", "5 mo"]'
    assert alike(live(*matrix, keep=("market.state",)), live(stays, keep=("market.state",)))


def test_a_longer_stay_in_the_open_regime_never_shuts_it_earlier() -> None:
    states = [driven(f'market.sojourn=["{x} mo", "8 mo"]', slot="market.state") for x in (5, 15, 60)]
    first = [np.where(s.any(axis=0), np.argmax(s, axis=0), 99) for s in states]
    assert (first[0] <= first[1]).all()
    assert (first[1] <= first[2]).all()


def test_a_second_factor_that_does_not_move_is_none() -> None:
    two = (
        'price={ type = "two_factor", drift = "-0.1 log/yr", volatility = "50 %/yr", reversion = "0.8 /yr", '
        'long_volatility = "0 %/yr" }'
    )
    np.testing.assert_allclose(driven(FREE, two, slot=PRICE), driven(FREE, slot=PRICE), rtol=1e-9)


def test_a_ceiling_out_of_reach_is_none() -> None:
    """dR/R = g (1 - R/K) dt: with K a million times R growth is g, less noise's own half variance each month."""
    high = driven(FREE, 'revenue={ type = "logistic", run_rate = "20B/yr", ceiling = "2000000000B/yr", growth = "0.1 log/yr", '
                  'volatility = "25 %/yr" }')  # fmt: skip
    np.testing.assert_allclose(high, driven(FREE, GBM), rtol=1e-5)


def test_a_sample_of_equal_months_is_steady_growth() -> None:
    sample = driven(
        FREE, 'revenue={ type = "bootstrap", run_rate = "20B/yr", growth = ["0.01 log/mo", "0.01 log/mo"] }'
    )
    losses = driven(FREE, 'revenue={ type = "geometric_brownian", run_rate = "20B/yr", growth = "0.01 log/mo" }')
    np.testing.assert_allclose(sample, losses, rtol=1e-12)


def test_a_plan_without_noise_is_followed_and_its_scale_is_a_factor() -> None:
    plan = 'revenue={ type = "plan", plan = { "2027-01" = "20B/yr", "2028-01" = "30B/yr" }, scale = %s }'
    once, twice = (driven(FREE, "revenue.customer_loss=none", plan % x) for x in ("1.0", "2.0"))
    assert np.array_equal(twice, 2 * once)
    np.testing.assert_allclose(once[3], 20e9, rtol=1e-12)
    np.testing.assert_allclose(once[15:], 30e9, rtol=1e-12)


def test_more_volatility_spreads_the_price_and_leaves_its_mean() -> None:
    logs = [np.log(driven(FREE, f"price.volatility={v} %/yr", slot=PRICE)) for v in (20, 40)]
    spread = [x[36] - x[36].mean() for x in logs]
    np.testing.assert_allclose(spread[1], 2 * spread[0], atol=1e-9)


def test_a_forward_curve_point_by_point_is_the_drift_it_lies_on() -> None:
    points = ", ".join(
        f'{{ month = "{2026 + (m + 9) // 12}-{(m + 9) % 12 + 1:02d}", index = {math.exp(-0.1 * m / 12)!r} }}'
        for m in (6, 17, 36)
    )
    given_points = driven("price.curve.drift=none", f"price.curve.points=[{points}]", slot=PRICE)
    np.testing.assert_allclose(given_points, driven(slot=PRICE), rtol=1e-12)
