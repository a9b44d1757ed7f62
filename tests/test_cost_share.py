"""The share of variable cost as a process (Schwartz & Moon 2001), and the market price of risk, against closed forms.

Comparisons are within 4 standard errors, at fixed seeds: a right program fails one with probability 6e-5.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from test_published_cases import simulate

from simulator.engine.block import deterministic_path
from simulator.scenario.diagnostics import ScenarioError
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
PATHS = 131_072
HEAD = '[calendar]\nstart = "2026-11"\nmonths = 36\n[opening]\ncash = "900B"\n'
REVENUE = '[revenue]\ntype = "geometric_brownian"\nrun_rate = "12B/yr"\n'
SHARE = "operations.cost_share.share"
COST = "operations.variable_cost"


def clause(now: float, long_run: float, kappa: float, sd: float, more: str = "") -> str:
    return (
        f'[operations.cost_share]\nnow = {now}\nlong_run = {long_run}\nreversion = "{kappa} /yr"\n'
        f'volatility = "{100 * sd} %/yr"\n' + more
    )


@pytest.mark.parametrize(
    ("now", "long_run", "kappa", "sd"), [(0.7, 0.45, 0.4, 0.12), (0.3, 0.6, 3.0, 0.05), (0.5, 0.5, 0.0, 0.08)], ids=str
)
def test_the_cost_share_has_its_mean_its_variance_and_its_tail(
    scenario: Write, now: float, long_run: float, kappa: float, sd: float
) -> None:
    """E = γ̄ + e^(-κt) (γ0 - γ̄), Var = ς² (1 - e^(-2κt)) / 2κ, normal; cost = max(0, γ) x billed in every month."""
    _, kept = simulate(scenario(HEAD + REVENUE + clause(now, long_run, kappa, sd)), SHARE, COST, paths=PATHS)
    np.testing.assert_allclose(kept[COST][1:], np.maximum(0.0, kept[SHARE][1:]) * 1e9, rtol=1e-12)
    for m in (6, 36):
        t, share = m / 12, kept[SHARE][m]
        mean = long_run + math.exp(-kappa * t) * (now - long_run)
        variance = sd**2 * ((1 - math.exp(-2 * kappa * t)) / (2 * kappa) if kappa else t)
        assert abs(share.mean() - mean) < 4 * math.sqrt(variance / PATHS)
        assert abs(share.var() / variance - 1) < 4 * math.sqrt(2 / PATHS)
        tail = np.mean(share > mean + 1.5 * math.sqrt(variance))
        wanted = 0.5 * math.erfc(1.5 / math.sqrt(2))
        assert abs(tail - wanted) < 4 * math.sqrt(wanted * (1 - wanted) / PATHS)


def test_a_fading_volatility_adds_up_month_by_month(scenario: Write) -> None:
    """Var γ(m) = Σ φ^2(m-j) ς(j-1)² (1 - φ²) / 2κ, ς(j) = ς̄ + e^(-λ j/12) (ς - ς̄)."""
    more = 'long_run_volatility = "2 %/yr"\nvolatility_decay = "1.5 /yr"\n'
    _, kept = simulate(scenario(HEAD + REVENUE + clause(0.6, 0.4, 0.8, 0.15, more)), SHARE, paths=PATHS)
    step = (1 - math.exp(-1.6 / 12)) / 1.6
    for m in (6, 36):
        volatility = [0.02 + math.exp(-1.5 * j / 12) * 0.13 for j in range(m)]
        variance = sum(math.exp(-1.6 * (m - 1 - j) / 12) * v**2 * step for j, v in enumerate(volatility))
        assert abs(kept[SHARE][m].var() / variance - 1) < 4 * math.sqrt(2 / PATHS)


def test_without_chance_the_share_moves_to_its_long_run_value_and_is_what_overflow_must_earn(scenario: Write) -> None:
    """Need 0.5 at a price of 1: serving pays while 1 - γ > 0.5, that is once γ has fallen below 0.5; then need is bought."""
    need = '[compute]\nneed = { start = 0.5, floor = 0.5, decay = "0 /mo" }\n'
    path = deterministic_path(scenario(HEAD + REVENUE + need + clause(0.6, 0.3, 1.0, 0.1)))
    share = 0.3 + 0.3 * np.exp(-np.arange(37) / 12)
    np.testing.assert_allclose(path[SHARE], share, rtol=1e-12)
    np.testing.assert_allclose(path["operations.net_margin"], 1 - share, rtol=1e-12)
    np.testing.assert_allclose(path["compute.overflow"][1:], np.where(share[1:] < 0.5, 0.5e9, 0.0), rtol=1e-12)


def test_a_cost_share_below_nought_pays_nothing(scenario: Write) -> None:
    _, kept = simulate(scenario(HEAD + REVENUE + clause(0.02, 0.0, 0.5, 0.2)), SHARE, COST, paths=1024)
    assert (kept[SHARE] < 0).any()
    assert (kept[COST] >= 0).all()
    assert (kept[COST][1:][kept[SHARE][1:] < 0] == 0.0).all()


def test_the_market_price_of_risk_lowers_the_drift_by_its_product_with_the_volatility(scenario: Write) -> None:
    """E[R(m)] = R0 exp((g - λσ) m/12), at constant growth and volatility; λ in units of a year and of a quarter."""
    law = (
        '[revenue]\ntype = "mean_reverting_growth"\nrun_rate = "12B/yr"\ngrowth = "0.2 log/yr"\nlong_run_growth = "0.2 log/yr"\n'
        'gap_decay = "0 /yr"\nvolatility = "30 %/yr"\nmarket_price_of_risk = "0.4 /sqrt(yr)"\n'
    )
    _, kept = simulate(scenario(HEAD + law), "revenue.run_rate", paths=PATHS)
    for m in (6, 36):
        rate = kept["revenue.run_rate"][m] / 12e9
        assert abs(rate.mean() - math.exp((0.2 - 0.12) * m / 12)) < 4 * rate.std() / math.sqrt(PATHS)
    by_year = deterministic_path(scenario(HEAD + law))["revenue.run_rate"]
    by_quarter = deterministic_path(scenario(HEAD + law.replace("0.4 /sqrt(yr)", "0.2 /sqrt(qtr)")))["revenue.run_rate"]
    np.testing.assert_allclose(by_year, by_quarter, rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[operations]\nvariable_cost = 0.1\n" + clause(0.5, 0.4, 1.0, 0.1), "not both"),
        (clause(0.5, 0.4, 1.0, 0.1, 'volatility_decay = "1 /yr"\n'), "no long-run volatility"),
        (clause(0.5, 0.4, 1.0, 0.1, 'long_run_volatility = "1 %/yr"\n'), "nothing leads to it"),
    ],
)
def test_mistakes_are_named(scenario: Write, text: str, words: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        scenario(HEAD + REVENUE + text)
    assert words in raised.value.diagnostics[0].message
