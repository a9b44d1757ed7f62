"""Steps of a quarter: the same company, looked at four times a year. Units stay calendar units; exact laws agree with the months.

Statistical comparisons are within 4 standard errors, at fixed seeds: a right program fails one with probability 6e-5.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from test_published_cases import simulate

import simulator
from simulator.cli import main
from simulator.components.base import month_label, month_ordinal
from simulator.engine.block import deterministic_path
from simulator.quantities import units
from simulator.quantities.number import Quantity
from simulator.quantities.timestep import QUARTER
from simulator.quantities.units import QuantityError
from simulator.scenario.diagnostics import ScenarioError
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
QUARTERS = '[calendar]\nstart = "2026-Q4"\nstep = "quarter"\nmonths = 12\n'
MONTHS = '[calendar]\nstart = "2026-10"\nmonths = 36\n'
PATHS = 131_072


@pytest.mark.parametrize(
    ("dimension", "text", "value"),
    [
        (units.MONEY, "3B", 3e9),
        (units.MONEY_PER_MONTH, "1B/mo", 3e9),
        (units.MONEY_PER_MONTH, "4B/yr", 1e9),
        (units.MONEY_PER_MONTH, "1B/qtr", 1e9),
        (units.MONEY_PER_YEAR, "1B/qtr", 12e9),
        (units.SHARE, "7.5 %", 0.075),
        (units.HAZARD, "8 %/yr", 0.24),
        (units.HAZARD, "2 /qtr", 24.0),
        (units.REVERSION, "0.8 /yr", 2.4),
        (units.DECAY, "0.05 /mo", 0.15),
        (units.VOLATILITY, "50 %/yr", 0.5 * math.sqrt(3)),
        (units.VOLATILITY, "10 %/sqrt(qtr)", 0.1 * math.sqrt(12)),
        (units.RATE_VOLATILITY, "3 %/yr", 0.03 * 3**1.5),
        (units.RATE_VOLATILITY, "0.03 /qtr^1.5", 0.03 * 12**1.5),
        (units.RISK_PRICE, "0.01 /sqrt(qtr)", 0.01 * math.sqrt(12)),
        (units.DRIFT, "0.11 log/qtr", 1.32),
        (units.INTEREST, "4 %/yr nominal", 0.01),
        (units.INTEREST, "4 %/yr", 1.04**0.25 - 1),
        (units.INTEREST, "1 %/mo", 1.01**3 - 1),
        (units.INTEREST, "2 %/qtr", 0.02),
        (units.INTEREST, "0.2 log/yr", math.exp(0.05) - 1),
        (units.DURATION, "90 days", 30.0),
        (units.DURATION, "2 qtr", 60.0),
        (units.MONTHS, "2 yr", 8.0),
        (units.MONTHS, "9 mo", 3.0),
        (units.UNIT_PRICE, "5.27 $/GPU-h", 5.27),
    ],
)
def test_a_calendar_unit_becomes_the_number_of_a_quarter(dimension: units.Dimension, text: str, value: float) -> None:
    """Twelve steps are the engine's year: a quarter's hazard is 1 - exp(-h'/12) with h' = 3 h, and so on."""
    assert Quantity(dimension).read(text, QUARTER) == pytest.approx(value, rel=1e-14)


def test_what_must_be_whole_is_whole_in_steps() -> None:
    whole = Quantity(units.MONTHS, whole=True)
    assert whole.read("9 mo", QUARTER) == 3.0
    with pytest.raises(QuantityError, match="no whole number of quarters"):
        whole.read("4 mo", QUARTER)
    drawn = whole.read({"uniform": {"low": "2 mo", "high": "12 mo"}}, QUARTER)
    assert drawn.draw(np.array([0.0, 0.2499, 0.2501, 1.0])).tolist() == [1.0, 1.0, 2.0, 4.0]
    assert whole.read({"uniform": {"low": "1 yr", "high": "2 yr"}}).draw(np.array([0.4])).tolist() == [17.0]


def test_calendar_quarters_have_labels_of_their_own() -> None:
    first = month_ordinal("2026-Q4")
    assert first is not None
    assert [month_label(first + k) for k in range(3)] == ["2026-Q4", "2027-Q1", "2027-Q2"]
    assert month_ordinal("2026-Q5") is None
    assert month_ordinal("2026-4Q") is None


COMPANY = """
[opening]
cash = "20B"
[treasury]
interest = "4 %/yr"
[revenue]
type = "mean_reverting_growth"
run_rate = "12B/yr"
growth = "0.4 log/yr"
long_run_growth = "0.1 log/yr"
gap_decay = "0.7 /yr"
[price]
type = "ornstein_uhlenbeck"
now = 1.4
level = 0.8
volatility = "30 %/yr"
reversion = "0.9 /yr"
[rates]
type = "vasicek"
now = "5 %/yr nominal"
level = "3 %/yr nominal"
volatility = "2 %/yr"
reversion = "0.4 /yr"
"""


def test_what_is_exact_over_any_step_is_the_same_in_months_and_quarters(scenario: Write) -> None:
    """Growth, price and rate revert exactly. Revenue is held over a step (C22), so it is compared with its own sum."""
    months, quarters = deterministic_path(scenario(MONTHS + COMPANY)), deterministic_path(scenario(QUARTERS + COMPANY))
    every = np.arange(0, 37, 3)
    np.testing.assert_allclose(quarters["price.index"], months["price.index"][every], rtol=1e-12)
    np.testing.assert_allclose(quarters["rates.reference"] / 3, months["rates.reference"][every], rtol=1e-12)
    np.testing.assert_allclose(quarters["revenue.growth_rate"] / 3, months["revenue.growth_rate"][every], rtol=1e-12)
    growth = quarters["revenue.growth_rate"] / 12
    logs = np.log(12e9) + np.concatenate([[0.0], np.cumsum(growth[:-1])])
    np.testing.assert_allclose(np.log(quarters["revenue.run_rate"] / 3), logs, rtol=1e-13)


def test_interest_and_payments_of_a_year_are_those_of_the_calendar(scenario: Write) -> None:
    text = '[opening]\ncash = "10B"\n[treasury]\ninterest = "4 %/yr"\n'
    path = deterministic_path(scenario(QUARTERS + text))
    np.testing.assert_allclose(path["cash"], 10e9 * 1.04 ** (np.arange(13) / 4), rtol=1e-13)
    paid = deterministic_path(
        scenario(QUARTERS + '[opening]\ncash = "10B"\n[flows.rent]\namount = "1.2B/yr"\ngrowth = "10 %/yr"\n')
    )
    rent = -np.diff(paid["cash"])
    np.testing.assert_allclose(rent, 0.3e9 * 1.1 ** (np.arange(12) / 4), rtol=1e-12)


def test_variances_are_those_of_the_calendar(scenario: Write) -> None:
    """Var ln I = σ² (1 - e^(-2κt)) / 2κ, Var r = σ² (1 - e^(-2κt)) / 2κ, Var ln R (constant growth) = σ² t, at t = 1 and 3 years;
    a customer is lost in a quarter with probability 1 - e^(-h/4)."""
    text = COMPANY.replace('growth = "0.4 log/yr"', 'growth = "0.1 log/yr"\nvolatility = "25 %/yr"')
    loss = '[revenue.customer_loss]\nhazard = "60 %/yr"\nsize = "0 %"\n'
    slots = ("price.index", "rates.reference", "revenue.run_rate")
    columns, kept = simulate(scenario(QUARTERS + text + loss), *slots, paths=PATHS)
    for q in (4, 12):
        t = q / 4
        wanted = {
            "price.index": 0.09 * (1 - math.exp(-1.8 * t)) / 1.8,
            "rates.reference": 0.0004 * (1 - math.exp(-0.8 * t)) / 0.8,
            "revenue.run_rate": 0.0625 * t,
        }
        for slot, variance in wanted.items():
            x = kept[slot][q] / 3 if slot == "rates.reference" else np.log(kept[slot][q])
            assert abs(x.var() / variance - 1) < 4 * math.sqrt(2 / PATHS), slot
    p = 1 - math.exp(-0.15)
    assert abs(columns["customers_lost"].mean() - 12 * p) < 4 * math.sqrt(12 * p * (1 - p) / PATHS)


CONTRACT = """
[opening]
cash = "50B"
[default]
cure = "100 days"
[price]
type = "forward_curve"
[contracts.gpu]
fee = "1B/mo"
start = "2026-Q4"
end = "2029-Q2"
escalator = "10 %/yr"
unit_price = "5 $/GPU-h"
market_unit_price = "4 $/GPU-h"
[contracts.gpu.exit.buyer]
notice = "90 days"
lock_in = "180 days"
when = [{ price_ratio_below = 0.9 }]
"""


def test_notice_lock_in_and_escalator_count_in_quarters(scenario: Write) -> None:
    """Two quarters of lock-in, notice in the second, one more quarter; without the notice the fee rises after a year."""
    path = deterministic_path(scenario(QUARTERS + CONTRACT))
    np.testing.assert_allclose(path["contracts.gpu.due"][1:], [3e9] * 3 + [0.0] * 9)
    staying = CONTRACT.replace("0.9 }", "0.1 }")
    path = deterministic_path(scenario(QUARTERS + staying))
    wanted = [3e9 * 1.1 ** (k // 4) if k < 11 else 0.0 for k in range(12)]
    np.testing.assert_allclose(path["contracts.gpu.due"][1:], wanted, rtol=1e-12)


def test_multiples_of_the_run_rate_are_of_a_calendar_year(scenario: Write) -> None:
    """Run-rate 12B a year: debt of 13B is within 1.1 times it; a round of 3B at 2 times it leaves 24 / 27."""
    text = (
        '[opening]\ncash = "1B"\n[default]\ndebt_to_revenue = 1.1\n'
        '[revenue]\ntype = "geometric_brownian"\nrun_rate = "12B/yr"\n'
        '[financing.loan]\ntype = "term_debt"\nprincipal = "13B"\nrate = "0 %/yr"\nmaturity = "2029-Q2"\n'
        '[financing.round]\ntype = "priced_round"\nevery = "3 mo"\narrival = "bernoulli"\nsize = "3B"\nmultiple = 2\n'
        'growth = { sensitivity = 10, expected = "0 log/yr" }\n'
    )
    file = scenario(QUARTERS + text)
    result = simulator.run(file, paths=1024)
    assert result.pd(10)[0] == 0.0
    _, kept = simulate(file, "funding.dilution", paths=64)
    np.testing.assert_allclose(kept["funding.dilution"][1], 1 - 24 / 27, rtol=1e-12)
    tight = scenario(QUARTERS + text.replace("1.1", "1.05"))
    assert deterministic_path(tight)["ending.month"][-1] == 1.0


def test_success_of_a_round_compares_with_four_quarters_ago(scenario: Write) -> None:
    """Growth of 0.2 a year, 0.1 expected, sensitivity 5: success 0.5 (1 + 5 x 0.1) = 0.75 in every quarter from the first year's
    end on; before it growth counts in proportion to what has passed."""
    text = (
        '[opening]\ncash = "1B"\n[revenue]\ntype = "geometric_brownian"\nrun_rate = "12B/yr"\ngrowth = "0.2 log/yr"\n'
        '[financing.round]\ntype = "priced_round"\nevery = "3 mo"\narrival = "bernoulli"\nsize = "1B"\nsuccess = 0.5\n'
        'growth = { sensitivity = 5, expected = "0.1 log/yr" }\n'
    )
    _, kept = simulate(scenario(QUARTERS + text), "financing.round.odds", paths=64)
    wanted = [0.5 * (1 + 5 * 0.1 * min(q, 4) / 4) for q in range(1, 13)]
    np.testing.assert_allclose(kept["financing.round.odds"][1:, 0], wanted, rtol=1e-12)


def test_reports_count_in_quarters_and_show_calendar_years(scenario: Write) -> None:
    text = '[opening]\ncash = "1B"\n[revenue]\ntype = "geometric_brownian"\nrun_rate = "12B/yr"\n'
    file = scenario(QUARTERS.replace('"quarter"', '"quarter"\nfiscal_year_start = 4') + text)
    document = simulator.run(file, paths=1024).document
    assert document["step"] == "quarter"
    assert document["start"] == document["pd"][0]["label"] == "2026-Q4"
    assert [(y["year"], y["first"], y["last"]) for y in document["fiscal_years"]] == [
        (2027, 1, 2),
        (2028, 3, 6),
        (2029, 7, 10),
        (2030, 11, 12),
    ]
    assert document["fiscal_years"][1]["revenue"] == pytest.approx(12e9)
    assert document["cash_flow_at_risk"]["value"] == pytest.approx(0.0, abs=1e-3)
    result = simulator.run(file, paths=1024)
    metrics = {m.name: (k, m.unit) for k, m in enumerate(result.figures.outline.metrics)}
    assert metrics["run_rate"][1] == "$/yr"
    assert result.figures.monthly_mean(metrics["run_rate"][0], 5).value == pytest.approx(12e9)
    assert metrics["revenue"][1] == "$/qtr"
    assert result.column("shadow_flow_12m")[0] == pytest.approx(12e9)


def test_words_are_in_calendar_units(tmp_path: Path) -> None:
    file = tmp_path / "quarters.toml"
    file.write_text("format = 1\n" + QUARTERS + CONTRACT.replace("0.9 }", "0.1 }"))
    text = CliRunner().invoke(main, ["check", str(file)]).output
    assert "12 quarters, 2026-Q4 to 2029-Q3" in text
    assert "a fee of $1.00B/mo" in text
    assert "2026-Q4 to 2029-Q2" in text
    assert "in quarter" not in text.split("Deterministic path")[0]
    out = CliRunner().invoke(main, ["run", str(file), "--paths", "1000", "--out", str(tmp_path / "out")]).output
    assert "1,000 paths x 12 quarters from 2026-Q4" in out
    assert "quarter   4 (2027-Q3)" in out
    folder = next((tmp_path / "out").iterdir())
    listed = CliRunner().invoke(main, ["list", str(tmp_path / "out")]).output
    assert "x  12 quarters from 2026-Q4" in listed
    ledger = CliRunner().invoke(main, ["replay", str(folder), "--path", "0"]).output
    assert "2026-Q4" in ledger
    assert "largest residual of a quarter: 0.00e+00 $" in ledger
    dry = CliRunner().invoke(main, ["run", str(file), "--paths", "1000", "--dry-run"]).output
    assert "12 quarters" in dry


MISTAKES = {
    "a month in a file of quarters": (QUARTERS + CONTRACT.replace("2029-Q2", "2029-06"), "calendar quarter"),
    "a quarter in a file of months": (
        MONTHS + CONTRACT.replace('start = "2026-Q4"', 'start = "2026-10"'),
        "calendar month",
    ),
    "a fiscal year that no quarter begins": (
        QUARTERS + 'fiscal_year_start = 2\n[opening]\ncash = "1B"\n',
        "month 1, 4, 7 or 10",
    ),
    "another step": (QUARTERS.replace('"quarter"', '"week"') + '[opening]\ncash = "1B"\n', "calendar month"),
    "a stay shorter than a step": (
        QUARTERS + '[opening]\ncash = "1B"\n[market]\nregimes = ["a", "b"]\nsojourn = ["2 mo", "9 mo"]\n',
        "quarters counted as months",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named(scenario: Write, name: str) -> None:
    text, words = MISTAKES[name]
    with pytest.raises(ScenarioError) as raised:
        scenario(text)
    assert any(words in d.message for d in raised.value.diagnostics), [d.message for d in raised.value.diagnostics]


def test_a_step_of_a_month_is_the_default_and_changes_nothing(tmp_path: Path) -> None:
    texts = {}
    for name, calendar in (("plain", MONTHS), ("said", MONTHS + 'step = "month"\n')):
        file = tmp_path / f"{name}.toml"
        file.write_text("format = 1\nname = 'x'\n" + calendar + COMPANY)
        document = simulator.run(simulator.load(file), paths=1024).document
        texts[name] = json.dumps({k: v for k, v in document.items() if k not in ("scenario_hash", "seconds")})
    assert texts["plain"] == texts["said"]
