"""Recompute the evidence: every check of every case against its expected value.

A stochastic check holds within 4 standard errors. A right program fails one of them with probability 6e-5.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.engine import executors
from simulator.engine.block import deterministic_path
from simulator.engine.ledger import NAN_CODE
from simulator.engine.simulation import CHUNK, ChunkResult, Simulation
from simulator.scenario.load import load
from simulator.scenario.model import Scenario
from simulator.verification import measures
from simulator.verification.cases import Case, Check

PATHS = 65_536
FULL_PATHS = 1_048_576
STANDARD_ERRORS = 4.0


@dataclass(frozen=True)
class Outcome:
    """A check with what was got; `z` is the distance in standard errors, None for an exact check."""

    case: Case
    check: Check
    got: float
    z: float | None
    holds: bool

    @property
    def standard_error(self) -> float | None:
        return None if self.z is None or self.z == 0.0 else (self.got - self.check.expected) / self.z


def verify(cases: Iterable[Case], paths: int = PATHS, threads: int | None = None) -> Iterator[Outcome]:
    """The outcome of every check, case by case."""
    for case in cases:
        for settings in dict.fromkeys(check.settings for check in case.checks):
            group = [check for check in case.checks if check.settings == settings]
            sources = Sources(load(case.scenario, settings), [c.measure for c in group], paths, threads)
            for check in group:
                yield outcome(case, check, measures.evaluate(check.measure, sources.functions), paths)


def outcome(case: Case, check: Check, got: float, paths: int) -> Outcome:
    if check.sd1 is None:
        return Outcome(case, check, got, None, math.isclose(got, check.expected, rel_tol=check.rel, abs_tol=check.rel))
    z = (got - check.expected) / (check.sd1 / math.sqrt(paths))
    return Outcome(case, check, got, z, abs(z) < STANDARD_ERRORS)


class Sources:
    """What measures read, simulated once for all of them; of each slot only the months that are asked for are kept."""

    def __init__(self, scenario: Scenario, texts: Sequence[str], paths: int, threads: int | None) -> None:
        self.scenario = scenario
        calls = [call for text in texts for call in measures.calls(text)]
        wanted: dict[str, set[int]] = {}
        for name, arguments in calls:
            if name == "slot":
                wanted.setdefault(arguments[0], set()).add(int(arguments[1]))
            if name == "total":
                wanted.setdefault(arguments[0], set()).update(range(int(arguments[1]), int(arguments[2]) + 1))
        self.months = {slot: sorted(months) for slot, months in wanted.items()}
        self.rows: dict[tuple[str, int], Any] = {}
        self.columns: dict[str, Any] = {}
        if any(name != "path" for name, _ in calls):
            self._simulate(paths, threads)
        plain = deterministic_path(scenario) if any(name == "path" for name, _ in calls) else {}
        self.functions: dict[str, Callable[..., Any]] = {
            "slot": lambda slot, month: self.rows[slot, month],
            "total": lambda slot, first, last: sum(self.rows[slot, m] for m in range(first, last + 1)),
            "column": lambda name: self.columns[name],
            "path": lambda slot, month: float(plain[slot][month]),
            "default_by": self._default_by,
        }

    def _default_by(self, month: int) -> Any:
        ends = self.columns["end_month"]
        return (ends > 0) & (ends <= month) & (self.columns["cause"] > NAN_CODE)

    def _simulate(self, paths: int, threads: int | None) -> None:
        simulation = Simulation(self.scenario)
        tasks = [(first, min(CHUNK, paths - first)) for first in range(0, paths, CHUNK)]
        slots = tuple(self.months)

        def work(task: tuple[int, int]) -> tuple[dict[tuple[str, int], Any], dict[str, Any]]:
            chunk: ChunkResult = simulation.run_chunk(*task, slots)
            rows = {(slot, m): chunk.kept[slot][m].copy() for slot in slots for m in self.months[slot]}
            return rows, chunk.columns

        parts = list(executors.run(work, tasks, executors.available_threads() if threads is None else threads))
        self.rows = {key: np.concatenate([rows[key] for rows, _ in parts]) for key in parts[0][0]}
        self.columns = {name: np.concatenate([columns[name] for _, columns in parts]) for name in parts[0][1]}
