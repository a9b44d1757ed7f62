"""Need, overflow and lost revenue, worked by hand (in $M; month 0 is the opening)."""

from __future__ import annotations

from collections.abc import Callable

from books import HEAD, NEED, assert_months, contract, price, revenue

from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]


def test_what_the_market_cannot_deliver_is_revenue_lost_with_its_costs(scenario: Write) -> None:
    """Billed 100, need 0.8 of it = 80, a contract of 50 (fee 50), the market delivers 20 of the other 30 at I = 0.5; partners
    10 %.

    unserved 10 of 80: an eighth of the revenue, 12.5, is lost
    cash     900 + 87.5 - 8.75 (partners) - 50 - 20 x 0.5 = 918.75
    Collected a month later, with nothing outstanding at the opening: month 1 collects nothing, and the 12.5 are owed all the
    same:
             900 - 12.5 - 8.75 - 50 - 10 = 818.75;   818.75 + 100 - 81.25 = 837.5
    """
    text = (
        HEAD % (2, 900)
        + revenue(100)
        + price(0.5)
        + NEED % (0.8, 0.8)
        + 'depth = "20M/mo"\n'
        + contract("gpu", 50, 1, 2)
    )
    at_once = text + '[operations]\npartner_share = "10 %"\n'
    assert_months(
        scenario(at_once),
        compute__overflow=[0, 10, 10],
        compute__unserved=[0, 10, 10],
        cash=[900, 918.75, 937.5],
    )
    later = at_once.replace('cash = "900M"', 'cash = "900M"\nreceivables = "0M"') + "collections = [0.0, 1.0]\n"
    assert_months(scenario(later), cash=[900, 818.75, 837.5])


def test_compute_that_costs_more_than_it_earns_is_not_bought(scenario: Write) -> None:
    """Billed 100, need 0.5 = 50, no contract; margin after partners and other cost 1 - 0.1 - 0.2 = 0.7. Index 1.2, 1.4, 1.6.

    month 1   0.5 x 1.2 = 0.6 < 0.7: 60 are paid, 70 earned: +10
    month 2   0.5 x 1.4 = 0.7 is not below 0.7: nothing is bought, all revenue is lost: 0; bought at any price: 70 - 70 = 0
    month 3   0.8: nothing is bought: 0; at any price: 70 - 80 = -10
    """
    text = HEAD % (3, 900) + revenue(100) + price(1.2, 1.2, 1.4, 1.6) + NEED % (0.5, 0.5)
    text += '[operations]\npartner_share = "10 %"\nvariable_cost = "20 %"\n'
    assert_months(scenario(text), compute__overflow=[0, 60, 70, 80], cash=[900, 910, 910, 900])
    economic = text.replace('overflow = "always"\n', "")
    assert_months(scenario(economic), compute__overflow=[0, 60, 0, 0], cash=[900, 910, 910, 910])
