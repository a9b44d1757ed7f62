"""Quantile functions over many uniforms in machine code: what is drawn once a path, for a chunk of paths."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from simulator.engine import jit
from simulator.engine.build import Array
from simulator.mathematics import arrays
from simulator.mathematics.normal import inverse_normal
from simulator.quantities.distribution import Monthly, Table


def evaluate(closed: Monthly, uniforms: Array) -> Array:
    """`closed.law` of every uniform."""
    numbers: list[float] = []
    written = "".join(f", {_written(x, numbers)}" for x in closed.params)
    scores = _over(inverse_normal, "", [], uniforms) if closed.score == "normal" else uniforms
    return _over(closed.law, written, numbers, scores)


def normals_of(uniforms: Array) -> Array:
    """The standard normal of every uniform."""
    return _over(inverse_normal, "", [], uniforms)


def _written(value: Any, numbers: list[float]) -> str:
    """An argument as the loop says it; the numbers in it are appended to those the loop is called with."""
    if isinstance(value, Table):
        numbers.extend(value)
        return f"numbers[{len(numbers) - len(value)} : {len(numbers)}]"
    if isinstance(value, tuple):
        return "(" + "".join(f"{_written(x, numbers)}, " for x in value) + ")"
    numbers.append(float(value))
    return f"numbers[{len(numbers) - 1}]"


def _over(law: Callable[..., Any], written: str, numbers: list[float], x: Array) -> Array:
    found = np.empty(x.size)
    _loop(law, written)(np.ascontiguousarray(x), np.array(numbers, dtype=np.float64), found)
    return found


@cache
def _loop(law: Callable[..., Any], written: str) -> Any:
    from numba import types as t

    source = f"def loop(x, numbers, found):\n    for i in range(x.shape[0]):\n        found[i] = law(x[i]{written})\n"
    row = t.float64[::1]
    return jit.compiled(jit.law_code(law, source, t.void(row, row, row)))


def elementwise(law: Callable[[float], float], x: Array) -> Array:
    """`law` of every number."""
    return _over(law, "", [], x)


arrays.by_machine(elementwise)
