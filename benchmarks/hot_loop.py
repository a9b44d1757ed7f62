"""What a path-month of a scenario costs, on one thread and on all: minima of several runs.

python benchmarks/hot_loop.py [SCENARIO] [--chunks N] [--repeats R]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import simulator
from simulator.bench import run_chunks
from simulator.engine import executors
from simulator.engine.simulation import CHUNK, Simulation

HOME = Path(__file__).resolve().parent.parent


def seconds(simulation: Simulation, chunks: int, workers: int) -> float:
    started = time.perf_counter()
    run_chunks(simulation, chunks, workers)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("scenario", nargs="?", default=str(HOME / "scenarios" / "anthropic-xai.toml"))
    parser.add_argument("--chunks", type=int, default=4, help=f"chunks of {CHUNK:,} paths a run")
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    scenario = simulator.load(given.scenario)
    simulation = Simulation(scenario, paths=10**9)  # worth any compiling
    seconds(simulation, 1, 1)  # the machine code is loaded, the pages are touched
    path_months = given.chunks * CHUNK * scenario.calendar.months
    steps, slots = len(simulation.program.steps), len(simulation.program.rows)
    loops = len(simulation.branches[0].plan.steps)
    print(f"{scenario.name}: {steps} laws in {loops} loops, {slots} rows, {path_months:,} path-months a run")
    alone = 0.0
    for workers in sorted({1, executors.available_threads()}):
        best = min(seconds(simulation, given.chunks, workers) for _ in range(given.repeats))
        alone = alone or best
        print(
            f"{workers} thread{'s' if workers > 1 else ' '}  {best / path_months * 1e9:7.1f} ns a path-month"
            f"  {path_months / best / 1e6:6.2f} million a second  x {alone / best:.2f}"
        )


if __name__ == "__main__":
    main()
