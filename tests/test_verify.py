"""`simulator verify` recomputes the evidence, and says so when something does not come out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from simulator.cli import main
from simulator.verification import cases, measures
from simulator.verification.verify import verify

CASES = cases.all_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_every_check_of_the_evidence_holds(case: cases.Case) -> None:
    """Within 4 standard errors at a fixed seed: a right program fails one of the about 160 with probability 1 % in all."""
    outcomes = list(verify([case]))
    assert len(outcomes) == len(case.checks)
    assert [(o.check.name, o.got, o.z) for o in outcomes if not o.holds] == []


def test_every_case_says_where_its_answer_comes_from_and_names_what_it_measures() -> None:
    assert len(CASES) >= 17
    assert sum(len(case.checks) for case in CASES) >= 150
    for case in CASES:
        assert case.source
        assert case.scenario.exists()
        names = [check.name for check in case.checks]
        assert len(set(names)) == len(names)


def test_a_false_expectation_is_reported_and_ends_with_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = cases.folder()
    for name in ("det_constant_burn", "abm_fp_burn"):
        document = json.loads((source / f"{name}.json").read_text())
        document["checks"][0]["expected"] *= 1.5
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
        (tmp_path / f"{name}.toml").write_text((source / f"{name}.toml").read_text())
    monkeypatch.setattr(cases, "folder", lambda: tmp_path)
    result = CliRunner().invoke(main, ["verify"])
    assert result.exit_code == 1
    assert result.output.count("FAILS") == 2
    assert "2 failed" in result.output
    report = json.loads(CliRunner().invoke(main, ["verify", "--json", "--only", "constant"]).stdout)
    assert report["failed"] == 1
    assert [row["holds"] for row in report["checks"]] == [False, True]


def test_verify_takes_names_and_refuses_unknown_ones() -> None:
    text = CliRunner().invoke(main, ["verify", "--only", "det_constant"]).output
    assert "det_constant_burn" in text
    assert "lognormal" not in text
    assert CliRunner().invoke(main, ["verify", "--only", "no such case"]).exit_code == 2


def test_measures_compute_what_they_say() -> None:
    x = np.array([1.0, 2.0, 3.0, 10.0])
    sources = {"slot": lambda _, month: x * month, "path": lambda *_: 7.0}
    for text, wanted in (
        ("mean(slot('a', 2)) / 2", 4.0),
        ("var(slot('a', 1))", float(np.var(x))),
        ("share((slot('a', 1) > 1) & (slot('a', 1) <= 3))", 0.5),
        ("quantile(slot('a', 1), 0.5)", 2.0),
        ("mean(where(slot('a', 1) < 3, slot('a', 1)))", 1.5),
        ("corr(slot('a', 1), -2 * slot('a', 1))", -1.0),
        ("kurtosis(slot('a', 1)) + skew(slot('a', 1)) * 0", float(np.mean((x - 4) ** 4) / np.var(x) ** 2 - 3)),
        ("path('cash', -1) ** 2", 49.0),
    ):
        assert measures.evaluate(text, sources) == pytest.approx(wanted)


@pytest.mark.parametrize(
    "text",
    ["mean(", "__import__('os')", "slot.x", "[1, 2]", "mean(x)", "open('a')", "lambda: 1", "mean(slot('a', 1))[0]"],
)
def test_what_is_no_measure_is_refused(text: str) -> None:
    with pytest.raises(measures.MeasureError):
        measures.evaluate(text, {"slot": lambda *_: np.ones(3)})
