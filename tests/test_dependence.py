"""Correlated draws against closed forms: shocks of a month under both copulas and by regime, and inputs drawn once a path.

Shares and means are compared within 4 standard errors at a fixed seed; a right program fails one such comparison with
probability 6e-5.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, special, stats

import simulator
from simulator.engine.block import BLOCK
from simulator.engine.simulation import CHUNK, Simulation
from simulator.scenario.drawn import drawn_once
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
REVENUE, PRICE, FLOW, LOSS = "revenue.level", "price.deviation", "flows.other.amount", "revenue.customer_loss.event"
HEAD = """
[calendar]
start = "2026-11"
months = 12
[opening]
cash = "1B"
[revenue]
type = "geometric_brownian"
run_rate = "1B/yr"
volatility = "30 %/yr"
[revenue.customer_loss]
hazard = "50 %/yr"
size = "5 %"
[price]
type = "ornstein_uhlenbeck"
volatility = "50 %/yr"
reversion = "0.8 /yr"
[flows.other]
type = "random"
amount = { normal = { mean = "0M/mo", sd = "1M/mo" } }
"""
MARKET = '[market]\nregimes = ["open", "tight", "shut"]\nsojourn = ["4 mo", "3 mo", "5 mo"]\n'
MARKET += "destinations = { open = { tight = 1 }, tight = { open = 1, shut = 1 }, shut = { open = 1 } }\n"


def table(shocks: tuple[str, ...], rows: str, more: str = "") -> str:
    return f"[dependence]\nshocks = {list(shocks)}\ncorrelation = {rows}\n{more}".replace("'", '"')


def drawn(scenario: Scenario, *slots: str, paths: int = CHUNK) -> dict[str, np.ndarray]:
    """Slots of months 1 … M, shape (months, paths)."""
    simulation = Simulation(scenario)
    chunks = [simulation.run_chunk(first, min(CHUNK, paths - first), slots) for first in range(0, paths, CHUNK)]
    return {slot: np.concatenate([c.kept[slot][1:] for c in chunks], axis=1) for slot in slots}


def assert_share(found: np.ndarray, wanted: float, what: str = "") -> None:
    z = (found.mean() - wanted) / math.sqrt(wanted * (1 - wanted) / found.size)
    assert abs(z) < 4, f"{what}: {found.mean():.6g}, expected {wanted:.6g}, {z:.1f} standard errors"


# --- the t copula -----------------------------------------------------------------------------------------------------


@cache
def joint_tail(q: float, freedom: float, rho: float) -> float:
    """P(both ranks below q): over the ranks of one, the conditional distribution of the other, a t with one degree more."""
    t = float(special.stdtrit(freedom, q))

    def below(share: float) -> float:
        s = float(special.stdtrit(freedom, q * share))
        spread = math.sqrt((freedom + s * s) * (1 - rho * rho) / (freedom + 1))
        return float(special.stdtr(freedom + 1, (t - rho * s) / spread))

    return q * float(integrate.quad(below, 0, 1, epsabs=0, epsrel=1e-8, limit=400)[0])


def tail_dependence(freedom: float, rho: float) -> float:
    """lim P(both < q) / q = 2 t_{ν+1}(-sqrt((ν+1)(1-ρ)/(1+ρ))) (Embrechts, McNeil & Straumann 2002)."""
    return 2 * float(stats.t(freedom + 1).cdf(-math.sqrt((freedom + 1) * (1 - rho) / (1 + rho))))


@pytest.mark.parametrize(("freedom", "rho"), [(3.0, 0.5), (4.0, -0.4), (10.0, 0.8)])
def test_the_quadrature_of_the_joint_tail_tends_to_the_coefficient_of_tail_dependence(
    freedom: float, rho: float
) -> None:
    """By hand: ν = 3, ρ = 0.5: 2 t_4(-sqrt(4/3)) = 0.3125; ρ = 0 at q = 1/2 is 1/4 although the two are not independent."""
    assert joint_tail(1e-8, freedom, rho) / 1e-8 == pytest.approx(tail_dependence(freedom, rho), rel=0.05)
    assert tail_dependence(3.0, 0.5) == pytest.approx(0.3125, abs=5e-5)
    assert joint_tail(0.5, freedom, rho) == pytest.approx(0.25 + math.asin(rho) / (2 * math.pi), rel=1e-7)


@pytest.mark.parametrize(("freedom", "rho"), [(3.0, 0.5), (4.0, -0.4), (10.0, 0.8)])
def test_a_t_table_keeps_every_law_and_has_the_joint_tails_of_its_closed_form(
    scenario: Write, freedom: float, rho: float
) -> None:
    """Each score: mean 0, variance 1, share beyond 3; uniforms by Kolmogorov's distance, which exceeds 1.95/sqrt(N) with
    probability 1e-3; all months together, and months 1
    and 12 by themselves. Shares below a joint quantile within 4 standard errors."""
    rows = f"[[1], [{rho}, 1], [{-rho}, {-abs(rho) / 2}, 1]]"
    more = f'copula = "t"\ndegrees_of_freedom = {freedom}\n'
    kept = drawn(scenario(HEAD + table((REVENUE, PRICE, LOSS), rows, more)), REVENUE, PRICE, LOSS, paths=2 * CHUNK)
    a, b, u = kept[REVENUE], kept[PRICE], kept[LOSS]
    for months in (slice(0, 1), slice(11, 12), slice(0, 12)):
        for z in (a[months], b[months]):
            n = z.size
            assert abs(z.mean()) < 4 / math.sqrt(n)
            assert abs(z.var() - 1) < 4 * math.sqrt(2 / n)
            assert_share(z < -3, float(stats.norm.cdf(-3)))
            assert_share(z > 3, float(stats.norm.cdf(-3)))
        distance = stats.kstest(u[months].ravel(), "uniform").statistic
        assert distance < 1.95 / math.sqrt(u[months].size)
        for q in (0.5, 0.05, 0.01):
            z = float(stats.norm.ppf(q))
            wanted = joint_tail(q, freedom, rho)
            assert_share((a[months] < z) & (b[months] < z), wanted, f"lower {q}")
            assert_share((a[months] > -z) & (b[months] > -z), wanted, f"upper {q}")
            assert_share((a[months] < z) & (u[months] < q), joint_tail(q, freedom, -rho), f"with a uniform {q}")


def test_shocks_of_a_t_table_are_extreme_together_even_without_correlation(scenario: Write) -> None:
    more = 'copula = "t"\ndegrees_of_freedom = 3\n'
    kept = drawn(scenario(HEAD + table((REVENUE, PRICE), "[[1], [0, 1]]", more)), REVENUE, PRICE)
    a, b = kept[REVENUE], kept[PRICE]
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 6 / math.sqrt(a.size)
    z = float(stats.norm.ppf(0.01))
    assert_share((a < z) & (b < z), joint_tail(0.01, 3.0, 0.0))
    assert joint_tail(0.01, 3.0, 0.0) > 10 * 0.01**2


def test_with_many_degrees_of_freedom_the_t_table_is_the_gaussian_one(scenario: Write) -> None:
    """On the same draws the scores differ as the scale does from 1, by ν^-1/2; at ν = 1000 by less than 0.05 (mean square)."""
    plain = drawn(scenario(HEAD + table((REVENUE, PRICE), "[[1], [0.6, 1]]")), PRICE, paths=BLOCK)[PRICE]
    apart = {}
    for freedom in (10, 1000):
        more = f'copula = "t"\ndegrees_of_freedom = {freedom}\n'
        t = drawn(scenario(HEAD + table((REVENUE, PRICE), "[[1], [0.6, 1]]", more)), PRICE, paths=BLOCK)[PRICE]
        apart[freedom] = float(np.sqrt(np.mean((t - plain) ** 2)))
    assert apart[1000] < 0.05
    assert apart[10] / apart[1000] == pytest.approx(10, rel=0.4)


def test_uncertain_degrees_of_freedom_are_drawn_once_a_path_and_recorded(scenario: Write) -> None:
    """Half the paths with ν = 3, half with ν = 30: each half has its own joint tail."""
    law = "{ alternatives = [{ value = 3, weight = 1 }, { value = 30, weight = 1 }] }"
    more = f'copula = "t"\ndegrees_of_freedom = {law}\n'
    chunk = Simulation(scenario(HEAD + table((REVENUE, PRICE), "[[1], [0.5, 1]]", more))).run_chunk(
        0, CHUNK, (REVENUE, PRICE)
    )
    freedom = chunk.inputs["dependence.degrees_of_freedom"]
    z = float(stats.norm.ppf(0.01))
    for nu in (3.0, 30.0):
        of = freedom == nu
        assert_share((chunk.kept[REVENUE][1:, of] < z) & (chunk.kept[PRICE][1:, of] < z), joint_tail(0.01, nu, 0.5))


# --- rank correlation -------------------------------------------------------------------------------------------------


def spearman_of_t(freedom: float, rho: float) -> float:
    """(6/π) E asin(ρ s1² / sqrt((s1² + s2²)(s1² + s3²))), s² independent scales ν/W of three copies: Spearman's is the chance
    that (X1 - X2)(Y1 - Y3) > 0, and given the scales all are normal (Heinen & Valdesogo 2020). Gauss-Legendre."""
    nodes, weights = np.polynomial.legendre.leggauss(80)
    s = freedom / stats.chi2(freedom).ppf((nodes + 1) / 2)
    w = weights / 2
    one, two, three = s[:, None, None], s[None, :, None], s[None, None, :]
    angle = np.arcsin(rho * one / np.sqrt((one + two) * (one + three)))
    return float(6 / math.pi * np.einsum("i,j,k,ijk->", w, w, w, angle))


@pytest.mark.parametrize("rho", [-0.7, 0.3, 0.9])
@pytest.mark.parametrize("freedom", [None, 2.0, 6.0])
def test_the_rank_correlation_is_the_exact_one(scenario: Write, rho: float, freedom: float | None) -> None:
    """Within 0.01 at 100,000 paths, in the first and in the last month; its standard error is at most 0.0035."""
    more = "" if freedom is None else f'copula = "t"\ndegrees_of_freedom = {freedom}\n'
    kept = drawn(scenario(HEAD + table((REVENUE, PRICE), f"[[1], [{rho}, 1]]", more)), REVENUE, PRICE, paths=100_000)
    exact = 6 / math.pi * math.asin(rho / 2) if freedom is None else spearman_of_t(freedom, rho)
    for month in (0, 11):
        found = stats.spearmanr(kept[REVENUE][month], kept[PRICE][month]).statistic
        assert abs(found - exact) < 0.01


def test_the_rank_correlation_of_a_t_tends_to_that_of_a_normal() -> None:
    """ρ = 0.5: 6/π asin(1/4) = 0.48258 (by hand); ρ = 1 is 1 for every ν."""
    assert spearman_of_t(500.0, 0.5) == pytest.approx(6 / math.pi * math.asin(0.25), abs=5e-4)
    assert 6 / math.pi * math.asin(0.25) == pytest.approx(0.48258, abs=5e-6)
    assert spearman_of_t(3.0, 0.5) < 0.47


# --- tables by regime -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("calm", "panic"), [(0.2, 0.9), (-0.5, 0.5), (0.7, 0.0)])
@pytest.mark.parametrize("copula", ["", 'copula = "t"\ndegrees_of_freedom = 5\n'])
def test_the_table_of_a_month_is_that_of_its_regime(scenario: Write, calm: float, panic: float, copula: str) -> None:
    """Months in regime s have the share of both scores below 0 of their table, 1/4 + asin(ρ)/2π; those not named, the base's."""
    more = copula + f"[dependence.regimes]\nshut = [[1], [{panic}, 1]]\n"
    text = HEAD + MARKET + table((REVENUE, PRICE), f"[[1], [{calm}, 1]]", more)
    kept = drawn(scenario(text), REVENUE, PRICE, "market.state", paths=2 * CHUNK)
    for months in (slice(0, 6), slice(6, 12)):
        a, b, state = (kept[slot][months] for slot in (REVENUE, PRICE, "market.state"))
        for number, rho in enumerate((calm, calm, panic)):
            there = state == number
            wanted = 0.25 + math.asin(rho) / (2 * math.pi)
            assert there.sum() > 1000
            assert_share((a[there] < 0) & (b[there] < 0), wanted, f"regime {number}")
        for z in (a, b):
            assert abs(z.mean()) < 4 / math.sqrt(z.size)
            assert abs(z.var() - 1) < 4 * math.sqrt(2 / z.size)
            assert_share(z < -2, float(stats.norm.cdf(-2)))


