"""The buyer's rules of leaving and what leaving costs, worked by hand (in $M; month 0 is the opening)."""

from __future__ import annotations

from collections.abc import Callable

from books import HEAD, NEED, assert_months, contract, label, price, revenue

from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
PRICED = 'unit_price = "5 $/GPU-h"\nmarket_unit_price = "4 $/GPU-h"\n'
COST = '[flows.cost]\namount = "10M/mo"\n'


def buyer(when: str, more: str = "", notice: int = 60) -> str:
    return f'[contracts.gpu.exit.buyer]\nnotice = "{notice} days"\n{more}when = [{when}]\n'


# --- price ratio -----------------------------------------------------------------------------------------------------


def test_a_price_rule_sees_the_market_price_of_its_own_month(scenario: Write) -> None:
    """Ratio = 4 I / 5. I = 1, 1, 0.75, 0.7: 0.8, 0.6, 0.56. Below 0.6 (strictly) first in month 3: 60 days are two months,
    the last month is 5. Firm with two months of notice: 40 while it runs to term, after the notice 40, 20, 0."""
    text = HEAD % (8, 1000) + price(1.0, 1.0, 0.75, 0.7) + contract("gpu", 20, 1, 8, PRICED)
    assert_months(
        scenario(text + buyer("{ price_ratio_below = 0.6 }")),
        contracts__gpu__due=[0, 20, 20, 20, 20, 20, 0, 0, 0],
        contracts__gpu__firm=[40, 40, 40, 40, 20, 0, 0, 0, 0],
    )


def test_a_price_rule_measures_the_fee_as_it_has_become(scenario: Write) -> None:
    """A fee that half follows the price is less dear when the price falls. I = 1, then 0.5 from month 3 on.

    plain     ratio 4 x 0.5 / 5 = 0.4 in month 3: below 0.6, notice of a month, last month 4
    indexed   fee 20 x (0.5 + 0.5 x 0.5) = 15 in month 3; ratio 0.4 / 0.75 = 0.533: below 0.6 too; below 0.5 it is not
    """
    text = HEAD % (6, 1000) + price(1.0, 1.0, 1.0, 0.5) + contract("gpu", 20, 1, 6, PRICED)
    half = '[contracts.gpu.indexation]\nshare = "50 %"\n'
    for rule, more, due in (
        (0.6, "", [0, 20, 20, 20, 20, 0, 0]),
        (0.5, "", [0, 20, 20, 20, 20, 0, 0]),
        (0.6, half, [0, 20, 20, 15, 15, 0, 0]),
        (0.5, half, [0, 20, 20, 15, 15, 15, 15]),
    ):
        left = scenario(text + more + buyer(f"{{ price_ratio_below = {rule} }}", notice=30))
        assert_months(left, contracts__gpu__due=due)


# --- liquidity -------------------------------------------------------------------------------------------------------


def test_a_liquidity_rule_sees_the_last_close(scenario: Write) -> None:
    """Cash 200 less a fee of 20 a month closes at 180, 160, 140. Below 161 is the close of month 2: notice in month 3, last
    month 5. Below 160 (strictly) is only that of month 3: notice in month 4, last month 6."""
    text = HEAD % (9, 200) + contract("gpu", 20, 1, 9)
    for below, last in (161, 5), (160, 6):
        left = scenario(text + buyer(f'{{ liquidity_below = "{below}M" }}'))
        assert_months(left, contracts__gpu__due=[0, *[20] * last, *[0] * (9 - last)])


def test_liquidity_is_cash_and_what_may_still_be_drawn(scenario: Write) -> None:
    """Cash 30, a free line of 70, fee 20: liquidity 100, then 80 (cash 10), 60 (drawn 10), 40. A rule at 50 waits for month 4;
    were the line not counted, the 30 of the opening would have given notice in month 1. No month of notice: month 4 is the
    last."""
    line = '[financing.line]\ntype = "revolver"\nlimit = "70M"\nrate = "0 %/yr"\n'
    left = scenario(HEAD % (6, 30) + line + contract("gpu", 20, 1, 6) + buyer('{ liquidity_below = "50M" }', notice=0))
    assert_months(
        left,
        contracts__gpu__due=[0, 20, 20, 20, 20, 0, 0],
        cash=[30, 10, 0, 0, 0, 0, 0],
        financing__line__drawn=[0, 0, 10, 30, 50, 50, 50],
    )


