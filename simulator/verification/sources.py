"""What measures read: simulated once for all measures of a case and its settings, and reduced chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from simulator.engine import executors
from simulator.engine.block import BLOCK, deterministic_path
from simulator.engine.ledger import NAN_CODE
from simulator.engine.simulation import CHUNK, ChunkResult, Simulation
from simulator.estimate.training import ready
from simulator.scenario.model import Scenario
from simulator.verification import measures
from simulator.verification.measures import OF_SLOTS, STILL, MeasureError

Rows = Any  # (months + 1, paths)
Call = tuple[str, tuple[Any, ...]]


def first_month(rows: Rows, relation: str, level: float) -> Any:
    """From month 1 on; inf where the relation never holds."""
    holds = measures.RELATIONS[relation](rows[1:], level)
    return np.where(holds.any(axis=0), holds.argmax(axis=0) + 1.0, np.inf)


def at_default(rows: Rows, month: Any) -> Any:
    """The value in the month of default; 0 on paths without one."""
    ended = np.isfinite(month)
    return np.where(ended, rows[np.where(ended, month, 0).astype(np.int64), np.arange(month.size)], 0.0)


def default_months(columns: Mapping[str, Any]) -> Any:
    return np.where((columns["end_month"] > 0) & (columns["cause"] > NAN_CODE), columns["end_month"], np.inf)


def reduced(call: Call, chunk: ChunkResult) -> Any:
    """One value for each path of a chunk."""
    name, arguments = call
    if name == "slot":
        return chunk.kept[arguments[0]][arguments[1]].copy()
    if name == "total":
        return chunk.kept[arguments[0]][arguments[1] : arguments[2] + 1].sum(axis=0)
    if name == "discounted":
        slot, start, end, rate = arguments
        return np.exp(-rate / 12.0 * np.arange(start, end + 1)) @ chunk.kept[slot][start : end + 1]
    if name == "first":
        return first_month(chunk.kept[arguments[0]], arguments[1], arguments[2])
    if name == "at_default":
        return at_default(chunk.kept[arguments[0]], default_months(chunk.columns))
    if name == "default_month":
        return default_months(chunk.columns)
    if name == "default_by":
        return default_months(chunk.columns) <= arguments[0]
    found = chunk.columns if name == "column" else chunk.inputs
    if arguments[0] not in found:
        raise MeasureError(f"there is no {name}({arguments[0]!r}); there are: {', '.join(found)}")
    return found[arguments[0]]


class Sources:
    """The functions that the given measures call."""

    def __init__(
        self,
        scenario: Scenario,
        texts: Sequence[str],
        paths: int,
        threads: int | None = None,
        shocks: Mapping[str, Any] | None = None,
    ) -> None:
        wanted = list(dict.fromkeys(call for text in texts for call in measures.calls(text)))
        still = deterministic_path(scenario) if any(name in STILL for name, _ in wanted) else {}
        simulated = [call for call in wanted if call[0] not in STILL]
        self.values = _simulate(scenario, simulated, paths, threads, shocks) if simulated else {}
        self.functions: dict[str, Callable[..., Any]] = {
            name: self._of(name) for name in measures.SOURCES if name not in STILL
        }
        self.functions["path"] = lambda slot, month: float(still[slot][month])
        self.functions["course"] = lambda slot: still[slot]

    def _of(self, name: str) -> Callable[..., Any]:
        return lambda *arguments: self.values[name, arguments]


def _simulate(
    scenario: Scenario, wanted: Sequence[Call], paths: int, threads: int | None, shocks: Mapping[str, Any] | None
) -> dict[Call, Any]:
    simulation = Simulation(ready(scenario), given=given(shocks, scenario.calendar.months) if shocks else None)
    slots = tuple(dict.fromkeys(a[0] for name, a in wanted if name in OF_SLOTS))
    for slot in slots:
        if slot not in simulation.program.rows:
            raise MeasureError(f"there is no slot {slot!r}; there are: {', '.join(simulation.program.rows)}")
    if shocks:
        paths = BLOCK  # given lane by lane
    tasks = [(start, min(CHUNK, paths - start)) for start in range(0, paths, CHUNK)]

    def work(task: tuple[int, int]) -> list[Any]:
        chunk = simulation.run_chunk(*task, slots)
        return [reduced(call, chunk) for call in wanted]

    parts = list(executors.run(work, tasks, executors.available_threads() if threads is None else threads))
    return {call: np.concatenate([part[k] for part in parts]) for k, call in enumerate(wanted)}


def given(shocks: Mapping[str, Any], months: int) -> dict[str, Any]:
    """Normals of a case (shock -> path -> month) as the engine takes them: month x lane, 0 on lanes that are not given."""
    found = {}
    for name, by_path in shocks.items():
        rows = np.zeros((months, BLOCK))
        rows[:, : len(by_path)] = np.array(by_path, dtype=np.float64).T
        found[name] = rows
    return found