def test_equal_tables_of_all_regimes_change_nothing(scenario: Write) -> None:
    rows = "[[1], [0.4, 1], [-0.2, 0.3, 1]]"
    plain = HEAD + MARKET + table((REVENUE, PRICE, LOSS), rows)
    by_regime = plain + f"[dependence.regimes]\nopen = {rows}\ntight = {rows}\nshut = {rows}\n"
    a, b = (drawn(scenario(text), REVENUE, PRICE, LOSS, "cash", paths=BLOCK) for text in (plain, by_regime))
    for slot in a:
        np.testing.assert_array_equal(a[slot], b[slot], err_msg=slot)


def test_shocks_given_from_outside_replace_those_of_a_table_of_a_regime(scenario: Write) -> None:
    text = HEAD + MARKET + table((REVENUE, PRICE), "[[1], [0.4, 1]]", "[dependence.regimes]\nshut = [[1], [0.9, 1]]\n")
    given = {REVENUE: np.full((12, BLOCK), 0.25), PRICE: np.full((12, BLOCK), -1.0)}
    kept = Simulation(scenario(text), given=given).run_chunk(0, BLOCK, (REVENUE, PRICE)).kept
    assert (kept[REVENUE][1:] == 0.25).all()
    assert (kept[PRICE][1:] == -1.0).all()


