"""Clauses, loans and opening balances against ledgers written by hand (in $M; month 0 is the opening)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

import simulator
from simulator.engine.block import BLOCK, deterministic_path
from simulator.engine.simulation import Simulation
from simulator.growth import memory
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
HEAD = '[calendar]\nstart = "2026-11"\nmonths = 12\n[opening]\ncash = "100B"\n'
CONTRACT = '[contracts.gpu]\nfee = "100M/mo"\nstart = "2026-11"\nend = "2027-06"\n'  # months 1 … 8


def in_millions(scenario: Scenario, slot: str) -> list[float]:
    """A slot's months 0 … M on the deterministic path; the compiled engine must say the same of a path without chance."""
    plain = deterministic_path(scenario)[slot]
    program = Simulation(scenario).program
    if not program.shocks and not program.inputs:
        compiled = Simulation(scenario).run_chunk(0, BLOCK, (slot,)).kept[slot]
        np.testing.assert_allclose(compiled[:, 5], plain, rtol=1e-12, atol=1e-3)
    return [float(x) / 1e6 for x in plain]


def near(found: Sequence[float], wanted: Sequence[float]) -> bool:
    return bool(np.allclose(found[: len(wanted)], wanted, rtol=1e-9, atol=1e-6))


# --- the end of the term ---------------------------------------------------------------------------------------------


def test_dues_that_change_end_within_a_hundred_years_and_others_may_go_on_for_ever(scenario: Write) -> None:
    """Of an amendment that is drawn every month to the end is a number a path: to the year 9999 gigabytes of them."""
    text = HEAD + CONTRACT + '[contracts.gpu.amendments.longer]\nstart = "2027-03"\nend = "{}"\nprobability = 0.5\n'
    scenario(text.format("2126-10"))
    with pytest.raises(simulator.ScenarioError, match=r"9999-12 lies more than 1,200 steps after the opening") as found:
        scenario(text.format("9999-12"))
    assert found.value.diagnostics[0].hint is not None
    for_ever = HEAD + CONTRACT.replace("2027-06", "9999-12")
    with pytest.raises(simulator.ScenarioError, match=r"9999-12 lies more than"):
        scenario(for_ever + 'escalator = "3 %/yr"\n')
    lived = scenario(for_ever)
    assert near(in_millions(lived, "contracts.gpu.headline"), [100 * (95_678 - m) for m in range(13)])


def test_what_a_run_is_told_by_path_and_month_counts_in_its_memory(scenario: Write) -> None:
    text = HEAD + CONTRACT + '[contracts.gpu.amendments.longer]\nstart = "2027-03"\nend = "{}"\nprobability = 0.5\n'
    short, long = (
        memory(Simulation(scenario(text.format(end))), 100_000, 2, False).total for end in ("2027-08", "2126-10")
    )
    assert long - short > 2 * 1190 * 8 * 16_384 * 2  # two workers, as many months, tables and sums


# --- delivery --------------------------------------------------------------------------------------------------------


def test_a_late_delivery_abates_the_fee_in_proportion(scenario: Write) -> None:
    late = scenario(HEAD + CONTRACT + '[contracts.gpu.delivery]\ndelay = "2.25 mo"\n')
    assert near(in_millions(late, "contracts.gpu.due"), [0, 0, 0, 75, 100, 100, 100, 100, 100, 0])
    assert near(in_millions(late, "contracts.gpu.capacity"), [0, 0, 0, 75, 100, 100, 100, 100, 100, 0])
    # exposures assume full delivery
    assert near(in_millions(late, "contracts.gpu.headline"), [800, 700, 600, 500, 400, 300, 200, 100, 0])


def test_a_buyer_leaves_after_the_grace_without_fee_and_notice(scenario: Write) -> None:
    text = '[contracts.gpu.delivery]\ndelay = "2.25 mo"\ngrace = "2 mo"\nwhen_late = "leave"\n'
    left = scenario(HEAD + CONTRACT + text)
    assert near(in_millions(left, "contracts.gpu.due"), [0, 0, 0, 75, 0, 0, 0, 0, 0])  # month s + grace = 3 is the last
    assert near(in_millions(left, "contracts.gpu.headline"), [800, 700, 600, 0, 0])
    stayed = scenario(HEAD + CONTRACT + text.replace("2 mo", "3 mo"))
    assert near(in_millions(stayed, "contracts.gpu.due"), [0, 0, 0, 75, 100])
    run = simulator.run(left, paths=10)
    assert run.document["contracts"]["gpu"]["terminated"]["buyer"]["value"] == 1.0


