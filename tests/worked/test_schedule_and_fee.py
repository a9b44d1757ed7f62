"""Schedule, delivery, prepayment and service credits beside each other, worked by hand (in $M; month 0 is the opening)."""

from __future__ import annotations

from collections.abc import Callable

from books import HEAD, NEED, assert_drawn, assert_months, contract, label, price, revenue

from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]


# --- schedule ------------------------------------------------------------------------------------------------------------


def test_ramps_are_factors_on_the_fee_as_the_steps_have_left_it(scenario: Write) -> None:
    """Fee 100, 120 from month 3, 90 from month 5; half in months 1 and 3; all amounts times 1.1; term to month 6.

    month     1     2     3     4     5     6
    fee       100   100   120   120   90    90
    ramp      0.5   1     0.5   1     1     1
    due       55    110   66    132   99    99       headline 561 at the opening, then 506, 396, 330, 198, 99
    """
    more = f'scale = 1.1\nsteps = {{ "{label(3)}" = "120M/mo", "{label(5)}" = "90M/mo" }}\n'
    more += f'ramp = {{ "{label(1)}" = 0.5, "{label(3)}" = 0.5 }}\n'
    assert_months(
        scenario(HEAD % (7, 900) + contract("gpu", 100, 1, 6, more)),
        contracts__gpu__due=[0, 55, 110, 66, 132, 99, 99, 0],
        contracts__gpu__headline=[561, 506, 396, 330, 198, 99, 0, 0],
    )


def test_a_schedule_lists_each_month_and_a_month_it_leaves_out_costs_nothing(scenario: Write) -> None:
    """70, nothing, 50, 40 in months 1 … 4; a change of 10 from month 3 on is agreed, and the end moved to month 6: months that
    are added go on at 40, so that months 3 … 6 cost 60, 50, 50, 50. Unsigned (probability 0.4, draw 0.4) it stays
    70, 0, 50, 40."""
    listed = f'schedule = {{ "{label(1)}" = "70M/mo", "{label(3)}" = "50M/mo", "{label(4)}" = "40M/mo" }}\n'
    text = HEAD % (7, 900) + "[contracts.gpu]\n" + listed
    change = f'[contracts.gpu.amendments.more]\nstart = "{label(3)}"\nend = "{label(6)}"\nchange = "10M/mo"\n'
    assert_months(scenario(text + change), contracts__gpu__due=[0, 70, 0, 60, 50, 50, 50, 0])
    assert_months(scenario(text), contracts__gpu__due=[0, 70, 0, 50, 40, 0, 0, 0])
    unsure = scenario(text + change + "probability = 0.4\n")
    draw = "contracts.gpu.amendments.more"
    for u, due in ((0.39, [0, 70, 0, 60, 50, 50, 50, 0]), (0.4, [0, 70, 0, 50, 40, 0, 0, 0])):
        assert_drawn(unsure, {draw: {0: u}}, contracts__gpu__due=due)


# --- delivery ------------------------------------------------------------------------------------------------------------


def test_what_is_not_delivered_is_bought_and_not_paid_for(scenario: Write) -> None:
    """Fee 90 for a capacity of 100, delivered 1.4 months late; need 80 at a price of 1.5.

    month       1     2     3
    delivered   0     60    100
    due         0     54    90
    overflow    120   30    0         (80 - 0) x 1.5, (80 - 60) x 1.5
    cash        900 + 80 - 120 = 860;   860 + 80 - 84 = 856;   856 + 80 - 90 = 846
    """
    text = HEAD % (3, 900) + revenue(80) + NEED % (1, 1) + price(1.5)
    text += contract("gpu", 90, 1, 6, 'capacity_value = "100M/mo"\n') + '[contracts.gpu.delivery]\ndelay = "1.4 mo"\n'
    assert_months(
        scenario(text),
        contracts__gpu__due=[0, 0, 54, 90],
        compute__overflow=[0, 120, 30, 0],
        cash=[900, 860, 856, 846],
    )


def test_a_delay_beyond_the_grace_lets_the_buyer_leave_or_keep_what_there_is(scenario: Write) -> None:
    """From month 2, 2.5 months late, grace of two months: the choice is made in month 2 + 2 = 4, where 4 - 1 - 2.5 = 0.5 is
    delivered. Fee 40: months 2 and 3 nothing, month 4 20.

    leave    nothing from month 5 on        shrink    20 in months 5 … 7, exposures halved: 60, 40, 20
    grace of three months: 2.5 is within it, 40 from month 5 on
    """
    text = HEAD % (8, 900) + contract("gpu", 40, 2, 7)
    late = '[contracts.gpu.delivery]\ndelay = "2.5 mo"\ngrace = "%d mo"\nwhen_late = "%s"\n'
    for grace, choice, due, headline in (
        (2, "leave", [0, 0, 0], [0, 0, 0, 0]),
        (2, "shrink", [20, 20, 20], [60, 40, 20, 0]),
        (3, "leave", [40, 40, 40], [120, 80, 40, 0]),
    ):
        assert_months(
            scenario(text + late % (grace, choice)),
            contracts__gpu__due=[0, 0, 0, 0, 20, *due, 0],
            contracts__gpu__headline=[240, 240, 200, 160, *headline, 0],
        )


