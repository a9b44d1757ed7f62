"""Rounds, offerings and tranches, worked by hand on given draws (in $M; month 0 is the opening)."""

from __future__ import annotations

from collections.abc import Callable

from books import HEAD, assert_drawn, assert_months, contract

from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
MARKET = '[market]\nregimes = ["open", "shut"]\nmonthly_matrix = [[0.9, 0.1], [0.3, 0.7]]\n'
COST = '[flows.cost]\namount = "10M/mo"\n'


def rounds(keys: str) -> str:
    return f'[financing.rounds]\ntype = "priced_round"\n{keys}'


# --- rounds that come by themselves --------------------------------------------------------------------------------------


def test_a_uniform_counts_the_chances_of_a_month(scenario: Write) -> None:
    """A chance every 6 months, sure to succeed, 20 each.

    Poisson     P(N >= 1) = 1 - e^(-1/6) = 0.153518, P(N >= 2) = 1 - e^(-1/6) 7/6 = 0.012438
                draws 0.16, 0.15, 0.0125, 0.0124: 0, 1, 1, 2 rounds
    at most one P = 1/6 = 0.166667: draws 0.16, 0.15, 0.0125, 0.0124: one each month; 0.17: none
    """
    text = HEAD % (5, 100) + rounds('every = "6 mo"\nsize = "20M"\n')
    draws = {"financing.rounds.arrival": {1: 0.16, 2: 0.15, 3: 0.0125, 4: 0.0124, 5: 0.17}}
    assert_drawn(scenario(text), draws | {"financing.rounds.success": {1: 0.5}}, cash=[100, 100, 120, 140, 180, 180])
    at_most = scenario(text + 'arrival = "bernoulli"\n')
    assert_drawn(at_most, draws, cash=[100, 120, 140, 160, 180, 180])


def test_size_and_success_are_drawn_at_the_chance_and_the_money_comes_later(scenario: Write) -> None:
    """At most one chance a month, every 2 months on average (p = 0.5); success 0.7, size uniform on 10 … 50, two months later,
    none before month 2.

    month     1      2      3      4      5
    chance    0.1    0.49   0.5    0.1    0.1
    success   0.1    0.69   0.1    0.71   0.1
    size u    0.5    0.25   0.5    0.5    0.75
    raised    -      20     -      fails  40        arrives in months 4 and 7
    """
    keys = 'every = "2 mo"\narrival = "bernoulli"\nsuccess = 0.7\nlag = "2 mo"\nfirst = "2026-12"\n'
    keys += 'size = { uniform = { low = "10M", high = "50M" } }\n'
    draws = {
        "financing.rounds.arrival": {1: 0.1, 2: 0.49, 3: 0.5, 4: 0.1, 5: 0.1},
        "financing.rounds.success": {1: 0.1, 2: 0.69, 3: 0.1, 4: 0.71, 5: 0.1},
        "financing.rounds.size": {1: 0.5, 2: 0.25, 3: 0.5, 4: 0.5, 5: 0.75},
    }
    raised = scenario(HEAD % (7, 100) + rounds(keys))
    assert_drawn(raised, draws, cash=[100, 100, 100, 100, 120, 120, 120, 160])


def test_the_regime_of_the_chance_decides_and_that_of_the_money_does_not(scenario: Write) -> None:
    """Open is left with probability 0.1, shut with 0.3. Draws 0.5, 0.05, 0.5, 0.29: open, shut, shut, open. A chance every month
    (success 0.9 or 0; draw 0.5), 10 one month later: won in months 1 and 4, paid in months 2 (shut) and 5."""
    keys = 'every = "1 mo"\narrival = "bernoulli"\nsize = "10M"\nlag = "1 mo"\nsuccess = { open = 0.9, shut = 0.0 }\n'
    draws = {
        "market.regime": {1: 0.5, 2: 0.05, 3: 0.5, 4: 0.29},
        "financing.rounds.success": {1: 0.5, 2: 0.5, 3: 0.5, 4: 0.5},
    }
    assert_drawn(scenario(HEAD % (5, 0) + MARKET + rounds(keys)), draws, cash=[0, 0, 10, 10, 10, 20])


# --- rounds that are sought ----------------------------------------------------------------------------------------------


def test_a_round_is_sought_when_the_runway_is_short_and_not_again_within_the_pause(scenario: Write) -> None:
    """Cash 100, cost 10: month m sees 11 - m months, below 8 first in month 4 (7). Success 0.4, 30 two months later, pause of
    four.

    draws 0.39 in 4         money in month 6: closes 60 (4), 50, 70 (6), 60, 50. Month 8 sees 60 / 10 = 6: sought, money in 10
    draws 0.40 in 4         it fails; months 5 to 7 see less and less and do nothing; month 8 draws 0.39: money in 10
    """
    keys = 'size = "30M"\nsuccess = 0.4\nlag = "2 mo"\nsought = { runway_below = "8 mo", pause = "4 mo" }\n'
    text = scenario(HEAD % (10, 100) + COST + rounds(keys))
    low = {4: 0.39, 5: 0.0, 6: 0.0, 7: 0.0, 8: 0.39}
    assert_drawn(text, {"financing.rounds.success": low}, cash=[100, 90, 80, 70, 60, 50, 70, 60, 50, 40, 60])
    assert_drawn(
        text, {"financing.rounds.success": low | {4: 0.40}}, cash=[100, 90, 80, 70, 60, 50, 40, 30, 20, 10, 30]
    )


