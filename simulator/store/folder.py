"""Write and read a run folder. The only file that knows Parquet.

A run is written into a folder of its own beside its place and renamed when it is whole; within it the manifest comes last.
Data files hold nothing of the machine or the time, so equal runs have equal bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FORMAT = 1
MANIFEST = "manifest.json"
PART_ROWS = {"paths": 65_536, "trajectories": 1_048_576}
TYPES = {"path": pa.int64(), "money": pa.float64(), "month": pa.uint16(), "code": pa.uint8(), "count": pa.uint16()}
DTYPES = {"path": np.int64, "money": np.float64, "month": np.uint16, "code": np.uint8, "count": np.uint16}


class StoreError(Exception):
    """A run folder that cannot be written or read; the message says which and why."""


class Field(NamedTuple):
    name: str
    unit: str
    kind: str = "money"


def table(columns: Mapping[str, Any], fields: Sequence[Field], identity: Mapping[str, str]) -> pa.Table:
    """An Arrow table with units in the field metadata and the run's identity in the table's."""
    arrays = [_array(columns[f.name], f) for f in fields]
    schema = pa.schema(
        [pa.field(f.name, a.type, metadata={"unit": f.unit}) for f, a in zip(fields, arrays, strict=True)],
        metadata=dict(identity),
    )
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(values: Any, field: Field) -> pa.Array:
    """Without a copy of what is a float; `pa.array` would import pandas where it is installed (half a second)."""
    dtype = DTYPES.get(field.kind, np.float64)
    exact = np.ascontiguousarray(values, dtype=dtype)
    if dtype != np.float64 and not np.array_equal(exact, values):
        raise StoreError(f"a value of the column {field.name} does not fit its type ({np.dtype(dtype)})")
    return pa.Array.from_buffers(TYPES.get(field.kind, pa.float64()), exact.size, [None, pa.py_buffer(exact)])


@dataclass
class _Pending:
    """Rows of a table that wait for a part to be full."""

    fields: tuple[Field, ...]
    columns: dict[str, list[np.ndarray[Any, Any]]] = dataclass_field(default_factory=dict)
    rows: int = 0
    parts: int = 0  # written


class RunWriter:
    """Collects the files of one run. Use as a context manager; `finish` makes it whole, leaving without it removes it.

    Files are written by one thread of its own, in the order they were handed over, while the run computes on.
    """

    def __init__(self, out: Path, name: str, identity: Mapping[str, str]) -> None:
        self.target = out / name
        self.identity = dict(identity)
        self.parts: list[dict[str, Any]] = []
        self._pending: dict[str, _Pending] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._handed_over: list[Future[dict[str, Any]]] = []
        try:
            out.mkdir(parents=True, exist_ok=True)
            self.folder = Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=".partial", dir=out))
            self.folder.chmod(0o755)
        except OSError as problem:
            raise StoreError(f"cannot write into {out}: {problem.strerror or problem}") from problem

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, table: str, columns: Mapping[str, Any], fields: Sequence[Field]) -> None:
        """Rows of a table that comes part by part, in order; full parts are written as they come."""
        pending = self._pending.setdefault(table, _Pending(tuple(fields)))
        for f in fields:
            pending.columns.setdefault(f.name, []).append(columns[f.name])
        pending.rows += len(columns[fields[0].name])
        while pending.rows >= PART_ROWS[table]:
            self._flush(table, PART_ROWS[table])

    def end_parts(self) -> None:
        """Write what is left of every table that comes part by part."""
        for table, pending in self._pending.items():
            if pending.rows:
                self._flush(table, pending.rows)

    def _flush(self, name: str, rows: int) -> None:
        pending = self._pending[name]
        whole = {column: np.concatenate(parts) for column, parts in pending.columns.items()}
        pending.columns = {column: [values[rows:]] for column, values in whole.items()}
        part = {column: values[:rows] for column, values in whole.items()}
        self.write(f"{name}-{pending.parts:06d}.parquet", table(part, pending.fields, self.identity))
        pending.rows -= rows
        pending.parts += 1

    def column(self, name: str) -> Iterator[np.ndarray[Any, Any]]:
        """A column of `paths` as it was written, part by part, once the last part is handed over."""
        self._collect(len(self._handed_over) - len(self.parts))
        for part in self.parts:
            if part["file"].startswith("paths-"):
                path = self.folder / part["file"]
                data = pq.read_table(path, columns=[name], page_checksum_verification=True)
                yield data[name].to_numpy().astype(np.float64)

    def write(self, name: str, data: pa.Table) -> None:
        """Hand over one file; a failure is raised by a later call at the latest by `finish`."""
        if len(self._handed_over) - len(self.parts) >= 2:  # a slow disk holds the run up instead of filling memory
            self._collect(1)
        self._handed_over.append(self._thread.submit(self._write, name, data))

    def _collect(self, count: int) -> None:
        done = len(self.parts)
        for future in self._handed_over[done : done + count]:
            self.parts.append(future.result())

    def _write(self, name: str, data: pa.Table) -> dict[str, Any]:
        """One Parquet file, checksummed, on disk before it is listed."""
        path = self.folder / name
        codes = [f.name for f in data.schema if not pa.types.is_floating(f.type)]  # money hardly ever repeats
        try:
            # LZ4 takes two thirds of the time of Zstandard for files a tenth larger (benchmarks/README.md)
            pq.write_table(data, path, compression="lz4", write_page_checksum=True, use_dictionary=codes)
            _sync(path)
        except OSError as problem:
            raise StoreError(f"cannot write {name} of {self.target}: {problem.strerror or problem}") from problem
        return {"file": name, "rows": data.num_rows, "sha256": sha256(path)}

    def finish(self, manifest: Mapping[str, Any]) -> Path:
        """Write the manifest and move the folder to its place. Returns the place."""
        self._collect(len(self._handed_over))
        text = json.dumps({"format": FORMAT, **manifest, "parts": self.parts}, indent=1, allow_nan=False)
        try:
            with (self.folder / MANIFEST).open("w", encoding="utf-8") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            _sync(self.folder)
            if self.target.exists():
                old = Path(tempfile.mkdtemp(prefix=f".{self.target.name}.", suffix=".old", dir=self.target.parent))
                self.target.rename(old / "run")
                self.folder.rename(self.target)
                shutil.rmtree(old, ignore_errors=True)
            else:
                self.folder.rename(self.target)
            _sync(self.target.parent)
        except OSError as problem:
            raise StoreError(f"cannot finish {self.target}: {problem.strerror or problem}") from problem
        return self.target


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a finished run. Raises StoreError for anything else."""
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
    except FileNotFoundError:
        what = (
            "there is no such folder" if not folder.exists() else f"it has no {MANIFEST}, so no run was finished there"
        )
        raise StoreError(f"{folder} is not a run: {what}") from None
    except OSError as problem:
        raise StoreError(f"{folder} cannot be read: {problem.strerror or problem}") from problem
    try:
        manifest = json.loads(text)
    except ValueError as problem:
        raise StoreError(f"{folder / MANIFEST} is damaged: {problem}") from problem
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else None
        raise StoreError(f"{folder} has format {found}; this program reads format {FORMAT}")
    return manifest


