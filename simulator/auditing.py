"""Whether a run folder is what was written, and what was written is what the model says.

Every file that the manifest lists: is there, has the SHA-256, the rows and the identity stated, its page checksums hold and its
rows are in order. Then a random sample of paths is simulated again and compared with the stored rows bit by bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.engine.simulation import ChunkResult, Simulation
from simulator.rare_run import FAILING, Again, again
from simulator.record import from_manifest, identity, maker, path_rows, trajectories
from simulator.scenario.model import Scenario
from simulator.store import folder as store
from simulator.store.checkpoint import CHECKPOINT
from simulator.store.disk import StoreError
from simulator.store.folder import MANIFEST

ROUNDING = 1e-9  # of sums of weights, and of weights, which are sums of exponentials
SHOWN = 5  # paths that differ, of which the columns are named


@dataclass
class Audit:
    """What was looked at, and every fault found, as a sentence each."""

    folder: Path
    paths: int = 0
    files: int = 0
    bytes: int = 0
    sampled: tuple[int, ...] = ()
    values: int = 0  # compared
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def document(self) -> dict[str, Any]:
        """The document of `audit --json`."""
        return {
            "schema": 1,
            "folder": str(self.folder),
            "paths": self.paths,
            "files": self.files,
            "bytes": self.bytes,
            "sampled_paths": len(self.sampled),
            "values_compared": self.values,
            "faults": self.faults,
            "notes": self.notes,
        }


def audit(folder: str | Path, sample: int = 100, seed: int | None = None) -> Audit:
    """Check a finished run.

    sample: paths to simulate again, drawn without replacement. seed: of the draw; None for another one every time. Raises
    StoreError where there is no manifest that can be trusted; anything else that is wrong is one of `faults`.
    """
    place = Path(folder)
    manifest = store.read_any_manifest(place)
    found = Audit(place, paths=int(manifest["run"]["paths"]))
    scenario = from_manifest(manifest)
    if manifest["made_with"].get("maker") != maker():
        found.notes.append("another version of the program made this run: bits of the last digits may differ")
    look = _rare if store.kind_of(manifest) == store.RARE else _plain
    look(place, manifest, scenario, sample, seed, found)
    return found


def _plain(
    place: Path, manifest: dict[str, Any], scenario: Scenario, sample: int, seed: int | None, found: Audit
) -> None:
    """A run of which every path is stored."""
    chosen = np.sort(np.random.default_rng(seed).choice(found.paths, min(sample, found.paths), replace=False))
    stored: dict[str, list[Any]] = {"paths": [], "trajectories": []}
    months = len(scenario.keep.months_of(scenario.calendar))
    begins = {"paths": 0, "trajectories": 0}
    for part in manifest["parts"]:
        rows = _part(place, part, identity(scenario), found)
        table = part["file"].rsplit("-", 1)[0]
        if table in begins:
            per_path = 1 if table == "paths" else months
            if rows is not None:
                _order(rows, begins[table], per_path, part["file"], found)
                stored[table].append(_rows_of(rows, begins[table], chosen, per_path))
            begins[table] += int(part["rows"])
    wanted = {"paths": found.paths, "trajectories": found.paths * months if begins["trajectories"] else 0}
    _complete(place, manifest, begins, wanted, ("months", "contracts"), found)
    if not found.faults:
        found.sampled = tuple(int(p) for p in chosen)
        _again(Simulation(scenario), stored, months, found)


def _rare(
    place: Path, manifest: dict[str, Any], scenario: Scenario, sample: int, seed: int | None, found: Audit
) -> None:
    """A rare-event run: its weights make up its figures, and its weighted paths are what their law gives."""
    whose = {**identity(scenario), "simulator.method": str(manifest["run"]["method"])}
    parts: list[Any] = []
    for part in manifest["parts"]:
        rows = _part(place, part, whose, found)
        if rows is not None and part["file"].startswith(f"{FAILING}-"):
            parts.append(rows)
    due = sum(branch["defaults"] for branch in manifest["figures"]["branches"])
    there = {FAILING: sum(int(part["rows"]) for part in store.files_of(manifest, FAILING))}
    _complete(place, manifest, there, {FAILING: due}, ("months",), found)
    if found.faults:
        return
    table = store.joined(parts)
    columns = {name: table[name].to_numpy() for name in table.column_names}
    for row in manifest["figures"]["pd"]:
        total = float(columns["weight"][columns["end_month"] <= row["month"]].sum())
        if row["value"] is not None and abs(total - row["value"]) > ROUNDING * row["value"]:
            found.faults.append(
                f"the weights add up to {total:.9g} by month {row['month']}; stated is {row['value']:.9g}"
            )
    sampled: list[int] = []
    differ: dict[int, list[str]] = {}
    for some in again(manifest, scenario, columns, sample, seed):
        _hold(some, columns, differ, found)
        sampled += columns["path"][some.rows].tolist()
    found.sampled = tuple(sampled)
    _tell(differ, found)


def _hold(some: Again, columns: dict[str, Any], differ: dict[int, list[str]], found: Audit) -> None:
    """Stored rows against the same paths simulated again: bits of what they lived, and weights to rounding."""
    if some.weights.size != some.rows.size:
        found.faults.append(
            f"a population simulated again leaves {some.weights.size:,} paths in default, not {some.rows.size:,}"
        )
        return
    weight = columns["weight"][some.rows]
    wrong = {"weight": ~np.isclose(some.weights, weight, rtol=ROUNDING, atol=0.0)}
    for name, values in some.columns.items():
        there = columns[name][some.rows]
        here = values.astype(there.dtype)
        wrong[name] = np.frombuffer(here.tobytes(), np.uint8).reshape(here.size, -1) != np.frombuffer(
            there.tobytes(), np.uint8
        ).reshape(here.size, -1)
        wrong[name] = wrong[name].any(axis=1)
    found.values += len(wrong) * some.rows.size
    for name, rows in wrong.items():
        for at in np.flatnonzero(rows):
            differ.setdefault(int(columns["path"][some.rows[at]]), []).append(name)


def _part(place: Path, part: dict[str, Any], whose: dict[str, str], found: Audit) -> Any:
    """A file's table, or None where it cannot be trusted."""
    name = part["file"]
    try:
        data, rows, metadata = store.checked_table(place, part)
    except StoreError as problem:
        found.faults.append(str(problem))
        return None
    found.files += 1
    found.bytes += data
    if rows.num_rows != part["rows"]:
        found.faults.append(f"{place}: {name} has {rows.num_rows} rows; the manifest says {part['rows']}")
    wrong = [key for key, value in whose.items() if key != "simulator.version" and metadata.get(key) != value]
    if wrong:
        found.faults.append(f"{place}: {name} belongs to another run: {', '.join(wrong)} differ")
    return rows


