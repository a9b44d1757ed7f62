"""Summaries that merge: what is kept of all paths, in a form that neither order nor chunking changes.

Means by month merge block by block in block order; quantiles by month are exact up to EXACT_PATHS paths and come from
integer counts in bins of the leading bits of the float above (at most 0.1 % of the value). Numbers by path are kept whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from simulator.engine.bins import Counted, middle
from simulator.engine.block import Statistics
from simulator.engine.build import Array
from simulator.engine.executors import available_threads
from simulator.engine.ledger import NAN_CODE
from simulator.engine.simulation import ChunkResult

EXACT_PATHS = 100_000


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
        self.counts[found.bins - self.low] += found.counts

    def at_ranks(self, ranks: Sequence[int]) -> list[float]:
        """Order statistics (rank 1 = smallest), each the middle of its bin."""
        found = np.searchsorted(np.cumsum(self.counts), np.asarray(ranks), side="left") + self.low
        return [float(x) for x in middle(found)]


class Summary:
    """All that is known of the paths simulated so far, added chunk by chunk in path order."""

    def __init__(self, paths: int, months: int) -> None:
        self.expected = paths
        self.months = months
        self.paths = 0
        self.exact = paths <= EXACT_PATHS
        self.statistics = Statistics(0, np.empty(0), np.empty(0))
        self._columns: dict[str, list[Array]] = {}
        self._kept: dict[str, list[Array]] = {}
        self._sketches: dict[str, list[Sketch]] = {}

    def add(self, chunk: ChunkResult) -> None:
        for block in chunk.blocks:
            self.statistics = self.statistics.merge(block)
        for name, values in {**chunk.columns, **{f"input.{k}": v for k, v in chunk.inputs.items()}}.items():
            self._columns.setdefault(name, []).append(values)
        numbers = chunk.columns["cause"] != NAN_CODE
        for slot, by_month in chunk.kept.items():
            self._kept.setdefault(slot, []).append(by_month if numbers.all() else by_month[:, numbers])
        for slot, counted in chunk.counts.items():
            sketches = self._sketches.setdefault(slot, [Sketch() for _ in range(self.months + 1)])
            for sketch, found in zip(sketches, counted, strict=True):
                sketch.add(found)
        self.paths += numbers.size

    def column(self, name: str) -> Array:
        """A number by path, shape (paths,)."""
        return np.concatenate(self._columns[name])

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(self._columns)

    def order_statistics(self, slot: str, ranks: Sequence[int]) -> Array:
        """The values of these ranks (1 = smallest) by month, shape (months + 1, ranks)."""
        if not self.exact:
            return np.array([sketch.at_ranks(ranks) for sketch in self._sketches[slot]])
        where = np.asarray(ranks) - 1
        parts, pivots = self._kept[slot], np.unique(where)

        def of_month(month: int) -> Array:
            values: Array = np.concatenate([part[month] for part in parts])
            values.partition(pivots)  # lets go of the interpreter
            return np.asarray(values[where])

        with ThreadPoolExecutor(available_threads()) as pool:
            return np.array(list(pool.map(of_month, range(self.months + 1))))

    @property
    def kept_slots(self) -> tuple[str, ...]:
        return tuple(self._kept or self._sketches)