def finished(out: Path) -> list[tuple[Path, dict[str, Any]]]:
    """The finished runs in a folder with their manifests, by name; what is unfinished or foreign is left out."""
    found = []
    for place in sorted(out.iterdir()) if out.is_dir() else ():
        if not place.name.startswith(".") and (place / MANIFEST).is_file():
            try:
                found.append((place, read_manifest(place)))
            except StoreError:
                continue
    return found


def column_names(folder: Path, name: str) -> list[str]:
    """The columns of a table of a finished run that comes part by part."""
    return list(pq.read_schema(folder / f"{name}-000000.parquet").names)


def read_table(folder: Path, name: str, columns: Sequence[str] | None = None) -> pa.Table:
    """A table of a finished run: `paths`, `months` or `contracts`. Page checksums are verified."""
    manifest = read_manifest(folder)
    files = [p["file"] for p in manifest["parts"] if p["file"] == f"{name}.parquet" or p["file"].startswith(f"{name}-")]
    if not files:
        raise StoreError(f"{folder} has no table `{name}`")
    try:
        parts = [pq.read_table(folder / f, columns=columns, page_checksum_verification=True) for f in files]
    except (OSError, pa.ArrowException) as problem:
        raise StoreError(f"{folder}: a part of `{name}` cannot be read: {problem}") from problem
    return pa.concat_tables(parts)


def rows_to_table(
    rows: Iterable[Mapping[str, Any]], fields: Sequence[tuple[Field, str]], identity: Mapping[str, str]
) -> pa.Table:
    """A small table from rows; each field with the name of its Arrow type."""
    listed = list(rows)
    arrays = [pa.array([row.get(f.name) for row in listed], type=pa.type_for_alias(kind)) for f, kind in fields]
    schema = pa.schema(
        [pa.field(f.name, a.type, metadata={"unit": f.unit}) for (f, _), a in zip(fields, arrays, strict=True)],
        metadata=dict(identity),
    )
    return pa.Table.from_arrays(arrays, schema=schema)
