"""The answer of an analysis on disk: its document as JSON, its tables as Parquet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from simulator.store.disk import StoreError, write_whole

DOCUMENT = "document.json"
Row = Mapping[str, Any]


def write_document(
    folder: Path,
    document: Mapping[str, Any],
    tables: Mapping[str, Sequence[Row]],
    units: Mapping[str, str],
    identity: Mapping[str, str],
) -> Path:
    """The tables first, the document last: where it is, they are whole. Returns the folder. Raises StoreError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / DOCUMENT).unlink(missing_ok=True)
        for name, rows in tables.items():
            room = pa.BufferOutputStream()
            pq.write_table(_table(rows, units, identity), room, write_page_checksum=True)
            write_whole(folder, f"{name}.parquet", [room.getvalue()])
        text = json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
        write_whole(folder, DOCUMENT, [text.encode()])
    except OSError as problem:
        raise StoreError(f"cannot write into {folder}: {problem.strerror or problem}") from problem
    return folder


def _table(rows: Sequence[Row], units: Mapping[str, str], identity: Mapping[str, str]) -> pa.Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [row.get(name) for row in rows] for name in names}
    arrays = [pa.array(values, type=_type(values)) for values in columns.values()]
    fields = [
        pa.field(name, array.type, metadata={"unit": units[name]} if name in units else None)
        for name, array in zip(names, arrays, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=dict(identity)))


def _type(values: Sequence[Any]) -> pa.DataType:
    seen = {type(value) for value in values if value is not None}
    if not seen or seen <= {int, float}:
        return pa.int64() if seen == {int} else pa.float64()
    if seen == {bool}:
        return pa.bool_()
    return pa.string()


def read_document(folder: Path) -> dict[str, Any]:
    """The document of an analysis. Raises StoreError (there is none, or it is damaged)."""
    try:
        found = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise StoreError(f"{folder} has no readable {DOCUMENT}: {problem}") from problem
    if not isinstance(found, dict) or found.get("schema") != 1:
        raise StoreError(f"{folder / DOCUMENT} is of no schema that this program reads")
    return found
