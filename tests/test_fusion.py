"""Fused loops against loops of single laws: the same bits, whatever the scenario."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from companies import companies
from company import COMPANY
from hypothesis import given, settings
from hypothesis import strategies as st

import simulator
from simulator.engine import jit
from simulator.engine.block import BLOCK
from simulator.engine.build import Step
from simulator.engine.fusion import Fused
from simulator.engine.intrinsics import next_lane_at
from simulator.engine.machine import fused, reported_rows, separate
from simulator.engine.program import Program, build
from simulator.engine.simulation import Simulation
from simulator.scenario.model import Scenario

SHIPPED = Path(__file__).parent.parent / "scenarios"


def written(text: str, folder: Path) -> Scenario:
    file = folder / "case.toml"
    calendar = "" if "[calendar]" in text else '\n[calendar]\nstart = "2026-11"\n'
    file.write_text("format = 1\n" + text + calendar)
    return simulator.load(file)


def one_lane(step: Step | Fused) -> Any:
    """The loop as plain Python over one path; rows are 8 bytes apart."""
    if not isinstance(step, Fused):
        return jit.interpreted(step.law, step.arguments, step.outputs, step.using, step.rarely)
    here: dict[str, Any] = {}

    def address(slots: Any) -> int:
        here["slots"] = slots
        return 0

    def load(pointer: int, lane: int, _own: int, _count: int) -> float:
        return float(here["slots"][pointer // 8, lane])

    def store(pointer: int, lane: int, value: float, _own: int, _count: int) -> None:
        here["slots"][pointer // 8, lane] = value

    def next_lane(pointer: int, lane: int) -> int:
        return 0 if lane == 0 and load(pointer, 0, 0, 0) != 0.0 else 1

    space: dict[str, Any] = {"address": address, "load": load, "store": store, "next_lane": next_lane}
    space |= {"LANES": 1, "ROW_BYTES": 8}
    for k, (law, using) in enumerate(step.laws):
        space[f"law{k}"] = jit._copy(law, dict(using)) if using else law
    exec(step.source, space)
    return space["loop"]


def lived(program: Program, steps: Any, opening: Any, uniforms: dict[str, Any]) -> Any:
    """Every row after every month; `uniforms` are the shocks, by slot and month."""
    slots = opening.copy()
    calls = [
        (one_lane(s), np.array(s.words), np.array(s.params), s.months) for s in steps if not getattr(s, "kernel", False)
    ]
    history = []
    for month in range(1, program.scenario.calendar.months + 1):
        for slot, values in uniforms.items():
            slots[program.rows[slot], 0] = values[month]
        for function, index, params, (first, last) in calls:
            if first <= month <= last:
                function(slots, None, index, params, month, np.zeros(1, dtype=np.int64))
        history.append(slots[:, 0].copy())
    return np.array(history)


@settings(max_examples=40)
@given(text=companies())
def test_a_fused_month_leaves_the_same_numbers_in_every_reported_row(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    scenario = written(text, tmp_path_factory.mktemp("fusion"))
    rng = np.random.default_rng(7)
    program = build(scenario, 1, lambda _: rng.random(1))
    targets = [step.words[0] for step in program.steps if step.kernel]
    names = {row: name for name, row in program.rows.items()}
    normal = {step.words[0] for step in program.steps if step.kernel and step.law.__name__ == "draw_normal"}
    months = scenario.calendar.months
    draws = {names[r]: rng.normal(size=months + 1) if r in normal else rng.random(months + 1) for r in targets}
    opening = np.array([[float(np.asarray(v).flat[0])] for v in program.values])
    with np.errstate(all="ignore"):
        plain = lived(program, program.steps, opening, draws)
        gathered = lived(program, fused(program).steps, opening, draws)
    rows = sorted(reported_rows(program))
    np.testing.assert_array_equal(gathered[:, rows], plain[:, rows])


@settings(max_examples=200)
@given(
    marked=st.sets(st.integers(0, jit.LANES - 1), max_size=12),
    value=st.sampled_from([1.0, -1.0, 5e-324, np.inf, np.nan]),
)
def test_machine_code_finds_every_lane_that_is_not_nought_and_no_other(marked: set[int], value: float) -> None:
    row = np.full(jit.LANES, -0.0)
    row[list(marked)] = value
    found, lane = [], lane_finder()(row, 0)
    while lane < jit.LANES:
        found.append(lane)
        lane = lane_finder()(row, lane + 1)
    assert found == sorted(marked) == [i for i in range(jit.LANES) if jit.next_lane(row, i, jit.LANES) == i]


@cache
def lane_finder() -> Any:
    next_lane = next_lane_at(jit.LANES)
    return numba.njit(lambda row, lane: next_lane(row.ctypes.data, lane))


def assert_same_bits(scenario: Scenario) -> None:
    one, other = Simulation(scenario), Simulation(scenario, paths=10**9)
    assert {branch.plan.fused for branch in other.branches} == {True}
    assert not any(branch.plan.fused for branch in one.branches)
    a, b = one.run_chunk(0, 2 * BLOCK - 7), other.run_chunk(0, 2 * BLOCK - 7)
    for name, values in a.columns.items():
        np.testing.assert_array_equal(b.columns[name], values, err_msg=name)
    for slot, values in a.kept.items():
        np.testing.assert_array_equal(b.kept[slot], values, err_msg=slot)
    for left, right in zip(a.blocks, b.blocks, strict=True):
        np.testing.assert_array_equal(left.mean, right.mean)
        np.testing.assert_array_equal(left.squares, right.squares)


def test_fused_machine_code_gives_the_same_bits_for_the_shipped_scenario() -> None:
    assert_same_bits(simulator.load(SHIPPED / "anthropic-xai.toml"))


def test_fused_machine_code_gives_the_same_bits_for_a_company_that_has_a_bit_of_everything(tmp_path: Path) -> None:
    assert_same_bits(written(COMPANY, tmp_path))


def test_fused_loops_refuse_to_keep_a_row_that_nobody_reports() -> None:
    simulation = Simulation(simulator.load(SHIPPED / "anthropic-xai.toml"), paths=10**9)
    with pytest.raises(ValueError, match="only rows that are reported"):
        simulation.run_chunk(0, BLOCK, ("ledger.owed_1",))


def test_the_choice_weighs_compiling_against_running() -> None:
    program = Simulation(simulator.load(SHIPPED / "anthropic-xai.toml")).program
    single, made = separate(program), fused(program)
    everything = frozenset(code.stem for plan in (single, made) for code in plan.codes)
    only_single = frozenset(code.stem for code in single.codes)
    assert made.seconds(6e6, everything) < single.seconds(6e6, everything)
    assert made.seconds(6e4, only_single) > single.seconds(6e4, only_single)
    assert made.seconds(6e9, only_single) < single.seconds(6e9, only_single)
