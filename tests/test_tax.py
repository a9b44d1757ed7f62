"""Tax on profit against ledgers written by hand (in $M)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulator.engine.block import BLOCK, deterministic_path
from simulator.engine.simulation import Simulation
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
HEAD = '[calendar]\nstart = "2026-11"\nmonths = 8\n[opening]\ncash = "1B"\n'


def months(scenario: Scenario, slot: str, count: int = 7) -> list[float]:
    plain = deterministic_path(scenario)[slot]
    if not Simulation(scenario).program.shocks:
        compiled = Simulation(scenario).run_chunk(0, BLOCK, (slot,)).kept[slot]
        np.testing.assert_allclose(compiled[:, 3], plain, rtol=1e-12, atol=1e-3)
    return [round(float(x) / 1e6, 6) for x in plain[:count]]


def schedule(**amounts: float) -> str:
    rows = ", ".join(f'"{k[1:].replace("_", "-")}" = "{v}M/mo"' for k, v in amounts.items())
    return f'[flows.result]\ntype = "schedule"\ndirection = "in"\nschedule = {{ {rows} }}\n'


def test_profit_is_taxed_after_losses_have_been_used_up(scenario: Write) -> None:
    """Results 10, -30, 20, 40 at 25 %: 2.5; then a loss of 30: month 3 uses 20 of it and month 4 the rest, (40 - 10) / 4."""
    text = HEAD + '[treasury]\ntax_rate = "25 %"\n' + schedule(m2026_11=10, m2026_12=-30, m2027_01=20, m2027_02=40)
    assert np.allclose(months(scenario(text), "treasury.tax", 6), [0, 2.5, 0, 0, 7.5, 0])
    earlier = text.replace('tax_rate = "25 %"', 'tax_rate = "25 %"\ntax_losses = "4M"')
    assert np.allclose(months(scenario(earlier), "treasury.tax", 6), [0, 1.5, 0, 0, 7.5, 0])
    cash = np.cumsum([1000, 10 - 2.5, -30, 20, 40 - 7.5])
    assert np.allclose(months(scenario(text), "cash", 5), cash)


def test_money_raised_principal_deposits_and_prepayments_are_neither_income_nor_cost(scenario: Write) -> None:
    """Income 100 a month. Month 1: fee 20 of months 1 … 4, deposit 5, prepayment 45 % of 80 = 36, credited in 12 a month from
    month 2 on; a tranche of 300 in month 2; a loan of 200 at 1 % a month falls due in month 3. The fee of 20 is the cost of every
    month, in cash or 8 in cash and 12 in credit; interest is 2: profit 78 in months 1 to 3, 80 in month 4."""
    text = (
        HEAD
        + '[treasury]\ntax_rate = "10 %"\n[flows.income]\ndirection = "in"\namount = "100M/mo"\n'
        + '[contracts.gpu]\nfee = "20M/mo"\nstart = "2026-11"\nend = "2027-02"\n'
        + 'security.deposit = "5M"\nprepayment.share = "45 %"\n'
        + '[financing.partner]\ntype = "tranche"\namount = "300M"\nmonth = "2026-12"\n'
        + '[financing.loan]\ntype = "term_debt"\nprincipal = "200M"\nrate = "1 %/mo"\nmaturity = "2027-01"\n'
    )
    assert np.allclose(months(scenario(text), "contracts.gpu.due", 6), [0, 56, 8, 8, 8, 0])
    assert np.allclose(months(scenario(text), "treasury.pretax", 6), [0, 78, 78, 78, 80, 100])
    assert np.allclose(months(scenario(text), "treasury.tax", 6), [0, 7.8, 7.8, 7.8, 8, 10])


def test_what_is_billed_is_taxed_and_not_what_is_collected(scenario: Write) -> None:
    """Revenue 100, paid half at once and half a month later; opening receivables of 30 arrive in month 1."""
    text = (
        HEAD.replace('cash = "1B"', 'cash = "1B"\nreceivables = "30M"')
        + '[treasury]\ntax_rate = "10 %"\n[revenue]\ntype = "geometric_brownian"\nrun_rate = "100M/mo"\n'
        + '[operations]\npartner_share = "10 %"\ncollections = [0.5, 0.5]\n'
    )
    assert np.allclose(months(scenario(text), "treasury.pretax", 4), [0, 90, 90, 90])
    assert np.allclose(months(scenario(text), "operations.collections", 4)[1:], [80, 100, 100])
    at_once = text.replace("collections = [0.5, 0.5]\n", "")
    assert np.allclose(months(scenario(at_once), "treasury.pretax", 4), [0, 90, 90, 90])
    assert np.allclose(months(scenario(at_once), "cash", 3), [1000, 1000 + 30 + 90 - 9, 1000 + 30 + 2 * 81])


def test_a_fee_that_falls_due_with_a_notice_is_a_cost_of_its_month(scenario: Write) -> None:
    """Income 100, fee 20, notice in month 1 with a fee of leaving of 50 at once: profit 30; with one of 200 the loss of 120 is
    used up by the 80 of month 2 and 40 of the 100 of month 3. At the end of the notice, month 2, the fee counts there."""
    text = HEAD + '[treasury]\ntax_rate = "10 %"\n[flows.income]\ndirection = "in"\namount = "100M/mo"\n'
    text += '[contracts.gpu]\nfee = "20M/mo"\nstart = "2026-11"\nend = "2027-04"\n[contracts.gpu.exit.buyer]\n'
    text += 'notice = "30 days"\nfee = "50M"\nfee_at = "notice"\nwhen = [{ liquidity_below = "2B" }]\n'
    assert np.allclose(months(scenario(text), "treasury.tax", 5), [0, 3, 8, 10, 10])
    dear = text.replace("50M", "200M")
    assert np.allclose(months(scenario(dear), "treasury.tax", 5), [0, 0, 0, 6, 10])
    later = text.replace('"notice"', '"end"')
    assert np.allclose(months(scenario(later), "treasury.tax", 5), [0, 8, 3, 10, 10])


def test_past_a_default_the_tax_of_the_shadow_account_is_on_what_goes_on(scenario: Write) -> None:
    """Default in month 1 (fee 20 and interest 3, cash 10). Then income 100 a month and a loan of 300 at 1 % a month to month 3:
    profit 97 in months 2 and 3, 100 in month 4, at 10 %; the cash that is left bears no interest any more, nor does the loan
    after its maturity."""
    text = HEAD.replace("1B", "10M") + '[treasury]\ninterest = "1 %/mo"\ntax_rate = "10 %"\n'
    text += '[flows.income]\ndirection = "in"\namount = "100M/mo"\nstart = "2026-12"\n'
    text += '[financing.loan]\ntype = "term_debt"\nprincipal = "300M"\nrate = "1 %/mo"\nmaturity = "2027-01"\n'
    text += '[contracts.gpu]\nfee = "20M/mo"\nstart = "2026-11"\nend = "2026-11"\n'
    path = deterministic_path(scenario(text))
    assert path["ending.month"][-1] == 1
    losses = 22.9  # of month 1: interest 0.1 earned, 3 due, fee 20
    profit = [97, 97, 100, 100]
    wanted = [10 * 1.01 - 23]
    for m, gain in enumerate(profit, 2):
        tax = 0.1 * max(0.0, gain - losses)
        losses = max(0.0, losses - gain)
        wanted.append(wanted[-1] * 1.01 + gain - tax - (300 if m == 3 else 0))
    assert np.allclose(path["shadow.cash"][1:6] / 1e6, wanted)
