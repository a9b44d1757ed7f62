"""Intervals: ranks and bounds against known values, and coverage at a declared error rate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simulator.engine.bins import Counted, by_month, middle
from simulator.engine.reduce import Sketch
from simulator.estimate import intervals


@pytest.mark.parametrize(("count", "n"), [(0, 100), (1, 100), (50, 100), (100, 100), (3, 100_000)])
def test_the_interval_of_a_share_is_wilsons(count: int, n: int) -> None:
    reference = stats.binomtest(count, n).proportion_ci(0.95, method="wilson")
    got = intervals.share(count, n)
    assert got.low == pytest.approx(reference.low, abs=1e-7)
    assert got.high == pytest.approx(reference.high, abs=1e-7)
    assert got.low <= got.value <= got.high


def test_nothing_seen_gives_an_upper_bound_and_never_nought() -> None:
    assert intervals.share(0, 1000).low == 0.0
    assert 0.003 < intervals.share(0, 1000).high < 0.005


def test_a_quantile_is_the_lower_order_statistic() -> None:
    values = np.arange(1.0, 101.0)
    assert intervals.quantile(values, 0.05).value == 5.0
    assert intervals.quantile(values, 0.5).value == 50.0
    assert intervals.quantile(values, 0.051).value == 6.0
    low, high = intervals.quantile(values, 0.5)[1:]
    assert (low, high) == (40.0, 61.0)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """2,000 replications of 400 draws; a true coverage of 95 % falls outside 93.5 … 96.5 % with probability 0.002."""
    rng = np.random.default_rng(20261101)
    samples = rng.normal(size=(2000, 400))
    means = [intervals.mean_of(s) for s in samples]
    medians = [intervals.quantile(np.sort(s), 0.5) for s in samples]
    shares = [intervals.share(int((s < -1).sum()), 400) for s in samples]
    for found, truth in ((means, 0.0), (medians, 0.0), (shares, stats.norm.cdf(-1))):
        coverage = np.mean([e.low <= truth <= e.high for e in found])
        assert 0.935 <= coverage <= 0.968


def test_a_runway_beyond_the_horizon_counts_the_whole_horizon() -> None:
    assert intervals.restricted_mean(np.array([1.0, 41.0, np.inf, np.inf]), 60).value == (1 + 41 + 60 + 60) / 4


def test_a_sketch_is_exact_in_rank_and_near_in_value_whatever_the_order() -> None:
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.lognormal(20, 3, 30_000), -rng.lognormal(18, 2, 10_000), np.zeros(500)])
    a, b = Sketch(), Sketch()

    def counted(part: np.ndarray) -> Counted:
        return by_month(part[None, :], np.ones(part.size, dtype=bool))[0]

    a.add(counted(values))
    for part in np.array_split(values[::-1], 7):
        b.add(counted(part))
    ranks = [1, 400, 10_000, 10_250, 20_000, 40_000, 40_500]
    assert a.at_ranks(ranks) == b.at_ranks(ranks)
    exact = np.sort(values)[np.array(ranks) - 1]
    np.testing.assert_allclose(a.at_ranks(ranks), exact, rtol=1e-3)


def test_counts_leave_out_what_is_not_kept_and_take_the_smallest_amounts_for_nought() -> None:
    values = np.array([[5.0, -5.0, 1e-9, -0.0, np.inf, 1e308, np.nan]])
    kept = np.array([True, False, True, True, True, True, False])
    found = by_month(values, kept)[0]
    assert found.counts.tolist() == [2, 1, 1, 1]
    assert found.bins[0] == 0
    np.testing.assert_allclose(middle(found.bins[1:2]), [5.0], rtol=5e-4)


def test_blocks_merge_to_the_statistics_of_the_whole() -> None:
    from simulator.engine.block import Statistics

    rng = np.random.default_rng(5)
    values = rng.normal(1e9, 1e8, size=(3000,))
    merged = Statistics(0, np.empty(0), np.empty(0))
    for part in np.array_split(values, 3):
        merged = merged.merge(
            Statistics(part.size, np.array([[part.mean()]]), np.array([[((part - part.mean()) ** 2).sum()]]))
        )
    assert merged.paths == 3000
    assert merged.mean[0, 0] == pytest.approx(values.mean(), rel=1e-12)
    assert merged.squares[0, 0] == pytest.approx(((values - values.mean()) ** 2).sum(), rel=1e-9)
