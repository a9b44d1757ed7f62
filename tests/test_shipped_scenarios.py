"""The shipped scenarios: they load, run, and keep the facts of the deal."""

from __future__ import annotations

from pathlib import Path

import pytest

import simulator

SCENARIOS = sorted((Path(__file__).parent.parent / "scenarios").glob("*.toml"))


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda f: f.stem)
def test_a_shipped_scenario_runs_and_says_what_it_is(file: Path) -> None:
    text = file.read_text().lower()
    assert "no forecast" in text
    assert "no advice" in text
    result = simulator.run(file, paths=256)
    assert result.document["not_a_number"] == 0


def test_the_base_deal_is_firm_for_three_fees_and_runs_to_may_2029() -> None:
    result = simulator.run(SCENARIOS[[f.stem for f in SCENARIOS].index("anthropic-xai")], paths=256)
    contract = result.document["contracts"]["xai"]
    assert contract["firm"] == pytest.approx(3 * 1.25e9)
    assert contract["headline"] == pytest.approx(31 * 1.25e9)  # 2026-11 to 2029-05
