"""Scarcity and new generations of chips: each law against its closed form, and the forward curve that all of them must keep.

Comparisons with a closed form are within 4 standard errors: a right program fails one with probability 6e-5, all of this
file together with less than 5 %. The seeds are fixed.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from simulated import simulate

from simulator.components.chain import month_of_generator
from simulator.engine.block import deterministic_path
from simulator.engine.simulation import CHUNK, Simulation
from simulator.scenario.diagnostics import ScenarioError
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
PATHS = 131_072
MONTHS = 24
HEAD = f'[calendar]\nstart = "2026-11"\nmonths = {MONTHS}\n[opening]\ncash = "1M"\n'
PLAIN = '[price]\ntype = "forward_curve"\ncurve = { now = 1.2, drift = "-0.2 log/yr" }\n'
ONE = PLAIN + 'volatility = "6 %/yr"\nreversion = "0.8 /yr"\n'
TWO = (
    '[price]\ntype = "two_factor"\nnow = 1.2\ndrift = "-0.2 log/yr"\nvolatility = "5 %/yr"\nreversion = "1.5 /yr"\n'
    'long_volatility = "3 %/yr"\ncorrelation = 0.3\n'
)
JUMPS = '[price.merton_jumps]\nrate = "1 /yr"\nmean = 0.03\nsd = 0.03\n'
SCARCE = (
    '[price.scarcity]\nregimes = ["normal", "shortage"]\nsojourn = ["14 mo", "5 mo"]\nlevel = [0.0, 0.1]\n'
    'initial = "shortage"\n'
)
GENERATIONS = (
    '[price.generations]\nhazard = "40 %/yr"\nsize = { triangular = { low = "1 %", mode = "4 %", high = "8 %" } }\n'
)
LAUNCH = (
    '[price.launches.generations.next]\nafter = { p10 = "4 mo", p50 = "7 mo", p90 = "14 mo" }\n'
    'size = { p10 = "3 %", p50 = "5 %", p90 = "9 %" }\n'
)
FORWARD = 1.2 * np.exp(-0.2 * np.arange(MONTHS + 1) / 12)


@pytest.mark.parametrize(
    "law",
    [
        ONE,
        TWO,
        ONE + JUMPS,
        TWO + JUMPS,
        ONE + SCARCE,
        ONE + GENERATIONS + LAUNCH,
        TWO + JUMPS + SCARCE + GENERATIONS + LAUNCH,
    ],
    ids=["one factor", "two factors", "one, jumps", "two, jumps", "scarcity", "generations", "all together"],
)
def test_the_forward_curve_is_the_mean_of_the_price_in_every_month(scenario: Write, law: str) -> None:
    """Within 4 standard errors and within 0.1 %; the sets have little noise, so that 0.1 % is more than 4 standard errors."""
    paths, chunk = 10 * CHUNK, CHUNK
    simulation = Simulation(scenario(HEAD + law), paths=paths)
    total, square = np.zeros(MONTHS + 1), np.zeros(MONTHS + 1)
    for first in range(0, paths, chunk):
        ratio = simulation.run_chunk(first, chunk, ("price.index",)).kept["price.index"] / FORWARD[:, None] - 1.0
        total += ratio.sum(axis=1)
        square += (ratio**2).sum(axis=1)
    off = total / paths
    error = np.sqrt(np.maximum(square / paths - off**2, 1e-24) / paths)
    assert off[0] == pytest.approx(0.0, abs=1e-12)
    assert np.all(np.abs(off) < 1e-3), off
    assert np.all(np.abs(off[1:]) < 4 * error[1:]), off / error


def check(price: np.ndarray, mean: float, second: float, above: float, tail: float) -> None:
    """Mean and variance of a price, and the probability that it lies above a number."""
    count = price.size
    assert abs(price.mean() - mean) <= 4 * price.std() / math.sqrt(count) + 1e-12
    variance, spread = second - mean**2, (price - mean) ** 2
    assert abs(spread.mean() - variance) <= 4 * spread.std() / math.sqrt(count) + 1e-12
    assert abs(np.mean(price > above) - tail) <= 4 * math.sqrt(tail * (1 - tail) / count)


@pytest.mark.parametrize(
    ("stay", "short", "level", "initial"), [(14, 5, 0.45, 1), (30, 2, 1.1, 0), (3, 8, -0.3, 0)], ids=str
)
def test_scarcity_is_its_two_state_chain(scenario: Write, stay: int, short: int, level: float, initial: int) -> None:
    """P(shortage in m) = π + (P(0) - π)(1 - a - b)^m with a = 1/stay, b = 1/short, π = a / (a + b)."""
    clause = (
        f'[price.scarcity]\nregimes = ["normal", "shortage"]\nsojourn = ["{stay} mo", "{short} mo"]\n'
        f'level = [0.0, {level}]\ninitial = "{["normal", "shortage"][initial]}"\n'
    )
    _, kept = simulate(scenario(HEAD + PLAIN + clause), "price.index", paths=PATHS)
    a, b = 1 / stay, 1 / short
    long_run = a / (a + b)
    assert np.all(kept["price.index"][0] == 1.2)
    for m in (3, MONTHS):
        p = long_run + (initial - long_run) * (1 - a - b) ** m
        mean = 1 - p + p * math.exp(level)
        ratio = kept["price.index"][m] / FORWARD[m]
        second = (1 - p + p * math.exp(2 * level)) / mean**2
        middle = math.exp(level / 2) / mean
        check(ratio, 1.0, second, middle, p if level > 0 else 1 - p)


@pytest.mark.parametrize(
    ("hazard", "low", "mode", "high"), [(0.6, 0.1, 0.2, 0.4), (2.5, 0.02, 0.05, 0.08), (0.1, 0.3, 0.5, 0.9)], ids=str
)
def test_generations_are_a_binomial_number_of_steps(
    scenario: Write, hazard: float, low: float, mode: float, high: float
) -> None:
    """N ~ Binomial(m, 1 - e^(-h/12)); E[I²] / F² = ((1 - p + p E[(1 - S)²]) / (1 - p E[S])²)^m, S triangular."""
    clause = (
        f'[price.generations]\nhazard = "{hazard} /yr"\n'
        f"size = {{ triangular = {{ low = {low}, mode = {mode}, high = {high} }} }}\n"
    )
    columns, kept = simulate(scenario(HEAD + PLAIN + clause), "price.index", paths=PATHS)
    p = 1 - math.exp(-hazard / 12)
    size = (low + mode + high) / 3
    spread = (low**2 + mode**2 + high**2 - low * mode - low * high - mode * high) / 18
    kept_square = (1 - size) ** 2 + spread
    for m in (3, MONTHS):
        scale = 1 - p * size
        second = ((1 - p + p * kept_square) / scale**2) ** m
        none = (1 - p) ** m
        check(kept["price.index"][m] / FORWARD[m], 1.0, second, (1 - 0.5 * low) * scale**-m, none)
    count = columns["generations"]
    assert abs(count.mean() - MONTHS * p) < 4 * math.sqrt(MONTHS * p * (1 - p) / PATHS)
    for few in (0, 1, 2):
        wanted = stats.binom(MONTHS, p).cdf(few)
        assert abs(np.mean(count <= few) - wanted) < 4 * math.sqrt(wanted * (1 - wanted) / PATHS)


@pytest.mark.parametrize(("low", "high", "size"), [(2.0, 12.0, 0.3), (0.5, 30.0, 0.05), (10.0, 11.0, 0.8)], ids=str)
def test_a_launch_comes_when_its_law_says(scenario: Write, low: float, high: float, size: float) -> None:
    """Date uniform on (low, high): G(m) = (m - low) / (high - low); E[I²] / F² = (1 - G + G (1 - s)²) / (1 - G s)²."""
    clause = (
        f'[price.launches.generations.next]\nafter = {{ uniform = {{ low = "{low} mo", high = "{high} mo" }} }}\n'
        f"size = {size}\n"
    )
    columns, kept = simulate(scenario(HEAD + PLAIN + clause), "price.index", paths=PATHS)
    for m in (6, MONTHS):
        g = min(1.0, max(0.0, (m - low) / (high - low)))
        kept_share = 1 - g * size
        second = (1 - g + g * (1 - size) ** 2) / kept_share**2
        check(kept["price.index"][m] / FORWARD[m], 1.0, second, (1 - size / 2) / kept_share, 1 - g)
    by_horizon = min(1.0, (MONTHS - low) / (high - low))
    assert abs(columns["generation.next"].mean() - by_horizon) <= 4 * math.sqrt(by_horizon * (1 - by_horizon) / PATHS)


@pytest.mark.parametrize(("rate", "mean", "sd"), [(2.0, 0.1, 0.2), (6.0, -0.05, 0.05), (0.5, -0.4, 0.1)], ids=str)
def test_jumps_of_a_two_factor_price_land_in_the_part_that_fades(
    scenario: Write, rate: float, mean: float, sd: float
) -> None:
    """Without other noise χ has mean λ Δ a (1 - φ^m) / (1 - φ), variance λ Δ (a² + d²) (1 - φ^2m) / (1 - φ²), and is 0 with
    probability e^(-λ m Δ)."""
    law = TWO.replace('"5 %/yr"', '"0 %/yr"').replace('"3 %/yr"', '"0 %/yr"')
    jumps = f'[price.merton_jumps]\nrate = "{rate} /yr"\nmean = {mean}\nsd = {sd}\n'
    _, kept = simulate(scenario(HEAD + law + jumps), "price.short", paths=PATHS)
    phi = math.exp(-1.5 / 12)
    for m in (3, MONTHS):
        left = kept["price.short"][m]
        variance = rate / 12 * (mean**2 + sd**2) * (1 - phi ** (2 * m)) / (1 - phi**2)
        centre = rate / 12 * mean * (1 - phi**m) / (1 - phi)
        assert abs(left.mean() - centre) < 4 * math.sqrt(variance / PATHS)
        none = math.exp(-rate * m / 12)
        assert abs(np.mean(left == 0.0) - none) < 4 * math.sqrt(none * (1 - none) / PATHS)
        square = (left - centre) ** 2
        assert abs(square.mean() - variance) < 4 * square.std() / math.sqrt(PATHS)


def test_date_and_size_of_a_launch_are_recorded_inputs_that_can_be_correlated(scenario: Write) -> None:
    """Scores with correlation 0.6 have the rank correlation 6/π asin(0.3) = 0.582."""
    text = HEAD.replace('"1M"', '{ p10 = "1M", p50 = "2M", p90 = "4M" }') + PLAIN + LAUNCH
    text += '[dependence.inputs]\nnames = ["opening.cash", "price.launches.generations.next.after"]\n'
    inputs = Simulation(scenario(text + "correlation = [[1], [0.6, 1]]\n")).run_chunk(0, CHUNK).inputs
    assert {"price.launches.generations.next.after", "price.launches.generations.next.size"} <= set(inputs)
    dates = inputs["price.launches.generations.next.after"]
    assert abs(np.mean(dates <= 7.0) - 0.5) < 4 * math.sqrt(0.25 / CHUNK)
    ranks = stats.spearmanr(inputs["opening.cash"], dates).statistic
    assert abs(ranks - 6 / math.pi * math.asin(0.3)) < 4 / math.sqrt(CHUNK)


def test_on_the_deterministic_path_the_price_is_on_its_curve(scenario: Write) -> None:
    path = deterministic_path(scenario(HEAD + PLAIN + SCARCE + GENERATIONS + LAUNCH))
    np.testing.assert_allclose(path["price.index"], FORWARD, rtol=1e-12)


def test_without_a_curve_nothing_is_given_back(scenario: Write) -> None:
    """ln P = θ + φ^m (X(0) - θ) + shift; `now` includes what scarcity adds at the opening, and a known date is allowed."""
    law = '[price]\ntype = "ornstein_uhlenbeck"\nnow = 1.5\nlevel = 0.9\nvolatility = "0 %/yr"\nreversion = "0.8 /yr"\n'
    launch = '[price.launches.generations.next]\nafter = "6 mo"\nsize = "25 %"\n'
    path = deterministic_path(scenario(HEAD + law + SCARCE + launch))["price.index"]
    m = np.arange(MONTHS + 1)
    before = math.log(0.9) + np.exp(-0.8 * m / 12) * (math.log(1.5) - 0.1 - math.log(0.9)) + 0.1
    np.testing.assert_allclose(np.log(path), before + np.where(m >= 6, math.log(0.75), 0.0), atol=1e-12)


def test_a_shortage_leaves_less_to_be_bought(scenario: Write) -> None:
    """Need 40 a month, nothing under contract, the market delivers 30 in a shortage: a quarter of revenue is lost in it."""
    text = (
        HEAD + '[revenue]\ntype = "geometric_brownian"\nrun_rate = "1200M/yr"\n'
        '[compute]\nneed = { start = 0.4, floor = 0.4, decay = "0 /mo" }\ndepth = "35M/mo"\noverflow = "always"\n'
        + PLAIN
        + SCARCE
        + 'depth = { shortage = "30M/mo" }\n'
    )
    _, kept = simulate(scenario(text), "operations.lost_revenue", "price.scarcity.state", paths=1024)
    short = kept["price.scarcity.state"][1:] == 1.0
    lost = kept["operations.lost_revenue"][1:] / 1e6
    assert 0 < short.mean() < 1
    np.testing.assert_allclose(lost, np.where(short, 25.0, 12.5), rtol=1e-12)


def test_the_depth_of_the_market_may_follow_the_funding_regime(scenario: Write) -> None:
    text = (
        HEAD + '[revenue]\ntype = "geometric_brownian"\nrun_rate = "1200M/yr"\n'
        '[compute]\nneed = { start = 0.4, floor = 0.4, decay = "0 /mo" }\noverflow = "always"\n'
        'depth = { open = "35M/mo", shut = "20M/mo" }\n[market]\nregimes = ["open", "shut"]\nsojourn = ["6 mo", "6 mo"]\n'
    )
    _, kept = simulate(scenario(text), "operations.lost_revenue", "market.state", paths=1024)
    shut = kept["market.state"][1:] == 1.0
    assert 0 < shut.mean() < 1
    np.testing.assert_allclose(kept["operations.lost_revenue"][1:] / 1e6, np.where(shut, 50.0, 12.5), rtol=1e-12)


def test_a_generator_gives_the_matrix_of_a_month() -> None:
    """Two states, intensities a and b a year: exp(Q t) leaves with a / (a + b) (1 - e^(-(a + b) t))."""
    a, b = 0.7, 2.9
    rows = month_of_generator(((-a, a), (b, -b)))
    left = (1 - math.exp(-(a + b) / 12)) / (a + b)
    np.testing.assert_allclose(rows, [[1 - a * left, a * left], [b * left, 1 - b * left]], rtol=1e-13)
    three = month_of_generator(((-1.5, 1.0, 0.5), (0.2, -0.6, 0.4), (3.0, 0.0, -3.0)))
    np.testing.assert_allclose(np.sum(three, axis=1), 1.0, rtol=1e-14)
    year = np.linalg.matrix_power(np.array(three), 12)
    halves = np.linalg.matrix_power(np.eye(3) + np.array([[-1.5, 1, 0.5], [0.2, -0.6, 0.4], [3, 0, -3]]) / 2**20, 2**20)
    np.testing.assert_allclose(year, halves, atol=1e-5)  # (1 + Q/n)^n, error of order 1/n


BY_GENERATOR = SCARCE.replace('sojourn = ["14 mo", "5 mo"]', "generator = GIVEN")
TIED = '[dependence]\nshocks = ["price.deviation", "price.{}"]\n'
MISTAKES = [
    (SCARCE.replace("[0.0, 0.1]", "[0.2]"), "E013", "2 regimes want 2 levels"),
    (SCARCE + 'depth = { shortage = "1B/mo" }\n', "E013", "without [compute]"),
    (SCARCE.replace('sojourn = ["14 mo", "5 mo"]\n', ""), "E013", "one of them"),
    (BY_GENERATOR.replace("GIVEN", '[["-1 /yr", "2 /yr"], ["1 /yr", "-1 /yr"]]'), "E013", "adds up to 0"),
    (BY_GENERATOR.replace("GIVEN", '[["1 /yr", "-1 /yr"], ["1 /yr", "-1 /yr"]]'), "E011", "has a minus"),
    (BY_GENERATOR.replace("GIVEN", '[["-1 /yr", "1 /yr"]]'), "E013", "2 rows of 2"),
    ('[price.launches.generations.x]\nafter = "5 mo"\nsize = 0.2\n', "E013", "known date"),
    (
        '[price.launches.generations.x]\nafter = { input = "when" }\nsize = 0.2\n'
        '[price.launches.generations.y]\nafter = { input = "when" }\nsize = 0.1\n'
        '[inputs]\nwhen = { uniform = { low = "1 mo", high = "9 mo" } }\n',
        "E013",
        "leave its curve",
    ),
    (
        '[price.generations]\nhazard = "1 /yr"\nsize = { input = "x" }\n'
        "[inputs]\nx = { uniform = { low = 0.1, high = 0.3 } }\n",
        "E010",
        "drawn anew each month",
    ),
    ('[price.generations]\nhazard = "1 /yr"\nsize = "100 %"\n', "E011", "valid range"),
    (JUMPS + TIED.format("merton_jumps.size") + "correlation = [[1], [0.2, 1]]\n", "E013", "mean of the price"),
    (
        SCARCE + TIED.format("scarcity.regime") + 'correlation = [[1], [0, 1]]\ncopula = "t"\ndegrees_of_freedom = 4\n',
        "E013",
        "mean of the price",
    ),
]


@pytest.mark.parametrize(("text", "code", "words"), MISTAKES, ids=range(len(MISTAKES)))
def test_mistakes_are_named(scenario: Write, text: str, code: str, words: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        scenario(HEAD + ONE + text)
    assert [d.code for d in raised.value.diagnostics] == [code]
    assert words in raised.value.diagnostics[0].message


@pytest.mark.parametrize("key", ["now", "drift", "launches.generations.x.size"])
def test_what_a_launch_draws_may_not_depend_on_a_curve_of_two_factors(scenario: Write, key: str) -> None:
    text = (
        '[price]\ntype = "two_factor"\nvolatility = "20 %/yr"\nreversion = "1 /yr"\nlong_volatility = "10 %/yr"\n'
        "now = { uniform = { low = 0.5, high = 1.5 } }\n"
        'drift = { uniform = { low = "-0.2 log/yr", high = "0.1 log/yr" } }\n'
        '[price.launches.generations.x]\nafter = { uniform = { low = "1 mo", high = "9 mo" } }\n'
        "size = { uniform = { low = 0.1, high = 0.3 } }\n"
    )
    tied = f'[dependence.inputs]\nnames = ["price.{key}", "price.launches.generations.x.after"]\ncorrelation = [[1], [0.8, 1]]\n'
    with pytest.raises(ScenarioError) as raised:
        scenario(HEAD + text + tied)
    assert [d.code for d in raised.value.diagnostics] == ["E013"]
    assert "leave its curve" in raised.value.diagnostics[0].message
    free = tied.replace(f"price.{key}", "price.volatility")
    scenario(
        HEAD
        + text.replace(
            'volatility = "20 %/yr"\nrev', 'volatility = { uniform = { low = "10 %/yr", high = "30 %/yr" } }\nrev'
        )
        + free
    )


def test_a_depth_names_a_state_of_the_chain(scenario: Write) -> None:
    revenue = '[revenue]\ntype = "geometric_brownian"\nrun_rate = "1B/yr"\n'
    need = '[compute]\nneed = { start = 0.4, floor = 0.4, decay = "0 /mo" }\n'
    with pytest.raises(ScenarioError) as raised:
        scenario(HEAD + revenue + need + ONE + SCARCE + 'depth = { glut = "1B/mo" }\n')
    assert [d.code for d in raised.value.diagnostics] == ["E015"]
    assert "`glut` is no regime" in raised.value.diagnostics[0].message
