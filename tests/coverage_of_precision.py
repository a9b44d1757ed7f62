"""How often the interval at which `--precision` stops holds an answer that is known exactly: what the command calls, whole runs.

Cash is the Gaussian random walk of coverage_of_intervals.py, seen for six months; every replication has a seed of its own. The
tolerances are such that runs stop at different looks.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

import numpy as np
from companies_sampled import scenario
from coverage_of_intervals import WALK, default_by
from scipy.optimize import brentq

from simulator.estimate.intervals import Z
from simulator.precision import precise

CASH, MONTHS, MOST = 32.0, 6, 1 << 18
SHORT_WALK = WALK.replace("months = 36", f"months = {MONTHS}").replace('"60.0M"', f'"{CASH}M"')


class Asked(NamedTuple):
    target: str
    truth: float


def asked() -> tuple[Asked, ...]:
    by = default_by(CASH, MONTHS)
    need = brentq(lambda x: default_by(CASH + x, MONTHS)[-1] - 0.01, 0.1, 60.0, xtol=1e-9)
    return (
        Asked("6.3% on pd(6)", float(by[-1])),
        Asked("9.5% on pd(4)", float(by[3])),
        Asked("550k on peak_need.p99", 1e6 * float(need)),
        Asked("0.00345 months on runway.mean", float(MONTHS - by[:-1].sum())),
    )


class Found(NamedTuple):
    held: int  # the interval at which it stopped
    naive: int  # an interval of the same run for one look
    looks: Counter[int]  # how many looks it took


def coverage(one: Asked, replications: int, seed: int = 1, threads: int = 1) -> Found:
    """Of so many runs with this precision."""
    held, naive, looks = 0, 0, Counter[int]()
    made = scenario(SHORT_WALK)
    for k in range(replications):
        found = precise(made, [one.target], MOST, seed=seed + k, threads=threads)
        (row,) = found.precision["targets"]
        held += row["low"] <= one.truth <= row["high"]
        shrunk = Z / found.precision["z"]
        low, high = (row["value"] + (row[end] - row["value"]) * shrunk for end in ("low", "high"))
        naive += low <= one.truth <= high
        looks[len(found.precision["looked_at"])] += 1
    return Found(held, naive, looks)


def fewest(replications: int, coverage: float = 0.95, errors: float = 4.0) -> int:
    """Fewer intervals than this hold the truth with the chance of so many standard errors, if it is the coverage that is said."""
    return math.floor(replications * coverage - errors * math.sqrt(replications * coverage * (1 - coverage)))


def mean_looks(looks: Counter[int]) -> float:
    return float(np.average(list(looks), weights=list(looks.values())))
