"""What a contract keeps to: nought outside its term, clauses that say nothing, parts that add up to the whole."""

from __future__ import annotations

import numpy as np
import pytest
from companies import EPOCH
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import UNTIL_THE_HORIZON, Lives, alike, live, still

RICH = ("opening.cash=500B",)  # nobody defaults: clauses alone
DUE = ("contracts.big.due",)
LATER = ("contracts.big.start=2027-01", "contracts.big.end=2028-12")  # months 3 … 26
CONTRACT = "contracts.big"
shares = st.floats(0.01, 0.99).map(lambda x: round(x, 4))


def month(number: int) -> str:
    at = EPOCH + number - 1
    return f"{at // 12:04d}-{at % 12 + 1:02d}"


@settings(max_examples=12)
@given(first=st.integers(-5, 30), length=st.integers(0, 20))
def test_nothing_is_due_outside_the_term_and_the_fee_inside_it(first: int, length: int) -> None:
    path = still(*RICH, f"contracts.big.start={month(first)}", f"contracts.big.end={month(first + length)}")
    inside = [float(first <= m <= first + length) for m in range(1, 37)]
    assert path["contracts.big.due"][1:].tolist() == [0.5e9 * x for x in inside]
    assert not path["contracts.big.headline"][max(0, first + length) :].any()


def test_exposures_are_nought_from_the_end_on() -> None:
    lives = live(*LATER, UNTIL_THE_HORIZON, keep=("contracts.big.headline", "contracts.big.firm"))
    for slot in lives.kept:
        assert (lives[slot][:26] > 0).all()
        assert not lives[slot][26:].any()


@settings(max_examples=8)
@given(notice=st.integers(0, 400), lock_in=st.integers(0, 400))
def test_firm_exposure_is_never_more_than_headline(notice: int, lock_in: int) -> None:
    path = still(*RICH, f'contracts.big.exit.buyer={{ notice = "{notice} days", lock_in = "{lock_in} days" }}')
    assert (path["contracts.big.firm"] <= path["contracts.big.headline"]).all()
    assert (path["contracts.big.firm"] >= 0).all()


@settings(max_examples=8)
@given(notice=st.integers(0, 300), more=st.integers(1, 200))
def test_a_longer_notice_never_lowers_the_firm_exposure(notice: int, more: int) -> None:
    short, long = (
        still(*RICH, f"contracts.big.exit.buyer.notice={days} days")["contracts.big.firm"]
        for days in (notice, notice + more)
    )
    assert (short <= long).all()


@settings(max_examples=8)
@given(lock_in=st.integers(0, 600), more=st.integers(1, 300))
def test_a_longer_lock_in_never_lowers_the_firm_exposure(lock_in: int, more: int) -> None:
    short, long = (
        still(*RICH, f'contracts.big.exit.buyer={{ notice = "90 days", lock_in = "{days} days" }}')[
            "contracts.big.firm"
        ]
        for days in (lock_in, lock_in + more)
    )
    assert (short <= long).all()


def test_headline_falls_by_the_fee_of_each_month() -> None:
    lives = live(*RICH, 'contracts.big.steps={ "2027-06" = "0.7B/mo" }', keep=("contracts.big.headline", *DUE))
    np.testing.assert_allclose(
        -np.diff(lives["contracts.big.headline"], axis=0), lives["contracts.big.due"][1:], rtol=1e-9
    )


# --- clauses that say nothing ------------------------------------------------------------------------------------------

NEUTRAL = {
    "an escalator of nought": "contracts.big.escalator=0 %/yr",
    "a scale of one": "contracts.big.scale=1.0",
    "a ramp of one": 'contracts.big.ramp={ "2026-12" = 1.0, "2027-06" = 1.0 }',
    "an index on no share of the fee": 'contracts.big.indexation={ share = "0 %" }',
    "an index held at one": 'contracts.big.indexation={ share = "60 %", floor = 1.0, cap = 1.0 }',
    "a reopener that goes no part of the way": 'contracts.big.reopener={ every = "3 mo", share = "0 %" }',
    "a reopener that may not move": 'contracts.big.reopener={ every = "3 mo", up = "0 %", down = "0 %" }',
    "a delivery without delay": 'contracts.big.delivery={ delay = "0 mo" }',
    "a delay that is over before month 1": 'contracts.big.delivery={ delay = "4 mo" }',
    "credits that are capped at nought": (
        'contracts.big.service_credit={ availability = 0.5, target = "99 %", cap = "0 %" }'
    ),
    "credits for service as promised": 'contracts.big.service_credit={ availability = 0.99, target = "99 %" }',
    "a deposit of nought": 'contracts.big.security={ deposit = "0B" }',
    "an amendment nobody signs": (
        'contracts.big.amendments.more={ start = "2027-01", fee = "9B/mo", probability = "0 %" }'
    ),
    "an amendment that changes nothing": 'contracts.big.amendments.same={ start = "2027-01", change = "0B/mo" }',
    "a buyer who never leaves": 'contracts.big.exit.buyer={ notice = "900 days", lock_in = "900 days" }',
    "a supplier who never leaves": 'contracts.big.exit.supplier={ notice = "30 days", hazard = "0 %/yr" }',
    "a resale nobody pays for": 'contracts.big.resale={ haircut = "100 %" }',
    "arrears of nought": "contracts.big.arrears=0B",
    "the cure of everybody": "contracts.big.cure=30 days",
    "the late interest of everybody": "contracts.big.late_interest=1 %/mo",
}


