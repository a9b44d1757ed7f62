"""Intervals: ranks and bounds against known values, and coverage at a declared error rate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simulator.engine.bins import Counted, by_month, middle
from simulator.engine.block import Statistics
from simulator.engine.program import Column
from simulator.engine.reduce import Sketch, Summary
from simulator.engine.simulation import ChunkResult
from simulator.engine.tally import Questions
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
    assert intervals.quantile(float, 100, 0.05).value == 5.0
    assert intervals.quantile(float, 100, 0.5).value == 50.0
    assert intervals.quantile(float, 100, 0.051).value == 6.0
    low, high = intervals.quantile(float, 100, 0.5)[1:]
    assert (low, high) == (40.0, 61.0)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """2,000 replications of 400 draws; a true coverage of 95 % falls outside 93.5 … 96.5 % with probability 0.002."""
    rng = np.random.default_rng(20261101)
    samples = rng.normal(size=(2000, 400))
    ordered = np.sort(samples)
    means = [intervals.mean(s.mean(), ((s - s.mean()) ** 2).sum(), s.size) for s in samples]
    medians = [intervals.quantile(lambda k, at=at: float(ordered[at, k - 1]), 400, 0.5) for at in range(2000)]
    shares = [intervals.share(int((s < -1).sum()), 400) for s in samples]
    for found, truth in ((means, 0.0), (medians, 0.0), (shares, stats.norm.cdf(-1))):
        coverage = np.mean([e.low <= truth <= e.high for e in found])
        assert 0.935 <= coverage <= 0.968


def test_a_runway_beyond_the_horizon_counts_the_whole_horizon() -> None:
    ends = np.zeros(62, dtype=np.int64)
    ends[[1, 41, 61]] = 1, 1, 2
    found, reference = intervals.restricted_mean(ends, 60), np.array([1.0, 41.0, 60.0, 60.0])
    assert found.value == reference.mean()
    assert found.high - found.value == pytest.approx(1.959964 * reference.std(ddof=1) / 2)


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


def held_and_read_back(values: np.ndarray, cause: np.ndarray, parts: int) -> tuple[Summary, Summary]:
    """The same paths in a summary that keeps them and in one that has to read them again."""
    column = Column("x", "x", "$", "money")
    codes = Column("cause", "cause", "code", "code"), Column("end", "end_month", "month", "month")
    asked = Questions(1, 2, (column, *codes), ("x",))
    both = Summary(values.size, asked), Summary(values.size, asked, hold=False)
    nothing = Statistics(0, np.zeros((2, 0)), np.zeros((2, 0)))
    first = 0
    for x, c in zip(np.array_split(values, parts), np.array_split(cause, parts), strict=True):
        columns = {"x": x, "cause": c, "end_month": np.zeros(x.size)}
        for summary in both:
            summary.add(ChunkResult(first, columns, {}, (nothing,), {}))
        first += x.size
    stored = {"x": values, "cause": cause}
    both[1].reader = lambda *names: zip(*(np.array_split(stored[name], 3) for name in names), strict=True)
    return both


@pytest.mark.parametrize("many_noughts", [0.0, 0.9])
def test_order_statistics_of_numbers_by_path_are_exact_whether_they_are_kept_or_read_again(many_noughts: float) -> None:
    rng = np.random.default_rng(8)
    values = rng.lognormal(20, 2, 5000) * rng.choice([-1.0, 1.0], 5000) * (rng.random(5000) >= many_noughts)
    cause = (rng.random(5000) < 0.02).astype(float)  # 1: not a number, which counts nowhere
    exact = np.sort(values[cause == 0])
    ranks = [1, 2, 250, 2400, 2401, exact.size - 1, exact.size]
    for parts in (1, 4):
        held, read = held_and_read_back(values, cause, parts)
        for summary in (held, read):
            assert summary.at_ranks("x", ranks).tolist() == exact[np.array(ranks) - 1].tolist()
            mean, squares, n = summary.moments("x")
            assert n == exact.size
            assert mean == pytest.approx(exact.mean(), rel=1e-9)
            assert squares == pytest.approx(((exact - exact.mean()) ** 2).sum(), rel=1e-9)
            assert summary.endings.sum() == 5000


def test_whole_numbers_by_path_are_counted() -> None:
    counts = np.array([3, 0, 2, 1])
    reference = np.repeat(np.arange(4), counts)
    found = intervals.mean_of_counts(counts)
    assert found.value == reference.mean()
    assert found.high - found.value == pytest.approx(1.959964 * reference.std(ddof=1) / math.sqrt(6))
