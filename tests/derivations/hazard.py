"""The month of the first event of a monthly probability, cut at a horizon."""

from __future__ import annotations

import math

import numpy as np

from derivations.distributions import Law, discrete


def month_of_event(yearly: float, first: int, months: int) -> Law:
    """First possible in month `first`; without an event by `months` it counts as `months` + 1."""
    q = 1.0 - math.exp(-yearly / 12.0)
    k = np.arange(first, months + 1)
    weights = q * (1.0 - q) ** (k - first)
    return discrete([*k.tolist(), months + 1], [*weights.tolist(), (1.0 - q) ** max(0, months - first + 1)])