def test_a_buyer_shrinks_to_what_is_delivered_for_good(scenario: Write) -> None:
    text = '[contracts.gpu.delivery]\ndelay = "2.25 mo"\ngrace = "2 mo"\nwhen_late = "shrink"\n'
    shrunk = scenario(HEAD + CONTRACT + text)
    assert near(in_millions(shrunk, "contracts.gpu.due"), [0, 0, 0, 75, 75, 75, 75, 75, 75, 0])
    assert near(in_millions(shrunk, "contracts.gpu.headline"), [800, 700, 600, 375, 300, 225, 150, 75, 0])


def test_the_fee_of_leaving_a_shrunk_contract_is_of_what_is_left(scenario: Write) -> None:
    """Shrunk to 75 in month 3. Notice of a month in month 3, last month 4: half of the 4 x 75 that are not paid, 150. Firm at
    the opening: months 1 … 4 and half of the other four, 600."""
    text = '[contracts.gpu.delivery]\ndelay = "2.25 mo"\ngrace = "2 mo"\nwhen_late = "shrink"\n'
    text += '[contracts.gpu.exit.buyer]\nnotice = "30 days"\nlock_in = "90 days"\nfee_share = 0.5\n'
    left = scenario(HEAD + CONTRACT + text + 'when = [{ liquidity_below = "200B" }]\n')
    assert near(in_millions(left, "contracts.gpu.due"), [0, 0, 0, 75, 75, 0, 0])
    assert near(in_millions(left, "contracts.gpu.exit.fee"), [0, 0, 0, 0, 150, 0, 0])
    assert near(in_millions(left, "contracts.gpu.firm"), [600, 500, 400, 225, 0])


def test_the_delay_is_drawn_once_a_path_and_is_its_median_on_the_deterministic_path(scenario: Write) -> None:
    text = '[contracts.gpu.delivery]\ndelay = { p10 = "0.5 mo", p50 = "1.5 mo", p90 = "4 mo" }\n'
    late = scenario(HEAD + CONTRACT + text)
    assert near(in_millions(late, "contracts.gpu.due"), [0, 0, 50, 100, 100])
    run = simulator.run(late, paths=3000)
    delay, paid = run.column("input.contracts.gpu.delivery.delay"), run.column("gpu.paid")
    np.testing.assert_allclose(paid, 1e8 * np.maximum(0.0, 8 - delay), rtol=1e-9, atol=1.0)


# --- amendments ------------------------------------------------------------------------------------------------------


def test_an_amendment_replaces_or_changes_the_fee_and_moves_the_end(scenario: Write) -> None:
    text = '[contracts.gpu.amendments.more]\nstart = "2027-01"\nfee = "150M/mo"\nend = "2027-08"\n'
    assert near(in_millions(scenario(HEAD + CONTRACT + text), "contracts.gpu.due"), [0, 100, 100, *[150] * 8, 0, 0])
    text = '[contracts.gpu.amendments.less]\nstart = "2027-01"\nchange = "-30M/mo"\n'
    assert near(in_millions(scenario(HEAD + CONTRACT + text), "contracts.gpu.due"), [0, 100, 100, *[70] * 6, 0])
    text = '[contracts.gpu.amendments.short]\nstart = "2027-01"\nend = "2027-02"\n'
    assert near(in_millions(scenario(HEAD + CONTRACT + text), "contracts.gpu.headline"), [400, 300, 200, 100, 0])


