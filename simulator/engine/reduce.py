"""Summaries that merge: what is kept of all paths, in a form that neither order nor chunking changes.

Means by month merge block by block in block order; quantiles by month are exact up to EXACT_PATHS paths and come from
integer counts in bins of the leading bits of the float above (at most 0.1 % of the value). Of numbers by path there are counts
and moments; order statistics of them are exact at any number of paths.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from simulator.engine import bins
from simulator.engine.bins import Counted, middle
from simulator.engine.block import Statistics
from simulator.engine.build import Array
from simulator.engine.executors import available_threads, run
from simulator.engine.ledger import NAN_CODE
from simulator.engine.sampler import REPLICATES, replicate_of
from simulator.engine.simulation import ChunkResult
from simulator.engine.tally import Counts, Questions, added, tally

EXACT_PATHS = 100_000
NAMED = 10  # paths that are not a number of which the numbers are kept


@dataclass
class Sketch:
    """Counts of values in bins of their leading bits; merging is addition, so any order gives the same counts."""

    low: int = 0  # the bin of the first count
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def add(self, found: Counted) -> None:
        if found.bins.size == 0:
            return
        first, last = int(found.bins[0]), int(found.bins[-1])
        if self.counts.size == 0:
            self.low = first
        low, high = min(self.low, first), max(self.low + self.counts.size, last + 1)
        if low < self.low or high > self.low + self.counts.size:
            wider = np.zeros(high - low, dtype=np.int64)
            wider[self.low - low : self.low - low + self.counts.size] = self.counts
            self.low, self.counts = low, wider
        bins.merger()(found.bins, found.counts, self.low, self.counts)

    def bins_at(self, ranks: Sequence[int]) -> npt.NDArray[np.int64]:
        """The bins in which the values of these ranks lie (1 = smallest)."""
        return np.asarray(np.searchsorted(np.cumsum(self.counts), np.asarray(ranks), side="left") + self.low)

    def at_ranks(self, ranks: Sequence[int]) -> list[float]:
        """Order statistics, each the middle of its bin."""
        return [float(x) for x in middle(self.bins_at(ranks))]

    def below(self, of_bins: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """How many values lie in bins below these."""
        upto = np.concatenate([[0], np.cumsum(self.counts)])
        return np.asarray(upto[np.clip(of_bins - self.low, 0, self.counts.size)])


class Summary:
    """All that is known of the paths simulated so far, added chunk by chunk in path order.

    With `hold` numbers by path are kept as well. Without it memory does not grow with the paths, and `reader` (columns ->
    their values part by part, in path order) has to be given before an order statistic of a column is asked for.
    """

    def __init__(self, paths: int, asked: Questions, hold: bool = True) -> None:
        self.asked = asked
        self.hold = hold
        self.paths = 0
        self.exact = paths <= EXACT_PATHS
        self.statistics = Statistics(0, np.empty(0), np.empty(0))
        self.amounts = Statistics(0, np.empty(0), np.empty(0))
        self.endings = np.zeros((asked.months + 1, asked.causes), dtype=np.int64)
        self.counts: dict[str, Counts] = {}
        self.replicates: list[Summary] = []  # by replicate, where sampling has them; they hold nothing by path
        self.reader: Callable[..., Iterable[tuple[Array, ...]]] | None = None
        self.not_numbers: list[int] = []  # the first paths that are not a number
        self.column_names: tuple[str, ...] = ()
        self._columns: dict[str, list[Array]] = {}
        self._kept: dict[str, list[Array]] = {}
        self._sketches: dict[str, list[Sketch]] = {}
        self._ranked: dict[str, Sketch] = {name: Sketch() for name in asked.ranked}

    def add(self, chunk: ChunkResult) -> None:
        for block in chunk.blocks:
            self.statistics = self.statistics.merge(block)
        found = tally(chunk.columns, self.asked) if chunk.tally is None else chunk.tally
        for moments in found.blocks:
            self.amounts = self.amounts.merge(moments)
        self.endings += found.endings
        for name, counts in found.counts.items():
            self.counts[name] = added(self.counts.get(name, counts[:0]), counts)
        for name, counted in found.ranked.items():
            self._ranked[name].add(counted)
        numbers = chunk.columns["cause"] != NAN_CODE
        if len(self.not_numbers) < NAMED:
            self.not_numbers += (self.paths + np.flatnonzero(~numbers)[: NAMED - len(self.not_numbers)]).tolist()
        self.paths += numbers.size
        columns = {**chunk.columns, **{f"input.{k}": v for k, v in chunk.inputs.items()}}
        self.column_names = tuple(columns)
        if self.hold:
            for name, values in columns.items():
                self._columns.setdefault(name, []).append(values)
        for slot, by_month in chunk.kept.items():
            self._kept.setdefault(slot, []).append(by_month if numbers.all() else by_month[:, numbers])
        for slot, by_bin in chunk.counts.items():
            sketches = self._sketches.setdefault(slot, [Sketch() for _ in range(self.asked.months + 1)])
            for sketch, of_month in zip(sketches, by_bin, strict=True):
                sketch.add(of_month)

        for piece in chunk.pieces:
            self._replicates()[int(replicate_of(np.array(piece.first)))].add(piece if piece.counts else piece.counted())

    def _replicates(self) -> list[Summary]:
        if not self.replicates:
            self.replicates = [Summary(EXACT_PATHS + 1, self.asked, hold=False) for _ in range(REPLICATES)]
        return self.replicates

    def column(self, name: str) -> Array:
        """A number by path, shape (paths,)."""
        if name not in self.column_names:
            raise KeyError(name)
        return np.concatenate([values for (values,) in self._parts(name)])

    def _parts(self, *names: str) -> Iterable[tuple[Array, ...]]:
        if self.hold:
            return zip(*(self._columns[name] for name in names), strict=True)
        if self.reader is None:
            raise ValueError("numbers by path were not kept")
        return self.reader(*names)

    def moments(self, name: str) -> tuple[float, float, int]:
        """Mean, sum of squared deviations and number of paths of an amount by path."""
        k = self.asked.averaged.index(name)
        if self.amounts.paths == 0:
            return math.nan, math.nan, 0
        return float(self.amounts.mean[k]), float(self.amounts.squares[k]), self.amounts.paths

    def at_ranks(self, name: str, ranks: Sequence[int]) -> Array:
        """Exact order statistics (rank 1 = smallest) of a column that was asked for by rank.

        The bins say where they lie; only what is in those bins is looked at again.
        """
        sketch = self._ranked[name]
        wanted = np.unique(sketch.bins_at(ranks))
        values: Array = np.empty(0)
        times: Counts = np.empty(0, dtype=np.int64)

        def look(part_and_cause: tuple[Array, ...]) -> tuple[Array, Counts]:
            part, cause = part_and_cause
            here, seen = np.unique(part[np.isin(bins.of(part), wanted) & (cause != NAN_CODE)], return_counts=True)
            return here, seen

        for here, seen in run(look, self._parts(name, "cause"), available_threads()):
            values, where = np.unique(np.concatenate([values, here]), return_inverse=True)
            times = np.bincount(where, weights=np.concatenate([times, seen]), minlength=values.size).astype(np.int64)
        below = sketch.below(bins.of(values))  # paths in lower bins, of which some were not looked at again
        upto = np.zeros(values.size, dtype=np.int64)
        for b in wanted:
            inside = bins.of(values) == b
            upto[inside] = below[inside] + np.cumsum(times[inside])
        return np.asarray(values[np.searchsorted(upto, np.asarray(ranks), side="left")])

    def ranked(self, name: str) -> Sketch:
        """The bins of a column that was asked for by rank."""
        return self._ranked[name]

    def by_month(self, slot: str, month: int) -> Sketch:
        """The bins of a month, where they are counted."""
        return self._sketches[slot][month]

    def order_statistics(self, slot: str, ranks: Sequence[int] | Counts) -> Array:
        """The values of these ranks (1 = smallest) by month, shape (months + 1, ranks); the ranks too may be by month."""
        wanted = np.broadcast_to(np.asarray(ranks), (self.asked.months + 1, np.shape(ranks)[-1]))
        if not self.exact:
            return np.array([s.at_ranks(r) for s, r in zip(self._sketches[slot], wanted.tolist(), strict=True)])
        where = wanted - 1
        parts = self._kept[slot]

        def of_month(month: int) -> Array:
            values: Array = np.concatenate([part[month] for part in parts])
            values.sort()  # several times as fast as a partition at twenty ranks; lets go of the interpreter
            return np.asarray(values[where[month]])

        with ThreadPoolExecutor(available_threads()) as pool:
            return np.array(list(pool.map(of_month, range(self.asked.months + 1))))

    @property
    def kept_slots(self) -> tuple[str, ...]:
        return tuple(self._kept or self._sketches)
