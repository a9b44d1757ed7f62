"""What a case measures, as an expression a domain person can read: `mean(slot('revenue.run_rate', 12)) / 12e6`.

One value for each path:

    slot(NAME, MONTH)           a slot in a month
    total(NAME, FIRST, LAST)    its sum over months
    discounted(NAME, FIRST, LAST, RATE)   the same, discounted continuously at RATE a year from the end of each month
    first(NAME, '<', LEVEL)     the first month from 1 on in which it is below (or '<=', '>', '>=', '==', '!='); inf if never
    at_default(NAME)            the slot in the month of default; 0 without one
    default_month()             the month of default, inf without one
    default_by(MONTH)           whether a path is in default by a month
    column(NAME)                a column of `paths`
    drawn(KEY)                  an input that is drawn once a path

On the deterministic path, one value for each month from 0 on: course(NAME); path(NAME, MONTH) is one of them (month -1: the
horizon). month_of(condition) is the first month in which a condition on courses holds, among(course, FIRST, LAST) a part.

Over paths, or months: mean, var, sd, skew, kurtosis (excess), sum, share (of a comparison), quantile(x, q),
expected_shortfall(x, q) (mean of the ⌈qN⌉ smallest), least, most, corr, cov, nth(x, k). Value by value: log, exp, sqrt,
max, min, where(x, y) (the y for which x holds). Besides numbers, + - * / ** < <= > >= == != & | and brackets; nothing else
is understood.
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
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip
RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne
}  # fmt: skip


def _central(x: Any, power: int) -> float:
    return float(np.mean((x - np.mean(x)) ** power))


def _rank(q: float, size: int) -> int:
    """⌈q N⌉, at least 1; 0.05 x 100 is 5 although it is a little more in binary."""
    return max(1, int(np.ceil(q * size - 1e-9)))


def _quantile(x: Any, q: float) -> float:
    """The lower order statistic x_(⌈qN⌉)."""
    rank = _rank(q, x.size) - 1
    return float(np.partition(x, rank)[rank])


def _expected_shortfall(x: Any, q: float) -> float:
    rank = _rank(q, x.size)
    return float(np.mean(np.partition(x, rank - 1)[:rank]))


def _month_of(holds: Any) -> float:
    found = np.flatnonzero(holds)
    return float(found[0]) if found.size else float("inf")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "mean": lambda x: float(np.mean(x)),
    "var": lambda x: float(np.var(x)),
    "sd": lambda x: float(np.std(x)),
    "skew": lambda x: _central(x, 3) / _central(x, 2) ** 1.5,
    "kurtosis": lambda x: _central(x, 4) / _central(x, 2) ** 2 - 3.0,
    "sum": lambda x: float(np.sum(x)),
    "share": lambda x: float(np.mean(x)),
    "quantile": _quantile,
    "expected_shortfall": _expected_shortfall,
    "least": lambda x: float(np.min(x)),
    "most": lambda x: float(np.max(x)),
    "corr": lambda x, y: float(np.corrcoef(x, y)[0, 1]),
    "cov": lambda x, y: float(np.cov(x, y)[0, 1]),
    "nth": lambda x, k: float(x[k]),
    "log": np.log,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "max": np.maximum,
    "min": np.minimum,
    "where": lambda x, y: y[x],
    "month_of": _month_of,
    "among": lambda x, first, last: x[first : last + 1],
}
OF_SLOTS = ("slot", "total", "discounted", "first", "at_default")
OF_PATHS = ("default_month", "default_by", "column", "drawn")
STILL = ("path", "course")  # of the deterministic path: nothing is simulated for them
SOURCES = (*OF_SLOTS, *OF_PATHS, *STILL)


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
    known = {**FUNCTIONS, **sources}

    def value(node: ast.expr) -> Any:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
            return node.value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -value(node.operand)
        if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
            return BINARY[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARE:
            return COMPARE[type(node.ops[0])](value(node.left), value(node.comparators[0]))
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in known
            and not node.keywords
        ):
            return known[node.func.id](*(value(a) for a in node.args))
        raise MeasureError(f"{text!r} is no measure: {ast.unparse(node)}")

    return float(value(parse(text)))
