"""The short form of the benchmarks: what a path-month costs here, on one thread and on all, beside plain programs.

The yardstick (yardstick.toml) is a company of one uncertain number: small enough to be written as a loop over paths and as
numpy, which count cash and the month of default and nothing else. The engine keeps its whole ledger, contract exposures,
covenants, statistics and quantiles of the same company, so its ratio to them is a price, not a race: what the books cost
where there is hardly a model. How it compares on a model of full size: benchmarks/.
"""

from __future__ import annotations

import time
from functools import cache
from math import exp, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.engine import executors, jit
from simulator.engine.build import Array
from simulator.engine.simulation import CHUNK, ChunkResult, Simulation, tasks
from simulator.estimate.intervals import share
from simulator.estimate.training import ready
from simulator.runner import load
from simulator.scenario.model import Scenario
from simulator.timing import Timing, Work, interleaved, processor
from simulator.timing import load as load_average

YARDSTICK = Path(__file__).with_name("yardstick.toml")
Peer = tuple[npt.NDArray[np.int64], Array]  # month of default by path, 0 = none; sum of cash by month


def bench(
    scenario: Scenario | None = None, repeats: int = 5, threads: int | None = None, chunks: int = 4
) -> dict[str, Any]:
    """Time a scenario (without one only the yardstick). `chunks` of 16,384 paths a run and thread."""
    workers = executors.available_threads() if threads is None else threads
    before = load_average()
    document: dict[str, Any] = {"schema": 1}
    if scenario is not None:
        document["scenario"] = _engine(scenario, repeats, workers, chunks)
    yardstick = load(YARDSTICK)
    document["yardstick"] = {
        **_engine(yardstick, repeats, workers, chunks),
        "peers": _peers(yardstick, repeats, chunks),
    }
    document["machine"] = {
        "processor": processor(),
        "threads": executors.available_threads(),
        "load_before": before,
        "load_after": load_average(),
    }
    return document


def _engine(scenario: Scenario, repeats: int, workers: int, chunks: int) -> dict[str, Any]:
    """One thread by its processor time; threads against each other by the clock on the wall."""
    simulation = Simulation(ready(scenario), paths=10**9)  # worth loops made for it
    run_chunks(simulation, 1, 1)  # the machine code is loaded, the pages are touched
    months = scenario.calendar.months
    alone = interleaved({"": lambda: run_chunks(simulation, chunks, 1)}, repeats, time.process_time)[""]
    counts = sorted({1, workers})
    wall = interleaved(
        {str(n): lambda n=n: run_chunks(simulation, chunks * workers, n) for n in counts},  # type: ignore[misc]
        repeats,
    )
    return {
        "name": scenario.name,
        "months": months,
        "laws": len(simulation.program.steps),
        "paths": chunks * CHUNK,
        "ns": _ns(alone, chunks * CHUNK * months),
        "threads": {n: _ns(t, chunks * workers * CHUNK * months) for n, t in wall.items()},
        "speed_up": wall["1"].best / wall[str(workers)].best,
        "same_bits": _same(run_chunks(simulation, 2, 1), run_chunks(simulation, 2, max(2, workers))),
    }


def run_chunks(simulation: Simulation, chunks: int, workers: int) -> list[ChunkResult]:
    """The paths of so many chunks; only the last two are kept."""
    last: list[ChunkResult] = []

    def work(task: tuple[int, int]) -> list[ChunkResult]:
        return list(simulation.run_chunks(*task))[-2:]

    for found in executors.run(work, tasks(chunks * CHUNK, workers), workers):
        last = [*last, *found][-2:]
    return last


def _same(some: list[ChunkResult], others: list[ChunkResult]) -> bool:
    return all(
        np.array_equal(values, other.columns[name]) and np.array_equal(one.blocks[-1].mean, other.blocks[-1].mean)
        for one, other in zip(some, others, strict=True)
        for name, values in one.columns.items()
    )


def _ns(t: Timing, path_months: int) -> dict[str, float]:
    return {"best": t.best / path_months * 1e9, "median": t.median / path_months * 1e9}


