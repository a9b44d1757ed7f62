"""Where nothing, or everything, was seen, and where a number lies beyond the horizon: an interval says no more than is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.analysis.bands import BAND, _row
from simulator.analysis.paired import _gain, of_changes, of_quantiles, of_shares
from simulator.analysis.reweight import weighted
from simulator.estimate import intervals
from simulator.report.decisions import ranged
from simulator.report.words import apart

HORIZON = 25.0  # the first month beyond it


def runways(*months: float, n: int = 400) -> np.ndarray:
    """Equal parts of the paths end in each of these months."""
    return np.repeat(np.array(months), n)


def test_of_two_medians_beyond_the_horizon_the_difference_is_not_known() -> None:
    a, b = runways(3.0, math.inf, math.inf), runways(9.0, math.inf, math.inf)
    d = of_quantiles(a, b, 0.5, (HORIZON, HORIZON))
    assert math.isnan(d.value)
    assert (d.low, d.high, d.gain) == (-math.inf, math.inf, None)
    assert apart(None, None, None) == "not known: beyond"


def test_of_one_median_beyond_the_horizon_what_follows_is_told() -> None:
    never, then = runways(3.0, math.inf, math.inf), runways(20.0, 20.0, math.inf)
    earlier, later = of_quantiles(never, then, 0.5, (HORIZON, HORIZON)), of_quantiles(then, never, 0.5, (HORIZON, 31.0))
    assert math.isnan(earlier.value)
    assert (earlier.low, earlier.high) == (-math.inf, -5.0)
    assert (later.low, later.high) == (11.0, math.inf)
    assert apart(None, None, -5.0) == "earlier by 5 or more"
    assert apart(None, 11.0, None) == "later by 11 or more"


def test_an_end_beyond_the_horizon_is_open() -> None:
    """The median of the second lies in month 20, and beyond the horizon in about half of what is drawn again."""
    a, b = runways(15.0, n=1000), np.array([20.0] * 501 + [math.inf] * 499)
    d = of_quantiles(a, b, 0.5, (HORIZON, HORIZON))
    assert (d.value, d.low, d.high, d.gain) == (5.0, 5.0, math.inf, None)
    row = {"difference": 5.0, "difference_low": 5.0, "difference_high": None}
    assert ranged(row, "difference", "", "runway.p50", signed=True) == "+5 (5 to open)"


def test_no_change_seen_is_not_taken_for_none() -> None:
    a = np.arange(1000) < 50
    same = of_shares(a, a)
    assert same.value == 0.0
    assert -0.0025 > same.low > -0.003  # 1.96 sqrt(2 / 1002²)
    assert same.high == -same.low
    b = a.copy()
    b[:2], b[-1] = False, True  # two saved, one lost
    found, n = of_shares(a, b), 1000
    p, q = 2 / (n + 2), 3 / (n + 2)
    half = intervals.Z * math.sqrt((p + q - (p - q) ** 2) / (n + 2))
    assert found[:3] == pytest.approx((-1 / n, p - q - half, p - q + half))  # Bonett & Price (2012), equation 5
    assert of_changes(np.zeros(1000)) == same[:3]


def test_the_interval_of_a_gain_holds_it_as_often_as_it_says() -> None:
    """Correlation 0.9: Var a + Var b over Var (b - a) is 10. Of 400 intervals of 500 paths fewer than 362 hold it with a chance
    of 6e-5 at 95 %."""
    rng, held = np.random.default_rng(20261126), 0
    for _ in range(400):
        x, y = rng.standard_normal((2, 500))
        gain, low, high = _gain(x, 0.9 * x + math.sqrt(0.19) * y)
        assert gain is not None
        held += low < 10.0 < high  # type: ignore[operator]  # a gain that is known has both its ends
    assert held >= 362


def test_a_runway_that_never_ended_may_end_on_paths_that_were_not_seen() -> None:
    found = intervals.restricted_mean(np.array([0, 0, 0, 0, 1000]), 3)
    unseen = intervals.share(0, 1000).high
    assert (found.value, found.high) == (3.0, 3.0)
    assert found.low == pytest.approx(3.0 * (1.0 - unseen))


def test_a_share_never_seen_has_an_upper_bound_under_a_view_too() -> None:
    weights = np.linspace(1.0, 2.0, 1000) / np.linspace(1.0, 2.0, 1000).sum()
    worth = 1.0 / float((weights**2).sum())
    none = weighted(np.zeros(1000), weights, None, bounded=True)
    assert none == intervals.wilson(0.0, worth)
    assert none.high > 0.003
    every = weighted(np.ones(1000), weights, None, bounded=True)
    assert every.value == pytest.approx(1.0)
    assert every.low == pytest.approx(1.0 - none.high)


def test_a_band_without_a_default_is_bounded_by_what_its_paths_could_have_missed() -> None:
    row = _row(12, np.zeros(64), 128, np.full(64, 0.5))
    seen = intervals.share(0, 64 * 128)
    assert row.pd == seen
    for q, e in zip(BAND, row.band, strict=True):
        assert (e.value, e.low) == (0.0, 0.0)
        assert e.high == pytest.approx(seen.high / (1.0 - q))
