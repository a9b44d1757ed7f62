"""Ranks, cure clocks and covenants, worked by hand (in $M; month 0 is the opening)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from books import HEAD, assert_months, contract

from simulator.engine.block import deterministic_path
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]


def schedule(name: str, direction: str, months: str) -> str:
    return f'[flows.{name}]\ntype = "schedule"\ndirection = "{direction}"\nschedule = {{ {months} }}\n'


def ended(scenario: Scenario) -> int:
    return int(deterministic_path(scenario)["ending.month"][-1])


# --- ranks -------------------------------------------------------------------------------------------------------------


def test_ranks_are_paid_in_order_and_the_last_gets_what_is_left(scenario: Write) -> None:
    """Cash 100. Operating 40 (rank 1), a contract of 30 raised to rank 2, one of 60 (rank 3) and interest of 5 of an unsecured
    loan (500 at 1 %, rank 4): 100 - 40 - 30 = 30 for the 60: 30 in arrears, and all of the interest."""
    text = HEAD % (1, 100) + '[flows.cost]\namount = "40M/mo"\n'
    text += contract("last", 60, 1, 1) + contract("first", 30, 1, 1, "rank = 2\n")
    text += (
        '[financing.loan]\ntype = "term_debt"\nprincipal = "500M"\nrate = "1 %/mo"\nmaturity = "2028-01"\nrank = 4\n'
    )
    assert_months(
        scenario(text),
        contracts__first__arrears=[0, 0],
        contracts__last__arrears=[0, 30],
        financing__loan__arrears=[0, 5],
        cash=[100, 0],
    )


def test_inside_a_rank_money_is_shared_by_what_is_owed_arrears_included(scenario: Write) -> None:
    """Contracts of 60 and 30 of one rank, cash 45, income of 60 in month 2; a cure that is long.

    month 1   45 of 90: half of each: 30 and 15 in arrears
    month 2   60 of (30 + 60) + (15 + 30) = 135: 4 / 9 of each: arrears 90 x 5 / 9 = 50 and 45 x 5 / 9 = 25
    The second is owed 40 at the opening besides: month 1 owes 60 and 70, 45 of 130: arrears 60 x 85 / 130, 70 x 85 / 130.
    """
    text = HEAD % (2, 45) + '[default]\ncure = "3000 days"\n' + schedule("income", "in", '"2026-12" = "60M/mo"')
    text += contract("one", 60, 1, 2)
    assert_months(
        scenario(text + contract("two", 30, 1, 2)),
        contracts__one__arrears=[0, 30, 50],
        contracts__two__arrears=[0, 15, 25],
    )
    assert_months(
        scenario(text + contract("two", 30, 1, 2, 'arrears = "40M"\n')),
        contracts__one__arrears=[0, 60 * 85 / 130],
        contracts__two__arrears=[40, 70 * 85 / 130],
    )


# --- cure clocks -------------------------------------------------------------------------------------------------------


def test_the_clock_of_a_claim_counts_month_ends_in_a_row(scenario: Write) -> None:
    """Cure 45 days: one full month, default at the second close in a row with arrears. Cash 0, fee 10.

    no income                              unpaid in months 1 and 2: default in 2
    income 20 in month 2                   10 + 10 are paid, the clock stands at 0; unpaid in 3 and 4: default in 4
    income 15 in month 2                   5 stay unpaid: whatever their age, the second close in a row: default in 2
    """
    text = HEAD % (6, 0) + '[default]\ncure = "45 days"\n' + contract("gpu", 10, 1, 6)
    for income, month in ((0, 2), (20, 4), (15, 2)):
        assert ended(scenario(text + schedule("income", "in", f'"2026-12" = "{income}M/mo"'))) == month


def test_each_claim_has_its_own_clock(scenario: Write) -> None:
    """Operating costs of 10 and a fee of 10; cure 60 days for the fee and 0 in general; income 10 a month: rank 1 is paid, the
    fee is not: closes 1, 2 and 3 in arrears, default in 3. With income of 10 in month 1 only, the costs of month 2 are unpaid,
    and that has no cure: default in 2."""
    text = HEAD % (6, 0) + "[default]\ncure = 0\n" + '[flows.cost]\namount = "10M/mo"\n'
    text += contract("gpu", 10, 1, 6, 'cure = "60 days"\n')
    every = ", ".join(f'"{m}" = "10M/mo"' for m in ("2026-11", "2026-12", "2027-01", "2027-02"))
    assert ended(scenario(text + schedule("income", "in", every))) == 3
    assert ended(scenario(text + schedule("income", "in", '"2026-11" = "10M/mo"'))) == 2


# --- covenants ---------------------------------------------------------------------------------------------------------


def liquidity(scenario: Scenario) -> Sequence[float]:
    return list(np.round(deterministic_path(scenario)["liquidity"] / 1e6, 6))


def test_a_floor_is_tested_at_the_close_strictly_with_a_cure_of_its_own(scenario: Write) -> None:
    """Floor 60, cure of the floor 45 days (one month); cash 100 less 20 a month closes at 80, 60, 40, 20: 60 is no breach, 40 in
    month 3 is, and the second in a row ends the path in month 4. Income of 40 in month 4 closes it at 60: no breach, the clock
    is 0; then 40, 20: months 5 and 6. The money below the floor is spent all the same: it is no reserve."""
    text = HEAD % (6, 100) + '[default]\nfloor = "60M"\nfloor_cure = "45 days"\n[flows.cost]\namount = "20M/mo"\n'
    plain, relieved = scenario(text), scenario(text + schedule("income", "in", '"2027-02" = "40M/mo"'))
    assert (ended(plain), liquidity(plain)) == (4, [100, 80, 60, 40, 20, 20, 20])
    assert (ended(relieved), liquidity(relieved)) == (6, [100, 80, 60, 40, 60, 40, 20])


def test_debt_counts_loans_and_what_is_drawn_against_the_run_rate_of_the_month(scenario: Write) -> None:
    """Run-rate 600 a year (all of it goes to partners), limit 0.5: 300. A loan of 250, no interest; a free line of 200 and
    costs of 20 a month without cash: debt 270, 290, 310: above in month 3, and without cure the path ends. With a loan of 260
    it is exactly 300 in month 2, no breach, and 320 in month 3. If a customer plan doubles the run-rate in month 3, 600 are
    allowed: debt is 310, 330, … and 4 months pass."""
    text = HEAD % (4, 0) + "[default]\ndebt_to_revenue = 0.5\n" + '[operations]\npartner_share = "100 %"\n'
    text += '[flows.cost]\namount = "20M/mo"\n[financing.line]\ntype = "revolver"\nlimit = "200M"\nrate = "0 %/yr"\n'
    loan = '[financing.loan]\ntype = "term_debt"\nprincipal = "%dM"\nrate = "0 %%/yr"\nmaturity = "2028-01"\n'
    flat = '[revenue]\ntype = "plan"\nplan = { "2026-11" = "600M/yr" }\n'
    grown = flat.replace("}", ', "2026-12" = "600M/yr", "2027-01" = "1200M/yr" }')
    assert ended(scenario(text + flat + loan % 250)) == 3
    assert ended(scenario(text + flat + loan % 260)) == 3
    assert ended(scenario(text + flat + loan % 261)) == 2
    assert ended(scenario(text + grown + loan % 250)) == 0
