"""Numbers by path, reduced as they come: counts of whole numbers, mean and squares of amounts, bins of what is asked by rank.

Done chunk by chunk in the worker, block by block within it, so that neither threads nor the number of paths change a bit of it
and no number of a path needs to be kept. Paths that are not a number are counted as such and enter nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.engine import bins, ledger
from simulator.engine.block import BLOCK, Statistics
from simulator.engine.build import Array
from simulator.engine.program import Column

Counts = npt.NDArray[np.int64]
Columns = Mapping[str, Array]


@dataclass(frozen=True)
class Questions:
    """What is asked of the columns of `paths`."""

    months: int
    causes: int
    columns: tuple[Column, ...]
    ranked: tuple[str, ...] = ()  # columns of which order statistics are wanted
    derived: Mapping[str, Callable[[Columns], Array]] | None = None  # further whole numbers by path, out of columns

    @cached_property
    def counted(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns if c.kind != "money")

    @cached_property
    def averaged(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns if c.kind == "money")


class Tally(NamedTuple):
    """The answers over a chunk of paths."""

    endings: Counts  # (months + 1, causes), paths that are not a number included
    counts: dict[str, Counts]  # column -> paths by value 0, 1, …
    blocks: tuple[Statistics, ...]  # mean and squares in the order of `averaged`, block by block
    ranked: dict[str, bins.Counted]


def tally(columns: Columns, asked: Questions) -> Tally:
    endings = np.zeros((asked.months + 1, asked.causes), dtype=np.int64)
    codes = columns["cause"].astype(np.int64)
    np.add.at(endings, (columns["end_month"].astype(np.int64), codes), 1)
    numbers = codes != ledger.NAN_CODE
    whole = {name: columns[name] for name in asked.counted}
    whole |= {name: law(columns) for name, law in (asked.derived or {}).items()}
    counts = {name: np.bincount(x[numbers].astype(np.int64)) for name, x in whole.items()}
    amounts = np.array([columns[name] for name in asked.averaged])
    blocks = tuple(
        _moments(amounts[:, begin : begin + BLOCK], numbers[begin : begin + BLOCK])
        for begin in range(0, codes.size, BLOCK)
    )
    ranked = {name: bins.by_month(columns[name][None, :], numbers)[0] for name in asked.ranked}
    return Tally(endings, counts, blocks, ranked)


def _moments(rows: Array, numbers: npt.NDArray[np.bool_]) -> Statistics:
    if not numbers.all():
        rows = rows[:, numbers]
    if rows.shape[1] == 0:
        return Statistics(0, np.zeros(rows.shape[0]), np.zeros(rows.shape[0]))
    mean = rows.mean(axis=1)
    apart = rows - mean[:, None]
    return Statistics(rows.shape[1], mean, (apart * apart).sum(axis=1))


def added(a: Counts, b: Counts) -> Counts:
    """Sum of two counts of which the longer one goes further."""
    longer, shorter = (a, b) if a.size >= b.size else (b, a)
    total = longer.copy()
    total[: shorter.size] += shorter
    return total