def test_no_round_is_sought_while_money_is_on_its_way(scenario: Write) -> None:
    """Liquidity below 75, seen in month 4 (70), pause of one month, money three months later: in month 7, after the decisions of
    that month, which still wait like those of 5 and 6. Month 8 sees 60 and seeks again: money in month 11.
    A chance that came by itself in month 2 (draw 0.1 < 1 / 6), with its money in month 5, makes months 4 and 5 wait too. Month
    6 sees 80, month 7 sees 70 and seeks: money in month 10."""
    keys = 'size = "30M"\nlag = "3 mo"\nsought = { liquidity_below = "75M", pause = "1 mo" }\n'
    text = HEAD % (11, 100) + COST + rounds(keys)
    sure = {"financing.rounds.success": {4: 0.5}}
    assert_drawn(scenario(text), sure, cash=[100, 90, 80, 70, 60, 50, 40, 60, 50, 40, 30, 50])
    assert_drawn(
        scenario(text + 'every = "6 mo"\narrival = "bernoulli"\n'),
        sure | {"financing.rounds.arrival": {2: 0.1}},
        cash=[100, 90, 80, 70, 60, 80, 70, 60, 50, 40, 60],
    )


# --- an offering -----------------------------------------------------------------------------------------------------------

OFFER = (
    '[financing.ipo]\ntype = "offering"\nproceeds = "60M"\nprobability = 0.75\nfirst = "2026-12"\nlast = "2027-03"\n'
)


def test_an_offering_comes_once_in_a_month_of_its_window(scenario: Write) -> None:
    """Months 2 … 5. Draw 0.6 of four months: floor(2.4) = 2, month 4; 0.0 is month 2, 0.99 month 5. It succeeds below 0.75: at
    0.7499 it brings 60, at 0.75 nothing, and it does not come again."""
    for u, success, month in ((0.6, 0.7499, 4), (0.0, 0.1, 2), (0.99, 0.1, 5), (0.6, 0.75, 99)):
        draws = {"financing.ipo.month": {0: u}, "financing.ipo.success": {0: success}}
        assert_drawn(scenario(HEAD % (6, 100) + OFFER), draws, cash=[160 if m >= month else 100 for m in range(7)])


def test_an_offering_waits_for_a_market_that_is_not_shut_and_not_beyond_its_window(scenario: Write) -> None:
    """Planned for month 3 (draw 0.25). Regime shut from month 2 on (draw 0.05), open again with a draw below 0.3: in month 5,
    the last of the window: 60 there. In month 6: too late, nothing."""
    shut = scenario(HEAD % (7, 100) + MARKET + OFFER + 'shut = "shut"\n')
    for again, month in ((5, 5), (6, 99)):
        draws = {
            "market.regime": {2: 0.05, again: 0.29},
            "financing.ipo.month": {0: 0.25},
            "financing.ipo.success": {0: 0.1},
        }
        assert_drawn(shut, draws, cash=[160 if m >= month else 100 for m in range(8)])


# --- tranches --------------------------------------------------------------------------------------------------------------


def test_a_tranche_waits_for_the_run_rate_and_for_its_date(scenario: Write) -> None:
    """Run-rate 1,000 e^(0.1 m): 1,105, 1,221, 1,350, 1,492, 1,649; all of it goes to partners. Above 1,250 from month 3.

    run-rate alone                        month 3        with the date of month 2      month 3
    with the date of month 5              month 5        above 1,650                   not within 5 months
    """
    text = HEAD % (5, 100) + '[revenue]\ntype = "geometric_brownian"\nrun_rate = "1B/yr"\ngrowth = "0.1 log/mo"\n'
    text += '[operations]\npartner_share = "100 %"\n'
    for gates, month in (
        ('run_rate_above = "1250M/yr"', 3),
        ('run_rate_above = "1250M/yr"\nmonth = "2026-12"', 3),
        ('run_rate_above = "1250M/yr"\nmonth = "2027-03"', 5),
        ('run_rate_above = "1650M/yr"', 99),
    ):
        tranche = f'[financing.partner]\ntype = "tranche"\namount = "50M"\n{gates}\n'
        assert_months(scenario(text + tranche), cash=[150 if m >= month else 100 for m in range(6)])


def test_a_tranche_comes_begun_months_after_its_gate_has_opened_whole_or_not_at_all(scenario: Write) -> None:
    """A contract of 10 from month 1, delivered 1.25 months late: 0, 0.75, then in full in month 3, where the gate opens; 1.5
    months later is in month 5. Fees 0, 7.5, 10, 10, 10: cash 100, 92.5, 82.5, 72.5, then 62.5 + 50. With probability 0.7 a draw
    of 0.69 brings the 50, one of 0.70 nothing."""
    text = HEAD % (5, 100) + contract("gpu", 10, 1, 5) + '[contracts.gpu.delivery]\ndelay = "1.25 mo"\n'
    text += '[financing.partner]\ntype = "tranche"\namount = "50M"\ndelivered = "gpu"\ndelay = "1.5 mo"\n'
    assert_months(scenario(text), cash=[100, 100, 92.5, 82.5, 72.5, 112.5])
    unsure = scenario(text + "probability = 0.7\n")
    for u, last in ((0.69, 112.5), (0.70, 62.5)):
        assert_drawn(unsure, {"financing.partner.event": {0: u}}, cash=[100, 100, 92.5, 82.5, 72.5, last])
