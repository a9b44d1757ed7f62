"""Control variates of blocks of paths, and their products with what they control, in machine code.

A set of controls has DIRECTIONS directions in the scores of a path (engine/scores.py). Along these t a control is a constant,
plus a sum of weights times t1, t2, t3, their squares, t1^3, t2^3, t1 t2, and Gaussian bumps in the first two. Sums over a block
go WIDE places side by side, added pairwise at the end: a fixed order, and one that is vectorised.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from simulator.engine import jit, ledger
from simulator.engine.build import Array
from simulator.engine.intrinsics import number_at
from simulator.engine.lanes import number
from simulator.engine.scores import LANES, TOGETHER, add_rows, projection_code
from simulator.mathematics.elementary import exp

DIRECTIONS = 3
ALONG, ACROSS = 8, 5  # bumps in the first two directions
REACH = 2.6  # standard deviations, to the outermost
POWERS = 9  # functions before the bumps
FUNCTIONS = -(-(POWERS + ALONG * ACROSS) // TOGETHER) * TOGETHER  # by set, with rows of noughts
STEP_ALONG, STEP_ACROSS = 2.0 * REACH / (ALONG - 1), 2.0 * REACH / (ACROSS - 1)
WIDE = 64  # sums side by side
FEW = 32  # paths
SECONDS = 2.0  # to compile a kernel
CONTROLS = 8  # of a group, at most
FIRST_DEFAULT = float(ledger.NAN_CODE + 1)


def evaluate(found: Any, constant: Any, sets: Any, powers: Any, along: Any) -> None:
    """found: shape (controls, whole tiles of LANES paths). sets: shape (sets, 3), the controls from and to which a set is added,
    and its place among theirs; powers: shape (controls, sets that it is of, FUNCTIONS). along: shape (DIRECTIONS * sets,
    paths): what scores.py projected."""
    t = np.empty((DIRECTIONS, LANES))
    functions = np.zeros((FUNCTIONS, LANES))
    bumps, ratio = np.empty((ALONG + ACROSS, LANES)), np.empty(LANES)
    for first in range(0, found.shape[1], LANES):
        for k in range(found.shape[0]):
            row = found[k, first : first + LANES]
            for i in range(LANES):
                row[i] = constant[k]
        for s in range(sets.shape[0]):
            for d in range(DIRECTIONS):
                source, target = along[s * DIRECTIONS + d], t[d]
                for i in range(LANES):
                    target[i] = source[first + i]
            fill_functions(functions, bumps, ratio, t)
            for k in range(sets[s, 0], sets[s, 1]):
                row, of_set = found[k, first : first + LANES], powers[k, sets[s, 2]]
                for f in range(0, functions.shape[0], TOGETHER):
                    add_rows(row, of_set[f : f + TOGETHER], functions[f : f + TOGETHER])


def fill_functions(functions: Any, bumps: Any, ratio: Any, t: Any) -> None:
    """bumps: room, for those along and then those across."""
    for d in range(t.shape[0]):
        x, first, second, third = t[d], functions[d], functions[3 + d], functions[6 + min(d, 1)]
        for i in range(LANES):
            first[i] = x[i]
            second[i] = x[i] * x[i]
        if d < 2:
            for i in range(LANES):
                third[i] = x[i] * x[i] * x[i]
            own, steps = (bumps[:ALONG], 1.0 / STEP_ALONG) if d == 0 else (bumps[ALONG:], 1.0 / STEP_ACROSS)
            fill_bumps(own, ratio, x, steps)
    multiply(functions[8], t[0], t[1])
    for a in range(ALONG):
        for b in range(ALONG, bumps.shape[0]):
            multiply(functions[POWERS + a * ACROSS + b - ALONG], bumps[a], bumps[b])


def multiply(target: Any, x: Any, y: Any) -> None:
    for i in range(LANES):
        target[i] = x[i] * y[i]


def fill_bumps(bumps: Any, ratio: Any, t: Any, steps: float) -> None:
    """exp(-u^2 / 2 + k u) for u = (t + REACH) * steps: bumps around -REACH + k / steps, but for a factor exp(k^2 / 2)."""
    before = bumps[0]
    for i in range(LANES):
        u = (t[i] + REACH) * steps
        before[i] = exp(-0.5 * u * u)
        ratio[i] = exp(u)
    for k in range(1, bumps.shape[0]):
        source, target = bumps[k - 1], bumps[k]
        for i in range(LANES):
            target[i] = source[i] * ratio[i]


# --- sums over a block -----------------------------------------------------------------------------------------------


def sums(
    controls: Any,
    rows: Any,
    groups: Any,
    of_rows: Any,
    count: int,
    ends: int,
    causes: int,
    kinds: Any,
    counts: Any,
    of_defaults: Any,
) -> None:
    """Of a block of so many paths.

    controls: shape (controls, BLOCK). rows: where numbers by path begin, the controls themselves among them; groups: by row the
    controls from and to which it has; of_rows: shape (rows, 2 + CONTROLS) gets mean, sum of squared deviations, and sums of
    deviations times controls. ends, causes: where the months of default and their causes begin; kinds: by cause the row in which
    it is counted beside row 0, where all are, or 0; counts: noughts, shape (kinds, months + 1), gets defaults by a month,
    of_defaults: noughts, shape (kinds, months + 1, controls), their sums of controls.
    """
    y, room = np.zeros(controls.shape[1]), np.empty(WIDE)
    for k in range(controls.shape[0]):
        row = controls[k]
        for i in range(count, row.shape[0]):
            row[i] = 0.0
    for r in range(rows.shape[0]):
        address, found = rows[r], of_rows[r]
        for i in range(count):
            y[i] = number(address, i)
        mean = total(y, room) / count
        for i in range(count):
            y[i] -= mean
        found[0] = mean
        begin, end = groups[r, 0], groups[r, 1]
        for k in range(begin - 1, end):
            other = y if k < begin else controls[k]
            found[2 + k - begin] = product(y, other, room)
    for i in range(count):
        cause = number(causes, i)
        if cause >= FIRST_DEFAULT:
            month, kind = int(number(ends, i)), kinds[int(cause)]
            for row in range(2 if kind > 0 else 1):
                counts[row * kind, month] += 1.0
                target = of_defaults[row * kind, month]
                for k in range(controls.shape[0]):
                    target[k] += controls[k, i]
    for kind in range(counts.shape[0]):
        for month in range(1, counts.shape[1]):
            counts[kind, month] += counts[kind, month - 1]
            before, target = of_defaults[kind, month - 1], of_defaults[kind, month]
            for k in range(controls.shape[0]):
                target[k] += before[k]


def product(x: Any, y: Any, room: Any) -> float:
    """The sum of x y over a block."""
    for j in range(WIDE):
        room[j] = 0.0
    for first in range(0, x.shape[0], WIDE):
        for j in range(WIDE):
            room[j] += x[first + j] * y[first + j]
    return folded(room)


def total(x: Any, room: Any) -> float:
    for j in range(WIDE):
        room[j] = 0.0
    for first in range(0, x.shape[0], WIDE):
        for j in range(WIDE):
            room[j] += x[first + j]
    return folded(room)


def folded(room: Any) -> float:
    half = WIDE // 2
    while half > 0:
        for j in range(half):
            room[j] += room[half + j]
        half //= 2
    return float(room[0])


def gram(found: Any, x: Any, y: Any, same: bool) -> None:
    """found = x @ y.T of rows by path, path after path, FEW at a time so that rows stay in the first cache. same: x is y, and
    what lies above the diagonal is not wanted."""
    rows, own = np.zeros((FEW, y.shape[0])), np.zeros(FEW)
    found[:] = 0.0
    for first in range(0, x.shape[1], FEW):
        count = min(FEW, x.shape[1] - first)
        for b in range(y.shape[0]):
            for i in range(count):
                rows[i, b] = y[b, first + i]
        for i in range(count, FEW):
            own[i] = 0.0
        for a in range(x.shape[0]):
            for i in range(count):
                own[i] = x[a, first + i]
            target = found[a, : a + 1] if same else found[a]
            for i in range(0, FEW, 8):
                add_eight(target, own[i : i + 8], rows[i : i + 8])


def add_eight(target: Any, weights: Any, rows: Any) -> None:
    w0, w1, w2, w3, w4, w5, w6, w7 = (
        weights[0], weights[1], weights[2], weights[3], weights[4], weights[5], weights[6], weights[7],
    )  # fmt: skip
    r0, r1, r2, r3, r4, r5, r6, r7 = rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], rows[7]
    for b in range(target.shape[0]):
        target[b] += ((w0 * r0[b] + w1 * r1[b]) + (w2 * r2[b] + w3 * r3[b])) + (
            (w4 * r4[b] + w5 * r5[b]) + (w6 * r6[b] + w7 * r7[b])
        )


def products(x: Array, y: Array) -> Array:
    """x @ y.T, shape (rows of x, rows of y), on one thread whatever the library of linear algebra does."""
    found, same = np.empty((x.shape[0], y.shape[0])), x is y
    _multiplier()(found, np.ascontiguousarray(x), np.ascontiguousarray(y), same)
    return np.tril(found) + np.tril(found, -1).T if same else found


@cache
def _multiplier() -> Any:
    return jit.compiled(_codes()[2])


@cache
def evaluator() -> Any:
    """`evaluate` as machine code."""
    return jit.compiled(_codes()[0])


@cache
def summer() -> Any:
    """`sums` as machine code."""
    return jit.compiled(_codes()[1])


def to_compile() -> tuple[int, float]:
    """How many of these kernels have to be compiled, and roughly how many seconds that takes."""
    before = jit.compiled_before()
    missing = sum(not code.is_cached(before) for code in (*_codes(), projection_code()))
    return missing, SECONDS * missing


@cache
def _codes() -> tuple[jit.Code, jit.Code, jit.Code]:
    from numba import types as t

    table, cube, numbers, pairs = t.float64[:, ::1], t.float64[:, :, ::1], t.int64[::1], t.int64[:, ::1]
    of_sums = t.void(table, numbers, pairs, table, t.int64, t.int64, t.int64, numbers, table, cube)
    return (
        jit.kernel_code(evaluate, t.void(table, t.float64[::1], pairs, cube, table)),
        jit.kernel_code(sums, of_sums, (("number", number_at()),)),
        jit.kernel_code(gram, t.void(table, table, table, t.boolean)),
    )
