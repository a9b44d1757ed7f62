"""Term debt and its refinancing, worked by hand on given draws (in $M; month 0 is the opening)."""

from __future__ import annotations

from collections.abc import Callable

from books import HEAD, assert_drawn, assert_months, label

from simulator.engine.block import deterministic_path
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]


def loan(principal: int, maturity: int, more: str = 'rate = "12 %/yr nominal"\n') -> str:
    text = f'[financing.loan]\ntype = "term_debt"\nprincipal = "{principal}M"\nmaturity = "{label(maturity)}"\n'
    return text + more


def test_a_bullet_that_is_drawn_later_bears_interest_from_the_month_after(scenario: Write) -> None:
    """400 at 1 % a month, drawn in month 2, due in month 5: 4 in months 3, 4, 5 and 400 in month 5.
    cash 100, 100, 500, 496, 492, 88. The shadow account counts the money, being promised, and the service: the same."""
    text = HEAD % (6, 100) + loan(400, 5) + f'drawn = "{label(2)}"\n'
    wanted = [100, 100, 500, 496, 492, 88, 88]
    assert_months(
        scenario(text),
        cash=wanted,
        shadow__cash=wanted,
        financing__loan__balance=[0, 0, 400, 400, 400, 0, 0],
        financing__loan__interest=[0, 0, 0, 4, 4, 4, 0],
    )


def test_an_amortising_loan_bears_interest_on_what_is_left(scenario: Write) -> None:
    """300 at 1 % a month, from month 2 to month 4 in three parts: interest 3, 3, 2, 1; principal 0, 100, 100, 100.
    With cash of 210 and no income: 207, 104, 2, and month 4 owes 101: its 1 of interest and 100 of principal share the 2 that are
    left, in proportion: a principal has no cure, and the path ends, whatever the cure of others."""
    text = loan(300, 4) + f'repayment = "amortising"\nfirst_repayment = "{label(2)}"\n'
    assert_months(scenario(HEAD % (5, 500) + text), cash=[500, 497, 394, 292, 191, 191])
    poor = scenario(HEAD % (5, 210) + text + '[default]\ncure = "3000 days"\n')
    assert_months(poor, cash=[210, 207, 104, 2, 0], financing__loan__arrears=[0, 0, 0, 0, 1 - 2 / 101])
    assert deterministic_path(poor)["ending.month"][-1] == 4


FLOATING = f'[rates]\ntype = "path"\npath = {{ "{label(0)}" = "3 %/yr nominal", "{label(2)}" = "-3 %/yr nominal" }}\n'


def test_a_floating_loan_pays_the_reference_of_the_month_before_and_never_less_than_nothing(scenario: Write) -> None:
    """Spread 1.8 % on 400; reference 3 % at the opening and in month 1, -3 % from month 2 on. Interest: 4.8 % / 12 = 0.4 % of
    400 = 1.6 in months 1 and 2, then 1.8 - 3 < 0: nothing. With a floor of -1 % under the reference: 0.8 % / 12
    of 400 = 0.26667."""
    text = HEAD % (4, 900) + FLOATING + loan(400, 4, 'spread = "1.8 %/yr nominal"\n')
    assert_months(scenario(text), financing__loan__interest=[0, 1.6, 1.6, 0, 0])
    floor = scenario(text + 'reference_floor = "-1 %/yr nominal"\n')
    assert_months(floor, financing__loan__interest=[0, 1.6, 1.6, 400 * 0.008 / 12, 400 * 0.008 / 12])


def test_a_refinancing_is_drawn_in_the_month_of_maturity_and_again_in_the_next(scenario: Write) -> None:
    """400 at 1 % to month 2; success 0.8 if open, 0.3 if shut, for two months at 2 % if open, 3 % if shut. Regime: draws 0.5,
    0.5, 0.05, 0.9: open, open, shut, shut.

    month 2   open: 0.79 succeeds, to month 4 at 2 %: interest 4, 4, 8, 8
    month 4   shut: 0.29 succeeds, to month 6 at 3 %: 12, 12; month 6, shut: 0.3 fails: 412 are due
    cash      1000, 996, 992, 984, 976, 964, 552. With a draw of 0.8 in month 2: 996, 592 and no loan any more.
    """
    market = '[market]\nregimes = ["open", "shut"]\nmonthly_matrix = [[0.9, 0.1], [0.3, 0.7]]\n'
    terms = 'refinancing = { success = { open = 0.8, shut = 0.3 }, term = "2 mo", rate = '
    terms += '{ open = "24 %/yr nominal", shut = "36 %/yr nominal" } }\n'
    text = scenario(HEAD % (6, 1000) + market + loan(400, 2) + terms)
    draws = {"market.regime": {1: 0.5, 2: 0.5, 3: 0.05, 4: 0.9}}
    again = {"financing.loan.refinancing": {2: 0.79, 4: 0.29, 6: 0.3}}
    assert_drawn(text, draws | again, cash=[1000, 996, 992, 984, 976, 964, 552])
    assert_drawn(text, draws | {"financing.loan.refinancing": {2: 0.8}}, cash=[1000, 996, 592, 592])


def test_what_cannot_be_refinanced_or_paid_is_the_ending_and_what_can_be_paid_is_nothing(scenario: Write) -> None:
    """400 without interest, due in month 2, success 0.5. Cash 300: a draw of 0.49 and the loan runs on (300 stay); with 0.5 the
    400 are due, 300 are paid, and the path ends in month 2. With cash of 400 it is repaid, and the path goes on with nothing."""
    terms = 'rate = "0 %/yr"\nrefinancing = { success = 0.5, term = "12 mo" }\n'
    for cash, u, left, end in ((300, 0.49, 300, 0), (300, 0.5, 0, 2), (400, 0.5, 0, 0)):
        text = scenario(HEAD % (4, cash) + loan(400, 2, terms))
        # a month stands as a number and not in millions
        draws = {"financing.loan.refinancing": {2: u}}
        assert_drawn(text, draws, cash=[cash, cash, left, left, left], ending__month=[0, 0, *[end / 1e6] * 3])
