"""What the ledger keeps to on every path, in every month, whatever the company."""

from __future__ import annotations

import numpy as np
import pytest
from companies import companies
from hypothesis import given, settings
from worlds import LAB, UNTIL_THE_HORIZON, Array, Lives, alike, live, upto

from simulator.engine.block import deterministic_path
from simulator.engine.build import Account
from simulator.engine.program import build
from simulator.scenario.load import build as scenario_of
from simulator.scenario.resolve import resolve

POOR = ("opening.cash=0.5B", "financing.listing=none", "default.cure=90 days", UNTIL_THE_HORIZON)
CALENDAR = '\n[calendar]\nstart = "2026-11"\n'


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory):
    """Text of a scenario -> (its deterministic path, its accounts, its claims, what is due in the shadow account only)."""
    folder = tmp_path_factory.mktemp("books")

    def open_books(text: str) -> tuple[dict[str, Array], tuple[Account, ...], tuple[str, ...], tuple[str, ...]]:
        file = folder / "case.toml"
        file.write_text("format = 1\n" + text + ("" if "[calendar]" in text else CALENDAR))
        scenario = scenario_of(resolve(file, ()))
        program = build(scenario, 1, lambda _: None, deterministic=True)
        return deterministic_path(scenario), program.accounts, program.claims, program.promised

    return open_books


def scale_of(path: dict[str, Array]) -> float:
    return max(1.0, *(float(np.abs(path[s]).max()) for s in ("cash", "shadow.cash", "ledger.arrears", "line.drawn")))


@settings(max_examples=20)
@given(text=companies())
def test_cash_moves_by_what_is_received_drawn_paid_and_repaid(text: str, books) -> None:
    path, accounts, claims, _ = books(text)
    receipts = sum(path[a.slot] for a in accounts if a.claim is None)
    paid = sum(path[f"{claim}.paid"] for claim in claims)
    assert np.allclose(receipts, path["ledger.receipts"], rtol=0, atol=1e-9 * scale_of(path))
    assert np.allclose(paid, path["ledger.paid"], rtol=0, atol=1e-9 * scale_of(path))
    moved = receipts + path["ledger.draw"] - paid - path["ledger.repaid"]
    assert np.allclose(np.diff(path["cash"]), moved[1:], rtol=0, atol=1e-9 * scale_of(path))
    assert path["cash"].min() >= 0.0


@settings(max_examples=20)
@given(text=companies())
def test_what_falls_due_is_paid_or_stays_in_arrears_and_never_more_than_is_owed_is_paid(text: str, books) -> None:
    path, accounts, claims, _ = books(text)
    for claim in claims:
        dues = sum((path[a.slot] for a in accounts if a.claim == claim), np.zeros(61))
        arrears, paid, late = (path[f"{claim}.{x}"] for x in ("arrears", "paid", "late_interest"))
        deferred, instalment = (path.get(f"{claim}.{x}", np.zeros(61)) for x in ("deferred", "instalment"))
        owed = arrears[:-1] + late[1:] + dues[1:]
        put_off = np.diff(deferred) + instalment[1:]  # by an amendment of this month; an instalment is a due again
        assert np.allclose(owed - paid[1:], arrears[1:] + put_off, rtol=0, atol=1e-9 * scale_of(path)), claim
        assert (paid[1:] <= owed * (1 + 1e-12)).all()
        assert (paid >= 0).all()
        assert (arrears >= 0).all()


@settings(max_examples=20)
@given(text=companies())
def test_no_account_is_ever_negative(text: str, books) -> None:
    path, accounts, *_ = books(text)
    for account in accounts:
        assert path[account.slot].min() >= 0.0, account.slot


@settings(max_examples=20)
@given(text=companies())
def test_the_flows_of_the_shadow_account_are_the_promised_ones(text: str, books) -> None:
    """S(m) = S(m-1) (1 + i) + flows that count there, as long as the path is alive; month 1 pays the arrears of the opening."""
    path, accounts, claims, later = books(text)
    end = int(path["ending.month"][-1]) or 60
    promised = sum(path[a.slot] * (1.0 if a.claim is None else -1.0) for a in accounts if a.shadow)
    promised = promised - sum((path[slot] for slot in later), np.zeros(61))
    promised[1] -= sum(path[f"{claim}.arrears"][0] for claim in claims)
    shadow = path["shadow.cash"]
    growth = (shadow[1] - promised[1]) / shadow[0]  # one cash rate, whatever the sign of the balance
    moved = (shadow[1:] - promised[1:] - growth * shadow[:-1])[:end]
    assert np.abs(moved).max() <= 1e-9 * scale_of(path)


@pytest.fixture(scope="module")
def poor() -> Lives:
    return live(*POOR, every=True)


def test_a_line_is_never_drawn_and_repaid_in_one_month(poor: Lives) -> None:
    drawn, repaid = poor["ledger.draw"] > 0, poor["ledger.repaid"] > 0
    assert drawn.any()
    assert repaid.any()
    assert not (drawn & repaid).any()


def test_what_is_drawn_stays_between_nought_and_the_limit(poor: Lives) -> None:
    drawn = poor["financing.line.drawn"]
    assert drawn.min() >= 0.0
    assert drawn.max() <= 1e9 * (1 + 1e-12)
    assert (drawn == 1e9).any()


