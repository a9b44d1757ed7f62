"""Renegotiation against ledgers written by hand (in $M; month 0 is the opening)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import simulator
from simulator.engine.block import BLOCK, deterministic_path
from simulator.engine.simulation import Simulation
from simulator.report.summary import lines as summary_lines
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
HEAD = '[calendar]\nstart = "2026-11"\nmonths = 12\n[opening]\ncash = "100M"\n[default]\ncure = "30 days"\n'
INCOME = '[flows.income]\ndirection = "in"\namount = "50M/mo"\n'
SHORT = '[contracts.gpu]\nfee = "100M/mo"\nstart = "2026-11"\nend = "2027-02"\n'  # months 1 … 4
LONG = SHORT.replace("2027-02", "2027-06")  # months 1 … 8


def agreed(probability: str, instalments: int, name: str = "gpu") -> str:
    return f'[contracts.{name}.renegotiation]\nprobability = "{probability}"\ninstalments = {instalments}\n'


def months(scenario: Scenario, slot: str, count: int = 10) -> list[float]:
    plain = deterministic_path(scenario)[slot]
    compiled = Simulation(scenario).run_chunk(0, BLOCK, (slot,)).kept[slot]
    np.testing.assert_allclose(compiled[:, 3], plain, rtol=1e-12, atol=1e-3)
    return [round(float(x) / 1e6, 6) for x in plain[:count]]


def test_arrears_become_equal_instalments_and_the_path_goes_on(scenario: Write) -> None:
    """Income 50, fee 100, cash 100: 50 and 0 are left. Month 3 leaves 50 unpaid (n = 1), month 4 100 (n = 2 > 1):
    accepted. Four instalments of 25 from month 5, out of an income of 50: cash 25, 50, 75, 100, then 150. What is not due
    yet is exposure."""
    deal = scenario(HEAD + INCOME + SHORT + agreed("100 %", 4))
    assert months(deal, "cash") == [100, 50, 0, 0, 0, 25, 50, 75, 100, 150]
    assert months(deal, "contracts.gpu.arrears") == [0, 0, 0, 50, 0, 0, 0, 0, 0, 0]
    assert months(deal, "contracts.gpu.instalment") == [0, 0, 0, 0, 0, 25, 25, 25, 25, 0]
    for exposure in ("headline", "firm"):
        assert months(deal, f"contracts.gpu.{exposure}") == [400, 300, 200, 100, 100, 75, 50, 25, 0, 0]
    run = simulator.run(deal, paths=50)
    assert run.column("gpu.distressed_amendment").tolist() == [4] * 50
    assert run.column("gpu.paid").tolist() == [400e6] * 50
    told = run.document["contracts"]["gpu"]["distressed_amendment"]
    assert (told["value"], told["count"]) == (1.0, 50)
    assert run.pd(12)[0] == 0.0


def test_the_second_time_is_a_default_and_what_is_deferred_is_owed_in_full(scenario: Write) -> None:
    """As above with four more months of fees. Month 5: 100 + 25 due, 50 paid, 75 in arrears; month 6: 75 + 125 less 50 is
    150, n = 2: default. Of the 100 deferred 50 are not due yet; firm are the fees of months 7 and 8, half of which is
    mitigated: 150 + 50 + 200 x 0.5 = 300."""
    deal = scenario(HEAD + INCOME + LONG + 'mitigation = "50 %"\n' + agreed("100 %", 4))
    assert months(deal, "contracts.gpu.firm", 8) == [800, 700, 600, 500, 500, 375, 250, 0]
    run = simulator.run(deal, paths=4)
    assert run.column("end_month").tolist() == [6] * 4
    assert run.column("gpu.exposure_at_default").tolist() == [300e6] * 4
    assert run.document["causes"]["payment default on gpu (contract)"]["count"] == 4
    assert run.column("gpu.distressed_amendment").tolist() == [4] * 4


def test_arrears_are_deferred_with_the_late_interest_on_them(scenario: Write) -> None:
    """10 % a month on 50 opening arrears of month 3: month 4 owes 50 + 5 + 100 and pays 50: 105 in three instalments of
    35."""
    head = HEAD + 'late_interest = "10 %/mo"\n'
    deal = scenario(head + INCOME + SHORT + agreed("100 %", 3))
    assert months(deal, "contracts.gpu.instalment", 9) == [0, 0, 0, 0, 0, 35, 35, 35, 0]


def test_a_refusal_is_the_default_it_would_have_been(scenario: Write) -> None:
    plain = simulator.run(scenario(HEAD + INCOME + LONG), paths=4)
    refused = simulator.run(scenario(HEAD + INCOME + LONG + agreed("0 %", 4)), paths=4)
    for column in ("end_month", "cause", "cash", "arrears", "gpu.exposure_at_default"):
        assert plain.column(column).tolist() == refused.column(column).tolist()
    assert plain.column("end_month").tolist() == [4] * 4
    assert refused.column("gpu.distressed_amendment").tolist() == [0] * 4


def test_nothing_is_deferred_where_something_else_ends_the_path(scenario: Write) -> None:
    """No cure. Costs of 300 cannot be paid in month 1: an operating shortfall; the fee stays in arrears. A second
    contract whose supplier does not accept ends the path just as well, and is what is named."""
    head = HEAD.replace('cure = "30 days"', "cure = 0")
    costs = '[flows.cost]\namount = "300M/mo"\n'
    run = simulator.run(scenario(head + costs + LONG + agreed("100 %", 4)), paths=3)
    assert run.document["causes"]["operating shortfall"]["count"] == 3
    assert run.column("gpu.distressed_amendment").tolist() == [0] * 3
    assert run.column("arrears").tolist() == [300e6] * 3
    two = head.replace("100M", "0M") + LONG + agreed("100 %", 4) + LONG.replace("gpu", "two").replace("100M", "1M")
    run = simulator.run(scenario(two), paths=3)
    assert run.document["causes"]["payment default on two (contract)"]["count"] == 3
    assert run.column("gpu.distressed_amendment").tolist() == [0] * 3
    both = simulator.run(scenario(two + agreed("100 %", 4, "two")), paths=3)
    assert both.column("gpu.distressed_amendment").tolist() == [1] * 3
    assert both.column("two.distressed_amendment").tolist() == [1] * 3


def test_the_shadow_account_and_the_tax_count_a_deferred_fee_once(scenario: Write) -> None:
    """Shadow: 100 + 50 m - 100 min(m, 4). Profit is -50 in the four months of the term and 50 after it, instalments or
    not."""
    text = HEAD + '[treasury]\ntax_rate = "10 %"\n' + INCOME + SHORT
    deal = scenario(text + agreed("100 %", 4))
    assert months(deal, "treasury.pretax") == [0, *[-50] * 4, *[50] * 5]
    assert months(deal, "shadow.cash")[:7] == [100, 50, 0, -50, -100, -50, 0]
    assert months(deal, "shadow.cash") == [
        round(float(x) / 1e6, 6) for x in deterministic_path(scenario(text))["shadow.cash"][:10]
    ]


def test_nothing_is_deferred_after_a_default_of_a_path_that_runs_on(scenario: Write) -> None:
    """Liquidity is below the floor of 60 at the closes of months 1 and 2: the covenant ends the path in month 2, the
    claim's clock runs out in month 4."""
    head = HEAD + 'floor = "60M"\nstop_at_default = false\n'
    run = simulator.run(scenario(head + INCOME + LONG + agreed("100 %", 4)), paths=2)
    assert run.column("end_month").tolist() == [2] * 2
    assert run.column("gpu.distressed_amendment").tolist() == [0] * 2


