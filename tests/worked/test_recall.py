"""The supplier's notice and what a recall costs, worked by hand on given draws (in $M; month 0 is the opening)."""

from __future__ import annotations

from collections.abc import Callable

from books import HEAD, NEED, assert_drawn, contract, price, revenue

from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
DRAW = "contracts.gpu.exit.supplier"
PRICED = 'unit_price = "5 $/GPU-h"\nmarket_unit_price = "4 $/GPU-h"\n'


def supplier(name: str, keys: str, notice: int = 60) -> str:
    return f'[contracts.{name}.exit.supplier]\nnotice = "{notice} days"\n{keys}'


def test_the_dearer_the_market_the_likelier_a_supplier_leaves(scenario: Write) -> None:
    """Hazard 12 % a year at par, gamma 2; ratio 4 I / 5, I = 1.25, then 2.5 from month 3 on: ratio 1, then 2.

    months 1, 2   h = 0.12           1 - exp(-0.12 / 12) = 0.009950
    month 3 on    h = 0.12 x 2^2     1 - exp(-0.48 / 12) = 0.039211
    Draws 0.03, 0.0100, 0.03: the first two are too high (0.0100 > 0.00995), the third is below 0.0392: notice in month 3, months
    4 and 5 are delivered. With gamma 0 the hazard stays 0.12 and nobody leaves; with draws 0.03, 0.0099 it is given in month 2.
    """
    text = HEAD % (8, 900) + price(1.25, 1.25, 1.25, 2.5) + contract("gpu", 20, 1, 8, PRICED)
    law = supplier("gpu", 'hazard = "12 %/yr"\ngamma = 2\n')
    draws = {DRAW: {1: 0.03, 2: 0.0100, 3: 0.03}}
    assert_drawn(scenario(text + law), draws, contracts__gpu__due=[0, 20, 20, 20, 20, 20, 0, 0, 0])
    assert_drawn(scenario(text + law.replace("= 2\n", "= 0\n")), draws, contracts__gpu__due=[0, *[20] * 8])
    assert_drawn(scenario(text + law), {DRAW: {1: 0.03, 2: 0.0099}}, contracts__gpu__due=[0, *[20] * 4, *[0] * 4])


def test_a_draw_before_the_lock_in_is_over_is_in_vain(scenario: Write) -> None:
    """Lock-in 90 days from month 1: notice from month 3 on. A draw of 0 in months 1 and 2 does nothing, one in month 3 gives
    notice (last month 5). Of a contract that ends in month 5 the notice of month 3 would change nothing: 3 + 2 = 5."""
    law = supplier("gpu", 'hazard = "12 %/yr"\ngamma = 0\nlock_in = "90 days"\n')
    for draws, end, last in (({1: 0.0, 2: 0.0}, 8, 8), ({3: 0.0}, 8, 5), ({3: 0.0}, 5, 5)):
        left = scenario(HEAD % (8, 900) + contract("gpu", 20, 1, end) + law)
        assert_drawn(left, {DRAW: draws}, contracts__gpu__due=[0, *[20] * last, *[0] * (8 - last)])


def test_after_a_recall_revenue_is_lower_and_what_it_needs_is_bought(scenario: Write) -> None:
    """Billed 80, a need of half of it, all of it within a contract of 100. Notice in month 1, last month 2; then a quarter of the
    revenue is lost for three months.

    month      1    2    3      4      5      6
    billed     80   80   60     60     60     80
    need       40   40   30     30     30     40      bought from month 3 on at I = 2.5
    overflow   0    0    75     75     75     100
    cash       900 - 20 = 880, 860;  860 + 60 - 75 = 845, 830, 815;  815 + 80 - 100 = 795
    """
    text = HEAD % (6, 900) + price(2.5) + revenue(80) + NEED % (0.5, 0.5) + contract("gpu", 100, 1, 6)
    law = supplier("gpu", 'hazard = "12 %/yr"\ngamma = 0\nrecall = { revenue_lost = "25 %", months = "3 mo" }\n', 30)
    assert_drawn(
        scenario(text + law),
        {DRAW: {1: 0.0}},
        operations__billed=[80, 80, 80, 60, 60, 60, 80],
        compute__overflow=[0, 0, 0, 75, 75, 75, 100],
        cash=[900, 880, 860, 845, 830, 815, 795],
    )


def test_recalls_multiply_and_a_buyers_leaving_is_none(scenario: Write) -> None:
    """Two suppliers leave at once in months 2 and 3 (no months of notice), each with a quarter of the revenue for two months:
    months 3 and 4 lose 25 %, months 4 and 5 lose 25 %: 100, 100, 75, 56.25, 75, 100.
    The buyer of the first gives notice in month 1 by rule: then only the second is a recall, 100, 100, 100, 75, 75, 100. Where
    both give it in month 1 it is the supplier's: with the second's, 75 in month 2, 75 in month 3 and no longer."""
    keys = 'hazard = "12 %/yr"\ngamma = 0\nrecall = { revenue_lost = "25 %", months = "2 mo" }\n'
    text = HEAD % (6, 900) + revenue(100)
    for name in ("gpu", "two"):
        text += contract(name, 10, 1, 6) + supplier(name, keys, 0)
    first, second = {DRAW: {2: 0.0}}, {DRAW.replace("gpu", "two"): {3: 0.0}}
    assert_drawn(scenario(text), first | second, operations__billed=[100, 100, 100, 75, 56.25, 75, 100])
    leaves = '[contracts.gpu.exit.buyer]\nnotice = "0 days"\nwhen = [{ liquidity_below = "2B" }]\n'
    assert_drawn(scenario(text + leaves), first | second, operations__billed=[100, 100, 100, 100, 75, 75, 100])
    assert_drawn(scenario(text + leaves), {DRAW: {1: 0.0}}, operations__billed=[100, 100, 75, 75, 100, 100, 100])