# --- what leaves others alone -----------------------------------------------------------------------------------------

TABLES = {
    "gaussian": "",
    "t": 'copula = "t"\ndegrees_of_freedom = 4\n',
    "regimes": "[dependence.regimes]\nshut = {shut}\n",
    "t and regimes": 'copula = "t"\ndegrees_of_freedom = 4\n[dependence.regimes]\nshut = {shut}\n',
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_shock_appended_to_the_table_leaves_the_others_alone(scenario: Write, kind: str) -> None:
    small = TABLES[kind].replace("{shut}", "[[1], [0.8, 1]]")
    large = TABLES[kind].replace("{shut}", "[[1], [0.8, 1], [0.1, 0.5, 1]]")
    two = HEAD + MARKET + table((REVENUE, PRICE), "[[1], [0.4, 1]]", small)
    three = HEAD + MARKET + table((REVENUE, PRICE, FLOW), "[[1], [0.4, 1], [0.3, -0.6, 1]]", large)
    slots = (REVENUE, PRICE, LOSS, "market.state", "revenue.run_rate", "price.index")
    a, b = (drawn(scenario(text), *slots, paths=BLOCK) for text in (two, three))
    for slot in slots:
        np.testing.assert_array_equal(a[slot], b[slot], err_msg=slot)


@pytest.mark.parametrize("kind", TABLES)
def test_a_component_beside_the_table_leaves_its_shocks_alone(scenario: Write, kind: str) -> None:
    text = HEAD + MARKET + table((REVENUE, PRICE), "[[1], [0.4, 1]]", TABLES[kind].replace("{shut}", "[[1], [0.8, 1]]"))
    added = '[flows.more]\ntype = "random"\namount = { normal = { mean = "0M/mo", sd = "2M/mo" } }\n'
    slots = (REVENUE, PRICE, FLOW, LOSS, "market.state")
    a, b = (drawn(scenario(t), *slots, paths=BLOCK) for t in (text, added + text))
    for slot in slots:
        np.testing.assert_array_equal(a[slot], b[slot], err_msg=slot)


# --- inputs drawn once a path -----------------------------------------------------------------------------------------

UNCERTAIN = """
[calendar]
start = "2026-11"
months = 6
[opening]
cash = { lognormal = { mean = "2B", sd = "1B" } }
[inputs]
level = { triangular = { low = 0.5, mode = 1.0, high = 2.0 } }
[revenue]
type = "geometric_brownian"
run_rate = { lognormal = { mean = "1B/yr", sd = "0.4B/yr" } }
growth = "0 log/yr"
volatility = { p10 = "20 %/yr", p50 = "40 %/yr", p90 = "60 %/yr" }
[price]
type = "ornstein_uhlenbeck"
level = { input = "level" }
now = { input = "level" }
volatility = { alternatives = [{ value = "30 %/yr", weight = 1 }, { value = "60 %/yr", weight = 2 }] }
reversion = "0.8 /yr"
"""
NAMES = ("opening.cash", "revenue.run_rate", "level", "price.volatility")


def inputs_table(names: tuple[str, ...], rows: str) -> str:
    return f"[dependence.inputs]\nnames = {list(names)}\ncorrelation = {rows}\n".replace("'", '"')


def inputs_of(scenario: Scenario, paths: int = BLOCK, seed: int | None = None) -> dict[str, np.ndarray]:
    simulation = Simulation(scenario, seed)
    chunks = [simulation.run_chunk(first, min(CHUNK, paths - first), ()) for first in range(0, paths, CHUNK)]
    return {name: np.concatenate([c.inputs[name] for c in chunks]) for name in chunks[0].inputs}


@pytest.mark.parametrize("rho", [-0.6, 0.3, 0.85])
def test_correlated_inputs_keep_their_laws_and_have_their_correlation(scenario: Write, rho: float) -> None:
    """Logs of two lognormal numbers have correlation ρ itself; ranks 6/π asin(ρ/2), whatever the laws. By hand for E[cash x
    run-rate]: m1 m2 exp(ρ s1 s2) with s = sqrt(ln(1 + sd²/m²)) = 0.47238 and 0.38525."""
    rows = f"[[1], [{rho}, 1], [{rho}, {rho * rho}, 1]]"
    n = 100_000
    values = inputs_of(scenario(UNCERTAIN + inputs_table(NAMES[:3], rows)), n)
    cash, rate, level = values["opening.cash"] / 2e9, values["revenue.run_rate"] / 1e9, values["price.level"]
    assert abs(np.corrcoef(np.log(cash), np.log(rate))[0, 1] - rho) < 4 * (1 - rho**2) / math.sqrt(n)
    ranks = 6 / math.pi * math.asin(rho / 2)
    for other in (rate, level):
        assert abs(stats.spearmanr(cash, other).statistic - ranks) < 0.01
    product = cash * rate
    wanted = math.exp(rho * math.sqrt(math.log(1.25) * math.log(1.16)))
    assert abs(product.mean() - wanted) < 4 * product.std() / math.sqrt(n)
    for name, law in (("opening.cash", stats.lognorm(math.sqrt(math.log(1.25)), scale=2e9 / math.sqrt(1.25))),
                      ("price.level", stats.triang(1 / 3, 0.5, 1.5))):  # fmt: skip
        # Kolmogorov's distance exceeds 1.95/sqrt(N) with probability 1e-3
        assert stats.kstest(values[name], law.cdf).statistic < 1.95 / math.sqrt(n)
    np.testing.assert_array_equal(values["price.level"], values["price.now"])


def test_a_fixed_choice_between_values_is_correlated_through_its_score(scenario: Write) -> None:
    """P(volatility 30 %, level below its median) = Φ2(z_1/3, 0; ρ) by quadrature of the bivariate normal."""
    names = ("level", "price.volatility")
    values = inputs_of(scenario(UNCERTAIN + inputs_table(names, "[[1], [0.7, 1]]")), 100_000)
    median = float(stats.triang(1 / 3, 0.5, 1.5).median())
    wanted = float(stats.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]]).cdf([0.0, stats.norm.ppf(1 / 3)]))
    assert_share((values["price.volatility"] == 0.3) & (values["price.level"] < median), wanted)
    assert_share(values["price.volatility"] == 0.3, 1 / 3)


