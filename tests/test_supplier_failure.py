"""Failure of a supplier against ledgers written by hand (in $M; month 0 is the opening)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import simulator
from simulator.engine.block import BLOCK, deterministic_path
from simulator.engine.simulation import Simulation
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
HEAD = '[calendar]\nstart = "2026-11"\nmonths = 12\n[opening]\ncash = "1B"\n'
CONTRACT = '[contracts.gpu]\nfee = "100M/mo"\nstart = "2026-10"\nend = "2027-06"\n'  # to month 8
AT_ONCE = '[contracts.gpu.failure]\nhazard = "100000 /yr"\n'  # fails in its first month


def months(scenario: Scenario, slot: str, count: int = 6) -> list[float]:
    kept = Simulation(scenario).run_chunk(0, BLOCK, (slot,)).kept[slot]
    assert np.all(kept == kept[:, :1])
    return [round(float(x) / 1e6, 6) for x in kept[:count, 0]]


def test_after_a_failure_there_is_no_capacity_fee_or_exposure(scenario: Write) -> None:
    """Failure in month 1: its fee of 100 is due, and nothing after it. Without failure firm exposure is 800, 700, …"""
    failed = scenario(HEAD + CONTRACT + AT_ONCE)
    assert months(failed, "contracts.gpu.due") == [0, 100, 0, 0, 0, 0]
    assert months(failed, "contracts.gpu.capacity") == [0, 100, 0, 0, 0, 0]
    for exposure in ("firm", "headline"):
        assert months(failed, f"contracts.gpu.{exposure}") == [800, 0, 0, 0, 0, 0]
    run = simulator.run(failed, paths=20)
    assert run.column("gpu.notice_side").tolist() == [4] * 20
    assert run.column("gpu.failure_month").tolist() == [1] * 20
    assert run.document["contracts"]["gpu"]["supplier_failed"]["value"] == 1.0
    assert run.document["contracts"]["gpu"]["terminated"]["supplier"]["value"] == 0.0


def test_of_credit_and_deposit_a_share_comes_back(scenario: Write) -> None:
    """Credit of 160 over 8 months takes 20 off the fee: 80 is due in month 1, 140 of credit and the deposit of 90 are
    left. With 30 % recovered 42 and 27 come back: 1000 - 80 + 69 = 989; without recovery 920; all of it 1000 - 80 + 230 =
    1150."""
    held = '[contracts.gpu.prepayment]\nopening_credit = "160M"\n[contracts.gpu.security]\ndeposit = "90M"\n'
    for recovery, cash in (("", 920), ('recovery = "30 %"\n', 989), ('recovery = "100 %"\n', 1150)):
        failed = scenario(HEAD + CONTRACT + held + AT_ONCE + recovery)
        assert months(failed, "cash") == [1000, *[cash] * 5]
        assert months(failed, "contracts.gpu.credit") == [160, 0, 0, 0, 0, 0]


def test_need_is_then_bought_as_overflow_and_revenue_is_lost_only_where_it_is_given(scenario: Write) -> None:
    """Billed 80 a month, all of it need. Month 1 is served; then 80 are bought. With a recall of 10 % for two months
    billed revenue and need are 72 in months 2 and 3."""
    revenue = (
        '[revenue]\ntype = "geometric_brownian"\nrun_rate = "80M/mo"\n'
        '[compute]\nneed = { start = 1, floor = 1, decay = "0 /mo" }\noverflow = "always"\n'
    )
    failed = HEAD + revenue + CONTRACT + AT_ONCE
    assert months(scenario(failed), "compute.overflow") == [0, 0, 80, 80, 80, 80]
    assert months(scenario(failed), "operations.billed") == [80, 80, 80, 80, 80, 80]
    recalled = failed + 'recall = { revenue_lost = "10 %", months = "2 mo" }\n'
    assert months(scenario(recalled), "operations.billed") == [80, 80, 72, 72, 80, 80]
    assert months(scenario(recalled), "compute.overflow") == [0, 0, 72, 72, 80, 80]


def test_a_failure_ends_a_running_notice_and_the_fee_of_leaving(scenario: Write) -> None:
    """The buyer gives notice of three months in month 1, with a fee of 50 at its end; the supplier fails in the same
    month. If the fee is due at notice it has been paid by then. A supplier's own notice in that month is a failure as
    well: nothing comes back."""
    buyer = '[contracts.gpu.exit.buyer]\nnotice = "90 days"\nfee = "50M"\nwhen = [{ liquidity_below = "2B" }]\n'
    left = HEAD + CONTRACT + buyer
    assert months(scenario(left), "cash") == [1000, 900, 800, 700, 550, 550]
    assert months(scenario(left + AT_ONCE), "cash") == [1000, *[900] * 5]
    at_notice = left.replace('fee = "50M"', 'fee = "50M"\nfee_at = "notice"')
    assert months(scenario(at_notice + AT_ONCE), "cash") == [1000, *[850] * 5]
    supplier = '[contracts.gpu.exit.supplier]\nnotice = "90 days"\nhazard = "100000 /yr"\ngamma = 0.0\n'
    credit = '[contracts.gpu.prepayment]\nopening_credit = "800M"\n'
    both = scenario(HEAD + CONTRACT + supplier + credit + AT_ONCE)
    assert months(both, "cash") == [1000] * 6
    assert simulator.run(both, paths=3).column("gpu.notice_side").tolist() == [4] * 3


def test_nobody_fails_before_the_start_in_the_last_month_or_after_a_default(scenario: Write) -> None:
    later = CONTRACT.replace("2026-10", "2027-01")  # months 3 … 8
    assert months(scenario(HEAD + later + AT_ONCE), "contracts.gpu.due") == [0, 0, 0, 100, 0, 0]
    last = CONTRACT.replace("2027-06", "2026-11")  # month 1 is the last
    deposit = '[contracts.gpu.security]\ndeposit = "90M"\n'
    assert months(scenario(HEAD + last + deposit + AT_ONCE), "cash") == [1000, *[990] * 5]
    poor = HEAD.replace("1B", "50M") + later.replace("2027-01", "2026-12")
    run = simulator.run(scenario(poor + '[flows.cost]\namount = "60M/mo"\n' + AT_ONCE), paths=3)
    assert run.column("end_month").tolist() == [1] * 3
    assert run.column("gpu.failure_month").tolist() == [0] * 3


def test_without_chance_no_supplier_fails(scenario: Write) -> None:
    path = deterministic_path(scenario(HEAD + CONTRACT + AT_ONCE))
    assert np.allclose(path["contracts.gpu.due"][1:9], 100e6)


@pytest.mark.parametrize("hazard", [0.1, 0.5, 1.5])
@pytest.mark.parametrize("horizon", [12, 36])
def test_the_month_of_failure_is_geometric(scenario: Write, hazard: float, horizon: int) -> None:
    """With q = exp(-h / 12) and a contract of M + 1 months the supplier fails in month m with probability q^(m-1) (1 - q)
    and survives the horizon with q^M. Mean and variance of the months delivered, min(T, M), and survival to half and to
    the whole of the horizon, each within 4 standard errors: 24 checks with a false-alarm rate of 6e-5 each, together
    1.5e-3; the seed is fixed."""
    paths = 20_000
    head = HEAD.replace("= 12", f"= {horizon}").replace("1B", "100B")
    end = f"{2026 + (10 + horizon) // 12}-{(10 + horizon) % 12 + 1:02d}"
    contract = CONTRACT.replace("2026-10", "2026-11").replace("2027-06", end)
    run = simulator.run(scenario(head + contract + f'[contracts.gpu.failure]\nhazard = "{hazard} /yr"\n'), paths=paths)
    failed, delivered = run.column("gpu.failure_month"), run.column("gpu.paid") / 1e8
    assert np.allclose(delivered, np.where(failed > 0, failed, horizon))
    q, m = np.exp(-hazard / 12), np.arange(1, horizon + 1)
    weight = np.where(m < horizon, q ** (m - 1) * (1 - q), q ** (horizon - 1))
    mean = weight @ m
    central = [weight @ (m - mean) ** k for k in range(5)]
    assert abs(delivered.mean() - mean) < 4 * np.sqrt(central[2] / paths)
    assert abs(delivered.var() - central[2]) < 4 * np.sqrt((central[4] - central[2] ** 2) / paths)
    for month in (horizon // 2, horizon):
        survived = np.mean((failed == 0) | (failed > month))
        assert abs(survived - q**month) < 4 * np.sqrt(q**month * (1 - q**month) / paths)
