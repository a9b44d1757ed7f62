"""Dollars, months and labels: what must not matter, and what must matter exactly."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import BUYER, LAB, SUPPLIER, Lives, alike, live, times

import simulator

RIGHTS = (BUYER, SUPPLIER)
MONTHS_OR_CODES = ("month", "code", "count")


def assert_scaled(a: Lives, b: Lives, factor: float, rtol: float) -> None:
    """Every amount of b is that of a times the factor, everything else the same (the month of a lowest value where it is exact:
    rounding decides between two months that tie)."""
    for column in a.simulation.outline.columns:
        if rtol > 0 and column.name == "lowest_liquidity_month":
            continue
        wanted = a[column.name] * (1.0 if column.kind in MONTHS_OR_CODES else factor)
        got = b[column.name]
        if rtol == 0:
            assert np.array_equal(got, wanted, equal_nan=True), column.name
        else:
            np.testing.assert_allclose(got, wanted, rtol=rtol, atol=10 * factor, err_msg=column.name)


@pytest.mark.parametrize("factor", [2.0, 0.5, 1024.0])
def test_doubling_every_dollar_amount_doubles_every_dollar_result_to_the_last_bit(factor: float) -> None:
    assert_scaled(live(*RIGHTS), live(*RIGHTS, text=times(factor, LAB)), factor, 0.0)


@settings(max_examples=6)
@given(factor=st.floats(1e-3, 1e3))
def test_any_other_currency_gives_the_same_endings(factor: float) -> None:
    a, b = live(*RIGHTS), live(*RIGHTS, text=times(factor, LAB))
    assert np.array_equal(a.ends, b.ends)
    assert np.array_equal(a.causes, b.causes)
    assert_scaled(a, b, factor, 1e-6)


@pytest.fixture(scope="module")
def long() -> Lives:
    return live(*RIGHTS, every=True)


@pytest.mark.parametrize("months", [1, 11, 23])
def test_a_longer_horizon_leaves_the_first_months_alone(months: int, long: Lives) -> None:
    """Nobody gives notice in the last month of a horizon, so the last month may differ in what depends on a notice."""
    short = live(*RIGHTS, f"calendar.months={months}", every=True)
    unseen = re.compile(r"exit|side|last|firm|headline|exposure|fee_if_left|lowest|:total|#|ending.worst")
    for slot, values in short.kept.items():
        upto = months if unseen.search(slot) else months + 1
        assert np.array_equal(values[:upto], long[slot][:upto], equal_nan=True), slot


def test_the_default_probability_of_a_month_does_not_depend_on_the_horizon(long: Lives) -> None:
    short = live(*RIGHTS, "calendar.months=20")
    assert np.array_equal(short.ends[short.ends <= 20], long.ends[long.ends <= 20])
    assert np.array_equal(np.flatnonzero(short.ends <= 20), np.flatnonzero(long.ends <= 20))


@pytest.mark.parametrize("years", [1, 7])
def test_the_year_on_the_calendar_does_not_matter(years: int) -> None:
    moved = re.sub(r'"(20[0-9]{2})(-[0-9]{2}")', lambda m: f'"{int(m[1]) + years}{m[2]}', LAB)
    assert alike(live(*RIGHTS, text=moved), live(*RIGHTS))


def test_the_fiscal_year_changes_tables_and_no_path() -> None:
    assert alike(live("calendar.fiscal_year_start=7"), live())


@pytest.mark.parametrize(
    "setting",
    [
        "flows.expense.amount=1B/mo", "flows.expense.amount=$12,000M/yr", "contracts.big.fee=6B/yr", "opening.cash=4000M",
        "default.cure=1 mo", "revenue.growth=0.24 log/yr", "price.reversion=0.06666666666666667 /mo",
        "operations.partner_share=0.05", "financing.line.rate=0.5833333333333333 %/mo",
    ],
)  # fmt: skip
def test_the_unit_in_which_a_number_is_written_does_not_matter(setting: str) -> None:
    assert alike(live(setting), live(), rtol=1e-9, atol=10.0)


def test_an_effective_rate_is_the_nominal_rate_that_compounds_to_it() -> None:
    nominal = 12 * ((1.03) ** (1 / 12) - 1) * 100
    assert alike(live(f"treasury.interest={nominal!r} %/yr nominal"), live(), rtol=1e-9, atol=10.0)


def test_the_number_of_paths_is_no_part_of_the_identity_of_a_run_and_the_seed_is() -> None:
    from worlds import world

    assert world("run.paths=7").hash == world().hash
    assert world("run.seed=7").hash != world().hash
    assert world("opening.cash=5B").hash != world().hash
    assert simulator.run(world(), paths=3).scenario.hash == world().hash
