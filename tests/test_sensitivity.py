"""Sensitivities against a company whose default probability is a normal integral.

Cash X ~ N(100, 20²) and burn B ~ N(10, 1²) a month in $M, no cure: in default by month 10 if X < 10 B, that is with probability
1/2, and with c = corr(X - 10 B, X) = 20/√500: for indicators of a half-space through the mean
    S_X = (2/π) arcsin c²,  S_B = (2/π) arcsin (1 - c²),  T_X = 1 - S_B,  T_B = 1 - S_X   (Sheppard 1899)
Statistical assertions at 4 standard errors: a right program fails one with probability 6e-5 at another seed.
"""

from __future__ import annotations

import json
import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import simulator
from simulator.analysis.sensitivity import first_order, sensitivity, total_index
from simulator.analysis.shapley import Table, conditioned, effects
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
TIED = '\n[dependence.inputs]\nnames = ["opening.cash", "flows.cost.amount"]\ncorrelation = [[1.0], [0.6, 1.0]]\n'
PLAIN = """
format = 1
[calendar]
start = "2026-11"
months = 12
[opening]
cash = "99M"
[default]
cure = "0 days"
[flows.cost]
amount = "10M/mo"
[flows.claim]
type = "one_off"
amount = "20M"
month = "2026-12"
probability = 0.5
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
        assert one.first is not None
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
    assert one.first is not None
    assert abs(one.first.value) < 4 * (one.first.high - one.first.low + 1e-3)


def test_a_correlated_input_has_a_share_of_its_own_and_a_reason_why_no_total(file: Path) -> None:
    """With the correlation 0.6 the margin X - 10 B has the variance 400 - 2 x 0.6 x 20 x 10 + 100 = 260 and knowing a group of
    inputs takes the share R² of it; of the indicator c(v) = asin(R²) / 2π, over 1/4. The effect of one of two inputs is half of
    what it explains alone and half of what it adds to the other; together they explain all."""
    tied = file.parent / "tied.toml"
    tied.write_text(TEXT + TIED)
    found = sensitivity(simulator.load(tied), month=10, paths=PATHS)
    alone = {"opening.cash": (20 - 0.6 * 10) ** 2 / 260, "flows.cost.amount": (0.6 * 20 - 10) ** 2 / 260}
    explained = {name: 2 / math.pi * math.asin(part) for name, part in alone.items()}
    for one in found.inputs:
        assert one.total is None
        assert "correlated" in str(one.why_no_total)
        own, other = explained[one.name], sum(explained.values()) - explained[one.name]
        for e, truth in ((one.first, own), (one.effect, (own + 1.0 - other) / 2)):
            assert e is not None
            assert abs(e.value - truth) < 4 * (e.high - e.low) / 3.9
    assert found.explained is not None
    assert sum(one.effect.value for one in found.inputs if one.effect) == pytest.approx(
        found.explained.value, rel=1e-12
    )
    assert abs(found.explained.value - 1.0) < 4 * (found.explained.high - found.explained.low) / 3.9


def test_a_bar_of_a_correlated_input_leaves_the_others_as_they_are(file: Path) -> None:
    """Listed first or last: the bar is the run in which it alone is fixed."""
    bars = []
    for names in ('"opening.cash", "flows.cost.amount"', '"flows.cost.amount", "opening.cash"'):
        tied = file.parent / "order.toml"
        tied.write_text(TEXT + TIED.replace('"opening.cash", "flows.cost.amount"', names))
        found = sensitivity(simulator.load(tied), month=10, paths=4096, names=("opening.cash",))
        bars.append(found.inputs[0].bar.difference)
    assert abs(bars[0].value - bars[1].value) < 4 * math.hypot(*((b.high - b.low) / 3.92 for b in bars))
    # at its P10 the cash is 74.4, at its P90 125.6; the burn stays N(10, 1)
    truth = 0.5 * (math.erf((10 - 12.56) / math.sqrt(2)) - math.erf((10 - 7.44) / math.sqrt(2)))
    assert abs(bars[0].value - truth) < 4 * (bars[0].high - bars[0].low) / 3.92


def test_shapley_effects_of_a_linear_gaussian_model_are_those_of_owen_and_prieur() -> None:
    """Y = b·X + noise: c(v) = b' Cov(X, X_v) Cov(X_v)^-1 Cov(X_v, X) b, summed over all groups (Owen & Prieur 2017, section 4;
    for two inputs b1² (1 - ρ²/2) + b1 b2 ρ + b2² ρ²/2). The last input has no weight and a share by its correlation alone."""
    b, rho = np.array([1.0, -0.5, 0.7, 0.0]), {(0, 1): 0.7, (2, 3): -0.6, (0, 3): 0.3}
    covariance = np.eye(4)
    for (i, j), r in rho.items():
        covariance[i, j] = covariance[j, i] = r
    rng = np.random.default_rng(11)
    n, root = 40_000, np.linalg.cholesky(covariance)
    scores, anew = (root @ rng.standard_normal((4, n)) for _ in range(2))
    noise = rng.standard_normal((20, n))
    found = effects(
        lambda x, number: np.asarray(b @ x + 0.5 * noise[number]), scores, anew, Table((0, 1, 2, 3), covariance),
        rng.random((4, n)), lambda task, numbers: [task(k) for k in numbers],
    )  # fmt: skip
    assert found is not None

    def explained(group: tuple[int, ...]) -> float:
        if not group:
            return 0.0
        with_group = covariance[:, group].T @ b
        return float(with_group @ np.linalg.solve(covariance[np.ix_(group, group)], with_group))

    variance = explained((0, 1, 2, 3)) + 0.25
    for k, e in enumerate(found.each):
        others = [j for j in range(4) if j != k]
        truth = sum(
            (explained(tuple(sorted((*group, k)))) - explained(group)) / (4 * math.comb(3, size))
            for size in range(4)
            for group in combinations(others, size)
        )
        assert abs(e.value - truth / variance) < 4 * (e.high - e.low) / 3.92
        assert e.high - e.low < 0.04
    assert sum(e.value for e in found.each) == pytest.approx(found.together.value, rel=1e-12)
    two = np.array([[1.0, 0.7], [0.7, 1.0]]), np.array([1.0, -0.5])
    published = two[1][0] ** 2 * (1 - 0.49 / 2) + 0.7 * two[1].prod() + two[1][1] ** 2 * 0.49 / 2
    own, other, whole = (1 - 0.35) ** 2, (0.7 - 0.5) ** 2, 1.25 - 0.7
    assert published == pytest.approx((own + whole - other) / 2)  # what the sum over groups is for two


def test_known_scores_stay_and_the_others_have_their_law_given_them() -> None:
    rng = np.random.default_rng(3)
    covariance = np.array([[1.0, 0.8], [0.8, 1.0]])
    root = np.linalg.cholesky(covariance)
    scores, anew = (
        np.concatenate([root @ rng.standard_normal((2, 50_000)), rng.standard_normal((1, 50_000))]) for _ in "ab"
    )
    known = np.zeros((3, 50_000), dtype=bool)
    known[1] = True
    found = conditioned(scores, anew, known, Table((0, 1), covariance))
    assert np.all(found[1] == scores[1])
    assert np.all(found[2] == anew[2])
    left = found[0] - 0.8 * found[1]
    assert abs(np.corrcoef(left, found[1])[0, 1]) < 4 / math.sqrt(50_000)
    assert abs(left.var() / 0.36 - 1.0) < 4 * math.sqrt(2 / 50_000)


# --- plain numbers -----------------------------------------------------------------------------------------------------


def test_a_plain_number_joins_with_its_two_ends_and_as_uniform_between_them(tmp_path: Path) -> None:
    """In default at the end of month 10 if the cash is below 100 and the claim, which comes in one path of two."""
    file = tmp_path / "plain.toml"
    file.write_text(PLAIN)
    scenario = simulator.load(file)
    found = sensitivity(scenario, month=10, paths=PATHS, vary=["cash=150M..50M", "flows.claim.amount=0M..40M"])
    by_name = {one.name: one for one in found.inputs}
    bar = by_name["cash"].bar
    assert by_name["cash"].at == (50.0, 150.0)
    for end, cash in ((bar.low, "50M"), (bar.high, "150M")):
        lives = simulator.run(simulator.load(file, [f"opening.cash={cash}"]), paths=PATHS)
        assert end == pytest.approx(lives.pd(10))
    assert bar.difference.value == bar.high.value - bar.low.value == -1.0
    # with the claim, c uniform on 0 … 40, in default if x < 100 + c, x uniform on 50 … 150
    p = 0.5 * 0.5 + 0.5 * 0.7
    wide = found.pd_spread
    assert wide is not None
    assert abs(wide.value - p) < 4 * (wide.high - wide.low) / 3.92
    x = np.linspace(50.0, 150.0, 200_001)
    given = np.where(x < 100, 1.0, 0.5 * np.clip((140 - x) / 40, 0.0, 1.0))
    first = by_name["cash"].first
    assert first is not None
    assert abs(first.value - np.var(given) / (p * (1 - p))) < 4 * (first.high - first.low) / 3.9
    assert "--vary" in found.document["command"]


def test_a_number_that_cannot_be_drawn_has_a_bar_and_says_why_no_index(tmp_path: Path) -> None:
    file = tmp_path / "plain.toml"
    file.write_text(PLAIN)
    scenario = simulator.load(file, ["opening.arrears=1M"])
    (one,) = sensitivity(scenario, month=10, paths=1024, vary=["opening.arrears_months=1..2"]).inputs
    assert one.first is None
    assert "cannot be drawn" in str(one.why_no_index)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("opening.cash", "two ends"),
        ("opening.cash=1M", "two ends"),
        ("opening.cash=1M..2M:3", "two ends"),
        ("opening.cash=1M..2 days", "mixes the units"),
        ("flows.cost.amount=1M/mo..2M/mo", "uncertain already"),
    ],
)
def test_what_cannot_be_varied_is_refused_with_what_to_write(file: Path, text: str, said: str) -> None:
    found = CliRunner().invoke(main, ["sensitivity", str(file), "--vary", text, "--paths", "1000"])
    assert found.exit_code == 2
    assert said in found.output


def test_an_end_that_a_key_cannot_have_is_refused(file: Path) -> None:
    found = CliRunner().invoke(
        main, ["sensitivity", str(file), "--vary", "treasury.tax_rate=0%..200%", "--paths", "1000"]
    )
    assert found.exit_code == 2
    assert "treasury.tax_rate" in found.output


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
