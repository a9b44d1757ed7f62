"""Hand-written programs for the same companies against the engine: first whether they agree, then how fast they are.

python benchmarks/peers.py [--company full|subset|both] [--seconds S] [--rounds R] [--paths N] [--list] [--json]

One thread; each program runs for about S seconds a round, all in turn, R rounds; the minimum of a program's CPU seconds a path-month
counts. Everything between the inputs of a path and its figures is in it: inputs drawn once a path, months, means and deviations by
month, numbers by path, and the quantiles of cash of every month.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # they slow a current numpy; read when it is loaded
    os.environ.pop(_name, None)

import argparse  # noqa: E402
import importlib.util  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, NamedTuple  # noqa: E402

HOME = Path(__file__).resolve().parent
sys.path.insert(0, str(HOME))

import numpy as np  # noqa: E402
from peers import company, full_numba, full_numpy, subset_c, subset_company, subset_numba, subset_numpy  # noqa: E402
from peers.agreement import ERRORS, FALSE_ALARM, Comparison, Sample, compare, of_outcomes  # noqa: E402
from peers.company import Outcome  # noqa: E402
from peers.engine import Engine  # noqa: E402

import simulator  # noqa: E402
from simulator.engine.simulation import CHUNK  # noqa: E402

SEED = 20261125
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
FULL, SUBSET = HOME.parent / "scenarios" / "anthropic-xai.toml", HOME / "subset.toml"
BLOCKS = (128, 256, 512, 1024)  # of the C program, tried


class Program(NamedTuple):
    """One opponent: what it simulates at a time, and the paths that makes."""

    name: str
    paths: int
    chunk: Callable[[int], Any]  # number -> something with `columns` and `kept`
    sample: Callable[[int], Sample]  # that many paths, to be compared


def cash_quantiles(cash: Any) -> Any:
    ranks = sorted({int(np.ceil(q * cash.shape[1])) - 1 for q in QUANTILES})
    return [np.partition(row, ranks)[ranks] for row in cash]


def cpu_seconds(program: Program, seconds: float) -> float:
    """CPU seconds a path of as many chunks as fit into about `seconds`, at least one: the least of them."""
    best, stop, number = np.inf, time.perf_counter() + seconds, 0
    while number == 0 or time.perf_counter() < stop:
        started = time.process_time()
        cash_quantiles(program.chunk(number).kept["cash"])
        best = min(best, time.process_time() - started)
        number += 1
    return float(best) / program.paths


def engine_of(scenario: Any, name: str) -> Program:
    engine = Engine(scenario)
    return Program(name, CHUNK, engine.chunk, lambda paths: engine.sample(-(-paths // CHUNK)))


def peer(name: str, simulate: Callable[[int], Outcome], chunks: Sequence[int]) -> Program:
    """A peer at its best chunk size."""

    def of(size: int) -> Program:
        def sample(paths: int) -> Sample:
            return of_outcomes([simulate(size) for _ in range(-(-paths // size))])

        return Program(f"{name}, {size:,} paths at a time", size, lambda _: simulate(size), sample)

    tried = [of(size) for size in chunks]
    for program in tried:
        program.chunk(0)
    return min(tried, key=lambda program: min(cpu_seconds(program, 0.3) for _ in range(2)))


def full_programs() -> list[Program]:
    scenario = simulator.load(FULL)
    known = company.read(scenario)
    rng = np.random.Generator(np.random.SFC64(SEED))
    full_numba.seed(SEED)
    return [
        engine_of(scenario, "engine"),
        peer("numpy", lambda n: full_numpy.simulate(known, n, rng), full_numpy.CHUNKS),
        peer("plain numba", lambda n: full_numba.simulate(known, n, rng), (4096, 16384)),
    ]


def subset_programs(room: Path) -> list[Program]:
    scenario = simulator.load(SUBSET)
    known = subset_company.read(scenario)
    rng = np.random.Generator(np.random.SFC64(SEED))
    full_numba.seed(SEED)
    found = [
        engine_of(scenario, "engine"),
        peer("numpy", lambda n: subset_numpy.simulate(known, n, rng), subset_numpy.CHUNKS),
        peer("plain numba", lambda n: subset_numba.simulate(known, n), (4096, 16384)),
    ]
    if subset_c.compiler() is None:
        print("no C compiler: the C program is left out", file=sys.stderr)
    else:
        found.append(c_program(known, room))
    if importlib.util.find_spec("monaco") is None:
        print("monaco is not installed: left out", file=sys.stderr)
    return found


def c_program(known: subset_company.Subset, room: Path) -> Program:
    def of(block: int) -> Program:
        compiled = subset_c.SubsetC(known, room, block)

        def sample(paths: int) -> Sample:
            return of_outcomes([compiled.simulate(0, -(-paths // CHUNK) * CHUNK)])

        return Program(
            f"C, blocks of {block}", CHUNK, lambda number: compiled.simulate(number * CHUNK, CHUNK), sample
        )

    tried = [of(block) for block in BLOCKS]
    return min(tried, key=lambda program: min(cpu_seconds(program, 0.3) for _ in range(2)))


def disagreements(engine: Sample, other: Sample, same_draws: bool) -> tuple[list[Comparison], int]:
    """What is further apart than it may be, and how many comparisons were made."""
    months = next(iter(other.kept.values())).shape[0] - 1
    made = list(compare(engine, other, sorted({1, 2, 3, months, *range(6, months + 1, 6)})))
    wrong = [c for c in made if not c.distance <= ERRORS]
    if same_draws:
        apart = int(np.count_nonzero(engine.columns["end_month"] != other.columns["end_month"]))
        wrong += [Comparison("paths that end in another month", 0.0, float(apart), 0.0)] if apart else []
    return wrong, len(made) + same_draws


def contest(programs: list[Program], paths: int, seconds: float, rounds: int, months: int, names: bool) -> Any:
    """Agreement first, then interleaved times; a document of both."""
    engine = programs[0].sample(paths)
    rows = []
    for program in programs[1:]:
        wrong, made = disagreements(engine, program.sample(paths), program.name.startswith("C,"))
        rows.append({"name": program.name, "comparisons": made, "false_alarms_at_most": made * FALSE_ALARM})
        for c in wrong if wrong or not names else ():
            print(f"  {program.name}: {c.what}: {c.engine:.6g} and {c.peer:.6g}, {c.distance:.1f} errors", file=sys.stderr)
        if wrong:
            raise SystemExit(f"{program.name} and the engine disagree in {len(wrong)} of {made} comparisons: not timed")
    best = dict.fromkeys((p.name for p in programs), np.inf)
    for _ in range(rounds):
        for program in programs:
            best[program.name] = min(best[program.name], cpu_seconds(program, seconds))
    nanoseconds = {name: value / months * 1e9 for name, value in best.items()}
    for row in rows:
        row["ratio"] = nanoseconds[row["name"]] / nanoseconds["engine"]
        row["ns"] = nanoseconds[row["name"]]
    return {"engine_ns": nanoseconds["engine"], "paths_compared": engine.paths, "peers": rows}


def show(title: str, found: Any) -> None:
    print(f"{title}: engine {found['engine_ns']:.0f} ns a path-month")
    for row in found["peers"]:
        print(
            f"  x {row['ratio']:5.2f}  {row['ns']:6.0f} ns  {row['name']}"
            f"  (agrees in {row['comparisons']:,} comparisons within {ERRORS:g} standard errors"
            f" on {found['paths_compared']:,} paths; false alarms expected: {row['false_alarms_at_most']:.2f})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--company", choices=("full", "subset", "both"), default="both")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each program a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--paths", type=int, default=12 * CHUNK, help="of each program that are compared")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    document = {}
    with tempfile.TemporaryDirectory() as room:
        for name in ("full", "subset"):
            if given.company in (name, "both"):
                programs = full_programs() if name == "full" else subset_programs(Path(room))
                months = simulator.load(FULL if name == "full" else SUBSET).calendar.months
                document[name] = contest(programs, given.paths, given.seconds, given.rounds, months, True)
                if not given.json:
                    show("the shipped deal" if name == "full" else "the subset without contracts", document[name])
    if given.json:
        print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
