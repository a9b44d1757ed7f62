"""Clauses on a fee against ledgers written by hand (in $M; month 0 is the opening; months 1 … 8 are the term)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulator.engine.block import BLOCK, deterministic_path
from simulator.engine.simulation import Simulation
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
HEAD = '[calendar]\nstart = "2026-11"\nmonths = 30\n[opening]\ncash = "100B"\n'
CONTRACT = (
    '[contracts.gpu]\nfee = "100M/mo"\nstart = "2026-11"\nend = "2028-12"\n'
    'unit_price = "5 $/GPU-h"\nmarket_unit_price = "4 $/GPU-h"\n'
)
# index 1.0, then 1.2 from month 2, 0.5 from month 4, 1.5 from month 6 on (steep points, flat between)
PRICES = [1.0, 1.0, 1.2, 1.2, 0.5, 0.5, 1.5]
PRICE = (
    '[price]\ntype = "forward_curve"\n[price.curve]\nnow = 1.0\npoints = ['
    + ", ".join(
        f'{{ month = "{2026 + (m + 9) // 12}-{(m + 9) % 12 + 1:02d}", index = {p} }}' for m, p in enumerate(PRICES) if m
    )
    + "]\n"
)


def months(scenario: Scenario, slot: str, count: int = 9) -> list[float]:
    plain = deterministic_path(scenario)[slot]
    program = Simulation(scenario).program
    if not program.shocks and not program.inputs:
        compiled = Simulation(scenario).run_chunk(0, BLOCK, (slot,)).kept[slot]
        np.testing.assert_allclose(compiled[:, 3], plain, rtol=1e-12, atol=1e-3)
    return [round(float(x) / 1e6, 6) for x in plain[:count]]


def test_the_forward_points_are_what_the_tests_say(scenario: Write) -> None:
    path = deterministic_path(scenario(HEAD + PRICE))["price.index"]
    assert np.allclose(path[:7], PRICES)


# --- escalator -----------------------------------------------------------------------------------------------------------


def test_an_escalator_raises_the_fee_after_each_twelve_months(scenario: Write) -> None:
    """4 % a year from month 1: 100 in months 1 … 12, 104 in 13 … 24, 108.16 in 25 and 26; capacity stays 100."""
    deal = scenario(HEAD + CONTRACT + 'escalator = "4 %/yr"\n')
    due = months(deal, "contracts.gpu.due", 28)
    assert np.allclose(due, [0, *[100] * 12, *[104] * 12, 108.16, 108.16, 0])
    assert np.allclose(months(deal, "contracts.gpu.capacity", 28), [0, *[100] * 26, 0])
    assert np.allclose(months(deal, "contracts.gpu.headline", 3), [2664.32, 2564.32, 2464.32])


def test_an_escalator_counts_from_a_start_before_the_opening(scenario: Write) -> None:
    """Start ten months before month 1: the first rise is in month 3, the next in month 15."""
    text = CONTRACT.replace('start = "2026-11"', 'start = "2026-01"')
    due = months(scenario(HEAD + text + 'escalator = "10 %/yr"\n'), "contracts.gpu.due", 17)
    assert np.allclose(due[1:], [100, 100, *[110] * 12, 121, 121])


# --- indexation ------------------------------------------------------------------------------------------------------------


def test_a_share_of_the_fee_follows_the_price_within_floor_and_cap(scenario: Write) -> None:
    """w = 40 %, ratio to I(1) = 1: 1.2, 1.2, then 0.5 floored at 0.8, then 1.5 capped at 1.25."""
    text = '[contracts.gpu.indexation]\nshare = "40 %"\nfloor = 0.8\ncap = 1.25\n'
    deal = scenario(HEAD + PRICE + CONTRACT + text)
    assert np.allclose(months(deal, "contracts.gpu.due", 8), [0, 100, 108, 108, 92, 92, 110, 110])
    # exposures at this month's factor for all months to come: 26 - m months
    assert np.allclose(months(deal, "contracts.gpu.headline", 5), [2600, 2500, 24 * 108, 23 * 108, 22 * 92])


def test_indexation_looks_back_by_its_lag_and_takes_the_price_of_the_start_as_base(scenario: Write) -> None:
    """Start in month 2 (I = 1.2), lag 2: months 2 and 3 see 1, months 4 and 5 see 1.2, 6 and 7 see 0.5, month 8 sees 1.5."""
    text = '[contracts.gpu.indexation]\nshare = "100 %"\nlag = "2 mo"\n'
    later = CONTRACT.replace('start = "2026-11"', 'start = "2026-12"')
    due = months(scenario(HEAD + PRICE + later + text), "contracts.gpu.due")
    wanted = [0, 0, 100 / 1.2, 100 / 1.2, 100, 100, 50 / 1.2, 50 / 1.2, 125]
    assert np.allclose(due, wanted)


def test_a_lag_beyond_the_run_sees_the_opening_throughout_and_takes_no_room_of_its_own(scenario: Write) -> None:
    text = '[contracts.gpu.indexation]\nshare = "100 %"\nlag = "{} mo"\n'
    end, beyond = (scenario(HEAD + PRICE + CONTRACT + text.format(lag)) for lag in (30, 100_000_000))
    assert months(end, "contracts.gpu.due", 31) == months(beyond, "contracts.gpu.due", 31)
    assert len(Simulation(beyond).program.values) == len(Simulation(end).program.values)


def test_of_a_contract_that_ended_before_the_opening_nothing_is_firm_whatever_right_it_gave(scenario: Write) -> None:
    over = CONTRACT.replace("2026-11", "2020-11").replace("2028-12", "2024-12")
    exit_right = (
        '[contracts.gpu.exit.buyer]\nnotice = "90 days"\nfee_share = 0.5\nwhen = [{ price_ratio_below = 0.75 }]\n'
    )
    for slot in ("firm", "headline", "due"):
        assert months(scenario(HEAD + PRICE + over + exit_right), f"contracts.gpu.{slot}", 31) == [0.0] * 31


# --- reopener ----------------------------------------------------------------------------------------------------------------


def test_a_reopener_moves_the_fee_part_of_the_way_to_the_market(scenario: Write) -> None:
    """Every 3 months from month 1: month 4, I = 0.5, ratio 0.8 x 0.5 = 0.4: 1 + 0.5 (0.4 - 1) = 0.7, at most 20 % down: 80.
    Month 7, I = 1.5, ratio 0.8 x 1.5 / 0.8 = 1.5: 1 + 0.5 x 0.5 = 1.25, at most 10 % up: 88."""
    text = '[contracts.gpu.reopener]\nevery = "3 mo"\nshare = "50 %"\nup = "10 %"\ndown = "20 %"\n'
    deal = scenario(HEAD + PRICE + CONTRACT + text)
    assert np.allclose(months(deal, "contracts.gpu.due"), [0, 100, 100, 100, 80, 80, 80, 88, 88])
    assert np.allclose(months(deal, "contracts.gpu.headline", 6), [2600, 2500, 2400, 2300, 22 * 80, 21 * 80])


def test_a_reopener_without_limits_goes_to_the_market(scenario: Write) -> None:
    """Month 4: fee 100 x 0.4 = 40; month 7: ratio 0.8 x 1.5 / 0.4 = 3: 120."""
    text = '[contracts.gpu.reopener]\nevery = "3 mo"\n'
    deal = scenario(HEAD + PRICE + CONTRACT + text)
    assert np.allclose(months(deal, "contracts.gpu.due"), [0, 100, 100, 100, 40, 40, 40, 120, 120])


def test_the_exit_rule_sees_the_price_ratio_of_the_fee_as_it_stands(scenario: Write) -> None:
    """Ratio 0.8 x I / fee now over base: month 4 is 0.4, and 1 after the reopener has moved the fee in that month."""
    rule = '[contracts.gpu.exit.buyer]\nnotice = "30 days"\nwhen = [{ price_ratio_below = 0.75 }]\n'
    left = scenario(HEAD + PRICE + CONTRACT + rule)
    assert np.allclose(months(left, "contracts.gpu.due"), [0, 100, 100, 100, 100, 100, 0, 0, 0])
    reopened = scenario(HEAD + PRICE + CONTRACT + rule + '[contracts.gpu.reopener]\nevery = "3 mo"\n')
    assert np.allclose(months(reopened, "contracts.gpu.due"), [0, 100, 100, 100, 40, 40, 40, 120, 120])


# --- service credits -----------------------------------------------------------------------------------------------------------


def test_missed_availability_returns_part_of_the_fee(scenario: Write) -> None:
    """Target 99 %, availability 97 %: slope 5 x 2 % = 10 % of 100. With a cap of 4 %: 4."""
    text = '[contracts.gpu.service_credit]\navailability = 0.97\ntarget = "99 %"\nslope = 5.0\n'
    assert np.allclose(months(scenario(HEAD + CONTRACT + text), "contracts.gpu.due", 3), [0, 90, 90])
    assert np.allclose(months(scenario(HEAD + CONTRACT + text + 'cap = "4 %"\n'), "contracts.gpu.due", 3), [0, 96, 96])
    better = text.replace("0.97", "0.995")
    assert np.allclose(months(scenario(HEAD + CONTRACT + better), "contracts.gpu.due", 3), [0, 100, 100])


def test_availability_is_drawn_each_month_anew(scenario: Write) -> None:
    """Uniform on 0.9 … 1, target 1, slope 2: the mean credit is 2 x 0.05 = 10 % of the fee, each month another."""
    text = (
        "[contracts.gpu.service_credit]\navailability = { uniform = { low = 0.9, high = 1.0 } }\n"
        'target = "100 %"\nslope = 2.0\n'
    )
    slot = "contracts.gpu.service_credit.credit"
    kept = Simulation(scenario(HEAD + CONTRACT + text)).run_chunk(0, 16 * BLOCK, (slot,)).kept[slot][1:27] / 1e6
    error = kept.std() / np.sqrt(kept.size)
    assert abs(kept.mean() - 10) < 4.4 * error  # false alarm 1e-5
    assert abs(np.corrcoef(kept[0], kept[1])[0, 1]) < 4.4 / np.sqrt(kept.shape[1])


# --- take-or-pay ---------------------------------------------------------------------------------------------------------------

COMPUTE = '[compute]\nneed = { start = 1, floor = 1, decay = "0 /mo" }\noverflow = "always"\n'


def needing(*need: float) -> str:
    """Revenue, and so need, of these $M a month from month 1 on."""
    plan = ", ".join(
        f'"{2026 + (m + 9) // 12}-{(m + 9) % 12 + 1:02d}" = "{12 * x}M/yr"' for m, x in enumerate(need, start=1)
    )
    return f'[revenue]\ntype = "plan"\nplan = {{ {plan} }}\n' + COMPUTE


def test_take_or_pay_charges_the_volume_and_at_least_the_minimum(scenario: Write) -> None:
    """V = 100, α = 70 %, no banks, market price above the contract's: need 50 pays 70, 90 pays 90, 130 pays 110 (capacity)."""
    text = '[contracts.gpu.take_or_pay]\nminimum = "70 %"\ncapacity = "110M/mo"\n'
    dear = PRICE.replace("now = 1.0", "now = 2.0").replace("index = ", "index = 1")  # 11.0, 11.2, …: dear
    deal = scenario(HEAD + dear + needing(50, 90, 130, 70) + CONTRACT + text)
    assert np.allclose(months(deal, "contracts.gpu.due", 5), [0, 70, 90, 110, 70])
    assert np.allclose(months(deal, "contracts.gpu.used", 5), [0, 50, 90, 110, 70])
    assert np.allclose(months(deal, "contracts.gpu.stranded", 5), [0, 20, 0, 0, 0])
    assert np.allclose(months(deal, "contracts.gpu.headline", 3), [26 * 70, 25 * 70, 24 * 70])