def test_months_that_an_amendment_adds_are_paid_like_those_before(scenario: Write) -> None:
    """Months 1 … 8 at 100, two more: 100 each, and 1000 is the whole. With a step to 120 in month 5 they cost 120, with a change
    of -30 from month 9 on 70. A schedule goes on at its last amount, 70, but for what it lists beyond its end."""
    more = '[contracts.gpu.amendments.more]\nstart = "2026-12"\nend = "2027-08"\n'
    longer = scenario(HEAD + CONTRACT + more)
    assert near(in_millions(longer, "contracts.gpu.due"), [0, *[100] * 10, 0, 0])
    assert near(in_millions(longer, "contracts.gpu.headline"), [1000, 900])
    assert near(in_millions(longer, "contracts.gpu.capacity"), [0, *[100] * 10, 0])
    stepped = CONTRACT + 'steps = { "2027-03" = "120M/mo" }\n'
    assert near(in_millions(scenario(HEAD + stepped + more), "contracts.gpu.due"), [0, *[100] * 4, *[120] * 6, 0])
    lower = more.replace("2026-12", "2027-07") + 'change = "-30M/mo"\n'
    assert near(in_millions(scenario(HEAD + CONTRACT + lower), "contracts.gpu.due"), [0, *[100] * 8, 70, 70, 0])
    listed = '[contracts.gpu]\nend = "2027-01"\nschedule = { "2026-11" = "90M/mo", "2027-01" = "70M/mo", "2027-03" = "60M/mo" }\n'
    until = more.replace("2027-08", "2027-04")
    assert near(in_millions(scenario(HEAD + listed + until), "contracts.gpu.due"), [0, 90, 0, 70, 70, 60, 70, 0])


@pytest.mark.parametrize("probability", [1.0, 0.6, 0.4])
def test_an_amended_end_ends_capacity_and_returns_the_deposit_on_the_paths_that_sign(
    scenario: Write, probability: float
) -> None:
    """Term months 1 … 8, amended to end in 5. Signed: capacity 90 in months 1 … 5, the deposit of 50 back in 5; else 8."""
    text = (
        CONTRACT + 'capacity_value = "90M/mo"\nsecurity.deposit = "50M"\n'
        '[contracts.gpu.amendments.short]\nstart = "2027-01"\nend = "2027-03"\n'
    )
    short = scenario(HEAD + text + f"probability = {probability}\n")
    ended = {True: 5, False: 8}
    slots = ("contracts.gpu.due", "contracts.gpu.capacity", "contracts.gpu.security.returned")

    def wanted(end: int) -> list[list[float]]:
        return [[0, *[amount] * end, *[0] * (12 - end)] for amount in (100, 90)] + [[0] * end + [50] + [0] * (12 - end)]

    path = deterministic_path(short)
    for slot, row in zip(slots, wanted(ended[probability > 0.5]), strict=True):
        assert near(list(path[slot] / 1e6), row), slot
    kept = Simulation(short).run_chunk(0, BLOCK, slots).kept
    signed = kept[slots[0]][6] == 0
    assert signed.mean() == pytest.approx(probability, abs=0.07)  # 4.4 standard errors of 1024 draws
    for slot, yes, no in zip(slots, wanted(5), wanted(8), strict=True):
        rows = np.where(signed, np.array(yes)[:, None], np.array(no)[:, None])
        np.testing.assert_allclose(kept[slot] / 1e6, rows, rtol=1e-12, err_msg=slot)


def test_an_amendment_is_signed_with_its_probability_on_whole_paths(scenario: Write) -> None:
    text = (
        '[contracts.gpu.exit.buyer]\nnotice = "60 days"\n[contracts.gpu.amendments.more]\nstart = "2027-01"\n'
        'fee = "150M/mo"\nend = "2027-08"\nprobability = "30 %"\n'
    )
    run = simulator.run(scenario(HEAD + CONTRACT + text), paths=20_000)
    paid = run.column("gpu.paid") / 1e6
    signed = np.isclose(paid, 1400)
    assert np.all(signed | np.isclose(paid, 800))
    # false alarm 1e-5: 4.4 standard errors
    assert abs(signed.mean() - 0.3) < 4.4 * np.sqrt(0.21 / 20_000)
    firm = Simulation(run.scenario).run_chunk(0, BLOCK, ("contracts.gpu.firm",)).kept["contracts.gpu.firm"] / 1e6
    assert np.allclose(firm[4, signed[:BLOCK]], 300)
    assert np.allclose(firm[4, ~signed[:BLOCK]], 200)
    assert np.allclose(firm[8, signed[:BLOCK]], 300)
    assert np.allclose(firm[8, ~signed[:BLOCK]], 0)


# --- prepayment and deposit ------------------------------------------------------------------------------------------


