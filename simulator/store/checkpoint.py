"""A checkpoint: everything a run needs to go on from a path, as one file that tells whether it is whole.

SHA-256 of the rest (64 hexadecimal digits), a line feed, one line of JSON, the arrays one after the other
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

CHECKPOINT = "checkpoint"  # its file
DIGITS = 64
Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """Where a run stands.

    paths: done, and on disk in `parts` (file, rows, sha256). scenario_hash, maker: what has to be the same for going on.
    header, arrays: the summary of these paths.
    """

    paths: int
    scenario_hash: str
    maker: str
    parts: list[dict[str, Any]]
    header: Mapping[str, Any]
    arrays: Arrays

    def pieces(self) -> list[Any]:
        """The file as buffers."""
        values = {name: np.ascontiguousarray(a) for name, a in self.arrays.items()}
        line = {
            "paths": self.paths,
            "scenario_hash": self.scenario_hash,
            "maker": self.maker,
            "parts": self.parts,
            "header": self.header,
            "arrays": [[name, a.dtype.str, list(a.shape)] for name, a in values.items()],
            "size": sum(a.nbytes for a in values.values()),
        }
        packed = pa.compress(b"".join(a.tobytes() for a in values.values()), codec="zstd")
        rest: list[Any] = [json.dumps(line).encode() + b"\n", packed]
        digest = hashlib.sha256()
        for piece in rest:
            digest.update(piece)
        return [digest.hexdigest().encode() + b"\n", *rest]


def read(path: Path) -> Checkpoint | None:
    """None for what is not there or not whole."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    rest = memoryview(data)[DIGITS + 1 :]
    if hashlib.sha256(rest).hexdigest().encode() + b"\n" != data[: DIGITS + 1]:
        return None
    end = data.index(b"\n", DIGITS + 1) + 1
    line = json.loads(data[DIGITS + 1 : end])
    arrays: dict[str, npt.NDArray[Any]] = {}
    room, at = pa.decompress(data[end:], line.pop("size"), codec="zstd", asbytes=True), 0
    for name, kind, shape in line.pop("arrays"):
        dtype = np.dtype(kind)
        count = int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(room, dtype, count, at).reshape(shape).copy()
        at += count * dtype.itemsize
    return Checkpoint(**line, arrays=arrays)
