"""`simulator bench` and its clockwork: what is measured, not how long it takes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from simulator import bench, timing
from simulator.cli import main
from simulator.engine.simulation import CHUNK, Simulation
from simulator.runner import load


def test_a_minimum_is_taken_over_runs_in_turn() -> None:
    order: list[str] = []
    durations = {"a": iter([5.0, 3.0, 4.0]), "b": iter([1.0, 9.0, 2.0])}
    now = 0.0

    def work(name: str) -> None:
        nonlocal now
        order.append(name)
        now += next(durations[name])

    found = timing.interleaved({n: lambda n=n: work(n) for n in durations}, 3, lambda: now)
    assert order == ["a", "b"] * 3
    assert found == {"a": timing.Timing(3.0, 4.0), "b": timing.Timing(1.0, 2.0)}


@pytest.mark.parametrize(
    ("before", "words"),
    [(None, "unknown"), (0.1, "load average 0.10 before and 2.00 after, of 2 threads"), (1.7, "others were computing")],
)
def test_what_disturbs_a_measurement_is_said(before: float | None, words: str) -> None:
    assert words in timing.disturbance(2, before, None if before is None else 2.0)
    assert ("others" in timing.disturbance(2, before, 2.0)) == (before is not None and before > 1)


def test_the_yardstick_is_the_same_company_in_three_programs() -> None:
    """Default by each year and mean cash of the living: within 4 standard errors of the engine's (16 checks: 1e-3)."""
    scenario = load(bench.YARDSTICK)
    paths, months = 6 * CHUNK, scenario.calendar.months
    simulation = Simulation(scenario)
    chunks = [simulation.run_chunk(k * CHUNK, CHUNK, ("cash",)) for k in range(6)]
    ends = np.concatenate([chunk.columns["end_month"] for chunk in chunks])
    cash = np.concatenate([chunk.kept["cash"] for chunk in chunks], axis=1)
    numbers = bench.yardstick_numbers(scenario)
    for peer in (bench.with_numba, bench.with_numpy):
        theirs, sums = peer(numbers, months, paths, 3)
        for month in (12, 24, 36, 48, 60):
            p = np.mean((ends > 0) & (ends <= month))
            q = np.mean((theirs > 0) & (theirs <= month))
            assert abs(p - q) <= 4 * np.sqrt(2 * p * (1 - p) / paths)
        for month in (1, 24, 60):
            alive = np.where((ends == 0) | (ends > month), cash[month], 0.0)
            assert abs(alive.mean() - sums[month] / paths) < 4 * np.sqrt(2 / paths) * alive.std()


def test_bench_prints_one_document_or_a_few_lines(tmp_path: Path) -> None:
    file = tmp_path / "small.toml"
    file.write_text('format = 1\n[calendar]\nstart = "2026-11"\nmonths = 12\n[opening]\ncash = "1B"\n')
    arguments = ["bench", str(file), "--repeats", "2", "--chunks", "1", "--threads", "2"]
    result = CliRunner().invoke(main, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert set(document) == {"schema", "scenario", "yardstick", "machine"}
    for part in (document["scenario"], document["yardstick"]):
        assert part["same_bits"] is True
        assert set(part["threads"]) == {"1", "2"}
        assert 0 < part["ns"]["best"] <= part["ns"]["median"]
        assert part["speed_up"] == pytest.approx(part["threads"]["1"]["best"] / part["threads"]["2"]["best"])
    peers = document["yardstick"]["peers"]
    assert set(peers) == {"engine", "plain numba", "numpy"}
    assert peers["engine"]["ratio"] == 1.0
    assert "load_before" in document["machine"]
    text = CliRunner().invoke(main, ["bench", "--repeats", "1", "--chunks", "1", "--threads", "1"])
    assert text.exit_code == 0, text.output
    assert "yardstick: " in text.stdout
    assert "speed-up 1.00, the same bits" in text.stdout
    assert CliRunner().invoke(main, ["bench", str(tmp_path / "nothing.toml")]).exit_code == 2


def test_the_fingerprint_of_results_sees_one_different_number() -> None:
    simulation = Simulation(load(bench.YARDSTICK))
    some, others = bench.run_chunks(simulation, 2, 1), bench.run_chunks(simulation, 2, 2)
    assert [chunk.first for chunk in some] == [0, CHUNK]
    assert bench._same(some, others)
    others[1].columns["cash"][17] += 1.0
    assert not bench._same(some, others)
