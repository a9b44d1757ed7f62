"""A Markov chain over named regimes: what the funding market and regime-switching revenue share.

s(m) is drawn from the row of s(m-1) and month m uses s(m). Given as mean sojourns D (left with probability 1/D a month, for the
destinations by their weights), as a monthly matrix, or as a generator Q a year (the month's matrix is exp(Q/12)). On the
deterministic path the chain stays where it starts.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from simulator.components.base import Component, Problem, Surroundings
from simulator.mathematics import arrays
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import HAZARD, MONTHS, SHARE

Weight = Annotated[Number, Quantity(SHARE, low=0.0, drawn=False)]
Intensity = Annotated[Number, Quantity(HAZARD, drawn=False)]
STAYS = 2.0  # a uniform below which no probability lies: on the deterministic path nothing moves


class Chain(Component):
    family: ClassVar[str] = "part"

    regimes: Annotated[tuple[str, ...], Field(strict=False, min_length=2, max_length=8)]
    """Names of the states."""
    initial: str | None = None
    """The state at the opening. Default: the first."""
    sojourn: Annotated[tuple[Annotated[Number, Quantity(MONTHS, low=1.0)], ...], Field(strict=False)] | None = None
    """Mean stay in each state, in their order."""
    destinations: dict[str, dict[str, Weight]] = Field(default_factory=dict)
    """Where a state leads when it is left, as weights; not needed with two states."""
    monthly_matrix: (
        Annotated[tuple[Annotated[tuple[Weight, ...], Field(strict=False)], ...], Field(strict=False)] | None
    ) = None
    """Probabilities of moving from a row's state to a column's in one month, instead of `sojourn`."""
    generator: (
        Annotated[tuple[Annotated[tuple[Intensity, ...], Field(strict=False)], ...], Field(strict=False)] | None
    ) = None
    """Intensities of moving from a row's state to a column's, instead of `sojourn`; what leaves a state stands in its own
    column with a minus."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        n = len(self.regimes)
        if len(set(self.regimes)) < n:
            yield Problem(("regimes",), "two regimes have the same name", code="E018")
        if self.initial is not None and self.initial not in self.regimes:
            yield Problem(("initial",), f"`{self.initial}` is no regime", "regimes: " + ", ".join(self.regimes), "E015")
        ways = ("sojourn", "monthly_matrix", "generator")
        if sum(getattr(self, way) is not None for way in ways) != 1:
            yield Problem(
                (), "the regimes move by `sojourn`, `monthly_matrix` or `generator`, one of them", code="E013"
            )
        if self.sojourn is not None and len(self.sojourn) != n:
            yield Problem(("sojourn",), f"{n} regimes want {n} sojourns, not {len(self.sojourn)}")
        if self.sojourn is not None:
            yield from self._destination_problems()
        if self.monthly_matrix is not None:
            if len(self.monthly_matrix) != n or any(len(row) != n for row in self.monthly_matrix):
                yield Problem(("monthly_matrix",), f"{n} regimes want a matrix of {n} rows of {n}")
            elif any(abs(sum(float(x) for x in row) - 1.0) > 1e-9 for row in self.monthly_matrix):
                yield Problem(("monthly_matrix",), "each row of a monthly matrix adds up to 1")
        if self.generator is not None:
            yield from self._generator_problems(n)

    def _generator_problems(self, n: int) -> Iterable[Problem]:
        rows = self.generator or ()
        if len(rows) != n or any(len(row) != n for row in rows):
            yield Problem(("generator",), f"{n} regimes want a generator of {n} rows of {n}")
            return
        for s, row in enumerate(rows):
            numbers = [float(x) for x in row]
            if any(x < 0 for t, x in enumerate(numbers) if t != s):
                yield Problem(("generator", s), "only what leaves a state, in its own column, has a minus", code="E011")
            elif abs(sum(numbers)) > 1e-9 * max(1.0, *map(abs, numbers)):
                hint = f"the entry of {self.regimes[s]} itself is then {-sum(x for t, x in enumerate(numbers) if t != s):g} /yr"
                yield Problem(("generator", s), "each row of a generator adds up to 0", hint)

    def _destination_problems(self) -> Iterable[Problem]:
        for origin, weights in self.destinations.items():
            if origin not in self.regimes:
                yield Problem(
                    ("destinations", origin), f"`{origin}` is no regime", "regimes: " + ", ".join(self.regimes), "E015"
                )
            for target, _ in weights.items():
                if target not in self.regimes or target == origin:
                    yield Problem(
                        ("destinations", origin, target),
                        f"`{target}` is no regime to move to from `{origin}`",
                        code="E015",
                    )
            if not sum(float(w) for w in weights.values()) > 0:
                yield Problem(("destinations", origin), "the weights add up to zero")
        if len(self.regimes) > 2:
            for name in self.regimes:
                if name not in self.destinations:
                    yield Problem(
                        ("destinations",),
                        f"more than two regimes want weights for where `{name}` leads",
                        f"{name} = {{ " + ", ".join(f"{o} = …" for o in self.regimes if o != name) + " }",
                        "E012",
                    )

    @property
    def first_state(self) -> float:
        return 0.0 if self.initial is None else float(self.regimes.index(self.initial))

    def cumulative(self) -> tuple[tuple[Any, ...], ...]:
        """For each regime: cumulative probabilities of leaving, by destination in order (a regime leads to itself with 0)."""
        n = len(self.regimes)
        rows = []
        for s in range(n):
            total: Any = 0.0
            row: list[Any] = []
            for t in range(n):
                if t != s:
                    total = total + self._probability(s, t)
                row.append(total)
            rows.append(tuple(row))
        return tuple(rows)

    def matrix(self) -> list[list[Any]]:
        """The matrix of one month; numbers, or arrays over paths where a sojourn is uncertain."""
        n = len(self.regimes)
        rows = []
        for s in range(n):
            row = [0.0 if t == s else self._probability(s, t) for t in range(n)]
            row[s] = 1.0 - sum(row)
            rows.append(row)
        return rows

    def _probability(self, s: int, t: int) -> Any:
        if self.monthly_matrix is not None:
            return self.monthly_matrix[s][t]
        if self.generator is not None:
            return month_of_generator(self.generator)[s][t]
        weights = self.destinations.get(self.regimes[s])
        total = 1.0 if weights is None else sum(float(w) for w in weights.values())
        share = (1.0 if weights is None else float(weights.get(self.regimes[t], 0.0))) / total
        assert self.sojourn is not None
        return share / self.sojourn[s]

    def course(self, say: Any) -> str:
        """How it moves, in words."""
        first = self.initial or self.regimes[0]
        if self.sojourn is None:
            way = "a monthly matrix" if self.generator is None else "a generator"
            return f"starts {first} and moves by {way} over {', '.join(self.regimes)}"
        stays = ", ".join(f"{r} {say(d, 'months')}" for r, d in zip(self.regimes, self.sojourn, strict=True))
        return f"starts {first} and stays on average: {stays}"


