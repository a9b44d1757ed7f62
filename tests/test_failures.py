"""Reverse stress: a company that fails in two ways that are known, and the files that fail in the same way again."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.special import chdtrc

import simulator
from simulator.analysis.failures import Failures, TooFewError, failures
from simulator.analysis.grouping import grouped, plausibility, weighted_median
from simulator.analysis.paths import live
from simulator.cli import main

HERE = Path(__file__).parent.parent / "scenarios"
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
    for one in found.archetypes:
        assert sum(count for count, _ in one.causes.values()) == one.paths == one.effective
        assert sum(part for _, part in one.causes.values()) == pytest.approx(1.0)
        assert one.plausibility.low <= one.plausibility.value <= one.plausibility.high


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


RARE = (
    TEXT.replace('{ uniform = { low = "250M", high = "300M" } }', '"900M"')
    .replace("0.1\n", "0.001\n")
    .replace("300M", "800M")
)


def test_defaults_that_plain_sampling_cannot_see_are_told_apart_by_weighted_paths(tmp_path: Path) -> None:
    """Defaults by a claim of 1 in 1,000 paths, which a tilted law makes common: the same probability as by 65,536 plain paths."""
    file = tmp_path / "rare.toml"
    file.write_text(RARE)
    scenario = simulator.load(file)
    found = failures(scenario, paths=8192, groups=2)
    assert found.method == "is"
    assert found.effective > 100
    plain = live(scenario, 65_536)
    seen = plain.defaults(18)
    assert seen.sum() > 20
    error = math.hypot((found.pd.high - found.pd.low) / 3.92, math.sqrt(seen.mean() / 65_536))
    assert abs(found.pd.value - seen.mean()) < 4 * error
    assert sum(one.of_failing.value for one in found.archetypes) == pytest.approx(1.0)
    assert np.all(plain.uniforms("flows.claim.event")[seen] < 0.001)
    for one in found.archetypes:  # so in every group the uniform of the claim is below 0.001
        assert {d.name: d.deviations for d in one.drivers}["flows.claim.event"] < -3.0
    assert all(one.effective < one.paths for one in found.archetypes)
    for one in found.archetypes:
        assert one.reproduced is not None
        assert one.reproduced.value == 1.0
    assert found.document["method"] == "is"


def test_the_shipped_safe_company_fails_in_one_way() -> None:
    """By its revenue alone: slices of one driver are no ways. PD about 1.2e-6 (scenarios/safe.toml)."""
    found = failures(simulator.load(HERE / "safe.toml"), paths=4096)
    (one,) = found.archetypes
    assert found.method == "is"
    assert found.effective > 100
    assert 5e-7 < found.pd.value < 2e-6
    (driver,) = one.drivers
    assert driver.name == "revenue.level"
    assert driver.deviations < -3.0


def test_the_interval_of_a_plausibility_covers_it() -> None:
    """400 samples of 60 paths about a centre at distance 2 in five drivers, equal weights and uneven ones: 95 % cover it; fewer
    than 90.6 % are a chance of 6e-5."""
    rng = np.random.default_rng(8)
    centre = np.array([1.2, -1.2, 0.8, 0.6, 0.4])
    truth = float(chdtrc(5, centre @ centre))
    for uneven in (False, True):
        inside = 0
        for _ in range(400):
            weights = rng.exponential(size=60) if uneven else np.ones(60)
            e = plausibility(centre + rng.standard_normal((60, 5)) * 0.8, weights, range(5))
            inside += e.low <= truth <= e.high
        assert inside >= 0.906 * 400


def test_groups_of_weighted_paths_are_those_of_paths_as_often() -> None:
    rng = np.random.default_rng(2)
    z = np.concatenate([rng.normal(at, 0.3, (40, 2)) for at in (-3.0, 0.0, 3.0)])
    often = rng.integers(1, 4, len(z))
    labels, quality = grouped(z, often.astype(float), None)
    again, _ = grouped(np.repeat(z, often, axis=0), np.ones(often.sum()), None)
    assert len(set(labels)) == 3
    assert quality > 0.7
    assert np.array_equal(again, np.repeat(labels, often))
    assert weighted_median(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 5.0])).value == 2.0


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
