"""A scenario made ready to run: its branches as programs, and any chunk of paths through them.

A scenario without [alternatives] has one branch. With them every path draws its branch once (stream `alternatives.GROUP`,
weights in file order), the paths of a chunk are sorted by branch, and what they leave behind is put back into path
order. What a branch does not have (a contract that is not signed there) counts as nought in its paths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.engine import bins, ledger
from simulator.engine.block import BLOCK, Announce, Lived, ProgramRunner, Room, Statistics, uniforms_of
from simulator.engine.build import Array
from simulator.engine.program import Column, Metric, Program, Shocks, build
from simulator.engine.sampler import sampler_of
from simulator.engine.source import Asked, Paths, Sampler, Source
from simulator.engine.tally import Questions, Tally, tally
from simulator.scenario.model import Scenario

CHUNK_BLOCKS = 16  # blocks whose results are handed over together
CHUNK = BLOCK * CHUNK_BLOCKS


def tasks(paths: int, workers: int) -> list[tuple[int, int]]:
    """(first path, how many) of what is handed to workers: three chunks at a time, which saves building programs, and fewer
    towards the end, where a worker would wait for another. What comes out chunk by chunk does not depend on it."""
    found, first = [], 0
    while first < paths:
        span = CHUNK * min(3, max(1, (paths - first) // (2 * CHUNK * max(1, workers))))
        found.append((first, min(span, paths - first)))
        first += span
    return found


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
    pieces: tuple[ChunkResult, ...] = ()  # the same by replicate, where sampling has them (engine/sampler.py)

    def tallied(self, asked: Questions) -> ChunkResult:
        """The same with what is asked of the columns."""
        return self._replace(tally=tally(self.columns, asked), pieces=tuple(p.tallied(asked) for p in self.pieces))

    def counted(self) -> ChunkResult:
        """The same with counts in the place of the rows kept path by path, paths that are not a number left out."""
        numbers = self.columns["cause"] != ledger.NAN_CODE
        counts = {slot: bins.by_month(rows, numbers) for slot, rows in self.kept.items()}
        return self._replace(kept={}, counts=counts, pieces=tuple(p.counted() for p in self.pieces))

    @staticmethod
    def joined(pieces: Sequence[ChunkResult]) -> ChunkResult:
        """Of pieces that follow each other."""
        first = pieces[0]
        return ChunkResult(
            first.first,
            {name: np.concatenate([p.columns[name] for p in pieces]) for name in first.columns},
            {name: np.concatenate([p.inputs[name] for p in pieces]) for name in first.inputs},
            tuple(block for p in pieces for block in p.blocks),
            {slot: np.concatenate([p.kept[slot] for p in pieces], axis=1) for slot in first.kept},
            trajectories={
                name: np.concatenate([p.trajectories[name] for p in pieces], axis=1) for name in first.trajectories
            },
            pieces=tuple(p._replace(trajectories={}, inputs={}) for p in pieces),
        )


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
        sampler: Sampler | None = None,
    ) -> None:
        """`paths`: how many are to be run; 0 if nobody knows (engine/machine.py). `announce` is told of every compiling.
        `sampler`: instead of the scenario's way of sampling."""
        self.scenario = scenario
        self.seed = scenario.run.seed if seed is None else seed
        sampler = sampler_of(scenario.run.sampling) if sampler is None else sampler
        self.source: Source | None = None if sampler is None else sampler(self.asked())
        self.branches = tuple(
            ProgramRunner(branch.scenario, self.seed, given, paths * branch.weight, announce, self.source)
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

    def asked(self) -> Asked:
        """What all branches together draw."""
        groups = tuple(f"alternatives.{group}" for group in self.scenario.alternatives)
        asked = Asked(self.seed, self.scenario.calendar.months, {}, groups)
        one = np.array([0])
        for branch in self.scenario.branches:
            program = build(branch.scenario, self.seed, lambda name: uniforms_of(self.seed, name, one))
            asked = asked.and_of(program.asked)
        return asked

    @property
    def program(self) -> Program:
        """Of the heaviest branch."""
        return self.branches[0].program

    def choices(self, paths: Paths) -> dict[str, Paths]:
        """By group of alternatives: the number of the one each path takes."""
        found = {}
        once = {} if self.source is None or not self.scenario.alternatives else self.source.once(paths)
        for group, weights in self.scenario.alternatives.items():
            upto = np.cumsum(list(weights.values()))
            stream = f"alternatives.{group}"
            if stream in self.scenario.shocks.once:
                u = np.full(paths.size, self.scenario.shocks.once[stream])
            else:
                u = once[stream] if stream in once else uniforms_of(self.seed, stream, paths)
            found[group] = np.searchsorted(upto[:-1], u, side="right")
        return found

    def branch_of(self, path: int) -> ProgramRunner:
        chosen = self.choices(np.array([path]))
        return self.branches[self._chosen[tuple(int(c[0]) for c in chosen.values())]]

    def run_chunk(self, first: int, count: int, keep: Sequence[str] | None = None) -> ChunkResult:
        """Simulate paths first … first + count - 1 and keep the given slots by month; if none are given those of which
        quantiles are reported, and the trajectories that the scenario keeps."""
        return next(self._run(first, [count], keep))

    def run_paths(self, paths: Paths, keep: Sequence[str]) -> ChunkResult:
        """Simulate any paths, in the order given, and keep the given slots by month."""
        found = self._of_branches if len(self.branches) > 1 else self._plain
        return next(found(paths, [paths.size], tuple(keep)))

    def run_chunks(
        self, first: int, count: int, keep: Sequence[str] | None = None, room: Room | None = None
    ) -> Iterator[ChunkResult]:
        """The same in chunks of CHUNK, the last one shorter, which saves building the programs for each.

        With `room`, which belongs to the calling thread, what a chunk has `kept` is good until the next chunk is asked for."""
        return self._run(first, [min(CHUNK, count - done) for done in range(0, count, CHUNK)], keep, room)

    def _run(
        self, first: int, parts: Sequence[int], keep: Sequence[str] | None, room: Room | None = None
    ) -> Iterator[ChunkResult]:
        if keep is None and self.source is not None:
            yield from self._by_replicate(first, parts)
            return
        slots = tuple(dict.fromkeys((*self.kept_slots, *self.trajectories.values()))) if keep is None else tuple(keep)
        paths = np.arange(first, first + sum(parts))
        found = (self._of_branches if len(self.branches) > 1 else self._plain)(paths, parts, slots, room)
        yield from map(self._with_trajectories, found) if keep is None else found

    def _by_replicate(self, first: int, parts: Sequence[int]) -> Iterator[ChunkResult]:
        """Block by block, each of which belongs to one replicate, and put together again."""
        slots = tuple(dict.fromkeys((*self.kept_slots, *self.trajectories.values())))
        sizes = []
        for begin, count in zip(np.cumsum([first, *parts[:-1]]).tolist(), parts, strict=True):
            ends = [*range(begin // BLOCK * BLOCK + BLOCK, begin + count, BLOCK), begin + count]
            sizes.append(np.diff([begin, *ends]).tolist())
        pieces = self._run(first, [size for of_part in sizes for size in of_part], slots)
        for of_part in sizes:
            yield ChunkResult.joined([self._with_trajectories(next(pieces)) for _ in of_part])

    def _plain(
        self, paths: Paths, parts: Sequence[int], keep: Sequence[str], room: Room | None = None
    ) -> Iterator[ChunkResult]:
        (branch,) = self.branches
        ready = branch.prepare(paths, parts)
        begin = 0
        for count in parts:
            lived = branch.live(ready, begin, count, keep, room)
            yield ChunkResult(int(paths[begin]), lived.columns, lived.inputs, lived.blocks, lived.kept)
            begin += count

    def _of_branches(
        self, paths: Paths, parts: Sequence[int], keep: Sequence[str], room: Room | None = None
    ) -> Iterator[ChunkResult]:
        chosen = self.choices(paths)
        part_of = np.repeat(np.arange(len(parts)), parts)
        there = [self._takes(k, chosen) for k in range(len(self.branches))]  # by branch: which paths take it
        sizes = [np.bincount(part_of[of_branch], minlength=len(parts)).tolist() for of_branch in there]
        ready = [
            branch.prepare(paths[of_branch], size) if of_branch.any() else None
            for branch, of_branch, size in zip(self.branches, there, sizes, strict=True)
        ]
        begins = [np.cumsum([0, *size]) for size in sizes]
        for j, count in enumerate(parts):
            lanes = part_of == j
            result = self._nothing(int(paths[lanes][0]), count, keep)
            for group, number in chosen.items():
                result.columns[f"alternative.{group}"] = number[lanes].astype(np.float64)
            blocks: list[Statistics] = []
            for k, branch in enumerate(self.branches):
                prepared, size = ready[k], sizes[k][j]
                if prepared is None or size == 0:
                    continue
                known = [slot for slot in keep if slot in branch.program.rows]
                lived = branch.live(prepared, int(begins[k][j]), size, known, room)
                self._put_back(lived, k, there[k][lanes], result.columns, result.inputs, result.kept)
                blocks.extend(self._widened(s, k) for s in lived.blocks)
            yield result._replace(blocks=tuple(blocks))

    def _takes(self, branch: int, chosen: dict[str, Paths]) -> npt.NDArray[np.bool_]:
        wanted = self.scenario.branches[branch].choices
        return np.asarray(np.all([number == w for number, w in zip(chosen.values(), wanted, strict=True)], axis=0))

    def _nothing(self, first: int, count: int, keep: Sequence[str]) -> ChunkResult:
        """What a chunk of paths leaves behind before any branch has put its own in."""
        months = self.scenario.calendar.months
        names = dict.fromkeys(name for branch in self.branches for name in branch.program.inputs)
        return ChunkResult(
            first,
            {c.name: np.zeros(count) for c in self.outline.columns},
            {name: np.full(count, np.nan) for name in names},
            (),
            {slot: np.zeros((months + 1, count)) for slot in keep},
        )

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
