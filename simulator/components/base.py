"""What a component is, and the vocabulary in which it tells the engine what it does.

A component is what a scenario file lists. Its `build` names slots (rows with one number per path), the random scores
it reads, the flows it causes, and steps: a plain scalar function (the law) with the slots it reads, its finished
numbers, and the slots it writes. The engine turns laws into loops; a law never loops over paths and never draws.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from typing import Annotated, Any, ClassVar, Protocol, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from simulator.quantities.distribution import Distribution
from simulator.quantities.distribution import Table as Table  # a parameter the law indexes itself
from simulator.quantities.number import Number, Quantity, Uncertain
from simulator.quantities.timestep import MONTH as MONTH_STEP


class Phase(IntEnum):
    """The order inside a month (MODEL.md, "One month"). Inside a phase: file order."""

    OPEN = 10
    REGIME = 20
    DRIVERS = 30
    EVENTS = 35  # jumps and losses that act on a driver before billing
    BILLING = 40
    NEED = 45
    FEES = 50
    INDEXED = 51
    REOPENED = 52
    QUOTED = 53
    CAPACITY = 54
    DISPATCH = 55  # 55 flat fees, 56 minimum volumes, 57 volumes above them
    TAKE_OR_PAY = 60  # from here on the clauses that act on the fee once use is known, in their order
    DELIVERED = 61
    CREDITED = 62
    PREPAID = 63
    MARKET = 65  # overflow bought, surplus resold
    COLLECTIONS = 66
    FIXED_COST = 70
    INTEREST = 75
    TAX = 77
    POLICIES = 80
    FUNDING = 90
    DEBT_SERVICE = 95
    CLOSE = 100  # the ledger's
    MEASURE = 110  # what is read off after the close


# Slots that belong to nobody in particular: a component may read them whether or not the scenario provides them.
RUN_RATE = "revenue.run_rate"  # $/yr
JUMPS = "price.jumps"  # topic: power -> ln E[exp(power x the jumps of a month)]
PRICE_JUMP = "price.jump"  # jumps of the month in the logarithm of the price
PRICE_SHIFT = "price.shift"  # what scarcity and new generations add to the logarithm of the price in this month
SHIFTS = "price.shifts"  # topic: month -> ln E[exp(shift of that month)]
OPENING_SHIFT = "price.opening_shift"  # topic: how much of the logarithm of the opening price is such a shift
PRICE = "price.index"  # market price of compute, 1 = reference
SCARCE_DEPTH = "compute.scarce_depth"  # what the market can deliver while compute is scarce, $ at the reference price
REGIME = "market.state"  # number of the funding regime, 0 = first
REFERENCE = "rates.reference"  # reference interest rate at the end of the month, nominal, per year
FIXING = "rates.fixing"  # that of the month before, per month: what interest of this month is reckoned with
SERVED = "operations.served_share"  # share of revenue that is billed after recalls, reset to 1 every month
BILLED = "operations.billed"  # $/mo
LOST = "operations.lost_revenue"  # billed revenue lost to unserved need in this month, $/mo
NET_MARGIN = "operations.net_margin"  # 1 - partner share - variable cost
COST_SHARE = "operations.cost_share_paid"  # variable cost per dollar billed, where it is a process
NEED = "compute.need"  # $ at the reference price
UNCOVERED = "compute.uncovered"  # need not yet served by a contract
STRANDED = "compute.stranded"  # paid capacity nobody used, all contracts
ALIVE = "alive"  # 1 until the month after default
ENDED = "ending.month"  # 0 while the path goes on; known from the close on
POLICY_RUNWAY = "policy.runway"  # months, as a policy sees it
LIQUIDITY = "liquidity"  # at the last close
STOPPED = "ledger.draw_stop"  # 1 after a close at which a covenant was in breach
CASH = "cash"
DRAWN = "line.drawn"

DEBT = "debt"  # topic: slots of loans outstanding, lines apart
DILUTION = "funding.dilution"  # share of the company that rounds and offerings have taken from the opening owners
VALUATION = "funding.valuation"  # of the company after the money of the latest round; 0 = none known
UNTAXED = (
    "tax.untaxed"  # topic: (slot, sign) of flows that are no income or cost although they are dues, or the reverse
)
EXIT_FEE = "tax.exit_fee"  # topic: slots of fees that may fall due with a notice of the month
SCHEDULED_INTEREST = (
    "tax.scheduled_interest"  # topic: slots of interest that goes on past a default in the shadow account
)
RECOVERY = "@recovery"  # all recoveries of a path come from one uniform


class Series(tuple[Any, ...]):
    """A parameter with one value per month, index = month (0 … M); entries are numbers or arrays over paths."""


@dataclass(frozen=True)
class Ago:
    """A read of a slot some months ago (months >= 1 or an array over paths; 0 = this month)."""

    slot: str
    months: Any


class Special(IntEnum):
    MONTH = 0  # the month's number
    PATH = 1  # the path's number


MONTH, PATH = Special.MONTH, Special.PATH


class Builder(Protocol):
    """What a component may say while it builds. All amounts in $, rates per month or as the law says."""

    name: str  # of the component in the file, for example "contracts.xai"
    months: int  # the horizon, in steps
    year: int  # steps in a calendar year
    start: int  # ordinal of the calendar month before month 1
    deterministic: bool
    regimes: tuple[str, ...]  # of the funding market; empty without one
    receivables: Any  # $ at the opening; None: as if revenue had always been billed at the opening run-rate
    valuation: Any  # $ after the money of the last round before month 1; None: not known
    shut: frozenset[str]  # regimes in which no priced round ever succeeds

    @property
    def short(self) -> str:
        """The name without its table: "xai" of "contracts.xai"."""

    def state(self, slot: str, initial: Any) -> str:
        """A slot that lives from month to month and starts at `initial`."""

    def flow(self, slot: str, every_month: float = 0.0) -> str:
        """A slot that is set anew at the opening of every month."""

    def normal(self, role: str) -> str:
        """A standard normal each month, the shock NAME.ROLE; may stand in the dependence table."""

    def uniform(self, role: str, still: float = 1.0 - 2.0**-33) -> str:
        """A uniform each month; `still` is its value on the deterministic path (an event happens if u < p)."""

    def once(self, role: str, still: float = 0.5, name: str | None = None) -> Any:
        """A uniform drawn once a path, of the stream NAME.ROLE (default: the component that builds)."""

    def drawn(self, role: str, law: Sampled) -> Any:
        """A number drawn once a path of which the component knows the law, recorded under its key NAME.ROLE; its median on the
        deterministic path."""

    def sample(self, role: str, law: Sampled) -> str:
        """A number drawn each month from a distribution; its mean on the deterministic path."""

    def law_of(self, law: Sampled) -> tuple[Callable[..., float], tuple[Any, ...], float, float]:
        """(quantile function, its numbers, 1 if it takes a normal score, factor to the engine's unit)."""

    def address(self, role: str) -> tuple[float, float, float]:
        """(seed low, seed high, stream): what a law needs to draw by itself at rare events."""

    def step(
        self,
        phase: int,
        law: Callable[..., Any],
        args: Sequence[Any] = (),
        writes: Sequence[str] = (),
        adds: Sequence[str] = (),
        months: tuple[int, int] | None = None,
        using: tuple[tuple[str, Callable[..., Any]], ...] = (),
        where: str | None = None,
    ) -> None:
        """`law(*args)` returns the values of `writes`, then the increments of `adds`.

        An argument is a slot's name, a finished number (or an array over paths), a tuple of either, a `Series`,
        a `Table`, `Ago`, `MONTH` or `PATH`. `months` (first, last): outside of them the step is left out. `using`
        replaces functions that the law calls by name (a size law that the scenario chooses). `where`: a slot; on paths on which
        it is 0 the law is not called and writes nothing. For what seldom happens: it makes the step free elsewhere.
        """

    def claim(
        self, name: str, kind: str, rank: int, cure: Any, late_interest: Any, arrears: Any = 0.0, missed: Any = 0.0
    ) -> None:
        """Somebody who is owed: dues that are not paid become arrears of this claim. `arrears` and `missed`: what was
        owed at the opening, and for how many month-ends."""

    def receipt(self, slot: str, *, shadow: bool = True, funding: bool = False) -> None:
        """This slot is money that comes in; `shadow`: also where nothing uncommitted arrives."""

    def due(self, slot: str, claim: str, *, shadow: bool = True, burn: bool = True) -> None:
        """This slot is money that falls due under a claim."""

    def defer(self, claim: str, accepts: Any, instalments: int) -> None:
        """Where `accepts` is 1 this claim, instead of ending the path, becomes so many instalments, once; what of it is
        not due yet is the slot CLAIM.deferred."""

    def promised(self, slot: str) -> None:
        """This slot falls due in the shadow account only: what is owed by schedule, whatever happens on the path."""

    def refinancing(self, claim: str, failed: str) -> None:
        """Dues of this claim that stay unpaid in a month in which `failed` is 1 are an ending of their own."""

    def exposure(self, claim: str, firm: str | float, mitigation: Any, recovery: Any = None) -> None:
        """What this claim's creditor is owed besides arrears if the path defaults: firm x (1 - mitigation); the share it
        recovers, if not that of [recovery]."""

    def security(self, claim: str, deposit: Any, guarantee: Any) -> None:
        """What this claim's creditor holds: slots or numbers."""

    def line(self, name: str, limit: Any) -> None:
        """A revolving line with the slots NAME.drawn and NAME.permit (1 while it may be drawn)."""

    def raised(self, slot: str) -> None:
        """Money raised that nobody had promised."""

    def initial(self, slot: str) -> Any:
        """The opening value of a slot: a number or an array over paths."""

    def is_written(self, slot: str) -> bool:
        """Whether a clause built before moves this slot."""

    def monthly(self, slot: str, metric: str, unit: str, quantiles: bool = False) -> None:
        """Report this slot by month (mean over paths)."""

    def total(self, slot: str, column: str, unit: str) -> None:
        """Report the sum of this slot over the months of a path in `paths`."""

    def final(self, slot: str, column: str, unit: str, kind: str = "money") -> None:
        """Report the last value of this slot in `paths`."""

    def tell(self, topic: str, note: Any) -> None:
        """Leave a note for the host of a clause, or for whoever builds later."""

    def told(self, topic: str) -> list[Any]:
        """The notes left under a topic."""

    def contract_view(self, slots: Mapping[str, str]) -> None:
        """The slots of one contract, by metric, for the table `contracts`."""


# --- Fields that are not numbers -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _MonthField:
    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def validate(value: object, info: ValidationInfo) -> int:
            quarters = (info.context or {}).get(CALENDAR, MONTH_STEP).months > 1
            if isinstance(value, str):
                ordinal = month_ordinal(value)
                if ordinal is not None and (ordinal >= QUARTERS) == quarters:
                    return ordinal
            what, hint = ("quarter", 'write "2029-Q2"') if quarters else ("month", 'write "2029-05"')
            raise PydanticCustomError(
                "quantity", "{problem}", {"problem": f"{value!r} is not a calendar {what}", "hint": hint}
            )

        return core_schema.with_info_plain_validator_function(validate)


def is_month_field(annotation: object) -> bool:
    return isinstance(annotation, _MonthField)


Month = Annotated[int, _MonthField()]  # ordinal: 12 x year + month - 1, or QUARTERS + 4 x year + quarter - 1
QUARTERS = 1_000_000  # ordinals from here on are quarters; their differences count quarters
CALENDAR = "calendar"  # the key of the validation context that holds the TimeStep in which a file's calendar counts


def month_ordinal(text: str) -> int | None:
    """Of "2029-05", or of "2029-Q2" where steps are quarters."""
    if not text.isascii():
        return None
    year, dash, part = text.partition("-")
    if not (dash and len(year) == 4 and len(part) == 2 and year.isdigit()):
        return None
    if part[0] == "Q" and part[1] in "1234":
        return QUARTERS + int(year) * 4 + int(part[1]) - 1
    if part.isdigit() and 1 <= int(part) <= 12:
        return int(year) * 12 + int(part) - 1
    return None


@cache
def month_label(ordinal: int) -> str:
    if ordinal >= QUARTERS:
        return f"{(ordinal - QUARTERS) // 4:04d}-Q{(ordinal - QUARTERS) % 4 + 1}"
    return f"{ordinal // 12:04d}-{ordinal % 12 + 1:02d}"


def first_calendar_month(ordinal: int) -> int:
    """The ordinal of a step's first calendar month."""
    return 3 * (ordinal - QUARTERS) if ordinal >= QUARTERS else ordinal


@dataclass(frozen=True)
class Sampled:
    """A number drawn again each month or at each event (not once a path); a plain number has no spread."""

    number: Number
    once: bool = False  # drawn once a path after all, by the component itself, which knows the law

    @property
    def factor(self) -> float:
        """From the written unit to the engine's."""
        if isinstance(self.number, Uncertain):
            convert, unit = self.number.dimension.convert, self.number.unit
            return float(convert(1.0, unit)) - float(convert(0.0, unit))
        return 1.0

    def central(self) -> float:
        return self.number.central() if isinstance(self.number, Uncertain) else self.number

    def expectation(self) -> float:
        """The mean of what is drawn (`central` takes the heaviest of alternatives)."""
        if isinstance(self.number, Uncertain):
            return float(self.number.dimension.convert(self.number.law.expectation(), self.number.unit))
        return float(self.number)

    def reached(self, x: float) -> float:
        """P(what is drawn <= x), x in the engine's unit, for units that are multiples of it."""
        if isinstance(self.number, Uncertain):
            return self.number.law.cdf(x / self.factor)
        return 1.0 if self.number <= x else 0.0


@dataclass(frozen=True)
class SampledField:
    """The annotation of a `Sampled` field. `once`: the component draws it once a path, with `Builder.drawn`."""

    quantity: Quantity
    once: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = self.quantity.__get_pydantic_core_schema__(source, handler)

        def validate(value: Any) -> Sampled:
            law = getattr(value, "law", None)
            if not self.once and getattr(value, "shared", None) is not None:
                problem = "this key is drawn anew each month or at each event; a shared input is one draw a path"
                hint = "write its distribution here"
                raise PydanticCustomError("quantity", "{problem}", {"problem": problem, "hint": hint})
            if not self.once and isinstance(law, Distribution) and law.monthly() is None:
                numbers = "" if law.tag == "truncate" else ", with these numbers"
                problem = f"`{law.tag}` cannot be drawn every month{numbers}"
                hint = "use p10/p50/p90, normal, lognormal, triangular, uniform or alternatives"
                raise PydanticCustomError("quantity", "{problem}", {"problem": problem, "hint": hint})
            return Sampled(value, self.once)

        return core_schema.no_info_after_validator_function(validate, inner)


# --- Components -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """A complaint of a component about itself: where (keys below the component), what, and what to do."""

    keys: tuple[str | int, ...]
    message: str
    hint: str | None = None
    code: str = "E013"
    also: tuple[str | int, ...] | None = None  # a second place, keys below the component


@dataclass(frozen=True)
class Surroundings:
    """What a component may know of the rest of the file when it checks itself."""

    start: int  # ordinal of month 1
    months: int
    regimes: tuple[str, ...]
    has_price: bool
    shocks: tuple[str, ...] = ()
    tables: Mapping[str, Any] = field(default_factory=dict)


class Component(BaseModel):
    """Frozen, strict, closed. `family` is the table of the file it stands in; `attaches` that of its host."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, arbitrary_types_allowed=True
    )

    family: ClassVar[str]
    tag: ClassVar[str]
    attaches: ClassVar[str | None] = None
    order: ClassVar[int] = 50  # of building among the clauses of one host: who says how long it lasts comes first
    example: ClassVar[str] = ""  # tables that use it, as a file writes them
    SHOCKS: ClassVar[tuple[str, ...]] = ()  # roles that may stand in the dependence table as NAME.ROLE

    @property
    def decided_once(self) -> tuple[str, ...]:
        """Roles of what is decided once a path by a uniform of its own."""
        return ()

    def build(self, b: Builder, host: Any = None) -> None:
        raise TypeError(f"{type(self).__name__} has no law")

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        return ()

    def in_words(self, say: Any) -> Iterable[str]:
        """The component in plain words, a sentence each; `say(x, 'money')` writes numbers."""
        return ()


REGISTRY: dict[str, dict[str, type[Component]]] = {}
ATTACHED: dict[str, dict[str, type[Component]]] = {}
C = TypeVar("C", bound=type[Component])


def register(cls: C) -> C:
    """Put a component under its family and tag (for a clause: under its host's family and its table name)."""
    shelf = ATTACHED.setdefault(cls.attaches, {}) if cls.attaches else REGISTRY.setdefault(cls.family, {})
    if cls.tag in shelf:
        raise TypeError(f"two components of {cls.family} call themselves {cls.tag!r}: {shelf[cls.tag]} and {cls}")
    shelf[cls.tag] = cls
    return cls


def discover() -> dict[str, dict[str, type[Component]]]:
    """All components: every module of `simulator.components` is imported once."""
    root = importlib.import_module("simulator.components")
    for module in pkgutil.walk_packages(root.__path__, root.__name__ + "."):
        importlib.import_module(module.name)
    return REGISTRY


def is_fixed(x: Any, value: float) -> bool:
    """Whether a number is fixed at this value (a distribution or an array over paths never is)."""
    return isinstance(x, int | float) and float(x) == value


def is_zero(x: Any) -> bool:
    return is_fixed(x, 0.0)


def notice_months(days: Any) -> Any:
    """Notice and lock-in: begun months count."""
    return np.ceil(np.asarray(days) / 30.0) if isinstance(days, np.ndarray) else float(-(-float(days) // 30.0))


def cure_months(days: Any) -> Any:
    """Cure: only full months count, because nothing can arrive before the next month-end."""
    return np.floor(np.asarray(days) / 30.0) if isinstance(days, np.ndarray) else float(float(days) // 30.0)