@pytest.fixture(scope="module")
def plain() -> Lives:
    return live(keep=("cash", "contracts.big.due", "contracts.big.headline", "operations.billed", "compute.overflow"))


@pytest.mark.parametrize("clause", NEUTRAL)
def test_a_clause_that_says_nothing_changes_nothing(clause: str, plain: Lives) -> None:
    with_clause = live(NEUTRAL[clause], keep=tuple(plain.kept))
    assert alike(plain, with_clause, rtol=1e-12, atol=1e-3)


def test_a_step_to_the_same_fee_is_no_step(plain: Lives) -> None:
    assert alike(
        plain, live('contracts.big.steps={ "2027-06" = "0.5B/mo" }', keep=tuple(plain.kept)), rtol=1e-12, atol=1e-3
    )


def test_a_schedule_of_equal_amounts_is_the_fee(plain: Lives) -> None:
    rows = ", ".join(f'"{month(m)}" = "0.5B/mo"' for m in range(-4, 32))
    table = ("contracts.big.fee=none", f"contracts.big.schedule={{ {rows} }}")
    assert alike(plain, live(*table, keep=tuple(plain.kept)), rtol=1e-12, atol=1e-3)


def test_twice_the_scale_is_twice_the_fee_to_the_last_bit() -> None:
    by_scale = live("contracts.big.scale=2.0", every=True)
    assert alike(by_scale, live("contracts.big.fee=1B/mo", every=True))


def test_two_halves_of_a_contract_are_the_contract() -> None:
    half = (
        '{ fee = "0.25B/mo", start = "2026-06", end = "2029-05", capacity_value = "0.25B/mo", '
        'unit_price = "5.27 $/GPU-h", market_unit_price = "4.88 $/GPU-h" }'
    )
    one_price = (
        "contracts.small.resale=none",
    )  # the halves stand before and after `small`, which serves need in between
    whole = live(*one_price, keep=("cash", "contracts.big.due"))
    halves = live(*one_price, f"contracts.big={half}", f"contracts.other={half}", keep=("cash", "contracts.big.due"))
    assert np.array_equal(2 * halves["contracts.big.due"], whole["contracts.big.due"])
    others = ("contracts.big.due", "cause", "small.stranded", *(c for c in whole.columns if c.startswith("big.")))
    assert alike(whole, halves, rtol=1e-9, atol=10.0, without=others)


# --- clauses that move the fee one way -----------------------------------------------------------------------------------