# --- the yardstick as plain programs ------------------------------------------------------------------------------------


def _peers(scenario: Scenario, repeats: int, chunks: int) -> dict[str, Any]:
    simulation = Simulation(ready(scenario), paths=10**9)
    paths, months = chunks * CHUNK, scenario.calendar.months
    numbers = yardstick_numbers(scenario)
    works: dict[str, Work] = {
        "engine": lambda: run_chunks(simulation, chunks, 1),
        "plain numba": lambda: with_numba(numbers, months, paths, 1),
        "numpy": lambda: with_numpy(numbers, months, paths, 1),
    }
    for work in works.values():
        work()
    times = interleaved(works, repeats, time.process_time)
    ends = {
        "engine": np.concatenate([chunk.columns["end_month"] for chunk in run_chunks(simulation, 2, 1)]),
        "plain numba": with_numba(numbers, months, paths, 1)[0],
        "numpy": with_numpy(numbers, months, paths, 1)[0],
    }
    found = {}
    for name, t in times.items():
        pd = share(int((ends[name] > 0).sum()), ends[name].size)
        ratio = t.best / times["engine"].best
        found[name] = {**_ns(t, paths * months), "ratio": ratio, "pd": pd.value, "pd_low": pd.low, "pd_high": pd.high}
    return found


def yardstick_numbers(scenario: Scenario) -> tuple[float, ...]:
    """(cash, run-rate, log drift a month, its standard deviation, cost a month), read off the file."""
    by_name: dict[str, Any] = {entry.name: entry.component for entry in scenario.entries}
    revenue = by_name["revenue"]
    drift = (revenue.growth - 0.5 * revenue.volatility**2) / 12.0
    cost = by_name["flows.cost"].amount + by_name["contracts.compute"].fee
    return tuple(
        float(x) for x in (scenario.opening.cash, revenue.run_rate, drift, revenue.volatility * sqrt(1.0 / 12.0), cost)
    )


def with_numba(numbers: tuple[float, ...], months: int, paths: int, seed: int) -> Peer:
    """One path after the other, to its default."""
    ends, cash = np.zeros(paths, dtype=np.int64), np.zeros(months + 1)
    _plain_loop()(*numbers, months, seed, ends, cash)
    return ends, cash


def plain_loop(
    cash: float, run_rate: float, drift: float, sd: float, cost: float, months: int, seed: int, ends: Any, sums: Any
) -> None:
    np.random.seed(seed)  # noqa: NPY002 - the generator that compiled code has
    for path in range(ends.shape[0]):
        revenue, money = run_rate, cash
        for month in range(1, months + 1):
            revenue *= exp(drift + sd * np.random.standard_normal())  # noqa: NPY002
            money += revenue / 12.0 - cost
            if money < 0.0:
                ends[path] = month
                break
            sums[month] += money


@cache
def _plain_loop() -> Any:
    numbers = "float64, " * 5
    return jit.compiled(jit.kernel_code(plain_loop, f"void({numbers}int64, int64, int64[::1], float64[::1])"))


def with_numpy(numbers: tuple[float, ...], months: int, paths: int, seed: int, size: int = 8192) -> Peer:
    """Many paths at a time, month by month; dead ones are computed too and masked."""
    cash, run_rate, drift, sd, cost = numbers
    rng = np.random.Generator(np.random.SFC64(seed))
    ends, sums = np.zeros(paths, dtype=np.int64), np.zeros(months + 1)
    z = np.empty(size)
    for first in range(0, paths, size):
        here = ends[first : first + size]
        revenue, money, step = np.full(here.size, run_rate), np.full(here.size, cash), z[: here.size]
        for month in range(1, months + 1):
            rng.standard_normal(out=step)
            step *= sd
            step += drift
            revenue *= np.exp(step, out=step)
            np.divide(revenue, 12.0, out=step)
            step -= cost
            money += step
            here[(money < 0.0) & (here == 0)] = month
            sums[month] += money[here == 0].sum()
    return ends, sums