# --- runway ----------------------------------------------------------------------------------------------------------


def test_a_runway_rule_divides_what_is_above_the_floor_by_the_burn(scenario: Write) -> None:
    """Cash 300, cost 10 and fee 20: burn 30. Month m sees (300 - 30 (m - 1)) / 30 = 11 - m months: 6 in month 5 is not below 6,
    5 in month 6 is; the last month is 8. With a floor of 60 it is 9 - m: 6 in month 3, 5 in month 4; the last month is 6."""
    text = HEAD % (9, 300) + COST + contract("gpu", 20, 1, 9)
    rule = buyer('{ runway_below = "6 mo" }')
    assert_months(scenario(text + rule), contracts__gpu__due=[0, *[20] * 8, 0])
    floor = '[default]\nfloor = "60M"\nfloor_cure = "300 days"\n'
    assert_months(scenario(text + rule + floor), contracts__gpu__due=[0, *[20] * 6, 0, 0, 0])


def test_a_runway_rule_sees_the_mean_burn_of_up_to_three_months(scenario: Write) -> None:
    """As above with a payment of 60 in month 2. Rule: below 4 months.

    month 1   300 / 30 = 10
    month 2   (300 - 30) / mean(30, 90) = 270 / 60 = 4.5      (its own burn alone would say 3)
    month 3   180 / mean(30, 90, 30) = 180 / 50 = 3.6         (its own burn alone would say 6): notice, last month 5
    A month with more income than that has no burn at all, and an infinite runway: with income of 150 in month 3 the mean of
    30, 90, -120 is 0; month 4 sees 180 + 120 = 300 and a mean of 90 - 120 + 30 = 0; month 5 sees 270 and a mean of
    (-120 + 30 + 30) / 3 < 0; month 6 sees 240 / 30 = 8, and month 7 210 / 30 = 7.
    """
    once = '[flows.once]\ntype = "schedule"\nschedule = { "2026-12" = "60M/mo" }\n'
    text = HEAD % (7, 300) + COST + once + contract("gpu", 20, 1, 7) + buyer('{ runway_below = "4 mo" }')
    assert_months(scenario(text), contracts__gpu__due=[0, *[20] * 5, 0, 0])
    relief = '[flows.income]\ntype = "schedule"\ndirection = "in"\nschedule = { "2027-01" = "150M/mo" }\n'
    assert_months(
        scenario(text + relief), contracts__gpu__due=[0, *[20] * 7], cash=[300, 270, 180, 300, 270, 240, 210, 180]
    )


# --- stranded capacity, several conditions, several rules --------------------------------------------------------------


def test_all_conditions_of_a_rule_must_hold_and_any_rule_is_enough(scenario: Write) -> None:
    """Fee 20; need 20, 15, 20, 15, 20, so that capacity is stranded in months 2 and 4. The price is below 0.6 of the contract's
    from month 3 on (4 x 0.7 / 5 = 0.56).

    both in one rule    first in month 4: the last month (30 days) is 5
    two rules           first in month 2 (stranded): the last month is 3
    stranded only       likewise 3;  price only: month 3, the last month is 4
    """
    text = HEAD % (7, 300) + price(1.0, 1.0, 1.0, 0.7) + revenue(20, 15, 20, 15, 20) + NEED % (1, 1)
    text += contract("gpu", 20, 1, 7, PRICED)
    for rules, last in (
        ("{ price_ratio_below = 0.6, stranded = true }", 5),
        ("{ price_ratio_below = 0.6 }, { stranded = true }", 3),
        ("{ stranded = true }", 3),
        ("{ price_ratio_below = 0.6 }", 4),
    ):
        left = scenario(text + buyer(rules, notice=30))
        assert_months(left, contracts__gpu__due=[0, *[20] * last, *[0] * (7 - last)])


def test_capacity_of_any_contract_that_lies_idle_counts(scenario: Write) -> None:
    """Contracts of 20 and 30, need 50, from month 3 on 45: the first is fully used, 5 of the second are idle. The right to leave
    stands with the first: notice in month 3, last month 4; then 45 - 30 = 15 are bought at 1. The second runs on."""
    text = HEAD % (6, 900) + price(1.0) + revenue(50, 50, 45) + NEED % (1, 1)
    text += contract("gpu", 20, 1, 6) + contract("two", 30, 1, 6) + buyer("{ stranded = true }", notice=30)
    assert_months(
        scenario(text),
        contracts__gpu__due=[0, 20, 20, 20, 20, 0, 0],
        contracts__two__due=[0, *[30] * 6],
        contracts__two__stranded=[0, 0, 0, 5, 5, 0, 0],
        compute__overflow=[0, 0, 0, 0, 0, 15, 15],
    )