# --- service credits -----------------------------------------------------------------------------------------------------


def test_a_service_credit_is_a_share_of_what_is_due_after_late_delivery(scenario: Write) -> None:
    """Fee 100, half delivered in month 1; availability 0.96 against 0.99, slope 5: 15 % returned: 50 x 0.85 = 42.5, then 85. What
    was prepaid (a credit of 100, evenly over two months) comes off after it: 42.5 - 42.5 (7.5 of the 50 are carried on), then
    85 - 57.5 = 27.5."""
    text = HEAD % (2, 900) + contract("gpu", 100, 1, 2) + '[contracts.gpu.delivery]\ndelay = "0.5 mo"\n'
    text += "[contracts.gpu.service_credit]\navailability = 0.96\ntarget = 0.99\nslope = 5.0\n"
    assert_months(scenario(text), contracts__gpu__due=[0, 42.5, 85])
    prepaid = '[contracts.gpu.prepayment]\nopening_credit = "100M"\n'
    assert_months(scenario(text + prepaid), contracts__gpu__due=[0, 0, 27.5], contracts__gpu__credit=[100, 57.5, 0])


def test_availability_is_drawn_month_by_month_and_its_credit_capped(scenario: Write) -> None:
    """Availability uniform on 0.90 … 1.00, target 0.98, slope 4, at most 20 % of a fee of 50.

    draw       0.9     0.5     0.1        availability  0.99   0.95   0.91
    shortfall  0       0.03    0.07       returned      0      12 %   28 %, capped at 20 %
    due        50      44      40
    """
    text = HEAD % (3, 900) + contract("gpu", 50, 1, 3) + "[contracts.gpu.service_credit]\ntarget = 0.98\nslope = 4.0\n"
    text += "cap = 0.2\navailability = { uniform = { low = 0.9, high = 1.0 } }\n"
    draws = {"contracts.gpu.service_credit.availability": {1: 0.9, 2: 0.5, 3: 0.1}}
    assert_drawn(scenario(text), draws, contracts__gpu__due=[0, 50, 44, 40])


# --- prepayment ----------------------------------------------------------------------------------------------------------


def test_a_prepayment_is_a_share_of_all_scheduled_fees_and_comes_back_within_its_months(scenario: Write) -> None:
    """Fees 60, 60, 90, 90 in months 1 … 4: 300, of which 40 % are prepaid: 120, credited evenly in months 3 and 4.
    due: 60 + 120, 60, 30, 30; headline is net of it: 300 at the opening (nothing is prepaid yet), then 240 - 120, 60, 30."""
    text = HEAD % (4, 900) + contract("gpu", 60, 1, 4, f'steps = {{ "{label(3)}" = "90M/mo" }}\n')
    text += f'[contracts.gpu.prepayment]\nshare = 0.4\ncredit_from = "{label(3)}"\ncredit_until = "{label(4)}"\n'
    assert_months(
        scenario(text),
        contracts__gpu__due=[0, 180, 60, 30, 30],
        contracts__gpu__headline=[300, 120, 60, 30, 0],
        contracts__gpu__credit=[0, 120, 120, 60, 0],
        cash=[900, 720, 660, 630, 600],
    )


def test_credit_that_is_left_comes_back_from_a_supplier_that_leaves_and_not_to_a_buyer_who_does(
    scenario: Write,
) -> None:
    """Fee 60 in months 1 … 6, credit of 180 at the opening: 30 a month. Notice in month 1, last month 2: 60 of it used, 120 left.

    supplier   120 in month 2: 900 - 30 - 30 + 120 = 960        buyer   lost: 840
    """
    text = HEAD % (4, 900) + contract("gpu", 60, 1, 6) + '[contracts.gpu.prepayment]\nopening_credit = "180M"\n'
    supplier = '[contracts.gpu.exit.supplier]\nnotice = "30 days"\nhazard = "12 %/yr"\ngamma = 0\n'
    buyer = '[contracts.gpu.exit.buyer]\nnotice = "30 days"\nwhen = [{ liquidity_below = "1B" }]\n'
    assert_drawn(scenario(text + supplier), {"contracts.gpu.exit.supplier": {1: 0.0}}, cash=[900, 870, 960, 960, 960])
    assert_months(scenario(text + buyer), cash=[900, 870, 840, 840, 840], contracts__gpu__credit=[180, 150, 0, 0, 0])
