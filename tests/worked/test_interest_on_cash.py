"""Interest on cash, worked by hand (in $M; month 0 is the opening)."""

from __future__ import annotations

from collections.abc import Callable

from books import HEAD, assert_months

from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]


def test_cash_earns_on_the_balance_of_the_last_close(scenario: Write) -> None:
    """1 % a month: 100 + 1 - 10 = 91; 91 + 0.91 - 10 = 81.91; what comes in month 3 (50) earns from month 4 on:
    81.91 + 0.8191 - 10 + 50 = 122.7291; 122.7291 x 1.01 - 10 = 113.956391. Written as 12 % nominal it is the same; with 21 %
    effective the opening is 1.21 and 1.4641 times itself after one and two years, if nothing is paid."""
    flows = '[flows.cost]\namount = "10M/mo"\n[flows.income]\ntype = "schedule"\ndirection = "in"\n'
    flows += 'schedule = { "2027-01" = "50M/mo" }\n'
    for rate in ("1 %/mo", "12 %/yr nominal"):
        text = HEAD % (4, 100) + flows + f'[treasury]\ninterest = "{rate}"\n'
        assert_months(scenario(text), cash=[100, 91, 81.91, 122.7291, 113.956391])
    years = scenario(HEAD % (24, 100) + '[treasury]\ninterest = "21 %/yr"\n')
    assert_months(years, cash=[100 * 1.1 ** (m / 6) for m in range(25)])


def test_the_shadow_account_bears_the_rate_on_either_sign(scenario: Write) -> None:
    """1 % a month, cost 60 of 100: 41 is left, then 41.41 of 60 are paid: 18.59 unpaid, and the path ends with no cash. The
    shadow account goes on: 100 x 1.01 - 60 = 41; 41 x 1.01 - 60 = -18.59; -18.59 x 1.01 - 60 = -78.7759."""
    text = HEAD % (3, 100) + '[flows.cost]\namount = "60M/mo"\n[treasury]\ninterest = "1 %/mo"\n'
    assert_months(scenario(text), cash=[100, 41, 0, 0], shadow__cash=[100, 41, -18.59, -78.7759])
