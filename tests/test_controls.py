"""Control variates: their means are known, they leave no bias, intervals cover, and nothing but estimates changes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from companies_sampled import SMALL, scenario
from coverage_of_intervals import CASH, MONTHS, WALK, default_by

import simulator
from simulator.analysis.compare import compare
from simulator.analysis.variants import vary
from simulator.engine.block import BLOCK
from simulator.engine.build import Array
from simulator.engine.bumps import products
from simulator.engine.reduce import Summary
from simulator.engine.sampler import plain_normals, plain_once
from simulator.engine.sampling import normals_of
from simulator.engine.simulation import CHUNK, Simulation
from simulator.engine.source import Asked, Paths
from simulator.estimate.controlled import RESTRICTED, Controlled, statistics
from simulator.estimate.controls import APART, Controls, Evaluator, Scores, directions, features, functions_of
from simulator.estimate.figures import Figures, questions
from simulator.report.summary import lines
from simulator.scenario.diagnostics import ScenarioError
from simulator.store.folder import read_table

BY = default_by(CASH)


@pytest.fixture(scope="module")
def walk() -> tuple[Simulation, Controlled]:
    simulation = Simulation(scenario(WALK, estimator="controlled", paths=CHUNK))
    return simulation, Controlled(simulation, questions(MONTHS, simulation.outline))


def test_every_function_of_the_scores_has_mean_nought() -> None:
    """By Gauss-Hermite quadrature over the first two directions, where the bumps are."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    t = np.array([x.ravel() for x in np.meshgrid(nodes, nodes)])
    mass = np.outer(weights, weights).ravel() / (2.0 * math.pi)
    on_grid = features(t)
    np.testing.assert_allclose(on_grid @ mass, 0.0, atol=1e-9)
    assert (on_grid**2 @ mass > 1e-5).all()


def drawn(asked: Asked, paths: Paths) -> Array:
    """The slow way: every score of these paths, shape (scores, paths)."""
    by_month = [name for name, kind in asked.shocks.items() if kind == "normal"]
    parts = [plain_normals(asked.seed, name, asked.months, paths) for name in by_month]
    parts += [normals_of(plain_once(asked.seed, name, paths))[None, :] for name in asked.streams]
    return np.concatenate(parts)


@pytest.mark.parametrize("counts", [(3, 3), (1,), (2, 3, 1)])
def test_controls_of_a_block_are_the_functions_of_its_scores(counts: tuple[int, ...]) -> None:
    """Whatever number of directions a set has and whether they end before the horizon; months and inputs in odd numbers."""
    random = np.random.default_rng(len(counts))
    asked = Asked(7, 9, {"a": "normal", "b": "uniform", "c": "normal"}, ("d", "e", "f", "g", "h"))
    scores = Scores(asked)
    fits = []
    for months in (5, 9):
        ways = tuple(random.standard_normal((count, scores.size)) / 5.0 for count in counts)
        for way in ways:
            way[:, months:9] = 0.0
        weights = random.standard_normal((4, sum(map(functions_of, counts))))
        fits.append(Controls(ways, weights))
    evaluator, first = Evaluator(scores, fits), 2**42 + 3 * BLOCK
    z = drawn(asked, np.arange(first, first + BLOCK))
    slow = [f.weights @ np.concatenate([features(way @ z) for way in f.ways]) for f in fits]
    np.testing.assert_allclose(evaluator.of(first), np.concatenate(slow), rtol=0.0, atol=1e-11)
    components = [scores.components(months) for months in (5, 9)]
    z = drawn(asked, np.arange(APART, APART + 300))
    for rows, found in zip(components, scores.of_pilot(components, 300), strict=True):
        np.testing.assert_allclose(found, rows @ z, atol=1e-12)


def test_sums_of_blocks_are_those_of_every_target_less_its_control_path_by_path() -> None:
    """With several causes, alternatives and a block that is not whole."""
    simulation = Simulation(scenario(SMALL, estimator="controlled", paths=CHUNK))
    controlled = Controlled(simulation, questions(simulation.scenario.calendar.months, simulation.outline))
    chunk = simulation.run_chunk(CHUNK, BLOCK + 500)
    y = controlled._values(chunk)
    less = y.copy()
    z = drawn(simulation.asked(), np.arange(CHUNK, CHUNK + y.shape[1]))
    for group in controlled.groups:
        f = np.concatenate([features(way @ z) for way in group.controls.ways])
        less[group.where] -= group.coefficients @ (group.controls.weights @ f)
    assert len(controlled.groups) > 1
    for k, moments in enumerate(controlled.moments(chunk)):
        own = slice(k * BLOCK, (k + 1) * BLOCK)
        for found, slow in ((moments.plain, statistics(y[:, own])), (moments.less, statistics(less[:, own]))):
            assert found.paths == slow.paths
            scale = np.sqrt(statistics(y[:, own]).squares / slow.paths) + 1e-9 * np.abs(slow.mean)
            assert (np.abs(found.mean - slow.mean) <= 1e-9 * scale).all()
            assert (np.abs(found.squares - slow.squares) <= 1e-9 * scale**2 * slow.paths).all()


