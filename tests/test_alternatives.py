"""Weighted sets of overrides: each path draws one of each group, and is then exactly a path of that scenario."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import simulator
from simulator.engine.simulation import Simulation
from simulator.scenario.drawn import drawn_once

BASE = """format = 1
name = "base"
[calendar]
start = "2026-11"
months = 24
[opening]
cash = "2B"
[default]
cure = "0 days"
[revenue]
type = "geometric_brownian"
run_rate = "6B/yr"
growth = "0 log/yr"
volatility = { p10 = "20 %/yr", p50 = "40 %/yr", p90 = "60 %/yr" }
[contracts.gpu]
fee = "0.5B/mo"
start = "2026-11"
end = "2028-10"
"""
GROUPS = """
[alternatives.deal.signed]
weight = 3
[alternatives.deal.expanded]
weight = 1
[alternatives.deal.expanded.contracts.gpu]
fee = "0.6B/mo"
[alternatives.deal.expanded.contracts.second]
fee = "0.1B/mo"
start = "2027-01"
end = "2027-06"
[alternatives.law.random]
weight = 0.5
[alternatives.law.given.revenue]
type = "mean_reverting_growth"
run_rate = "6B/yr"
growth = "-0.01 log/mo"
long_run_growth = "0 log/mo"
gap_decay = "0.1 /mo"
[alternatives.law.given]
weight = 0.5
"""
EXPANDED = """
[contracts.gpu]
fee = "0.6B/mo"
[contracts.second]
fee = "0.1B/mo"
start = "2027-01"
end = "2027-06"
"""


def written(folder: Path, name: str, text: str) -> simulator.Scenario:
    (folder / f"{name}.toml").write_text(text)
    return simulator.load(folder / f"{name}.toml")


def test_every_path_is_the_same_path_of_the_scenario_it_takes(tmp_path: Path) -> None:
    text = BASE + GROUPS.split("[alternatives.law")[0]
    mixed = simulator.run(written(tmp_path, "mixed", text), paths=5000)
    signed = simulator.run(written(tmp_path, "signed", BASE), paths=5000)
    child = 'extends = "signed.toml"\n' + EXPANDED
    expanded = simulator.run(written(tmp_path, "expanded", child), paths=5000)
    taken = mixed.column("alternative.deal")
    for name in ("end_month", "cash", "gpu.paid", "peak_need", "input.revenue.volatility"):
        alone = np.where(taken == 0, signed.column(name), expanded.column(name))
        np.testing.assert_array_equal(mixed.column(name), alone, err_msg=name)
    second = np.where(taken == 0, 0.0, expanded.column("second.paid"))
    np.testing.assert_array_equal(mixed.column("second.paid"), second)
    defaults = np.where(taken == 0, signed.column("end_month"), expanded.column("end_month"))
    assert mixed.pd(24)[0] == np.mean(defaults > 0)


def test_monthly_means_are_over_the_paths_of_all_branches(tmp_path: Path) -> None:
    result = simulator.run(written(tmp_path, "mixed", BASE + GROUPS), paths=3000)
    at = next(k for k, m in enumerate(result.figures.outline.metrics) if m.name == "cash")
    mean = result.figures.monthly_mean(at, 24).value
    assert math.isclose(mean, float(np.mean(result.column("cash"))), rel_tol=1e-12)
    assert len(result.scenario.branches) == 4


def test_shares_of_paths_follow_the_weights(tmp_path: Path) -> None:
    simulation = Simulation(written(tmp_path, "mixed", BASE + GROUPS))
    chosen = simulation.choices(np.arange(100_000))
    # false alarm: two-sided 4.4 standard errors, 1e-5 each
    for group, share in (("deal", 0.25), ("law", 0.5)):
        assert abs(float(np.mean(chosen[group])) - share) < 4.4 * math.sqrt(share * (1 - share) / 100_000)
    together = np.corrcoef(chosen["deal"], chosen["law"])[0, 1]
    assert abs(together) < 4.4 / math.sqrt(100_000)


def test_threads_and_replay_do_not_change_a_path_of_any_branch(tmp_path: Path) -> None:
    scenario = written(tmp_path, "mixed", BASE + GROUPS)
    first = simulator.run(scenario, paths=40_000, threads=1, out=tmp_path / "one")
    again = simulator.run(scenario, paths=40_000, threads=2)
    for name in first.columns:
        np.testing.assert_array_equal(first.column(name), again.column(name), err_msg=name)
    assert first.folder is not None
    for branch in range(2):
        path = int(np.flatnonzero(first.column("alternative.deal") == branch)[7])
        row = simulator.replay(first.folder, path).row
        assert row["alternative.deal"] == branch
        for name in first.columns:
            np.testing.assert_equal(row[name], first.column(name)[path], err_msg=name)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("[alternatives.a.x]\nweight = 1\n", "E010", "needs two alternatives"),
        ("[alternatives.a.x]\nweight = 1\n[alternatives.a.y]\nwieght = 1\n", "E012", "is `wieght` meant as `weight`"),
        ("[alternatives.a.x]\nweight = 1\n[alternatives.a.y]\nweight = -1\n", "E011", "above 0"),
        (
            "[alternatives.a.x]\nweight = 1\n[alternatives.a.y]\nweight = 1\n[alternatives.a.y.run]\nseed = 2\n",
            "E013",
            "cannot change `run`",
        ),
        (
            '[alternatives.a.x]\nweight = 1\n[alternatives.a.y]\nweight = 1\n[alternatives.a.y.opening]\ncahs = "1B"\n',
            "E014",
            "unknown key `cahs`",
        ),
    ],
)
def test_a_mistake_in_an_alternative_is_named_where_it_stands(tmp_path: Path, text: str, code: str, words: str) -> None:
    with pytest.raises(simulator.ScenarioError) as caught:
        written(tmp_path, "wrong", BASE + text)
    assert [d.code for d in caught.value.diagnostics] == [code]
    assert words in str(caught.value)
    place = caught.value.diagnostics[0].place
    assert place is not None
    assert place.line > BASE.count("\n")


def test_given_uniforms_of_inputs_go_by_the_number_of_the_path_in_every_branch(tmp_path: Path) -> None:
    (tmp_path / "views.toml").write_text(BASE + GROUPS)
    scenario = simulator.load(tmp_path / "views.toml")
    paths = 512
    uniforms = (np.arange(paths) + 0.5) / paths
    stream = {s for branch in scenario.branches for s in drawn_once(branch.scenario).values()}.pop()
    drawn = Simulation(scenario, given={stream: uniforms[None, :]}).run_chunk(0, paths).inputs["revenue.volatility"]
    plain = Simulation(scenario).run_chunk(0, paths).inputs["revenue.volatility"]
    has = np.isfinite(plain)  # the branch whose revenue has a volatility
    assert 0 < has.sum() < paths
    np.testing.assert_array_equal(np.isfinite(drawn), has)
    assert (np.diff(drawn[has]) > 0).all()
    np.testing.assert_allclose(np.median(drawn[has]), 0.4, atol=0.05)