@settings(max_examples=6)
@given(rate=st.integers(1, 20))
def test_an_escalator_raises_the_fee_after_twelve_months_and_not_before(rate: int) -> None:
    due = still(*RICH, f"contracts.big.escalator={rate} %/yr")["contracts.big.due"]  # start in month -4
    growth = due[1:31] / 0.5e9
    wanted = [(1 + rate / 100) ** ((m + 4) // 12) for m in range(1, 31)]
    np.testing.assert_allclose(growth, wanted, rtol=1e-12)


@settings(max_examples=6)
@given(share=shares, floor=st.floats(0.2, 0.95), cap=st.floats(1.05, 3.0))
def test_an_indexed_fee_stays_between_its_floor_and_its_cap(share: float, floor: float, cap: float) -> None:
    clause = f"contracts.big.indexation={{ share = {share}, floor = {floor!r}, cap = {cap!r} }}"
    due = live(*RICH, clause, keep=DUE)["contracts.big.due"][1:32] / 0.5e9
    assert due.min() >= (1 - share + share * floor) * (1 - 1e-12)
    assert due.max() <= (1 - share + share * cap) * (1 + 1e-12)
    assert due.max() > 1 > due.min()


@settings(max_examples=6)
@given(up=shares, down=shares)
def test_a_reopener_moves_the_fee_by_no_more_than_its_limits(up: float, down: float) -> None:
    clause = f'contracts.big.reopener={{ every = "4 mo", up = {up}, down = {down} }}'
    due = live(*RICH, clause, keep=DUE)["contracts.big.due"][1:32]
    step = due[1:] / due[:-1]
    assert step.min() >= (1 - down) * (1 - 1e-12)
    assert step.max() <= (1 + up) * (1 + 1e-12)
    changed = (np.abs(step - 1) > 1e-12).any(axis=1)
    assert set(np.flatnonzero(changed) + 2) <= {m for m in range(1, 32) if (m + 4) % 4 == 0}


@settings(max_examples=6)
@given(delay=st.integers(0, 60), more=st.integers(1, 30))
def test_a_longer_delay_never_raises_what_is_due(delay: int, more: int) -> None:
    early, late = (
        live(*RICH, *LATER, f'contracts.big.delivery={{ delay = "{days / 10} mo" }}', keep=DUE)["contracts.big.due"]
        for days in (delay, delay + more)
    )
    assert (late <= early).all()


@settings(max_examples=6)
@given(share=shares, begin=st.integers(3, 12), length=st.integers(0, 11))
def test_a_prepayment_moves_dues_and_leaves_their_sum_alone(share: float, begin: int, length: int) -> None:
    clause = (
        f'contracts.big.prepayment={{ share = {share}, credit_from = "{month(begin)}", '
        f'credit_until = "{month(begin + length)}" }}'
    )
    path, plain = still(*RICH, *LATER, clause), still(*RICH, *LATER)
    paid_in, credited = (path[f"contracts.big.prepayment.{x}"].sum() for x in ("paid_in", "credited"))
    total = plain["contracts.big.due"].sum()
    np.testing.assert_allclose(paid_in, share * total, rtol=1e-12)
    np.testing.assert_allclose(path["contracts.big.due"].sum() + credited, total + paid_in, rtol=1e-12)
    assert credited <= paid_in * (1 + 1e-12)
    assert (path["contracts.big.due"] >= 0).all()


def test_a_prepayment_is_credited_in_full_where_the_fees_can_take_it() -> None:
    clause = 'contracts.big.prepayment={ share = "20 %", credit_from = "2027-04", credit_until = "2028-06" }'
    lives = live(*RICH, *LATER, clause, keep=("contracts.big.prepayment.credited", "contracts.big.prepayment.paid_in"))
    credited, paid_in = lives["contracts.big.prepayment.credited"], lives["contracts.big.prepayment.paid_in"]
    np.testing.assert_allclose(credited.sum(axis=0), paid_in.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(paid_in.sum(axis=0), 0.2 * 24 * 0.5e9, rtol=1e-12)


def test_a_deposit_comes_back_whole_to_whoever_lives_to_the_end_of_the_contract() -> None:
    lives = live(
        *LATER, 'contracts.big.security={ deposit = "0.2B" }',
        keep=("contracts.big.security.paid_in", "contracts.big.security.returned"),
    )  # fmt: skip
    paid, back = (lives[f"contracts.big.security.{x}"].sum(axis=0) for x in ("paid_in", "returned"))
    lived = lives.ends > 26
    assert 0.1 < lived.mean() < 0.9
    assert (back[lived] == paid[lived]).all()
    assert (paid[lived] == 0.2e9).all()
    assert not back[lives.ends < 26].any()


def test_take_or_pay_of_all_is_the_flat_fee() -> None:
    clause = 'contracts.small.take_or_pay={ minimum = "100 %", capacity = "0.2B/mo" }'
    slots = ("contracts.small.due", "contracts.small.used", "contracts.small.stranded", "cash")
    assert alike(live(clause, keep=slots), live(keep=slots), rtol=1e-12, atol=1e-3)


@settings(max_examples=5)
@given(minimum=shares, makeup=st.integers(0, 6))
def test_take_or_pay_never_charges_less_than_its_minimum(minimum: float, makeup: int) -> None:
    clause = f'contracts.small.take_or_pay={{ minimum = {minimum}, make_up = "{makeup} mo" }}'
    slots = ("contracts.small.due", "contracts.small.capacity", "contracts.small.take_or_pay.make_up_bank")
    lives = live(*RICH, clause, keep=slots)
    assert (lives[slots[0]] >= minimum * lives[slots[1]] * (1 - 1e-12)).all()
    assert lives[slots[2]].min() >= -1e-3


@settings(max_examples=5)
@given(months=st.integers(1, 12), more=st.integers(1, 12))
def test_a_right_to_make_up_never_costs(months: int, more: int) -> None:
    slots = ("contracts.small.due", "compute.overflow")
    cost = []
    for life in (0, months, months + more):
        clause = f'contracts.small.take_or_pay={{ minimum = "60 %", capacity = "0.2B/mo", make_up = "{life} mo" }}'
        lives = live(*RICH, "price.curve.now=9.0", clause, keep=slots)
        cost.append(sum(np.cumsum(lives[slot], axis=0) for slot in slots))
    assert (cost[1] <= cost[0] * (1 + 1e-12) + 1.0).all()
    assert (cost[2] <= cost[1] * (1 + 1e-12) + 1.0).all()


def test_a_path_with_an_uncertain_amendment_is_a_path_with_it_or_one_without() -> None:
    clause = 'contracts.big.amendments.more={{ start = "2027-06", fee = "0.6B/mo", end = "2028-06", probability = {} }}'
    signed, unsigned, either = (live(clause.format(p), keep=("cash", *DUE)) for p in (1.0, 0.0, 0.4))
    chosen = either["contracts.big.due"][8] == 0.6e9
    alive = either.ends >= 8
    assert 0.2 < chosen[alive].mean() < 0.6
    for slot in ("cash", *DUE):
        assert np.array_equal(either[slot][:, chosen], signed[slot][:, chosen])
        assert np.array_equal(either[slot][:, ~chosen & alive], unsigned[slot][:, ~chosen & alive])
