"""The answer of a command as a folder: `document.json`, and its tables as Parquet for whoever goes on with them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from simulator.store.disk import StoreError, write_whole

DOCUMENT = "document.json"
Rows = Sequence[Mapping[str, Any]]


def write_document(folder: Path, document: Mapping[str, Any], tables: Mapping[str, Rows]) -> Path:
    """Write a document and its tables into a folder, each file whole or not at all, the document last. Returns its path.

    Raises StoreError where the folder cannot be written or holds something else than such a document.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = [f for f in folder.iterdir() if f.suffix != ".toml"]
        if foreign and not (folder / DOCUMENT).is_file():
            raise StoreError(f"{folder} holds something else; give another folder")
        for name, rows in tables.items():
            if not rows:
                continue
            room = pa.BufferOutputStream()
            pq.write_table(pa.Table.from_pylist([_flat(row) for row in rows]), room, write_page_checksum=True)
            write_whole(folder, f"{name}.parquet", [room.getvalue()])
        text = json.dumps(document, indent=1, allow_nan=False)
        write_whole(folder, DOCUMENT, [text.encode() + b"\n"])
    except OSError as problem:
        raise StoreError(f"cannot write into {folder}: {problem.strerror or problem}") from problem
    return folder / DOCUMENT


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Intervals and the like as columns of their own: `pd.low`."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Mapping):
            found |= {key if k == "value" else f"{key}.{k}": v for k, v in value.items()}
        else:
            found[key] = value
    return found
