"""When a path ends and why; nothing in these companies is triggered by a balance."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import UNTIL_THE_HORIZON, Lives, alike, live, still, world

import simulator

tenths = st.integers(0, 60).map(lambda x: x / 10)
steps = st.integers(1, 30).map(lambda x: x / 10)


@settings(max_examples=8)
@given(cash=tenths, more=steps)
def test_more_opening_cash_never_brings_default_forward(cash: float, more: float) -> None:
    less, rich = (live(f"opening.cash={x}B").ends for x in (cash, cash + more))
    assert (rich >= less).all()


@settings(max_examples=8)
@given(fee=st.integers(0, 100), more=st.integers(1, 50))
def test_a_higher_fee_for_the_same_capacity_never_postpones_default(fee: int, more: int) -> None:
    low, high = (live(f"contracts.big.fee={x / 100}B/mo").ends for x in (fee, fee + more))
    assert (high <= low).all()


@settings(max_examples=6)
@given(amount=st.integers(6, 18), more=st.integers(1, 6))
def test_a_higher_expense_never_postpones_default(amount: int, more: int) -> None:
    low, high = (live(f"flows.expense.amount={x}B/yr").ends for x in (amount, amount + more))
    assert (high <= low).all()


def test_a_longer_cure_never_brings_default_forward() -> None:
    worlds = [live(f"default.cure={days} days").ends for days in (0, 30, 60, 120)]
    for short, long in itertools.pairwise(worlds):
        assert (long >= short).all()
        assert (long > short).any()


@settings(max_examples=6)
@given(days=st.integers(30, 59))
def test_a_begun_month_of_cure_does_not_count(days: int) -> None:
    assert alike(live(f"default.cure={days} days"), live("default.cure=30 days"))


def test_a_cure_of_one_contract_never_brings_default_forward() -> None:
    settings = ("default.floor=none", "default.cure=0 days")
    none, some = (live(*settings, f"contracts.big.cure={days} days").ends for days in (0, 90))
    assert (some >= none).all()
    assert (some > none).any()


def test_a_lower_floor_never_brings_default_forward() -> None:
    worlds = [live(f"default.floor={x}B", "financing.line.rate=0 %/yr").ends for x in (2.0, 1.0, 0.4, 0.1)]
    for high, low in itertools.pairwise(worlds):
        assert (low >= high).all()
        assert (low > high).any()


def test_a_floor_of_nought_is_no_covenant() -> None:
    assert alike(live("default.floor=0B"), live("default.floor=none"))


def test_a_limit_on_debt_that_is_never_reached_is_none() -> None:
    assert alike(live("default.debt_to_revenue=1e9"), live())


def test_a_higher_rank_for_a_contract_changes_who_is_missed_and_not_when() -> None:
    common = ("default.floor=none", "default.late_interest=0 %/mo", "default.cure=0 days", "contracts.small=none")
    third, fifth = (live(*common, f"contracts.big.rank={rank}") for rank in (3, 5))
    assert np.array_equal(third.ends, fifth.ends)


@pytest.fixture(scope="module")
def full() -> Lives:
    return live("default.cure=60 days", every=True)


def test_the_ending_is_the_first_month_in_which_a_clock_has_passed_its_cure(full: Lives) -> None:
    """Clocks counted anew from the arrears and the liquidity that the path shows."""
    program = full.simulation.program
    month = np.arange(37)[:, None]
    ripe = np.full(full.ends.shape, np.inf)
    late = [full[f"{c}.arrears"] > 1e-9 * full["ledger.owed"] for c in program.claims]
    slack = 1e-9 * (0.4e9 + full["ledger.owed"])
    for missed in (*late, (full["liquidity"] < 0.4e9 - slack) & (month > 0)):
        clock = np.zeros(full.ends.shape)
        for m in range(1, 37):
            clock = np.where(missed[m], clock + 1, 0)
            ripe = np.minimum(ripe, np.where(clock > 2, m, np.inf))
    assert np.array_equal(ripe, full.ends)


def test_the_claim_that_is_blamed_is_the_one_in_arrears(full: Lives) -> None:
    program = full.simulation.program
    for code, cause in enumerate(program.causes):
        blamed = np.flatnonzero((full["cause"] == code) & np.isfinite(full.ends))
        if cause.kind in ("contract", "debt", "operating") and blamed.size:
            claim = next(c for c in program.claims if c.split(".", 1)[-1] == cause.name)
            assert (full[f"{claim}.missed"][full.ends[blamed].astype(int), blamed] == 3).all()
    assert {"operating", "contract", "covenant"} <= {program.causes[int(c)].kind for c in np.unique(full["cause"])}


def test_the_causes_add_up_to_the_default_probability_which_never_falls() -> None:
    run = simulator.run(world(), paths=3000)
    figures, defaulted = run.figures, run.column("cause") > 1
    counts = [sum(count for count, _ in figures.causes(m).values()) for m in range(1, 37)]
    assert counts == [int(np.sum(defaulted & (run.column("end_month") <= m))) for m in range(1, 37)]
    assert counts == sorted(counts)
    assert [round(figures.pd(m).value * 3000) for m in range(1, 37)] == counts


def test_the_first_breach_of_the_floor_is_the_first_month_below_it(full: Lives) -> None:
    below = full["liquidity"] < 0.4e9 * (1 - 1e-9)
    first = np.where(below.any(axis=0), np.argmax(below, axis=0), 0)
    assert np.array_equal(first, full["first_breach_month"])


def test_the_lowest_liquidity_is_the_lowest_of_the_closes_until_the_ending(full: Lives) -> None:
    lived = np.arange(37)[:, None] <= np.minimum(full.ends, 36)
    closes = np.where(lived, full["liquidity"], np.inf)[1:]
    assert np.array_equal(closes.min(axis=0), full["lowest_liquidity"])
    assert np.array_equal(closes.argmin(axis=0) + 1, full["lowest_liquidity_month"])


def test_the_unfunded_account_never_breaks_later_than_money_that_is_only_promised_lasts() -> None:
    """Without a line and without money from outside the two runways are one."""
    alone = ("financing=none", "default.cure=0 days", "default.late_interest=0 %/mo")
    lives = live(*alone, UNTIL_THE_HORIZON, keep=("shadow.cash", "cash"))
    shadow = np.where(lives["shadow_breach_month"] == 0, np.inf, lives["shadow_breach_month"])
    assert np.array_equal(shadow, lives.ends)
    before = np.arange(37)[:, None] < shadow
    np.testing.assert_allclose(lives["shadow.cash"][before], lives["cash"][before], rtol=1e-9, atol=10.0)


def test_the_peak_need_is_nought_where_the_shadow_account_holds_and_nowhere_else() -> None:
    lives = live("default.floor=1B")
    assert np.array_equal(lives["peak_need"] > 1.0, lives["shadow_breach_month"] > 0)
    assert lives["peak_need"].min() >= 0


@settings(max_examples=5)
@given(amount=st.integers(13, 25), rate=st.sampled_from(["0 %/yr", "3 %/yr", "8 %/yr"]))
def test_the_peak_need_is_exactly_the_opening_cash_that_was_missing(amount: int, rate: str) -> None:
    world = (f"flows.expense.amount={amount}B/yr", f"treasury.interest={rate}")
    path = still(*world)
    need = float(path["shadow.peak_need"][-1])
    assert need > 0
    for missing, breached in ((need * (1 + 1e-9) + 1, False), (need * (1 - 1e-6), True)):
        held = still(*world, f"opening.cash=${4e9 + missing!r}")
        assert (held["shadow.first_breach"][-1] > 0) == breached


def test_tiny_shortages_of_rounding_start_no_clock() -> None:
    """Income and dues that are equal but for rounding: nobody defaults for a fraction of a cent."""
    text = '[calendar]\nstart = "2026-11"\nmonths = 36\n[opening]\ncash = "0B"\n'
    for k in range(3):
        text += f'[flows.in{k}]\ndirection = "in"\namount = "0.1B/mo"\n'
    text += '[flows.out]\namount = "0.3B/mo"\n'
    assert (live(text=text, paths=4)["end_month"] == 0).all()
    assert (live(text=text.replace('"0.3B/mo"', '"0.3000001B/mo"'), paths=4)["end_month"] == 1).all()


def test_of_claims_that_ripen_together_the_one_of_the_first_rank_is_blamed() -> None:
    """`big` stands first in the file and is paid last; nothing is left for either."""
    text = '[calendar]\nstart = "2026-11"\nmonths = 3\n[opening]\ncash = "0B"\n' + "".join(
        f'[contracts.{name}]\nfee = "1M/mo"\nstart = "2026-11"\nend = "2027-01"\nrank = {rank}\n'
        for name, rank in (("big", 5), ("small", 3))
    )
    assert set(live(text=text, paths=3).causes) == {"payment default on small (contract)"}
    equal = live("contracts.big.rank=3", "contracts.small.fee=2M/mo", text=text, paths=3)
    assert set(equal.causes) == {"payment default on small (contract)"}  # inside a rank the largest arrears


def test_cash_flow_at_risk_is_of_the_promised_flows_of_the_first_twelve_months() -> None:
    lives = live(UNTIL_THE_HORIZON, every=True)
    accounts = lives.simulation.program.accounts
    promised = sum(lives[a.slot] * (1.0 if a.claim is None else -1.0) for a in accounts if a.shadow)
    np.testing.assert_allclose(lives["shadow_flow_12m"], promised[1:13].sum(axis=0), rtol=1e-9, atol=10.0)


def test_everything_that_ends_a_path_ends_it_once() -> None:
    lives = live(UNTIL_THE_HORIZON, keep=("ending.month", "ending.cause"))
    ended = lives["ending.month"] > 0
    assert (np.diff(ended.astype(int), axis=0) >= 0).all()
    for slot in ("ending.month", "ending.cause"):
        assert ((lives[slot] == lives[slot][-1]) | ~ended).all()
