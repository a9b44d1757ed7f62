"""Read a run folder: tables of typed columns with units, and the manifest that says what has to be there.

Nothing is read that is not what was written: the manifest carries a checksum of itself and the SHA-256 of every file, and every
reader holds both against the bytes it has read.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simulator.store import checkpoint
from simulator.store.disk import StoreError as StoreError

FORMAT = 2
MANIFEST = "manifest.json"
PART_PATHS = 65_536  # in one file of `paths`
PLAIN, RARE = "plain", "rare"  # kinds of runs: every path is stored, or weighted ones in default
CHECKSUM = re.compile(rb',\n "sha256": "([0-9a-f]{64})"\n}\n')  # the end of a manifest
TYPES = {"path": pa.int64(), "money": pa.float64(), "month": pa.uint16(), "code": pa.uint8(), "count": pa.uint16()}
DTYPES = {"path": np.int64, "money": np.float64, "month": np.uint16, "code": np.uint8, "count": np.uint16}


class Field(NamedTuple):
    name: str
    unit: str
    kind: str = "money"


def table(columns: Mapping[str, Any], fields: Sequence[Field], identity: Mapping[str, str]) -> pa.Table:
    """An Arrow table with units in the field metadata and the run's identity in the table's; a column is a list of arrays that
    follow each other, and none is copied that has the type it is stored in. No value is missing, and the schema says so: levels
    of what might be missing would take a third of the time of writing."""
    arrays = [pa.chunked_array([_array(piece, f) for piece in columns[f.name]]) for f in fields]
    schema = pa.schema(
        [
            pa.field(f.name, a.type, nullable=False, metadata={"unit": f.unit})
            for f, a in zip(fields, arrays, strict=True)
        ],
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


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """The manifest as JSON whose last key is the SHA-256 of every other byte of it."""
    text = json.dumps({"format": FORMAT, **manifest}, indent=1, allow_nan=False).removesuffix("\n}").encode()
    end = b',\n "sha256": "', b'"\n}\n'
    return text + hashlib.sha256(text + b"".join(end)).hexdigest().encode().join(end)


def kind_of(manifest: Mapping[str, Any]) -> str:
    """PLAIN or RARE; what a plain run's manifest need not say."""
    return str(manifest.get("kind", PLAIN))


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a finished run of which every path is stored. Raises StoreError for anything else, and where a single bit
    of it is not as written."""
    manifest = read_any_manifest(folder)
    if kind_of(manifest) != PLAIN:
        raise StoreError(
            f"{folder} holds a rare-event run (--rare {manifest['run']['method']}), which stores only paths in default, with "
            "weights; show, query and audit read it"
        )
    return manifest


def read_any_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a finished run of any kind."""
    try:
        data = (folder / MANIFEST).read_bytes()
    except FileNotFoundError:
        what = (
            "there is no such folder" if not folder.exists() else f"it has no {MANIFEST}, so no run was finished there"
        )
        raise StoreError(f"{folder} is not a run: {what}") from None
    except OSError as problem:
        raise StoreError(f"{folder} cannot be read: {problem.strerror or problem}") from problem
    try:
        manifest = json.loads(data)
    except ValueError as problem:
        raise StoreError(f"{folder / MANIFEST} is damaged: {problem}") from problem
    if not isinstance(manifest, dict) or not isinstance(found := manifest.get("format"), int):
        raise StoreError(f"{folder / MANIFEST} is damaged: it states no format")
    if found != FORMAT:
        newer = "a newer program wrote it" if found > FORMAT else "run the scenario again"
        raise StoreError(f"{folder} has format {found}; this program reads format {FORMAT} ({newer})")
    end = CHECKSUM.search(data, max(0, len(data) - 96))
    digest = None
    if end is not None and end.end() == len(data):
        digest = hashlib.sha256(data[: end.start(1)] + data[end.end(1) :]).hexdigest()
    if end is None or digest != end[1].decode():
        raise StoreError(f"{folder / MANIFEST} is damaged: its checksum is another")
    return manifest


def finished(out: Path) -> list[tuple[Path, dict[str, Any]]]:
    """The finished runs in a folder with their manifests, by name; what is unfinished or foreign is left out."""
    found = []
    for place in sorted(out.iterdir()) if out.is_dir() else ():
        if not place.name.startswith(".") and (place / MANIFEST).is_file():
            try:
                found.append((place, read_any_manifest(place)))
            except StoreError:
                continue
    return found


def unfinished(out: Path) -> list[tuple[Path, int]]:
    """The unfinished runs in a folder that can go on, and from which path."""
    found = []
    for place in sorted(out.glob(".*.partial")) if out.is_dir() else ():
        one = checkpoint.read(place / checkpoint.CHECKPOINT)
        if one is not None and not (place / MANIFEST).exists():
            found.append((place, one.paths))
    return found


def files_of(manifest: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The entries of the files of a table, in order."""
    return [p for p in manifest["parts"] if p["file"] == f"{name}.parquet" or p["file"].startswith(f"{name}-")]


def read_part(folder: Path, part: Mapping[str, Any]) -> pa.Buffer:
    """The bytes of a file of a run, held against its SHA-256 in the manifest."""
    try:
        data = (folder / part["file"]).read_bytes()
    except OSError as problem:
        raise StoreError(f"{folder}: {part['file']} cannot be read: {problem.strerror or problem}") from problem
    if hashlib.sha256(data).hexdigest() != part["sha256"]:
        raise StoreError(f"{folder}: {part['file']} is damaged: its SHA-256 is not that of the manifest")
    return pa.py_buffer(data)


def checked_table(folder: Path, part: Mapping[str, Any]) -> tuple[int, pa.Table, dict[str, str]]:
    """(bytes, table, its metadata) of a file, every checksum held against it."""
    data = read_part(folder, part)
    try:
        found = pq.read_table(pa.BufferReader(data), page_checksum_verification=True)
    except (OSError, pa.ArrowException) as problem:
        raise StoreError(f"{folder}: {part['file']} cannot be read: {problem}") from problem
    metadata = {k.decode(): v.decode("utf-8", "replace") for k, v in (found.schema.metadata or {}).items()}
    return data.size, found, metadata


def joined(parts: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(parts).combine_chunks()


def column_names(folder: Path, name: str) -> list[str]:
    """The columns of a table of a finished run that comes part by part."""
    first = files_of(read_any_manifest(folder), name)[0]
    return list(pq.read_schema(pa.BufferReader(read_part(folder, first))).names)


def read_table(folder: Path, name: str, columns: Sequence[str] | None = None, whole: bool = True) -> pa.Table:
    """A table of a finished run: `paths`, `trajectories`, `months` or `contracts`. Checksums are verified: of whole files, or
    only of the pages that are read, for a few columns of many paths."""
    files = files_of(read_any_manifest(folder), name)
    if not files:
        raise StoreError(f"{folder} has no table `{name}`")
    try:
        parts = [
            pq.read_table(
                pa.BufferReader(read_part(folder, f)) if whole else folder / f["file"],
                columns=columns,
                page_checksum_verification=True,
            )
            for f in files
        ]
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
