"""What creditors are owed and lose when a path defaults."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import BUYER, Lives, alike, live

LAW = "recovery={{ unsecured = {}, secured = {} }}"
FIXED = LAW.format(0.4, 0.7)
CREDITORS = ("big", "small", "line")


@pytest.fixture(scope="module")
def lives() -> Lives:
    return live(FIXED, every=True)


def test_a_law_of_recovery_changes_no_path(lives: Lives) -> None:
    assert alike(lives, live(every=True))


def test_nobody_loses_where_nobody_defaults(lives: Lives) -> None:
    for name in CREDITORS:
        assert not lives[f"{name}.loss"][np.isinf(lives.ends)].any()
        assert not lives[f"{name}.exposure_at_default"][np.isinf(lives.ends)].any()


def test_a_loss_is_the_share_of_the_exposure_that_is_not_recovered(lives: Lives) -> None:
    for name, lost in (("big", 0.6), ("small", 0.6), ("line", 0.3)):
        np.testing.assert_allclose(
            lives[f"{name}.loss"], lost * lives[f"{name}.exposure_at_default"], rtol=1e-12, atol=1e-6
        )


def test_the_exposure_at_default_is_arrears_and_what_is_firm(lives: Lives) -> None:
    paths = np.flatnonzero(np.isfinite(lives.ends))
    month = lives.ends[paths].astype(int)
    for name, claim in (("contracts.big", "contracts.big.firm"), ("financing.line", "financing.line.drawn")):
        owed = lives[f"{name}.arrears"][month, paths] + lives[claim][month, paths]
        np.testing.assert_allclose(
            lives[f"{name.split('.')[1]}.exposure_at_default"][paths], owed, rtol=1e-12, atol=1e-6
        )


def test_who_recovers_all_loses_nothing() -> None:
    lives = live(LAW.format(1.0, 1.0))
    assert not any(lives[f"{name}.loss"].any() for name in CREDITORS)


@settings(max_examples=6)
@given(low=st.floats(0, 0.9), more=st.floats(0.01, 0.1))
def test_a_higher_recovery_never_loses_more(low: float, more: float) -> None:
    worse, better = (live(LAW.format(round(x, 4), round(x, 4))) for x in (low, low + more))
    for name in CREDITORS:
        assert (better[f"{name}.loss"] <= worse[f"{name}.loss"]).all()


@pytest.mark.parametrize("kind", ["deposit", "guarantee"])
def test_security_never_raises_a_loss(kind: str) -> None:
    """The contract begins before month 1: its deposit has been paid, so that nothing else changes."""
    other = "deposit" if kind == "guarantee" else "guarantee"
    worlds = [live(FIXED, f'contracts.big.security={{ {kind} = "{x}B", {other} = "0B" }}') for x in (0, 1, 5, 100)]
    losses = [w["big.loss"] for w in worlds]
    for less, more in itertools.pairwise(losses):
        assert (more <= less).all()
        assert (more < less).any()
    assert not losses[-1].any()
    ends = np.minimum(worlds[0].ends, 30)  # before the deposit comes back
    assert all(np.array_equal(np.minimum(w.ends, 30), ends) for w in worlds)


def test_a_dollar_of_guarantee_is_a_dollar_of_deposit_to_the_supplier() -> None:
    by_guarantee, by_deposit = (
        live(FIXED, f'contracts.big.security={{ deposit = "{d}B", guarantee = "{g}B" }}') for d, g in ((0, 2), (2, 0))
    )
    early = by_guarantee.ends < 31
    assert np.array_equal(by_guarantee["big.loss"][early], by_deposit["big.loss"][early])


def test_whoever_can_let_everything_again_is_owed_only_the_arrears(lives: Lives) -> None:
    mitigated = live(FIXED, "contracts.big.mitigation=100 %", every=True)
    paths = np.flatnonzero(np.isfinite(mitigated.ends))
    month = mitigated.ends[paths].astype(int)
    wanted = mitigated["contracts.big.arrears"][month, paths]
    assert np.array_equal(mitigated["big.exposure_at_default"][paths], wanted)
    assert (mitigated["big.loss"] <= lives["big.loss"]).all()


def test_a_right_to_leave_never_raises_what_the_buyer_owes_at_its_default(lives: Lives) -> None:
    short = live(FIXED, 'contracts.big.exit.buyer={ notice = "90 days" }')
    assert (short["big.exposure_at_default"] <= lives["big.exposure_at_default"] + 1e-3).all()
    longer = live(FIXED, 'contracts.big.exit.buyer={ notice = "300 days" }')
    assert (short["big.exposure_at_default"] <= longer["big.exposure_at_default"]).all()


def test_a_senior_claim_never_recovers_less_than_a_junior_one_of_the_same_law() -> None:
    law = "{ beta = { mean = 0.5, sd = 0.25 } }"
    same = live(LAW.format(law, law))
    senior, junior = same.inputs["recovery.secured"], same.inputs["recovery.unsecured"]
    assert np.array_equal(senior, junior)
    better = live(LAW.format("{ beta = { mean = 0.4, sd = 0.2 } }", "{ beta = { mean = 0.7, sd = 0.2 } }"))
    assert (better.inputs["recovery.secured"] >= better.inputs["recovery.unsecured"]).all()


def test_a_contract_may_recover_by_a_law_of_its_own_and_others_do_not_notice(lives: Lives) -> None:
    own = live(FIXED, "contracts.big.recovery=90 %")
    assert np.array_equal(own["small.loss"], lives["small.loss"])
    np.testing.assert_allclose(own["big.loss"] * 6, lives["big.loss"], rtol=1e-9)


def test_expected_loss_by_month_never_falls(lives: Lives) -> None:
    for name in ("contracts.big", "contracts.small", "financing.line"):
        by_month = lives[f"{name}.loss"]
        assert (np.diff(by_month, axis=0) >= 0).all()
        month = np.arange(37)[:, None]
        assert not by_month[month < lives.ends].any()


def test_no_exposure_is_left_after_the_ending() -> None:
    lives = live(FIXED, BUYER, keep=("contracts.big.firm", "contracts.big.headline"))
    after = np.arange(37)[:, None] > lives.ends
    assert not lives["contracts.big.firm"][after].any()
    assert not lives["contracts.big.headline"][after].any()
