"""Precision on demand: what is asked is read right, is reached or said not to be, and the interval covers in spite of looking."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from companies_sampled import SMALL, scenario
from coverage_of_precision import asked, coverage, fewest
from scipy import stats

import simulator
from simulator.engine.simulation import CHUNK
from simulator.estimate import intervals, precision
from simulator.precision import precise
from simulator.quantities.units import QuantityError


def test_the_boundary_is_pococks_where_he_printed_it() -> None:
    """Equally spaced looks, 5 % (Pocock 1977, table 1): 2.178, 2.289, 2.361, 2.413, and 2.555 for ten."""
    for looks, z in ((2, 2.178), (3, 2.289), (4, 2.361), (5, 2.413), (10, 2.555)):
        assert precision.boundary(range(1, looks + 1)) == pytest.approx(z, abs=6e-4)
    assert precision.boundary([7]) == pytest.approx(1.959964, abs=1e-6)


def test_looking_often_keeps_its_level_where_the_interval_of_one_look_does_not() -> None:
    """20,000 runs that stop at the first of 8 doublings at which a share of 5 % is known to a tenth of itself. The true error is
    at most 5 %: more than 5.6 % would be four standard errors above."""
    rng, share, schedule = np.random.default_rng(20261125), 0.05, [256 << k for k in range(8)]
    errors = {}
    for name, z in (("corrected", precision.boundary(schedule)), ("one look", intervals.Z)):
        seen = np.cumsum([rng.binomial(n - m, share, 20_000) for m, n in zip([0, *schedule], schedule)], axis=0)  # noqa: B905
        missed = 0
        for run in seen.T:
            for count, n in zip(run, schedule, strict=True):
                e = intervals.share(int(count), n, z)
                if count and max(e.value - e.low, e.high - e.value) <= 0.1 * e.value:
                    break
            missed += not e.low <= share <= e.high
        errors[name] = missed / 20_000
    assert errors["corrected"] <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 20_000)


def test_the_interval_at_which_a_run_stops_holds_the_exact_answer_as_often_as_it_says() -> None:
    """50 runs of the real engine that stop at the first, second or third look (tests/campaigns/precision_coverage.py at length):
    of intervals at 95 % fewer than 41 would hold the answer with a chance of 1.6e-4, and fewer than that at more than 95 %."""
    found = coverage(asked()[0], 50)
    assert len(found.looks) >= 2
    assert found.held >= fewest(50) == 41


def test_a_run_grows_until_it_is_as_precise_as_asked_and_is_an_ordinary_run(tmp_path: Path) -> None:
    made = scenario(SMALL)
    found = precise(made, ["1pp on pd(24)", "3% on peak_need.p90"], most=8 * CHUNK, out=tmp_path)
    report = found.precision
    assert report["reached"]
    assert all(row["error"] <= row["within"] for row in report["targets"])
    assert found.result.figures.paths == report["looked_at"][-1] < 8 * CHUNK
    plain = simulator.run(made, paths=report["paths"]).document
    grown = found.result.document
    for document in (plain, grown):
        del document["folder"], document["seconds"]
    assert plain == grown


def test_what_cannot_be_reached_stops_at_the_most_paths_and_says_so() -> None:
    report = precise(scenario(SMALL), ["0.0001pp on pd(24)"], most=2 * CHUNK).precision
    assert not report["reached"]
    assert report["looked_at"] == [CHUNK, 2 * CHUNK]
    assert report["stopped"] == f"the most paths allowed, {2 * CHUNK:,}, are done"


@pytest.mark.parametrize(
    ("text", "within", "relative"),
    [
        ("0.1pp on pd(24)", 0.001, False),
        ("5% on pd(24)", 0.05, True),
        ("2 % on peak_need.p90", 0.02, True),
        ("0.5 months on runway.p50", 0.5, False),
        ("$100M on lowest_liquidity(p5)", 1e8, False),
        ("1B on cash_flow_at_risk", 1e9, False),
    ],
)
def test_a_precision_is_read(text: str, within: float, relative: bool) -> None:
    target = precision.parse(text)
    assert (target.within, target.relative) == (pytest.approx(within), relative)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0.1pp", "is not a precision"),
        ("0.1pp on pdd(24)", "there is no figure"),
        ("1 month on runway", "does not say which"),
        ("1% on price(12)", "a run does not report price"),
        ("0.1pp on pd.p50(24)", "has no p50"),
        ("1pp on peak_need(p90)", "no share"),
        ("0.001 on pd(24)", "points or relative"),
        ("0% on pd(24)", "not more than nought"),
        ("-1pp on pd(24)", "not more than nought"),
        ("1e999% on pd(24)", "not more than nought"),
    ],
)
def test_a_precision_that_says_nothing_is_refused(text: str, said: str) -> None:
    with pytest.raises(QuantityError, match=said):
        precision.parse(text)


def test_looks_double_and_end_with_the_most() -> None:
    assert precision.looks(40_000) == (16_384, 32_768, 40_000)
    assert precision.looks(100) == (100,)
    assert precision.looks(16_384) == (16_384,)
    assert stats.norm.cdf(precision.boundary(precision.looks(40_000))) < 0.9925
