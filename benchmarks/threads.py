"""Speed-up by threads, and that they change no bit of any result.

python benchmarks/threads.py [SCENARIO] [--most N] [--chunks C] [--repeats R]
"""

from __future__ import annotations

import hashlib
import time

import numpy as np
from measure import parser, say_machine

import simulator
from simulator.bench import run_chunks
from simulator.engine import executors
from simulator.engine.simulation import CHUNK, ChunkResult, Simulation
from simulator.timing import interleaved, load


def fingerprint(chunk: ChunkResult) -> bytes:
    """Of every number a chunk leaves behind."""
    digest = hashlib.sha256()
    for name, values in sorted({**chunk.columns, **chunk.inputs, **chunk.kept}.items()):
        digest.update(name.encode() + np.ascontiguousarray(values).tobytes())
    for block in chunk.blocks:
        digest.update(block.mean.tobytes() + block.squares.tobytes())
    return digest.digest()


def main() -> None:
    made = parser(__doc__, repeats=5)
    made.add_argument("--most", type=int, default=executors.available_threads(), help="threads at most [%(default)s]")
    made.add_argument("--chunks", type=int, default=8, help=f"chunks of {CHUNK:,} paths a run [%(default)s]")
    given = made.parse_args()
    before = load()
    scenario = simulator.load(given.scenario)
    simulation = Simulation(scenario, paths=10**9)
    tasks = range(0, given.chunks * CHUNK, CHUNK)

    def run(workers: int) -> None:
        run_chunks(simulation, given.chunks, workers)

    def results(workers: int) -> list[bytes]:
        return list(executors.run(lambda first: fingerprint(simulation.run_chunk(first, CHUNK)), tasks, workers))

    serial = results(1)
    counts = sorted({1, 2, *range(1, given.most + 1)})
    times = interleaved({str(n): lambda n=n: run(n) for n in counts}, given.repeats, time.perf_counter)
    path_months = given.chunks * CHUNK * scenario.calendar.months
    print(f"{scenario.name}: {path_months:,} path-months a run, time on the wall")
    print(f"  {'threads':>7}{'ns a path-month':>17}{'speed-up':>10}{'per thread':>12}   results")
    for n in counts:
        best = times[str(n)].best
        ratio = times["1"].best / best
        same = "the same bits" if results(n) == serial else "DIFFERENT BITS"
        more = "" if n <= executors.available_threads() else "  (more threads than cores)"
        print(f"  {n:7}{best / path_months * 1e9:17.1f}{ratio:10.2f}{ratio / n:12.0%}   {same}{more}")
        if same != "the same bits":
            raise SystemExit(1)
    say_machine(before)


if __name__ == "__main__":
    main()
