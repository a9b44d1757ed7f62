"""Reverse stress: a company that fails in two ways that are known, and the files that fail in the same way again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import simulator
from simulator.analysis.failures import Failures, TooFewError, failures
from simulator.analysis.paths import live
from simulator.cli import main

TEXT = """
format = 1
[calendar]
start = "2026-11"
months = 18
[opening]
cash = { uniform = { low = "250M", high = "300M" } }
[default]
cure = "0 days"
[revenue]
type = "geometric_brownian"
run_rate = "360M/yr"
volatility = "40 %/yr"
[flows.cost]
amount = "40M/mo"
[flows.claim]
type = "one_off"
amount = "300M"
month = "2027-06"
probability = 0.1
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("failures") / "company.toml"
    path.write_text(TEXT)
    return path


@pytest.fixture(scope="module")
def found(file: Path) -> Failures:
    return failures(simulator.load(file), paths=4096)


def test_the_groups_are_all_failing_paths_and_each_has_a_share(found: Failures) -> None:
    assert len(found.archetypes) >= 3
    assert sum(one.paths for one in found.archetypes) == round(found.pd.value * 4096)
    assert sum(one.of_failing.value for one in found.archetypes) == pytest.approx(1.0)
    assert all(sum(one.causes.values()) == one.paths for one in found.archetypes)


def test_a_claim_that_comes_and_revenue_that_falls_are_told_apart(found: Failures) -> None:
    """The claim happens if its uniform is below 0.1: a score below -1.28. Others fail by their revenue."""
    drivers = [{d.name: d.deviations for d in one.drivers} for one in found.archetypes]
    assert any(d.get("flows.claim.event", 0.0) < -1.2 for d in drivers)
    assert any(d.get("revenue.level", 0.0) < -0.8 and d.get("flows.claim.event", 0.0) > -0.5 for d in drivers)


def test_every_file_fails_in_the_month_of_its_path(found: Failures, tmp_path: Path) -> None:
    for k, one in enumerate(found.archetypes):
        place = tmp_path / f"way-{k}.toml"
        place.write_text(one.scenario)
        ends = simulator.run(simulator.load(place), paths=64).column("end_month")
        assert np.all(ends == one.path_month)
        assert one.reproduced is not None
        assert one.reproduced.value == 1.0


def test_the_file_of_a_path_lives_it_again_to_the_last_bit(file: Path, found: Failures, tmp_path: Path) -> None:
    one = found.archetypes[0]
    place = tmp_path / "way.toml"
    place.write_text(one.scenario)
    first = live(simulator.load(file), 4096, keep=("cash",)).kept["cash"][:, one.path]
    again = live(simulator.load(place), 8, keep=("cash",)).kept["cash"]
    assert np.all(again[: one.path_month + 1] == first[: one.path_month + 1, None])


def test_too_few_failing_paths_are_refused(file: Path) -> None:
    with pytest.raises(TooFewError, match="are wanted"):
        failures(simulator.load(file, ["opening.cash=90B"]), paths=1024)


def test_the_command_writes_a_document_and_a_file_for_each_way(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "found"
    said = CliRunner().invoke(main, ["failures", str(file), "--paths", "2000", "--out", str(out)])
    assert said.exit_code == 0, said.output
    document = json.loads((out / "document.json").read_text())
    assert document["verb"] == "failures"
    assert len(list(out.glob("*-failure-*.toml"))) == len(document["archetypes"])
    rich = CliRunner().invoke(main, ["failures", str(file), "--paths", "1000", "--set", "opening.cash=90B"])
    assert rich.exit_code == 1
    assert "are wanted" in rich.output
