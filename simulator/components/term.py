"""Tables over months, and how they go on after a renewal: each a list with a number, or an array over paths, a month."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from simulator.components.base import Builder


def look_up(table: Sequence[Any], at: Any) -> Any:
    """table[at] for a month number or an array of them; entries may be arrays over paths."""
    if not isinstance(at, np.ndarray) or at.ndim == 0:
        return table[int(at)]
    if not any(np.ndim(x) for x in table):
        return np.asarray(table, dtype=np.float64)[at.astype(np.int64)]
    width = at.shape[0]
    rows = np.array([np.broadcast_to(np.asarray(x, dtype=np.float64), (width,)) for x in table])
    return rows[at.astype(np.int64), np.arange(width)]


def cumulated(table: Iterable[Any]) -> list[Any]:
    """Sums of the months 1 up to and including m, for m = 0, 1, …"""
    sums: list[Any] = [0.0]
    for x in list(table)[1:]:
        sums.append(sums[-1] + x)
    return sums


def continued(table: list[Any], end: Any, length: int) -> list[Any]:
    """The table to month `length`, with the value of month `end` in all months after it."""
    longer = [*table, *[0.0] * (length + 1 - len(table))]
    kept = look_up(longer, np.maximum(end, 0.0))
    return [np.where(m <= np.asarray(end), x, kept)[()] for m, x in enumerate(longer)]


def months_into(month: int, first: int, end: Any, term: float | None) -> Any:
    """Full months since the present term began: the first at `first`, those of `term` months after `end` one after another."""
    since = max(0, month - first)
    if term is None:
        return since
    return np.where(month > np.asarray(end), np.mod(month - 1.0 - np.asarray(end), term), since)[()]


def renewed_price(b: Builder, contract: str) -> Any:
    """What the fee of a contract has been multiplied by at its latest renewal: a slot, or 1 where none can come."""
    slot = f"{contract}.renewed_price"
    return slot if b.is_written(slot) else 1.0
