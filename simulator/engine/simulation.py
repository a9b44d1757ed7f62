"""A scenario made ready to run: its branches as programs, and any chunk of paths through them.

A scenario without [alternatives] has one branch. With them every path draws its branch once (stream `alternatives.GROUP`,
weights in file order), the paths of a chunk are sorted by branch, and what they leave behind is put back into path
order. What a branch does not have (a contract that is not signed there) counts as nought in its paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from simulator.engine import bins, ledger
from simulator.engine.block import BLOCK, Announce, Lived, Paths, ProgramRunner, Statistics, uniforms_of
from simulator.engine.build import Array
from simulator.engine.program import Column, Metric, Program, Shocks
from simulator.engine.tally import Questions, Tally, tally
from simulator.scenario.model import Scenario

CHUNK_BLOCKS = 16  # blocks per task: inputs are drawn and results handed over once a chunk
CHUNK = BLOCK * CHUNK_BLOCKS


class ChunkResult(NamedTuple):
    """What a chunk of paths leaves behind; arrays are in path order."""

    first: int
    columns: dict[str, Array]  # by path
    inputs: dict[str, Array]  # NaN where a path's branch does not draw the input
    blocks: tuple[Statistics, ...]
    kept: dict[str, Array]  # slot -> (months + 1, paths)
    counts: dict[str, tuple[bins.Counted, ...]] = {}  # noqa: RUF012 - slot -> by month, instead of `kept`
    tally: Tally | None = None
    trajectories: dict[str, Array] = {}  # noqa: RUF012 - figure -> (months kept, paths)

    def tallied(self, asked: Questions) -> ChunkResult:
        """The same with what is asked of the columns."""
        return self._replace(tally=tally(self.columns, asked))

    def counted(self) -> ChunkResult:
        """The same with counts in the place of the rows kept path by path, paths that are not a number left out."""
        numbers = self.columns["cause"] != ledger.NAN_CODE
        return self._replace(kept={}, counts={slot: bins.by_month(rows, numbers) for slot, rows in self.kept.items()})


@dataclass(frozen=True)
class Outline:
    """What is reported of all branches together: the heaviest branch's list, then what others add."""

    causes: tuple[ledger.Cause, ...]
    metrics: tuple[Metric, ...]
    columns: tuple[Column, ...]

    @staticmethod
    def of(programs: Sequence[Program], groups: Sequence[str]) -> Outline:
        causes = dict.fromkeys(cause for program in programs for cause in program.causes)
        metrics = {(m.contract, m.name): m for program in reversed(programs) for m in program.metrics}
        ordered = dict.fromkeys((m.contract, m.name) for program in programs for m in program.metrics)
        columns: dict[str, Column] = {}
        for program in programs:
            for column in program.columns:
                columns.setdefault(column.name, column)
        for group in groups:
            name = f"alternative.{group}"
            columns[name] = Column("", name, "number in the order of the file, from 0", "code")
        return Outline(tuple(causes), tuple(metrics[key] for key in ordered), tuple(columns.values()))


