"""Cuts and freezes of expense, worked by hand (in $M; month 0 is the opening)."""

from __future__ import annotations

from collections.abc import Callable

from books import HEAD, assert_months

from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
COST = '[flows.cost]\namount = "10M/mo"\n'
GROWING = COST + 'growth = "10 %/mo"\n'


def policy(name: str, kind: str, keys: str) -> str:
    return f'[policies.{name}]\ntype = "{kind}"\nflow = "cost"\n{keys}'


def test_a_cut_takes_equal_parts_of_the_plan_from_the_month_after_its_trigger(scenario: Write) -> None:
    """Cost 10, another 5 that is not cut; cash 200. Runway of month m: (200 - 15 (m - 1)) / 15 = 14.33 - m, below 11 first in
    month 4 (10.33). A cut of 60 % over three months: 8 in month 5, 6 in month 6, 4 from month 7 on, for good.
    cash   200, 185, 170, 155, 140;  127, 116, 107, 98"""
    text = HEAD % (8, 200) + COST + '[flows.rent]\namount = "5M/mo"\n'
    text += policy("savings", "cut_expense", 'cut = "60 %"\nover = "3 mo"\nrunway_below = "11 mo"\n')
    assert_months(
        scenario(text),
        flows__cost__amount=[0, 10, 10, 10, 10, 8, 6, 4, 4],
        cash=[200, 185, 170, 155, 140, 127, 116, 107, 98],
    )


def test_a_cut_is_made_once_and_two_policies_cut_what_the_other_leaves(scenario: Write) -> None:
    """Cost 10; cash 100 closes at 90, 80, 70. One cuts 50 % below 85 (seen in month 3), one 20 % below 75 (closes 70 of month 3,
    seen in month 4): month 4 pays 5, month 5 on 10 x 0.5 x 0.8 = 4. Income of 100 in month 6 and liquidity below the trigger
    again later change nothing: 4 for good.
    cash   100, 90, 80, 70, 65, 61, 157, 153"""
    text = HEAD % (7, 100) + COST + '[flows.income]\ntype = "schedule"\ndirection = "in"\n'
    text += 'schedule = { "2027-04" = "100M/mo" }\n'
    text += policy("first", "cut_expense", 'cut = "50 %"\nliquidity_below = "85M"\n')
    text += policy("second", "cut_expense", 'cut = "20 %"\nliquidity_below = "75M"\n')
    assert_months(
        scenario(text),
        flows__cost__amount=[0, 10, 10, 10, 5, 4, 4, 4],
        cash=[100, 90, 80, 70, 65, 61, 157, 153],
    )


def test_a_freeze_keeps_the_level_of_its_month_even_when_money_comes_in(scenario: Write) -> None:
    """Cost 10, 11, 12.1, 13.31, … Cash 100 closes at 90, 79, 66.9: below 80 is the 79 of month 2, seen in month 3: 12.1 from
    then on. Income of 500 in month 4 does not thaw it.
    Runway of month m over the mean of up to three months: 100 / 10; 90 / 10.5 = 8.57; 79 / 11.033 = 7.16; 66.9 / 12.137 = 5.51:
    below 7 first in month 4, which freezes 13.31."""
    income = '[flows.income]\ntype = "schedule"\ndirection = "in"\nschedule = { "2027-02" = "500M/mo" }\n'
    by_cash = HEAD % (6, 100) + GROWING + income + policy("stop", "freeze_expense", 'liquidity_below = "80M"\n')
    assert_months(scenario(by_cash), flows__cost__amount=[0, 10, 11, 12.1, 12.1, 12.1, 12.1])
    by_runway = HEAD % (6, 100) + GROWING + policy("stop", "freeze_expense", 'runway_below = "7 mo"\n')
    assert_months(scenario(by_runway), flows__cost__amount=[0, 10, 11, 12.1, 13.31, 13.31, 13.31])


def test_a_cut_of_a_frozen_expense_is_of_the_frozen_level(scenario: Write) -> None:
    """As above: 66.9 of month 3 is below 75: month 4 freezes 13.31. Its close, 53.59, is below 60: month 5 starts a cut of half
    over two months: month 6 pays 13.31 x 0.75 = 9.9825, month 7 6.655."""
    text = HEAD % (8, 100) + GROWING + policy("stop", "freeze_expense", 'liquidity_below = "75M"\n')
    text += policy("savings", "cut_expense", 'cut = "50 %"\nover = "2 mo"\nliquidity_below = "60M"\n')
    assert_months(scenario(text), flows__cost__amount=[0, 10, 11, 12.1, 13.31, 13.31, 9.9825, 6.655, 6.655])