def test_an_input_appended_to_its_table_leaves_the_others_alone(scenario: Write) -> None:
    """And the first of the table, those that stand outside it, and every monthly shock are what they are without it."""
    none = inputs_of(scenario(UNCERTAIN))
    two = inputs_of(scenario(UNCERTAIN + inputs_table(NAMES[:2], "[[1], [0.5, 1]]")))
    three = inputs_of(scenario(UNCERTAIN + inputs_table(NAMES[:3], "[[1], [0.5, 1], [0.2, -0.7, 1]]")))
    more = '[flows.more]\namount = { uniform = { low = "1M/mo", high = "2M/mo" } }\n'
    beside = inputs_of(scenario(UNCERTAIN + more + inputs_table(NAMES[:3], "[[1], [0.5, 1], [0.2, -0.7, 1]]")))
    assert not np.array_equal(none["revenue.run_rate"], two["revenue.run_rate"])
    for name in ("opening.cash", "price.volatility", "revenue.volatility"):
        np.testing.assert_array_equal(none[name], two[name])
    for name in two:
        assert np.array_equal(two[name], three[name]) == (name not in ("price.level", "price.now"))
        np.testing.assert_array_equal(three[name], beside[name])
    shocks = (drawn(scenario(UNCERTAIN + t), REVENUE, paths=BLOCK)[REVENUE]
              for t in ("", inputs_table(NAMES[:2], "[[1], [0.5, 1]]")))  # fmt: skip
    np.testing.assert_array_equal(*shocks)


