"""A table of yearly cash flows and first breach months without randomness, calculated outside the simulator.

Twelve scenario files in tests/evidence/deterministic_table/: six sets, and each with the fees to one supplier stopped
from month 7. Cash flows are those of the shadow account, which goes on after a breach; there is no funding or interest.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simulator
from simulator.engine.block import deterministic_path

TABLE = Path(__file__).parent / "evidence" / "deterministic_table"
EXPECTED: dict[str, dict[str, Any]] = json.loads((TABLE / "expected.json").read_text())["expected"]
BILLION = 1e9
ROWS = [(name, "breach_month") for name in EXPECTED] + [
    (f"{name}-stopped", "breach_month_stopped") for name in EXPECTED
]


def breach_expected(name: str, key: str) -> int:
    """The month, 0 for never as in the engine."""
    return EXPECTED[name.removesuffix("-stopped")][key] or 0


@pytest.mark.parametrize("name", EXPECTED)
def test_cash_flows_of_the_first_three_years_are_those_of_the_table(name: str) -> None:
    path = deterministic_path(simulator.load(TABLE / f"{name}.toml"))
    at_year_ends = path["shadow.cash"][[0, 12, 24, 36]] / BILLION
    assert np.diff(at_year_ends) == pytest.approx(EXPECTED[name]["yearly_cash_flow"], rel=1e-4)


@pytest.mark.parametrize(("name", "key"), ROWS)
def test_the_floor_is_first_breached_in_the_month_of_the_table(name: str, key: str) -> None:
    path = deterministic_path(simulator.load(TABLE / f"{name}.toml"))
    assert path["covenant.first_breach"][-1] == breach_expected(name, key)
    assert path["shadow.first_breach"][-1] == breach_expected(name, key)  # nothing is funded, so both must agree


@pytest.mark.parametrize("name", EXPECTED)
def test_stopping_the_fees_leaves_the_first_six_months_alone(name: str) -> None:
    paid = deterministic_path(simulator.load(TABLE / f"{name}.toml"))
    stopped = deterministic_path(simulator.load(TABLE / f"{name}-stopped.toml"))
    assert stopped["shadow.cash"][:7] == pytest.approx(paid["shadow.cash"][:7], rel=1e-15)
    assert stopped["contracts.xai.due"][6] == paid["contracts.xai.due"][6] > 0
    assert not stopped["contracts.xai.due"][7:].any()


@pytest.mark.parametrize(("name", "key"), [("bear", "breach_month"), ("stress-stopped", "breach_month_stopped")])
def test_the_compiled_engine_breaches_in_the_month_of_the_table_on_every_path(name: str, key: str) -> None:
    result = simulator.run(simulator.load(TABLE / f"{name}.toml"), paths=64)
    assert set(result.column("first_breach_month")) == {breach_expected(name, key)}
