"""Renewal against ledgers written by hand (in $M; month 0 is the opening)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import simulator
from simulator.engine.block import BLOCK, deterministic_path
from simulator.engine.simulation import Simulation
from simulator.scenario.diagnostics import ScenarioError
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
HEAD = '[calendar]\nstart = "2026-11"\nmonths = 30\n[opening]\ncash = "100B"\n'
CONTRACT = (
    '[contracts.gpu]\nfee = "100M/mo"\nstart = "2026-11"\nend = "2027-01"\n'  # months 1 … 3
    'unit_price = "5 $/GPU-h"\nmarket_unit_price = "4 $/GPU-h"\n'
)
# the index is 1.0, then 1.2 in months 2 and 3, 0.5 in 4 and 5, 1.5 from month 6 on
PRICES = [1.0, 1.0, 1.2, 1.2, 0.5, 0.5, 1.5]
PRICE = (
    '[price]\ntype = "forward_curve"\n[price.curve]\nnow = 1.0\npoints = ['
    + ", ".join(
        f'{{ month = "{2026 + (m + 9) // 12}-{(m + 9) % 12 + 1:02d}", index = {p} }}' for m, p in enumerate(PRICES) if m
    )
    + "]\n"
)


def renewed(term: int, more: str = "", probability: str = "100 %") -> str:
    return f'[contracts.gpu.renewal]\nprobability = "{probability}"\nterm = "{term} mo"\n{more}'


def months(scenario: Scenario, slot: str, count: int = 11) -> list[float]:
    plain = deterministic_path(scenario)[slot]
    compiled = Simulation(scenario).run_chunk(0, BLOCK, (slot,)).kept[slot]
    np.testing.assert_allclose(compiled[:, 3], plain, rtol=1e-12, atol=1e-3)
    return [round(float(x) / 1e6, 6) for x in plain[:count]]


def test_each_new_term_is_at_the_market_price_of_the_month_that_ends_the_old_one(scenario: Write) -> None:
    """Par is 4 / 5 of the fee. Month 3, I = 1.2: 96 in months 4 and 5; month 5, I = 0.5: 40 in 6 and 7; month 7, I = 1.5:
    120. The capacity stays that of the old fee; the exposure of a new term begins with its renewal."""
    deal = scenario(HEAD + PRICE + CONTRACT + renewed(2))
    assert months(deal, "contracts.gpu.due") == [0, 100, 100, 100, 96, 96, 40, 40, 120, 120, 120]
    assert months(deal, "contracts.gpu.capacity") == [0, *[100] * 10]
    for exposure in ("headline", "firm"):
        assert months(deal, f"contracts.gpu.{exposure}", 9) == [300, 200, 100, 192, 96, 80, 40, 240, 120]
    # ends in months 3, 5, …, 29
    assert simulator.run(deal, paths=4).column("gpu.renewals").tolist() == [14] * 4


def test_a_multiple_of_the_market_price_and_a_single_new_term(scenario: Write) -> None:
    """1.5 x 96 = 144 for 27 months, to the end of the horizon and not beyond it; the exposure counts no more than the
    term."""
    deal = scenario(HEAD + PRICE + CONTRACT + renewed(27, "share = 1.5\n"))
    assert months(deal, "contracts.gpu.due", 31) == [0, 100, 100, 100, *[144] * 27]
    beyond = scenario(HEAD + PRICE + CONTRACT + renewed(40))
    assert months(beyond, "contracts.gpu.headline", 5) == [300, 200, 100, 40 * 96, 39 * 96]


def test_the_last_month_s_quantity_goes_on(scenario: Write) -> None:
    """Fee 100, 150 from month 2, times a ramp of 0.8 in month 3: 120 x 0.96 = 115.2. The end of a schedule likewise: 70 x
    0.96."""
    stepped = CONTRACT + 'steps = { "2026-12" = "150M/mo" }\nramp = { "2027-01" = 0.8 }\n'
    deal = scenario(HEAD + PRICE + stepped + renewed(6))
    assert months(deal, "contracts.gpu.due", 6) == [0, 100, 150, 120, 115.2, 115.2]
    assert months(deal, "contracts.gpu.capacity", 6) == [0, 100, 150, 120, 120, 120]
    listed = CONTRACT.replace(
        'fee = "100M/mo"\nstart = "2026-11"\nend = "2027-01"',
        'schedule = { "2026-11" = "100M/mo", "2027-01" = "70M/mo" }',
    )
    assert months(scenario(HEAD + PRICE + listed + renewed(6)), "contracts.gpu.due", 6) == [0, 100, 0, 70, 67.2, 67.2]


def test_the_escalator_begins_anew_with_the_new_term(scenario: Write) -> None:
    """Months 1 … 14 with 10 % a year: 110 in 13 and 14. Renewed at I = 1.5 for 24 months: 120 for twelve, then 132.
    Exposure at the renewal: 12 x 120 + 12 x 132."""
    text = CONTRACT.replace("2027-01", "2027-12") + 'escalator = "10 %/yr"\n'
    deal = scenario(HEAD + PRICE + text + renewed(24))
    assert months(deal, "contracts.gpu.due", 31) == [0, *[100] * 12, 110, 110, *[120] * 12, *[132] * 4]
    assert months(deal, "contracts.gpu.capacity", 31) == [0, *[100] * 30]
    assert months(deal, "contracts.gpu.headline", 16)[13:] == [110, 3024, 2904]


def test_an_index_clause_is_kept_and_begins_at_the_price_of_its_new_first_month(scenario: Write) -> None:
    """Half of the fee follows the index from month 1: 100, 110, 110. Renewed in month 3 at 96; base is now I(4) = 0.5: 96
    in months 4 and 5; from month 6 I = 1.5: 96 x (0.5 + 0.5 x 3) = 192."""
    deal = scenario(HEAD + PRICE + CONTRACT + '[contracts.gpu.indexation]\nshare = "50 %"\n' + renewed(5))
    assert months(deal, "contracts.gpu.due", 9) == [0, 100, 110, 110, 96, 96, 192, 192, 192]
    # month 8, I = 1.5: 120 in the next term, whose base is I(9) = 1.5
    assert months(deal, "contracts.gpu.due")[9:] == [120, 120]
    assert months(deal, "contracts.gpu.headline", 7) == [300, 200, 110, 480, 384, 288, 384]


def test_a_reopener_is_kept_and_counts_from_the_new_start(scenario: Write) -> None:
    """Every two months. Month 3: ratio 0.8 x 1.2 = 0.96: 96. Renewed at 96, months 4 … 9; month 6, I = 1.5: ratio 1.2 /
    0.96: 120."""
    deal = scenario(HEAD + PRICE + CONTRACT + '[contracts.gpu.reopener]\nevery = "2 mo"\n' + renewed(6))
    assert months(deal, "contracts.gpu.due", 10) == [0, 100, 100, 96, 96, 96, 120, 120, 120, 120]


def test_the_right_of_notice_goes_on_without_lock_in_unless_one_is_given(scenario: Write) -> None:
    """Notice of two months if the price ratio is below 0.75. Renewed in month 3 at 96 for six months; ratio in month 4:
    0.8 x 0.5 / 0.96 = 0.42. Notice in month 4, last month 6, and no renewal follows. Firm at the renewal: 2 x 96. With a
    lock-in of two months notice is first given in month 4 + 2 - 1 = 5, last month 7; firm at the renewal: months 4 … 7."""
    rule = '[contracts.gpu.exit.buyer]\nnotice = "60 days"\nwhen = [{ price_ratio_below = 0.75 }]\n'
    left = scenario(HEAD + PRICE + CONTRACT + rule + renewed(6))
    assert months(left, "contracts.gpu.due", 12) == [0, 100, 100, 100, 96, 96, 96, 0, 0, 0, 0, 0]
    assert months(left, "contracts.gpu.firm", 8) == [200, 200, 100, 192, 192, 96, 0, 0]
    locked = scenario(HEAD + PRICE + CONTRACT + rule + renewed(6, 'lock_in = "60 days"\n'))
    assert months(locked, "contracts.gpu.due", 12) == [0, 100, 100, 100, 96, 96, 96, 96, 0, 0, 0, 0]
    assert months(locked, "contracts.gpu.firm", 8) == [200, 200, 100, 384, 288, 192, 96, 0]
    # a lock-in longer than the first term binds nobody in the second
    long = rule.replace("when", 'lock_in = "300 days"\nwhen')
    assert months(scenario(HEAD + PRICE + CONTRACT + long + renewed(6)), "contracts.gpu.due", 8)[7] == 0


def test_a_fee_of_leaving_counts_the_payments_of_the_present_term(scenario: Write) -> None:
    """As above: months 7 … 9 at 96 are not paid; half of them, 144, is due in month 6. Open at the renewal: 2 x 96 and
    half of 4 x 96."""
    rule = '[contracts.gpu.exit.buyer]\nnotice = "60 days"\nfee_share = "50 %"\nwhen = [{ price_ratio_below = 0.75 }]\n'
    left = scenario(HEAD + PRICE + CONTRACT + rule + renewed(6))
    assert months(left, "contracts.gpu.exit.fee", 9) == [0, 0, 0, 0, 0, 0, 144, 0, 0]
    # month 0: 2 x 100 + half of the third month; months 1 and 2 as far as the term goes
    assert months(left, "contracts.gpu.firm", 8) == [250, 200, 100, 384, 336, 240, 0, 0]


def test_a_notice_or_a_failure_ends_it_for_good(scenario: Write) -> None:
    rule = '[contracts.gpu.exit.buyer]\nnotice = "30 days"\nwhen = [{ liquidity_below = "200B" }]\n'
    assert months(scenario(HEAD + PRICE + CONTRACT + rule + renewed(6)), "contracts.gpu.due", 6) == [
        0,
        100,
        100,
        0,
        0,
        0,
    ]
    failure = '[contracts.gpu.failure]\nhazard = "100000 /yr"\n'
    failed = Simulation(scenario(HEAD + PRICE + CONTRACT.replace("2027-01", "2026-11") + failure + renewed(6)))
    # renewed in month 1, and the supplier fails in the same month
    assert np.allclose(failed.run_chunk(0, BLOCK, ("contracts.gpu.due",)).kept["contracts.gpu.due"][2:], 0)


def test_a_deposit_stays_until_the_end_of_the_last_term_and_prepaid_credit_is_carried_on(scenario: Write) -> None:
    """Deposit 90 held at the opening. Fees 100 to month 3, 96 in 4 and 5, renewed once more at I = 0.5: 40 in 6 and 7,
    and so on to the horizon in month 7, when it is renewed. Credit of 350 over months 1 … 3 takes 100 each and 50 of
    month 4."""
    head = HEAD.replace("100B", "1B").replace("= 30", "= 7")
    begun = CONTRACT.replace("2026-11", "2026-10")
    held = '[contracts.gpu.security]\ndeposit = "90M"\n[contracts.gpu.prepayment]\nopening_credit = "350M"\n'
    stays = months(scenario(head + PRICE + begun + held + renewed(2)), "cash", 8)
    assert stays == [1000, 1000, 1000, 1000, 954, 858, 818, 778]
    leaves = months(scenario(head + PRICE + begun + held), "cash", 8)
    assert leaves == [1000, 1000, 1000, 1090, 1090, 1090, 1090, 1090]


def test_take_or_pay_keeps_its_minimum(scenario: Write) -> None:
    """Need 50 of a minimum of 70: 70 volumes at the price of 1, then of 0.96. Exposure of the new term: the minimum."""
    compute = (
        '[revenue]\ntype = "geometric_brownian"\nrun_rate = "50M/mo"\n'
        '[compute]\nneed = { start = 1, floor = 1, decay = "0 /mo" }\n'
    )
    volume = '[contracts.gpu.take_or_pay]\nminimum = "70 %"\n'
    deal = scenario(HEAD + PRICE + compute + CONTRACT + volume + renewed(4))
    assert months(deal, "contracts.gpu.due", 7) == [0, 70, 70, 70, 67.2, 67.2, 67.2]
    assert months(deal, "contracts.gpu.headline", 5) == [210, 140, 70, 268.8, 201.6]


def test_a_new_term_is_let_again_at_its_own_fee(scenario: Write) -> None:
    """Cash for three months. Month 4 cannot pay 96 at I = 0.5: 96 and months 5 and 6 at 96 - 100 x 0.5 x 0.8 = 56: 208."""
    text = (
        HEAD.replace("100B", "300M") + PRICE + CONTRACT + renewed(3) + '[contracts.gpu.reletting]\nvacancy = "20 %"\n'
    )
    run = simulator.run(scenario(text), paths=3)
    assert run.column("end_month").tolist() == [4] * 3
    assert np.allclose(run.column("gpu.exposure_at_default") / 1e6, 208)


def test_without_unit_prices_there_is_no_market_fee(scenario: Write) -> None:
    with pytest.raises(ScenarioError, match="unit_price"):
        scenario(HEAD + CONTRACT.split("unit_price")[0] + renewed(6))
    with pytest.raises(ScenarioError, match="whole months"):
        scenario(HEAD + CONTRACT + renewed(6).replace("6 mo", "6.5 mo"))


def test_the_shadow_account_renews_nothing_after_a_default(scenario: Write) -> None:
    """No cash: default in month 1. The contract runs out in month 3: -300, whatever comes after."""
    path = deterministic_path(scenario(HEAD.replace("100B", "0B") + PRICE + CONTRACT + renewed(6)))
    assert np.allclose(path["shadow.cash"][:6] / 1e6, [0, -100, -200, -300, -300, -300])


@pytest.mark.parametrize(("probability", "again"), [("51 %", True), ("50 %", False)])
def test_without_chance_it_is_renewed_if_that_is_the_likelier(scenario: Write, probability: str, again: bool) -> None:
    path = deterministic_path(scenario(HEAD + PRICE + CONTRACT + renewed(6, probability=probability)))
    assert (path["contracts.gpu.due"][4] > 0) == again


def test_each_path_is_renewed_at_its_own_end(scenario: Write) -> None:
    """An amendment moves the end to month 5 on half of the paths, with a fee of 150 from month 2 on. I(5) = 0.5: those
    pay 60 from month 6 on; the others 96 from month 4 on. The escalator of either counts from its own start."""
    text = (
        CONTRACT + 'escalator = "10 %/yr"\n[contracts.gpu.amendments.more]\nstart = "2026-12"\nfee = "150M/mo"\n'
        'end = "2027-03"\nprobability = "50 %"\n'
    )
    deal = scenario(HEAD + PRICE + text + renewed(24))
    slots = ("contracts.gpu.due", "contracts.gpu.headline", "contracts.gpu.capacity")
    due, headline, capacity = (x / 1e6 for x in Simulation(deal).run_chunk(0, BLOCK, slots).kept.values())
    signed = due[2] > 120
    assert 0.4 < signed.mean() < 0.6
    long = np.array([0, 100, *[150] * 4, *[60] * 12, *[66] * 12])
    short = np.array([0, *[100] * 3, *[96] * 12, *[105.6] * 12])
    assert np.allclose(due[:30, signed], long[:30, None])
    assert np.allclose(due[:28, ~signed], short[:, None])
    assert np.allclose(headline[5, signed], 12 * 126)
    assert np.allclose(headline[3, ~signed], 12 * 201.6)
    assert np.allclose(capacity[20, signed], 150)


@pytest.mark.parametrize("probability", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("horizon", [12, 30])
def test_the_number_of_renewals_is_a_cut_off_geometric(scenario: Write, probability: float, horizon: int) -> None:
    """Ends in months 3, 6, … n times within the horizon: P(at least k renewals) = p^k, k = 1 … n. Mean, variance and
    P(all) within 4 standard errors: 18 checks with a false-alarm rate of 6e-5 each, together 1.1e-3; the seed is fixed."""
    paths = 20_000
    head = HEAD.replace("= 30", f"= {horizon}")
    run = simulator.run(scenario(head + CONTRACT + renewed(3, probability=str(probability))), paths=paths)
    found = run.column("gpu.renewals").astype(float)
    n, p = horizon // 3, probability
    k = np.arange(n + 1)
    weight = np.where(k < n, p**k * (1 - p), p**n)
    mean = weight @ k
    central = [weight @ (k - mean) ** j for j in range(5)]
    assert abs(found.mean() - mean) < 4 * np.sqrt(central[2] / paths)
    assert abs(found.var() - central[2]) < 4 * np.sqrt((central[4] - central[2] ** 2) / paths)
    assert abs(np.mean(found == n) - p**n) < 4 * np.sqrt(p**n * (1 - p**n) / paths)
    # three months at 100, then three at 80 for each renewal that begins within the horizon
    assert np.allclose(run.column("gpu.paid") / 1e6, 300 + 240 * np.minimum(found, n - 1))


def test_the_mean_fee_of_a_new_term_is_the_forward_price(scenario: Write) -> None:
    """E[I] is the forward 1.2 in month 3 whatever the volatility: mean of months 4 … 6 with probability 0.4 is 0.4 x 3 x
    96. Within 4 standard errors, false alarm 6e-5."""
    moving = PRICE.replace("[price.curve]", 'volatility = "60 %/yr"\n[price.curve]')
    head = HEAD.replace("= 30", "= 6")
    run = simulator.run(scenario(head + moving + CONTRACT + renewed(12, probability="40 %")), paths=40_000)
    later = run.column("gpu.paid") / 1e6 - 300
    assert abs(later.mean() - 0.4 * 3 * 96) < 4 * later.std() / np.sqrt(later.size)
