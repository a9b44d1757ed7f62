"""`simulator verify` recomputes the evidence, and says so when something does not come out.

The whole of it runs once in CI (about a minute); here the exact checks, and a sample of the others.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import simulator
from simulator.cli import main
from simulator.engine.block import BLOCK
from simulator.runner import with_run
from simulator.verification import cases, measures, sources
from simulator.verification.verify import FALSE_ALARM, binomial_score, outcome, verify

CASES = cases.all_cases()
BY_NAME = {case.name: case for case in CASES}
SAMPLE = (
    "abm_fp_burn", "cure_lattice", "credit_line_fp", "lognormal_cumulative_revenue", "ou_log_price_transition",
    "regime_switching_fp", "equity_compound_poisson", "parameter_distributions", "pub_hull_merton_pd",
    "laws/bootstrap", "laws/rounds",
)  # fmt: skip


@pytest.mark.parametrize("name", SAMPLE)
def test_a_sample_of_the_evidence_holds(name: str) -> None:
    """Within 4 standard errors at a fixed seed: a right program fails one of the about 130 with probability 0.8 % in all."""
    outcomes = list(verify([BY_NAME[name]]))
    assert len(outcomes) == len(BY_NAME[name].at(full=False).checks)
    assert [(o.check.name, o.got, o.z) for o in outcomes if not o.holds] == []


def test_the_exact_checks_hold_at_any_number_of_paths() -> None:
    """All checks of the deterministic path, and the month loop with given shocks."""
    found = 0
    for case in CASES:
        if all(check.sd1 is None for check in case.checks):
            outcomes = list(verify([case]))
            found += len(outcomes)
            assert [(case.name, o.check.name, o.got) for o in outcomes if not o.holds] == []
    assert found > 130


def test_every_case_says_where_its_answer_comes_from_and_names_what_it_measures() -> None:
    assert len(CASES) >= 72
    for case in CASES:
        assert case.source
        names = [check.name for check in case.checks]
        assert len(set(names)) == len(names)
        for check in case.checks:
            measures.calls(check.measure)
            assert check.sd1 is None or math.isfinite(check.sd1)
            if check.probability:  # a share of all paths; one of some paths only has a larger spread
                assert check.measure.startswith("share(")
                assert "where(" not in check.measure
        for reference in case.references:
            assert reference.why


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_every_scenario_of_the_evidence_is_valid_with_all_its_settings(case: cases.Case) -> None:
    for settings in {check.settings for check in case.checks}:
        assert with_run(simulator.load(case.scenario, settings), paths=1, seed=1).run.paths == 1


def test_every_case_of_the_evidence_is_listed_with_its_place() -> None:
    listed = (cases.folder() / "README.md").read_text(encoding="utf-8")
    for case in CASES:
        assert f"`{case.name}`" in listed, case.name


def test_a_false_expectation_is_reported_and_ends_with_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = cases.folder()
    (tmp_path / "deeper").mkdir()
    for name, place in (("det_constant_burn", tmp_path), ("abm_fp_burn", tmp_path / "deeper")):
        document = json.loads((source / f"{name}.json").read_text())
        document["checks"] = document["checks"][:2]
        document["checks"][0]["expected"] *= 1.5
        (place / f"{name}.json").write_text(json.dumps(document))
        (place / f"{name}.toml").write_text((source / f"{name}.toml").read_text())
    monkeypatch.setattr(cases, "folder", lambda: tmp_path)
    result = CliRunner().invoke(main, ["verify"])
    assert result.exit_code == 1
    assert result.output.count("FAILS") == 2
    assert "4 checks of 2 cases, 2 failed" in result.output
    assert "2 checks are stochastic" in result.output
    assert "deeper/abm_fp_burn: " in result.output
    report = json.loads(CliRunner().invoke(main, ["verify", "--json", "--only", "constant"]).stdout)
    assert report["failed"] == 1
    assert [row["holds"] for row in report["checks"]] == [False, True]
    assert report["stochastic"] == 0


def test_verify_takes_names_and_refuses_unknown_ones() -> None:
    text = CliRunner().invoke(main, ["verify", "--only", "det_constant", "--only", "det_linear"]).output
    assert "det_constant_burn" in text
    assert "det_linear_growth" in text
    assert "lognormal" not in text
    assert CliRunner().invoke(main, ["verify", "--only", "no such case"]).exit_code == 2


# --- measures -----------------------------------------------------------------------------------------------------------


def test_measures_compute_what_they_say() -> None:
    x = np.array([1.0, 2.0, 3.0, 10.0])
    given: dict[str, Any] = {"slot": lambda _, month: x * month, "path": lambda *_: 7.0, "course": lambda _: x - 2.5}
    for text, wanted in (
        ("mean(slot('a', 2)) / 2", 4.0),
        ("var(slot('a', 1))", float(np.var(x))),
        ("share((slot('a', 1) > 1) & (slot('a', 1) <= 3))", 0.5),
        ("share(slot('a', 1) != 1)", 0.75),
        ("quantile(slot('a', 1), 0.5)", 2.0),
        ("quantile(slot('a', 1), 0.51)", 3.0),
        ("expected_shortfall(slot('a', 1), 0.5)", 1.5),
        ("expected_shortfall(slot('a', 1), 0.51)", 2.0),
        ("mean(where(slot('a', 1) < 3, slot('a', 1)))", 1.5),
        ("mean(max(slot('a', 1) - 2, 0)) + sum(min(slot('a', 1), 2))", 2.25 + 7.0),
        ("corr(slot('a', 1), -2 * slot('a', 1))", -1.0),
        ("kurtosis(slot('a', 1)) + skew(slot('a', 1)) * 0", float(np.mean((x - 4) ** 4) / np.var(x) ** 2 - 3)),
        ("path('cash', -1) ** 2", 49.0),
        ("month_of(course('a') > 0) + least(course('a')) + most(among(course('a'), 0, 1))", 2 - 1.5 - 0.5),
        ("nth(slot('a', 1), 3)", 10.0),
    ):
        assert measures.evaluate(text, given) == pytest.approx(wanted), text
    assert measures.evaluate("month_of(course('a') > 9)", given) == math.inf


def test_months_of_events_are_counted_from_1_and_never_is_infinite() -> None:
    rows = np.array([[0.0, 9.0, 5.0], [1.0, 1.0, 5.0], [2.0, 9.0, 5.0]])  # opening and two months of three paths
    assert list(sources.first_month(rows, ">", 1.5)) == [2.0, 2.0, 1.0]
    assert list(sources.first_month(rows, "==", 9.0)) == [math.inf, 2.0, math.inf]
    assert list(sources.at_default(rows, np.array([1.0, 2.0, math.inf]))) == [1.0, 9.0, 0.0]


@pytest.mark.parametrize(
    "text",
    ["mean(", "__import__('os')", "slot.x", "[1, 2]", "mean(x)", "open('a')", "lambda: 1", "mean(slot('a', 1))[0]"],
)
def test_what_is_no_measure_is_refused(text: str) -> None:
    with pytest.raises(measures.MeasureError):
        measures.evaluate(text, {"slot": lambda *_: np.ones(3)})


def test_a_measure_of_what_does_not_exist_says_what_there_is() -> None:
    scenario = simulator.load(BY_NAME["abm_fp_burn"].scenario)
    with pytest.raises(measures.MeasureError, match=r"there is no slot 'nonsense'; there are: .*cash"):
        sources.Sources(scenario, ["mean(slot('nonsense', 1))"], BLOCK)
    with pytest.raises(measures.MeasureError, match=r"there is no column\('nonsense'\)"):
        sources.Sources(scenario, ["mean(column('nonsense'))"], BLOCK)


def test_few_events_are_compared_with_the_binomial_law() -> None:
    """At 65,536 paths and p = 1e-4 there are 6.6 events on average; 17 are 4.07 normal standard errors, and quite possible."""
    case = BY_NAME["rare_first_passage"]
    check = cases.Check("rare", "", 1e-4, sd1=0.01, probability=True)
    paths = 65_536
    for events in (0, 3, 6, 7, 17, 18):
        assert outcome(case, check, events / paths, paths).holds, events
    assert not outcome(case, check, 21 / paths, paths).holds
    score = binomial_score(21, paths, 1e-4)
    above = 1.0 - sum(math.exp(-6.5536) * 6.5536**k / math.factorial(k) for k in range(21))  # Poisson, about the same
    assert 0.5 * math.erfc(score / math.sqrt(2.0)) == pytest.approx(above, rel=0.01)
    assert above < FALSE_ALARM / 2.0
    assert not outcome(case, cases.Check("never", "", 0.0, sd1=0.0, probability=True), 1 / paths, paths).holds
