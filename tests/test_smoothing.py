"""Smoothed default probabilities: exact on the walk, plain ones' on a company, left plain without a closed form."""

from __future__ import annotations

import numpy as np
import pytest
from companies_sampled import scenario
from coverage_of_intervals import CASH, MONTHS, WALK, default_by

import simulator
from simulator.analysis.variants import vary
from simulator.engine import ledger
from simulator.engine.simulation import CHUNK, Simulation
from simulator.estimate.smoothing import Smoothed, why_not
from simulator.report.summary import lines

COMPANY = """
[calendar]
start = "2027-01"
months = 24
[opening]
cash = "1.5B"
[treasury]
interest = { p10 = "2 %/yr", p50 = "4 %/yr", p90 = "6 %/yr" }
[default]
floor = { uniform = { low = "0.2B", high = "0.4B" } }
[revenue]
type = "geometric_brownian"
run_rate = "10B/yr"
growth = "0.02 log/yr"
volatility = "20 %/yr"
customer_loss = { hazard = "30 %/yr", size = 0.1 }
[compute]
need = { start = 0.4, floor = 0.4, decay = 0.0 }
[price]
type = "forward_curve"
curve.now = 1.0
volatility = "40 %/yr"
[contracts.lease]
fee = "0.3B/mo"
start = "2026-06"
end = "2028-10"
resale.haircut = 0.5
[flows.expense]
amount = "6.3B/yr"
[flows.repairs]
type = "random"
amount = { normal = { mean = "10M/mo", sd = "150M/mo" } }
[flows.projects]
type = "random"
direction = "in"
start = "2027-07"
amount = { normal = { mean = "10M/mo", sd = "100M/mo" } }
"""


def test_smoothed_probabilities_are_those_of_the_exact_walk() -> None:
    """Within 4 standard errors of quadrature, at a twentieth of the plain variance or less."""
    result = simulator.run(scenario(WALK, estimator="smoothed", paths=CHUNK))
    d, by = result.document, default_by(CASH)
    for month in (3, 12, 24, 36):
        e = d["pd"][month - 1]
        assert abs(e["value"] - by[month - 1]) < 4 * (e["high"] - e["low"]) / (2 * 1.959964)
    low, high = d["runway"]["funded"]["interval"]["restricted_mean"]
    exact = MONTHS - by[:-1].sum()
    assert abs(d["runway"]["funded"]["restricted_mean"] - exact) < 4 * (high - low) / (2 * 1.959964)
    ratios = d["sampling"]["variance_ratio"]
    assert ratios["pd(12)"]["low"] > 100.0
    assert ratios["pd(36)"]["low"] > 15.0
    assert "Smoothing          of default probabilities" in "\n".join(lines(d))


@pytest.fixture(scope="module")
def company() -> Simulation:
    return Simulation(scenario(COMPANY, estimator="smoothed", paths=CHUNK))


def test_smoothed_and_plain_probabilities_of_a_company_agree(company: Simulation) -> None:
    """On the same paths; by month, within 4 standard errors of the difference path by path."""
    assert why_not(company.scenario) is None
    smoothed = Smoothed(company)
    chunk = company.run_chunk(0, CHUNK)
    for moments in smoothed.moments(chunk):
        smoothed.add((moments,))
    seen = 0
    for month in (6, 12, 24):
        share = float(((chunk.columns["end_month"] <= month) & (chunk.columns["cause"] > ledger.NAN_CODE)).mean())
        e = smoothed.share(("pd", month), 1.959964)
        assert e is not None
        assert abs(e.value - share) < 4 * np.sqrt(share * (1 - share) / CHUNK)
        seen += share > 0.05
        ratio = smoothed.ratio(("pd", month))
        assert ratio is not None
        assert ratio.low > 1.2
    assert seen


def test_the_shadow_account_goes_on_past_a_default_as_if_there_were_none(company: Simulation) -> None:
    """Which is what the closed form takes for granted: to the bit that of paths that no default stops."""
    on = Simulation(vary(company.scenario, ["default.stop_at_default=false"]))
    a, b = (s.run_chunk(0, 1024, (ledger.SHADOW,)) for s in (company, on))
    assert (a.columns["cause"] > ledger.NAN_CODE).any()
    np.testing.assert_array_equal(a.kept[ledger.SHADOW], b.kept[ledger.SHADOW])


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("default.cure=30 days", "cure"),
        ("treasury.tax_rate=20 %", "tax"),
        ("contracts.lease.failure.hazard=10 %/yr", "contracts.lease.failure"),
        ('policies.cut={ type = "freeze_expense", flow = "expense", liquidity_below = "1B" }', "policies.cut"),
        ('flows.repairs.amount={ uniform = { low = "0M/mo", high = "1M/mo" } }', None),
        ("opening.arrears=0.1B", "arrears"),
    ],
)
def test_what_may_depend_on_cash_is_left_plain_with_a_reason(setting: str, reason: str | None) -> None:
    found = why_not(vary(scenario(COMPANY, paths=CHUNK), [setting]))
    assert (found is None) if reason is None else reason in str(found)


def test_a_scenario_without_a_closed_form_reports_plain_figures_and_says_so() -> None:
    text = COMPANY.replace('cash = "1.5B"', 'cash = "1.5B"\narrears = "0.1B"')
    plain = simulator.run(scenario(text, paths=1024)).document
    smooth = simulator.run(scenario(text, paths=1024, estimator="smoothed")).document
    assert smooth["pd"] == plain["pd"]
    assert "plain, not smoothed: there are arrears at the opening" in "\n".join(lines(smooth))
