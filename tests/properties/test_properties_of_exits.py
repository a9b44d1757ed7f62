"""Who leaves a contract, when, and what it costs; nothing here is triggered by a balance."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import BUYER, SUPPLIER, UNTIL_THE_HORIZON, Lives, alike, live

LAST = {"big": 31, "small": 26}
FOREVER = ("opening.cash=500B",)


@pytest.fixture(scope="module")
def leaving() -> Lives:
    return live(*FOREVER, BUYER, SUPPLIER, "contracts.big.exit.buyer.fee_share=10 %", every=True)


def noticed(lives: Lives, contract: str) -> np.ndarray:
    month = lives[f"{contract}.notice_month"]
    return np.where(month == 0, np.inf, month)


@pytest.mark.parametrize(("contract", "notice"), [("big", 3), ("small", 2)])
def test_a_contract_runs_on_in_full_for_the_months_of_its_notice_and_no_longer(
    leaving: Lives, contract: str, notice: int
) -> None:
    first = 1 if contract == "big" else 4
    month = np.arange(37)[:, None]
    last = np.minimum(noticed(leaving, contract) + notice, LAST[contract])
    assert 0.2 < (last < LAST[contract]).mean() < 0.95
    fee = {"big": 0.5e9, "small": 0.2e9}[contract]
    wanted = np.where((month >= first) & (month <= last), fee, 0.0)
    assert np.array_equal(leaving[f"contracts.{contract}.due"], wanted)
    assert np.array_equal(leaving[f"contracts.{contract}.capacity"], wanted)


def test_a_notice_is_given_once_and_never_taken_back(leaving: Lives) -> None:
    for contract in LAST:
        side = leaving[f"contracts.{contract}.side"]
        assert (np.count_nonzero(np.diff(side, axis=0), axis=0) <= 1).all()
        assert ((side == 0) | (side == side[-1])).all()


def test_firm_exposure_runs_to_the_last_month_once_notice_is_given(leaving: Lives) -> None:
    """After a notice: what is left of the dues and, if the buyer gave it, the fee that is still open."""
    paid = np.cumsum(leaving["contracts.big.due"] + leaving["contracts.big.exit.fee"], axis=0)
    given = np.arange(37)[:, None] >= noticed(leaving, "big")
    np.testing.assert_allclose(leaving["contracts.big.firm"][given], (paid[-1] - paid)[given], rtol=1e-9, atol=1e-3)


@settings(max_examples=8)
@given(lock_in=st.integers(0, 500))
def test_nobody_gives_notice_before_the_lock_in_is_over(lock_in: int) -> None:
    lives = live(*FOREVER, BUYER, SUPPLIER, f"contracts.big.exit.buyer.lock_in={lock_in} days",
                 f"contracts.small.exit.supplier.lock_in={lock_in} days")  # fmt: skip
    months = -(-lock_in // 30)
    assert noticed(lives, "big").min() >= max(1, -4 + months - 1)
    assert noticed(lives, "small").min() >= max(1, 4 + months - 1)


@settings(max_examples=8)
@given(lock_in=st.integers(0, 700))
def test_whoever_wants_to_leave_does_so_in_the_last_month_of_the_lock_in(lock_in: int) -> None:
    """Started in month -4, so L months are over at the close of month L - 5; the opening is too early for a decision."""
    rule = f'{{ notice = "90 days", lock_in = "{lock_in} days", when = [{{ price_ratio_below = 999 }}] }}'
    months = noticed(live(*FOREVER, f"contracts.big.exit.buyer={rule}"), "big")
    assert set(months) == {max(1, -(-lock_in // 30) - 5)}


@settings(max_examples=8)
@given(lock_in=st.integers(0, 300), more=st.integers(1, 200))
def test_a_longer_lock_in_never_brings_a_notice_forward(lock_in: int, more: int) -> None:
    short, long = (
        noticed(live(*FOREVER, BUYER, f"contracts.big.exit.buyer.lock_in={days} days"), "big")
        for days in (lock_in, lock_in + more)
    )
    assert (short <= long).all()


@settings(max_examples=6)
@given(days=st.integers(61, 90))
def test_a_begun_month_of_notice_is_a_whole_one(days: int) -> None:
    assert alike(live(BUYER, f"contracts.big.exit.buyer.notice={days} days"), live(BUYER))


def test_a_higher_hazard_never_postpones_the_notice_of_the_supplier() -> None:
    months = [
        noticed(live(*FOREVER, SUPPLIER, f"contracts.small.exit.supplier.hazard={h} %/yr"), "small")
        for h in (0, 20, 60, 200)
    ]
    assert np.isinf(months[0]).all()
    for low, high in itertools.pairwise(months):
        assert (high <= low).all()
        assert (high < low).any()


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.5])
def test_the_hazard_of_the_supplier_rises_with_the_price_ratio_to_the_power_gamma(gamma: float) -> None:
    """ratio = 4.88 I / 5.27; probability of the month 1 - exp(-h ratio^gamma / 12); in force from month 1 to 27 (31 - 3 - 1)."""
    right = f'contracts.big.exit.supplier={{ notice = "90 days", hazard = "60 %/yr", gamma = {gamma} }}'
    lives = live(*FOREVER, right, keep=("contracts.big.exit.supplier", "price.index"))
    ratio = 4.88 / 5.27 * lives["price.index"][1:28]
    wanted = lives["contracts.big.exit.supplier"][1:28] < -np.expm1(-0.6 * ratio**gamma / 12)
    assert np.array_equal(noticed(lives, "big"), np.where(wanted.any(axis=0), wanted.argmax(axis=0) + 1.0, np.inf))


def test_a_rule_that_is_easier_to_meet_never_postpones_a_notice() -> None:
    months = [
        noticed(
            live(
                *FOREVER, f'contracts.big.exit.buyer={{ notice = "90 days", when = [{{ price_ratio_below = {x} }}] }}'
            ),
            "big",
        )
        for x in (0.0, 0.5, 0.7, 0.9)
    ]
    assert np.isinf(months[0]).all()
    for strict, easy in itertools.pairwise(months):
        assert (easy <= strict).all()
        assert (easy < strict).any()


def test_a_second_rule_that_never_holds_is_no_rule() -> None:
    two = 'contracts.big.exit.buyer={ notice = "90 days", when = [{ price_ratio_below = 0.7 }, { liquidity_below = "0B" }] }'
    assert alike(live(two), live(BUYER))


def test_rules_are_alternatives_and_the_conditions_of_a_rule_are_not() -> None:
    slots = (*FOREVER,)
    one = noticed(live(*slots, BUYER), "big")
    both = noticed(live(*slots, f"{BUYER[:-4]}, stranded = true }}] }}"), "big")
    either = noticed(live(*slots, f"{BUYER[:-4]} }}, {{ stranded = true }}] }}"), "big")
    assert (both >= one).all()
    assert (either <= one).all()
    assert (both > one).any()
    assert (either < one).any()


def test_the_fee_of_leaving_changes_no_decision() -> None:
    free, dear = live(*FOREVER, BUYER), live(*FOREVER, BUYER, "contracts.big.exit.buyer.fee=3B")
    assert np.array_equal(free["big.notice_month"], dear["big.notice_month"])
    left = free["big.notice_month"] > 0
    np.testing.assert_allclose((dear["big.paid"] - free["big.paid"])[left], 3e9, rtol=1e-9)
    assert np.array_equal(dear["big.paid"][~left], free["big.paid"][~left])


def test_a_fee_at_the_notice_is_the_same_money_earlier() -> None:
    worlds = [
        live(*FOREVER, BUYER, "contracts.big.exit.buyer.fee=3B", f"contracts.big.exit.buyer.fee_at={when}",
             keep=("contracts.big.exit.fee",))
        for when in ("notice", "end")
    ]  # fmt: skip
    at_notice, at_end = (w["contracts.big.exit.fee"] for w in worlds)
    assert np.array_equal(at_notice[:-3], at_end[3:])
    assert not at_end[:4].any()


def test_a_recall_that_loses_no_revenue_is_no_recall() -> None:
    assert alike(
        live(SUPPLIER, "contracts.small.exit.supplier.recall.revenue_lost=0 %"),
        live(SUPPLIER, "contracts.small.exit.supplier.recall=none"),
    )


def test_a_recall_lasts_its_months_after_a_notice_of_the_supplier_and_only_then(leaving: Lives) -> None:
    month = np.arange(37)[:, None]
    last = noticed(leaving, "small") + 2
    recalled = (month > last) & (month <= last + 4)
    served = np.where(recalled, 0.9, 1.0)
    np.testing.assert_allclose(
        leaving["operations.billed"][1:], (leaving["revenue.run_rate"] / 12 * served)[1:], rtol=1e-12
    )


def test_a_notice_of_the_supplier_costs_the_buyer_no_fee(leaving: Lives) -> None:
    both = live(*FOREVER, BUYER, 'contracts.big.exit.supplier={ notice = "90 days", hazard = "60 %/yr" }',
                "contracts.big.exit.buyer.fee=3B", keep=("contracts.big.exit.fee",))  # fmt: skip
    by_supplier = both["big.notice_side"] == 2
    assert by_supplier.any()
    assert not both["contracts.big.exit.fee"][:, by_supplier].any()
    assert leaving["contracts.big.exit.fee"].any()


def test_whoever_gives_notice_first_the_other_cannot_make_it_later() -> None:
    other = 'contracts.big.exit.supplier={ notice = "90 days", hazard = "60 %/yr" }'
    both, buyer, supplier = (live(*FOREVER, *side) for side in ((BUYER, other), (BUYER,), (other,)))
    first = np.minimum(noticed(buyer, "big"), noticed(supplier, "big"))
    assert np.array_equal(noticed(both, "big"), first)
    ties = (noticed(buyer, "big") == noticed(supplier, "big")) & np.isfinite(first)
    assert ties.any()
    assert (both["big.notice_side"][ties] == 2).all()


def test_no_notice_is_given_after_the_ending_of_a_path() -> None:
    lives = live(BUYER, SUPPLIER)
    for contract in LAST:
        month = noticed(lives, contract)
        assert (month[np.isfinite(month)] <= lives.ends[np.isfinite(month)]).all()
    on = live(BUYER, SUPPLIER, UNTIL_THE_HORIZON)
    assert (noticed(on, "big") <= noticed(lives, "big")).all()
