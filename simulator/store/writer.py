"""Write a run folder so that nothing is lost: what is on disk is whole, and the same command goes on from there.

A run is written into a hidden folder beside its place (`.NAME.partial`): parts of the tables one after the other, then the
manifest, then the two folders change places in one step. After a part the summary of all paths so far goes into a checkpoint;
a later run of the same scenario by the same program takes it up: from the unfinished folder, or from a finished run of fewer
paths, whose whole parts are linked. Data files hold nothing of the machine or the time, so equal runs have equal bytes.
"""

from __future__ import annotations

import hashlib
import mmap
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simulator.store import checkpoint as checkpoints
from simulator.store.checkpoint import CHECKPOINT, Arrays, Checkpoint
from simulator.store.disk import Lock, StoreError, beside, link, place, sync_folder, write_whole
from simulator.store.folder import (
    MANIFEST,
    PART_PATHS,
    PLAIN,
    Field,
    kind_of,
    manifest_bytes,
    read_any_manifest,
    sha256,
    table,
)

CHECKPOINT_SECONDS = 5.0  # at least between two checkpoints, but for the last: what a kill can cost
PATH = "path"  # the column that numbers the rows
SLACK = 2**20  # bytes a file may take beyond the numbers in it
IN_FLIGHT = 2  # files handed over and not yet written: a slow disk holds the run up instead of filling memory


Pieces = list[np.ndarray[Any, Any]]


@dataclass
class _Pending:
    """Rows of a table that wait for a part to be full."""

    fields: tuple[Field, ...]
    part_rows: int
    columns: dict[str, Pieces] = dataclass_field(default_factory=dict)
    rows: int = 0
    parts: int = 0  # written