# --- lock-in, and when nobody leaves any more --------------------------------------------------------------------------


def test_a_lock_in_holds_for_full_months_from_the_start(scenario: Write) -> None:
    """The rule always holds. From month 2, lock-in 90 days: months 2, 3 and 4 are locked, notice may be given at the end of the
    third, in month 4; begun months of notice count, so 31 days are two: the last month is 6. A lock-in of 91 days is four
    months: 7. A start two months before the opening (month -1) with 90 days: -1 + 3 - 1 = 1: the last month is 3."""
    always = '{ liquidity_below = "1B" }'
    for first, lock, last in ((2, 90, 6), (2, 91, 7), (-1, 90, 3)):
        rule = buyer(always, f'lock_in = "{lock} days"\n', notice=31)
        left = scenario(HEAD % (9, 900) + contract("gpu", 20, first, 9) + rule)
        paid = [20 if first <= m <= last else 0 for m in range(1, 10)]
        assert_months(left, contracts__gpu__due=[0, *paid])


def test_a_notice_that_would_change_nothing_is_not_given(scenario: Write) -> None:
    """Term to month 5, liquidity below 55 of cash 100 - 20 m: the close of month 3 (40), seen in month 4. With 30 days the notice
    would run out in month 5, where the contract ends: no notice and no fee of leaving. With no days of notice it is given:
    month 4 is the last, and the fee of 7 is due there: 100 - 80 - 7 = 13 against 0."""
    text = HEAD % (6, 100) + contract("gpu", 20, 1, 5)
    for notice, cash in ((30, [100, 80, 60, 40, 20, 0, 0]), (0, [100, 80, 60, 40, 13, 13, 13])):
        left = scenario(text + buyer('{ liquidity_below = "55M" }', 'fee = "7M"\n', notice))
        assert_months(left, cash=cash)


# --- the fee of leaving ------------------------------------------------------------------------------------------------


def test_a_share_of_what_is_not_paid_any_more_is_due_in_the_last_month(scenario: Write) -> None:
    """Fee 20, a step to 30 from month 6; term to month 8; leaving costs a quarter of the payments after the last month. Notice in
    month 2 (close of month 1 is 180), last month 4: a quarter of 20 + 3 x 30 = 110 is 27.5, due in month 4. Firm at the
    opening: two months and a quarter of months 3 … 8 (3 x 20 + 3 x 30 = 150): 40 + 37.5 = 77.5; at the close of 1 two months and
    a quarter of 130: 72.5; of 2 months 3, 4 and the fee: 67.5; of 3: 47.5."""
    text = HEAD % (8, 200) + contract("gpu", 20, 1, 8, f'steps = {{ "{label(6)}" = "30M/mo" }}\n')
    left = scenario(text + buyer('{ liquidity_below = "200M" }', 'fee_share = "25 %"\n'))
    assert_months(
        left,
        contracts__gpu__due=[0, 20, 20, 20, 20, 0, 0, 0, 0],
        contracts__gpu__exit__fee=[0, 0, 0, 0, 27.5, 0, 0, 0, 0],
        contracts__gpu__firm=[77.5, 72.5, 67.5, 47.5, 0, 0, 0, 0, 0],
    )


def test_a_fixed_fee_may_be_due_at_once(scenario: Write) -> None:
    """Notice in month 2 with two months to go, a fee of 50: due in month 4, or in month 2 itself. The rule looks at the close
    before, so the fee does not give the notice that it is the fee of."""
    text = HEAD % (8, 200) + contract("gpu", 20, 1, 8)
    for at, fee, cash in (
        ("end", [0, 0, 0, 0, 50], [200, 180, 160, 140, 70, 70]),
        ("notice", [0, 0, 50, 0, 0], [200, 180, 110, 90, 70, 70]),
    ):
        left = scenario(text + buyer('{ liquidity_below = "200M" }', f'fee = "50M"\nfee_at = "{at}"\n'))
        assert_months(left, contracts__gpu__due=[0, 20, 20, 20, 20, 0], contracts__gpu__exit__fee=fee, cash=cash)
