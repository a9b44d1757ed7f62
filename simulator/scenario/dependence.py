"""Whether a correlation table can be: every complaint about [dependence], with the nearest valid table where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from simulator.quantities.number import Uncertain
from simulator.scenario.diagnostics import near
from simulator.scenario.model import Dependence
from simulator.scenario.resolve import Resolved
from simulator.scenario.source import Key


def check_dependence(r: Resolved, table: Dependence, shocks: Sequence[str]) -> None:
    """Names, shape, symmetry and definiteness of the table."""
    n, before = len(table.shocks), len(r.diagnostics)
    for k, name in enumerate(table.shocks):
        if name not in shocks:
            hint = near(name, shocks)
            known = "shocks: " + ", ".join(shocks)
            r.complain(
                "E015",
                ("dependence", "shocks", k),
                f"there is no shock `{name}`",
                f"did you mean `{hint}`?" if hint else known,
            )
        if name in table.shocks[:k]:
            r.complain("E018", ("dependence", "shocks", k), f"`{name}` stands twice")
    rows = table.correlation
    full, lower = all(len(row) == n for row in rows), all(len(row) == k + 1 for k, row in enumerate(rows))
    at: Key = ("dependence", "correlation")
    if len(rows) != n or not (full or lower):
        r.complain("E013", at, f"{n} shocks want a table of {n} rows of {n} (or its lower triangle)")
        return
    for i in range(n):
        if rows[i][i] != 1.0:
            r.complain("E011", (*at, i, i), "the diagonal of a correlation table is 1")
        for j in range(i):
            if full and rows[i][j] != rows[j][i]:
                r.complain(
                    "E013", (*at, i, j), "the table is not symmetric", "write the lower triangle only", (*at, j, i)
                )
    if len(r.diagnostics) == before:
        _check_definite(r, rows, at)


def _check_definite(r: Resolved, rows: Any, at: Key) -> None:
    """Every table between its extremes is valid if those at its corners are (valid tables form a convex set)."""
    n = len(rows)
    pairs = [(i, j) for i in range(n) for j in range(i)]
    ends = [sorted(set(x.law.support())) if isinstance(x := rows[i][j], Uncertain) else [x] for i, j in pairs]
    if n == 2:
        return
    uncertain = sum(len(e) > 1 for e in ends)
    if uncertain > 10:
        r.complain("E013", at, f"{uncertain} uncertain correlations in one table; at most 10 can be checked")
        return
    for corner in range(2**uncertain):
        matrix, bit = np.eye(n), 0
        for (i, j), choice in zip(pairs, ends, strict=True):
            value = choice[0] if len(choice) == 1 else choice[(corner >> bit) & 1]
            bit += len(choice) > 1
            matrix[i, j] = matrix[j, i] = value
        values, vectors = np.linalg.eigh(matrix)
        if values[0] < -1e-12:
            near_by = (vectors * np.maximum(values, 0.0)) @ vectors.T
            scale = np.sqrt(np.diag(near_by))
            near_by = near_by / np.outer(scale, scale)
            shown = "; ".join(" ".join(f"{x:.4f}" for x in row[: k + 1]) for k, row in enumerate(near_by))
            r.complain(
                "E013",
                at,
                "no shocks have these correlations (the table is not positive semidefinite"
                + (")" if uncertain == 0 else " at an end of its ranges)"),
                f"a valid table close by, at distance {np.linalg.norm(near_by - matrix):.4f} (lower triangle): {shown}",
            )
            return
