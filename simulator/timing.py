"""Times on a machine that others use too: minima of interleaved runs, and what the machine was doing meanwhile."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

Work = Callable[[], object]
Clock = Callable[[], float]


class Timing(NamedTuple):
    """Seconds. What disturbs a run makes it slower, never faster, so the minimum is the figure; the median says how much
    was disturbed."""

    best: float
    median: float


def interleaved(works: Mapping[str, Work], repeats: int, clock: Clock = time.perf_counter) -> dict[str, Timing]:
    """Each work `repeats` times, in turn rather than one after the other, so that a busy minute hits all of them alike.

    `time.process_time` as the clock leaves out the time in which the machine was given to others.
    """
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            at = clock()
            work()
            taken[name].append(clock() - at)
    return {name: Timing(min(times), sorted(times)[len(times) // 2]) for name, times in taken.items()}


def load() -> float | None:
    """Processes that wanted to run, on average over the last minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def processor() -> str:
    """The processor's name as the system gives it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def disturbance(threads: int, before: float | None, after: float | None) -> str:
    """A sentence on how busy the machine was, given the load before and after and the threads of one's own."""
    if before is None or after is None:
        return "the load of the machine is unknown: trust ratios more than times"
    others = "" if before <= 0.3 * threads else "; others were computing: trust ratios more than times"
    return f"load average {before:.2f} before and {after:.2f} after, of {threads} threads{others}"