def _order(rows: Any, first: int, per_path: int, name: str, found: Audit) -> None:
    """Rows come in the order of the paths, none twice and none left out."""
    path = rows["path"].to_numpy()
    wanted = (np.arange(len(path)) + first) // per_path
    if not np.array_equal(path, wanted):
        at = int(np.flatnonzero(path != wanted)[0])
        found.faults.append(f"{found.folder}: row {at} of {name} is path {path[at]} where {wanted[at]} is due")


def _rows_of(rows: Any, first: int, chosen: npt.NDArray[np.int64], per_path: int) -> Any:
    every = (chosen[:, None] * per_path + np.arange(per_path)).ravel() - first
    return rows.take(every[(every >= 0) & (every < rows.num_rows)])


def _complete(
    place: Path,
    manifest: dict[str, Any],
    rows: dict[str, int],
    wanted: dict[str, int],
    single: tuple[str, ...],
    found: Audit,
) -> None:
    """Tables have the rows that are due, those of one file are there, and nothing else is."""
    found.faults += [
        f"{place}: the files of `{table}` have {rows[table]:,} rows; {wanted[table]:,} are due"
        for table in rows
        if rows[table] != wanted[table]
    ]
    listed = {part["file"] for part in manifest["parts"]}
    found.faults += [f"{place}: {name}.parquet is not listed" for name in single
                     if f"{name}.parquet" not in listed]  # fmt: skip
    if "checkpoint" in manifest:
        entry = manifest["checkpoint"]
        try:
            found.bytes += store.read_part(place, entry).size
            found.files += 1
        except StoreError as problem:
            found.faults.append(str(problem))
        listed.add(CHECKPOINT)
    foreign = sorted(file.name for file in place.iterdir() if file.name not in listed | {MANIFEST})
    found.notes += [f"{name} is not part of the run" for name in foreign]


def _again(simulation: Simulation, stored: dict[str, list[Any]], months: int, found: Audit) -> None:
    """Simulate the sampled paths once more and compare every bit."""
    tables = {name: store.joined(parts) for name, parts in stored.items() if parts}
    differ: dict[int, list[str]] = {}
    for k, path in enumerate(found.sampled):
        chunk = simulation.run_chunk(path, 1)
        for table, anew in _tables(simulation, chunk):
            per_path = 1 if table == "paths" else months
            for name in tables[table].column_names:
                there = tables[table][name].to_numpy()[k * per_path : (k + 1) * per_path]
                here = np.asarray(anew[name]).astype(there.dtype)
                found.values += per_path
                if here.tobytes() != there.tobytes():
                    differ.setdefault(path, []).append(name)
    _tell(differ, found)


def _tell(differ: dict[int, list[str]], found: Audit) -> None:
    for path, names in list(differ.items())[:SHOWN]:
        shown = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
        found.faults.append(f"path {path} simulated again is another one in {shown}")
    if len(differ) > SHOWN:
        found.faults.append(f"{len(differ)} of {len(found.sampled)} sampled paths simulated again are others")


def _tables(simulation: Simulation, chunk: ChunkResult) -> Iterator[tuple[str, Any]]:
    yield "paths", path_rows(chunk)
    if chunk.trajectories:
        yield "trajectories", trajectories(simulation, chunk)[0]
