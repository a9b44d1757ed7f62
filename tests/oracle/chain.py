"""Markov chains: of the funding market, of revenue, of scarcity (C21)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy.linalg import expm


def moved(chain: Any, here: str, u: float) -> str:
    """Destinations in the order of the regimes occupy [0, probability of leaving); staying is the rest."""
    upto, row = 0.0, matrix(chain)[chain.regimes.index(here)]
    for there, probability in zip(chain.regimes, row, strict=True):
        if there == here:
            continue
        upto += probability
        if u < upto:
            return str(there)
    return here


def matrix(chain: Any) -> Any:
    """Of one month: as given; exp(Q/12) of a generator; or out of mean sojourns D, left with probability 1/D."""
    if chain.monthly_matrix is not None:
        return np.array(chain.monthly_matrix, dtype=float)
    if chain.generator is not None:
        return month_of(tuple(tuple(row) for row in chain.generator))
    n = len(chain.regimes)
    found = np.zeros((n, n))
    for i, here in enumerate(chain.regimes):
        weights = chain.destinations.get(here)
        for j, there in enumerate(chain.regimes):
            if i != j:  # without weights there are two regimes, and one place to go
                share = 1.0 if weights is None else weights.get(there, 0.0) / sum(weights.values())
                found[i, j] = share / chain.sojourn[i]
        found[i, i] = 1.0 - found[i].sum()
    return found


@cache
def month_of(generator: tuple[tuple[float, ...], ...]) -> Any:
    return expm(np.array(generator, dtype=float) / 12.0)


def after(chain: Any, m: int) -> Any:
    """Probabilities of the states after m months, given the first."""
    first = 0 if chain.initial is None else chain.regimes.index(chain.initial)
    return np.linalg.matrix_power(matrix(chain), m)[first]
