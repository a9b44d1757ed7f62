"""The shipped scenarios: they load, run, and keep the facts of the deal."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

import simulator
from simulator.engine.block import deterministic_path
from simulator.engine.simulation import Simulation

FOLDER = Path(__file__).parent.parent / "scenarios"
SCENARIOS = sorted(FOLDER.glob("*.toml"))
ABOUT_NOBODY = ("minimal", "safe")


@cache
def shipped(name: str, paths: int = 4096) -> simulator.Result:
    return simulator.run(FOLDER / f"{name}.toml", paths=paths)


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda f: f.stem)
def test_a_shipped_scenario_runs_and_says_what_it_is(file: Path) -> None:
    text = file.read_text().lower()
    extended = "extends = " in text
    if file.stem not in ABOUT_NOBODY:
        assert "no forecast" in text or extended
        assert "no advice" in text or extended
    assert shipped(file.stem).document["not_a_number"] == 0
    assert shipped(file.stem).scenario.name == file.stem


def test_the_base_deal_is_firm_for_three_fees_and_runs_to_may_2029() -> None:
    contract = shipped("anthropic-xai").document["contracts"]["xai"]
    assert contract["firm"] == pytest.approx(3 * 1.25e9)
    assert contract["headline"] == pytest.approx(31 * 1.25e9)  # 2026-11 to 2029-05


def test_the_signed_contract_pays_37_times_and_45_35_billion_to_the_cent() -> None:
    result = shipped("anthropic-xai-signed")
    path = deterministic_path(result.scenario)
    dues = [round(100 * float(x)) for x in path["contracts.xai.due"][1:]]  # in cents
    assert dues == [80_000_000_000] * 2 + [125_000_000_000] * 35
    assert sum(dues) == 4_535_000_000_000
    assert set(np.round(100 * result.column("xai.paid"))) == {4_535_000_000_000.0}


def test_the_signed_contract_is_firm_for_three_fees_after_each_reading_of_the_lock_in() -> None:
    result = shipped("anthropic-xai-signed")
    lock_in = result.column("input.contracts.xai.exit.buyer.lock_in")
    # false alarm 1e-5 each: 4.4 standard errors
    for days, weight in ((90, 0.6), (0, 0.2), (180, 0.2)):
        share = np.mean(lock_in == days)
        assert abs(share - weight) < 4.4 * np.sqrt(weight * (1 - weight) / lock_in.size)
    firm = Simulation(result.scenario).run_chunk(0, 1024, ("contracts.xai.firm",)).kept["contracts.xai.firm"]
    # at signing: dues of months 1 … max(0, s + L - 1) + 3 with s = 1 and a lock-in of L months
    for days, firm_months in ((90, 6), (0, 3), (180, 9)):
        of = lock_in[:1024] == days
        assert np.allclose(firm[12][of], 3 * 1.25e9)
        assert np.allclose(firm[0][of], (1.6 + (firm_months - 2) * 1.25) * 1e9)


def test_the_right_to_leave_lowers_the_payments_and_never_the_headline() -> None:
    base, firm = shipped("anthropic-xai").document, shipped("anthropic-xai-firm").document
    assert firm["contracts"]["xai"]["firm"] == firm["contracts"]["xai"]["headline"]
    assert firm["contracts"]["xai"]["headline"] == pytest.approx(base["contracts"]["xai"]["headline"])
    assert np.all(shipped("anthropic-xai").column("xai.paid") <= shipped("anthropic-xai-firm").column("xai.paid") + 1)


def test_without_a_funding_market_nothing_is_raised_and_no_path_does_better() -> None:
    base, shut = shipped("anthropic-xai"), shipped("anthropic-xai-no-market")
    assert not shut.column("raised").any()
    assert shut.pd(60)[0] >= base.pd(60)[0]


def test_the_sets_stand_in_the_order_of_their_names() -> None:
    """Default probability by month 36: bull and base near nought, bear about a quarter, stress most paths."""
    pd = {name: shipped(f"anthropic-xai-{name}").pd(36) for name in ("bull", "points", "bear", "stress")}
    assert pd["bull"][0] == 0.0
    assert pd["points"][2] < 0.01
    assert 0.15 < pd["bear"][0] < 0.35
    assert 0.7 < pd["stress"][0] < 0.97


def test_the_expansion_is_signed_on_half_of_the_paths_and_costs_more() -> None:
    result = shipped("anthropic-xai-expanded")
    expanded = result.column("alternative.expansion") == 1
    assert abs(expanded.mean() - 0.5) < 4.4 * 0.5 / np.sqrt(expanded.size)  # false alarm 1e-5
    plain = shipped("anthropic-xai")
    np.testing.assert_array_equal(result.column("cash")[~expanded], plain.column("cash")[~expanded])
    stayed = expanded & (result.column("xai.notice_side") == 0) & (result.column("cause") == 0)
    # 2.05 a month from 2026-11 through 2029-12
    assert np.allclose(result.column("xai.paid")[stayed], 38 * 2.05e9)


def test_a_tenant_that_fails_or_leaves_is_what_the_provider_fails_of() -> None:
    result = shipped("neocloud-tenant")
    tenant, defaulted = result.column("alternative.tenant"), result.column("cause") > 1
    stays, leaves, fails = (defaulted[tenant == k].mean() for k in range(3))
    assert stays < min(leaves, fails)


def test_safe_fails_about_once_in_a_million() -> None:
    assert shipped("safe", 200_000).pd(24)[0] < 2e-5
