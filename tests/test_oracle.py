"""The engine against the slow, obvious one-path oracle, fed with the engine's own shocks: every account agrees.

Whole scenarios at random run in plain Python (tests/interpreted.py), so that none has to be compiled; tests/campaigns/oracle.py
runs hundreds of them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from agreement import compare_compiled, compare_interpreted, written
from companies import companies
from company import COMPANY
from hypothesis import given, settings

import simulator
from simulator.components.base import ATTACHED, discover

SCENARIOS = Path(__file__).parent.parent / "scenarios"


@pytest.mark.parametrize("seed", [1, 2])
def test_the_oracle_agrees_on_a_company_that_has_a_bit_of_everything(seed: int, tmp_path: Path) -> None:
    endings = compare_compiled(written(COMPANY + f"\n[run]\nseed = {seed}\n", tmp_path), lanes=48)
    assert len(endings) > 1


@pytest.mark.parametrize("name", ["anthropic-xai-expanded", "neocloud-tenant"])
def test_the_oracle_agrees_on_shipped_scenarios(name: str) -> None:
    compare_interpreted(simulator.load(SCENARIOS / f"{name}.toml"), range(4))


def test_the_oracle_agrees_on_the_shipped_deal_in_machine_code() -> None:
    compare_compiled(simulator.load(SCENARIOS / "anthropic-xai.toml"), lanes=24)


@settings(max_examples=int(os.environ.get("SIMULATOR_ORACLE_EXAMPLES", "24")))
@given(text=companies())
def test_the_oracle_agrees_on_whole_scenarios_of_any_shape(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    compare_interpreted(written(text, tmp_path_factory.mktemp("oracle")), range(2))


def test_the_oracle_knows_every_law_and_clause() -> None:
    """A component that is added has to be written down once more in tests/oracle."""
    from oracle.opening import CLAUSES, KNOWN

    assert {family: set(tags) for family, tags in discover().items()} == KNOWN
    assert {host: set(tags) for host, tags in ATTACHED.items()} == CLAUSES
