"""Intervals cover the exact answer as often as they say (tests/campaigns/interval_coverage.py at length)."""

from __future__ import annotations

import math

import pytest
from coverage_of_intervals import answers, coverage, replications

from simulator.engine.simulation import CHUNK


@pytest.mark.parametrize(("sampling", "paths", "count"), [("plain", 1000, 300), ("sobol", CHUNK, 12)])
def test_intervals_of_a_run_cover_the_exact_answer(sampling: str, paths: int, count: int) -> None:
    """Each of 13 figures in at least 94 % of the replications, four standard errors granted (a false alarm of 3e-5 each); where
    it is neither a whole month nor a bound, not in more than 97 %, four standard errors granted as well."""
    for answer, (held, total) in coverage(replications(paths, count, sampling), answers()).items():
        slack = 4 * math.sqrt(0.95 * 0.05 / total)
        assert held / total >= 0.94 - slack, answer
        if answer.kind in ("share", "mean", "quantile"):
            assert held / total <= 0.97 + slack, answer
