"""Intervals from replicates: what sampling other than plain reports, whatever the threads, and stopped and resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from companies_sampled import SMALL, scenario
from lossless import data_files, run, shuffled, small_parts, stop, written

import simulator
from simulator.cli import main
from simulator.engine import executors, jit
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


def documented(result: simulator.Result) -> dict[str, Any]:
    return {key: value for key, value in result.document.items() if key not in ("folder", "seconds")}


@pytest.mark.parametrize(
    ("sampling", "estimator"),
    [("sobol", "plain"), ("antithetic", "plain"), ("plain", "controlled")],
)
def test_the_same_bytes_and_figures_however_a_run_came_about(
    sampling: str, estimator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads x orders x {straight, resumed, extended}, and kept in memory: a run is the first paths of every longer one."""
    for (module, name), value in small_parts().items():
        monkeypatch.setattr(module, name, value)
    short, long = SMALL.replace("months = 24", "months = 3"), 3 * CHUNK
    made = scenario(short, paths=CHUNK, sampling=sampling, estimator=estimator)
    straight = simulator.run(made, paths=long, out=tmp_path / "reference", threads=1)
    reference, figures = data_files(straight.folder), documented(straight)
    assert sum(name.startswith("paths-") for name in reference) == 3
    assert figures == documented(simulator.run(made, paths=long, threads=2))
    for name, threads, order in (("as they come", 3, None), ("another order", 2, 2)):
        place = tmp_path / name
        if order is not None:
            monkeypatch.setattr(executors, "run", shuffled(order))
            assert run(made, long, place / "straight", threads=threads) == reference
        stop(made, CHUNK + 1, long, place / "resumed", threads=threads)
        resumed = simulator.run(made, paths=long, out=place / "resumed", threads=9 - threads)
        run(made, CHUNK, place / "extended", threads=threads)
        extended = simulator.run(made, paths=long, out=place / "extended", threads=threads)
        for grown in (resumed, extended):
            assert grown.from_path >= CHUNK
            assert data_files(grown.folder) == reference
            assert documented(grown) == figures


def test_a_replicated_run_extends_on_the_command_line_and_refuses_what_it_cannot_be(tmp_path: Path) -> None:
    written(tmp_path)
    out = str(tmp_path / "out")

    def said(paths: int, where: str = out) -> Result:
        command = [
            "run",
            str(tmp_path / "lab.toml"),
            "--set",
            "run.sampling=sobol",
            "--paths",
            str(paths),
            "--out",
            where,
        ]
        return CliRunner().invoke(main, command)

    assert said(CHUNK).exit_code == 0
    refused = said(CHUNK + 1)
    assert refused.exit_code == 2
    assert "write paths = 16384 or 32768" in refused.stderr
    assert said(2 * CHUNK).exit_code == said(2 * CHUNK, str(tmp_path / "once")).exit_code == 0
    grown, once = (next((tmp_path / name).iterdir()) for name in ("out", "once"))
    assert data_files(grown) == data_files(once)
    fewer = said(CHUNK)
    assert fewer.exit_code == 4
    assert "holds a finished run of 32,768 paths" in fewer.stderr


def test_plain_paths_are_not_timed_where_their_loops_would_first_be_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "compiled_before", frozenset)
    document = simulator.run(scenario(SMALL, paths=CHUNK, sampling="sobol")).document
    assert "processor" not in document["seconds"]
    assert "what a path costs beside a plain one was not measured" in "\n".join(lines(document))


def test_replicates_want_whole_chunks() -> None:
    with pytest.raises(ScenarioError, match="16384 or 32768"):
        scenario(SMALL, paths=20_000, sampling="sobol")