def test_products_are_those_of_matrices() -> None:
    random = np.random.default_rng(1)
    x, y = random.standard_normal((5, 1_000)), random.standard_normal((7, 1_000))
    np.testing.assert_allclose(products(x, y), x @ y.T, atol=1e-11)


def test_the_first_direction_is_the_one_in_which_a_number_bends() -> None:
    x = np.random.default_rng(1).standard_normal((5, 20_000))
    true = np.array([0.6, 0.0, -0.8, 0.0, 0.0])
    found = directions(x, (true @ x > 1.0).astype(float))
    assert abs(found[0] @ true) > 0.98
    np.testing.assert_allclose(found @ found.T, np.eye(len(found)), atol=1e-12)
    assert not found[:, [1, 3, 4]].any()  # what chance made of the other scores is left out


def test_controlled_figures_are_those_of_the_exact_walk_with_less_variance(walk: tuple[Any, Controlled]) -> None:
    """Within 4 standard errors of quadrature's default probability by month, runway and mean; a fifth of the variance at most
    for the runway within the horizon, and never more variance than plainly beyond the jackknife's interval."""
    simulation, _ = walk
    result = simulator.run(simulation.scenario)
    d = result.document
    for month in (12, 24, 36):
        e = d["pd"][month - 1]
        error = (e["high"] - e["low"]) / (2 * 1.959964)
        assert abs(e["value"] - BY[month - 1]) < 4 * error
    runway = d["runway"]["funded"]
    low, high = runway["interval"]["restricted_mean"]
    assert abs(runway["restricted_mean"] - (MONTHS - BY[:-1].sum())) < 4 * (high - low) / (2 * 1.959964)
    errors = [(e["high"] - e["low"]) / (2 * 1.959964) for e in d["pd"]]
    for q in (5, 25):  # of the runway: default probabilities of its month and the one before lie on either side
        month = int(runway[f"p{q}"])
        assert BY[month - 1] >= q / 100.0 - 4 * errors[month - 1]
        assert BY[month - 2] < q / 100.0 + 4 * errors[month - 2]
        low, high = runway["interval"][f"p{q}"]
        assert month - 2 <= low <= month <= high <= month + 2
    assert runway["p50"] is None
    ratios = d["sampling"]["variance_ratio"]
    assert ratios["pd(36)"]["low"] > 2.0
    assert ratios["mean shadow_flow_12m"]["low"] > 5.0
    assert all(e["high"] > 0.9 for e in ratios.values())
    assert d["sampling"]["pays"]
    shown = "\n".join(lines(d))
    assert "Control variates   fitted on 16,384 other paths" in shown
    assert sum(c["value"] for c in d["causes"].values()) == pytest.approx(d["pd"][-1]["value"], abs=1e-12)


def test_what_a_path_is_worth_is_held_against_what_it_costs(walk: tuple[Simulation, Controlled]) -> None:
    """Measured on the run, the pilot counted; with a word where it does not pay."""
    d = simulator.run(walk[0].scenario).document
    seconds = d["seconds"]
    assert seconds["processor"] > seconds["processor_plain"] > 0.0

    def told(processor: float, ratios: dict[str, Any] | None = None) -> str:
        sampling = {**d["sampling"], "variance_ratio": ratios or d["sampling"]["variance_ratio"]}
        sampling["pays"] = any(e["low"] > 1.5 for e in sampling["variance_ratio"].values())
        of = {**seconds, "processor": processor, "processor_plain": 1.0}
        return "\n".join(lines({**d, "sampling": sampling, "seconds": of if processor else {}}))

    worth = d["sampling"]["variance_ratio"]["pd(36)"]
    assert (
        f"{worth['value']:>8.2f}  ({worth['low']:.2f} to {worth['high']:.2f}); net {worth['value'] / 1.25:.2f}"
        in told(1.25)
    )
    assert "it costs 1.25 plain ones in processor time, the pilot counted" in told(1.25)
    assert "not pay" not in told(1.25)
    assert "do not pay here in time" in told(1e4)
    assert "do not pay here: no figure" in told(1.25, {"pd(36)": {"value": 1.1, "low": 1.0, "high": 1.2}})
    assert "was not measured" in told(0.0)


