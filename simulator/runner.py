"""The story of a run: scenario file -> finished run folder. One function per thing a user asks for.

load      text -> Scenario                       scenario/load.py
Simulation  Scenario -> Program -> machine code  engine/program.py, engine/jit.py
run_chunk   paths of every branch                engine/simulation.py
live        blocks of paths, month by month      engine/block.py
Summary     what is kept of all paths            engine/reduce.py
Figures     numbers with intervals               estimate/figures.py
Growth      paths added at a run's end           growth.py
RunWriter   parts, checkpoints, manifest last    store/writer.py
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from simulator import limits
from simulator.engine import executors
from simulator.engine.block import BLOCK, Announce
from simulator.engine.build import Array
from simulator.engine.program import Program
from simulator.engine.simulation import CHUNK, Outline, Simulation
from simulator.estimate.figures import questions
from simulator.estimate.training import ready
from simulator.growth import Growth, Progress, Result, memory
from simulator.record import (
    contracts_table,
    creditor_columns,
    folder_name,
    from_manifest,
    identity,
    manifest,
    months_table,
    path_fields,
    path_rows,
    trajectories,
)
from simulator.scenario.load import load as load_file
from simulator.scenario.model import Scenario
from simulator.store import checkpoint
from simulator.store import folder as store
from simulator.store.disk import beside

__all__ = [
    "Growth", "Outline", "Progress", "Replay", "Result", "contracts_table", "creditor_columns", "folder_name", "from_manifest",
    "identity", "load", "manifest", "months_table", "path_fields", "path_rows", "plan", "replay", "run", "trajectories",
    "unfinished", "warm", "with_run",
]  # fmt: skip


def load(path: str | Path, settings: Sequence[str] = ()) -> Scenario:
    """A scenario from its file.

    settings: `KEY=VALUE` strings as after `--set`, for example `contracts.xai.fee=1.5B/mo`.
    Raises `simulator.ScenarioError` with every complaint at once.
    """
    return load_file(path, settings)


def run(
    scenario: Scenario | str | Path,
    paths: int | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    announce: Announce | None = None,
    into: str | Path | None = None,
    fresh: bool = False,
) -> Result:
    """Simulate a scenario.

    paths, seed: instead of those of the scenario. out: the folder that run folders go to; None writes nothing. into: the run
    folder itself, an existing run to be extended for example. An unfinished run of the same scenario and seed goes on where
    it stopped, a finished one of fewer paths is extended; the data files are those of a run at once. fresh: begin from the
    first path and replace what is there. threads: default all cores; the result does not depend on it. announce: is told
    (loops, seconds) before anything is compiled. To add paths until a figure is precise enough: `growth.Growth`.

    Raises ScenarioError (a path that is no valid file), ValueError (paths or seed out of range), StoreError (the folder cannot
    be written, is another run's, holds more paths, or is being written by somebody else).
    """
    known = scenario if isinstance(scenario, Scenario) else load(scenario)
    known = with_run(known, paths, seed)
    place, target = (None if name is None else Path(name) for name in (out, into))
    with Growth(known, known.run.paths, place, target, threads, progress, announce, fresh) as growth:
        growth.to(known.run.paths)
        return growth.finish()


def warm(scenario: Scenario, announce: Announce | None = None) -> None:
    """Compile all that a run of this scenario will need, so that the run need not wait for it."""
    scenario = ready(scenario)
    simulation = Simulation(scenario, paths=scenario.run.paths, announce=announce)
    asked = questions(scenario.calendar.months, simulation.outline)
    simulation.run_chunk(0, min(scenario.run.paths, BLOCK)).tallied(asked).counted()


def plan(scenario: Scenario, out: Path, threads: int | None = None, into: Path | None = None) -> dict[str, Any]:
    """What a run would take: paths, bytes on disk (uncompressed), memory in bytes, seconds (measured on one chunk)."""
    scenario = ready(scenario)
    simulation = Simulation(scenario, paths=scenario.run.paths)
    paths, months = scenario.run.paths, scenario.calendar.months
    target = out / folder_name(scenario) if into is None else into
    workers = executors.available_threads() if threads is None else threads
    size = min(paths, CHUNK)
    simulation.run_chunk(0, min(size, BLOCK))  # touches what the first call has to
    at = time.perf_counter()
    chunk = simulation.run_chunk(0, size)
    simulating = (time.perf_counter() - at) * paths / size / min(workers, max(1, paths // CHUNK))
    columns = len(path_fields(simulation, chunk))
    stored = columns + (2 + len(chunk.trajectories)) * len(scenario.keep.months_of(scenario.calendar)) * bool(
        chunk.trajectories
    )
    return {
        "schema": 1,
        "scenario": scenario.name,
        "scenario_hash": scenario.hash,
        "paths": paths,
        "months": months,
        "columns": columns,
        "folder": str(target),
        "exists": target.exists(),
        "paths_there": paths_there(target),
        "bytes": paths * stored * 8,
        "memory": limits.PROGRAM + memory(simulation, paths, workers, writing=True).total,
        "seconds": round(1.5 + simulating + paths * stored * 5e-9, 1),
        "measured_paths": size,
    }


def unfinished(scenario: Scenario, out: Path, into: Path | None = None) -> tuple[Path, int] | None:
    """The folder of a run that was stopped, and the paths that the same command would go on from."""
    folder = beside(out / folder_name(scenario) if into is None else into, "partial")
    found = checkpoint.read(folder / checkpoint.CHECKPOINT)
    return None if found is None else (folder, found.paths)


def paths_there(target: Path) -> int:
    """The paths of the finished run in a folder; nought if there is none."""
    try:
        return int(store.read_manifest(target)["run"]["paths"])
    except store.StoreError:
        return 0


def with_run(scenario: Scenario, paths: int | None, seed: int | None, sampling: str | None = None) -> Scenario:
    """The scenario with another number of paths, seed or way of sampling. Raises ValueError outside their range."""
    changes = {k: v for k, v in (("paths", paths), ("seed", seed), ("sampling", sampling)) if v is not None}
    if not changes:
        return scenario
    run = type(scenario.run).model_validate({**scenario.run.model_dump(), **changes})
    said = run.complaint()
    if said is not None:
        raise ValueError("; ".join(said))
    return replace(scenario, run=run)


def replay(folder: str | Path, path: int) -> Replay:
    """A path of a finished run once more, with every slot of every month.

    Raises StoreError (no finished run), IndexError (no such path), ScenarioError (the stored scenario cannot be read).
    """
    (found,) = replays(folder, [path])
    return found


def replays(folder: str | Path, wanted: Sequence[int]) -> list[Replay]:
    """Several paths of a finished run once more, in the order asked for; raises what `replay` raises."""
    stored = store.read_manifest(Path(folder))
    paths = int(stored["run"]["paths"])
    for path in wanted:
        if not 0 <= path < paths:
            raise IndexError(f"path {path} is not one of 0 … {paths - 1}")
    if not wanted:
        return []
    scenario = from_manifest(stored)
    simulation = Simulation(scenario)
    programs = [simulation.branch_of(path).program for path in wanted]
    slots = tuple(dict.fromkeys(slot for p in programs for slot in p.rows if not slot.startswith("#")))
    chunk = simulation.run_paths(np.array(wanted), slots)
    found = []
    for k, (path, program) in enumerate(zip(wanted, programs, strict=True)):
        months = {slot: chunk.kept[slot][:, k].copy() for slot in slots if slot in program.rows}
        row = {name: float(values[k]) for name, values in path_rows(chunk).items() if name != "path"}
        ending = simulation.outline.causes[int(row["cause"])].sentence
        found.append(Replay(scenario, program, ending, path, months, row))
    return found


@dataclass(frozen=True)
class Replay:
    """One path: `months` slot -> values of months 0 … M, `row` its row of `paths`."""

    scenario: Scenario
    program: Program  # of the branch the path takes
    ending: str
    path: int
    months: dict[str, Array]
    row: dict[str, float]
