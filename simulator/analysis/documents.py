"""How the answers look: one document a verb, and its tables as Parquet.

    {"schema": 1, "verb": "compare", "scenario": {…}, "command": "simulator compare …", "paths": …, "seed": …, …, TABLE: [ROW, …]}

A row is a flat table; an estimate `x` in it stands as `x`, `x_low`, `x_high` (95 %). With `--out DIR` the document is written to
DIR/document.json and each of its tables to DIR/TABLE.parquet.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.estimate.intervals import Estimate
from simulator.runner import identity
from simulator.scenario.model import Scenario
from simulator.store.tables import write_document

Document = dict[str, Any]


def document(verb: str, scenario: Scenario, command: str, paths: int, seed: int, **body: Any) -> Document:
    """A verb's document; tables are lists of rows."""
    return {
        "schema": 1,
        "verb": verb,
        "scenario": described(scenario),
        "command": command,
        "paths": paths,
        "seed": seed,
        "months": scenario.calendar.months,
        "step": scenario.calendar.step,
        "start": scenario.label(1),
        **body,
    }


def described(scenario: Scenario) -> dict[str, str]:
    return {"name": scenario.name, "title": scenario.title, "file": scenario.file, "hash": scenario.hash}


def spread(name: str, e: Estimate | tuple[float | None, float | None, float | None] | None) -> dict[str, float | None]:
    """An estimate as three columns of a row; empty ones where there is none."""
    value, low, high = (None, None, None) if e is None else e[:3]
    return {name: number(value), f"{name}_low": number(low), f"{name}_high": number(high)}


def number(x: float | None) -> float | None:
    """None for what is infinite or not a number: JSON has neither."""
    return None if x is None or not math.isfinite(x) else float(x)


def write(
    out: str | Path, found: Document, scenario: Scenario, tables: Sequence[str], units: Mapping[str, str] | None = None
) -> Path:
    """Write the document and the named tables of it. `units`: of columns. Raises StoreError (the folder cannot be written)."""
    return write_document(Path(out), found, {name: found[name] for name in tables}, units or {}, identity(scenario))
