"""Cases with exact answers that nobody here made up: a scenario file and its expected values in tests/evidence/.

Stochastic figures are compared within 4 standard errors (sd1 / sqrt(N), from the case) at a fixed seed; a right program
fails one such comparison with probability 6e-5, the about 100 of this file together with less than 1 %.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simulator
from simulator.engine.block import BLOCK, deterministic_path
from simulator.engine.simulation import CHUNK, Simulation
from simulator.runner import with_run
from simulator.scenario.model import Scenario

EVIDENCE = Path(__file__).parent / "evidence"
PATHS = 65_536
MILLION = 1e6


def case(name: str, *settings: str) -> tuple[Scenario, dict[str, dict[str, Any]]]:
    expected = json.loads((EVIDENCE / f"{name}.json").read_text())["expected"]
    return simulator.load(EVIDENCE / f"{name}.toml", settings), expected


def simulate(scenario: Scenario, *slots: str, paths: int = PATHS) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns by path and the given slots by month, shape (months + 1, paths)."""
    simulation = Simulation(scenario)
    chunks = [simulation.run_chunk(first, min(CHUNK, paths - first), slots) for first in range(0, paths, CHUNK)]
    columns = {name: np.concatenate([c.columns[name] for c in chunks]) for name in chunks[0].columns}
    return columns, {slot: np.concatenate([c.kept[slot] for c in chunks], axis=1) for slot in slots}


def assert_close(got: float, expected: dict[str, Any], paths: int = PATHS, what: str = "") -> None:
    se = expected["sd1"] / math.sqrt(paths)
    z = (got - expected["value"]) / se
    assert abs(z) < 4, f"{what}: got {got}, expected {expected['value']}, {z:.1f} standard errors"


def position(path: dict[str, Any], line: str | None = None) -> Any:
    """Cash less what is drawn less arrears of all claims, by month."""
    drawn = path[f"{line}.drawn"] if line else 0.0
    arrears = sum(v for k, v in path.items() if k.endswith(".arrears") and not k.startswith("ledger"))
    return path["cash"] - drawn - arrears


def test_constant_burn_ends_in_the_exact_month() -> None:
    scenario, expected = case("det_constant_burn")
    path = deterministic_path(scenario)
    at = position(path) / MILLION
    assert path["ending.month"][-1] == expected["A_default_month"]["value"]
    assert at[29] == pytest.approx(expected["A_cash_month_29"]["value"], rel=1e-12)
    assert at[30] == pytest.approx(expected["A_cash_at_default"]["value"], rel=1e-12)


def test_landing_exactly_on_nought_is_no_default() -> None:
    scenario, expected = case("det_constant_burn", "opening.cash=51M")
    path = deterministic_path(scenario)
    assert path["ending.month"][-1] == expected["B_default_month"]["value"]
    assert abs(position(path)[30]) / MILLION < 1e-9
    result = simulator.run(scenario, paths=BLOCK + 7)
    assert set(result.column("end_month")) == {expected["B_default_month"]["value"]}


@pytest.mark.parametrize("convention", ["effective", "nominal"])
def test_interest_is_earned_on_the_opening_balance(convention: str) -> None:
    unit = {"effective": "4.5 %/yr", "nominal": "4.5 %/yr nominal"}[convention]
    scenario, expected = case("det_interest_on_cash", f"treasury.interest={unit}")
    path = deterministic_path(scenario)
    at = position(path) / MILLION
    month = int(expected[f"end_{convention}_default_month"]["value"])
    assert path["ending.month"][-1] == month
    for m in (12, 24):
        assert at[m] == pytest.approx(expected[f"end_{convention}_cash_{m}"]["value"], rel=1e-12)
    assert at[month - 1] == pytest.approx(expected[f"end_{convention}_cash_before_default"]["value"], rel=1e-11)
    assert at[month] == pytest.approx(expected[f"end_{convention}_cash_at_default"]["value"], rel=1e-11)


