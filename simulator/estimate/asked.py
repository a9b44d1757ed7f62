"""Figures that can be asked for by name: `pd(24)`, `runway.p50`, `peak_need.p90`, `expected_loss(xai)`, `cash.p05(12)`.

    NAME[.STATISTIC][(ARGUMENT)]       STATISTIC: mean, or a quantile p1 … p99

One registry for everything that asks (`compare`, `sweep`, `solve`, `stress`). A figure is read off numbers by path and has the
same value and interval as in a run's report.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from simulator.engine import ledger
from simulator.estimate import intervals
from simulator.estimate.figures import FUNDING_EVENTS
from simulator.estimate.intervals import Estimate
from simulator.quantities.distribution import Array
from simulator.quantities.units import MONEY, NUMBER, SHARE, Dimension, QuantityError
from simulator.scenario.diagnostics import near

STATISTIC = re.compile(r"mean|p\d{1,2}")
PATTERN = re.compile(
    r"\s*(?P<name>[a-z_]+)\s*(?:\.\s*(?P<before>mean|p\d{1,2}))?\s*(?:\((?P<arguments>[^()]*)\))?"
    r"\s*(?:\.\s*(?P<after>mean|p\d{1,2}))?\s*"
)
COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
SHARE_OF_PATHS, MEAN, RESTRICTED, AT_RISK = "share", "mean", "restricted mean", "at risk"


class Sample(Protocol):
    """Paths of a run, those that are not a number left out."""

    @property
    def months(self) -> int: ...

    @property
    def cash_flow_target(self) -> float | None: ...

    @property
    def column_names(self) -> tuple[str, ...]: ...

    def column(self, name: str) -> Array:
        """A column of `paths`, shape (paths,)."""
        ...

    def row(self, metric: str, month: int) -> Array:
        """A figure of the tables `months` and `contracts` (`cash`, `xai.firm`) in a month, shape (paths,)."""
        ...


Read = Callable[..., Array]


@dataclass(frozen=True)
class Family:
    """What can be asked under one name."""

    meaning: str
    dimension: Dimension
    read: Read  # (sample, figure) -> by path
    argument: str = ""  # MONTH, CONTRACT or CREDITOR
    optional: bool = False  # whether the argument may be left out
    plain: str | None = MEAN  # the statistic if none is written; None: one must be
    statistics: bool = True  # whether another one may be written
    metric: str = ""  # the row by month it needs


@dataclass(frozen=True)
class Asked:
    """A figure, as parsed by `figure`."""

    name: str
    argument: str | None
    statistic: str  # mean, share, p50, …

    @property
    def family(self) -> Family:
        return FAMILIES[self.name]

    @property
    def text(self) -> str:
        stated = MEAN if self.statistic == RESTRICTED else self.statistic
        shown = "" if stated == self.family.plain else f".{stated}"
        return f"{self.name}{shown}" + (f"({self.argument})" if self.argument is not None else "")

    @property
    def dimension(self) -> Dimension:
        return self.family.dimension

    @property
    def quantile(self) -> float | None:
        return int(self.statistic[1:]) / 100 if re.fullmatch(r"p\d+", self.statistic) else None

    @property
    def rows(self) -> tuple[tuple[str, int], ...]:
        """(metric, month) of every row by month that the figure reads."""
        if not self.family.metric:
            return ()
        if self.family.argument == "MONTH":
            return ((self.family.metric, int(self.argument or 0)),)
        return ((f"{self.argument}.{self.family.metric}", 0),)

    def check(self, months: int, contracts: tuple[str, ...], creditors: tuple[str, ...]) -> None:
        """Raises QuantityError where a scenario has no such month, contract or creditor."""
        if self.argument is None:
            return
        if self.family.argument == "MONTH":
            if not 1 <= int(self.argument) <= months:
                raise QuantityError(f"`{self.argument}` in {self.text} is not a month from 1 to {months}")
            return
        known = contracts if self.family.argument == "CONTRACT" else creditors
        if self.argument not in known:
            hint, kind = near(self.argument, known), self.family.argument.lower()
            listed = f"{kind}s: " + ", ".join(known) if known else f"the scenario has no {kind}"
            raise QuantityError(
                f"there is no {kind} `{self.argument}` in {self.text}", f"did you mean `{hint}`?" if hint else listed
            )

    def values(self, sample: Sample) -> Array:
        """By path; what never happens within the horizon is infinite, unless a mean is restricted to it."""
        found = np.asarray(self.family.read(sample, self), dtype=np.float64)
        return np.minimum(found, float(sample.months)) if self.statistic == RESTRICTED else found

    def estimate(self, sample: Sample) -> Estimate:
        """Value and 95 % interval, the same as a run reports."""
        values = self.values(sample)
        n = values.size
        if self.statistic == SHARE_OF_PATHS:
            return intervals.share(int(values.sum()), n)
        if self.quantile is not None:
            ordered = np.sort(values)
            return intervals.quantile(lambda rank: float(ordered[rank - 1]), n, self.quantile)
        if self.statistic == AT_RISK:
            ordered = np.sort(values)
            low = intervals.quantile(lambda rank: float(ordered[rank - 1]), n, 0.05)
            target = sample.cash_flow_target
            spread = float(((values - values.mean()) ** 2).sum())
            centre = (
                intervals.mean(float(values.mean()), spread, n) if target is None else Estimate(target, target, target)
            )
            value, error = centre.value - low.value, centre.high - centre.value  # as in a report (figures.py)
            below, above = math.hypot(low.high - low.value, error), math.hypot(low.value - low.low, error)
            return Estimate(value, value - below, value + above)
        average = float(values.mean()) if n else math.nan
        squares = float(((values - average) ** 2).sum())
        if self.statistic == RESTRICTED:
            return intervals.bounded_mean(average, squares, n, float(sample.months))
        return intervals.mean(average, squares, n)


# --- what there is -----------------------------------------------------------------------------------------------------


def defaults(sample: Sample) -> npt.NDArray[np.bool_]:
    """Whether a path ends in default, by path."""
    return np.asarray(sample.column("cause") > ledger.NAN_CODE)


def _default_by(sample: Sample, figure: Asked) -> Array:
    month = sample.months if figure.argument is None else int(figure.argument)
    return np.asarray(defaults(sample) & (sample.column("end_month") <= month), dtype=np.float64)


def _breach_by(sample: Sample, figure: Asked) -> Array:
    month = sample.months if figure.argument is None else int(figure.argument)
    first = sample.column("first_breach_month")
    return np.asarray((first > 0) & (first <= month), dtype=np.float64)


def _funded(sample: Sample, _: Asked) -> Array:
    return np.where(defaults(sample), sample.column("end_month"), math.inf)


def _unfunded(sample: Sample, figure: Asked) -> Array:
    breach = sample.column("shadow_breach_month")
    return np.asarray(np.minimum(np.where(breach > 0, breach, math.inf), _funded(sample, figure)))


def _column(name: str, otherwise: str = "") -> Read:
    def read(sample: Sample, _: Asked) -> Array:
        if name not in sample.column_names:
            raise QuantityError(otherwise or f"this scenario has no {name}")
        return sample.column(name)

    return read


def _of_contract(suffix: str) -> Read:
    return lambda sample, figure: sample.column(f"{figure.argument}.{suffix}")


def _of_creditors(suffix: str) -> Read:
    def read(sample: Sample, figure: Asked) -> Array:
        ends = f".{suffix}" if figure.argument is None else f"{figure.argument}.{suffix}"
        names = [n for n in sample.column_names if (n.endswith(ends) if figure.argument is None else n == ends)]
        if not names:
            raise QuantityError(f"{figure.text}: nobody has a claim that could be lost", "[recovery] says what is lost")
        return np.asarray(sum(sample.column(name) for name in names))

    return read


def _row(sample: Sample, figure: Asked) -> Array:
    return sample.row(*figure.rows[0])


def _any_of(event: str) -> Read:
    def read(sample: Sample, _: Asked) -> Array:
        names = [name for name in sample.column_names if name.endswith(FUNDING_EVENTS[event])]
        if not names:
            raise QuantityError(f"this scenario has nothing that could count as {event.replace('_', ' ')}")
        return np.asarray(sum(sample.column(name) for name in names) > 0, dtype=np.float64)

    return read


NOT_VALUED = "no round or offering of this scenario is valued; give it a `multiple`"
FAMILIES: dict[str, Family] = {
    "pd": Family("share of paths in default by the month", SHARE, _default_by, "MONTH", True, SHARE_OF_PATHS, False),
    "breach": Family(
        "share of paths with a covenant breached", SHARE, _breach_by, "MONTH", True, SHARE_OF_PATHS, False
    ),
    "runway": Family("month of default", NUMBER, _funded, plain=None),
    "unfunded_runway": Family("month without uncommitted money", NUMBER, _unfunded, plain=None),
    "peak_need": Family("money at the opening that was lacking", MONEY, _column("peak_need")),
    "lowest_liquidity": Family("lowest close", MONEY, _column("lowest_liquidity")),
    "cash": Family("cash at the close of the month", MONEY, _row, "MONTH", metric="cash"),
    "liquidity": Family("cash and what may be drawn", MONEY, _row, "MONTH", metric="liquidity"),
    "run_rate": Family("revenue run-rate", MONEY, _row, "MONTH", metric="run_rate"),
    "price": Family("price index of compute", NUMBER, _row, "MONTH", metric="price"),
    "cash_flow_at_risk": Family(
        "of the first year", MONEY, _column("shadow_flow_12m"), plain=AT_RISK, statistics=False
    ),
    "raised": Family("money raised by the horizon", MONEY, _column("raised")),
    "dilution": Family("share of the company given up", SHARE, _column("dilution", NOT_VALUED)),
    "down_round": Family(
        "share of paths with one", SHARE, _any_of("down_rounds"), plain=SHARE_OF_PATHS, statistics=False
    ),
    "refinancing_failed": Family(
        "share of paths with one", SHARE, _any_of("refinancing_failed"), plain=SHARE_OF_PATHS, statistics=False
    ),
    "expected_loss": Family("what creditors lose by the horizon", MONEY, _of_creditors("loss"), "CREDITOR", True),
    "exposure_at_default": Family("over all paths", MONEY, _of_creditors("exposure_at_default"), "CREDITOR", True),
    "paid": Family("paid to the contract by the horizon", MONEY, _of_contract("paid"), "CONTRACT"),
    "stranded": Family("paid for and not used", MONEY, _of_contract("stranded"), "CONTRACT"),
    "firm": Family("firm exposure at the opening", MONEY, _row, "CONTRACT", metric="firm"),
    "headline": Family("headline exposure at the opening", MONEY, _row, "CONTRACT", metric="headline"),
}
RUNWAYS = ("runway", "unfunded_runway")


def figure(text: str) -> Asked:
    """The figure of a text. `runway(p50)` and `cash(p5, 12)` are read as well. Raises QuantityError with what to write."""
    match = PATTERN.fullmatch(text)
    if match is None:
        raise QuantityError(f"{text!r} is not a figure", "write for example pd(24), runway.p50 or expected_loss(xai)")
    name = match["name"]
    if name not in FAMILIES:
        hint = near(name, FAMILIES)
        raise QuantityError(f"there is no figure `{name}`", f"did you mean `{hint}`?" if hint else listed())
    family = FAMILIES[name]
    parts = [part.strip() for part in (match["arguments"] or "").split(",") if part.strip()]
    written = [s for s in (match["before"], match["after"]) if s]
    if parts and STATISTIC.fullmatch(parts[0]) and family.statistics:
        written.append(parts.pop(0))
    form = f"write {_form(name)}"
    if len(written) > 1 or len(parts) > 1 or (parts and not family.argument):
        raise QuantityError(f"{text!r} says too much for {name}", form)
    if (written and not family.statistics) or (not written and family.plain is None):
        raise QuantityError(
            f"{text!r} does not say which {name}" if not written else f"{name} has no {written[0]}", form
        )
    if family.argument and not parts and not family.optional:
        raise QuantityError(f"{text!r} does not say which {name}", form)
    if family.argument == "MONTH" and parts and not (parts[0].isascii() and parts[0].isdigit()):
        raise QuantityError(f"`{parts[0]}` in {text!r} is not the number of a month", form)
    statistic = _normal(written[0], text) if written else family.plain
    if statistic == MEAN and name in RUNWAYS:
        statistic = RESTRICTED
    argument = parts[0] if parts else None
    if argument is not None and family.argument == "MONTH":
        argument = str(int(argument))
    return Asked(name, argument, str(statistic))


def _normal(statistic: str, text: str) -> str:
    if statistic == MEAN:
        return MEAN
    if not 1 <= int(statistic[1:]) <= 99:
        raise QuantityError(f"a quantile in {text!r} lies outside p1 … p99")
    return f"p{int(statistic[1:])}"


def _form(name: str) -> str:
    family = FAMILIES[name]
    statistic = "" if not family.statistics else ".p50" if family.plain is None else "[.p50]"
    argument = f"({family.argument})" if family.argument else ""
    return f"{name}{statistic}{f'[{argument}]' if family.optional else argument}"


def listed() -> str:
    """All figures that can be asked for, on one line."""
    return "figures: " + ", ".join(_form(name) for name in FAMILIES)


@dataclass(frozen=True)
class Limit:
    """`FIGURE (>|>=|<|<=) VALUE`, as in 'pd(24) <= 5%'."""

    figure: Asked
    operator: str
    value: float
    written: str  # the value, as written

    @property
    def text(self) -> str:
        return f"{self.figure.text} {self.operator} {self.written}"

    @property
    def at_most(self) -> bool:
        return self.operator.startswith("<")

    def kept(self, value: float) -> bool:
        return COMPARED[self.operator](value, self.value)


def limit(text: str) -> Limit:
    """Raises QuantityError with what to write instead."""
    match = re.fullmatch(r"(?P<figure>[^<>]+?)(?P<operator><=|>=|<|>)\s*(?P<value>[^<>=]+?)\s*", text)
    if match is None:
        raise QuantityError(f"{text!r} is not a limit", "write for example 'pd(24) <= 5%'")
    asked = figure(match["figure"])
    written: Any = match["value"].strip()
    plain = written.removesuffix("mo").strip() if asked.dimension is NUMBER else written
    number, unit = asked.dimension.parse(plain)
    return Limit(asked, match["operator"], asked.dimension.convert(number, unit), written)
