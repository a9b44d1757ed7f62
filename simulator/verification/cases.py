"""The cases: a scenario file and beside it, under the same name, a JSON file with what must come out and where that is from.

    {"title": …, "source": …, "sets": {"NAME": ["KEY=VALUE", …]},
     "checks": [{"name": …, "measure": …, "expected": …, "sd1": …, "set": …, "settings": […]}],
     "references": [{"name": …, "value": …, "why": …}]}

`sd1` is the standard deviation of one path's contribution: the standard error is sd1 / √N. `"probability": true` stands for
the sd1 of a share, √(p (1 - p)), and for the binomial law where few events are expected. A check without either is exact,
within `rel` (1e-9 unless it says otherwise). A check counts under its `set` of parameters and then its `settings`, both as
after `--set`. `paths` is how many a case runs by default, if it wants more than others; `"full": true` leaves a check to
`verify --full`. `shocks` are given normals instead of drawn ones: shock -> path -> month. References are printed or derived
under another convention: nothing is compared with them, and `why` says what differs.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    sd1: float | None = None
    rel: float = DEFAULT_REL
    settings: tuple[str, ...] = ()
    probability: bool = False
    full: bool = False


@dataclass(frozen=True)
class Reference:
    """A number under another convention, to diagnose a mismatch with."""

    name: str
    value: float
    why: str


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    source: str
    scenario: Path
    checks: tuple[Check, ...]
    paths: int | None = None
    shocks: Mapping[str, Any] = field(default_factory=dict, compare=False)
    references: tuple[Reference, ...] = ()

    def at(self, full: bool) -> Case:
        """The case as it is run: with or without what only `--full` checks."""
        kept = tuple(check for check in self.checks if full or not check.full)
        return Case(
            self.name, self.title, self.source, self.scenario, kept, self.paths, self.shocks, self.references
        )  # fmt: skip


def folder() -> Path:
    """Where the cases lie: in the package, or beside the sources."""
    return PACKAGED if PACKAGED.is_dir() else IN_SOURCES


def check_of(row: Mapping[str, Any], sets: Mapping[str, list[str]]) -> Check:
    probability, expected = bool(row.get("probability", False)), float(row["expected"])
    sd1 = math.sqrt(expected * (1.0 - expected)) if probability else row.get("sd1")
    settings = (*(sets[row["set"]] if "set" in row else ()), *row.get("settings", ()))
    name = f"{row['set']}: {row['name']}" if "set" in row else row["name"]
    rel, full = row.get("rel", DEFAULT_REL), bool(row.get("full", False))
    return Check(name, row["measure"], expected, sd1, rel, settings, probability, full)


def read(file: Path, name: str | None = None) -> Case:
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    sets = document.get("sets", {})
    return Case(
        name or file.stem,
        document["title"],
        document["source"],
        file.with_suffix(".toml"),
        tuple(check_of(row, sets) for row in document["checks"]),
        document.get("paths"),
        document.get("shocks", {}),
        tuple(Reference(r["name"], float(r["value"]), r["why"]) for r in document.get("references", ())),
    )


def all_cases(place: Path | None = None) -> list[Case]:
    """Every case, by name; a case in a folder has the folder in its name. A JSON file without a scenario beside it is none."""
    root = place or folder()
    found = sorted(file for file in root.rglob("*.json") if file.with_suffix(".toml").exists())
    return [read(file, file.relative_to(root).with_suffix("").as_posix()) for file in found]
