"""A scenario: frozen, checked, everything converted to the units the engine computes in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field

from simulator.components.base import RECOVERY, Component, Month, month_label
from simulator.mathematics.philox import STREAM_VERSION
from simulator.quantities.number import Number, Quantity
from simulator.quantities.timestep import STEPS, TimeStep
from simulator.quantities.units import CORRELATION, DURATION, INTEREST, MONEY, NUMBER, SHARE

FORMAT = 1
DEFAULT_PATHS, DEFAULT_SEED, DEFAULT_MONTHS = 100_000, 1, 60


class Calendar(Component):
    family: ClassVar[str] = "calendar"
    start: Month
    """The calendar month of month 1; with `step = "quarter"` a quarter, "2026-Q4"."""
    months: Annotated[int, Field(ge=1, le=600)] = DEFAULT_MONTHS
    """The horizon, in steps: how many months, or with `step = "quarter"` how many quarters."""
    step: Literal["month", "quarter"] = "month"
    """How long a step is. With quarters everything that happens once a month happens once a quarter, and reports count in
    quarters; units stay calendar units."""
    fiscal_year_start: Annotated[int, Field(ge=1, le=12)] = 1
    """The calendar month (1 … 12) in which the fiscal year begins; a fiscal year has the name of the year in which it ends."""


class Opening(Component):
    family: ClassVar[str] = "opening"
    cash: Annotated[Number, Quantity(MONEY, low=0.0)]
    """Cash that can be paid out, at the close before month 1."""
    receivables: Annotated[Number, Quantity(MONEY, low=0.0)] | None = None
    """Billed and not yet collected; arrives as `operations.collections` says, in month 1 where customers pay at once.
    Default: as if revenue had always been billed at the opening run-rate."""
    arrears: Annotated[Number, Quantity(MONEY, low=0.0)] = 0.0
    """Operating dues that were not paid before month 1."""
    arrears_months: Annotated[int, Field(ge=0, le=600)] = 1
    """For how many month-ends, the opening included, there have been operating arrears: where their cure clock stands."""
    restricted_cash: Annotated[Number, Quantity(MONEY, low=0.0)] = 0.0
    """Cash that may not be paid out and is no liquidity; it earns the cash rate."""
    restricted_until: Month | None = None
    """The month at whose end the restricted cash becomes free. Default: beyond the horizon."""
    valuation: Annotated[Number, Quantity(MONEY, low=0.0)] | None = None
    """Of the company, after the money of its last round before month 1: what the next is compared with. Default: not known."""


class Treasury(Component):
    family: ClassVar[str] = "treasury"
    interest: Annotated[Number, Quantity(INTEREST)] = 0.0
    """Earned on the cash of the last close, if it is above 0."""
    discount_rate: Annotated[Number, Quantity(INTEREST, drawn=False)] | None = None
    """At which a right to leave is valued, from the end of each month; `log/yr` is continuous. Default: `interest`."""
    tax_rate: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)] = 0.0
    """On profit, monthly, after losses carried forward."""
    tax_losses: Annotated[Number, Quantity(MONEY, low=0.0)] = 0.0
    """Losses of earlier years that profit is first set against."""
    target_cash: Annotated[Number, Quantity(MONEY, low=0.0)] = 0.0
    """Cash that is kept before a line is repaid."""
    cash_flow_target: Annotated[Number, Quantity(MONEY, drawn=False)] | None = None
    """Of the first year's cash flow without uncommitted money: what cash flow at risk is reckoned from. Default: its mean."""


class Default(Component):
    family: ClassVar[str] = "default"
    floor: Annotated[Number, Quantity(MONEY, low=0.0)] | None = None
    """Liquidity covenant: the least liquidity at a month's close. Default: no covenant."""
    cure: Annotated[Number, Quantity(DURATION, low=0.0, whole=True)] = 0.0
    """How long a claim may stay unpaid; only full months count, because nothing arrives before the next month-end."""
    floor_cure: Annotated[Number, Quantity(DURATION, low=0.0, whole=True)] | None = None
    """The same for the floor. Default: `cure`."""
    debt_to_revenue: Annotated[Number, Quantity(NUMBER, low=0.0)] | None = None
    """Covenant: the most that lines and loans may be at a close, as a multiple of the run-rate. Default: no covenant."""
    debt_cure: Annotated[Number, Quantity(DURATION, low=0.0, whole=True)] | None = None
    """How long that may be exceeded. Default: `cure`."""
    late_interest: Annotated[Number, Quantity(INTEREST, low=0.0)] = 0.0
    """On arrears of the last close."""
    stop_at_default: bool = True
    """Whether a path ends with its default; `false` lets it run on."""


class Recovery(Component):
    family: ClassVar[str] = "recovery"
    unsecured: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0, draws_as=RECOVERY)]
    """Share of an uncovered claim that contracts and unsecured debt recover after a default."""
    secured: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0, draws_as=RECOVERY)]
    """The same for lines and secured debt (rank 1 or 2)."""


