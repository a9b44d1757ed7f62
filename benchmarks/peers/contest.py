"""Programs that simulate the same company: whether they agree, and then how fast each is on one thread.

Each program runs for some seconds a round, all in turn; the least of its CPU seconds a path-month counts. Everything between the
inputs of a path and its figures is in it: inputs drawn once a path, months, means and deviations by month, numbers by path, and
the quantiles of cash of every month. Every scheduled month of every path is counted, also by programs that stop at default.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import simulator
from peers import company, full_numba, full_numpy, subset_c, subset_company, subset_numba, subset_numpy
from peers.agreement import ERRORS, FALSE_ALARM, Comparison, Sample, compare, of_outcomes
from peers.company import Outcome
from peers.engine import SPAN, Engine
from simulator.engine.simulation import CHUNK
from simulator.scenario.model import Scenario

HOME = Path(__file__).resolve().parent.parent
SEED = 20261125
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
FULL, SUBSET = HOME.parent / "scenarios" / "anthropic-xai.toml", HOME / "subset.toml"
BLOCKS = (128, 256, 512, 1024)  # of the C program, tried


class Program(NamedTuple):
    """One opponent: what it simulates at a time, and the paths that makes."""

    name: str
    months: int
    paths: int
    pieces: Callable[[int], Iterable[Any]]  # number -> things with `columns` and `kept`, each good until the next
    sample: Callable[[int], Sample]  # that many paths, to be compared
    most: int = 2**60  # paths that are compared: fewer of a slow program


def cash_quantiles(cash: Any) -> Any:
    """By month; of rows that nobody needs any more. For seven ranks a sort takes a third of the time of np.partition."""
    ranks = [int(np.ceil(q * cash.shape[1])) - 1 for q in QUANTILES]
    cash.sort(axis=1)
    return cash[:, ranks]


def cpu_seconds(program: Program, seconds: float) -> float:
    """CPU seconds a path of as many chunks as fit into about `seconds`, at least one: the least of them."""
    best, stop, number = np.inf, time.perf_counter() + seconds, 0
    while number == 0 or time.perf_counter() < stop:
        started = time.process_time()
        for piece in program.pieces(number):
            cash_quantiles(piece.kept["cash"])
        best = min(best, time.process_time() - started)
        number += 1
    return float(best) / program.paths


def engine_of(scenario: Scenario) -> Program:
    engine = Engine(scenario)
    return Program("engine", engine.months, SPAN, engine.span, lambda paths: engine.sample(-(-paths // CHUNK)))


def peer(
    name: str, months: int, simulate: Callable[[int], Outcome], chunks: Sequence[int], most: int = 2**60
) -> Program:
    """A peer at its best chunk size."""

    def of(size: int) -> Program:
        def sample(paths: int) -> Sample:
            return of_outcomes([simulate(size) for _ in range(-(-paths // size))])

        return Program(f"{name}, {size:,} paths at a time", months, size, lambda _: [simulate(size)], sample, most)

    tried = [of(size) for size in chunks]
    for program in tried:
        program.pieces(0)
    return min(tried, key=lambda program: min(cpu_seconds(program, 0.3) for _ in range(2)))


def full_programs() -> list[Program]:
    scenario = simulator.load(FULL)
    known = company.read(scenario)
    rng = np.random.Generator(np.random.SFC64(SEED))
    full_numba.seed(SEED)
    return [
        engine_of(scenario),
        peer("numpy", known.months, lambda n: full_numpy.simulate(known, n, rng), full_numpy.CHUNKS),
        peer("plain numba", known.months, lambda n: full_numba.simulate(known, n, rng), (4096, 16384)),
    ]


def gate_programs() -> list[Program]:
    """The engine and numpy at one size of its chunks, ready to be timed."""
    scenario = simulator.load(FULL)
    known = company.read(scenario)
    rng = np.random.Generator(np.random.SFC64(SEED))
    programs = [
        engine_of(scenario),
        peer("numpy", known.months, lambda n: full_numpy.simulate(known, n, rng), (8192,)),
    ]
    cpu_seconds(programs[0], 0.0)
    return programs


def subset_programs(room: Path) -> list[Program]:
    scenario = simulator.load(SUBSET)
    known = subset_company.read(scenario)
    rng = np.random.Generator(np.random.SFC64(SEED))
    full_numba.seed(SEED)
    found = [
        engine_of(scenario),
        peer("numpy", known.months, lambda n: subset_numpy.simulate(known, n, rng), subset_numpy.CHUNKS),
        peer("plain numba", known.months, lambda n: subset_numba.simulate(known, n), (4096, 16384)),
    ]
    if subset_c.compiler() is None:
        print("no C compiler: the C program is left out", file=sys.stderr)
    else:
        found.append(c_program(known, room))
    if importlib.util.find_spec("monaco") is None:
        print("monaco is not installed: left out", file=sys.stderr)
    else:
        from peers.subset_monaco import simulate

        found.append(peer("monaco", known.months, lambda n: simulate(known, n), (256,), most=4096))
    return found


def c_program(known: subset_company.Subset, room: Path) -> Program:
    def of(block: int) -> Program:
        compiled = subset_c.SubsetC(known, room, block)

        def sample(paths: int) -> Sample:
            return of_outcomes([compiled.simulate(0, -(-paths // CHUNK) * CHUNK)])

        return Program(
            f"C, blocks of {block}",
            known.months,
            CHUNK,
            lambda number: [compiled.simulate(number * CHUNK, CHUNK)],
            sample,
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


def times(programs: Sequence[Program], seconds: float, rounds: int) -> dict[str, float]:
    """CPU nanoseconds a path-month by program: the least of interleaved rounds."""
    best = dict.fromkeys((p.name for p in programs), np.inf)
    for _ in range(rounds):
        for program in programs:
            best[program.name] = min(best[program.name], cpu_seconds(program, seconds) / program.months * 1e9)
    return best


def contest(programs: Sequence[Program], paths: int, seconds: float, rounds: int) -> dict[str, Any]:
    """Agreement first, then interleaved times; a document of both."""
    engine = programs[0].sample(paths)
    rows: list[dict[str, Any]] = []
    for program in programs[1:]:
        wrong, made = disagreements(engine, program.sample(min(paths, program.most)), program.name.startswith("C,"))
        for c in wrong:
            print(f"  {c.what}: {c.engine:.6g} and {c.peer:.6g}, {c.distance:.1f} standard errors", file=sys.stderr)
        if wrong:
            raise SystemExit(f"{program.name} and the engine disagree in {len(wrong)} of {made} comparisons: not timed")
        rows.append({"name": program.name, "comparisons": made, "false_alarms_expected": made * FALSE_ALARM})
    nanoseconds = times(programs, seconds, rounds)
    for row in rows:
        row["ns"] = nanoseconds[row["name"]]
        row["ratio"] = row["ns"] / nanoseconds["engine"]
    return {"engine_ns": nanoseconds["engine"], "paths_compared": engine.paths, "peers": rows}
