"""Small tables of an answer, as Parquet files in a folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from simulator.store.folder import Field, StoreError, rows_to_table

Columns = Sequence[tuple[Field, str]]  # each with the name of its Arrow type


def write_rows(
    folder: Path, name: str, rows: Iterable[Mapping[str, Any]], columns: Columns, identity: Mapping[str, str]
) -> Path:
    """Write NAME.parquet, whole or not at all; replaces one that is there. Raises StoreError if that cannot be."""
    table, target = rows_to_table(rows, columns, identity), folder / f"{name}.parquet"
    room = target.with_suffix(".partial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, room)
        room.replace(target)
    except OSError as problem:
        room.unlink(missing_ok=True)
        raise StoreError(f"cannot write {target}: {problem}") from problem
    return target
