"""Scenario -> program. The builder that components talk to; it resolves names to rows and orders steps by phase.

A program is built once for its structure and, where numbers are drawn once a path, again for every chunk of paths with the
drawn arrays in their place: the finished numbers of a law become rows, everything else stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.components.base import (
    BILLED,
    LIQUIDITY,
    LOST,
    NEED,
    NET_MARGIN,
    POLICY_RUNWAY,
    PRICE,
    REGIME,
    RUN_RATE,
    SERVED,
    STOPPED,
    STRANDED,
    UNCOVERED,
    Ago,
    Phase,
    Sampled,
    Series,
    Special,
    Table,
)
from simulator.engine.jit import Argument
from simulator.engine.random import seed_words, stream_number
from simulator.quantities.distribution import Evaluate
from simulator.quantities.number import Uncertain

Array = npt.NDArray[np.float64]
Draw = Callable[[str], Array | None]  # uniforms of month 0 of a stream for the paths at hand; None: deterministic

COMMON = {  # readable in every scenario: (opening value, value at the opening of each month or None)
    RUN_RATE: (0.0, None),
    PRICE: (1.0, None),
    REGIME: (0.0, None),
    SERVED: (1.0, 1.0),
    BILLED: (0.0, None),
    NET_MARGIN: (1.0, None),
    LOST: (0.0, 0.0),
    NEED: (0.0, None),
    UNCOVERED: (0.0, None),
    STRANDED: (0.0, 0.0),
    POLICY_RUNWAY: (np.inf, None),
    STOPPED: (0.0, None),
    LIQUIDITY: (0.0, None),
}
PROTECTED = ("cash", "alive")  # the ledger's


class Step(NamedTuple):
    """One law over one set of slots; `months` (first, last) is where it runs."""

    phase: int
    law: Callable[..., Any]
    arguments: tuple[Argument, ...]
    outputs: tuple[str, ...]
    words: tuple[int | str, ...]  # rows; slots by name until the program is finished
    params: tuple[float, ...]
    months: tuple[int, int]
    kernel: bool = False  # a hand-written kernel with the common signature
    using: tuple[tuple[str, Callable[..., Any]], ...] = ()  # functions the law calls by name, replaced
    rarely: bool = False  # the last word is a row; lanes in which it is nought are left alone


class Account(NamedTuple):
    slot: str
    claim: str | None  # None: a receipt
    shadow: bool
    burn: bool
    funding: bool


class Claim(NamedTuple):
    name: str
    kind: str
    rank: int
    cure: Any
    late_interest: Any


class Line(NamedTuple):
    name: str
    limit: Any


class Reported(NamedTuple):
    slot: str
    name: str
    unit: str
    kind: str = "money"


@dataclass
class ProgramBuilder:
    """See `components.base.Builder` for what each method means to a component."""

    months: int
    start: int
    seed: int
    draw: Draw
    deterministic: bool = False
    evaluate: Evaluate | None = None  # of quantile functions; None: in numpy
    name: str = ""
    year: int = 12  # steps in a calendar year
    regimes: tuple[str, ...] = ()
    rows: dict[str, int] = field(default_factory=dict)
    values: list[Any] = field(default_factory=list)  # opening value of each row
    resets: dict[str, float] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    written: set[str] = field(default_factory=set)
    accounts: list[Account] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    exposures: dict[str, tuple[str | float, Any]] = field(default_factory=dict)
    raises: list[str] = field(default_factory=list)
    shocks: dict[str, str] = field(default_factory=dict)  # name -> normal or uniform
    streams: set[str] = field(default_factory=set)  # of what is drawn once a path, or by a law itself
    addressed: set[str] = field(default_factory=set)  # of these, by a law itself
    table: tuple[str, ...] = ()  # shocks of the dependence table, in its order
    table_phase: int = 0  # when they are put together
    histories: dict[str, tuple[int, int]] = field(default_factory=dict)  # slot -> (first row, depth)
    inputs: dict[str, Array] = field(default_factory=dict)  # drawn once a path, by key
    monthly_metrics: list[Reported] = field(default_factory=list)
    totals: list[Reported] = field(default_factory=list)
    finals: list[Reported] = field(default_factory=list)
    contracts: dict[str, dict[str, str]] = field(default_factory=dict)
    deferrals: dict[str, tuple[Any, int]] = field(default_factory=dict)  # claim -> (accepts, instalments)
    recoveries: dict[str, Any] = field(default_factory=dict)  # claim -> its own share recovered
    securities: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # claim -> (deposit, guarantee)
    receivables: Any = None
    valuation: Any = None
    shut: frozenset[str] = frozenset()
    shadow_dues: list[str] = field(default_factory=list)  # slots that are due in the shadow account only
    refinancings: dict[str, tuple[str, str]] = field(default_factory=dict)  # claim -> (debt's name, slot: it failed)
    notes: dict[str, list[Any]] = field(default_factory=dict)
    ledger: bool = False  # while the ledger builds, protected slots may be written

    def __post_init__(self) -> None:
        for slot, (value, every_month) in COMMON.items():
            self._row(slot, value)
            if every_month is not None:
                self.resets[slot] = every_month

    @property
    def short(self) -> str:
        return self.name.split(".", 1)[-1]

    # --- slots ---

    def _row(self, slot: str, value: Any) -> int:
        self.rows[slot] = len(self.values)
        self.values.append(value)
        return self.rows[slot]

    def state(self, slot: str, initial: Any) -> str:
        if slot in self.rows:
            self.values[self.rows[slot]] = initial
            self.written.add(slot)
        else:
            self._row(slot, initial)
            self.written.add(slot)
        return slot

    def flow(self, slot: str, every_month: float = 0.0) -> str:
        if slot not in self.rows:
            self._row(slot, every_month)
        self.resets[slot] = every_month
        return slot

    def initial(self, slot: str) -> Any:
        return self.values[self.rows[slot]]

    def is_written(self, slot: str) -> bool:
        return slot in self.written

    def is_read(self, slot: str) -> bool:
        return any(slot in step.words for step in self.steps)

    # --- random numbers ---

    def normal(self, role: str) -> Any:
        return self._shock(f"{self.name}.{role}", "normal", 0.0)

    def uniform(self, role: str, still: float = 1.0 - 2.0**-33) -> Any:
        return self._shock(f"{self.name}.{role}", "uniform", still)

    def _shock(self, name: str, kind: str, still: float) -> Any:
        if self.deterministic:
            return still
        if name not in self.shocks:
            if name in self.rows:
                raise ValueError(f"the shock {name} has the name of a slot; it would overwrite it")
            self.shocks[name] = kind
            self._row(name, still)
        return name

    def _once(self, stream: str) -> Array | None:
        self.streams.add(stream)
        return self.draw(stream)

    def once(self, role: str, still: float = 0.5, name: str | None = None) -> Any:
        drawn = self._once(f"{name or self.name}.{role}")
        return still if drawn is None else drawn

    def drawn(self, role: str, law: Sampled) -> Any:
        if not isinstance(law.number, Uncertain):
            return law.number
        key = f"{self.name}.{role}"
        uniforms = self._once(law.number.stream(key))
        if uniforms is None:
            return float(law.number.draw(np.array([0.5]))[0])
        self.inputs[key] = law.number.draw(uniforms, self.evaluate)
        return self.inputs[key]

    def sample(self, role: str, law: Sampled) -> Any:
        if self.deterministic or not isinstance(law.number, Uncertain):
            return law.central()
        quantile, params, normal, factor = self.law_of(law)
        score = self.normal(role) if normal else self.uniform(role)
        drawn = self.flow(f"{self.name}.{role}.drawn")
        self.step(Phase.DRIVERS, quantile, (score, *params), writes=(drawn,))
        if factor != 1.0:
            self.step(Phase.DRIVERS, times, (drawn, factor), writes=(drawn,))
        return drawn

    def law_of(self, law: Sampled) -> tuple[Callable[..., float], tuple[Any, ...], float, float]:
        if not isinstance(law.number, Uncertain):
            return constant, (float(law.number),), 0.0, 1.0
        monthly = law.number.law.monthly()
        if monthly is None:
            raise TypeError(f"{law.number.law.tag} has no monthly law")
        return monthly.law, monthly.params, 1.0 if monthly.score == "normal" else 0.0, law.factor

    def address(self, role: str) -> tuple[float, float, float]:
        self.streams.add(f"{self.name}.{role}")
        self.addressed.add(f"{self.name}.{role}")
        return (*seed_words(self.seed), float(stream_number(f"{self.name}.{role}")))

    def number(self, key: str, value: Uncertain) -> Any:
        """A number of the scenario that is drawn once a path (recorded under its key)."""
        drawn = self._once(value.stream(key))
        if drawn is None:
            return value.central()
        self.inputs[key] = value.draw(drawn, self.evaluate)
        return self.inputs[key]

    # --- steps ---

    def step(
        self,
        phase: int,
        law: Callable[..., Any],
        args: Sequence[Any] = (),
        writes: Sequence[str] = (),
        adds: Sequence[str] = (),
        subtracts: Sequence[str] = (),
        months: tuple[int, int] | None = None,
        using: tuple[tuple[str, Callable[..., Any]], ...] = (),
        where: str | None = None,
    ) -> None:
        first, last = months or (1, self.months)
        if last < first:
            return
        index: list[int | str] = []
        params: list[float] = []
        tables: list[tuple[int, Sequence[float]]] = []  # (where in index its offset goes, numbers)
        arguments = tuple(self._argument(a, index, params, tables) for a in args)
        for slot in (*writes, *adds, *subtracts):
            if slot in PROTECTED and not self.ledger:
                raise ValueError(f"{self.name} writes `{slot}`, which only the ledger may")
            self.written.add(slot)
            index.append(slot)
        for place, numbers in tables:
            index[place] = len(params)
            params.extend(numbers)
        if where is not None:
            index.append(where)
        outputs = ("set",) * len(writes) + ("add",) * len(adds) + ("subtract",) * len(subtracts)
        self.steps.append(
            Step(
                phase,
                law,
                arguments,
                outputs,
                tuple(index),
                tuple(params),
                (first, last),
                False,
                using,
                where is not None,
            )
        )

    def _argument(
        self, value: Any, index: list[int | str], params: list[float], tables: list[tuple[int, Sequence[float]]]
    ) -> Argument:
        if isinstance(value, Special):
            return Argument(value.name.lower())
        if isinstance(value, str):
            index.append(value)
            return Argument("slot")
        if isinstance(value, Ago):
            return self._ago(value, index)
        if isinstance(value, Series | Table):
            return self._series(value, index, tables)
        if isinstance(value, tuple):
            return Argument("tuple", tuple(self._argument(v, index, params, tables) for v in value))
        if isinstance(value, np.ndarray) and value.ndim == 1:
            index.append(self._array_row(value))
            return Argument("slot")
        params.append(float(value))
        return Argument("fixed")

    def _array_row(self, value: Any) -> int:
        self.values.append(value)
        self.rows[f"#{len(self.values) - 1}"] = len(self.values) - 1
        return len(self.values) - 1

    def _series(
        self, value: tuple[Any, ...], index: list[int | str], tables: list[tuple[int, Sequence[float]]]
    ) -> Argument:
        by_month = isinstance(value, Series)
        if any(isinstance(x, np.ndarray) and x.ndim for x in value):
            index.append(len(self.values))
            for x in value:
                self._array_row(x)
            if by_month:
                return Argument("rows")
            index.append(len(value))
            return Argument("columns")
        index.append(0)
        tables.append((len(index) - 1, [float(x) for x in value]))
        if by_month:
            return Argument("series")
        index.append(len(value))
        return Argument("table")

    def _ago(self, value: Ago, index: list[int | str]) -> Argument:
        slot = value.slot
        if isinstance(value.months, int) and value.months == 0:
            index.append(slot)
            return Argument("slot")
        by_path = isinstance(value.months, np.ndarray)
        # before the opening it is as at the opening
        back = self.months if by_path else min(int(value.months), self.months)
        needed = back + 1
        start, depth = self.histories.get(slot, (-1, 0))
        if depth < needed:
            # a deeper ring replaces a shallower one; earlier reads of the same slot keep their own
            start = len(self.values)
            for _ in range(needed):
                self._array_row(self.initial(slot))
            self.histories[slot] = (start, needed)
            index.extend((start, needed))
            self._remember(slot, start, needed)
        else:
            index.extend((start, depth))
        index.append(self._array_row(value.months) if by_path else back)
        return Argument("ago_row" if by_path else "ago")

    def _remember(self, slot: str, start: int, depth: int) -> None:
        self.steps.append(
            Step(Phase.MEASURE + 9, same, (Argument("slot"),), ("ring",), (slot, start, depth), (), (1, self.months))
        )

    # --- what the ledger and the reports read ---

    def claim(
        self, name: str, kind: str, rank: int, cure: Any, late_interest: Any, arrears: Any = 0.0, missed: Any = 0.0
    ) -> None:
        self.claims.append(Claim(name, kind, rank, cure, late_interest))
        self.state(f"{name}.arrears", arrears)
        self.state(f"{name}.missed", missed)
        self.flow(f"{name}.paid")

    def receipt(self, slot: str, *, shadow: bool = True, funding: bool = False) -> None:
        self.accounts.append(Account(slot, None, shadow, not funding, funding))

    def due(self, slot: str, claim: str, *, shadow: bool = True, burn: bool = True) -> None:
        self.accounts.append(Account(slot, claim, shadow, burn, False))

    def defer(self, claim: str, accepts: Any, instalments: int) -> None:
        self.deferrals[claim] = (accepts, instalments)
        self.state(f"{claim}.deferred", 0.0)

    def promised(self, slot: str) -> None:
        self.shadow_dues.append(slot)

    def refinancing(self, claim: str, failed: str) -> None:
        self.refinancings[claim] = (self.name, failed)

    def exposure(self, claim: str, firm: str | float, mitigation: Any, recovery: Any = None) -> None:
        self.exposures[claim] = (firm, mitigation)
        if recovery is not None:
            self.recoveries[claim] = recovery

    def security(self, claim: str, deposit: Any, guarantee: Any) -> None:
        self.securities[claim] = (deposit, guarantee)

    def line(self, name: str, limit: Any) -> None:
        self.lines.append(Line(name, limit))

    def raised(self, slot: str) -> None:
        self.raises.append(slot)

    def monthly(self, slot: str, metric: str, unit: str, quantiles: bool = False) -> None:
        self.monthly_metrics.append(Reported(slot, metric, unit, "quantiles" if quantiles else "mean"))

    def total(self, slot: str, column: str, unit: str) -> None:
        self.totals.append(Reported(slot, column, unit))

    def final(self, slot: str, column: str, unit: str, kind: str = "money") -> None:
        self.finals.append(Reported(slot, column, unit, kind))

    def contract_view(self, slots: Mapping[str, str]) -> None:
        self.contracts[self.short] = dict(slots)

    def tell(self, topic: str, note: Any) -> None:
        self.notes.setdefault(topic, []).append(note)

    def told(self, topic: str) -> list[Any]:
        return self.notes.get(topic, [])


def same(x: float) -> float:
    return x


def constant(_score: float, x: float) -> float:
    return x


def times(x: float, factor: float) -> float:
    return x * factor
