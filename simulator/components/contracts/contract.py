"""A compute contract: a counterparty, a term, a fee schedule; clauses stand in tables of their own below it.

    fee due in month m = scale x (scheduled amount x ramp, as amended) x (1 + escalator)^⌊(m - s)/12⌋, from start to end
    scheduled amount = the fee, or the latest step, or the schedule's amount of m

An amendment is signed with a probability, drawn once a path. From its month on it replaces the amount (`fee`) or changes it
(`change`), and may move the end; several act in the order of the file. Months that it adds are at the amount that holds at the
old end (of a schedule: at what it lists for them, else at its last), unless the amendment says another.

Capacity is `capacity_value`, else the scheduled fee: dollars at the reference price. Need is served in file order; what is
paid for and not used is stranded. Exposures at the close of m, undiscounted and without arrears: headline = dues of
m+1 … end; firm = what would be owed if the buyer gave notice now (headline where the buyer has no right to leave).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from simulator.components.amendment import Amendment
from simulator.components.base import (
    MONTH,
    NEED,
    RECOVERY,
    STRANDED,
    UNCOVERED,
    Builder,
    Component,
    Month,
    Phase,
    Problem,
    Series,
    Surroundings,
    cure_months,
    is_fixed,
    is_zero,
    month_label,
    register,
)
from simulator.components.exposure import expose
from simulator.components.sides import SIDES
from simulator.components.term import continued, cumulated, look_up, months_into, renewed_price
from simulator.mathematics import arrays
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import DURATION, INTEREST, MONEY, MONEY_PER_MONTH, NUMBER, SHARE, UNIT_PRICE

Fee = Annotated[Number, Quantity(MONEY_PER_MONTH, low=0.0)]


@register
class Contract(Component):
    family: ClassVar[str] = "contracts"
    tag: ClassVar[str] = "contract"
    example: ClassVar[str] = """\