Row = Annotated[tuple[Annotated[Number, Quantity(CORRELATION, low=-1.0, high=1.0)], ...], Field(strict=False)]
FixedRow = Annotated[
    tuple[Annotated[Number, Quantity(CORRELATION, low=-1.0, high=1.0, drawn=False)], ...], Field(strict=False)
]
Correlations = Annotated[tuple[Row, ...], Field(strict=False)]


class InputDependence(Component):
    family: ClassVar[str] = "dependence"
    names: Annotated[tuple[str, ...], Field(strict=False, min_length=2)]
    """Numbers drawn once a path: names of [inputs], or keys such as `price.volatility`; one appended at the end leaves the
    others alone."""
    correlation: Annotated[tuple[FixedRow, ...], Field(strict=False)]
    """Of their normal scores, in the order of `names`; whole, or the lower triangle. Each number keeps its law."""


class Dependence(Component):
    family: ClassVar[str] = "dependence"
    shocks: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Names of monthly shocks, COMPONENT.ROLE; one appended at the end leaves the others alone."""
    correlation: Correlations = ()
    """Of the month's normal scores, in the order of `shocks`; whole, or the lower triangle."""
    copula: Literal["gaussian", "t"] = "gaussian"
    """`t`: the shocks of the table share one chi-square a month, so that extremes come together; each keeps its own law."""
    degrees_of_freedom: Annotated[Number, Quantity(NUMBER, low=1.0, high=1000.0)] | None = None
    """Of the t copula: the fewer, the more extremes come together."""
    regimes: dict[str, Correlations] = Field(default_factory=dict)
    """Tables that hold while the funding market is in a regime, by its name; `correlation` holds in all others."""
    inputs: InputDependence | None = None
    """Correlation of uncertain inputs."""

    def triangular(self) -> Dependence:
        """The same with the lower triangle of each table: an uncertain entry of a whole table is one number, not two."""
        regimes = {name: _lower(rows) for name, rows in self.regimes.items()}
        return self.model_copy(update={"correlation": _lower(self.correlation), "regimes": regimes})


def _lower(rows: tuple[tuple[Number, ...], ...]) -> tuple[tuple[Number, ...], ...]:
    return tuple(row[: k + 1] for k, row in enumerate(rows))


Score = Annotated[Number, Quantity(NUMBER, low=-8.0, high=8.0, drawn=False)]
Share = Annotated[Number, Quantity(SHARE, low=0.0, high=1.0, drawn=False)]


class GivenShocks(Component):
    family: ClassVar[str] = "shocks"
    monthly: dict[str, dict[Month, Score]] = Field(default_factory=dict)
    """Scores of monthly shocks that are given instead of drawn, by name (COMPONENT.ROLE) and month: standard normals, or uniforms
    where the shock is one. Other months are drawn; a shock of [dependence] is given as it is."""
    once: dict[str, Share] = Field(default_factory=dict)
    """Uniforms of what is decided once a path (`financing.ipo.success`), or of an input (`inputs.NAME`, or its key), given
    instead of drawn."""


CHUNK_PATHS = 16_384  # a block of each replicate (engine/sampler.py)


class Run(Component):
    family: ClassVar[str] = "run"
    paths: Annotated[int, Field(ge=1, le=1_000_000_000)] = DEFAULT_PATHS
    """How many paths are simulated."""
    seed: Annotated[int, Field(ge=0, lt=2**64)] = DEFAULT_SEED
    """Of the random numbers; the same seed gives the same paths."""
    sampling: Literal["plain", "sobol", "antithetic"] = "plain"
    """How paths are chosen: independently, as sixteen scrambled Sobol' sequences, or in mirrored pairs. Both others want a number
    of paths that is a multiple of 16,384, and change paths and intervals but no true value."""
    estimator: Literal["plain", "controlled", "smoothed"] = "plain"
    """How shares and means are read off the paths: as they are; with control variates fitted on a pilot of 16,384 other paths;
    or with normal amounts of random flows integrated out of default probabilities, where nothing depends on cash. The paths and
    their files are the same. Both others want plain sampling."""

    def complaint(self) -> tuple[str, str] | None:
        """What is wrong with the number of paths or the estimator, and what to write instead."""
        if self.estimator != "plain" and self.sampling != "plain":
            said = (
                f'estimator = "{self.estimator}" wants independent paths, and sampling = "{self.sampling}" gives others'
            )
            return said, 'leave one of the two "plain"'
        if self.sampling == "plain" or self.paths % CHUNK_PATHS == 0:
            return None
        below, most = self.paths // CHUNK_PATHS * CHUNK_PATHS, 1_000_000_000 // CHUNK_PATHS * CHUNK_PATHS
        near = [n for n in (below, below + CHUNK_PATHS) if 0 < n <= most]
        said = f'{self.paths:,} paths are not a multiple of {CHUNK_PATHS:,}, which sampling = "{self.sampling}" wants'
        return said, "write paths = " + " or ".join(str(n) for n in near)


