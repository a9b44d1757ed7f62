"""Jump and regime laws beyond their published cases (`simulator verify`), and their pieces against slow, obvious answers.

Each comparison with a closed form is within 4 standard errors: a right program fails one with probability 6e-5, all of this
file together with less than 1 %.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from simulated import MILLION, simulate

import simulator
from simulator.engine.block import deterministic_path
from simulator.mathematics import jumps
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
PATHS = 262_144


@pytest.mark.parametrize(
    "clause",
    [
        '[price.merton_jumps]\nrate = "2 /yr"\nmean = 0.1\nsd = 0.3\n',
        '[price.kou_jumps]\nrate = "4 /yr"\nup_share = 0.6\nup_mean = 0.15\ndown_mean = 0.1\n',
    ],
)
@pytest.mark.parametrize("reversion", ["0 /yr", "1.5 /yr"])
def test_a_forward_curve_stays_the_mean_of_a_price_that_jumps(scenario: Write, clause: str, reversion: str) -> None:
    text = (
        '[opening]\ncash = "1M"\n[calendar]\nstart = "2026-11"\nmonths = 36\n[price]\ntype = "forward_curve"\n'
        f'curve = {{ now = 1.2, drift = "-0.2 log/yr" }}\nvolatility = "30 %/yr"\nreversion = "{reversion}"\n' + clause
    )
    _, kept = simulate(scenario(text), "price.index", paths=PATHS)
    for m in (1, 6, 12, 24, 36):
        price = kept["price.index"][m]
        wanted = 1.2 * math.exp(-0.2 * m / 12)
        assert abs(price.mean() - wanted) < 4 * price.std() / math.sqrt(PATHS), m


def test_compensated_jumps_leave_the_mean_of_revenue_alone(scenario: Write) -> None:
    head = (
        '[opening]\ncash = "1M"\n[revenue]\ntype = "geometric_brownian"\nrun_rate = "12M/yr"\ngrowth = "0.1 log/yr"\n'
    )
    for clause in (
        '[revenue.merton_jumps]\nrate = "3 /yr"\nmean = -0.1\nsd = 0.2\n',
        '[revenue.kou_jumps]\nrate = "3 /yr"\nup_share = 0.4\nup_mean = 0.1\ndown_mean = 0.2\ncompensated = true\n',
    ):
        _, kept = simulate(scenario(head + clause), "revenue.run_rate", paths=PATHS)
        rate = kept["revenue.run_rate"][24] / 12 / MILLION
        assert abs(rate.mean() - math.exp(0.2)) < 4 * rate.std() / math.sqrt(PATHS)


def test_without_chance_nothing_jumps_and_the_regime_stays(scenario: Write) -> None:
    head = (
        '[opening]\ncash = "1M"\n[revenue]\ntype = "geometric_brownian"\nrun_rate = "12M/yr"\ngrowth = "0.1 log/yr"\n'
    )
    jumping = deterministic_path(scenario(head + '[revenue.merton_jumps]\nrate = "3 /yr"\nmean = -0.1\nsd = 0.2\n'))
    np.testing.assert_allclose(jumping["revenue.run_rate"][12] / 1e6, 12 * math.exp(0.1), rtol=1e-12)
    switching = simulator.load(Path(__file__).parent / "evidence" / "regime_switching_revenue.toml")
    rate = deterministic_path(switching)["revenue.run_rate"] / 12 / MILLION
    np.testing.assert_allclose(rate[12], 10 * math.exp(0.3 - 0.25**2 / 2), rtol=1e-12)


@pytest.mark.parametrize("mean", [0.01, 0.4, 5.0])
def test_the_number_of_jumps_is_the_poisson_quantile(mean: float) -> None:
    u = (np.arange(4001) + 0.5) / 4001
    found = [jumps.poisson(float(x), mean) for x in u]
    assert found == stats.poisson(mean).ppf(u).astype(int).tolist()


def test_the_double_exponential_is_the_inverse_of_its_distribution_function() -> None:
    p, up, down = 0.3, 0.05, 0.12
    for u in (1e-9, 0.1, 0.699, 0.7001, 0.9, 1 - 1e-9):
        x = jumps.double_exponential(u, p, up, down)
        back = (1 - p) * math.exp(x / down) if x < 0 else 1 - p * math.exp(-x / up)
        assert math.isclose(back, u, rel_tol=1e-12)
    nodes, weights = np.polynomial.legendre.leggauss(4000)
    values = [jumps.double_exponential(float(x), p, up, down) for x in (nodes + 1) / 2]
    by_quadrature = float(np.dot(weights, np.exp(2.0 * np.array(values))) / 2)
    assert math.isclose(by_quadrature, jumps.double_exponential_moment(2.0, p, up, down), rel_tol=1e-4)
    assert math.isclose(jumps.normal_moment(2.0, 0.1, 0.3), math.exp(0.2 + 0.18), rel_tol=1e-12)
