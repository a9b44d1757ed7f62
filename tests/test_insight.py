"""Ways of failing, early warnings, bands and views, against answers that nobody here made up.

Statistical assertions at 4 standard errors: a right program fails one with probability 6e-5 at another seed.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.special import ndtr, ndtri
from scipy.stats import beta

import simulator
from simulator.analysis.archetypes import archetypes
from simulator.analysis.bands import bands
from simulator.analysis.conditional import auc, conditional
from simulator.analysis.reweight import View, estimate, reweight, tilt
from simulator.cli import main
from simulator.quantities.units import QuantityError

CLAIM = """
format = 1
[calendar]
start = "2026-11"
months = 3
[opening]
cash = "100M"
[default]
cure = "0 days"
[flows.claim]
type = "one_off"
amount = "1B"
month = "2026-12"
probability = { beta = { mean = 0.2, sd = 0.1, low = 0.0, high = 1.0 } }
"""
CASH = """
format = 1
[calendar]
start = "2026-11"
months = 12
[opening]
cash = { normal = { mean = "MEANM", sd = "20M" }, truncate = ["0M", "300M"] }
[default]
cure = "0 days"
[flows.cost]
amount = "10M/mo"
"""


def write(folder: Path, text: str, name: str = "company.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


# --- bands -------------------------------------------------------------------------------------------------------------


def test_the_band_of_a_claim_of_uncertain_probability_is_that_of_the_probability(tmp_path: Path) -> None:
    """PD given the input is the input: the band has to be the quantiles of its beta, and without the correction is too wide."""
    found = bands(simulator.load(write(tmp_path, CLAIM)), paths=32_768, inner=16, months=(3,))
    (point,) = found.curve
    a, b = 0.2 * (0.2 * 0.8 / 0.01 - 1), 0.8 * (0.2 * 0.8 / 0.01 - 1)
    assert abs(point.mean.value - 0.2) < 4 * (point.mean.high - point.mean.low) / 3.92
    for q, e in zip((0.05, 0.5, 0.95), point.band, strict=True):
        # moments are right; of the third, which the correction leaves, a hundredth
        assert abs(e.value - beta.ppf(q, a, b)) < 0.01 + 4 * (e.high - e.low) / 3.92
    width, true = point.plain[2] - point.plain[0], beta.ppf(0.95, a, b) - beta.ppf(0.05, a, b)
    assert width > 1.2 * true
    assert abs(point.band[2].value - point.band[0].value - true) < 0.1 * true
    within = 0.2 * 0.8 - 0.01
    assert point.noise == pytest.approx(within / 16 / (within / 16 + 0.01), abs=0.05)


def test_bands_need_an_uncertain_input(tmp_path: Path) -> None:
    text = CLAIM[: CLAIM.index("probability")]
    with pytest.raises(ValueError, match="nothing to make a band"):
        bands(simulator.load(write(tmp_path, text)))


# --- views -------------------------------------------------------------------------------------------------------------


def test_moving_the_mean_of_a_normal_by_entropy_is_the_normal_with_that_mean() -> None:
    """Relative entropy of N(0.5, 1) to N(0, 1) is 1/8; the share above 1 becomes 1 - Φ(0.5)."""
    x = ndtri((np.arange(20_000) + 0.5) / 20_000)
    found = tilt([View("mean", x, 0.5, 0)])
    assert found.entropy == pytest.approx(0.125, rel=1e-3)
    assert found.effective == pytest.approx(20_000 * math.exp(-0.25), rel=1e-2)
    after = estimate(found.q, (x > 1.0).astype(float), x[:, None])
    assert after.value == pytest.approx(1.0 - ndtr(0.5), abs=2e-4)


def test_a_share_as_a_view_weighs_its_paths_alike_and_an_idle_inequality_changes_nothing() -> None:
    inside = np.arange(1000) < 100
    found = tilt([View("share", inside.astype(float), 0.3, 0), View("mean", np.arange(1000.0), 0.0, 1)])
    assert np.allclose(found.q[:100], 0.003, rtol=1e-4)
    assert np.allclose(found.q[100:], 0.7 / 900, rtol=1e-4)


def test_views_that_no_path_can_satisfy_are_refused() -> None:
    x = np.linspace(0.0, 1.0, 1000)
    with pytest.raises(ValueError, match="beyond every stored path"):
        tilt([View("mean", x, 2.0, 0)])
    with pytest.raises(ValueError, match="together with the other"):
        tilt([View("mean", x, 0.2, 0), View("again", x, 0.8, 0)])


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    found = simulator.run(write(folder, CASH.replace("MEAN", "130")), paths=16_384, out=folder / "results")
    assert found.folder is not None
    return found.folder


def test_a_lower_mean_on_stored_paths_agrees_with_a_run_that_has_it(stored: Path, tmp_path: Path) -> None:
    """Cash 10 lower (truncation 5 standard deviations away): PD by month 12 = Φ((120 - 120) / 20), and as in a new run."""
    found = reweight(stored, ["mean(input.opening.cash) -= 10M"])
    after = {row.figure: row.after for row in found.rows}["pd(12)"]
    error = (after.high - after.low) / 3.92
    assert abs(after.value - 0.5) < 4 * error
    again = simulator.run(write(tmp_path, CASH.replace("MEAN", "120")), paths=16_384).pd(12)
    assert abs(after.value - again[0]) < 4 * math.hypot(error, (again[2] - again[1]) / 3.92)
    assert found.effective == pytest.approx(16_384 * math.exp(-0.25), rel=0.05)


def test_a_view_that_leaves_too_few_paths_or_says_nothing_is_refused(stored: Path) -> None:
    with pytest.raises(ValueError, match=r"only .* of 16,384 paths would count"):
        reweight(stored, ["mean(input.opening.cash) = 70M"])
    with pytest.raises(QuantityError, match="no column"):
        reweight(stored, ["mean(input.opening.csh) = 1"])
    with pytest.raises(QuantityError, match="is no view"):
        reweight(stored, ["cash is low"])
    with pytest.raises(QuantityError, match="not stored"):
        reweight(stored, ["mean(growth(12)) -= 0.02"])


# --- conditional -------------------------------------------------------------------------------------------------------


def test_the_area_under_two_normals_a_standard_deviation_apart() -> None:
    """AUC = Φ(1/√2) (Bamber 1975); over 200 samples unbiased, and the interval covers it as often as it says."""
    rng = np.random.default_rng(3)
    true, found = float(ndtr(math.sqrt(0.5))), []
    positive = np.arange(300) < 60
    for _ in range(200):
        found.append(auc(rng.normal(size=300) + positive, positive))
    values = np.array([e.value for e in found])
    assert abs(values.mean() - true) < 4 * values.std() / math.sqrt(200)
    covered = np.mean([e.low < true < e.high for e in found])
    assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 200)


RAISE = """
[financing.raise]
type = "tranche"
amount = "50M"
month = "2026-12"
probability = 0.4
"""


def test_without_its_money_a_company_fails_as_the_arithmetic_says(tmp_path: Path) -> None:
    """Cash N(130, 20²), 10 a month: of those that stand at month 6 and got nothing, all below 120 fail by month 12."""
    scenario = simulator.load(write(tmp_path, CASH.replace("MEAN", "130") + RAISE))
    found = conditional(scenario, landmark=6, ahead=6, paths=8_192)
    (row,) = found.without
    assert abs(row.share.value - 0.6) < 4 * math.sqrt(0.24 / 8192) + 0.01  # a few failed before: Φ(-3.5)
    true = float((ndtr(-0.5) - ndtr(-3.5)) / ndtr(3.5))
    assert abs(row.pd.value - true) < 4 * math.sqrt(true * (1 - true) / (0.6 * 8192))
    assert row.pd_with.value < 1e-3
    assert found.wait["p50"].value == 0.0  # no cure: a breach is a default
    best = found.warnings[0]
    assert best.figure in ("cash", "liquidity", "months of liquidity at that burn")
    assert best.auc.value > 0.99
    assert best.worse == "low"


# --- ways of failing ---------------------------------------------------------------------------------------------------

THREE = """
format = 1
[calendar]
start = "2026-11"
months = 12
[opening]
cash = "100M"
[default]
cure = "0 days"
[revenue]
type = "geometric_brownian"
run_rate = "240M/yr"
volatility = "50 %/yr"
[compute]
overflow = "always"
need = { start = 0.5, floor = 0.5, decay = "0.1 /mo" }
[price]
type = "forward_curve"
volatility = "90 %/yr"
reversion = "0.2 /yr"
[price.curve]
now = 1.0
[market]
regimes = ["open", "shut"]
sojourn = ["9 mo", "9 mo"]
[flows.cost]
amount = "17M/mo"
[financing.raise]
type = "tranche"
amount = "60M"
month = "2027-02"
probability = 0.7
"""


def test_ways_of_failing_are_distinct_and_their_files_bring_them_about(tmp_path: Path) -> None:
    scenario = simulator.load(write(tmp_path, THREE))
    out = tmp_path / "found"
    out.mkdir()
    found = archetypes(scenario, month=12, paths=4_096, out=out)
    assert len(found.archetypes) >= 3
    assert found.silhouette > 0.1
    assert sum(one.share.value for one in found.archetypes) == pytest.approx(1.0, abs=0.01)
    centres = [np.array([one.drivers[name] for name in found.archetypes[0].drivers]) for one in found.archetypes]
    apart = [np.linalg.norm(a - b) for k, a in enumerate(centres) for b in centres[:k]]
    assert min(apart) > 0.7
    assert any(one.drivers["money from raise"] < -1.0 for one in found.archetypes)
    for one in found.archetypes:
        assert one.file is not None
        again = simulator.run(out / one.file, paths=1_024)
        assert again.pd(12)[0] >= 0.9
        assert again.pd(12)[0] == pytest.approx(one.reproduced.value, abs=0.05)


def test_too_few_failing_paths_are_not_grouped(tmp_path: Path) -> None:
    scenario = simulator.load(write(tmp_path, CASH.replace("MEAN", "250")))
    with pytest.raises(ValueError, match="are needed to be grouped"):
        archetypes(scenario, month=12, paths=1_024)


# --- commands ----------------------------------------------------------------------------------------------------------


def test_the_commands_print_tables_and_write_documents(stored: Path, tmp_path: Path) -> None:
    company = str(write(tmp_path, CASH.replace("MEAN", "130")))
    commands = {
        "failures": ["failures", company, "--by", "12", "--paths", "1024"],
        "warnings": ["warnings", company, "--at", "4", "--ahead", "8", "--paths", "1024"],
        "bands": ["bands", company, "--paths", "1024"],
        "reweight": ["reweight", str(stored), "--view", "mean(input.opening.cash) -= 5M"],
    }
    for verb, command in commands.items():
        out = tmp_path / verb
        text = CliRunner().invoke(main, [*command, "--out", str(out)])
        assert text.exit_code == 0, text.output
        assert " %" in text.output
        document = json.loads((out / "document.json").read_text())
        assert document["verb"] == verb
        assert document["schema"] == 1
        assert list(out.glob("*.parquet"))
        again = CliRunner().invoke(main, [*command, "--json"])
        assert json.loads(again.stdout).keys() == document.keys()
    wrong = CliRunner().invoke(main, ["reweight", str(stored), "--view", "mean(nobody) = 1"])
    assert wrong.exit_code == 2
    assert "no column" in wrong.output
