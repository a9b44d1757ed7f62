"""Intervals from replicates: what sampling other than plain reports, whatever the threads, and stopped and resumed."""

from __future__ import annotations

from pathlib import Path

import pytest
from companies_sampled import SMALL, scenario

import simulator
from simulator.engine import jit
from simulator.engine.simulation import CHUNK
from simulator.report.summary import lines
from simulator.scenario.diagnostics import ScenarioError


@pytest.mark.parametrize("sampling", ["sobol", "antithetic"])
def test_every_sampling_estimates_the_same_with_narrower_or_equal_intervals(sampling: str) -> None:
    """Each default probability and mean within 4.5 joint standard errors of plain sampling's (a false alarm of 7e-6 each)."""
    plain = simulator.run(scenario(SMALL, paths=2 * CHUNK)).document
    other = simulator.run(scenario(SMALL, paths=2 * CHUNK, sampling=sampling)).document
    assert other["scenario_hash"] != plain["scenario_hash"]
    pairs = [(plain["pd"][m - 1], other["pd"][m - 1]) for m in (6, 12, 24)]
    pairs += [(plain["cash_flow_at_risk"], other["cash_flow_at_risk"])]
    for a, b in pairs:
        error = ((a["high"] - a["low"]) ** 2 + (b["high"] - b["low"]) ** 2) ** 0.5 / (2 * 1.96)
        assert abs(a["value"] - b["value"]) < 4.5 * error
        assert b["low"] <= b["value"] <= b["high"]
    ratios = other["sampling"]["variance_ratio"]
    assert other["sampling"]["replicates"] == 16
    assert other["seconds"]["processor"] > 0.0
    assert other["seconds"]["processor_plain"] > 0.0  # plain loops had been compiled
    assert "plain ones in processor time: net is what the same time is worth" in "\n".join(lines(other))
    for e in ratios.values():
        assert e["low"] < e["value"] < e["high"]
    if sampling == "sobol":
        assert ratios["mean cash(24)"]["low"] > 2.0


def test_plain_paths_are_not_timed_where_their_loops_would_first_be_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "compiled_before", frozenset)
    document = simulator.run(scenario(SMALL, paths=CHUNK, sampling="sobol")).document
    assert "processor" not in document["seconds"]
    assert "what a path costs beside a plain one was not measured" in "\n".join(lines(document))


def test_threads_and_folders_change_no_bit_of_a_replicated_run(tmp_path: Path) -> None:
    made = scenario(SMALL, paths=2 * CHUNK, sampling="sobol")
    alone = simulator.run(made, threads=1).document
    stored = simulator.run(made, threads=3, out=tmp_path).document
    for document in (alone, stored):
        del document["folder"], document["seconds"]
    assert alone == stored


def test_replicates_want_whole_chunks() -> None:
    with pytest.raises(ScenarioError, match="16384 or 32768"):
        scenario(SMALL, paths=20_000, sampling="sobol")