def test_volume_above_the_minimum_is_bought_where_it_is_cheaper(scenario: Write) -> None:
    """Contract price 1: months with I = 1.2 take 90 from the contract, months with I = 0.5 only the minimum."""
    text = '[contracts.gpu.take_or_pay]\nminimum = "70 %"\n'
    deal = scenario(HEAD + PRICE + needing(*[90] * 8) + CONTRACT + text)
    assert np.allclose(months(deal, "contracts.gpu.due", 7), [0, 70, 90, 90, 70, 70, 90])
    assert np.allclose(months(deal, "compute.overflow", 7), [0, 20, 0, 0, 10, 10, 0])


def test_unused_volume_is_made_up_oldest_first_until_it_expires(scenario: Write) -> None:
    """α V = 70, make-up 2 months, market dear. Need 50, 60, 100, 100, 100: months 1 and 2 leave 20 and 10. Month 3 takes its 30
    above the minimum from the bank: free. Month 4 pays 100. Need 40 in month 5 leaves 30, unused in 6 and 7 (need 70), expired
    at the close of 7, so that 100 in month 8 are paid."""
    text = '[contracts.gpu.take_or_pay]\nminimum = "70 %"\nmake_up = "2 mo"\n'
    dear = PRICE.replace("index = ", "index = 1")
    deal = scenario(HEAD + dear + needing(50, 60, 100, 100, 40, 70, 70, 100) + CONTRACT + text)
    assert np.allclose(months(deal, "contracts.gpu.due"), [0, 70, 70, 70, 100, 70, 70, 70, 100])
    assert np.allclose(months(deal, "contracts.gpu.take_or_pay.make_up_bank"), [0, 20, 30, 0, 0, 30, 30, 0, 0])