@lru_cache(maxsize=64)
def month_of_generator(rows: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    """exp(Q/12) by uniformisation (Jensen 1953): Σ e^(-q) q^k / k! (1 + Q / 12q)^k with q the largest intensity of leaving in a
    month, a sum of terms that are not negative."""
    q = np.array(rows, dtype=np.float64) / 12.0
    fastest = float(np.max(-np.diag(q)))
    halvings = max(0, int(np.ceil(np.log2(fastest)))) if fastest > 0.0 else 0
    q, fastest = q / 2.0**halvings, fastest / 2.0**halvings
    skeleton = np.eye(len(q)) + (q / fastest if fastest > 0.0 else 0.0)
    term = np.eye(len(q)) * arrays.exp(-fastest)
    total = term.copy()
    for k in range(1, 40):  # fastest <= 1: what is left out is below 1e-45
        term = product(term, skeleton) * (fastest / k)
        total += term
    for _ in range(halvings):
        total = product(total, total)
    return tuple(tuple(float(x) for x in row) for row in total)


def product(a: Any, b: Any) -> Any:
    """Of two matrices, summed in one order on every machine."""
    return (a[:, :, None] * b[None, :, :]).sum(axis=1)


def move(regime: float, u: float, rows: tuple[tuple[float, ...], ...]) -> float:
    moved = regime
    for s in range(len(rows)):
        for k in range(len(rows) - 1, -1, -1):
            if regime == s and k != s and u < rows[s][k]:
                moved = float(k)
    return moved
