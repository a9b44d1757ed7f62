"""The revolving line: draw, repayment, commitment fee, stop, order; worked by hand (in $M; month 0 is the opening)."""

from __future__ import annotations

from collections.abc import Callable

from books import HEAD, assert_months

from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]


def line(name: str, limit: int, more: str = 'rate = "0 %/yr"\n') -> str:
    return f'[financing.{name}]\ntype = "revolver"\nlimit = "{limit}M"\n{more}'


def schedule(name: str, direction: str, months: str) -> str:
    return f'[flows.{name}]\ntype = "schedule"\ndirection = "{direction}"\nschedule = {{ {months} }}\n'


def test_a_line_draws_what_is_short_and_is_repaid_with_what_is_left(scenario: Write) -> None:
    """Cash 10, cost 30 a month, income of 80 in month 3; line of 100 at 1 % a month, 0.5 % on what is not drawn.

    month  opening drawn  interest     fee            dues           cash before  draw           repaid       drawn
    1      0              0            0.5            30.5           10           20.5           -            20.5
    2      20.5           0.205        0.3975         30.6025        0            30.6025        -            51.1025
    3      51.1025        0.511025     0.2444875      30.7555125     80           -              49.2444875   1.8580125
    4      1.8580125      0.018580125  0.4907099375   30.5092900625  0            30.5092900625  -            32.3673025625
    With a target of 40 of cash month 3 repays 9.2444875, and 41.8580125 stay drawn with 40 of cash.
    """
    terms = 'rate = "12 %/yr nominal"\ncommitment_fee = "6 %/yr nominal"\n'
    text = HEAD % (4, 10) + '[flows.cost]\namount = "30M/mo"\n' + schedule("income", "in", '"2027-01" = "80M/mo"')
    text += line("line", 100, terms)
    assert_months(
        scenario(text),
        financing__line__interest=[0, 0, 0.205, 0.511025, 0.018580125],
        financing__line__commitment_fee=[0, 0.5, 0.3975, 0.2444875, 0.4907099375],
        financing__line__drawn=[0, 20.5, 51.1025, 1.8580125, 32.3673025625],
        cash=[10, 0, 0, 0, 0],
    )
    kept = scenario(text + '[treasury]\ntarget_cash = "40M"\n')
    assert_months(kept, financing__line__drawn=[0, 20.5, 51.1025, 41.8580125], cash=[10, 0, 0, 40])


def test_two_lines_are_drawn_and_repaid_in_the_order_of_the_file(scenario: Write) -> None:
    """Lines of 20 and 100, no interest; cost 30 in months 1 and 2, income 35 in month 3 and 50 in month 4.

    month 1   30 short: 20 of the first, 10 of the second         month 3   35 left: 20 to the first, 15 to the second
    month 2   30 short: the second, 40                            month 4   50 left: 25 to the second, and 25 stay
    """
    text = HEAD % (4, 0) + schedule("cost", "out", '"2026-11" = "30M/mo", "2026-12" = "30M/mo"')
    text += schedule("income", "in", '"2027-01" = "35M/mo", "2027-02" = "50M/mo"') + line("one", 20) + line("two", 100)
    assert_months(
        scenario(text),
        financing__one__drawn=[0, 20, 20, 0, 0],
        financing__two__drawn=[0, 10, 40, 25, 0],
        cash=[0, 0, 0, 0, 25],
        liquidity=[120, 90, 60, 95, 145],
    )


def test_a_breach_at_the_last_close_stops_draws_and_none_lifts_the_stop(scenario: Write) -> None:
    """Cash 10, cost 30, free line of 100; floor 60 (with a long cure); income of 200 in month 4.

    month 1   draws 20: liquidity 80        month 2   draws 30, drawn 50: liquidity 50 < 60, a breach
    month 3   no draw: 30 unpaid, cash 0; the line lends nothing in this month, so liquidity is 0, again a breach
    month 4   200 pay 30 and the 30 of month 3; of 140 left 50 repay the line: cash 90, liquidity 90, no breach
    month 5   pays 30 of cash: 60, and the line may be drawn again: 160
    With `draw_stop = false` month 3 draws 30 (80), and month 4 repays 80 of 170: cash 90, liquidity 190.
    """
    text = HEAD % (5, 10) + '[default]\nfloor = "60M"\nfloor_cure = "3000 days"\ncure = "3000 days"\n'
    text += '[flows.cost]\namount = "30M/mo"\n' + schedule("income", "in", '"2027-02" = "200M/mo"')
    assert_months(
        scenario(text + line("line", 100)),
        cash=[10, 0, 0, 0, 90, 60],
        financing__line__drawn=[0, 20, 50, 50, 0, 0],
        liquidity=[110, 80, 50, 0, 90, 160],
    )
    assert_months(
        scenario(text + line("line", 100, 'rate = "0 %/yr"\ndraw_stop = false\n')),
        cash=[10, 0, 0, 0, 90, 60],
        financing__line__drawn=[0, 20, 50, 80, 0, 0],
        liquidity=[110, 80, 50, 20, 190, 160],
    )


def test_at_maturity_what_is_drawn_falls_due_and_nothing_can_be_drawn_any_more(scenario: Write) -> None:
    """Line of 50 to month 3, 20 drawn. Cash 100, cost 30, 40 of cash are kept: month 1: 70 left, of which the 20 are repaid: 50.
    Month 2: 20. Month 3: the line is gone, -10: 10 of the cost unpaid, and liquidity is 0.
    With 60 of cash kept: month 1 repays 10 of 70 (60, 10 drawn), month 2: 30, month 3 owes 30 and the 10 of the line: of rank 1
    first, 30 paid, 10 of the line in arrears."""
    head = HEAD % (3, 100) + '[default]\ncure = "3000 days"\n[flows.cost]\namount = "30M/mo"\n'
    ends = line("line", 50, 'rate = "0 %/yr"\ndrawn = "20M"\nmaturity = "2027-01"\n')
    for kept, cash, drawn, owed in (
        (40, [100, 50, 20, 0], [20, 0, 0, 0], 0),
        (60, [100, 60, 30, 0], [20, 10, 10, 0], 10),
    ):
        text = head + ends + f'[treasury]\ntarget_cash = "{kept}M"\n'
        assert_months(
            scenario(text),
            cash=cash,
            financing__line__drawn=drawn,
            liquidity=[130, *[c + 50 - d for c, d in zip(cash[1:3], drawn[1:3], strict=True)], 0],
            financing__line__arrears=[0, 0, 0, owed],
        )