def test_a_line_is_repaid_only_out_of_cash_above_the_target(poor: Lives) -> None:
    repaid = poor["ledger.repaid"] > 0
    assert (poor["cash"][repaid] >= 0.3e9 * (1 - 1e-12)).all()


def test_a_line_is_drawn_only_when_the_cash_is_gone(poor: Lives) -> None:
    drawn = poor["ledger.draw"] > 0
    assert (poor["cash"][drawn] == 0.0).all()


def test_no_rank_is_paid_while_one_before_it_is_short(poor: Lives) -> None:
    ranks = (("operating",), ("financing.line",), ("contracts.big", "contracts.small"))
    for before, after in ((0, 1), (0, 2), (1, 2)):
        short = sum(poor[f"{claim}.arrears"] for claim in ranks[before]) > 1.0
        paid = sum(poor[f"{claim}.paid"] for claim in ranks[after])
        assert (paid[short] <= 1.0).all()


def test_claims_of_one_rank_are_paid_the_same_share(poor: Lives) -> None:
    claims = [f"contracts.{c}" for c in ("big", "small")]
    accounts = poor.simulation.program.accounts
    dues = [sum(poor[a.slot] for a in accounts if a.claim == claim)[1:] for claim in claims]
    before = [poor[f"{claim}.arrears"][:-1] + poor[f"{claim}.late_interest"][1:] for claim in claims]
    owed = [due + arrears for due, arrears in zip(dues, before, strict=True)]
    both = (owed[0] > 0) & (owed[1] > 0) & (poor["alive"][1:] > 0)
    assert both.any()
    shares = [poor[f"{claim}.paid"][1:][both] / o[both] for claim, o in zip(claims, owed, strict=True)]
    assert (shares[0] < 1).any()
    np.testing.assert_allclose(shares[0], shares[1], rtol=1e-9, atol=1e-9)


def test_cash_less_what_is_drawn_less_arrears_moves_by_the_dues_paid_or_not(poor: Lives) -> None:
    program = poor.simulation.program
    position = poor["cash"] - poor["line.drawn"] - poor["ledger.arrears"]
    net = sum(poor[a.slot] * (1.0 if a.claim is None else -1.0) for a in program.accounts)
    net -= sum(poor[f"{claim}.late_interest"] for claim in program.claims)
    np.testing.assert_allclose(np.diff(position, axis=0), net[1:], rtol=0, atol=1e-9 * np.abs(position).max())


def test_after_the_ending_balances_stand_still_and_nothing_flows() -> None:
    lives = live(every=True)
    month = np.arange(37)[:, None]
    for slot in ("cash", "line.drawn", "ledger.arrears", "liquidity"):
        last = np.take_along_axis(lives[slot], np.minimum(36, lives.ends)[None, :].astype(int), axis=0)
        assert (np.where(month > lives.ends, lives[slot], last) == last).all(), slot
    for account in lives.simulation.program.accounts:
        assert not lives[account.slot][month > lives.ends].any(), account.slot


def test_running_on_past_a_default_leaves_the_months_before_it_alone() -> None:
    stops, goes_on = live(every=True), live(UNTIL_THE_HORIZON, every=True)
    for slot in stops.kept:
        if slot != "alive":
            assert np.array_equal(upto(stops[slot], stops.ends), upto(goes_on[slot], stops.ends)), slot
    assert np.array_equal(stops["end_month"], goes_on["end_month"])
    assert np.array_equal(stops["cause"], goes_on["cause"])


def test_interest_of_nought_is_no_interest() -> None:
    assert alike(live("treasury.interest=0 %/yr"), live("treasury.interest=none"))


def test_restricted_cash_that_never_becomes_free_pays_nothing() -> None:
    kept = live("opening.restricted_cash=50B", "treasury.interest=0 %/yr")
    assert alike(kept, live("treasury.interest=0 %/yr"))


def test_restricted_cash_that_is_free_in_month_1_is_cash_from_then_on() -> None:
    settings = ("treasury.interest=0 %/yr", "default.floor=none")
    restricted = live("opening.cash=3B", "opening.restricted_cash=1B", "opening.restricted_until=2026-11", *settings)
    assert alike(
        restricted, live(*settings), rtol=1e-9, atol=10.0, without=("shadow_cash", "shadow_flow_12m", "peak_need")
    )


def test_a_name_is_only_a_name() -> None:
    assert alike(live("title=Another", "contracts.big.counterparty=Somebody"), live())


def test_a_target_for_cash_changes_nothing_where_there_is_no_line() -> None:
    assert alike(live("financing.line=none", "treasury.target_cash=2B"), live("financing.line=none"))


def test_a_cheaper_rate_on_arrears_never_leaves_more_of_them() -> None:
    cheap, dear = (live(*POOR, f"default.late_interest={rate} %/mo", keep=("ledger.arrears",)) for rate in (0, 3))
    assert (cheap["ledger.arrears"] <= dear["ledger.arrears"] * (1 + 1e-12) + 1.0).all()
    assert (cheap["ledger.arrears"] < dear["ledger.arrears"] - 1.0).any()


def test_the_lab_of_these_properties_is_neither_safe_nor_lost() -> None:
    assert "[policies" not in LAB
    assert 0.3 < np.isfinite(live().ends).mean() < 0.9