def test_a_prepayment_is_due_at_the_start_and_credited_evenly(scenario: Write) -> None:
    # P = 25 % of 800 = 200, credited over months 3 … 6, 50 a month
    text = '[contracts.gpu.prepayment]\nshare = "25 %"\ncredit_from = "2027-01"\ncredit_until = "2027-04"\n'
    prepaid = scenario(HEAD + CONTRACT + text)
    assert near(in_millions(prepaid, "contracts.gpu.due"), [0, 300, 100, 50, 50, 50, 50, 100, 100, 0])
    assert near(in_millions(prepaid, "contracts.gpu.headline"), [800, 500, 400, 350, 300, 250, 200, 100, 0])


def test_without_dates_a_prepayment_is_credited_evenly_from_the_month_after_it_is_paid(scenario: Write) -> None:
    """P = 35 % of 800 = 280, over months 2 … 8: 40 a month. From month 1 on, if the file says so: 35 a month, the first
    in the month in which P is paid. A credit of 160 of the opening is spread over all eight months."""
    text = HEAD + CONTRACT + '[contracts.gpu.prepayment]\nshare = "35 %"\n'
    assert near(in_millions(scenario(text), "contracts.gpu.due"), [0, 380, *[60] * 7, 0])
    at_once = scenario(text + 'credit_from = "2026-11"\n')
    assert near(in_millions(at_once, "contracts.gpu.due"), [0, 345, *[65] * 7, 0])
    assert near(in_millions(at_once, "contracts.gpu.prepayment.credited"), [0, *[35] * 8, 0])
    held = HEAD + CONTRACT + '[contracts.gpu.prepayment]\nopening_credit = "160M"\n'
    assert near(in_millions(scenario(held), "contracts.gpu.due"), [0, *[80] * 8, 0])


def test_credit_is_spread_to_the_end_of_each_path(scenario: Write) -> None:
    """Credit of 240. Half of the paths sign an amendment that ends the contract in month 12: 20 a month there, 30 over the eight
    months of the others, and nothing is lost on either."""
    text = '[contracts.gpu.prepayment]\nopening_credit = "240M"\n[contracts.gpu.amendments.more]\n'
    text += 'start = "2027-06"\nend = "2027-10"\nprobability = 0.5\n'
    run = Simulation(scenario(HEAD + CONTRACT + text))
    due = run.run_chunk(0, BLOCK, ("contracts.gpu.due",)).kept["contracts.gpu.due"] / 1e6
    signed = due[12] > 0
    assert 0.4 < signed.mean() < 0.6
    assert np.allclose(due[1:, signed], 80)
    assert np.allclose(due[1:9, ~signed], 70)
    assert np.allclose(due[9:, ~signed], 0)


def test_credit_that_a_fee_cannot_take_is_carried_on(scenario: Write) -> None:
    # 450 over months 1 … 3 is 150 a month, and a fee takes 100
    text = '[contracts.gpu.prepayment]\nopening_credit = "450M"\ncredit_until = "2027-01"\n'
    assert near(in_millions(scenario(HEAD + CONTRACT + text), "contracts.gpu.due"), [0, 0, 0, 0, 0, 50, 100, 100, 100])


def test_unused_credit_returns_after_the_suppliers_notice_and_is_lost_at_the_buyers(scenario: Write) -> None:
    credit = '[contracts.gpu.prepayment]\nopening_credit = "800M"\n'
    supplier = '[contracts.gpu.exit.supplier]\nnotice = "30 days"\nhazard = "100000 /yr"\ngamma = 0.0\n'
    run = Simulation(scenario(HEAD + CONTRACT + credit + supplier))
    slots = ("contracts.gpu.prepayment.returned", "contracts.gpu.due")
    returned = run.run_chunk(0, BLOCK, slots).kept
    # notice in month 1, last month 2; 100 a month credited in 1 and 2
    assert near(list(returned[slots[0]][:, 0] / 1e6), [0, 0, 600, 0, 0])
    buyer = '[contracts.gpu.exit.buyer]\nnotice = "30 days"\nwhen = [{ liquidity_below = "200B" }]\n'
    lost = scenario(HEAD + CONTRACT + credit + buyer)
    assert near(in_millions(lost, "contracts.gpu.prepayment.returned"), [0] * 9)
    assert near(in_millions(lost, "contracts.gpu.credit"), [800, 700, 0, 0])


