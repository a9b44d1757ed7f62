"""What a company does by rule, and that it does it only then."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import UNTIL_THE_HORIZON, alike, live

CUT = 'policies.savings={{ type = "cut_expense", flow = "expense", cut = "{} %", over = "{} mo", {} }}'
FREEZE = 'policies.freeze={{ type = "freeze_expense", flow = "expense", {} }}'
SHORT = 'liquidity_below = "3B"'
EXPENSE = "flows.expense.amount"


@pytest.mark.parametrize(
    "policy",
    [CUT.format(0, 3, SHORT), CUT.format(50, 3, 'liquidity_below = "0B"'), FREEZE.format('liquidity_below = "0B"')],
)
def test_a_policy_that_cuts_nothing_or_never_acts_is_none(policy: str) -> None:
    assert alike(live(policy, keep=(EXPENSE,)), live(keep=(EXPENSE,)), rtol=1e-12, atol=1e-3)


def test_a_freeze_of_an_expense_that_does_not_grow_is_none() -> None:
    flat = "flows.expense.growth=0 %/yr"
    assert alike(live(flat, FREEZE.format(SHORT)), live(flat), rtol=1e-12, atol=1e-3)


def test_a_policy_acts_at_its_first_trigger_and_never_again() -> None:
    """Seen in month m: liquidity at the close of m - 1. Acting: the months after m."""
    lives = live(CUT.format(30, 1, SHORT), keep=("liquidity", EXPENSE))
    plain = live(UNTIL_THE_HORIZON, keep=(EXPENSE,))[EXPENSE]
    seen = lives["liquidity"] < 3e9
    month = np.where(seen.any(axis=0), np.argmax(seen, axis=0) + 1.0, np.inf)
    since = np.where(lives["savings.since"] == 0, np.inf, lives["savings.since"])
    acts = np.where(month <= np.minimum(lives.ends, 36), month, np.inf)
    assert np.array_equal(since, acts)
    m = np.arange(37)[:, None]
    alive = (m <= lives.ends) & (m > 0)
    share = np.where(m > since, 0.7, 1.0)
    np.testing.assert_allclose(lives[EXPENSE][alive], (plain * share)[alive], rtol=1e-12)


@settings(max_examples=6)
@given(cut=st.integers(0, 60), more=st.integers(1, 40))
def test_a_deeper_cut_never_brings_default_forward(cut: int, more: int) -> None:
    shallow, deep = (live(CUT.format(x, 4, SHORT)) for x in (cut, cut + more))
    assert (deep.ends >= shallow.ends).all()
    both = (shallow["savings.since"] > 0) & (deep["savings.since"] > 0)
    assert np.array_equal(shallow["savings.since"][both], deep["savings.since"][both])


def test_a_faster_cut_never_brings_default_forward() -> None:
    slow, fast = (live(CUT.format(40, months, SHORT)).ends for months in (9, 2))
    assert (fast >= slow).all()
    assert (fast > slow).any()


def test_an_earlier_trigger_never_acts_later() -> None:
    since = []
    for level in (1, 2, 4):
        month = live(CUT.format(40, 3, f'liquidity_below = "{level}B"'))["savings.since"]
        since.append(np.where(month == 0, np.inf, month))
    assert (since[2] <= since[1]).all()
    assert (since[1] <= since[0]).all()
    assert (since[2] < since[0]).any()


def test_a_cut_saves_its_share_in_equal_steps() -> None:
    lives = live(CUT.format(40, 4, SHORT), keep=(EXPENSE,))
    plain = live(UNTIL_THE_HORIZON, keep=(EXPENSE,))[EXPENSE]
    since = np.where(lives["savings.since"] == 0, np.inf, lives["savings.since"])
    m = np.arange(37)[:, None]
    alive = (m <= lives.ends) & (m > 0)
    kept = 1 - 0.4 * np.clip((m - since) / 4, 0, 1)
    np.testing.assert_allclose(lives[EXPENSE][alive], (plain * kept)[alive], rtol=1e-9)


def test_a_frozen_expense_never_grows_again_and_never_falls() -> None:
    lives = live(FREEZE.format(SHORT), UNTIL_THE_HORIZON, keep=(EXPENSE, "liquidity"))
    plain = live(UNTIL_THE_HORIZON, keep=(EXPENSE,))[EXPENSE]
    seen = lives["liquidity"] < 3e9
    month = np.where(seen.any(axis=0), np.argmax(seen, axis=0) + 1, 99)
    month = np.where(month <= 36, month, 36)
    level = np.take_along_axis(plain, month[None, :], axis=0)
    np.testing.assert_allclose(lives[EXPENSE][1:], np.minimum(plain[1:], level), rtol=1e-12)


def test_a_freeze_never_brings_default_forward() -> None:
    frozen, free = live(FREEZE.format(SHORT)).ends, live().ends
    assert (frozen >= free).all()
    assert (frozen > free).any()


def test_a_rich_company_never_acts() -> None:
    rich = ("opening.cash=500B",)
    lives = live(
        *rich, CUT.format(50, 2, 'runway_below = "24 mo"'), FREEZE.format('runway_below = "24 mo"'), keep=(EXPENSE,)
    )
    assert not lives["savings.since"].any()
    assert np.array_equal(lives[EXPENSE], live(*rich, keep=(EXPENSE,))[EXPENSE])


def test_a_policy_leaves_every_draw_alone() -> None:
    slots = ("revenue.run_rate", "price.index", "market.state", "financing.rounds.arrival")
    policy, plain = (live(UNTIL_THE_HORIZON, *x, keep=slots) for x in ((CUT.format(40, 4, SHORT),), ()))
    assert all(np.array_equal(policy[slot], plain[slot]) for slot in slots)
