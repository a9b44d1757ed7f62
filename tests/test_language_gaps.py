"""What the specification lets a scenario say and no other file tests: plans with events, growth by regime, lags, targets."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from test_published_cases import simulate

import simulator
from simulator.engine.block import deterministic_path
from simulator.scenario.diagnostics import ScenarioError
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
HEAD = '[calendar]\nstart = "2026-11"\nmonths = 24\n[opening]\ncash = "9B"\n'
PATHS = 65_536
PLAN = '[revenue]\ntype = "plan"\nplan = { "2026-10" = "12B/yr", "2028-10" = "24B/yr" }\n'
SWITCH = '[market]\nregimes = ["open", "shut"]\nsojourn = ["6 mo", "6 mo"]\n'


@pytest.mark.parametrize("noise", ["", 'volatility = "20 %/yr"\nreversion = "0.8 /yr"\n'], ids=["fixed", "noisy"])
def test_around_a_plan_a_lost_customer_stays_lost(scenario: Write, noise: str) -> None:
    """E[R(m)] = P(m) ((1 - p) + p (1 - s))^m, p = 1 - e^(-h/12)."""
    text = HEAD + PLAN + noise + '[revenue.customer_loss]\nhazard = "80 %/yr"\nsize = "25 %"\n'
    columns, kept = simulate(scenario(text), "revenue.run_rate", paths=PATHS)
    p = 1 - math.exp(-0.8 / 12)
    for m in (1, 12, 24):
        rate = kept["revenue.run_rate"][m] / (12e9 * 2 ** (m / 24))
        assert abs(rate.mean() - (1 - 0.25 * p) ** m) < 4 * rate.std() / math.sqrt(PATHS)
    if not noise:
        lost = kept["revenue.run_rate"][24] / 24e9
        np.testing.assert_allclose(lost, 0.75 ** columns["customers_lost"], rtol=1e-12)


def test_jumps_around_a_plan_are_permanent_and_compensated(scenario: Write) -> None:
    """Var ln R(m) = λ m/12 (a² + d²); the mean stays the plan's."""
    text = HEAD + PLAN + '[revenue.merton_jumps]\nrate = "2 /yr"\nmean = -0.1\nsd = 0.1\n'
    _, kept = simulate(scenario(text), "revenue.run_rate", paths=PATHS)
    for m in (1, 24):
        rate = kept["revenue.run_rate"][m] / (12e9 * 2 ** (m / 24))
        assert abs(rate.mean() - 1) < 4 * rate.std() / math.sqrt(PATHS)
        logs = np.log(rate)
        spread = (logs - logs.mean()) ** 2
        assert abs(spread.mean() - 2 * m / 12 * 0.02) < 4 * spread.std() / math.sqrt(PATHS)


def test_without_events_a_plan_is_what_it_was(scenario: Write) -> None:
    path = deterministic_path(scenario(HEAD + PLAN))["revenue.run_rate"]
    np.testing.assert_allclose(path, 12e9 * 2 ** (np.arange(25) / 24), rtol=1e-13)


def test_the_funding_market_moves_growth(scenario: Write) -> None:
    """Two states left with probability 1/6 a month: ln R(24) = 24 (0.3/12) - 0.6/12 x months shut, read off the path's own
    regimes; the mean of months shut by the occupation of the chain, Σ (1 - (2/3)^m) / 2."""
    text = HEAD + '[revenue]\ntype = "geometric_brownian"\nrun_rate = "12B/yr"\ngrowth = "0.3 log/yr"\n'
    text += '[revenue.market_growth]\ngrowth = { open = "0 log/yr", shut = "-0.6 log/yr" }\n' + SWITCH
    _, kept = simulate(scenario(text), "revenue.run_rate", "market.state", paths=PATHS)
    shut = kept["market.state"][1:].sum(axis=0)
    grown = np.log(kept["revenue.run_rate"][24] / 12e9)
    np.testing.assert_allclose(grown, 24 * 0.025 - 0.05 * shut, atol=1e-12)
    wanted = sum((1 - (2 / 3) ** m) / 2 for m in range(1, 25))
    assert abs(shut.mean() - wanted) < 4 * shut.std() / math.sqrt(PATHS)
    with pytest.raises(ScenarioError) as raised:
        scenario(text.replace('shut = "-0.6 log/yr"', 'tight = "-0.6 log/yr"'))
    assert {d.code for d in raised.value.diagnostics} == {"E012", "E015"}


def test_the_money_of_an_offering_comes_after_its_lag(scenario: Write) -> None:
    """Listed in month 3, valued at 3 x the run-rate of month 3; the money and the dilution come in month 5."""
    text = HEAD + '[revenue]\ntype = "geometric_brownian"\nrun_rate = "12B/yr"\ngrowth = "0.6 log/yr"\n'
    text += '[financing.ipo]\ntype = "offering"\nproceeds = "10B"\nfirst = "2027-01"\nlast = "2027-01"\nmultiple = 3\n'
    file = scenario(text + 'lag = "2 mo"\n')
    _, kept = simulate(file, "financing.ipo.received", "funding.dilution", "funding.valuation", paths=32)
    np.testing.assert_array_equal(kept["financing.ipo.received"][:, 0], [10e9 if m == 5 else 0.0 for m in range(25)])
    pre = 3 * 12e9 * math.exp(0.6 * 3 / 12)
    given = 10e9 / (pre + 10e9)
    np.testing.assert_allclose(
        kept["funding.dilution"][:, 0], [given if m >= 5 else 0.0 for m in range(25)], rtol=1e-12
    )
    np.testing.assert_allclose(kept["funding.valuation"][3:, 0], pre + 10e9, rtol=1e-12)
    at_once, _ = simulate(scenario(text), "funding.dilution", paths=32)
    assert at_once["raised"][0] == 10e9


def test_cash_flow_at_risk_may_be_reckoned_from_a_target(scenario: Write) -> None:
    text = HEAD + '[flows.x]\ntype = "random"\namount = { normal = { mean = "1M/mo", sd = "1M/mo" } }\n'
    from_mean = simulator.run(scenario(text), paths=2048)
    flows = np.sort(from_mean.column("shadow_flow_12m"))
    q05 = flows[math.ceil(0.05 * 2048) - 1]
    assert from_mean.document["cash_flow_at_risk"]["value"] == pytest.approx(flows.mean() - q05)
    aimed = simulator.run(scenario(text + '[treasury]\ncash_flow_target = "-5M"\n'), paths=2048)
    assert aimed.document["cash_flow_at_risk"]["value"] == pytest.approx(-5e6 - q05)
