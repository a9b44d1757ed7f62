"""Rare defaults: importance sampling and splitting against exact answers, plain sampling and each other.

Random assertions are within 4 standard errors (a false alarm of 6e-5 each) at fixed seeds.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import simulator
from simulator.cli import main
from simulator.engine.simulation import Simulation
from simulator.engine.tilt import PERIOD, Tilt, TiltedRunner
from simulator.estimate import importance
from simulator.estimate.importance import Pilot, sampled
from simulator.estimate.rare import FLOOR, Rare, RareError, rare
from simulator.report.rare import lines
from simulator.scenario.load import load
from simulator.scenario.model import Scenario

WALK = Path(__file__).parent / "evidence" / "rare_first_passage.toml"
EXACT = {  # tests/derivations/rare_first_passage.py
    "102M": 1.3234947358961303e-4,
    "157M": 1.5091994244476236e-08,
}
TWO_WAYS = """
format = 1
name = "two-ways"
[calendar]
start = "2026-11"
months = 12
[opening]
cash = "250M"
[revenue]
type = "geometric_brownian"
run_rate = "600M/yr"
growth = "0 log/yr"
volatility = "30 %/yr"
[price]
type = "forward_curve"
curve.now = 1.0
volatility = "1 %/yr"
reversion = "1 /yr"
[compute]
need = { start = 1.85, floor = 1.85, decay = "0 /mo" }
overflow = "always"
[contracts.base]
fee = "50M/mo"
capacity_value = "100M/mo"
start = "2026-11"
end = "2027-10"
"""  # revenue that falls does not pay the contract; revenue that rises needs compute that costs more than it brings
DISCRETE = """
format = 1
name = "discrete"
[calendar]
start = "2026-01"
months = 12
[opening]
cash = { alternatives = [{ value = "300M", weight = 0.998 }, { value = "12M", weight = 0.002 }] }
[flows.result]
type = "random"
direction = "in"
amount = { normal = { mean = "0.3M/mo", sd = "5M/mo" } }
[flows.blow]
type = "one_off"
month = "2026-09"
amount = "600M"
probability = 0.0004
[alternatives.view.mild]
weight = 0.98
[alternatives.view.harsh]
weight = 0.02
[alternatives.view.harsh.flows.result]
amount = { normal = { mean = "-8M/mo", sd = "40M/mo" } }
"""
GIVEN = """
format = 1
name = "given"
[calendar]
start = "2026-11"
months = 12
[opening]
cash = "105M"
[revenue]
type = "geometric_brownian"
run_rate = "600M/yr"
volatility = "35 %/yr"
[price]
type = "forward_curve"
volatility = "40 %/yr"
reversion = "0.8 /yr"
[compute]
need = { start = 0.3, floor = 0.3, decay = "0 /mo" }
overflow = "always"
[market]
regimes = ["open", "shut"]
sojourn = ["9 mo", "5 mo"]
[contracts.base]
fee = "20M/mo"
capacity_value = "20M/mo"
start = "2026-11"
end = "2027-10"
[flows.cost]
type = "recurring"
amount = "12M/mo"
[flows.claim]
type = "one_off"
amount = "30M"
month = "2027-01"
probability = 0.3
[dependence]
shocks = ["revenue.level", "price.deviation"]
correlation = [[1.0], [0.5, 1.0]]
[shocks.monthly]
"revenue.level" = { 2026-12 = -1.0, 2027-01 = -1.0, 2027-06 = 0.5 }
"market.regime" = { 2026-11 = 0.01 }
[shocks.once]
"flows.claim.event" = 0.1
"""  # months in which nothing is left to chance, an event that is decided, a uniform and one of a table among them


FAILS = "flows.result.amount={ normal = { mean = '-9M/mo', sd = '5M/mo' } }"


def walk(cash: str) -> Scenario:
    return load(WALK, [f"opening.cash={cash}"])


def written(folder: Path, text: str) -> Path:
    file = folder / "scenario.toml"
    file.write_text(text)
    return file


@cache
def found(cash: str, method: str) -> Rare:
    return rare(walk(cash), method, paths=32_768, seed=7, threads=1, shocks=True)  # type: ignore[arg-type]


def agrees(r: Rare, truth: float, error: float = 0.0) -> bool:
    p = r.precise(r.months)
    return abs(p.estimate.value - truth) <= 4.0 * float(np.hypot(p.cv * p.estimate.value, error))


@pytest.mark.parametrize("cash", EXACT)
@pytest.mark.parametrize("method", ["is", "splitting"])
def test_probabilities_down_to_one_in_a_hundred_million_are_exact_within_their_errors(cash: str, method: str) -> None:
    r = found(cash, method)
    assert agrees(r, EXACT[cash])
    assert r.precise(r.months).cv <= 0.1
    value, low, high = r.pd(r.months)
    assert 0.0 < low < value < high


@pytest.mark.parametrize("method", ["is", "splitting"])
def test_what_was_drawn_on_weighted_paths_leads_to_the_same_defaults_when_it_is_given(method: str) -> None:
    r = found("157M", method)
    failing = r.failing(1000)
    assert failing.weights.sum() == pytest.approx(r.pd(r.months)[0], rel=1e-12)
    count = failing.weights.size
    blocks = {name: np.pad(x, ((0, 0), (0, 1024 - count)), mode="wrap") for name, x in failing.shocks.items()}
    lived = Simulation(r.scenario, given=blocks).run_chunk(0, 1024).columns
    np.testing.assert_array_equal(lived["end_month"][:count], failing.columns["end_month"][:count])
    assert (failing.columns["end_month"] > 0).all()


def test_the_result_depends_on_the_seed_and_on_nothing_else() -> None:
    for method in ("is", "splitting"):
        again = rare(walk("102M"), method, paths=32_768, seed=7, threads=3)  # type: ignore[arg-type]
        assert again.document["pd"] == found("102M", method).document["pd"]
    assert rare(walk("102M"), "is", paths=32_768, seed=8).pd(36) != found("102M", "is").pd(36)


@pytest.mark.parametrize("cash", EXACT)
def test_errors_are_honest_the_scores_of_many_replications_are_standard_normal(cash: str) -> None:
    """48 replications with the same law, whose numbers are their own: mean within 4 / sqrt(48), variance by chi-square at 1e-4,
    and at most ten intervals that miss (more do with 2e-5, if each does with 5 %)."""
    pilot = Pilot(walk(cash), 1, 0, 1)
    pilot.look()
    tilt = pilot.tilt()
    assert tilt is not None
    scores, held = [], 0
    runner = TiltedRunner(pilot.scenario, 1, tilt)
    for k in range(48):
        sample = sampled(runner, k, 2 * PERIOD, 1)  # the number of a branch moves the numbers of the paths
        mean, variance = sample.estimate(np.ones(sample.weights.size))
        scores.append((mean - EXACT[cash]) / variance**0.5)
        _, low, high = sample.share(np.ones(sample.weights.size, dtype=bool))
        held += low <= EXACT[cash] <= high
    assert abs(np.mean(scores)) < 4.0 / 48**0.5
    assert 19.5 / 47 < np.var(scores, ddof=1) < 91.0 / 47
    assert held >= 38


def test_no_weight_exceeds_what_the_defensive_share_allows() -> None:
    s = found("157M", "is").parts[0].sample
    tilt = found("157M", "is").parts[0].tilt
    assert tilt.shares[0] >= importance.DEFENSIVE
    assert s.weights.max() <= 1.0 / tilt.shares[0] * (1 + 1e-9)
    everything = TiltedRunner(walk("102M"), 1, replace(tilt))
    lived = everything.lived(np.arange(16 * PERIOD))
    weights = np.exp(tilt.log_weights(everything.log_ratios(lived.columns)))
    assert abs(weights.mean() - 1.0) < 4.0 * weights.std() / weights.size**0.5  # weights of all paths have mean one


def test_ways_to_default_that_lie_apart_are_all_found(tmp_path: Path) -> None:
    scenario = load(written(tmp_path, TWO_WAYS))
    plain = simulator.run(scenario, paths=200_000, seed=5)
    p = plain.pd(12)[0]
    error = (p * (1 - p) / 200_000) ** 0.5
    r = rare(scenario, "is", paths=16_384)
    pushes = [c["shift"]["revenue.level"] for c in r.document["branches"][0]["components"]]
    assert min(pushes) < -2.0 < 2.0 < max(pushes)
    assert agrees(r, p, error)
    assert agrees(rare(scenario, "splitting", paths=65_536), p, error)
    for cause in r.causes:
        n = plain.document["causes"][cause]["count"]
        e = r.precise(12, cause)
        assert abs(e.estimate.value - n / 2e5) < 4.0 * np.hypot(e.cv * e.estimate.value, (n + 1) ** 0.5 / 2e5)
    exposure = plain.document["creditors"]["base"]["exposure_at_default"]["mean"]
    mean = r.mean("base.exposure_at_default")
    error = (exposure["high"] - exposure["low"]) / 2 / 1.96
    assert abs(mean.estimate.value - exposure["value"]) < 4.0 * np.hypot(error, mean.cv * mean.estimate.value)


def test_discrete_inputs_single_events_and_alternatives_are_seen(tmp_path: Path) -> None:
    scenario = load(written(tmp_path, DISCRETE))
    plain = simulator.run(scenario, paths=400_000, seed=5)
    p = plain.pd(12)[0]
    r = rare(scenario, "is", paths=32_768)
    assert agrees(r, p, (p * (1 - p) / 400_000) ** 0.5)
    assert agrees(rare(scenario, "splitting", paths=98_304), p, (p * (1 - p) / 400_000) ** 0.5)
    mild, harsh = sorted(r.document["branches"], key=lambda b: -b["weight"])
    assert mild["alternatives"] == {"view": "mild"}
    assert mild["method"] == "is"
    assert harsh["method"] == "plain"  # a default is not rare there
    moved = {name for c in mild["components"] for name, x in c["shift"].items() if abs(x) > 2.0}
    assert {"opening.cash", "flows.blow.event"} <= moved
    failing = r.failing()
    assert set(np.unique(failing.inputs["opening.cash"])) <= {12e6, 300e6}


def test_given_shocks_stand_and_what_is_still_drawn_is_sampled_right(tmp_path: Path) -> None:
    scenario = load(written(tmp_path, GIVEN))
    p = simulator.run(scenario, paths=400_000, seed=5).pd(12)[0]
    assert 5e-4 < p < 2e-3
    for method, most in (("is", 0.02), ("splitting", 0.06)):
        r = rare(scenario, method, paths=32_768, threads=1, shocks=True)  # type: ignore[arg-type]
        assert agrees(r, p, (p * (1 - p) / 400_000) ** 0.5)
        assert r.precise(12).cv < most  # a month that is known beforehand is no reason to lose sight of the later ones
        shocks = r.failing(500).shocks
        assert (shocks["revenue.level"][[1, 2, 7]] == np.array([[-1.0], [-1.0], [0.5]])).all()
        assert (shocks["market.regime"][0] == 0.01).all()
        assert shocks["revenue.level"][0].std() > 0.1


def test_what_cannot_fail_is_refused_and_what_must_fail_is_one() -> None:
    for method in ("is", "splitting"):
        with pytest.raises(RareError, match="no path in default was found"):
            rare(walk("9000B"), method, paths=4096)  # type: ignore[arg-type]
        r = rare(load(WALK, ["opening.cash=1M", FAILS]), method, paths=4096)  # type: ignore[arg-type]
        value, low, high = r.pd(36)
        assert value == high == 1.0
        assert 0.99 < low < 1.0  # Wilson's bound
        assert r.document["branches"][0]["method"] == "plain"


def test_numbers_below_the_floor_are_not_given() -> None:
    r = found("157M", "is")
    rows = r.document["pd"]
    assert all((row["value"] is None) == (row["ess"] < FLOOR) for row in rows)
    assert rows[0]["value"] is None
    with pytest.raises(RareError, match="the floor is 100"):
        r.pd(1)
    with pytest.raises(ValueError, match="outside"):
        r.pd(37)
    with pytest.raises(RareError, match="the floor is 100, so no number is given"):
        rare(Path(__file__).parents[1] / "scenarios" / "safe.toml", "splitting", paths=4096)
    with pytest.raises(ValueError, match="no method"):
        rare(walk("102M"), "quickly")  # type: ignore[arg-type]


def test_the_command_line_shows_effective_paths_and_refuses_below_the_floor(tmp_path: Path) -> None:
    def command(cash: str) -> list[str]:
        words = ["run", str(WALK), "--rare", "is", "--paths", "1024", "--set", f"opening.cash={cash}"]
        return [*words, "--out", str(tmp_path), "--threads", "1"]

    refused = subprocess.run(  # 6e-22
        [sys.executable, "-m", "simulator", *command("280M"), "--json"], capture_output=True, text=True, check=False
    )
    assert (refused.returncode, refused.stdout) == (1, "")
    said = re.search(r"rests on (\d+) effective paths in default and the floor is (\d+), so no number", refused.stderr)
    assert said is not None
    assert 0 < int(said[1]) < int(said[2]) == FLOOR
    assert list(tmp_path.iterdir()) == []
    given = CliRunner().invoke(main, command("220M"))  # 8e-15
    assert (given.exit_code, given.stderr) == (0, "")
    shown = re.search(r"Effective paths in default  (\d+) \(numbers on fewer than 100 are not given\)", given.stdout)
    assert shown is not None
    assert int(shown[1]) >= FLOOR
    assert f"({shown[1]} effective)" in given.stdout  # beside the number of the horizon
    assert "too few effective paths for a number" in given.stdout  # of early months


def test_without_a_tilt_paths_are_those_of_a_plain_run() -> None:
    scenario = walk("30M")
    lived = TiltedRunner(scenario, scenario.run.seed, Tilt.nothing()).lived(np.arange(2048))
    plain = Simulation(scenario).run_chunk(0, 2048).columns
    for name in ("end_month", "cause", "cash"):
        np.testing.assert_array_equal(lived.columns[name], plain[name])


def test_the_command_says_what_it_found_and_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    def call(*arguments: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(main, ["run", str(WALK), "--paths", "8192", "--out", str(tmp_path), *arguments])
        return done.exit_code, done.stdout, done.stderr

    code, out, err = call("--rare", "is", "--json", "--fail-if", "pd(36) > 1e-6")
    document = json.loads(out)
    assert code == 1
    assert "limit failed" in err
    assert document["kind"] == "rare"
    assert document["pd"][-1]["low"] < EXACT["102M"] < document["pd"][-1]["high"]
    text = "\n".join(lines(document, plain=True))
    assert "Effective paths in default" in text
    assert text.isascii()
    for arguments in (
        ("--dry-run",),
        ("--precision", "1pp on pd(24)"),
        ("--fail-if", "runway(p5) < 3"),
        ("--set", "run.sampling='sobol'", "--paths", "16384"),
    ):
        code, _, err = call("--rare", "is", *arguments)
        assert code == 2
        assert "--rare" in err
    code, out, err = call("--rare", "splitting", "--set", "opening.cash=300M")
    assert code == 1
    assert "no number is given" in err
    assert out == ""
