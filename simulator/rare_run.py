"""A rare-event run that is kept: the paths in default with their weights, the figures by month, and how it was sampled.

Its folder is written like that of any run (store/writer.py): hidden while it is made, every file whole, the manifest last, then
in its place in one step. Nothing of it goes on from a checkpoint: a run takes seconds. The manifest holds the tilts, or how many
populations there were, so that every stored path can be simulated again (`again`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.engine.build import Array
from simulator.engine.tilt import COMPONENT, LOG_RATIO, Tilt, TiltedRunner
from simulator.estimate import rare as estimating
from simulator.estimate.importance import PIECE, POPULATIONS, Pilot, first_path
from simulator.estimate.rare import Method, Progress, Rare, shown
from simulator.estimate.splitting import split
from simulator.estimate.weighted import Part
from simulator.record import described, folder_name, identity, maker
from simulator.scenario.model import Scenario
from simulator.store import folder as store
from simulator.store.folder import RARE, Field
from simulator.store.writer import RunWriter

FAILING = "failing"  # table of weighted paths in default
OWN = (
    Field("path", "number under which it was drawn; by splitting, that of the path it descends from", "path"),
    Field("branch", "combination of alternatives, heaviest first", "count"),
    Field("group", "component of the mixture, 0 the scenario's own law; by splitting the population", "path"),
    Field("weight", "probability: what the path adds to that of default by the horizon"),
)
Columns = dict[str, npt.NDArray[Any]]


def rare(
    scenario: Scenario | str | Path,
    method: Method = "is",
    paths: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    shocks: bool = False,
    progress: Progress | None = None,
    out: str | Path | None = None,
    into: str | Path | None = None,
    fresh: bool = False,
) -> Rare:
    """Estimate a small default probability.

    method: "is", importance sampling, for a default that comes through monthly shocks or inputs (nearly always the better
    one); "splitting" for one that builds up month by month by what cannot be tilted, and as a check of the other. paths: of
    the estimate; pilots come on top. shocks: with splitting, keep what was drawn for `Rare.failing` (memory). out: the folder
    that run folders go to; None writes nothing. into: the run folder itself. A finished run of no more paths that lies there is
    replaced by this one; equal runs have equal data files. fresh: replace one of more paths too.

    Raises ScenarioError (a path that is no valid file), ValueError (method, paths or seed out of range), RareError (no path in
    default found, or fewer effective ones than FLOOR; nothing is written then), StoreError (the folder cannot be written, holds
    another run or more paths, or is being written by somebody else).
    """
    known = estimating.asked(scenario, method, paths, seed)
    if out is None and into is None:
        return estimating.rare(known, method, threads=threads, shocks=shocks, progress=progress)
    place, target = Path() if out is None else Path(out), None if into is None else Path(into)
    name = f"{folder_name(known)}-{method}"
    with RunWriter(place, name, _identity(known, method), f"{maker()} {method}", fresh, target) as writer:
        writer.begin(known.run.paths, resumable=False)
        found = estimating.rare(known, method, threads=threads, shocks=shocks, progress=progress)
        endings = _endings(found)
        columns, fields = failing_table(found, endings)
        writer.add(FAILING, columns, fields)
        writer.end_parts()
        writer.write("months.parquet", months_table(found))
        return replace(found, folder=writer.finish(_manifest(found, endings)))


def _identity(scenario: Scenario, method: str) -> dict[str, str]:
    return {**identity(scenario), "simulator.method": method}


def _endings(found: Rare) -> tuple[Any, ...]:
    """Of all branches together, as a plain run lists them."""
    return tuple(dict.fromkeys(cause for part in found.parts for cause in part.pilot.plain.program.causes))


def failing_table(found: Rare, endings: Sequence[Any]) -> tuple[Columns, list[Field]]:
    """The columns of `failing`, a row a path in default, branch by branch in the order drawn: what stands in `paths` of a plain
    run, by splitting as it was at the default. Numbers that a branch does not have are nought, inputs NaN."""
    blocks = [_rows(part, endings) for part in found.parts]
    sizes = [block["path"].size for block, _ in blocks]
    fields: dict[str, Field] = {}
    for _, listed in blocks:
        fields |= {f.name: fields.get(f.name, f) for f in listed}
    ordered = sorted(fields.values(), key=lambda f: f.name.startswith("input."))  # stable: inputs last
    columns = {}
    for f in ordered:
        none = np.nan if f.name.startswith("input.") else 0.0
        pieces = [block.get(f.name, np.full(n, none)) for (block, _), n in zip(blocks, sizes, strict=True)]
        columns[f.name] = np.concatenate(pieces)
    return columns, ordered


def _rows(part: Part, endings: Sequence[Any]) -> tuple[Columns, list[Field]]:
    s, runner = part.sample, part.runner
    own = {"path": s.paths, "branch": np.full(s.paths.size, part.pilot.branch), "group": s.groups,
           "weight": part.branch.weight * s.scaled()}  # fmt: skip
    inputs = runner.prepare(s.paths).program.inputs if s.paths.size else {}
    rows = {**own, **_stored(runner, s.columns, {k: v[: s.paths.size] for k, v in inputs.items()}, endings)}
    fields = [*OWN, *(Field(c.name, c.unit, c.kind) for c in runner.program.columns if c.name in rows)]
    return rows, fields + [Field(name, "in the engine's unit") for name in rows if name.startswith("input.")]


def _stored(
    runner: TiltedRunner, columns: Mapping[str, Array], inputs: Mapping[str, Array], endings: Sequence[Any]
) -> Columns:
    """What is kept of some paths: causes by the codes of all branches, without what only the tilt needs."""
    codes = np.array([endings.index(cause) for cause in runner.program.causes], dtype=np.float64)
    kept = {name: values for name, values in columns.items() if not name.startswith((COMPONENT, LOG_RATIO))}
    kept["cause"] = codes[columns["cause"].astype(np.int64)]
    return kept | {f"input.{name}": values for name, values in inputs.items()}


def months_table(found: Rare) -> Any:
    """One row a month for PD and for each cause; without numbers on fewer effective paths than the floor."""
    rows = []
    for month in range(1, found.months + 1):
        for cause in (None, *found.causes):
            one = shown(found.precise(month, cause))
            rows.append({"month": month, "label": found.scenario.label(month), "metric": f"pd:{cause}" if cause else "pd",
                         "unit": "share", "mean": one.pop("value"), **one})  # fmt: skip
    fields: list[tuple[Field, str]] = [
        (Field("month", "number"), "uint16"),
        (Field("label", "YYYY-MM, or YYYY-Qn where steps are quarters"), "string"),
        (Field("metric", "name"), "string"),
        (Field("unit", "name"), "string"),
    ]
    fields += [(Field(name, "as `unit` says"), "float64") for name in ("mean", "low", "high")]
    fields += [
        (Field("cv", "standard error over mean"), "float64"),
        (Field("ess", "effective paths in default"), "float64"),
    ]
    return store.rows_to_table(rows, fields, _identity(found.scenario, found.method))


def _manifest(found: Rare, endings: Sequence[Any]) -> dict[str, Any]:
    figures = {name: value for name, value in found.document.items() if name != "folder"}
    sentences = [cause.sentence for cause in endings]
    common = described(found.scenario, found.scenario.run.paths, sentences, found.seconds, figures)
    common["run"] |= {"method": found.method, "spent": found.paths}
    return {"kind": RARE, **common, "sampled": [_sampled(part) for part in found.parts]}


def _sampled(part: Part) -> dict[str, Any]:
    """How a branch was sampled: all that simulating its paths again needs."""
    s, tilt = part.sample, part.tilt
    return {
        "branch": part.pilot.branch,
        "weight": part.branch.weight,
        "method": s.method,
        "populations": int(s.sizes.size) if s.method == "splitting" else None,
        "paths": int(s.size),
        "tilt": {
            "lanes": list(tilt.lanes),
            "monthly": {name: shifts.tolist() for name, shifts in tilt.monthly.items()},
            "once": {name: shifts.tolist() for name, shifts in tilt.once.items()},
        },
    }


# --- once more ----------------------------------------------------------------------------------------------------------


class Again(NamedTuple):
    """Some rows of `failing`, simulated again."""

    rows: npt.NDArray[np.int64]  # their places in the table
    columns: Columns  # bit by bit what the table has to hold
    weights: Array  # the same to rounding: sums of exponentials


def again(
    manifest: Mapping[str, Any],
    scenario: Scenario,
    table: Mapping[str, npt.NDArray[Any]],
    sample: int,
    seed: int | None,
) -> Iterator[Again]:
    """Stored paths drawn at random and simulated again, of each branch by its own way: so many single paths in all, or of a
    branch that was split one whole population. `table`: the columns path, branch and group of `failing`."""
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(table["path"].size, min(sample, table["path"].size), replace=False))
    for entry in manifest["sampled"] if sample else ():
        here = np.flatnonzero(table["branch"] == entry["branch"])
        branch = scenario.branches[int(entry["branch"])]
        pilot = Pilot(branch.scenario, scenario.run.seed, int(entry["branch"]), 1)
        if entry["method"] == "splitting":
            group = int(rng.integers(entry["populations"]))
            rows = here[table["group"][here] == group]
            yield _population(pilot, branch.weight, entry, group, rows, manifest)
            continue
        rows = np.intersect1d(here, chosen)
        tilt = _tilt(entry["tilt"])
        runner = TiltedRunner(branch.scenario, scenario.run.seed, tilt)
        for begin in range(0, rows.size, PIECE):
            some = rows[begin : begin + PIECE]
            lived = runner.lived(np.asarray(table["path"][some]))
            weights = np.exp(tilt.log_weights(runner.log_ratios(lived.columns))) * branch.weight / entry["paths"]
            columns = _stored(runner, lived.columns, lived.inputs, _causes(manifest, runner))
            yield Again(some, columns, weights)


def _population(
    pilot: Pilot,
    weight: float,
    entry: Mapping[str, Any],
    group: int,
    rows: npt.NDArray[np.int64],
    manifest: Mapping[str, Any],
) -> Again:
    pilot.look()
    assert pilot.outlook is not None
    size = entry["paths"] // entry["populations"]
    first = first_path(pilot.branch, POPULATIONS) + group * estimating.stride(size, pilot.scenario)
    left = split(pilot.plain, pilot.outlook, size, first)
    inputs = pilot.plain.prepare(left.roots).program.inputs if left.roots.size else {}
    inputs = {name: values[: left.roots.size] for name, values in inputs.items()}
    columns = _stored(pilot.plain, left.columns, inputs, _causes(manifest, pilot.plain)) | {"path": left.roots}
    return Again(rows, columns, left.weights * weight / entry["paths"])


def _tilt(stored: Mapping[str, Any]) -> Tilt:
    monthly = {name: np.array(shifts) for name, shifts in stored["monthly"].items()}
    return Tilt(tuple(stored["lanes"]), monthly, {name: np.array(shifts) for name, shifts in stored["once"].items()})


def _causes(manifest: Mapping[str, Any], runner: TiltedRunner) -> list[Any]:
    """The endings of the manifest, by the causes of a program where it has them."""
    own = {cause.sentence: cause for cause in runner.program.causes}
    return [own.get(sentence) for sentence in manifest["endings"]]
