"""Tax on profit; the need for compute, what serves it, and what is left over."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import UNTIL_THE_HORIZON, Lives, alike, live

RICH = ("opening.cash=500B", "treasury.interest=0 %/yr", "flows.expense.amount=6B/yr")
TAX, PRETAX = "treasury.tax", "treasury.pretax"
ON = (UNTIL_THE_HORIZON,)


# --- tax ---------------------------------------------------------------------------------------------------------------


def test_a_rate_of_nought_is_no_tax() -> None:
    assert alike(live("treasury.tax_rate=0 %", "treasury.tax_losses=5B"), live())


def test_losses_carried_forward_never_raise_the_tax_paid_so_far() -> None:
    paid = [
        np.cumsum(live(*RICH, "treasury.tax_rate=25 %", f"treasury.tax_losses={x}B", keep=(TAX,))[TAX], axis=0)
        for x in (0, 1, 5)
    ]
    for few, many in itertools.pairwise(paid):
        assert (many <= few + 1e-3).all()
        assert (many < few).any()
    assert (paid[0][-1] - paid[1][-1]).max() <= 0.25e9 * (1 + 1e-9)  # a dollar of losses saves at most its tax


def test_twice_the_rate_is_twice_the_tax_to_the_last_bit() -> None:
    one, two = (live(*RICH, f"treasury.tax_rate={x} %", keep=(TAX,))[TAX] for x in (12.5, 25))
    assert one.any()
    assert np.array_equal(two, 2 * one)


def test_tax_is_never_negative_and_never_more_than_its_share_of_the_profit_of_the_month() -> None:
    lives = live("treasury.tax_rate=25 %", keep=(TAX, PRETAX))
    assert lives[TAX].min() >= 0
    assert (lives[TAX] <= 0.25 * np.maximum(0, lives[PRETAX]) + 1e-3).all()


def test_losses_are_used_up_before_a_profit_is_taxed() -> None:
    lives = live(
        *RICH, "flows.expense.amount=13B/yr", "treasury.tax_rate=25 %", "treasury.tax_losses=1B", keep=(TAX, PRETAX)
    )
    losses = np.full(lives.ends.shape, 1e9)
    for m in range(1, 37):
        pretax = lives[PRETAX][m]
        np.testing.assert_allclose(lives[TAX][m], 0.25 * np.maximum(0, pretax - losses), rtol=1e-9, atol=1e-3)
        losses = np.maximum(0, losses - pretax)
    assert (lives[PRETAX] < 0).any()
    assert lives[TAX].any()


def test_a_tax_never_postpones_a_default() -> None:
    free, taxed = (live(f"treasury.tax_rate={x} %").ends for x in (0, 30))
    assert (taxed <= free).all()


def test_money_raised_is_not_taxed() -> None:
    slots = (PRETAX,)
    common = (*RICH, "treasury.tax_rate=25 %", "financing.line=none")
    raised = live(*common, keep=slots)
    assert np.array_equal(raised[PRETAX], live(*common, "financing=none", keep=slots)[PRETAX])


# --- need, contracts, overflow ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def market() -> Lives:
    return live(*ON, every=True)


def test_need_is_served_by_contracts_bought_or_left_unserved(market: Lives) -> None:
    bought = market["compute.overflow"][1:] / market["price.index"][1:]
    served = sum(market[f"contracts.{c}.used"] for c in ("big", "small"))[1:] + bought + market["compute.unserved"][1:]
    np.testing.assert_allclose(served, market["compute.need"][1:], rtol=1e-9)


def test_capacity_is_used_or_stranded_and_never_both_short_and_idle(market: Lives) -> None:
    for c in ("big", "small"):
        capacity, used, idle = (market[f"contracts.{c}.{x}"] for x in ("capacity", "used", "stranded"))
        np.testing.assert_allclose(used + idle, capacity, rtol=1e-12)
        assert used.min() >= 0
        assert idle.min() >= 0
        assert not ((idle > 1e-3) & (market["compute.overflow"] > 1e-3)).any()


def test_revenue_is_lost_in_proportion_to_the_need_that_is_not_served(market: Lives) -> None:
    lost = market["operations.billed"] * market["compute.unserved"] / np.maximum(market["compute.need"], 1.0)
    np.testing.assert_allclose(market["operations.lost_revenue"][1:], lost[1:], rtol=1e-9, atol=1e-3)
    assert lost.max() > 0


def test_shares_of_revenue_are_due_on_what_is_served(market: Lives) -> None:
    served = market["operations.billed"] - market["operations.lost_revenue"]
    for key, share in (("partner_share", 0.05), ("variable_cost", 0.03)):
        np.testing.assert_allclose(market[f"operations.{key}"][1:], share * served[1:], rtol=1e-9)


def test_overflow_never_exceeds_the_depth_of_the_market(market: Lives) -> None:
    bought = market["compute.overflow"][1:] / market["price.index"][1:]
    assert bought.max() <= 0.6e9 * (1 + 1e-12)
    deep = live(*ON, "compute.depth=none", keep=("compute.unserved",))
    assert not deep["compute.unserved"].any()
    dry = live(*ON, "compute.depth=0B/mo", keep=("compute.overflow",))
    assert not dry["compute.overflow"].any()


def test_where_serving_pays_at_any_price_both_readings_of_overflow_are_one() -> None:
    cheap = "price.curve.now=0.001"
    assert alike(live(cheap, "compute.overflow=economic"), live(cheap))


def test_the_economic_reading_never_buys_what_costs_more_than_it_brings() -> None:
    slots = ("compute.overflow", "price.index", "compute.intensity")
    lives = live(*ON, "compute.overflow=economic", keep=slots)
    dear = lives["compute.intensity"] * lives["price.index"] >= 0.92
    assert dear.any()
    assert not lives["compute.overflow"][dear].any()


@settings(max_examples=6)
@given(haircut=st.integers(0, 80), more=st.integers(1, 20))
def test_a_lower_haircut_never_brings_default_forward(haircut: int, more: int) -> None:
    low, high = (live(f"contracts.small.resale.haircut={x} %").ends for x in (haircut, haircut + more))
    assert (low >= high).all()


def test_the_proceeds_of_resale_are_what_the_haircut_leaves() -> None:
    half, all_of_it = (
        live(*ON, f"contracts.small.resale.haircut={x} %", keep=("contracts.small.resale.proceeds",)) for x in (50, 0)
    )
    slot = "contracts.small.resale.proceeds"
    assert all_of_it[slot].any()
    assert np.array_equal(2 * half[slot], all_of_it[slot])


def test_more_capacity_for_the_same_fee_is_never_used_less() -> None:
    slots = ("contracts.big.used", "compute.overflow")
    less, more = (live(*ON, f"contracts.big.capacity_value={x}B/mo", keep=slots) for x in (0.3, 0.6))
    assert (more[slots[0]] >= less[slots[0]]).all()
    assert (more[slots[1]] <= less[slots[1]]).all()


# --- from revenue to cash -----------------------------------------------------------------------------------------------------


def test_it_does_not_matter_to_cash_who_gets_a_share_of_revenue() -> None:
    shares = [("5 %", "3 %"), ("8 %", "0 %"), ("0 %", "8 %")]
    worlds = [live(f"operations.partner_share={p}", f"operations.variable_cost={v}", keep=("cash",)) for p, v in shares]
    assert alike(worlds[0], worlds[1], rtol=1e-9, atol=10.0)
    assert alike(worlds[0], worlds[2], rtol=1e-9, atol=10.0)


def test_collections_without_delay_are_payment_at_once() -> None:
    assert alike(live("operations.collections=[1.0, 0.0]"), live("operations.collections=[1.0]"), rtol=1e-12, atol=1e-3)


def test_customers_who_pay_later_never_pay_more_by_any_month() -> None:
    """The same revenue; what is open before month 1 is written as nought."""
    slots = ("operations.collections",)
    common = (*ON, "opening.receivables=0B", "compute=none")
    weights = ("[1.0]", "[0.6, 0.4]", "[0.2, 0.4, 0.4]")
    paid = [np.cumsum(live(*common, f"operations.collections={w}", keep=slots)[slots[0]], axis=0) for w in weights]
    assert (paid[1] <= paid[0] * (1 + 1e-12)).all()
    assert (paid[2] <= paid[1] * (1 + 1e-12)).all()


def test_all_that_is_billed_is_collected_or_still_open() -> None:
    lives = live(*ON, "opening.receivables=0B", "compute=none", keep=("operations.collections", "operations.billed"))
    billed, collected = (np.cumsum(lives[f"operations.{x}"][1:], axis=0) for x in ("billed", "collections"))
    np.testing.assert_allclose(billed - collected, 0.4 * lives["operations.billed"][1:], rtol=1e-6)