[contracts.gpu]
counterparty = "A supplier"
fee = "120M/mo"
start = "2026-11"
end = "2029-05"
ramp = { "2026-11" = 0.64, "2026-12" = 0.64 }
"""

    counterparty: str | None = None
    """Who supplies, for people."""
    fee: Fee | None = None
    """Due every month of the term; or give a `schedule`."""
    start: Month | None = None
    """First month that is due; may lie before month 1. Default with a schedule: its first month."""
    end: Month | None = None
    """Last month that is delivered and due. Default with a schedule: its last month."""
    steps: dict[Month, Fee] = Field(default_factory=dict)
    """Other fees from these months on."""
    ramp: dict[Month, Annotated[Number, Quantity(NUMBER, low=0.0)]] = Field(default_factory=dict)
    """Factors on the fee in these months."""
    schedule: dict[Month, Fee] | None = None
    """An amount for each month, written out or from a CSV file."""
    amendments: dict[str, Amendment] = Field(default_factory=dict)
    """Named amendments, dated and with a probability."""
    escalator: Annotated[Number, Quantity(INTEREST)] = 0.0
    """Raises the fee every twelve months from the start."""
    scale: Annotated[Number, Quantity(NUMBER, low=0.0)] = 1.0
    """All amounts times this."""
    capacity_value: Fee | None = None
    """What the capacity is worth a month at the reference price. Default: the scheduled fee."""
    unit_price: Annotated[Number, Quantity(UNIT_PRICE, low=0.0, open_low=True)] | None = None
    """The contract's price of a GPU-hour."""
    market_unit_price: Annotated[Number, Quantity(UNIT_PRICE, low=0.0, open_low=True)] | None = None
    """The market's price of a GPU-hour of the same kind where the price index is 1."""
    rank: Annotated[int, Field(ge=1, le=5)] = 3
    """1 … 5, paid in this order: operating 1, lines 2, contracts 3."""
    cure: Annotated[Number, Quantity(DURATION, low=0.0, whole=True)] | None = None
    """How long its dues may stay unpaid. Default: as in [default]."""
    late_interest: Annotated[Number, Quantity(INTEREST, low=0.0)] | None = None
    """On arrears. Default: as in [default]."""
    mitigation: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)] = 0.0
    """Share of the firm exposure that the supplier saves after a default, by letting the capacity again."""
    recovery: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0, draws_as=RECOVERY)] | None = None
    """Share of its uncovered claim that the supplier recovers after a default. Default: as in [recovery]."""
    arrears: Annotated[Number, Quantity(MONEY, low=0.0)] = 0.0
    """Owed and unpaid at the opening."""
    arrears_months: Annotated[int, Field(ge=0, le=600)] = 1
    """For how many month-ends, the opening included: where the cure clock stands."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if (self.fee is None) == (self.schedule is None):
            both = self.fee is not None
            yield Problem(
                ("schedule",) if both else (),
                "a contract has either a fee or a schedule" + (", not both" if both else ""),
                "delete one of them"
                if both
                else 'write fee = "1.25B/mo" or schedule = { csv = "file.csv", column = "name" }',
                "E013" if both else "E012",
                ("fee",) if both else None,
            )
        if self.schedule is None:
            for key in ("start", "end"):
                if getattr(self, key) is None:
                    yield Problem((), f"a contract with a fee needs `{key}`", f'write {key} = "2029-05"', "E012")
        elif not self.schedule:
            yield Problem(("schedule",), "the schedule is empty")
        if self.schedule is not None and self.steps:
            yield Problem(
                ("steps",), "steps change a fee; this contract has a schedule", "put the steps into the schedule"
            )
        first, last = self.term_or_none()
        if first is not None and last is not None:
            if last < first:
                yield Problem(
                    ("end",),
                    f"the contract ends ({month_label(last)}) before it starts ({month_label(first)})",
                    also=("start",) if self.start is not None else None,
                )
            else:
                for key in ("ramp", "steps"):
                    for month in getattr(self, key):
                        if not first <= month <= last:
                            yield Problem(
                                (key, month_label(month)),
                                f"{month_label(month)} lies outside the term, {month_label(first)} to {month_label(last)}",
                            )

        for name, change in self.amendments.items():
            yield from change.faults(("amendments", name), first)

    def term_or_none(self) -> tuple[int | None, int | None]:
        listed = sorted(self.schedule) if self.schedule else [None]
        return self.start if self.start is not None else listed[0], self.end if self.end is not None else listed[-1]

    def term(self, b: Builder) -> tuple[int, int]:
        """First month and last month that any path may have, as month numbers; the first may be 0 or negative."""
        first, last = self.term_or_none()
        if first is None or last is None:
            raise ValueError(f"{b.name} has no term")
        ends = [x.end for x in self.amendments.values() if x.end is not None and not is_zero(x.probability)]
        return first - b.start, max([last, *ends]) - b.start

    def signed(self, b: Builder, contract: str) -> dict[str, Any]:
        """By amendment: 1 on the paths that sign it, else 0."""
        found = {}
        for name, change in self.amendments.items():
            if is_fixed(change.probability, 1.0) or is_zero(change.probability):
                found[name] = change.probability
            else:
                u = b.once(f"amendments.{name}", name=contract)
                found[name] = np.where(np.asarray(u) < change.probability, 1.0, 0.0)[()]
        return found

    def end_by_path(self, b: Builder, contract: str) -> Any:
        """The last month as a month number, or an array of them where an amendment may move it."""
        _, last = self.term_or_none()
        end: Any = float((last or 0) - b.start)
        for name, signed in self.signed(b, contract).items():
            moved = self.amendments[name].end
            if moved is not None:
                end = signed * float(moved - b.start) + (1.0 - signed) * end
        return end

    def last_month(self, b: Builder, contract: str) -> Any:
        """The last month that is delivered and due: a number, or a slot where it differs by path or may still move."""
        slot, end = f"{contract}.last", self.end_by_path(b, contract)
        if b.is_written(slot):
            return slot
        return b.state(slot, end) if isinstance(end, np.ndarray) else end

    def escalated(self, b: Builder, contract: str, months: int) -> list[Any]:
        """The factor of the escalator by month from 0: (1 + e)^floor((m - s) / 12), e a year, s the start of the term."""
        first, _ = self.term(b)
        renewed = b.told(f"{contract}.renewal")
        end, term = (self.end_by_path(b, contract), renewed[0]) if renewed else (None, None)
        return [
            arrays.power(1.0 + self.escalator, b.year * (months_into(m, first, end, term) // b.year))
            for m in range(months)
        ]

    def window(self, b: Builder, contract: str) -> tuple[int, int]:
        """First and last month of the horizon in which the contract may run on any path, renewed or not."""
        first, last = self.term(b)
        return max(1, first), b.months if b.told(f"{contract}.renewal") else min(b.months, last)

    def price_level(self, b: Builder, contract: str) -> tuple[Any, Any]:
        """(escalator by month, slot or 1): their product is the fee now over the base fee, quantities apart."""
        factor = f"{contract}.fee_factor"
        level = 1.0 if is_zero(self.escalator) else Series(self.escalated(b, contract, b.months + 1))
        return level, factor if b.is_written(factor) else 1.0

    def dues(self, b: Builder, contract: str) -> tuple[Any, list[Any]]:
        """(level, shape): the fee of month m is level x shape[m], m = 0 … the later of horizon and end."""
        level, shape = self.scheduled(b, contract)
        if is_zero(self.escalator):
            return level, shape
        return level, [x * e for x, e in zip(shape, self.escalated(b, contract, len(shape)), strict=True)]

    def owed(self, b: Builder, contract: str) -> tuple[Any, list[Any]]:
        """(level, sums): the fees of months 1 … m come to level x sums[m]."""
        level, shape = self.dues(b, contract)
        return level, cumulated(shape)

    def owed_in_term(self, b: Builder, contract: str) -> Any:
        """The fees from month 1 to the end, without those of renewals."""
        level, sums = self.owed(b, contract)
        return level * look_up(sums, np.maximum(self.end_by_path(b, contract), 0.0))

    def scheduled(self, b: Builder, contract: str) -> tuple[Any, list[Any]]:
        """The same before the escalator: what the capacity is worth."""
        first, last = self.term(b)
        _, plain_last = self.term_or_none()
        signed = self.signed(b, contract)
        varying = self.schedule is not None or bool(self.steps) or bool(signed)
        level: Any = self.scale if varying or self.fee is None else self.scale * self.fee
        ends: Any = self.end_by_path(b, contract) if signed else float(last)
        shape: list[Any] = []
        for m in range(max(b.months, last) + 1):
            month = m + b.start
            if not max(first, 1) <= m <= last:
                shape.append(0.0)
                continue
            if self.schedule is not None:
                amount: Any = self.schedule.get(month, 0.0)
                if plain_last is not None and month > plain_last:  # added by an amendment: the last amount goes on
                    amount = self.schedule.get(month, self.schedule.get(plain_last, 0.0))
            elif self.steps:
                begun = [k for k in self.steps if k <= month]
                amount = self.steps[max(begun)] if begun else self.fee
            else:
                amount = self.fee if varying else 1.0
            amount = amount * self.ramp.get(month, 1.0)
            for name, is_signed in signed.items():
                amount = self.amendments[name].amended(amount, month, is_signed)
            shape.append(amount * np.where(m <= np.asarray(ends), 1.0, 0.0)[()] if signed else amount)
        for term in b.told(f"{contract}.renewal"):  # the quantity of the last month goes on
            shape = continued(shape, ends, b.months + int(term))
        return level, shape

    @property
    def decided_once(self) -> tuple[str, ...]:
        return tuple(f"amendments.{name}" for name in self.amendments)

    def build(self, b: Builder, host: Any = None) -> None:
        level, shape = self.dues(b, b.name)
        due, capacity, used, stranded = (b.flow(f"{b.name}.{x}") for x in ("due", "capacity", "used", "stranded"))
        months = self.window(b, b.name)
        end = self.last_month(b, b.name)
        leaves = isinstance(end, str)
        if not leaves:  # an amendment that is sure may end the contract before its term
            months = (months[0], min(months[1], int(end)))
        fee = Series(shape[: b.months + 1])
        price: Any = renewed_price(b, b.name)
        worth: Any = due if self.capacity_value is None else self.capacity_value
        if self.capacity_value is None and not (is_zero(self.escalator) and is_fixed(price, 1.0)):
            worth = b.flow(f"{b.name}.worth")
            plain = Series(self.scheduled(b, b.name)[1][: b.months + 1])
            b.step(Phase.FEES, charge, (level, plain), writes=(worth,), months=months)
        if leaves:
            b.step(Phase.FEES, charge_until, (MONTH, f"{b.name}.last", level, fee, price), writes=(due,), months=months)
            b.step(Phase.FEES, deliver_until, (MONTH, f"{b.name}.last", worth), writes=(capacity,), months=months)
        else:
            b.step(Phase.FEES, charge, (level, fee), writes=(due,), months=months)
            b.step(Phase.FEES, deliver, (worth,), writes=(capacity,), months=months)
        if b.is_written(f"{b.name}.minimum"):
            pass  # take-or-pay serves and charges by volume
        elif b.is_written(NEED):
            b.step(
                Phase.DISPATCH,
                serve,
                (UNCOVERED, capacity),
                writes=(UNCOVERED, used, stranded),
                adds=(STRANDED,),
                months=months,
            )
        else:  # nothing says how much compute is needed: the capacity counts as used
            b.step(Phase.DISPATCH, deliver, (capacity,), writes=(used,), months=months)
        b.claim(
            b.name,
            "contract",
            self.rank,
            None if self.cure is None else cure_months(self.cure),
            self.late_interest,
            self.arrears,
            0.0 if is_zero(self.arrears) else float(self.arrears_months),
        )
        b.due(due, b.name)
        if b.is_written(f"{b.name}.side"):
            b.final(f"{b.name}.side", f"{b.short}.notice_side", SIDES, "code")
        _, factor = self.price_level(b, b.name)  # index and reopener as they stand, kept for all months to come
        headline, firm = expose(b, b.name, level, cumulated(shape), self.end_by_path(b, b.name), factor)
        relet = f"{b.name}.relet"  # firm exposure less what letting the capacity again brings
        if b.is_written(relet):
            b.exposure(b.name, relet, 0.0, self.recovery)
        else:
            b.exposure(b.name, firm, self.mitigation, self.recovery)
        b.contract_view(
            {
                "due": f"{b.name}.due",
                "paid": f"{b.name}.paid",
                "arrears": f"{b.name}.arrears",
                "capacity": f"{b.name}.capacity",
                "used": f"{b.name}.used",
                "stranded": f"{b.name}.stranded",
                "firm": firm,
                "headline": headline,
            }
        )

    def in_words(self, say: Any) -> Iterable[str]:
        first, last = self.term_or_none()
        term = f"{month_label(first)} to {month_label(last)}" if first is not None and last is not None else "no term"
        what = "a fee schedule" if self.fee is None else f"a fee of {say(self.fee, '$/mo')}"
        scaled = "" if self.scale == 1.0 else f", scaled by {say(self.scale, '')}"
        whom = f" with {self.counterparty}" if self.counterparty else ""
        yield f"Contract{whom}: {what}{scaled}, {term}, rank {self.rank}."
        if self.ramp:
            yield (
                "Reduced months: "
                + ", ".join(f"{month_label(k)} x {say(v, '')}" for k, v in sorted(self.ramp.items()))
                + "."
            )
        for change in self.amendments.values():
            yield from change.in_words(say)
        if not is_zero(self.arrears):
            yield f"In arrears at the opening: {say(self.arrears, '$')}."
        if self.steps:
            yield (
                "Steps: "
                + ", ".join(f"{say(v, '$/mo')} from {month_label(k)}" for k, v in sorted(self.steps.items()))
                + "."
            )


def charge(level: float, shape: float) -> float:
    return level * shape


def charge_until(month: int, last: float, level: float, shape: float, price: float) -> float:
    return level * shape * price if month <= last else 0.0


def deliver(value: float) -> float:
    return value


def deliver_until(month: int, last: float, value: float) -> float:
    return value if month <= last else 0.0


def serve(uncovered: float, capacity: float) -> tuple[float, float, float, float]:
    used = min(uncovered, capacity)
    stranded = capacity - used
    return uncovered - used, used, stranded, stranded
