"""Cases with exact answers that nobody here made up, as far as they need more than `simulator verify` can express.

Stochastic figures are compared within 4 standard errors (sd1 / sqrt(N), from the case) at a fixed seed; a right program
fails one such comparison with probability 6e-5.
"""

from __future__ import annotations

import json
import math
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


def test_the_month_of_default_of_a_burning_firm_has_its_known_mean() -> None:
    scenario, expected = case("abm_fp_burn")
    columns, _ = simulate(scenario)
    defaults = columns["end_month"][columns["end_month"] > 0]
    assert_close(
        float(defaults.mean()), expected["mean_default_month_given_default_by_60"], defaults.size, "mean month"
    )


def test_the_price_transition_is_exact() -> None:
    scenario, expected = case("ou_log_price_transition")
    _, kept = simulate(scenario, "price.index")
    log = np.log(kept["price.index"])
    phi = math.exp(-1.2 / 12)
    assert phi == pytest.approx(expected["phi"]["value"], rel=1e-14)
    step = (log[1:] - math.log(2)) - phi * (log[:-1] - math.log(2))
    assert abs(step.std() / expected["step_sd"]["value"] - 1) < 4 / math.sqrt(2 * step.size)


def test_every_case_says_where_its_answer_comes_from() -> None:
    cases = sorted(EVIDENCE.glob("*.json"))
    assert len(cases) >= 9
    for file in cases:
        assert json.loads(file.read_text())["source"]
        assert with_run(simulator.load(file.with_suffix(".toml")), paths=1, seed=1).run.paths == 1