def test_a_payment_at_the_start_of_a_month_is_the_end_of_the_month_before() -> None:
    """C(t) = (C(t-1) - b)(1 + i): with D = C - b, D(0) = 96 and D(t) = D(t-1)(1 + i) - b."""
    scenario, expected = case("det_interest_on_cash", "opening.cash=96M")
    at = position(deterministic_path(scenario)) / MILLION + 4.0
    for m in (12, 24):
        assert at[m] == pytest.approx(expected[f"start_effective_cash_{m}"]["value"], rel=1e-12)
    month = int(np.argmax(at < 0))
    assert month == expected["start_effective_default_month"]["value"]
    assert at[month - 1] == pytest.approx(expected["start_effective_cash_before_default"]["value"], rel=1e-11)


def test_the_effective_monthly_rate_compounds_to_the_yearly_one() -> None:
    scenario, expected = case("det_interest_on_cash")
    assert scenario.treasury.interest == pytest.approx(expected["monthly_effective_rate"]["value"], rel=1e-14)


def test_a_line_is_drawn_repaid_and_missed_in_the_stated_order() -> None:
    scenario, expected = case("det_credit_line_cure")
    path = deterministic_path(scenario)
    at, arrears = position(path, "financing.line") / MILLION, path["ledger.arrears"] / MILLION
    for m in range(1, 13):
        assert at[m] == pytest.approx(expected[f"position_{m:02d}"]["value"], abs=1e-10)
        assert arrears[m] == pytest.approx(expected[f"arrears_{m:02d}"]["value"], abs=1e-10)
    assert path["ending.month"][-1] == expected["default_month"]["value"]


def test_given_shocks_lead_through_the_whole_month_loop() -> None:
    scenario, expected = case("golden_paths")
    z = np.array(json.loads((EVIDENCE / "golden_paths.json").read_text())["inputs"]["Z"])  # (paths, months, 2)
    given = {name: np.zeros((12, BLOCK)) for name in ("revenue.level", "price.deviation")}
    given["revenue.level"][:, :3], given["price.deviation"][:, :3] = z[:, :, 0].T, z[:, :, 1].T
    simulation = Simulation(scenario, given=given)
    slots = [slot for slot in simulation.program.rows if not slot.startswith("#")]
    chunk = simulation.run_chunk(0, BLOCK, slots)
    for lane in range(3):
        path = {slot: values[:, lane] for slot, values in chunk.kept.items()}
        at = position(path, "financing.line") / MILLION
        for m in range(1, 13):
            assert at[m] == pytest.approx(expected[f"path{lane}_position_{m:02d}"]["value"], rel=1e-12)
        for m in (1, 4, 8, 12):
            assert path["revenue.run_rate"][m] / 12 / MILLION == pytest.approx(
                expected[f"path{lane}_R_{m}"]["value"], rel=1e-12
            )
            assert path["price.index"][m] == pytest.approx(expected[f"path{lane}_P_{m}"]["value"], rel=1e-12)
        assert path["ending.month"][-1] == expected[f"path{lane}_default_month"]["value"]


def test_the_first_passage_of_a_burning_firm_has_its_known_law() -> None:
    scenario, expected = case("abm_fp_burn")
    columns, _ = simulate(scenario)
    ends = columns["end_month"]
    for m in (12, 24, 36, 60):
        assert_close(float(((ends > 0) & (ends <= m)).mean()), expected[f"P_default_{m}m"], what=f"by {m}")
    defaults = ends[ends > 0]
    assert_close(
        float(defaults.mean()), expected["mean_default_month_given_default_by_60"], defaults.size, "mean month"
    )


def test_without_an_absorbing_default_only_the_last_month_counts() -> None:
    scenario, expected = case("abm_fp_burn", "default.stop_at_default=false")
    columns, _ = simulate(scenario)
    below = (columns["cash"] - columns["arrears"] < 0).mean()
    assert_close(float(below), expected["P_C60_negative_terminal_only"], what="terminal only")