def test_a_deposit_is_paid_at_the_start_and_returned_in_the_last_month(scenario: Write) -> None:
    later = CONTRACT.replace("2026-11", "2027-01")
    text = HEAD.replace("100B", "1B") + later + '[contracts.gpu.security]\ndeposit = "90M"\n'
    assert near(in_millions(scenario(text), "cash"), [1000, 1000, 1000, 810, 710, 610, 510, 410, 400])
    begun = HEAD.replace("100B", "1B") + CONTRACT.replace("2026-11", "2026-10")
    text = begun + '[contracts.gpu.security]\ndeposit = "90M"\n'
    assert near(in_millions(scenario(text), "cash"), [1000, 900, 800, 700, 600, 500, 400, 300, 290, 290])


# --- opening balances ------------------------------------------------------------------------------------------------


def test_opening_receivables_replace_the_revenue_before_month_1(scenario: Write) -> None:
    revenue = (
        '[revenue]\ntype = "geometric_brownian"\nrun_rate = "1.2B/yr"\n[operations]\ncollections = [0.2, 0.5, 0.3]\n'
    )
    usual = in_millions(scenario(HEAD + revenue), "operations.collections")
    assert near(usual[1:], [100, 100, 100])
    # lags 1 x 0.5 + 2 x 0.3 = 1.1 months of 50: 25 + 15 in month 1, 15 in month 2
    given = HEAD.replace('cash = "100B"', 'cash = "100B"\nreceivables = "55M"')
    assert near(in_millions(scenario(given + revenue), "operations.collections")[1:], [60, 85, 100, 100])
    at_once = revenue.split("[operations]")[0]
    assert near(in_millions(scenario(given + at_once), "cash"), [1e5, 1e5 + 155, 1e5 + 255])


def test_restricted_cash_is_no_liquidity_until_it_is_free(scenario: Write) -> None:
    head = HEAD.replace('cash = "100B"', 'cash = "1B"\nrestricted_cash = "500M"\nrestricted_until = "2027-01"')
    text = head + '[treasury]\ninterest = "1 %/mo"\n[flows.cost]\namount = "10M/mo"\n'
    cash, restricted = 1000.0, 500.0
    wanted = [cash]
    for month in range(1, 7):
        cash += 0.01 * cash + 0.01 * restricted - 10 + (500 if month == 3 else 0)
        restricted = 0.0 if month >= 3 else 500.0
        wanted.append(cash)
    assert near(in_millions(scenario(text), "cash"), wanted)
    assert near(in_millions(scenario(text), "liquidity"), wanted)


def test_restricted_cash_stays_what_it_was_at_a_default_and_is_released_in_the_shadow_account(scenario: Write) -> None:
    """1,000 pay 600 a month: the second is missed. The 500 of month 4 come too late for the company, not for the account that
    pays all dues: -200 after month 2, -800, then -1,400 + 500."""
    head = 'opening = { cash = "1B", restricted_cash = "500M", restricted_until = "2027-02" }\n'
    cost = '[flows.cost]\namount = "600M/mo"\n[calendar]\nstart = "2026-11"\nmonths = 5\n'
    path = deterministic_path(scenario(head + cost))
    assert path["ending.month"][-1] == 2
    assert (path["treasury.restricted_cash"] / 1e6).tolist() == [500.0] * 6
    assert np.allclose(path["shadow.cash"][1:] / 1e6, [400, -200, -800, -900, -1500])
    assert path["cash"][-1] == 0.0


@pytest.mark.parametrize(("months", "ending"), [(1, 2), (0, 3), (2, 1)])
def test_opening_arrears_carry_their_clock(scenario: Write, months: int, ending: int) -> None:
    """Nothing can be paid; with a cure of 2 months default comes when more than 2 month-ends have passed in arrears."""
    head = HEAD.replace('cash = "100B"', 'cash = "0B"')
    default = '[default]\ncure = "60 days"\n'
    contract = CONTRACT + f'arrears = "50M"\narrears_months = {months}\n'
    assert simulator.run(scenario(head + default + contract), paths=5).column("end_month").tolist() == [ending] * 5
    operating = head.replace('cash = "0B"', f'cash = "0B"\narrears = "50M"\narrears_months = {months}')
    result = simulator.run(scenario(operating + default), paths=5)
    assert result.column("end_month").tolist() == [ending] * 5
    assert result.column("arrears").tolist() == [50e6] * 5


