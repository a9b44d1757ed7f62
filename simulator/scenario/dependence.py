"""Whether the tables of [dependence] can be: every complaint about them, with the nearest valid table where one cannot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from simulator.mathematics.correlation import Matrix, is_valid, lowest_eigenvalue, nearest_correlation, rounded_valid
from simulator.quantities.number import Uncertain
from simulator.scenario.diagnostics import near
from simulator.scenario.model import Dependence
from simulator.scenario.resolve import Resolved
from simulator.scenario.source import Key

REGIME_SHOCK = "market.regime"
MOST_UNCERTAIN = 10  # entries of one table; every combination of their ends is tried
DECIMALS = 4


def check_dependence(r: Resolved, table: Dependence, shocks: Sequence[str] | None, regimes: Sequence[str]) -> None:
    """All that is wrong with [dependence]; `shocks` are those there are, None where another mistake may hide some."""
    if table.shocks or table.correlation or table.regimes or table.inputs is None:
        _check_shocks(r, table, shocks, regimes)
    if table.inputs is not None:
        at: Key = ("dependence", "inputs")
        _check_twice(r, table.inputs.names, (*at, "names"))
        _check_table(r, table.inputs.names, table.inputs.correlation, (*at, "correlation"), "inputs")
    _check_copula(r, table)


def _check_shocks(r: Resolved, table: Dependence, shocks: Sequence[str] | None, regimes: Sequence[str]) -> None:
    at: Key = ("dependence",)
    for key, example in (("shocks", '["revenue.level", "price.deviation"]'), ("correlation", "[[1], [0.4, 1]]")):
        if not getattr(table, key):
            r.complain("E012", at, f"`{key}` is missing in [dependence]", f"add {key} = {example}")
            return
    if len(table.shocks) < 2:
        r.complain("E011", (*at, "shocks"), "one shock alone depends on nothing", "list two shocks or more")
        return
    for k, name in enumerate(table.shocks if shocks is not None else ()):
        if shocks is not None and name not in shocks:
            hint = near(name, shocks)
            known = "shocks: " + ", ".join(shocks)
            said = f"there is no shock `{name}`"
            r.complain("E015", (*at, "shocks", k), said, f"did you mean `{hint}`?" if hint else known)
    _check_twice(r, table.shocks, (*at, "shocks"))
    _check_table(r, table.shocks, table.correlation, (*at, "correlation"), "shocks")
    for name, rows in table.regimes.items():
        here: Key = (*at, "regimes", name)
        if regimes and name not in regimes:
            r.complain("E015", here, f"`{name}` is no regime", "regimes: " + ", ".join(regimes))
        _check_table(r, table.shocks, rows, here, "shocks", f" of `{name}`")
    _check_price(r, table)
    if table.regimes and not regimes:
        r.complain(
            "E013", (*at, "regimes"), "there is no funding market whose regime could choose a table", "add [market]"
        )
    if table.regimes and REGIME_SHOCK in table.shocks:
        r.complain(
            "E013",
            (*at, "shocks", table.shocks.index(REGIME_SHOCK)),
            f"`{REGIME_SHOCK}` moves the regime that chooses the table; the table cannot correlate it",
            "take it out of `shocks`, or do without [dependence.regimes]",
            also=(*at, "regimes"),
        )


def _check_price(r: Resolved, table: Dependence) -> None:
    """The mean of a price around a forward curve is known exactly only while its own shocks are independent of each other."""
    price = r.data.get("price")
    if not isinstance(price, dict) or price.get("type") == "ornstein_uhlenbeck":
        return
    own = [k for k, name in enumerate(table.shocks) if name.split(".", 1)[0] == "price"]
    tables = {"correlation": table.correlation, **{f"regimes.{name}": rows for name, rows in table.regimes.items()}}
    for i, j in ((i, j) for i in own for j in own if j < i):
        tied = [at for at, rows in tables.items() if i < len(rows) and j < len(rows[i]) and rows[i][j] != 0.0]
        if tied or table.copula == "t":
            pair = f"`{table.shocks[j]}` and `{table.shocks[i]}`"
            said = f"{pair} depend on each other: the curve would not be the mean of the price"
            hint = "write their correlation as 0" if tied else "leave one of them out of the table"
            r.complain("E013", ("dependence", "shocks", i), said, hint)


def _check_copula(r: Resolved, table: Dependence) -> None:
    at: Key = ("dependence",)
    if table.copula == "t" and not table.shocks:
        r.complain("E013", (*at, "copula"), "the t copula is one of shocks, and none are listed", "list `shocks`")
    elif table.copula == "t" and table.degrees_of_freedom is None:
        r.complain("E012", (*at, "copula"), "`degrees_of_freedom` is missing in [dependence]", "degrees_of_freedom = 4")
    elif table.copula != "t" and table.degrees_of_freedom is not None:
        said = "only the t copula has degrees of freedom"
        r.complain("E013", (*at, "degrees_of_freedom"), said, 'add copula = "t"')


def _check_twice(r: Resolved, names: Sequence[str], at: Key) -> None:
    for k, name in enumerate(names):
        if name in names[:k]:
            r.complain("E018", (*at, k), f"`{name}` stands twice")


def _check_table(r: Resolved, names: Sequence[str], rows: Any, at: Key, what: str, whose: str = "") -> None:
    """Shape, diagonal, symmetry, then definiteness."""
    n, before = len(names), len(r.diagnostics)
    full, lower = all(len(row) == n for row in rows), all(len(row) == k + 1 for k, row in enumerate(rows))
    if len(rows) != n or not (full or lower):
        example = "[[1], [0.4, 1]]"
        r.complain("E013", at, f"{n} {what} want a table of {n} rows of {n} (or its lower triangle)", f"two: {example}")
        return
    for i in range(n):
        if rows[i][i] != 1.0:
            r.complain("E011", (*at, i, i), "the diagonal of a correlation table is 1", "write 1.0")
        for j in range(i):
            if full and rows[i][j] != rows[j][i]:
                said = "the table is not symmetric"
                r.complain("E013", (*at, i, j), said, "write the lower triangle only", (*at, j, i))
    if len(r.diagnostics) == before and n > 2:
        _check_definite(r, names, rows, at, what, whose)


def _check_definite(r: Resolved, names: Sequence[str], rows: Any, at: Key, what: str, whose: str) -> None:
    """Every table between its extremes is valid if those at its corners are (valid tables form a convex set)."""
    n = len(rows)
    ends = {
        (i, j): sorted(set(x.law.support())) if isinstance(x := rows[i][j], Uncertain) else [x]
        for i in range(n)
        for j in range(i)
    }
    uncertain = [place for place, values in ends.items() if len(values) > 1]
    if len(uncertain) > MOST_UNCERTAIN:
        said = f"{len(uncertain)} uncertain correlations in one table; at most {MOST_UNCERTAIN} can be checked"
        r.complain("E013", at, said, "write plain numbers for some")
        return
    worst = min(
        (_corner(n, ends, uncertain, which) for which in range(2 ** len(uncertain))),
        key=lowest_eigenvalue,
    )
    if is_valid(worst):
        return
    nearest = nearest_correlation(worst)
    distance = f"{np.linalg.norm(nearest - worst):.4f}"
    shown = _as_written(rounded_valid(nearest, DECIMALS))
    if not uncertain:
        said = f"no {what} have these correlations (the table{whose} is not positive semidefinite)"
        r.complain("E013", at, said, f"the nearest valid table, at distance {distance}: {shown}")
        return
    end = ", ".join(f"{worst[i, j]:.4g} between `{names[j]}` and `{names[i]}`" for i, j in uncertain)
    said = f"no {what} have these correlations: at the end {end} the table{whose} is not positive semidefinite"
    hint = f"narrow the ranges, for example by `truncate`; the nearest valid table to this end, at distance {distance}: {shown}"
    r.complain("E013", at, said, hint)


def _corner(n: int, ends: dict[tuple[int, int], list[float]], uncertain: list[tuple[int, int]], which: int) -> Matrix:
    """The table with each uncertain entry at the end of its range that `which` chooses, a bit each."""
    matrix = np.eye(n)
    for (i, j), values in ends.items():
        bit = (which >> uncertain.index((i, j))) & 1 if len(values) > 1 else 0
        matrix[i, j] = matrix[j, i] = values[bit]
    return matrix


def _as_written(table: Matrix) -> str:
    """The lower triangle as a file writes it."""
    rows = [[f"{x + 0.0:.{DECIMALS}f}" for x in row[:k]] + ["1"] for k, row in enumerate(table)]
    return "[" + ", ".join(f"[{', '.join(row)}]" for row in rows) + "]"
