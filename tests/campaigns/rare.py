"""Rare defaults: that the errors they state are honest. `python tests/campaigns/rare.py [REPLICATIONS]` (default 100).

For each opening cash of rare_first_passage, by both methods, whole runs (pilots included) under seeds of their own: the mean of
the estimates over the exact value, the scores' mean and spread, the coverage of the 95 % intervals, and what a run takes.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from simulator.estimate.rare import RareError, rare
from simulator.scenario.load import load

WALK = Path(__file__).parents[1] / "evidence" / "rare_first_passage.toml"
EXACT = {"102M": 1.3234947358961303e-4, "130M": 1.9400355189352162e-6, "157M": 1.5091994244476236e-8}
PATHS = 32_768


def main(replications: int) -> None:
    for method in ("is", "splitting"):
        for cash, truth in EXACT.items():
            scenario, begun = load(WALK, [f"opening.cash={cash}"]), time.process_time()
            scores, values, inside, cvs, refused = [], [], 0, [], 0
            for seed in range(1, replications + 1):
                try:
                    run = rare(scenario, method, paths=PATHS, seed=seed)  # type: ignore[arg-type]
                except RareError:
                    refused += 1
                    continue
                found = run.precise(run.months)
                value, low, high = found.estimate
                values.append(value / truth)
                scores.append((value - truth) / (found.cv * value))
                cvs.append(found.cv)
                inside += low <= truth <= high
            print(
                f"{method:<9} {cash:>5} {truth:.3g}: mean {np.mean(values):.4f} of exact, scores {np.mean(scores):+.2f} "
                f"sd {np.std(scores, ddof=1):.2f}, {inside} of {len(values)} intervals hold it, cv {np.mean(cvs):.2%}, "
                f"{refused} refused, {(time.process_time() - begun) / replications:.1f} CPU s a run",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