def test_an_input_without_correlation_to_those_before_it_is_drawn_as_without_a_table(scenario: Write) -> None:
    a, b = (inputs_of(scenario(UNCERTAIN + t)) for t in ("", inputs_table(NAMES[:3], "[[1], [0, 1], [0, 0, 1]]")))
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def test_an_input_fixed_from_outside_leaves_the_others_alone(scenario: Write, tmp_path: Path) -> None:
    """`--set opening.cash=2B` takes the distribution away, not the place in the table."""
    free = inputs_of(scenario(UNCERTAIN + inputs_table(NAMES[:3], "[[1], [0.5, 1], [0.2, -0.7, 1]]")))
    for setting in ("opening.cash=2B", "inputs.level=1.0"):
        fixed = inputs_of(simulator.load(tmp_path / "case.toml", (setting,)))
        assert len(fixed) < len(free)
        for name in fixed:
            np.testing.assert_array_equal(free[name], fixed[name], err_msg=name)
    run = simulator.run(simulator.load(tmp_path / "case.toml", ("opening.cash=2B",)), paths=10, out=tmp_path / "out")
    assert run.folder is not None
    assert simulator.replay(run.folder, 3).row["cash"] == run.column("cash")[3]
    with pytest.raises(simulator.ScenarioError, match="no uncertain number"):
        simulator.load(
            tmp_path / "case.toml", ('dependence.inputs.names=["opening.cash", "price.reversion", "level"]',)
        )


