"""The hot loop: blocks of paths through the months, and what is summed of them on the way. All of it machine code.

A block is worked through some lanes at a time: few enough for their rows to stay in the cache, many enough for what it costs
to begin a loop.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from simulator.engine import jit, ledger
from simulator.engine.intrinsics import number_at, row_access, row_moments, step_call

LANES = jit.LANES
BLOCK = 4 * LANES  # paths of one fixed-order sum
ROW_BYTES = jit.ROW_BYTES
NAN_CODE = float(ledger.NAN_CODE)


def call(_address: Any, _slots: Any, _words: Any, _index: Any, _params: Any, _month: Any, _paths: Any) -> None:
    """The step whose machine code begins at the address (engine/intrinsics.py)."""
    raise TypeError("only machine code has addresses")


def number(_address: Any, _place: Any) -> float:
    """The number at a place of a row of numbers that begins at the address (engine/intrinsics.py)."""
    raise TypeError("only machine code has addresses")


def address(_rows: Any) -> int:
    """Where rows begin (engine/intrinsics.py)."""
    raise TypeError("only machine code has addresses")


def moments(_address: Any, _centre: Any) -> tuple[float, float]:
    """Sums over all lanes of a row (engine/intrinsics.py)."""
    raise TypeError("only machine code has addresses")


def run_blocks(
    addresses: Any,
    calls: Any,
    index: Any,
    params: Any,
    slots: Any,
    words: Any,
    months: int,
    paths: Any,
    used: int,
    opening: Any,
    array_rows: Any,
    arrays: Any,
    metric_rows: Any,
    statistics: Any,
    numbers: Any,
    kept_rows: Any,
    kept: Any,
    column_rows: Any,
    columns: Any,
    cause_row: int,
) -> None:
    """The first `used` of the paths, block by block.

    opening: the value of every row at month 0, but of those in `array_rows`, whose numbers by path begin at the addresses
    in `arrays`. statistics: mean and sum of squared deviations, shape (blocks, months + 1, metrics, 2), over the paths
    that are a number, of which `numbers` says how many there are. kept: shape (rows, months + 1, paths). columns: what
    stands in `column_rows` at the end, shape (rows, paths).
    """
    part = np.empty((months + 1, metric_rows.shape[0], 2))
    centres = np.empty((months + 1, metric_rows.shape[0]))
    counted = np.empty(LANES, dtype=np.int64)
    for block in range(statistics.shape[0]):
        total = statistics[block]
        total[:] = 0.0
        counting = 0
        for first in range(block * BLOCK, min(used, (block + 1) * BLOCK), LANES):
            lanes = min(LANES, used - first)
            for i in range(lanes):
                counted[i] = i
            n = lanes
            while True:  # a path that is not a number is never averaged in: once more without it
                fill(slots, opening, array_rows, arrays, first)
                measure(slots, 0, counted[:n], counting == 0, metric_rows, centres, part)
                keep(slots, 0, first, kept_rows, kept)
                for month in range(1, months + 1):
                    for k in range(addresses.shape[0]):
                        if calls[k, 4] <= month <= calls[k, 5]:
                            rows, given = index[calls[k, 0] : calls[k, 1]], params[calls[k, 2] : calls[k, 3]]
                            call(addresses[k], slots, words, rows, given, month, paths[first : first + LANES])
                    measure(slots, month, counted[:n], counting == 0, metric_rows, centres, part)
                    keep(slots, month, first, kept_rows, kept)
                left = 0
                for i in range(n):
                    if slots[cause_row, counted[i]] != NAN_CODE:
                        counted[left] = counted[i]
                        left += 1
                if left == n:
                    break
                n = left
            total += part
            counting += n
            for k in range(column_rows.shape[0]):
                for i in range(lanes):
                    columns[k, first + i] = slots[column_rows[k], i]
        numbers[block] = counting
        for month in range(months + 1):
            for k in range(metric_rows.shape[0]):
                of_row = total[month, k]
                apart = of_row[0] / counting if counting > 0 else 0.0
                of_row[1] = max(0.0, of_row[1] - of_row[0] * apart)
                of_row[0] = centres[month, k] + apart if counting > 0 else 0.0


def fill(slots: Any, opening: Any, array_rows: Any, arrays: Any, first: int) -> None:
    """Every row at month 0."""
    for row in range(opening.shape[0]):
        value, target = opening[row], slots[row]
        for i in range(LANES):
            target[i] = value
    for k in range(array_rows.shape[0]):
        address, target = arrays[k], slots[array_rows[k]]
        for i in range(LANES):
            target[i] = number(address, first + i)


def keep(slots: Any, month: int, first: int, kept_rows: Any, kept: Any) -> None:
    for k in range(kept_rows.shape[0]):
        row, target = slots[kept_rows[k]], kept[k, month]
        for i in range(LANES):
            target[first + i] = row[i]


def measure(slots: Any, month: int, counted: Any, begins: bool, metric_rows: Any, centres: Any, part: Any) -> None:
    """Of each metric the sums of x - centre and of its square over the counted lanes, in a fixed order. The centre is one of
    the first numbers of a block, which keeps the digits that squares of large equal amounts would lose (Chan, Golub &
    LeVeque 1983, "shifted data"), in one pass."""
    n = counted.shape[0]
    for k in range(metric_rows.shape[0]):
        row = slots[metric_rows[k]]
        if begins:
            centres[month, k] = row[counted[0]] if n > 0 else 0.0
        centre = centres[month, k]
        total, squares = 0.0, 0.0
        if n == LANES:
            total, squares = moments(address(slots) + metric_rows[k] * ROW_BYTES, centre)
        else:
            for i in range(n):
                total += row[counted[i]] - centre
                squares += (row[counted[i]] - centre) ** 2
        part[month, k, 0] = total
        part[month, k, 1] = squares


@cache
def block_loop() -> Any:
    """`run_blocks` as machine code."""
    from numba import types as t

    rows, floats = t.int64[::1], t.float64[::1]
    table, grid, cube = t.int64[:, ::1], t.float64[:, ::1], t.float64[:, :, ::1]
    words, blocks = t.uint32[:, ::1], t.float64[:, :, :, ::1]
    of_machine = (rows, table, rows, floats, grid, words, t.int64, rows, t.int64)
    signature = t.void(*of_machine, floats, rows, rows, rows, blocks, rows, rows, cube, rows, grid, t.int64)
    machine = (
        ("call", step_call(jit.step_signature())),
        ("number", number_at()),
        ("address", row_access()["address"]),
        ("moments", row_moments(LANES)),
    )
    return jit.compiled(jit.kernel_code(run_blocks, signature, machine))
