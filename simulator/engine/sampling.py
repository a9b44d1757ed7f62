"""Quantile functions over many uniforms in machine code: what is drawn once a path, for a chunk of paths."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from simulator.engine import jit
from simulator.engine.build import Array
from simulator.engine.jit import Argument
from simulator.mathematics.normal import inverse_normal
from simulator.quantities.distribution import Monthly


def evaluate(closed: Monthly, uniforms: Array) -> Array:
    """`closed.law` of every uniform, shape kept."""
    numbers: list[float] = []
    arguments = tuple(_shape(x, numbers) for x in closed.params)
    scores = _over(inverse_normal, (), [], uniforms) if closed.score == "normal" else uniforms
    return _over(closed.law, arguments, numbers, scores)


def _shape(value: Any, numbers: list[float]) -> Argument:
    if isinstance(value, tuple):
        return Argument("tuple", tuple(_shape(x, numbers) for x in value))
    numbers.append(float(value))
    return Argument("fixed")


@cache
def _loop(law: Callable[..., Any], arguments: tuple[Argument, ...]) -> Any:
    return jit.compiled(jit.step_code(law, (Argument("slot"), *arguments), ("set",)))


def _over(law: Callable[..., Any], arguments: tuple[Argument, ...], params: list[float], x: Array) -> Array:
    """A law of one row and some numbers, block by block."""
    function = _loop(law, arguments)
    rows = np.zeros((2, jit.LANES + jit.ROW_PADDING))
    words, index = np.zeros((1, 1), dtype=np.uint32), np.array([0, 1], dtype=np.int64)
    numbers, paths = np.array(params, dtype=np.float64), np.zeros(1, dtype=np.int64)
    result = np.empty(x.size)
    rows[0] = 0.5  # what stands in lanes that nobody asks for
    for first in range(0, x.size, jit.LANES):
        part = x[first : first + jit.LANES]
        rows[0, : part.size] = part
        function(rows, words, index, numbers, 0, paths)
        result[first : first + part.size] = rows[1, : part.size]
    return result
