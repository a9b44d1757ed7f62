"""What of a run goes to disk: the columns and rows of its tables, its identity, its manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.engine.block import BLOCK
from simulator.engine.simulation import CHUNK, ChunkResult, Outline, Simulation
from simulator.estimate.figures import CASH_QUANTILES, Figures, label
from simulator.estimate.training import ready, trained
from simulator.mathematics.philox import STREAM_VERSION
from simulator.scenario.model import Scenario
from simulator.store import folder as store
from simulator.store.folder import Field

PACKAGES = ("simulator", "numba", "llvmlite", "numpy", "pyarrow", "pydantic", "scipy")
TRAJECTORY_ROWS = 1_048_576  # at most in one file, where that is a chunk of paths or more


@cache
def version(package: str) -> str:
    """Read once: looking a version up takes milliseconds."""
    return metadata.version(package)


@cache
def maker() -> str:
    """Names the program: its own text, the packages that make numbers, the machine's kind. The same name, the same bits."""
    import platform

    digest = hashlib.sha256()
    home = Path(__file__).parent
    for file in sorted(home.rglob("*.py")):
        digest.update(f"{file.relative_to(home)}\n".encode() + file.read_bytes())
    versions = " ".join(f"{p} {version(p)}" for p in PACKAGES)
    return f"{versions} {platform.machine()} {digest.hexdigest()[:16]}"


def trajectory_part(months: int) -> int:
    """Rows of a file of `trajectories`: whole chunks of paths, and whole files in one of `paths`."""
    paths = store.PART_PATHS
    while paths % (2 * CHUNK) == 0 and paths * months > TRAJECTORY_ROWS:
        paths //= 2
    return paths * months


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


def from_manifest(stored: dict[str, Any]) -> Scenario:
    """The scenario a run was made with, out of its manifest, with the boundaries that were trained for it."""
    from simulator.scenario.load import from_resolved

    scenario = from_resolved(stored["scenario"]["resolved"], stored["scenario"]["file"])
    said = {name: stored["run"][name] for name in type(scenario.run).model_fields if name in stored["run"]}
    scenario = replace(scenario, run=type(scenario.run).model_validate({**scenario.run.model_dump(), **said}))
    if scenario.hash != stored["scenario"]["sha256"]:
        raise store.StoreError(
            "the stored scenario gives another hash than the run's "
            f"({scenario.hash[:12]}, the run has {stored['scenario']['sha256'][:12]})"
        )
    return ready(scenario, stored.get("trained"))


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
    endings = [cause.sentence for cause in figures.outline.causes]
    return described(figures.scenario, figures.paths, endings, seconds, figures.document)


def described(
    scenario: Scenario, paths: int, endings: Sequence[str], seconds: Mapping[str, float], figures: dict[str, Any]
) -> dict[str, Any]:
    """The manifest of a run of any kind."""
    import platform

    return {
        "scenario": {
            "name": scenario.name,
            "file": scenario.file,
            "sha256": scenario.hash,
            "text": scenario.text,
            "bases": [{"file": name, "text": text} for name, text in scenario.bases],
            "settings": list(scenario.settings),
            "resolved": scenario.canonical,
        },
        "run": {
            "paths": paths,
            "months": scenario.calendar.months,
            "start": scenario.label(1),
            "seed": scenario.run.seed,
            "sampling": scenario.run.sampling,
            "estimator": scenario.run.estimator,
            "block": BLOCK,
            "streams": STREAM_VERSION,
        },
        "trained": trained(scenario),
        "alternatives": {group: list(members) for group, members in scenario.alternatives.items()},
        "endings": list(endings),
        "made_with": {"python": platform.python_version(), **{p: version(p) for p in PACKAGES}, "maker": maker()},
        "machine": {"system": platform.system(), "processor": platform.machine()},
        "seconds": {k: round(v, 4) for k, v in seconds.items()},
        "figures": figures,
    }
