"""Laws of revenue and price against closed forms; 4 standard errors, a right program fails one with probability 6e-5."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from simulated import simulate

from simulator.engine.block import deterministic_path
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
HEAD = '[calendar]\nstart = "2026-11"\nmonths = 36\n[opening]\ncash = "1M"\n'
PATHS = 131_072


@pytest.mark.parametrize(("kappa", "rho"), [(1.5, 0.3), (0.4, -0.7), (4.0, 0.0)])
def test_the_two_factor_price_has_its_mean_its_variance_and_its_tail(scenario: Write, kappa: float, rho: float) -> None:
    """Var[ln I] = σχ² (1 - e^(-2κt)) / 2κ + σξ² t + 2 ρ σχ σξ (1 - e^(-κt)) / κ (Schwartz & Smith 2000, eq. 5)."""
    text = (
        f'[price]\ntype = "two_factor"\nnow = 1.3\ndrift = "-0.2 log/yr"\nvolatility = "60 %/yr"\nreversion = "{kappa} /yr"\n'
        f'long_volatility = "25 %/yr"\ncorrelation = {rho}\n'
    )
    _, kept = simulate(scenario(HEAD + text), "price.index", paths=PATHS)
    for m in (1, 12, 36):
        t, price = m / 12, kept["price.index"][m]
        forward = 1.3 * math.exp(-0.2 * t)
        variance = 0.36 * (1 - math.exp(-2 * kappa * t)) / (2 * kappa) + 0.0625 * t
        variance += 2 * rho * 0.6 * 0.25 * (1 - math.exp(-kappa * t)) / kappa
        logs = np.log(price)
        assert abs(price.mean() - forward) < 4 * price.std() / math.sqrt(PATHS)
        assert abs(logs.var() / variance - 1) < 4 * math.sqrt(2 / PATHS)
        tail = np.mean(logs < math.log(forward) - variance / 2 - 2 * math.sqrt(variance))
        wanted = 0.5 * math.erfc(2 / math.sqrt(2))
        assert abs(tail - wanted) < 4 * math.sqrt(wanted * (1 - wanted) / PATHS)


def test_logistic_revenue_follows_its_solution_and_noise_keeps_the_step_mean(scenario: Write) -> None:
    text = '[revenue]\ntype = "logistic"\nrun_rate = "2B/yr"\nceiling = "30B/yr"\ngrowth = "1.2 log/yr"\n'
    path = deterministic_path(scenario(HEAD + text))["revenue.run_rate"] / 1e9
    t = np.arange(37) / 12
    np.testing.assert_allclose(path, 30 / (1 + (30 / 2 - 1) * np.exp(-1.2 * t)), rtol=1e-12)
    noisy = scenario(HEAD + text + 'volatility = "40 %/yr"\n')
    _, kept = simulate(noisy, "revenue.run_rate", paths=PATHS)
    rate = kept["revenue.run_rate"] / 1e9
    for m in (1, 18, 36):
        before = rate[m - 1]
        step = rate[m] / (30 / (1 + (30 / before - 1) * math.exp(-0.1)))
        assert abs(step.mean() - 1) < 4 * step.std() / math.sqrt(PATHS)
        assert abs(np.log(step).var() / (0.16 / 12) - 1) < 4 * math.sqrt(2 / PATHS)


def test_the_bootstrap_draws_every_month_alike_and_keeps_the_order_inside_a_block(scenario: Write) -> None:
    """Sample h; circular blocks of 3: in every month growth has the sample's mean and variance; the first two months of a block
    are neighbours of the sample, the last of one block and the first of the next are independent."""
    h = np.array([0.08, 0.02, -0.03, 0.05, 0.11, 0.01, -0.06])
    listed = ", ".join(f'"{x} log/mo"' for x in h)
    text = f'[revenue]\ntype = "bootstrap"\nrun_rate = "5B/yr"\ngrowth = [{listed}]\nblock = "3 mo"\n'
    _, kept = simulate(scenario(HEAD + text), "revenue.run_rate", paths=PATHS)
    growth = np.diff(np.log(kept["revenue.run_rate"]), axis=0)
    neighbours = np.mean((h - h.mean()) * (np.roll(h, -1) - h.mean()))
    for m in (0, 1, 2, 3, 10):
        assert set(np.round(growth[m], 9)) == set(np.round(h, 9))
        assert abs(growth[m].mean() - h.mean()) < 4 * h.std() / math.sqrt(PATHS)
    scale = 4 * h.var() / math.sqrt(PATHS)
    assert abs(np.cov(growth[0], growth[1])[0, 1] - neighbours) < scale
    assert abs(np.cov(growth[1], growth[2])[0, 1] - neighbours) < scale
    assert abs(np.cov(growth[2], growth[3])[0, 1]) < scale
    still = deterministic_path(scenario(HEAD + text))["revenue.run_rate"]
    np.testing.assert_allclose(still[12], 5e9 * math.exp(12 * h.mean()), rtol=1e-12)


@pytest.mark.parametrize(
    ("sigma", "sigma_bar", "eta", "eta_bar", "decay"),
    [(0.4, 0.1, 0.3, 0.0, 0.7), (0.1, 0.3, 0.1, 0.2, 2.0), (0.2, 0.0, 0.0, 0.3, 0.25)],
)
def test_fading_volatilities_give_revenue_its_mean_its_variance_and_its_tail(
    scenario: Write, sigma: float, sigma_bar: float, eta: float, eta_bar: float, decay: float
) -> None:
    """ln R(m) is a sum of independent normals: Σ σ(k) √Δ x1 of the level, and of growth the shock of month j, felt with φ^i in
    month j + 1 + i; σ(k) = σ̄ + (σ - σ̄) e^(-κs k Δ) (Schwartz & Moon 2000, eq. 3 and 4). Three looks at either of two horizons."""
    kappa, growth, long_run, delta = 0.6, 0.5, 0.1, 1 / 12
    text = (
        f'[revenue]\ntype = "mean_reverting_growth"\nrun_rate = "12M/yr"\ngrowth = "{growth} log/yr"\n'
        f'long_run_growth = "{long_run} log/yr"\ngap_decay = "{kappa} /yr"\nvolatility = "{100 * sigma} %/yr"\n'
        f'growth_volatility = "{100 * eta} %/yr"\nvolatility_decay = "{decay} /yr"\n'
        f'long_run_volatility = "{100 * sigma_bar} %/yr"\nlong_run_growth_volatility = "{100 * eta_bar} %/yr"\n'
    )
    _, kept = simulate(scenario(HEAD + text), "revenue.run_rate", paths=PATHS)
    phi = math.exp(-kappa * delta)
    left = [math.exp(-decay * k * delta) for k in range(37)]
    sigmas = [sigma_bar + (sigma - sigma_bar) * x for x in left]
    shocks = [(eta_bar + (eta - eta_bar) * x) * math.sqrt((1 - phi**2) / (2 * kappa)) for x in left]
    for m in (6, 36):
        mean, variance = 0.0, 0.0
        for k in range(m):
            mean += (long_run + (growth - long_run) * phi**k - sigmas[k] ** 2 / 2) * delta
            variance += sigmas[k] ** 2 * delta
            felt = delta * (1 - phi ** (m - 1 - k)) / (1 - phi)  # by ln R(m) of the growth shock of month k + 1
            variance += (shocks[k] * felt) ** 2
        logs = np.log(kept["revenue.run_rate"][m] / 12e6)
        assert abs(logs.mean() - mean) < 4 * math.sqrt(variance / PATHS)
        assert abs(logs.var() / variance - 1) < 4 * math.sqrt(2 / PATHS)
        wanted = 0.5 * math.erfc(2 / math.sqrt(2))
        tail = np.mean(logs < mean - 2 * math.sqrt(variance))
        assert abs(tail - wanted) < 4 * math.sqrt(wanted * (1 - wanted) / PATHS)
