"""Correlation tables: whether one can be, and the nearest that can (Higham, "Computing the nearest correlation matrix", IMA
Journal of Numerical Analysis 22, 2002: alternating projections with Dykstra's correction, in the Frobenius norm)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]

ROUNDING = (
    1e-12  # an eigenvalue this little below 0 is rounding: 0.6, 0.8 and 0.0 make a table that is valid and singular
)


def lowest_eigenvalue(table: Matrix) -> float:
    return float(np.linalg.eigvalsh(table)[0])


def is_valid(table: Matrix) -> bool:
    return lowest_eigenvalue(table) >= -ROUNDING


def nearest_correlation(table: Matrix, tolerance: float = 1e-10, most: int = 5000) -> Matrix:
    """The valid table (1 on the diagonal, no negative eigenvalue) with the least Frobenius distance to a symmetric one."""
    found, correction = np.array(table, dtype=np.float64), np.zeros_like(table, dtype=np.float64)
    for _ in range(most):
        corrected = found - correction
        values, vectors = np.linalg.eigh(corrected)
        positive = (vectors * np.maximum(values, 0.0)) @ vectors.T
        correction = positive - corrected
        found = positive.copy()
        np.fill_diagonal(found, 1.0)
        if np.linalg.norm(found - positive) <= tolerance * np.linalg.norm(found):
            break
    return np.asarray((found + found.T) / 2)


def rounded_valid(table: Matrix, decimals: int) -> Matrix:
    """A nearest table as it can be written down: it lies on the edge of what is valid, so that rounding may push it over;
    then all correlations are drawn towards 0 until the rounded table is valid."""
    shrink = 0.0
    while True:
        written = np.round((1.0 - shrink) * table, decimals)
        np.fill_diagonal(written, 1.0)
        if is_valid(written):
            return np.asarray(written)
        shrink = 10.0**-decimals if shrink == 0.0 else min(1.0, 1.5 * shrink)