def test_volume_paid_above_the_minimum_lowers_later_minima(scenario: Write) -> None:
    """α V = 70, carry-forward 2 months. Need 100: 30 carried. Need 50 in month 2: the shortfall of 20 is met by it, 50 paid, 10
    left, which expire at the close of month 3 (need 70): month 4 with 60 pays 70."""
    text = '[contracts.gpu.take_or_pay]\nminimum = "70 %"\ncarry_forward = "2 mo"\n'
    dear = PRICE.replace("index = ", "index = 1")
    deal = scenario(HEAD + dear.replace("now = 1.0", "now = 11.0") + needing(100, 50, 70, 60) + CONTRACT + text)
    assert np.allclose(months(deal, "contracts.gpu.due", 5), [0, 100, 50, 70, 70])
    assert np.allclose(months(deal, "contracts.gpu.take_or_pay.carried", 5), [0, 30, 10, 0, 0])


def test_flat_fees_are_used_before_minimum_volumes_and_those_before_volumes_above(scenario: Write) -> None:
    """Need 160: the flat fee serves 60, the first minimum 70, the second 30 of its 70."""
    dear = PRICE.replace("index = ", "index = 1")
    second = CONTRACT.replace("gpu", "two")
    flat = '[contracts.flat]\nfee = "60M/mo"\nstart = "2026-11"\nend = "2028-12"\n'
    ends = '[contracts.{}.take_or_pay]\nminimum = "70 %"\n'
    deal = scenario(
        HEAD + dear + needing(160, 220, 160) + CONTRACT + ends.format("gpu") + second + ends.format("two") + flat
    )
    assert np.allclose(months(deal, "contracts.flat.used", 3), [0, 60, 60])
    assert np.allclose(months(deal, "contracts.gpu.used", 3), [0, 70, 90])
    assert np.allclose(months(deal, "contracts.two.used", 3), [0, 30, 70])


def test_clauses_act_in_their_order_whatever_the_order_of_the_file(scenario: Write) -> None:
    """Escalator 10 % (not yet in month 4), index 0.5 on half: 75; delivered half: 37.5; credit 10 %: 33.75."""
    clauses = [
        '[contracts.gpu.indexation]\nshare = "50 %"\n',
        '[contracts.gpu.delivery]\ndelay = "3.5 mo"\n',
        '[contracts.gpu.service_credit]\navailability = 0.9\ntarget = "100 %"\n',
    ]
    found = []
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        text = HEAD + PRICE + CONTRACT + "".join(clauses[k] for k in order)
        found.append(months(scenario(text), "contracts.gpu.due", 8))
    assert found[0] == found[1] == found[2]
    assert np.isclose(found[0][4], 33.75)
    assert np.isclose(found[0][5], 67.5)
