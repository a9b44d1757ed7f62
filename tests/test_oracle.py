"""The compiled engine against the slow, obvious one-path oracle, fed with the engine's own shocks: every account agrees."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from companies import companies
from company import COMPANY
from hypothesis import given, settings
from oracle import live

import simulator
from simulator.engine.block import BLOCK, uniforms_of
from simulator.engine.random import seed_words, stream_number
from simulator.engine.simulation import Simulation
from simulator.mathematics.philox import uniform_at
from simulator.quantities.number import Uncertain
from simulator.scenario.model import Scenario

LANES = 24  # paths of each scenario that are lived again


class EngineDraws:
    """The shocks of one path, read from the rows the engine drew them into."""

    def __init__(self, seed: int, kept: dict[str, Any], once: dict[str, Any], lane: int) -> None:
        self.seed, self.kept, self.cache, self.lane = seed, kept, once, lane

    def score(self, name: str, month: int) -> float:
        return float(self.kept[name][month, self.lane])

    def once(self, name: str) -> float:
        if name not in self.cache:
            self.cache[name] = uniforms_of(self.seed, name, np.arange(BLOCK))
        return float(self.cache[name][self.lane])

    def extra(self, name: str, month: int, running: int) -> float:
        return uniform_at(*seed_words(self.seed), float(stream_number(name)), self.lane, month, running)

    def number(self, key: str, value: Uncertain) -> float:
        u = self.once(f"inputs.{value.shared}" if value.shared else key)
        return float(value.draw(np.array([u]))[0])


def compare(scenario: Scenario, lanes: int = LANES) -> int:
    """Live the first paths again and compare every account; returns how many of them ended before the horizon."""
    simulation = Simulation(scenario)
    slots = tuple(s for s in simulation.program.rows if not s.startswith("#"))
    chunk = simulation.run_chunk(0, BLOCK, slots)
    once: dict[str, Any] = {}
    endings = 0
    for lane in range(lanes):
        lived = live(scenario, EngineDraws(simulation.seed, chunk.kept, once, lane))
        balances = ("cash", "shadow.cash", "ledger.arrears", "line.drawn")
        largest = max(1.0, *(float(np.abs(chunk.kept[s][:, lane]).max()) for s in balances))
        for slot, values in lived.months.items():
            if slot not in chunk.kept:  # the engine has no row for what a scenario does not use
                assert not any(values), slot
                continue
            got = chunk.kept[slot][1:, lane]
            np.testing.assert_allclose(got, values[1:], rtol=1e-9, atol=1e-9 * largest, err_msg=f"{slot}, path {lane}")
        row = {name: float(values[lane]) for name, values in chunk.columns.items()}
        assert row["end_month"] == lived.end_month, lane
        assert simulation.program.causes[int(row["cause"])].sentence == lived.cause
        assert row["shadow_breach_month"] == lived.shadow_breach_month
        assert row["first_breach_month"] == lived.first_breach_month
        for column, value in (
            ("peak_need", lived.peak_need),
            ("lowest_liquidity", lived.lowest_liquidity),
            ("shadow_flow_12m", lived.shadow_flow_12m),
        ):
            assert math.isclose(row[column], value, rel_tol=1e-9, abs_tol=1e-9 * largest), (column, lane)
        for name, value in lived.exposure_at_default.items():
            column = f"{name}.exposure_at_default"
            assert math.isclose(row[column], value, rel_tol=1e-9, abs_tol=1e-9 * largest), (column, lane)
        for name, (side, month) in lived.notices.items():
            if f"{name}.notice_side" in row:
                assert (row[f"{name}.notice_side"], row.get(f"{name}.notice_month", 0)) == (side, month), (name, lane)
        endings += lived.end_month > 0
    return endings


def written(text: str, folder: Path) -> Scenario:
    file = folder / "case.toml"
    file.write_text("format = 1\n" + text + '\n[calendar]\nstart = "2026-11"\n')
    return simulator.load(file)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_oracle_agrees_on_a_company_that_has_a_bit_of_everything(seed: int, tmp_path: Path) -> None:
    endings = compare(written(COMPANY + f"\n[run]\nseed = {seed}\n", tmp_path), lanes=96)
    assert endings > 1


def test_the_oracle_agrees_on_the_shipped_scenario() -> None:
    compare(simulator.load(Path(__file__).parent.parent / "scenarios" / "anthropic-xai.toml"), lanes=48)


@settings(max_examples=int(os.environ.get("SIMULATOR_ORACLE_EXAMPLES", "12")))
@given(text=companies())
def test_the_oracle_agrees_on_whole_scenarios_of_any_shape(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    compare(written(text, tmp_path_factory.mktemp("oracle")), lanes=4)
