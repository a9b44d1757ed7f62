"""The story of a run: scenario file -> finished run folder. One function per thing a user asks for.

load      text -> Scenario                       scenario/load.py
Simulation  Scenario -> Program -> machine code  engine/program.py, engine/jit.py
run_chunk   paths of every branch                engine/simulation.py
live        blocks of paths, month by month      engine/block.py
Summary     what is kept of all paths            engine/reduce.py
Figures     numbers with intervals               estimate/figures.py
RunWriter   Parquet parts, manifest last         store/folder.py
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.engine import executors
from simulator.engine.block import BLOCK, Announce
from simulator.engine.build import Array
from simulator.engine.program import Program
from simulator.engine.reduce import EXACT_PATHS, Summary
from simulator.engine.simulation import CHUNK, ChunkResult, Outline, Simulation
from simulator.engine.tally import Questions
from simulator.estimate.figures import CASH_QUANTILES, Figures, label, questions
from simulator.estimate.training import ready, trained
from simulator.mathematics.philox import STREAM_VERSION
from simulator.scenario.load import load as load_file
from simulator.scenario.model import Scenario
from simulator.store import folder as store
from simulator.store.folder import Field, RunWriter

Progress = Callable[[int, int], None]  # paths done, paths in all


@dataclass(frozen=True)
class Result:
    """A finished run. Money in $, months as numbers 1 … M; every estimate has `value`, `low`, `high` (95 %)."""

    scenario: Scenario
    figures: Figures
    folder: Path | None
    seconds: dict[str, float]

    @cached_property
    def document(self) -> dict[str, Any]:
        """The document of `run --json`."""
        shown = None if self.folder is None else str(self.folder)
        return {**self.figures.document, "folder": shown, "seconds": self.seconds}

    def pd(self, month: int) -> tuple[float, float, float]:
        """Default probability by a month: (value, low, high)."""
        if not 1 <= month <= self.figures.months:
            raise ValueError(f"month {month} lies outside 1 … {self.figures.months}")
        return tuple(self.figures.pd(month))  # type: ignore[return-value]

    def column(self, name: str) -> Array:
        """A column of `paths`, shape (paths,), in path order. Raises KeyError for a name that is none, and for one that [keep]
        left out of a run whose numbers by path are only in its folder."""
        summary = self.figures.summary
        if summary.hold or self.folder is None:
            return summary.column(name)
        if name not in store.column_names(self.folder, "paths"):
            raise KeyError(name)
        return np.asarray(store.read_table(self.folder, "paths", [name])[name].to_numpy(), dtype=np.float64)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.figures.summary.column_names


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
) -> Result:
    """Simulate a scenario.

    paths, seed: instead of those of the scenario. out: the folder that run folders go to; None writes nothing.
    threads: default all cores; the result does not depend on it. announce: is told (loops, seconds) before anything is
    compiled. Raises ScenarioError (a path that is no valid file),
    ValueError (paths or seed out of range), StoreError (the folder cannot be written).
    """
    known = scenario if isinstance(scenario, Scenario) else load(scenario)
    started = time.perf_counter()
    known = ready(with_run(known, paths, seed))
    simulation = Simulation(known, paths=known.run.paths, announce=announce)
    compiled = time.perf_counter()
    wanted = known.run.paths
    asked = questions(known.calendar.months, simulation.outline)
    summary = Summary(wanted, asked, hold=out is None or wanted <= EXACT_PATHS)
    workers = executors.available_threads() if threads is None else threads
    writer = None if out is None else RunWriter(Path(out), folder_name(known), identity(known))
    writing = 0.0
    fields: list[Field] = []
    try:
        for chunk in chunks(simulation, wanted, workers, asked):
            summary.add(chunk)
            if writer is not None:
                at = time.perf_counter()
                fields = fields or path_fields(simulation, chunk)
                writer.add("paths", path_rows(chunk), fields)
                if chunk.trajectories:
                    writer.add("trajectories", *trajectories(simulation, chunk))
                writing += time.perf_counter() - at
            if progress is not None:
                progress(summary.paths, wanted)
        if writer is not None:
            writer.end_parts()
            summary.reader = writer.column
        figures = Figures(known, simulation.outline, summary)
        simulated = time.perf_counter() - compiled - writing
        target = None
        if writer is not None:
            at = time.perf_counter()
            writer.write("months.parquet", months_table(figures))
            writer.write("contracts.parquet", contracts_table(figures))
            seconds = {"compile": compiled - started, "simulate": simulated}
            target = writer.finish(manifest(figures, seconds))
            writing += time.perf_counter() - at
    finally:
        if writer is not None:
            writer.__exit__(None, None, None)
    seconds = {"compile": compiled - started, "simulate": simulated, "write": writing}
    return Result(known, figures, target, {k: round(v, 4) for k, v in seconds.items()})


def warm(scenario: Scenario, announce: Announce | None = None) -> None:
    """Compile all that a run of this scenario will need, so that the run need not wait for it."""
    scenario = ready(scenario)
    simulation = Simulation(scenario, paths=scenario.run.paths, announce=announce)
    asked = questions(scenario.calendar.months, simulation.outline)
    simulation.run_chunk(0, min(scenario.run.paths, BLOCK)).tallied(asked).counted()


def plan(scenario: Scenario, out: Path, threads: int | None = None) -> dict[str, Any]:
    """What a run would take: paths, bytes on disk (uncompressed), memory in bytes, seconds (measured on one chunk)."""
    scenario = ready(scenario)
    simulation = Simulation(scenario, paths=scenario.run.paths)
    paths, months = scenario.run.paths, scenario.calendar.months
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
    kept = (len(simulation.kept_slots) + len(simulation.trajectories)) * (months + 1) * 8
    return {
        "schema": 1,
        "scenario": scenario.name,
        "scenario_hash": scenario.hash,
        "paths": paths,
        "months": months,
        "columns": columns,
        "folder": str(out / folder_name(scenario)),
        "exists": (out / folder_name(scenario)).exists(),
        "bytes": paths * stored * 8,
        "memory": 350_000_000
        + min(paths, EXACT_PATHS) * (kept + columns * 8)
        + 2 * workers * size * (kept + columns * 40),
        "seconds": round(1.5 + simulating + paths * stored * 5e-9, 1),
        "measured_paths": size,
    }


def with_run(scenario: Scenario, paths: int | None, seed: int | None) -> Scenario:
    """The scenario with another number of paths or seed. Raises ValueError outside their range."""
    changes = {k: v for k, v in (("paths", paths), ("seed", seed)) if v is not None}
    if not changes:
        return scenario
    return replace(scenario, run=type(scenario.run).model_validate({**scenario.run.model_dump(), **changes}))


def chunks(simulation: Simulation, paths: int, workers: int, asked: Questions) -> Iterator[ChunkResult]:
    """All chunks of a run, in path order whatever the number of workers, with the answers to what is asked."""
    tasks = [(first, min(CHUNK, paths - first)) for first in range(0, paths, CHUNK)]

    def work(task: tuple[int, int]) -> ChunkResult:
        chunk = simulation.run_chunk(*task).tallied(asked)
        return chunk if paths <= EXACT_PATHS else chunk.counted()

    return executors.run(work, tasks, workers)


def replay(folder: str | Path, path: int) -> Replay:
    """A path of a finished run once more, with every slot of every month.

    Raises StoreError (no finished run), IndexError (no such path), ScenarioError (the stored scenario cannot be read).
    """
    place = Path(folder)
    stored = store.read_manifest(place)
    paths = int(stored["run"]["paths"])
    if not 0 <= path < paths:
        raise IndexError(f"path {path} is not one of 0 … {paths - 1}")
    scenario = ready(from_manifest(stored), stored.get("trained"))
    simulation = Simulation(scenario)
    program = simulation.branch_of(path).program
    slots = tuple(slot for slot in program.rows if not slot.startswith("#"))
    chunk = simulation.run_chunk(path, 1, slots)
    months = {slot: values[:, 0].copy() for slot, values in chunk.kept.items()}
    row = {name: float(values[0]) for name, values in path_rows(chunk).items() if name != "path"}
    return Replay(scenario, program, simulation.outline.causes[int(row["cause"])].sentence, path, months, row)


@dataclass(frozen=True)
class Replay:
    """One path: `months` slot -> values of months 0 … M, `row` its row of `paths`."""

    scenario: Scenario
    program: Program  # of the branch the path takes
    ending: str
    path: int
    months: dict[str, Array]
    row: dict[str, float]


def from_manifest(stored: dict[str, Any]) -> Scenario:
    """The scenario a run was made with, out of its manifest."""
    from simulator.scenario.load import from_resolved

    scenario = from_resolved(stored["scenario"]["resolved"], stored["scenario"]["file"])
    scenario = with_run(scenario, int(stored["run"]["paths"]), int(stored["run"]["seed"]))
    if scenario.hash != stored["scenario"]["sha256"]:
        raise store.StoreError(
            "the stored scenario gives another hash than the run's "
            f"({scenario.hash[:12]}, the run has {stored['scenario']['sha256'][:12]})"
        )
    return scenario


# --- what goes to disk -------------------------------------------------------------------------------------------------


def folder_name(scenario: Scenario) -> str:
    return f"{scenario.name}-{scenario.hash[:12]}"


def identity(scenario: Scenario) -> dict[str, str]:
    """The metadata of every data file."""
    return {
        "simulator.scenario": scenario.name,
        "simulator.scenario_hash": scenario.hash,
        "simulator.resolved": scenario.canonical,
        "simulator.seed": str(scenario.run.seed),
        "simulator.streams": str(STREAM_VERSION),
        "simulator.version": version("simulator"),
    }


def path_fields(simulation: Simulation, chunk: ChunkResult) -> list[Field]:
    keep, creditors = simulation.scenario.keep, creditor_columns(simulation.outline)
    fields = [Field("path", "number, from 0", "path")]
    fields += [
        Field(c.name, c.unit, c.kind) for c in simulation.outline.columns if keep.contracts or c.name not in creditors
    ]
    return fields + [Field(f"input.{name}", "in the engine's unit") for name in chunk.inputs if keep.inputs]


def creditor_columns(outline: Outline) -> frozenset[str]:
    """The columns of `paths` that belong to one contract or creditor."""
    contracts = {m.contract for m in outline.metrics if m.contract}
    names = [c.name for c in outline.columns]
    suffixes = (".exposure_at_default", ".loss")
    return frozenset(n for n in names if n.rsplit(".", 1)[0] in contracts or n.endswith(suffixes))


def trajectories(simulation: Simulation, chunk: ChunkResult) -> tuple[dict[str, npt.NDArray[Any]], list[Field]]:
    """Rows of the table `trajectories`, one a path and month, and its columns."""
    scenario = simulation.scenario
    months = np.array(scenario.keep.months_of(scenario.calendar))
    size = len(chunk.columns["cause"])
    unit = {f"{m.contract}.{m.name}" if m.contract else m.name: m.unit for m in simulation.outline.metrics}
    rows: dict[str, npt.NDArray[Any]] = {
        "path": np.repeat(np.arange(chunk.first, chunk.first + size), months.size),
        "month": np.tile(months, size),
    }
    rows |= {name: np.ascontiguousarray(values.T).ravel() for name, values in chunk.trajectories.items()}
    fields = [Field("path", "number, from 0", "path"), Field("month", "number, 0 = opening", "month")]
    return rows, fields + [Field(name, unit[name]) for name in chunk.trajectories]


def path_rows(chunk: ChunkResult) -> dict[str, npt.NDArray[Any]]:
    size = len(next(iter(chunk.columns.values())))
    inputs = {f"input.{name}": values for name, values in chunk.inputs.items()}
    return {"path": np.arange(chunk.first, chunk.first + size), **chunk.columns, **inputs}


def months_table(figures: Figures) -> Any:
    """One row a month and metric: mean and interval, quantiles where they are kept, PD and its causes."""
    outline, scenario = figures.outline, figures.scenario
    by_slot = {slot: figures.monthly_quantiles(slot) for slot in figures.summary.kept_slots}
    rows = []
    for month in range(figures.months + 1):
        at = {"month": month, "label": scenario.label(month)}
        for k, metric in enumerate(outline.metrics):
            if metric.contract:
                continue
            e = figures.monthly_mean(k, month)
            row = {**at, "metric": metric.name, "unit": metric.unit, "mean": e.value, "low": e.low, "high": e.high}
            if metric.quantiles:
                for q, (value, low, high) in zip(CASH_QUANTILES, by_slot[metric.slot][month], strict=True):
                    row |= {label(q): value, f"{label(q)}_low": low, f"{label(q)}_high": high}
            rows.append(row)
        pd = figures.pd(month)
        rows.append({**at, "metric": "pd", "unit": "share", "mean": pd.value, "low": pd.low, "high": pd.high,
                     "count": int(figures.counts[: month + 1].sum())})  # fmt: skip
        for name, (count, e) in figures.causes(month).items():
            rows.append({**at, "metric": f"pd:{name}", "unit": "share", "mean": e.value, "low": e.low, "high": e.high,
                         "count": count})  # fmt: skip
    fields: list[tuple[Field, str]] = [
        (Field("month", "number, 0 = opening"), "uint16"),
        (Field("label", "YYYY-MM, or YYYY-Qn where steps are quarters"), "string"),
        (Field("metric", "name"), "string"),
        (Field("unit", "name"), "string"),
    ]
    fields += [(Field(name, "as `unit` says"), "float64") for name in ("mean", "low", "high")]
    for q in CASH_QUANTILES:
        fields += [(Field(label(q) + end, "as `unit` says"), "float64") for end in ("", "_low", "_high")]
    fields.append((Field("count", "paths"), "int64"))
    return store.rows_to_table(rows, fields, identity(scenario))


def contracts_table(figures: Figures) -> Any:
    """One row a month, contract and metric: mean and interval over paths."""
    rows = []
    for month in range(figures.months + 1):
        for k, metric in enumerate(figures.outline.metrics):
            if metric.contract:
                e = figures.monthly_mean(k, month)
                rows.append({"month": month, "label": figures.scenario.label(month), "contract": metric.contract,
                             "metric": metric.name, "unit": metric.unit, "mean": e.value, "low": e.low,
                             "high": e.high})  # fmt: skip
    fields: list[tuple[Field, str]] = [
        (Field("month", "number, 0 = opening"), "uint16"),
        (Field("label", "YYYY-MM, or YYYY-Qn where steps are quarters"), "string"),
        (Field("contract", "name"), "string"),
        (Field("metric", "name"), "string"),
        (Field("unit", "name"), "string"),
    ]
    fields += [(Field(name, "as `unit` says"), "float64") for name in ("mean", "low", "high")]
    return store.rows_to_table(rows, fields, identity(figures.scenario))


def manifest(figures: Figures, seconds: dict[str, float]) -> dict[str, Any]:
    """What stands beside the data: the scenario, the run, what made it, its endings by code and its figures."""
    import platform

    scenario = figures.scenario
    packages = ("simulator", "numba", "llvmlite", "numpy", "pyarrow", "pydantic", "scipy")
    return {
        "scenario": {
            "name": scenario.name,
            "file": scenario.file,
            "sha256": scenario.hash,
            "text": scenario.text,
            "resolved": scenario.canonical,
        },
        "run": {
            "paths": figures.paths,
            "months": figures.months,
            "start": scenario.label(1),
            "seed": scenario.run.seed,
            "block": BLOCK,
            "streams": STREAM_VERSION,
        },
        "trained": trained(scenario),
        "alternatives": {group: list(members) for group, members in scenario.alternatives.items()},
        "endings": [cause.sentence for cause in figures.outline.causes],
        "made_with": {"python": platform.python_version(), **{p: version(p) for p in packages}},
        "machine": {"system": platform.system(), "processor": platform.machine()},
        "seconds": {k: round(v, 4) for k, v in seconds.items()},
        "figures": figures.document,
    }