class Simulation:
    """A scenario made ready to run: programs and machine code once, then any chunk in any order and thread."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int | None = None,
        given: Shocks | None = None,
        paths: int = 0,
        announce: Announce | None = None,
    ) -> None:
        """`paths`: how many are to be run; 0 if nobody knows (engine/machine.py). `announce` is told of every compiling."""
        self.scenario = scenario
        self.seed = scenario.run.seed if seed is None else seed
        self.branches = tuple(
            ProgramRunner(branch.scenario, self.seed, given, paths * branch.weight, announce)
            for branch in scenario.branches
        )
        programs = [branch.program for branch in self.branches]
        self.outline = Outline.of(programs, tuple(scenario.alternatives))
        self.kept_slots: tuple[str, ...] = tuple(dict.fromkeys(m.slot for m in self.outline.metrics if m.quantiles))
        slot_of = {f"{m.contract}.{m.name}" if m.contract else m.name: m.slot for m in self.outline.metrics}
        self.trajectories = {name: slot_of[name] for name in scenario.keep.trajectories}
        codes = {cause: code for code, cause in enumerate(self.outline.causes)}
        self._codes = [np.array([codes[c] for c in p.causes], dtype=np.float64) for p in programs]
        where = {(m.contract, m.name): k for k, m in enumerate(self.outline.metrics)}
        self._metrics = [np.array([where[m.contract, m.name] for m in p.metrics]) for p in programs]
        self._chosen = {branch.choices: k for k, branch in enumerate(scenario.branches)}

    @property
    def program(self) -> Program:
        """Of the heaviest branch."""
        return self.branches[0].program

    def choices(self, paths: Paths) -> dict[str, Paths]:
        """By group of alternatives: the number of the one each path takes."""
        found = {}
        for group, weights in self.scenario.alternatives.items():
            upto = np.cumsum(list(weights.values()))
            u = uniforms_of(self.seed, f"alternatives.{group}", paths)
            found[group] = np.searchsorted(upto[:-1], u, side="right")
        return found

    def branch_of(self, path: int) -> ProgramRunner:
        chosen = self.choices(np.array([path]))
        return self.branches[self._chosen[tuple(int(c[0]) for c in chosen.values())]]

    def run_chunk(self, first: int, count: int, keep: Sequence[str] | None = None) -> ChunkResult:
        """Simulate paths first … first + count - 1 and keep the given slots by month; if none are given those of which
        quantiles are reported, and the trajectories that the scenario keeps."""
        if keep is None:
            slots = tuple(dict.fromkeys((*self.kept_slots, *self.trajectories.values())))
            return self._with_trajectories(self.run_chunk(first, count, slots))
        paths = np.arange(first, first + count)
        if len(self.branches) == 1:
            lived = self.branches[0].live(paths, keep)
            return ChunkResult(first, lived.columns, lived.inputs, lived.blocks, lived.kept)
        chosen = self.choices(paths)
        months = self.scenario.calendar.months
        columns: dict[str, Array] = {c.name: np.zeros(count) for c in self.outline.columns}
        for group, number in chosen.items():
            columns[f"alternative.{group}"] = number.astype(np.float64)
        names = dict.fromkeys(name for branch in self.branches for name in branch.program.inputs)
        inputs = {name: np.full(count, np.nan) for name in names}
        kept = {slot: np.zeros((months + 1, count)) for slot in keep}
        blocks: list[Statistics] = []
        for k, branch in enumerate(self.branches):
            of_branch = np.ones(count, dtype=bool)
            for number, wanted in zip(chosen.values(), self.scenario.branches[k].choices, strict=True):
                of_branch &= number == wanted
            if not of_branch.any():
                continue
            there = [slot for slot in keep if slot in branch.program.rows]
            lived = branch.live(paths[of_branch], there)
            self._put_back(lived, k, of_branch, columns, inputs, kept)
            blocks.extend(self._widened(s, k) for s in lived.blocks)
        return ChunkResult(first, columns, inputs, tuple(blocks), kept)

    def _with_trajectories(self, chunk: ChunkResult) -> ChunkResult:
        months = list(self.scenario.keep.months_of(self.scenario.calendar))
        found = {name: chunk.kept[slot][months] for name, slot in self.trajectories.items()}
        return chunk._replace(kept={slot: chunk.kept[slot] for slot in self.kept_slots}, trajectories=found)

    def _put_back(
        self,
        lived: Lived,
        k: int,
        where: Any,
        columns: dict[str, Array],
        inputs: dict[str, Array],
        kept: dict[str, Array],
    ) -> None:
        for name, values in lived.columns.items():
            columns[name][where] = self._codes[k][values.astype(np.int64)] if name == "cause" else values
        for name, values in lived.inputs.items():
            inputs[name][where] = values
        for slot, by_month in lived.kept.items():
            kept[slot][:, where] = by_month

    def _widened(self, s: Statistics, k: int) -> Statistics:
        """A branch's statistics in the outline's order; a metric it does not have is nought."""
        shape = (s.mean.shape[0], len(self.outline.metrics))
        mean, squares = np.zeros(shape), np.zeros(shape)
        mean[:, self._metrics[k]] = s.mean
        squares[:, self._metrics[k]] = s.squares
        return Statistics(s.paths, mean, squares)
