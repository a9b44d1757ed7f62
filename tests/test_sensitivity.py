"""Sensitivities against a company whose default probability is a normal integral.

Cash X ~ N(100, 20²) and burn B ~ N(10, 1²) a month in $M, no cure: in default by month 10 if X < 10 B, that is with probability
1/2, and with c = corr(X - 10 B, X) = 20/√500: for indicators of a half-space through the mean
    S_X = (2/π) arcsin c²,  S_B = (2/π) arcsin (1 - c²),  T_X = 1 - S_B,  T_B = 1 - S_X   (Sheppard 1899)
Statistical assertions at 4 standard errors: a right program fails one with probability 6e-5 at another seed.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import simulator
from simulator.analysis.sensitivity import first_order, sensitivity, total_index
from simulator.cli import main

TEXT = """
format = 1
[calendar]
start = "2026-11"
months = 12
[opening]
cash = { normal = { mean = "100M", sd = "20M" }, truncate = ["0M", "200M"] }
[default]
cure = "0 days"
[flows.cost]
amount = { normal = { mean = "10M/mo", sd = "1M/mo" }, truncate = ["0M/mo", "20M/mo"] }
"""
PATHS = 16_384
ROOT = 1.0 / math.sqrt(2.0 * math.pi)
SHARE = 0.8  # of the variance that is the cash's


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sensitivity") / "company.toml"
    path.write_text(TEXT)
    return path


@pytest.fixture(scope="module")
def found(file: Path) -> simulator.analysis.sensitivity.Sensitivity:
    return sensitivity(simulator.load(file), month=10, paths=PATHS)


def test_indices_of_a_half_space_are_those_of_sheppard(found: simulator.analysis.sensitivity.Sensitivity) -> None:
    by_name = {one.name: one for one in found.inputs}
    for name, part in (("opening.cash", SHARE), ("flows.cost.amount", 1.0 - SHARE)):
        first, total = 2 / math.pi * math.asin(part), 1 - 2 / math.pi * math.asin(1.0 - part)
        one = by_name[name]
        assert abs(one.first.value - first) < 4 * (one.first.high - one.first.low) / 3.9
        assert one.total is not None
        assert abs(one.total.value - total) < 4 * (one.total.high - one.total.low) / 3.9
        assert one.first.low <= one.first.value <= one.first.high


def test_the_score_function_gives_the_derivative_and_agrees_with_differences(tmp_path: Path) -> None:
    """A lognormal burn with the median 10 and nothing else: PD by month 10 = Φ(z) at z = 0, so σ dPD/dμ = φ(0); and against runs
    with the median moved by a tenth of a standard deviation (0.1 in logarithms) either way."""
    file = tmp_path / "burn.toml"
    head = TEXT.replace('{ normal = { mean = "100M", sd = "20M" }, truncate = ["0M", "200M"] }', '"100M"')
    head = head[: head.index("amount")]

    def scenario(shift: float) -> simulator.Scenario:
        p10, p90 = (10 * math.exp(0.1 * (shift + z)) for z in (-1.2815515655446004, 1.2815515655446004))
        file.write_text(f'{head}amount = {{ lognormal = {{ p10 = "{p10!r}M/mo", p90 = "{p90!r}M/mo" }} }}\n')
        return simulator.load(file)

    (one,) = sensitivity(scenario(0.0), month=10, paths=PATHS).inputs
    assert one.slope is not None
    error = (one.slope.high - one.slope.low) / 3.92
    assert abs(one.slope.value - ROOT) < 4 * error
    low, high = (simulator.run(scenario(shift), paths=PATHS).column("end_month") for shift in (-0.1, 0.1))
    change = ((high > 0) & (high <= 10)).astype(float) - ((low > 0) & (low <= 10))
    difference, noise = change.mean() / 0.2, change.std() / math.sqrt(PATHS) / 0.2
    assert abs(one.slope.value - difference) < 3 * math.hypot(error, noise)


def test_a_bar_is_the_run_with_the_input_at_its_quantile(
    found: simulator.analysis.sensitivity.Sensitivity, file: Path
) -> None:
    bar = next(one for one in found.inputs if one.name == "opening.cash").bar
    ends = simulator.run(simulator.load(file, [f"opening.cash={100 - 1.2815515655 * 20}M"]), paths=PATHS).pd(10)
    assert abs(bar.low.value - ends[0]) < 1e-3  # the same paths, but for what lies within rounding of the threshold
    assert bar.low.value > bar.high.value
    assert bar.difference.value == pytest.approx(bar.high.value - bar.low.value)


def test_an_input_without_effect_has_no_index_and_no_bar(file: Path) -> None:
    scenario = simulator.load(file, ["treasury.interest={ uniform = { low = '0 %/yr', high = '0.0001 %/yr' } }"])
    one = sensitivity(scenario, month=10, paths=4096, names=("treasury.interest",)).inputs[0]
    assert one.bar.difference.value == 0.0
    assert one.total is not None
    assert one.total.value == 0.0
    assert abs(one.first.value) < 4 * (one.first.high - one.first.low + 1e-3)


def test_a_correlated_input_has_a_first_order_index_and_a_reason_why_no_other(file: Path) -> None:
    text = '\n[dependence.inputs]\nnames = ["opening.cash", "flows.cost.amount"]\ncorrelation = [[1.0], [0.6, 1.0]]\n'
    tied = file.parent / "tied.toml"
    tied.write_text(TEXT + text)
    one = sensitivity(simulator.load(tied), month=10, paths=4096).inputs[0]
    assert one.total is None
    assert one.why_no_total is not None
    assert "correlated" in one.why_no_total
    assert one.first.value > 0.1


def test_the_noise_of_classes_does_not_count_as_an_effect() -> None:
    """Over 200 samples the mean of S of independent numbers is nought; false alarm 6e-5."""
    rng = np.random.default_rng(5)
    known = [first_order(rng.random(1024), (rng.random(1024) < 0.3).astype(float)).value for _ in range(200)]
    assert abs(np.mean(known)) < 4 * np.std(known) / math.sqrt(200)
    assert total_index(np.zeros(10, dtype=bool), np.zeros(10, dtype=bool)) is None


def test_the_command_prints_a_table_and_writes_a_document(file: Path, tmp_path: Path) -> None:
    command = ["sensitivity", str(file), "--by", "10", "--paths", "2000", "--out", str(tmp_path / "found")]
    text = CliRunner().invoke(main, command)
    assert text.exit_code == 0, text.output
    assert "opening.cash" in text.output
    document = json.loads((tmp_path / "found" / "document.json").read_text())
    assert document["verb"] == "sensitivity"
    as_json = CliRunner().invoke(main, [*command, "--json"])
    assert json.loads(as_json.stdout)["inputs"] == document["inputs"]
    wrong = CliRunner().invoke(main, ["sensitivity", str(file), "--by", "10", "--input", "nobody"])
    assert wrong.exit_code == 2
    assert "not drawn once a path" in wrong.output