# --- term debt -------------------------------------------------------------------------------------------------------


def test_a_bullet_loan_pays_interest_and_falls_due_at_maturity(scenario: Write) -> None:
    head = HEAD.replace("100B", "1B")
    loan = '[financing.loan]\ntype = "term_debt"\nprincipal = "400M"\nrate = "12 %/yr nominal"\nmaturity = "2027-01"\n'
    assert near(in_millions(scenario(head + loan), "cash"), [1000, 996, 992, 588, 588])
    drawn = loan.replace("2027-01", "2027-03") + 'drawn = "2026-12"\n'
    assert near(in_millions(scenario(head + drawn), "cash"), [1000, 1000, 1400, 1396, 1392, 988, 988])


def test_an_amortising_loan_is_repaid_in_equal_parts(scenario: Write) -> None:
    text = (
        '[financing.loan]\ntype = "term_debt"\nprincipal = "400M"\nrate = "12 %/yr nominal"\nmaturity = "2027-03"\n'
        'repayment = "amortising"\nfirst_repayment = "2026-12"\n'
    )
    cash = in_millions(scenario(HEAD.replace("100B", "1B") + text), "cash")
    assert near(cash, [1000, 996, 892, 789, 687, 586, 586])


def test_a_principal_that_cannot_be_paid_is_a_default_at_once(scenario: Write) -> None:
    text = '[default]\ncure = "90 days"\n[financing.loan]\ntype = "term_debt"\nprincipal = "2B"\nmaturity = "2027-03"\n'
    result = simulator.run(scenario(HEAD.replace("100B", "1B") + text), paths=4)
    assert result.column("end_month").tolist() == [5] * 4
    assert result.column("loan.repayment.exposure_at_default").tolist() == [1e9] * 4
    assert result.document["causes"]["payment default on loan.repayment (debt)"]["count"] == 4


# --- tranches --------------------------------------------------------------------------------------------------------


def test_a_tranche_waits_for_every_gate_and_its_delay(scenario: Write) -> None:
    tranche = '[financing.partner]\ntype = "tranche"\namount = "1B"\n'
    late = CONTRACT + '[contracts.gpu.delivery]\ndelay = "2 mo"\n'
    received = "financing.partner.received"
    text = HEAD + late + tranche + 'delivered = "gpu"\n'
    assert near(in_millions(scenario(text), received), [0, 0, 0, 1000, 0])
    assert near(in_millions(scenario(text + 'month = "2027-03"\n'), received), [0, 0, 0, 0, 0, 1000, 0])
    assert near(in_millions(scenario(text + 'delay = "1.5 mo"\n'), received), [0, 0, 0, 0, 0, 1000, 0])
    revenue = '[revenue]\ntype = "geometric_brownian"\nrun_rate = "1B/yr"\ngrowth = "1.2 log/yr"\n'
    gate = 'run_rate_above = "1.25B/yr"\n'  # exp(0.1 m) >= 1.25 from m = 3
    assert near(in_millions(scenario(HEAD + revenue + tranche + gate), received), [0, 0, 0, 1000, 0])


def test_a_gate_of_delivery_stays_shut_when_the_contract_has_ended(scenario: Write) -> None:
    """Two months late: delivered in full from month 3 on. A buyer that leaves in month 2, after a grace of one, never sees it;
    nor one whose notice of a month, given in month 1, ends in 2. With a grace of two months nobody may
    leave, and month 3 brings it.
    Delivered in month 3, ended in 3: a date of month 4 comes too late."""
    gate = '[financing.partner]\ntype = "tranche"\namount = "1B"\ndelivered = "gpu"\n'
    late = HEAD + CONTRACT + '[contracts.gpu.delivery]\ndelay = "2 mo"\n'
    received = "financing.partner.received"
    leave = 'grace = "1 mo"\nwhen_late = "leave"\n'
    assert near(in_millions(scenario(late + leave + gate), received), [0] * 13)
    assert near(in_millions(scenario(late + leave.replace("1 mo", "2 mo") + gate), received), [0, 0, 0, 1000, 0])
    notice = '[contracts.gpu.exit.buyer]\nnotice = "30 days"\nwhen = [{ liquidity_below = "200B" }]\n'
    assert near(in_millions(scenario(late + notice + gate), received), [0] * 13)
    short = late.replace("2027-06", "2027-01") + gate
    assert near(in_millions(scenario(short), received), [0, 0, 0, 1000, 0])
    assert near(in_millions(scenario(short + 'month = "2027-02"\n'), received), [0] * 13)


