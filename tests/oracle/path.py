"""What a path carries from month to month, and how its flows are booked."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np

from simulator.components.base import Component, Sampled, month_label
from simulator.quantities.number import Uncertain

DELTA = 1.0 / 12.0  # a month in years
TOLERANCE = 1e-9  # C8
BUYER, SUPPLIER, LATE, FAILED = 1, 2, 3, 4
# past default (C14)
GOES_ON = {"revenue.run_rate", "price.index", "rates.reference", "operations.billed", "compute.need"}
GOES_ON |= {"shadow.cash", "alive"}


class Draws(Protocol):
    def score(self, name: str, month: int) -> float:
        """The score of a monthly shock as its component reads it, correlated if it stands in a table."""

    def once(self, name: str) -> float:
        """The uniform of month 0 of a stream."""

    def extra(self, name: str, month: int, running: int) -> float:
        """A further uniform of a stream in a month, by its running number."""

    def number(self, key: str, value: Uncertain) -> float:
        """A number drawn once a path."""


@dataclass
class Lived:
    """What the path did."""

    months: dict[str, list[float]]  # slot -> values of months 0 … M
    inner: dict[str, list[float]]  # the same for what is not reported and has no meaning past default
    columns: dict[str, float]  # by path
    end_month: int  # 0 = no ending before the horizon
    cause: str


@dataclass
class Booking:
    """One flow of one month. `claim` None: a receipt; else a due under that claim."""

    slot: str
    amount: float
    claim: str | None
    shadow: bool  # counts in the shadow account, C14
    burn: bool  # counts in the burn a policy sees, C38

    @property
    def flow(self) -> float:
        return self.amount if self.claim is None else -self.amount


@dataclass
class Claim:
    """Somebody who is owed, C5 … C7."""

    name: str
    kind: str
    rank: int
    cure: float  # G, months
    late_interest: float  # per month on opening arrears
    arrears: float = 0.0
    unpaid_for: float = 0  # n, consecutive month-ends with arrears
    paid: float = 0.0  # this month


@dataclass
class Contract:
    name: str
    terms: Any
    signing: int  # first month of the first term; month numbers, may be <= 0 (C1)
    written_end: int  # last month of the first term without amendments
    signed_end: int  # the same as amended on this path
    first: int  # of the present term
    end: int
    last: int  # last month that is delivered and due: the end, or the end of a notice
    signed: list[Any]  # amendments
    side: int = 0
    noticed_in: int = 0
    failed_in: int = 0
    fee_charged: bool = False
    renewals: int = 0
    price: float = 1.0  # of the latest renewal, over the first price; C49
    quantity: float = 0.0  # a month, at the first price, since the latest renewal
    index_base: float = 1.0
    index_factor: float = 1.0
    reopened: float = 1.0  # product of all reopenings of the term
    share: float = 0.0  # of the capacity delivered this month
    kept: float = 1.0  # share that is left for good, C35
    credit: float = 0.0  # prepaid and not yet credited
    prepaid: float = 0.0
    credited: float = 0.0
    deposit: float = 0.0
    unused: list[list[float]] = field(default_factory=list)  # make-up: [month, volume], oldest first
    above: list[list[float]] = field(default_factory=list)  # carry-forward
    deferred: float = 0.0  # not due yet, C43
    instalments_left: int = 0
    amended_in: int = 0

    @property
    def clauses(self) -> dict[str, Any]:
        return self.terms.clauses  # type: ignore[no-any-return]

    def clause(self, tag: str) -> Any:
        return self.terms.clauses.get(tag)

    @property
    def exit(self) -> Any:
        return self.clause("exit")

    @property
    def minimum(self) -> float:
        """The share of the fee that is owed in any case: α of take-or-pay."""
        volume = self.clause("take_or_pay")
        return 1.0 if volume is None else float(volume.minimum)


@dataclass
class Line:
    name: str
    terms: Any
    maturity: float
    drawn: float
    margin: float
    floats: bool
    may_draw: bool = True


@dataclass
class Loan:
    name: str
    terms: Any
    arrives: int  # month in which the money comes; below 1: outstanding at the opening
    first: int  # month of the first part of the principal
    first_maturity: int
    maturity: int
    margin: float
    floats: bool
    balance: float
    scheduled: float  # what would be outstanding if it had always been served and never refinanced, C14


@dataclass
class Path:
    draws: Draws
    start: int  # ordinal of month 1
    M: int
    year: int  # steps in a calendar year: 12, or 4 where steps are quarters
    parts: dict[str, Any]  # component name -> its fields, uncertain numbers replaced by what was drawn
    opening: Any
    treasury: Any
    default: Any
    recovery: Any
    floor: float | None
    floor_cure: float
    debt_cure: float
    cash_rate: float
    stop_at_default: bool
    cash: float
    claims: dict[str, Claim] = field(default_factory=dict)  # in file order, the operating claim first
    contracts: list[Contract] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    loans: list[Loan] = field(default_factory=list)
    months: dict[str, list[float]] = field(default_factory=dict)
    inner: dict[str, list[float]] = field(default_factory=dict)
    m: int = 0
    running: bool = True  # false after the default month (C12)
    bookings: list[Booking] = field(default_factory=list)
    profit: float = 0.0  # of this month before tax, C40
    tax_losses: float = 0.0
    losses_before: float = 0.0  # at the last close
    promised: float = 0.0  # service of loans as scheduled, C14
    failed_now: set[str] = field(default_factory=set)  # claims whose refinancing failed in this month
    regime: str = ""
    run_rate: float = 0.0
    growth: float = 0.0
    noise: float = 0.0
    revenue_regime: str = ""
    revenue_deviation: float = 0.0
    struck: float = 1.0  # what losses and jumps have made of a planned run-rate, for good
    observed: int = 0  # month of the sample that the bootstrap is at
    log_deviation: float = 0.0  # of the price from its curve; without a curve its whole logarithm, scarcity left out
    scarcity: str = ""
    scarce_depth: float = math.inf
    after_generations: float = 1.0  # what generations at random dates have left of the price
    cost_share: float = 0.0
    variable_cost: float = 0.0
    long_level: float = 0.0
    index: float = 1.0
    reference: float = 0.0
    fixing: float = 0.0
    billed: list[float] = field(default_factory=list)  # by month, entry 0 = R_0 / 12 (C26)
    before_opening: float = 0.0  # billed in every month before the first, as collections see it
    intensity: float = 0.0
    need: float = 0.0
    uncovered: float = 0.0
    stranded: float = 0.0
    lost_revenue: float = 0.0
    restricted: float = 0.0
    cut_since: dict[str, int] = field(default_factory=dict)  # policy -> month of its trigger
    frozen_at: dict[str, float] = field(default_factory=dict)  # flow -> level of its plan
    planned: dict[str, float] = field(default_factory=dict)  # flow -> this month's plan, before cuts and price
    burns: list[float] = field(default_factory=list)  # net flow by month, C38
    breaches: dict[str, int] = field(default_factory=lambda: {"liquidity": 0, "debt to revenue": 0})  # consecutive
    in_breach: bool = False
    first_breach_month: int = 0
    sought: dict[str, bool] = field(default_factory=dict)
    tried_in: dict[str, float] = field(default_factory=dict)
    money_arrives: dict[str, int] = field(default_factory=dict)
    pending_rounds: dict[str, dict[int, float]] = field(default_factory=dict)  # name -> month of arrival -> money
    pending_shares: dict[str, dict[int, float]] = field(default_factory=dict)  # the same for what owners keep
    tranches_waiting: set[str] = field(default_factory=set)
    gates_opened: dict[str, int] = field(default_factory=dict)
    offerings_waiting: set[str] = field(default_factory=set)
    pending_offerings: dict[tuple[str, int], tuple[float, float]] = field(default_factory=dict)  # (money, share kept)
    kept_by_owners: float = 1.0
    valuation: float = 0.0
    counts: dict[str, float] = field(default_factory=dict)
    total_dues: float = 0.0
    shadow: float = 0.0
    shadow_flows: list[float] = field(default_factory=list)
    shadow_breach_month: int = 0
    peak_need: float = 0.0
    end_month: int = 0
    cause: str = "solvent at the horizon"
    exposure: dict[str, float] = field(default_factory=dict)
    loss: dict[str, float] = field(default_factory=dict)

    def number(self, ordinal: int) -> int:
        """Month number of a calendar month (C1)."""
        return ordinal - self.start + 1

    def of(self, family: str, tag: str | None = None) -> list[tuple[str, Any]]:
        return [
            (name, part)
            for name, part in self.parts.items()
            if name.split(".")[0] == family and (tag is None or part.tag == tag)
        ]

    def part(self, family: str) -> Any:
        return self.parts.get(family)

    def note(self, slot: str, value: float) -> None:
        """Write a value of this month; flows after the default month stay 0 (C12)."""
        row = self.months.setdefault(slot, [0.0] * (self.M + 1))
        if self.running or slot in GOES_ON:
            row[self.m] = value

    def mark(self, slot: str, value: float) -> None:
        """The same for what nobody reports."""
        self.inner.setdefault(slot, [0.0] * (self.M + 1))[self.m] = value

    def count(self, name: str, by: float = 1.0) -> None:
        """Events of a path; none after the default month."""
        if self.running:
            self.counts[name] = self.counts.get(name, 0.0) + by

    def book(
        self,
        slot: str,
        amount: float,
        claim: str | None = None,
        *,
        shadow: bool = True,
        burn: bool = True,
        profit: bool | None = None,
    ) -> None:
        """A receipt, or a due under a claim. Income and cost are what counts as burn, unless `profit` says otherwise."""
        booking = Booking(slot, amount, claim, shadow, burn)
        self.bookings.append(booking)
        if burn if profit is None else profit:
            self.profit += booking.flow
        self.note(slot, self.months[slot][self.m] + amount if slot in self.months else amount)

    def open_month(self) -> None:
        """C4, 1: flows are nought."""
        self.bookings, self.failed_now = [], set()
        self.profit = self.promised = 0.0


def plain(key: str, value: Any, draws: Draws) -> Any:
    """A field without uncertainty: numbers drawn once a path are replaced by their draw (C46), components by records."""
    if isinstance(value, Uncertain):
        return draws.number(key, value)
    if isinstance(value, Sampled):  # drawn each month or at each event; or once a path, the law being needed as well
        return plain(key, value.number, draws) if value.once else value
    if isinstance(value, Component):
        fields = {name: plain(f"{key}.{name}", getattr(value, name), draws) for name in type(value).model_fields}
        laws = {f"law_of_{k}": v for k in fields if isinstance(v := getattr(value, k), Sampled) and v.once}
        return SimpleNamespace(tag=getattr(type(value), "tag", ""), **fields, **laws)
    if isinstance(value, dict):
        return {k: plain(f"{key}.{month_label(k) if isinstance(k, int) else k}", v, draws) for k, v in value.items()}
    if isinstance(value, tuple):
        return tuple(plain(f"{key}.{k}", v, draws) for k, v in enumerate(value))
    return value


def normal(p: Path, sd: float, shock: str) -> float:
    """sd x standard normal; nothing is drawn where the spread is 0."""
    return sd * p.draws.score(shock, p.m) if sd != 0.0 else 0.0


def drawn_value(law: Sampled, p: Path, name: str, running: int, scored: str | None = None) -> float:
    """A number drawn this month. `running` >= 1: a further draw of the same stream, which is always a uniform. `scored`: whether
    the month's score is a normal or a uniform, where that is not the law's own choice."""
    if not isinstance(law.number, Uncertain):
        return float(law.number)
    from scipy.special import ndtr, ndtri

    monthly = law.number.law.monthly()
    assert monthly is not None
    has = monthly.score if scored is None else scored
    if running == 0:
        score = p.draws.score(name, p.m)
    else:
        score, has = p.draws.extra(name, p.m, running), "uniform"
    if has != monthly.score:
        score = float(ndtri(score)) if monthly.score == "normal" else float(ndtr(score))
    return float(law.factor * monthly.law(score, *monthly.params))


def expected(law: Sampled) -> float:
    """The mean of what is drawn, as the integral of its quantile function over normal scores."""
    return _expected(law) if isinstance(law.number, Uncertain) else float(law.number)


@cache
def _expected(law: Sampled) -> float:
    """Four nodes of Gauss and Legendre in each of 20,000 panels; alternatives are a sum."""
    number = law.number
    if hasattr(number.law, "weights"):
        weights = np.array(number.law.weights) / np.sum(number.law.weights)
        ends = np.cumsum(weights)
        return float(weights @ number.draw(ends - weights / 2.0))
    from scipy.special import ndtr

    ends = np.linspace(-8.0, 8.0, 20_001)
    nodes, weights = np.polynomial.legendre.leggauss(4)
    half = 0.5 * (ends[1] - ends[0])
    z = (0.5 * (ends[1:] + ends[:-1]))[:, None] + half * nodes
    density = half * weights * np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
    return float(np.sum(density * number.draw(ndtr(z.ravel())).reshape(z.shape)) / np.sum(density))


@cache
def likely_by(law: Sampled, x: float) -> float:
    """P(what is drawn <= x), by bisection of its quantile function."""
    low, high = 0.0, 1.0
    for _ in range(60):
        u = 0.5 * (low + high)
        low, high = (u, high) if float(law.number.draw(np.array([u]))[0]) <= x else (low, u)
    return 0.5 * (low + high)


def poisson(u: float, mean: float) -> int:
    """C23, C37: the number whose distribution function first exceeds u."""
    n, upto = 0, math.exp(-mean)
    while u >= upto and n < 64:
        n += 1
        upto += math.exp(-mean) * mean**n / math.factorial(n)
    return n


def scored_by(laws: Any) -> str:
    """One for all or one a regime: all draw with one score, a normal one where any law wants that."""
    listed = list(laws.values()) if isinstance(laws, dict) else [laws]
    kinds = {law.number.law.monthly().score for law in listed if isinstance(law.number, Uncertain)}
    return "normal" if "normal" in kinds else "uniform"


def of_regime(value: Any, p: Path) -> Any:
    """One for all, or that of this month's funding regime."""
    return value[p.regime] if isinstance(value, dict) else value


def yearly_revenue(p: Path) -> float:
    """R of a calendar year; the path's is of twelve steps."""
    return p.run_rate * p.year / 12.0