def test_intervals_of_controlled_figures_cover(walk: tuple[Simulation, Controlled]) -> None:
    """208 runs of 1,024 paths: misses of a 95 % interval are binomial; more than 26 or fewer than 1 have probability 1e-4."""
    simulation, controlled = walk
    misses = {"pd": 0, "runway": 0}
    errors = []
    for first in range(0, 13 * CHUNK, CHUNK):
        chunk = simulation.run_chunk(first, CHUNK)
        for moments in controlled.moments(chunk):
            controlled.sections = [moments]
            e = controlled.share(("pd", MONTHS), 1.959964)
            r = controlled.mean((RESTRICTED, 0), 1.959964)
            assert e is not None
            assert r is not None
            errors.append((e.value - BY[-1], r.value - (MONTHS - BY[:-1].sum())))
            misses["pd"] += not e.low <= BY[-1] <= e.high
            misses["runway"] += not r.low <= MONTHS - BY[:-1].sum() <= r.high
    apart = np.array(errors)
    assert (abs(apart.mean(axis=0)) < 4 * apart.std(axis=0) / math.sqrt(len(apart))).all()
    assert all(1 <= m <= 26 for m in misses.values()), misses


def test_files_are_those_of_plain_estimates_and_threads_change_nothing(tmp_path: Path) -> None:
    plain = simulator.run(scenario(SMALL, paths=2 * CHUNK), out=tmp_path)
    runs = [
        simulator.run(scenario(SMALL, paths=2 * CHUNK, estimator="controlled"), out=tmp_path / str(n), threads=n)
        for n in (1, 3)
    ]
    documents = [dict(r.document) for r in runs]
    for d in documents:
        del d["folder"], d["seconds"]
    assert documents[0] == documents[1]
    assert documents[0]["scenario_hash"] != plain.document["scenario_hash"]
    assert documents[0]["runway"]["funded"]["p50"] == plain.document["runway"]["funded"]["p50"]
    assert plain.folder is not None
    assert runs[0].folder is not None
    tables = [read_table(folder, "paths") for folder in (plain.folder, runs[0].folder)]
    assert tables[0].equals(tables[1])


def test_a_controlled_run_grows_to_the_bits_of_one_at_once(tmp_path: Path) -> None:
    at_once = simulator.run(scenario(WALK, estimator="controlled", paths=131_072 * 2), out=tmp_path / "a").document
    simulator.run(scenario(WALK, estimator="controlled", paths=131_072), out=tmp_path / "b")
    grown = simulator.run(scenario(WALK, estimator="controlled", paths=131_072 * 2), out=tmp_path / "b")
    assert grown.from_path > 0
    for d in (at_once, grown.document):
        del d["folder"], d["seconds"]
    assert at_once == grown.document


def test_controls_want_plain_sampling() -> None:
    with pytest.raises(ScenarioError, match="wants independent paths"):
        scenario(WALK, estimator="controlled", sampling="sobol", paths=CHUNK)


def test_a_controlled_difference_is_the_exact_one_with_less_variance() -> None:
    """Five million more cash on the exact walk, within 4 standard errors of quadrature."""
    base = scenario(WALK, paths=CHUNK)
    other = vary(base, ["opening.cash=65M"])
    found = compare([base, other], ["pd(24)", "runway.mean", "runway.p50"], attribution=False, controls=True)
    pd, runway, quantile = found["figures"]
    more = default_by(65.0)
    for row, exact in ((pd, more[23] - BY[23]), (runway, BY[:-1].sum() - more[:-1].sum())):
        error = (row["controlled_high"] - row["controlled_low"]) / (2 * 1.959964)
        assert abs(row["controlled"] - exact) < 4 * error
        assert row["controlled_gain"] > row["gain"]
    assert quantile["controlled"] is None


def test_figures_of_a_run_with_a_path_that_is_no_number_have_no_controls(walk: tuple[Simulation, Controlled]) -> None:
    simulation, controlled = walk
    summary = Summary(CHUNK, controlled.asked)
    chunk = simulation.run_chunk(0, CHUNK)
    chunk.columns["cause"][7] = 1.0
    summary.add(chunk)
    assert Figures(simulation.scenario, simulation.outline, summary, controlled=controlled).controlled is None
