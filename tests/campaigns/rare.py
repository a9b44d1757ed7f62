"""Rare defaults: that the errors they state are honest.

    python tests/campaigns/rare.py [RUNS] [--method is|splitting] [--cash 102M|130M|157M] [--paths N]     (100 runs of all)

For each opening cash of rare_first_passage, by both methods, whole runs (pilots included), each under a seed of its own: no seed
serves two levels or methods, because runs of one seed draw the same numbers and err together. Printed are the mean of the
estimates over the exact value, the spread of the scores (error over stated standard error; 1 if the stated errors are right) and
the share of 95 % intervals that hold the exact value, both with the interval that so many runs allow, and what a run takes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import chi2

from simulator.estimate import intervals
from simulator.estimate.rare import METHODS, Method, RareError, rare
from simulator.scenario.load import load

WALK = Path(__file__).parents[1] / "evidence" / "rare_first_passage.toml"
EXACT = {"102M": 1.3234947358961303e-4, "130M": 1.9400355189352162e-6, "157M": 1.5091994244476236e-8}
SEEDS = 1_000_000  # between the first seeds of two campaigns


class Told(NamedTuple):
    """What one run said of a probability, over the exact one."""

    value: float
    error: float  # the stated standard error
    holds: bool


def spread(scores: list[float]) -> tuple[float, float, float]:
    """Standard deviation of the scores, with its 95 % interval (of normal scores, by chi-square)."""
    n, sd = len(scores), float(np.std(scores, ddof=1))
    low, high = (sd * float(np.sqrt((n - 1) / chi2.ppf(q, n - 1))) for q in (0.975, 0.025))
    return sd, low, high


def runs(method: Method, cash: str, seeds: range, paths: int) -> Iterator[Told | None]:
    """One run a seed; None for one that gives no number."""
    scenario, truth = load(WALK, [f"opening.cash={cash}"]), EXACT[cash]
    for seed in seeds:
        try:
            run = rare(scenario, method, paths=paths, seed=seed, threads=1)
        except RareError:
            yield None
            continue
        found = run.precise(run.months)
        value, low, high = found.estimate
        yield Told(value / truth, found.cv * value / truth, low <= truth <= high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="?", type=int, default=100)
    parser.add_argument("--method", choices=METHODS, action="append")
    parser.add_argument("--cash", choices=EXACT, action="append")
    parser.add_argument("--paths", type=int, default=32_768)
    asked = parser.parse_args()
    for i, method in enumerate(METHODS):
        for j, cash in enumerate(EXACT):
            if method not in (asked.method or METHODS) or cash not in (asked.cash or EXACT):
                continue
            first, begun = SEEDS * (1 + i * len(EXACT) + j), time.process_time()
            told = list(runs(method, cash, range(first, first + asked.runs), asked.paths))
            found = [one for one in told if one is not None]
            scores = [(one.value - 1.0) / one.error for one in found]
            sd, least, most = spread(scores)
            covered = intervals.share(sum(one.holds for one in found), len(found))
            print(
                f"{method:<9} {EXACT[cash]:.2g}: mean {np.mean([one.value for one in found]):.4f} of exact, scores "
                f"{np.mean(scores):+.3f} ± {2.0 / len(scores) ** 0.5:.3f}, spread {sd:.3f} ({least:.3f} to {most:.3f}); "
                f"{100 * covered.value:.1f} % of {len(found)} intervals hold it "
                f"({100 * covered.low:.1f} to {100 * covered.high:.1f}); "
                f"cv {100 * np.mean([one.error / one.value for one in found]):.2f} %, {len(told) - len(found)} refused, "
                f"{(time.process_time() - begun) / asked.runs:.2f} CPU s a run",
                flush=True,
            )


if __name__ == "__main__":
    main()