@pytest.mark.parametrize("m", [1, 2, 3])
def test_the_cure_clock_counts_consecutive_month_ends(m: int) -> None:
    scenario, expected = case("cure_lattice", f"default.cure={30 * (m - 1)} days")
    columns, _ = simulate(scenario)
    ends = columns["end_month"]
    for horizon in (12, 24, 36):
        share = float(((ends > 0) & (ends <= horizon)).mean())
        key = f"P_default_{horizon}m_cure{m}"
        assert_close(
            share, {"sd1": math.sqrt(expected[key]["value"] * (1 - expected[key]["value"])), **expected[key]}, what=key
        )


def test_lognormal_revenue_has_its_moments_and_quantiles() -> None:
    scenario, expected = case("lognormal_revenue")
    _, kept = simulate(scenario, "revenue.run_rate")
    revenue = kept["revenue.run_rate"] / 12 / MILLION
    for key, e in expected.items():
        if key == "P_R36_below_R0":
            assert_close(float((revenue[36] < 10.0).mean()), e, what=key)
            continue
        figure, month = re.fullmatch(r"(.*)_(\d+)m", key).groups()  # type: ignore[union-attr]
        sample = revenue[int(month)]
        got = {"mean": np.mean, "variance": np.var}.get(figure, lambda x, q=figure: np.quantile(x, float(q[1:])))(
            sample
        )
        assert_close(float(got), e, what=key)


def test_the_price_transition_is_exact() -> None:
    scenario, expected = case("ou_log_price_transition")
    _, kept = simulate(scenario, "price.index")
    price = kept["price.index"]
    log = np.log(price)
    phi = math.exp(-1.2 / 12)
    assert phi == pytest.approx(expected["phi"]["value"], rel=1e-14)
    for month in (1, 6, 12, 36):
        assert_close(float(log[month].mean()), expected[f"mean_X_{month}m"], what=f"mean X {month}")
        assert_close(float(log[month].var()), expected[f"var_X_{month}m"], what=f"var X {month}")
        assert_close(float(price[month].mean()), expected[f"mean_P_{month}m"], what=f"mean P {month}")
        assert_close(float(np.median(price[month])), expected[f"median_P_{month}m"], what=f"median P {month}")
    step = (log[1:] - math.log(2)) - phi * (log[:-1] - math.log(2))
    n = step.size
    assert abs(step.std() / expected["step_sd"]["value"] - 1) < 4 / math.sqrt(2 * n)
    corr = np.corrcoef(log[12], log[18])[0, 1]
    assert_close(float(corr), expected["corr_X12_X18"], what="autocorrelation")


def test_correlated_revenue_and_price_have_their_joint_moments() -> None:
    scenario, expected = case("correlated_product")
    _, kept = simulate(scenario, "revenue.run_rate", "price.index")
    revenue, price = kept["revenue.run_rate"] / 12 / MILLION, kept["price.index"]
    for m in (1, 12, 36):
        assert_close(float((revenue[m] * price[m]).mean()), expected[f"E_RP_{m}m"], what=f"E[RP] {m}")
        assert_close(float((revenue[m] / price[m]).mean()), expected[f"E_R_over_P_{m}m"], what=f"E[R/P] {m}")
        assert_close(float(np.cov(revenue[m], price[m])[0, 1]), expected[f"cov_R_P_{m}m"], what=f"cov {m}")
        corr = float(np.corrcoef(np.log(revenue[m]), np.log(price[m]))[0, 1])
        assert_close(corr, expected[f"corr_lnR_lnP_{m}m"], what=f"corr {m}")


def test_every_case_says_where_its_answer_comes_from() -> None:
    cases = sorted(EVIDENCE.glob("*.json"))
    assert len(cases) >= 9
    for file in cases:
        assert json.loads(file.read_text())["source"]
        assert with_run(simulator.load(file.with_suffix(".toml")), paths=1, seed=1).run.paths == 1