class Keep(Component):
    family: ClassVar[str] = "keep"
    inputs: bool = True
    """Whether `paths` has a column for every number drawn once a path."""
    contracts: bool = True
    """Whether `paths` has the columns of each contract and creditor."""
    trajectories: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Figures of the tables `months` and `contracts` that are stored for every path, in the table `trajectories`: `cash`,
    `xai.due`."""
    at: Literal["all", "quarters", "years", "horizon"] = "all"
    """Of which months: all, those that end a quarter or a year from the opening, or the last one; the opening is always among
    them."""

    def months_of(self, calendar: Calendar) -> tuple[int, ...]:
        """The steps whose values are stored, 0 for the opening."""
        step = STEPS[calendar.step].months
        every = {"all": 1, "quarters": 3 // step, "years": 12 // step, "horizon": calendar.months}[self.at]
        return tuple(range(0, calendar.months + 1, every))


NAMED = ("policies", "contracts", "flows", "financing")  # families with one table per name, in building order
PLAIN: dict[str, type[Component]] = {  # tables that stand once and have no type
    "calendar": Calendar,
    "opening": Opening,
    "treasury": Treasury,
    "default": Default,
    "recovery": Recovery,
    "dependence": Dependence,
    "shocks": GivenShocks,
    "keep": Keep,
    "run": Run,
}
Rates = dict[str, Annotated[float, Quantity(SHARE, low=0.0, high=1.0, drawn=False)]]  # years -> cumulative default rate


class Entry(NamedTuple):
    """A component as the file lists it, with the clauses that stand in tables below it."""

    name: str  # "revenue", "contracts.xai"
    component: Component
    attached: Mapping[str, Component]


class Branch(NamedTuple):
    """One combination of the file's alternatives, as a scenario of its own."""

    choices: tuple[int, ...]  # by group, the number of the alternative in the order of the file
    weight: float
    scenario: Scenario


@dataclass(frozen=True)
class Scenario:
    """What a scenario file says, after `extends`, `--set` and included files; with alternatives, its heaviest branch."""

    name: str
    title: str
    calendar: Calendar
    opening: Opening
    treasury: Treasury
    default: Default
    run: Run
    recovery: Recovery | None
    dependence: Dependence | None
    shocks: GivenShocks
    keep: Keep
    comparison: Mapping[str, Mapping[str, float]]
    entries: tuple[Entry, ...]  # in the order in which they are built
    canonical: str  # the resolved scenario as text, without the number of paths
    file: str = ""
    text: str = field(default="", repr=False, compare=False)
    bases: tuple[tuple[str, str], ...] = field(
        default=(), repr=False, compare=False
    )  # (name, text) of the files it extends
    settings: tuple[str, ...] = field(default=(), repr=False, compare=False)  # as after `--set`
    spoken: Scenario | None = field(
        default=None, repr=False
    )  # with steps of a quarter: the same in calendar units, for words
    alternatives: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # group -> alternative -> weight
    branching: tuple[Branch, ...] = field(default=(), repr=False)  # heaviest first; empty without alternatives

    @property
    def branches(self) -> tuple[Branch, ...]:
        """The heaviest first; one without alternatives."""
        return self.branching or (Branch((), 1.0, self),)

    @property
    def step(self) -> TimeStep:
        return STEPS[self.calendar.step]

    @property
    def regimes(self) -> tuple[str, ...]:
        for entry in self.entries:
            if entry.name == "market":
                return tuple(getattr(entry.component, "regimes", ()))
        return ()

    @property
    def shut(self) -> frozenset[str]:
        """The regimes in which no priced round ever succeeds; none where no round says so by regime."""
        found = [never(e.component) for e in self.entries if (never := getattr(type(e.component), "never_in", None))]
        by_regime = [regimes for regimes in found if regimes is not None]
        return frozenset.intersection(*by_regime) if by_regime else frozenset()

    @property
    def hash(self) -> str:
        """Identity of a run: the resolved scenario, seed, way of sampling and stream version; not paths, threads or folders."""
        text = f"{self.canonical}\nseed={self.run.seed}\nstreams={STREAM_VERSION}\n"
        if self.run.sampling != "plain":
            text += f"sampling={self.run.sampling}\n"
        if self.run.estimator != "plain":
            text += f"estimator={self.run.estimator}\n"
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def contracts(self) -> tuple[str, ...]:
        """Names, of all branches."""
        entries = (entry for branch in self.branches for entry in branch.scenario.entries)
        return tuple(dict.fromkeys(e.name.split(".", 1)[1] for e in entries if e.name.startswith("contracts.")))

    def label(self, month: int) -> str:
        """The calendar label of a month number (0 = opening)."""
        return month_label(self.calendar.start + month - 1)
