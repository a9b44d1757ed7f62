"""The cases: a scenario file and beside it, under the same name, a JSON file with what must come out and where that is from.

    {"title": …, "source": …, "checks": [{"name": …, "measure": …, "expected": …, "sd1": …}]}

`sd1` is the standard deviation of one path's contribution: the standard error is sd1 / √N. A check without it is exact, within
`rel` (1e-9 unless it says otherwise). `settings` are as after `--set`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGED = Path(__file__).resolve().parent.parent / "evidence"
IN_SOURCES = Path(__file__).resolve().parent.parent.parent / "tests" / "evidence"
DEFAULT_REL = 1e-9


@dataclass(frozen=True)
class Check:
    name: str
    measure: str
    expected: float
    sd1: float | None
    rel: float
    settings: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    source: str
    scenario: Path
    checks: tuple[Check, ...]


def folder() -> Path:
    """Where the cases lie: in the package, or beside the sources."""
    return PACKAGED if PACKAGED.is_dir() else IN_SOURCES


def read(file: Path) -> Case:
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    checks = tuple(
        Check(
            c["name"],
            c["measure"],
            float(c["expected"]),
            c.get("sd1"),
            c.get("rel", DEFAULT_REL),
            tuple(c.get("settings", ())),
        )
        for c in document.get("checks", ())
    )
    return Case(file.stem, document["title"], document["source"], file.with_suffix(".toml"), checks)


def all_cases(place: Path | None = None) -> list[Case]:
    """Every case that has checks, by name."""
    found = [read(file) for file in sorted((place or folder()).glob("*.json"))]
    return [case for case in found if case.checks]