@pytest.mark.parametrize(("probability", "renegotiated"), [("51 %", True), ("50 %", False)])
def test_without_chance_a_supplier_accepts_if_that_is_the_likelier(
    scenario: Write, probability: str, renegotiated: bool
) -> None:
    path = deterministic_path(scenario(HEAD + INCOME + SHORT + agreed(probability, 4)))
    assert path["ending.month"][-1] == (0 if renegotiated else 4)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.85])
@pytest.mark.parametrize("horizon", [6, 12])
def test_one_supplier_in_so_many_accepts(scenario: Write, probability: float, horizon: int) -> None:
    """Every path comes to month 4 and goes on with probability p, with p squared where two suppliers must accept (draws
    of their own). Mean, variance and the joint case within 4 standard errors; 18 checks with a false-alarm rate of 6e-5
    each."""
    paths = 20_000
    text = HEAD.replace("= 12", f"= {horizon}")
    alone = simulator.run(scenario(text + INCOME + SHORT + agreed(f"{probability}", 4)), paths=paths)
    amended = alone.column("gpu.distressed_amendment") == 4
    assert np.array_equal(amended, alone.column("end_month") == 0)
    error = np.sqrt(probability * (1 - probability) / paths)
    assert abs(amended.mean() - probability) < 4 * error
    # the variance of a share is p (1 - p), whose error follows from that of p, to second order at one half
    spread = abs(1 - 2 * probability) * error + 4 * error**2
    assert abs(amended.var() - probability * (1 - probability)) < 4 * spread

    text = text.replace("100M", "200M") + INCOME.replace("50M", "100M") + SHORT + SHORT.replace("gpu", "two")
    ways = agreed(f"{probability}", 4) + agreed(f"{probability}", 4, "two")
    pair = simulator.run(scenario(text + ways), paths=paths)
    one, other = (pair.column(f"{name}.distressed_amendment") for name in ("gpu", "two"))
    assert np.array_equal(one, other)  # an amendment counts only where the path goes on
    both = probability**2
    assert abs(np.mean(one == 4) - both) < 4 * np.sqrt(both * (1 - both) / paths)
    assert np.array_equal(one == 0, pair.column("end_month") == 4)


def test_the_summary_says_how_many_suppliers_accepted(scenario: Write) -> None:
    run = simulator.run(scenario(HEAD + INCOME + SHORT + agreed("100 %", 4)), paths=50)
    told = [line for line in summary_lines(run.document) if "distressed amendment" in line]
    assert told == ["  gpu: distressed amendment                   100 %  (92.9 % to 100 %, 50 paths)"]
    none = simulator.run(scenario(HEAD.replace("100M", "1B") + SHORT + agreed("100 %", 4)), paths=50)
    assert not any("distressed" in line for line in summary_lines(none.document))
