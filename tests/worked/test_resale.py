"""Resale of stranded capacity, worked by hand (in $M; month 0 is the opening)."""

from __future__ import annotations

from collections.abc import Callable

from books import HEAD, NEED, assert_months, contract, price, revenue

from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]


def test_what_is_not_needed_is_sublet_at_the_market_price_of_the_month_less_the_haircut(scenario: Write) -> None:
    """Fee 100 in months 1 … 3, need 70, 100, 40 (a dollar for each dollar billed), haircut 60 %, index 1.25, 1.25, 0.5.

    stranded  30, 0, 60                     resale  30 x 0.4 x 1.25 = 15;  0;  60 x 0.4 x 0.5 = 12
    cash      1000 + 70 - 100 + 15 = 985;   985 + 100 - 100 = 985;   985 + 40 - 100 + 12 = 937
    Month 4: the contract is over, need of 40 is bought at 0.5: 937 + 40 - 20 = 957, and nothing is sublet.
    """
    text = HEAD % (4, 1000) + revenue(70, 100, 40) + NEED % (1, 1) + price(1.25, 1.25, 1.25, 0.5)
    assert_months(
        scenario(text + contract("gpu", 100, 1, 3, 'resale.haircut = "60 %"\n')),
        contracts__gpu__stranded=[0, 30, 0, 60, 0],
        contracts__gpu__resale__proceeds=[0, 15, 0, 12, 0],
        cash=[1000, 985, 985, 937, 957],
    )


def test_a_contract_is_sublet_if_it_carries_the_right_and_only_as_far_as_it_is_delivered(scenario: Write) -> None:
    """Contracts of 100 and 80 (the second delivered 1.5 months late: 0, then half, then all of it), need 120, index 1. The
    first in the file serves first.

    month        1      2      3
    delivered    100+0  100+40 100+80
    used         100+0  100+20 100+20      overflow 20, 0, 0
    stranded     0+0    0+20   0+60        of the second, at 25 % haircut: 0, 15, 45
    Where only the first may be sublet: nothing. Fees are 100, 140, 180.
    cash, second sublet: 1000 + 120 - 100 - 20 = 1000;  1000 + 120 - 140 + 15 = 995;  995 + 120 - 180 + 45 = 980
    """
    right = 'resale.haircut = "25 %"\n'
    late = '[contracts.two.delivery]\ndelay = "1.5 mo"\n'
    text = HEAD % (3, 1000) + revenue(120) + NEED % (1, 1) + price(1.0)
    assert_months(
        scenario(text + contract("one", 100, 1, 3) + contract("two", 80, 1, 3, right) + late),
        contracts__two__resale__proceeds=[0, 0, 15, 45],
        compute__overflow=[0, 20, 0, 0],
        cash=[1000, 1000, 995, 980],
    )
    assert_months(
        scenario(text + contract("one", 100, 1, 3, right) + contract("two", 80, 1, 3) + late),
        contracts__one__resale__proceeds=[0, 0, 0, 0],
        cash=[1000, 1000, 980, 920],
    )