def test_opening_arrears_are_paid_by_the_shadow_account(scenario: Write) -> None:
    """Cash 100, arrears 30 of operations and 20 of a contract that asks 10 a month: the shadow account stands at 40 after month
    1. With 50 of cash the money that was missing at the opening is 70 less those 50, with fees of 10 in both months."""
    head = HEAD.replace('cash = "100B"', 'cash = "100M"\narrears = "30M"').replace("= 12", "= 2")
    owed = CONTRACT.replace("100M", "10M") + 'arrears = "20M"\n'
    assert near(in_millions(scenario(head + owed), "shadow.cash"), [100, 40, 30])
    run = simulator.run(scenario(head.replace('"100M"', '"50M"') + owed), paths=3)
    assert run.column("peak_need").tolist() == [20e6] * 3


def test_banked_volume_lapses_with_its_contract(scenario: Write) -> None:
    """No need, minimum 70 of 100: 70 a month into the bank. Notice of a month in month 1: months 1 and 2 are
    paid, then it is gone."""
    text = '[revenue]\ntype = "geometric_brownian"\nrun_rate = "1M/mo"\n[operations]\npartner_share = "100 %"\n'
    text += '[compute]\nneed = { start = 0, floor = 0, decay = "0 /mo" }\n' + CONTRACT
    text += '[contracts.gpu.take_or_pay]\nminimum = "70 %"\nmake_up = "9 mo"\n'
    text += '[contracts.gpu.exit.buyer]\nnotice = "30 days"\nwhen = [{ liquidity_below = "200B" }]\n'
    assert near(in_millions(scenario(HEAD + text), "contracts.gpu.take_or_pay.make_up_bank"), [0, 70, 140, *[0] * 10])


def test_a_deposit_of_a_contract_that_has_ended_is_not_returned_again(scenario: Write) -> None:
    """It ended the month before the opening, and the deposit came back then; one that ends in month 1 returns it there."""
    text = CONTRACT.replace("2026-11", "2026-06") + '[contracts.gpu.security]\ndeposit = "90M"\n'
    ended = scenario(HEAD + text.replace("2027-06", "2026-10"))
    assert near(in_millions(ended, "contracts.gpu.security.returned"), [0] * 13)
    ends = scenario(HEAD + text.replace("2027-06", "2026-11"))
    assert near(in_millions(ends, "contracts.gpu.security.returned"), [0, 90, 0])


# --- revenue plan ----------------------------------------------------------------------------------------------------


def test_a_plan_is_followed_and_kept_in_the_mean(scenario: Write) -> None:
    plan = '[revenue]\ntype = "plan"\nplan = { "2026-11" = "1B/yr", "2027-01" = "4B/yr", "2027-02" = "2B/yr" }\n'
    rate = in_millions(scenario(HEAD + plan), "revenue.run_rate")
    assert near(rate, [1000, 1000, 2000, 4000, 2000, 2000])
    for reversion in ("0 /yr", "2 /yr"):
        noisy = scenario(HEAD + plan + f'volatility = "60 %/yr"\nreversion = "{reversion}"\n')
        kept = Simulation(noisy).run_chunk(0, 16 * BLOCK, ("revenue.run_rate",)).kept["revenue.run_rate"] / 1e6
        for month in (1, 3, 12):
            error = kept[month].std() / np.sqrt(kept.shape[1])
            assert abs(kept[month].mean() - rate[month]) < 4.4 * error  # false alarm 1e-5 each
        variance = np.var(np.log(kept[12]))
        kappa = float(reversion.split()[0])
        wanted = 0.36 * (1.0 if kappa == 0 else (1 - np.exp(-2 * kappa)) / (2 * kappa))
        assert abs(variance / wanted - 1) < 4.4 * np.sqrt(2 / kept.shape[1])