def test_recoveries_are_one_number_that_can_be_correlated(scenario: Write) -> None:
    recovery = (
        "[recovery]\nunsecured = { beta = { mean = 0.4, sd = 0.2 } }\nsecured = { beta = { mean = 0.7, sd = 0.1 } }\n"
    )
    text = UNCERTAIN + recovery + inputs_table(("revenue.run_rate", "recovery.secured"), "[[1], [0.8, 1]]")
    values = inputs_of(scenario(text), 100_000)
    for name in ("recovery.secured", "recovery.unsecured"):
        ranks = stats.spearmanr(values["revenue.run_rate"], values[name]).statistic
        assert abs(ranks - 6 / math.pi * math.asin(0.4)) < 0.01


def test_branches_and_replay_draw_correlated_inputs_alike(tmp_path: Path) -> None:
    """A path of a branch is that path of the file with the overrides, its correlated inputs included; an input that a branch
    does not draw keeps its place in the table."""
    fixed = "[alternatives.market.fixed]\nweight = 1\n[alternatives.market.fixed.price]\nlevel = 1.0\nnow = 1.0\n"
    fixed += "[alternatives.market.open]\nweight = 1\n"
    text = (
        "format = 1\n"
        + UNCERTAIN
        + inputs_table(("level", "opening.cash", "revenue.run_rate"), "[[1], [0.6, 1], [0.7, 0.2, 1]]")
    )
    (tmp_path / "plain.toml").write_text(text)
    (tmp_path / "mixed.toml").write_text(text + fixed)
    plain = simulator.run(simulator.load(tmp_path / "plain.toml"), paths=3000)
    mixed = simulator.run(simulator.load(tmp_path / "mixed.toml"), paths=3000, out=tmp_path / "out")
    for name in ("input.opening.cash", "input.revenue.run_rate"):
        np.testing.assert_array_equal(plain.column(name), mixed.column(name))
    taken = mixed.column("alternative.market") == 1
    np.testing.assert_array_equal(plain.column("cash")[taken], mixed.column("cash")[taken])
    assert mixed.folder is not None
    for path in (5, 6, 2999):
        row = simulator.replay(mixed.folder, path).row
        for name in mixed.columns:
            np.testing.assert_equal(row[name], mixed.column(name)[path], err_msg=name)


def test_the_list_of_what_is_drawn_once_a_path_is_what_is_recorded(scenario: Write) -> None:
    from company import COMPANY

    uncertain = COMPANY.replace("[0.4, 1.0]", "[{ uniform = { low = 0.2, high = 0.5 } }, 1.0]")
    one = scenario(uncertain)
    assert set(drawn_once(one)) == set(inputs_of(one))


def test_an_uncertain_correlation_of_a_whole_table_is_one_number(scenario: Write) -> None:
    law = "{ uniform = { low = 0.2, high = 0.5 } }"
    values = inputs_of(scenario(HEAD + table((REVENUE, PRICE), f"[[1, {law}], [{law}, 1]]")))
    assert list(values) == ["dependence.correlation.1.0"]