class RunWriter:
    """Collects the files of one run. Use as a context manager: `finish` makes the run whole; leaving without it keeps what a
    later run can go on from and removes anything else.

    Files are written by one thread of its own, in the order they were handed over, while the run computes on. One writer a
    folder. maker: identifies the program, since only the same program goes on with the same bits. fresh: begin from the
    first path and replace whatever is there. target: the run folder, instead of `out / name`.
    """

    def __init__(
        self,
        out: Path,
        name: str,
        identity: Mapping[str, str],
        maker: str = "",
        fresh: bool = False,
        target: Path | None = None,
    ) -> None:
        self.target = out / name if target is None else target
        self.identity, self.maker, self.fresh = dict(identity), maker, fresh
        self.folder = beside(self.target, "partial")
        self.saved = 0  # paths that a later run can go on from
        self.from_path = 0
        self.finished_paths = 0  # of the run that lies there
        self._pending: dict[str, _Pending] = {}
        self._handed_over: list[Future[None]] = []
        self._collected = 0
        self._listed: list[dict[str, Any]] = []  # what is on disk; the writing thread's own
        self._begun: dict[str, int] = {}  # table -> parts that were there at the beginning
        self._failure: BaseException | None = None
        self._room: pa.Buffer | None = None  # where files are made; the writing thread's own
        self._at = time.monotonic()
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self._lock = Lock(self.target)
        except OSError as problem:
            raise StoreError(f"cannot write into {self.target.parent}: {_words(problem)}") from problem
        try:
            self._stored = self._settle()
        except OSError as problem:
            self._lock.release()
            raise StoreError(f"cannot use {self.target}: {_words(problem)}") from problem
        except BaseException:
            self._lock.release()
            raise
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()  # what is handed over is kept
        if self._lock.handle is not None:
            if not self.saved:
                shutil.rmtree(self.folder, ignore_errors=True)
            self._lock.release()

    # --- what is there already

    def _settle(self) -> dict[str, Any] | None:
        """Put in order what an earlier process left; returns the manifest of the run that lies in the place."""
        old = beside(self.target, "old")
        if not self.target.exists() and (self.folder / MANIFEST).is_file():
            self._put_in_place()
        elif not self.target.exists() and old.exists():
            old.rename(self.target)
        shutil.rmtree(old, ignore_errors=True)
        if self.target.exists() and (self.target.is_symlink() or not self.target.is_dir()):
            raise StoreError(f"{self.target} is not a folder; move it away")
        stored = None
        if self.target.exists() and (any(self.target.iterdir()) or not self.fresh):
            try:
                stored = read_any_manifest(self.target)
            except StoreError as problem:
                if not self.fresh:
                    raise StoreError(f"{problem}; --fresh replaces it") from None
        if stored is not None and not self.fresh and (self.folder / MANIFEST).is_file():
            stored = self._newer(stored)
        elif (self.folder / MANIFEST).exists() or self.fresh:
            shutil.rmtree(self.folder, ignore_errors=True)
        if stored is not None:
            theirs, ours = stored["scenario"]["sha256"], self.identity.get("simulator.scenario_hash", "")
            if theirs != ours:
                raise StoreError(
                    f"{self.target} holds a run of another scenario or seed and is left as it is:\n"
                    f"  it has the hash {theirs}\n  this run has   {ours}"
                )
            self._same_way(stored)
            self.finished_paths = int(stored["run"]["paths"])
        return stored

    def _same_way(self, stored: dict[str, Any]) -> None:
        """A run of every path does not replace one of rare events by one method, nor the other way round."""
        theirs = str(stored["run"]["method"]) if kind_of(stored) != PLAIN else PLAIN
        ours = self.identity.get("simulator.method", PLAIN)
        if theirs != ours:
            said = {PLAIN: "a run that stores every path"}
            raise StoreError(
                f"{self.target} holds {said.get(theirs, f'a rare-event run (--rare {theirs})')} and is left as it is; "
                f"{said.get(ours, f'a rare-event run (--rare {ours})')} goes to a folder of its own"
            )

    def _put_in_place(self) -> None:
        """The run was whole, and not yet in its place."""
        try:
            read_any_manifest(self.folder)
        except StoreError:
            (self.folder / MANIFEST).unlink()
        else:
            place(self.folder, self.target)

    def _newer(self, stored: dict[str, Any]) -> dict[str, Any]:
        """Two whole folders: the process ended while they changed places. The longer run stays."""
        with suppress(StoreError):
            found = read_any_manifest(self.folder)
            if int(found["run"]["paths"]) > int(stored["run"]["paths"]):
                place(self.folder, self.target)
                return found
        shutil.rmtree(self.folder, ignore_errors=True)
        return stored

    def begin(self, paths: int, resumable: bool = True) -> Checkpoint | None:
        """Open the unfinished folder. Returns where the run can go on, if there is such a place and it is `resumable`.

        Raises StoreError where more paths than `paths` are done already and nobody said `fresh`.
        """
        try:
            found = None if self.fresh else self._found(paths, resumable)
            if found is None:
                shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(exist_ok=True)
            if found is not None:
                self._take_over(found)
        except OSError as problem:
            raise StoreError(f"cannot write into {self.target.parent}: {_words(problem)}") from problem
        return found

    def _found(self, paths: int, resumable: bool) -> Checkpoint | None:
        if self.finished_paths > paths:
            raise StoreError(
                f"{self.target} holds a finished run of {self.finished_paths:,} paths of this scenario and seed, more than the "
                f"{paths:,} asked for; ask for more to extend it, --fresh replaces it, --out goes elsewhere"
            )
        found = []
        for folder in (self.folder, self.target):
            one = checkpoints.read(folder / CHECKPOINT)
            if one is not None and self._is_mine(one) and self._parts_hold(folder, one):
                found.append(one)
        if found and found[0].paths > paths:
            raise StoreError(
                f"{self.folder} is an unfinished run of this scenario and seed with {found[0].paths:,} paths done, more than "
                f"the {paths:,} asked for; ask for more to go on, --fresh drops it, --out goes elsewhere"
            )
        return max(found, key=lambda c: c.paths, default=None) if resumable else None

    def _is_mine(self, one: Checkpoint) -> bool:
        return one.maker == self.maker and one.scenario_hash == self.identity.get("simulator.scenario_hash")

    def _parts_hold(self, folder: Path, one: Checkpoint) -> bool:
        try:
            return all(sha256(folder / part["file"]) == part["sha256"] for part in one.parts)
        except OSError:
            return False

    def _take_over(self, found: Checkpoint) -> None:
        """Keep the parts of a checkpoint, or link them from the finished run, and remove anything else."""
        wanted = {part["file"] for part in found.parts}
        mine = checkpoints.read(self.folder / CHECKPOINT)
        if mine is None or mine.paths != found.paths:
            for file in self.folder.iterdir():
                file.unlink()
            for name in wanted:
                link(self.target / name, self.folder / name)
            sync_folder(self.folder)
            write_whole(self.folder, CHECKPOINT, found.pieces())
        for file in self.folder.iterdir():
            if file.name not in wanted and file.name != CHECKPOINT:
                file.unlink()
        self._listed = list(found.parts)
        for name in wanted:
            kind = name.rsplit("-", 1)[0]
            self._begun[kind] = self._begun.get(kind, 0) + 1
        self.saved = self.from_path = found.paths

    # --- rows and files, as they come

    def add(self, table: str, columns: Mapping[str, Any], fields: Sequence[Field], part_rows: int = PART_PATHS) -> None:
        """Rows of a table that comes part by part, in order; full parts are written as they come."""
        pending = self._pending.setdefault(table, _Pending(tuple(fields), part_rows, parts=self._begun.get(table, 0)))
        for f in fields:
            pending.columns.setdefault(f.name, []).append(columns[f.name])
        pending.rows += len(columns[fields[0].name])
        while pending.rows >= pending.part_rows:
            self._flush(table, pending.part_rows)

    def due(self, paths: int, last: bool) -> bool:
        """Whether a checkpoint should follow now that so many paths are handed over."""
        at_a_part = paths > self.saved and not any(pending.rows for pending in self._pending.values())
        return at_a_part and (last or time.monotonic() - self._at >= CHECKPOINT_SECONDS)

    def checkpoint(self, paths: int, header: Mapping[str, Any], arrays: Arrays) -> None:
        """Hand over what is known of all paths so far; it is on disk once the parts before it are."""
        self._at = time.monotonic()

        def work() -> None:
            one = Checkpoint(
                paths, self.identity["simulator.scenario_hash"], self.maker, list(self._listed), header, arrays
            )
            self._guarded(CHECKPOINT, lambda: write_whole(self.folder, CHECKPOINT, one.pieces()))
            self.saved = paths

        self._hand_over(work)

    def end_parts(self) -> None:
        """Write what is left of every table that comes part by part."""
        for name, pending in self._pending.items():
            if pending.rows:
                self._flush(name, pending.rows)

    def _flush(self, name: str, rows: int) -> None:
        pending = self._pending[name]
        part = {column: _upto(rows, pieces) for column, pieces in pending.columns.items()}
        pending.columns = {column: _after(rows, pieces) for column, pieces in pending.columns.items()}
        pending.rows -= rows
        self.write(f"{name}-{pending.parts:06d}.parquet", table(part, pending.fields, self.identity))
        pending.parts += 1

    def columns(self, *names: str) -> Iterator[tuple[np.ndarray[Any, Any], ...]]:
        """Columns of `paths` as they were handed over, part by part, rows that still wait included."""
        self._collect(len(self._handed_over))
        for part in self._listed:
            if part["file"].startswith("paths-"):
                # twice as fast as `read_table`, which takes a twentieth of a second to be ready at all
                with pq.ParquetFile(self.folder / part["file"], page_checksum_verification=True) as file:
                    data = file.read(list(names), use_threads=False)
                yield tuple(data[name].to_numpy().astype(np.float64) for name in names)
        pending = self._pending.get("paths")
        if pending is not None and pending.rows:
            yield tuple(np.concatenate(pending.columns[name]).astype(np.float64) for name in names)

    def write(self, name: str, data: pa.Table) -> None:
        """Hand over one file; a failure is raised by a later call, at the latest by `finish`."""

        def work() -> None:
            self._listed.append(self._guarded(name, lambda: self._write(name, data)))

        self._hand_over(work)

    def _hand_over(self, work: Callable[[], None]) -> None:
        if len(self._handed_over) - self._collected >= IN_FLIGHT:
            self._collect(self._collected + 1)

        def unless_failed() -> None:
            if self._failure is not None:
                raise self._failure
            try:
                work()
            except BaseException as problem:
                self._failure = problem  # nothing after a file that is missing may be listed
                raise

        self._handed_over.append(self._thread.submit(unless_failed))

    def _collect(self, upto: int) -> None:
        while self._collected < upto:
            self._handed_over[self._collected].result()
            self._collected += 1

    def _write(self, name: str, data: pa.Table) -> dict[str, Any]:
        """One Parquet file, checksummed, on disk before it is listed."""
        content = self._encoded(data)
        write_whole(self.folder, name, [content])
        return {"file": name, "rows": data.num_rows, "sha256": hashlib.sha256(content).hexdigest()}

    def _encoded(self, data: pa.Table) -> memoryview:
        """The bytes of a Parquet file, good until the next one is made: memory that is used again costs no page faults."""
        # money hardly ever repeats, and among rows in no order its least and most say nothing; paths count upwards
        codes = [f.name for f in data.schema if not pa.types.is_floating(f.type)]

        def encode(stream: Any) -> None:
            # LZ4 takes two thirds of the time of Zstandard for files a tenth larger (benchmarks/README.md)
            pq.write_table(
                data,
                stream,
                compression="lz4",
                write_page_checksum=True,
                write_statistics=codes,
                use_dictionary=[name for name in codes if name != PATH],
                column_encoding={PATH: "DELTA_BINARY_PACKED"} if PATH in codes else None,
            )

        wanted = data.nbytes + SLACK
        if self._room is None or self._room.size < wanted:
            self._room = pa.py_buffer(mmap.mmap(-1, wanted))  # begins at a page, as the disk wants it
        stream = pa.FixedSizeBufferWriter(self._room)
        try:
            encode(stream)
        except OSError:  # the room is too small after all
            growing = pa.BufferOutputStream()
            encode(growing)
            return memoryview(growing.getvalue())
        return memoryview(self._room)[: stream.tell()]

    def _guarded(self, name: str, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except OSError as problem:
            raise StoreError(f"cannot write {name} of {self.target}: {_words(problem)}{self.advice}") from problem

    @property
    def advice(self) -> str:
        """What somebody can do after a failure."""
        if not self.saved:
            return f"\nnothing is kept of this run; the unfinished folder {self.folder} is removed"
        return f"\n{self.saved:,} paths are kept in {self.folder}; the same command goes on from there"

    def finish(self, manifest: Mapping[str, Any]) -> Path:
        """Write the manifest and move the folder to its place. Returns the place."""
        self._collect(len(self._handed_over))
        document = dict(manifest)
        try:
            if self.saved:
                document["checkpoint"] = {
                    "file": CHECKPOINT, "paths": self.saved, "sha256": sha256(self.folder / CHECKPOINT)
                }  # fmt: skip
            document["parts"] = self._listed
            write_whole(self.folder, MANIFEST, [manifest_bytes(document)])
            place(self.folder, self.target)
        except OSError as problem:
            raise StoreError(f"cannot finish {self.target}: {_words(problem)}{self.advice}") from problem
        self.folder = self.target
        self._lock.release()
        return self.target


def _upto(rows: int, pieces: Pieces) -> Pieces:
    """The first rows of arrays that follow each other, as views."""
    found, left = [], rows
    for piece in pieces:
        if left > 0:
            found.append(piece[:left])
        left -= len(piece)
    return found


def _after(rows: int, pieces: Pieces) -> Pieces:
    """What is left of them."""
    found, left = [], rows
    for piece in pieces:
        if left < len(piece):
            found.append(piece[max(0, left) :])
        left -= len(piece)
    return found


def _words(problem: OSError) -> str:
    return problem.strerror or str(problem)