def test_a_plan_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_text("# ours\nwhen,headcount,sales\n2026-11,10,1.0\n2027-01,12,4.0\n")
    text = (
        '[revenue]\ntype = "plan"\nplan = { csv = "plan.csv", month = "when", column = "sales", unit = "B/yr" }\n'
        '[flows.people]\ntype = "schedule"\n'
        'schedule = { csv = "plan.csv", month = "when", column = "headcount", unit = "M/mo" }\n'
    )
    (tmp_path / "case.toml").write_text("format = 1\n" + HEAD + text)
    read = simulator.load(tmp_path / "case.toml")
    assert near(in_millions(read, "revenue.run_rate"), [1000, 1000, 2000, 4000, 4000])
    assert near(in_millions(read, "flows.people.paid_out"), [0, 10, 0, 12, 0])


# --- fiscal years ----------------------------------------------------------------------------------------------------


def test_fiscal_years_have_the_name_of_the_year_in_which_they_end(scenario: Write) -> None:
    text = HEAD.replace("months = 12", "months = 26\nfiscal_year_start = 2") + '[flows.cost]\namount = "10M/mo"\n'
    years = simulator.run(scenario(text), paths=3).document["fiscal_years"]
    assert [(y["year"], y["first"], y["last"]) for y in years] == [(2027, 1, 3), (2028, 4, 15), (2029, 16, 26)]
    assert [round(y["paid"] / 1e6) for y in years] == [30, 120, 110]


# --- covenants ---------------------------------------------------------------------------------------------------------


def test_debt_above_its_multiple_of_revenue_is_a_default_past_its_cure(scenario: Write) -> None:
    """Run-rate 1.2B falling by 10 % a month, loan 500M, limit 0.5: 500 / (1200 e^(-0.1 m)) exceeds 0.5 from m = 2 (0.509). With a
    cure of 60 days three closes in a row end it: month 4; with none, month 2."""
    text = (
        HEAD.replace("100B", "10B")
        + '[revenue]\ntype = "geometric_brownian"\nrun_rate = "1.2B/yr"\ngrowth = "-1.2 log/yr"\n'
        + '[financing.loan]\ntype = "term_debt"\nprincipal = "500M"\nmaturity = "2027-10"\n[default]\ndebt_to_revenue = 0.5\n'
    )
    for cure, month in (("0 days", 2), ("60 days", 4)):
        run = simulator.run(scenario(text + f'debt_cure = "{cure}"\n'), paths=3)
        assert run.column("end_month").tolist() == [month] * 3
        assert run.document["causes"]["covenant debt to revenue past cure"]["count"] == 3


def test_a_breach_of_either_covenant_stops_draws_until_none_is_breached(scenario: Write) -> None:
    """Line 300, cost 100 a month, cash 0: drawn 100 in month 1 is above 0.05 x 1200 = 60: no draw in month 2."""
    text = (
        HEAD.replace("100B", "0B")
        + '[revenue]\ntype = "geometric_brownian"\nrun_rate = "1.2B/yr"\n[operations]\nvariable_cost = "100 %"\n'
        + '[flows.cost]\namount = "100M/mo"\n[financing.line]\ntype = "revolver"\nlimit = "300M"\n'
        + '[default]\ncure = "300 days"\ndebt_to_revenue = 0.05\n'
    )
    stopped = scenario(text)
    assert near(in_millions(stopped, "financing.line.drawn"), [0, 100, 100, 100])
    assert near(in_millions(stopped, "operating.arrears"), [0, 0, 100, 200])
    free = scenario(text.replace("debt_to_revenue = 0.05", "debt_to_revenue = 5.0"))
    assert near(in_millions(free, "financing.line.drawn"), [0, 100, 200, 300])


def test_a_customer_lost_from_a_plan_is_lost_for_good(scenario: Write) -> None:
    """Plan 1B, 2B, 4B; a tenth is lost every month (its hazard is certain): 0.9, 0.81 and 0.729 of the plan are left."""
    plan = '[revenue]\ntype = "plan"\nplan = { "2026-11" = "1B/yr", "2026-12" = "2B/yr", "2027-01" = "4B/yr" }\n'
    loss = '[revenue.customer_loss]\nhazard = "100000 /yr"\nsize = "10 %"\n'
    kept = Simulation(scenario(HEAD + plan + loss)).run_chunk(0, BLOCK, ("revenue.run_rate",)).kept["revenue.run_rate"]
    np.testing.assert_allclose(kept[:4, 7] / 1e9, [1, 0.9, 2 * 0.81, 4 * 0.729], rtol=1e-12)
