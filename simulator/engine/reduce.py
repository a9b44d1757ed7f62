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

from simulator.engine.block import Statistics
from simulator.engine.build import Array
from simulator.engine.executors import available_threads
from simulator.engine.ledger import NAN_CODE
from simulator.engine.simulation import ChunkResult

EXACT_PATHS = 100_000
_DROPPED_BITS = 42  # of the 52 of the mantissa: bins are 2^-10 wide, a middle is off by at most 0.05 %


@dataclass
class Sketch:
    """Counts of the leading bits of values; merging is addition, so any order gives the same counts."""

    bins: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def add(self, values: Array) -> None:
        bins, counts = np.unique(_ordered_bits(values) >> _DROPPED_BITS, return_counts=True)
        merged, where = np.unique(np.concatenate([self.bins, bins]), return_inverse=True)
        total = np.zeros(merged.size, dtype=np.int64)
        np.add.at(total, where, np.concatenate([self.counts, counts]))
        self.bins, self.counts = merged, total

    def at_ranks(self, ranks: Sequence[int]) -> list[float]:
        """Order statistics (rank 1 = smallest), each the middle of its bin."""
        upto = np.cumsum(self.counts)
        found = self.bins[np.searchsorted(upto, np.asarray(ranks), side="left")]
        return [float(x) for x in _middle(found)]


def _ordered_bits(values: Array) -> npt.NDArray[np.int64]:
    """Floats as integers of the same order; -0.0 counts as 0.0."""
    bits = (values + 0.0).view(np.int64)
    return np.where(bits >= 0, bits, np.int64(-(2**63)) - bits)


def _middle(bins: npt.NDArray[np.int64]) -> Array:
    low = bins << _DROPPED_BITS
    middle = np.where(low == 0, 0, low + (np.int64(1) << (_DROPPED_BITS - 1)))
    bits = np.where(middle >= 0, middle, np.int64(-(2**63)) - middle)
    return bits.view(np.float64)


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
            if self.exact:
                self._kept.setdefault(slot, []).append(by_month if numbers.all() else by_month[:, numbers])
            else:
                sketches = self._sketches.setdefault(slot, [Sketch() for _ in range(self.months + 1)])
                for month, values in enumerate(by_month[:, numbers]):
                    sketches[month].add(values)
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
