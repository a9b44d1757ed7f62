"""Money from outside: lines, loans, rounds, tranches, the offering; and the account that knows none of what is not promised."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import UNTIL_THE_HORIZON, alike, live, still

FREE = ("financing.line.rate=0 %/yr", "financing.line.commitment_fee=0 %/yr")
ON = (UNTIL_THE_HORIZON,)


def test_a_line_of_nought_is_no_line() -> None:
    assert alike(live("financing.line.limit=0B"), live("financing.line=none"), rtol=1e-12, atol=1e-3)


def test_a_second_line_that_is_never_drawn_changes_nothing_but_liquidity() -> None:
    second = 'financing.second={ type = "revolver", limit = "90B", maturity = "2026-11" }'  # over in month 1
    lives, plain = live(second, keep=("cash", "financing.line.drawn")), live(keep=("cash", "financing.line.drawn"))
    assert alike(lives, plain, rtol=1e-12, atol=1e-3)


def test_a_free_line_is_as_good_as_the_cash_it_could_give() -> None:
    common = ("treasury.interest=0 %/yr", "treasury.target_cash=0B", "default.late_interest=0 %/mo")
    line = live(*common, *FREE, "financing.line.draw_stop=false")
    cash = live(*common, "financing.line=none", "opening.cash=5B")
    assert alike(
        line, cash, rtol=1e-9, atol=10.0, without=("cash", "drawn", "shadow_cash", "peak_need", "shadow_breach_month")
    )


@settings(max_examples=6)
@given(limit=st.integers(0, 30), more=st.integers(1, 30))
def test_a_larger_free_line_never_brings_default_forward(limit: int, more: int) -> None:
    small, large = (live(*FREE, f"financing.line.limit={x / 10}B").ends for x in (limit, limit + more))
    assert (large >= small).all()


@settings(max_examples=6)
@given(rate=st.integers(0, 10), more=st.integers(1, 10))
def test_a_dearer_line_never_helps(rate: int, more: int) -> None:
    cheap, dear = (live(f"financing.line.rate={x} %/yr nominal") for x in (rate, rate + more))
    assert (dear.ends <= cheap.ends).all()


def test_a_line_without_a_covenant_is_never_stopped() -> None:
    stopped, free = (live("default.floor=none", f"financing.line.draw_stop={x}") for x in ("true", "false"))
    assert alike(stopped, free)


def test_a_draw_stop_never_postpones_a_default() -> None:
    stopped, free = (
        live("default.floor_cure=90 days", *FREE, f"financing.line.draw_stop={x}").ends for x in ("true", "false")
    )
    assert (stopped <= free).all()
    assert (stopped < free).any()


def test_a_maturity_after_the_horizon_is_none() -> None:
    assert alike(live("financing.line.maturity=2031-01"), live(), rtol=1e-12, atol=1e-3)


def test_rounds_that_never_succeed_are_no_rounds() -> None:
    never = live("financing.rounds.success=0.0")
    assert alike(never, live("financing.rounds=none"), without=("raised",))
    assert (never["rounds.rounds"] == 0).all()
    assert (never["rounds.rounds_failed"] > 0).any()


def test_a_higher_chance_of_success_never_raises_less_nor_brings_default_forward() -> None:
    worlds = [live(f"financing.rounds.success={p}", *ON) for p in (0.0, 0.3, 0.7, 1.0)]
    for low, high in itertools.pairwise(worlds):
        assert (high["raised"] >= low["raised"]).all()
        assert (high["raised"] > low["raised"]).any()
        assert (high.ends >= low.ends).all()


def test_every_chance_of_a_round_succeeds_or_fails() -> None:
    worlds = [live(f"financing.rounds.success={p}", *ON) for p in (0.0, 0.3, 1.0)]
    chances = [w["rounds.rounds"] + w["rounds.rounds_failed"] for w in worlds]
    assert np.array_equal(chances[0], chances[1])
    assert np.array_equal(chances[1], chances[2])


@pytest.mark.parametrize("lag", [1, 3])
def test_a_lag_is_the_same_money_that_many_months_later(lag: int) -> None:
    slot = "financing.rounds.received"
    now, later = (live(*ON, f"financing.rounds.lag={x} mo", keep=(slot,))[slot] for x in (0, lag))
    assert np.array_equal(later[lag:], now[:-lag])
    assert not later[:lag].any()


def test_a_shorter_lag_never_brings_default_forward() -> None:
    worlds = [live(f"financing.rounds.lag={x} mo").ends for x in (0, 2, 5)]
    for early, late in itertools.pairwise(worlds):
        assert (early >= late).all()
        assert (early > late).any()


def test_twice_the_size_raises_twice_the_money_to_the_last_bit() -> None:
    double = 'financing.rounds.size={ uniform = { low = "1B", high = "4B" } }'
    assert np.array_equal(
        live(*ON, double, "financing.listing=none")["raised"], 2 * live(*ON, "financing.listing=none")["raised"]
    )


def test_no_chance_comes_before_its_first_month() -> None:
    slot = "financing.rounds.received"
    lives, plain = (live(*ON, *first, keep=(slot,))[slot] for first in (("financing.rounds.first=2027-11",), ()))
    assert not lives[:15].any()
    assert np.array_equal(lives[15:], plain[15:])


def test_rounds_and_the_offering_leave_the_shadow_account_alone() -> None:
    slots = ("shadow.cash",)
    lives = live(*ON, keep=slots)
    without = live(*ON, "financing.rounds=none", "financing.listing=none", keep=slots)
    assert np.array_equal(lives["shadow.cash"], without["shadow.cash"])
    assert np.array_equal(lives["peak_need"], without["peak_need"])
    assert np.array_equal(lives["shadow_breach_month"], without["shadow_breach_month"])


def test_a_line_leaves_the_shadow_account_alone() -> None:
    slots = ("shadow.cash",)
    without = live(*ON, "financing.line=none", keep=slots)
    assert alike(live(*ON, keep=slots), without, without=[c for c in without.columns if not c.startswith("shadow")])


def test_the_rate_on_arrears_leaves_the_shadow_account_alone() -> None:
    a, b = (live(*ON, f"default.late_interest={x} %/mo", keep=("shadow.cash",)) for x in (0, 4))
    assert np.array_equal(a["shadow.cash"], b["shadow.cash"])
    assert not np.array_equal(a["arrears"], b["arrears"])


def test_a_promised_tranche_counts_in_the_shadow_account() -> None:
    one, two = (live(*ON, "treasury.interest=0 %/yr", f"financing.partner.amount={x}B") for x in (1, 2))
    more = two["shadow_cash"] - one["shadow_cash"]
    assert set(np.round(more / 1e9, 6)) == {0.0, 1.0}
    assert abs((more > 0).mean() - 0.7) < 4.4 * np.sqrt(0.21 / 1024)  # false alarm 1e-5


def test_a_tranche_that_never_comes_is_none_and_a_likelier_one_never_hurts() -> None:
    assert alike(live("financing.partner.probability=0.0"), live("financing.partner=none"))
    worlds = [live(f"financing.partner.probability={p}").ends for p in (0.2, 0.5, 1.0)]
    for rare, likely in itertools.pairwise(worlds):
        assert (likely >= rare).all()


def test_an_offering_comes_once_inside_its_window_or_never() -> None:
    slot = "financing.listing.received"
    received = live(*ON, keep=(slot,))[slot]
    assert set(np.unique(received)) == {0.0, 1.5e9}
    assert (np.count_nonzero(received, axis=0) <= 1).all()
    assert not received[:11].any()
    assert not received[17:].any()
    assert received[11:17].any(axis=1).all()


def test_an_offering_waits_for_a_regime_that_is_not_shut() -> None:
    slots = ("financing.listing.received", "market.state")
    lives, free = live(*ON, keep=slots), live(*ON, "financing.listing.shut=none", keep=slots)
    assert not lives[slots[0]][lives["market.state"] == 1].any()
    waited = np.argmax(lives[slots[0]] > 0, axis=0) - np.argmax(free[slots[0]] > 0, axis=0)
    comes = lives[slots[0]].any(axis=0)
    assert (waited[comes] >= 0).all()
    assert (waited[comes] > 0).any()


def test_a_loan_of_nought_is_no_loan() -> None:
    loan = 'financing.loan={ type = "term_debt", principal = "0B", rate = "8 %/yr", maturity = "2028-01" }'
    assert alike(live(loan), live(), rtol=1e-12, atol=1e-3)


@settings(max_examples=8)
@given(first=st.integers(1, 12), length=st.integers(0, 12))
def test_the_parts_of_an_amortising_loan_add_up_to_its_principal(first: int, length: int) -> None:
    months = [f"{2026 + (m + 9) // 12}-{(m + 9) % 12 + 1:02d}" for m in (first, first + length)]
    path = still(
        "opening.cash=100B",
        f'financing.loan={{ type = "term_debt", principal = "3B", rate = "0 %/yr", maturity = "{months[1]}", '
        f'repayment = "amortising", first_repayment = "{months[0]}" }}',
    )
    assert path["financing.loan.principal"].sum() == pytest.approx(3e9, rel=1e-12)
    assert np.count_nonzero(path["financing.loan.principal"]) == length + 1
    assert path["financing.loan.balance"][-1] == pytest.approx(0, abs=1e-3)


def test_an_amortising_loan_with_one_part_is_a_bullet() -> None:
    loan = 'financing.loan={{ type = "term_debt", principal = "1B", rate = "8 %/yr nominal", maturity = "2027-08"{} }}'
    last = ', repayment = "amortising", first_repayment = "2027-08"'
    assert alike(live(loan.format(last)), live(loan.format("")))


def test_a_round_that_is_never_wanted_is_never_sought() -> None:
    sought = 'financing.more={ type = "priced_round", size = "1B", sought = { liquidity_below = "0B" } }'
    assert alike(live(sought), live())
