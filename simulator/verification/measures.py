"""What a case measures, as an expression a domain person can read: `mean(slot('revenue.run_rate', 12)) / 12e6`.

slot(NAME, MONTH)         the values of a slot in a month, one for each path
total(NAME, FIRST, LAST)  the sum of a slot over months, one for each path
column(NAME)              a column of `paths`
path(NAME, MONTH)         a slot on the deterministic path (month -1: the horizon)
default_by(MONTH)         whether a path is in default by a month

Over paths: mean, var, sd, skew, kurtosis (excess), share (of a comparison), quantile(x, q), corr, cov. Value by value: log,
exp, sqrt, where(x, y) (the y for which x holds). Besides numbers, + - * / ** < <= > >= == & | and brackets; nothing else is
understood.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Draw = Callable[..., Any]
BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.BitAnd: operator.and_, ast.BitOr: operator.or_,
}  # fmt: skip
COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq
}  # fmt: skip


def _central(x: Any, power: int) -> float:
    return float(np.mean((x - np.mean(x)) ** power))


def _quantile(x: Any, q: float) -> float:
    """The lower order statistic x_(⌈qN⌉)."""
    rank = max(0, int(np.ceil(q * x.size)) - 1)
    return float(np.partition(x, rank)[rank])


OVER_PATHS: dict[str, Callable[..., Any]] = {
    "mean": lambda x: float(np.mean(x)),
    "var": lambda x: float(np.var(x)),
    "sd": lambda x: float(np.std(x)),
    "skew": lambda x: _central(x, 3) / _central(x, 2) ** 1.5,
    "kurtosis": lambda x: _central(x, 4) / _central(x, 2) ** 2 - 3.0,
    "share": lambda x: float(np.mean(x)),
    "quantile": _quantile,
    "corr": lambda x, y: float(np.corrcoef(x, y)[0, 1]),
    "cov": lambda x, y: float(np.cov(x, y)[0, 1]),
    "log": np.log,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "where": lambda x, y: y[x],
}
SOURCES = ("slot", "total", "column", "path", "default_by")


class MeasureError(ValueError):
    """An expression that is no measure."""


def parse(text: str) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as problem:
        raise MeasureError(f"{text!r} is no measure: {problem.msg}") from None


def calls(text: str) -> list[tuple[str, tuple[Any, ...]]]:
    """The sources a measure reads, with their arguments."""
    found = []
    for node in ast.walk(parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SOURCES:
            found.append((node.func.id, tuple(ast.literal_eval(a) for a in node.args)))
    return found


def evaluate(text: str, sources: Mapping[str, Draw]) -> float:
    """The measure's number, given functions for its sources. Raises MeasureError."""

    def value(node: ast.expr) -> Any:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
            return node.value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -value(node.operand)
        if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
            return BINARY[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARE:
            return COMPARE[type(node.ops[0])](value(node.left), value(node.comparators[0]))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            known = {**OVER_PATHS, **sources}
            if node.func.id in known:
                return known[node.func.id](*(value(a) for a in node.args))
        raise MeasureError(f"{text!r} is no measure: {ast.unparse(node)}")

    return float(value(parse(text)))
