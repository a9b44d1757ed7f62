"""Coverage of the intervals that a run prints, on a company whose answers are known exactly.

    python tests/campaigns/interval_coverage.py           1,000 replications of each
    python tests/campaigns/interval_coverage.py --full    10,000 of plain sampling, 1,000 of the others

Exit code 1 where an interval of ordinary sample size covers in less than 94 % or, of a share, mean or continuous quantile, in
more than 97 % of the replications, four standard errors of the replications granted.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from coverage_of_intervals import Answer, answers, coverage, read, replications

from simulator.engine.simulation import CHUNK

CAUTIOUS = ("runway", "cash flow at risk")  # whole months and bounds may cover more often than 97 %
FEW_BEYOND = (
    "peak_need(p99)",
)  # ten of 1,000 paths: ranks are so far apart in probability that the next lower one covers too little


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    full = parser.parse_args().full
    known, wrong = answers(), 0
    few = 1000
    campaigns = [
        ("plain", 1000, 10_000 if full else few, True),
        ("plain", 50, 10_000 if full else few, False),
        ("sobol", CHUNK, few if full else 100, True),
        ("antithetic", CHUNK, few if full else 100, True),
    ]
    for sampling, paths, count, judged in campaigns:
        at = time.perf_counter()
        found = coverage(replications(paths, count, sampling, seed=20_261_125), known)
        apart = "" if judged else "; a small sample, not judged"
        print(f"\n{sampling}, {paths:,} paths, {count:,} replications ({time.perf_counter() - at:.0f} s{apart})")
        for answer, (held, total) in found.items():
            share, error = held / total, math.sqrt(0.95 * 0.05 / total)
            cautious = answer.kind in CAUTIOUS or answer.name in FEW_BEYOND
            bad = judged and (share < 0.94 - 4 * error or (not cautious and share > 0.97 + 4 * error))
            wrong += bad
            print(
                f"  {answer.kind:<18} {answer.name:<22} {share:8.2%}  +- {1.96 * error:.2%}{'  WRONG' if bad else ''}"
            )
    extremes(10_000 if full else few)
    return int(wrong > 0)


def extremes(count: int) -> None:
    """Where most samples see nothing, or nothing else."""
    rare = [Answer("share", "pd(6)", answers_by(6)), Answer("share", "pd(9)", answers_by(9))]
    print(f"\nplain, 1,000 paths, {count:,} replications: shares near 0 (the interval is never empty)")
    runs = {answer: [0, 0] for answer in rare}
    for figures in replications(1000, count, seed=7):
        for answer in rare:
            low, high = read(figures, answer.name)
            runs[answer][0] += low <= answer.truth <= high
            runs[answer][1] += int(figures.counts[: int(answer.name[3:-1]) + 1].sum()) == 0
    for answer, (held, nothing) in runs.items():
        print(
            f"  {answer.name} = {answer.truth:.3g}: covered {held / count:.2%}, nothing seen in {nothing / count:.2%}"
        )


def answers_by(month: int) -> float:
    from coverage_of_intervals import CASH, default_by

    return float(default_by(CASH)[month - 1])


if __name__ == "__main__":
    sys.exit(main())
