"""A Markov chain over named regimes: what the funding market and regime-switching revenue share.

s(m) is drawn from the row of s(m-1) and month m uses s(m). Given as mean sojourns D (left with probability 1/D a month, for the
destinations by their weights) or as a monthly matrix. On the deterministic path the chain stays where it starts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import Field

from simulator.components.base import Component, Problem, Surroundings
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONTHS, SHARE

Weight = Annotated[Number, Quantity(SHARE, low=0.0, drawn=False)]


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

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        n = len(self.regimes)
        if len(set(self.regimes)) < n:
            yield Problem(("regimes",), "two regimes have the same name", code="E018")
        if self.initial is not None and self.initial not in self.regimes:
            yield Problem(("initial",), f"`{self.initial}` is no regime", "regimes: " + ", ".join(self.regimes), "E015")
        if (self.sojourn is None) == (self.monthly_matrix is None):
            yield Problem((), "the regimes move by `sojourn` or by `monthly_matrix`, one of them", code="E013")
        if self.sojourn is not None and len(self.sojourn) != n:
            yield Problem(("sojourn",), f"{n} regimes want {n} sojourns, not {len(self.sojourn)}")
        if self.sojourn is not None:
            yield from self._destination_problems()
        if self.monthly_matrix is not None:
            if len(self.monthly_matrix) != n or any(len(row) != n for row in self.monthly_matrix):
                yield Problem(("monthly_matrix",), f"{n} regimes want a matrix of {n} rows of {n}")
            elif any(abs(sum(float(x) for x in row) - 1.0) > 1e-9 for row in self.monthly_matrix):
                yield Problem(("monthly_matrix",), "each row of a monthly matrix adds up to 1")

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

    def _probability(self, s: int, t: int) -> Any:
        if self.monthly_matrix is not None:
            return self.monthly_matrix[s][t]
        weights = self.destinations.get(self.regimes[s])
        total = 1.0 if weights is None else sum(float(w) for w in weights.values())
        share = (1.0 if weights is None else float(weights.get(self.regimes[t], 0.0))) / total
        assert self.sojourn is not None
        return share / self.sojourn[s]

    def course(self, say: Any) -> str:
        """How it moves, in words."""
        first = self.initial or self.regimes[0]
        if self.sojourn is None:
            return f"starts {first} and moves by a monthly matrix over {', '.join(self.regimes)}"
        stays = ", ".join(f"{r} {say(d, 'months')}" for r, d in zip(self.regimes, self.sojourn, strict=True))
        return f"starts {first} and stays on average: {stays}"


def move(regime: float, u: float, rows: tuple[tuple[float, ...], ...]) -> float:
    moved = regime
    for s in range(len(rows)):
        for k in range(len(rows) - 1, -1, -1):
            if regime == s and k != s and u < rows[s][k]:
                moved = float(k)
    return moved
