"""Take-or-pay: the contract is paid by volume, and at least a minimum of the commitment whether used or not.

    paid volume = max(u, α V - carry-forward used)        due = paid volume x fee / V

V is the committed volume of the month (the contract's capacity value as far as it is delivered, dollars at the reference
price), u what is used of it and paid; fee / V is the price of a full month. The minimum serves need after the flat-fee
contracts; volume above it is taken while the contract's price lies below the market's. What is paid and not used, α V - u,
enters a make-up bank: later volume above the minimum comes out of it first, without pay. Volume paid above the minimum
lowers later minima (carry-forward). Both are used oldest first, expire at the close of the n-th month after theirs, and
lapse when the contract ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components.base import (
    MONTH,
    PRICE,
    STRANDED,
    UNCOVERED,
    Ago,
    Builder,
    Component,
    Phase,
    Problem,
    Surroundings,
    is_zero,
    register,
)
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONEY_PER_MONTH, MONTHS, SHARE


@register
class TakeOrPay(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "contracts"
    tag: ClassVar[str] = "take_or_pay"
    order: ClassVar[int] = 4
    example: ClassVar[str] = """\
[revenue]
type = "geometric_brownian"
run_rate = "1B/yr"
volatility = "40 %/yr"

[compute]
need = { start = 0.8, floor = 0.8, decay = "0 /mo" }

[contracts.gpu]
fee = "60M/mo"
start = "2026-11"
end = "2029-05"

[contracts.gpu.take_or_pay]
minimum = "80 %"
capacity = "90M/mo"
make_up = "12 mo"
carry_forward = "6 mo"
"""

    minimum: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)]
    """α: the share of the commitment that is paid in any case."""
    capacity: Annotated[Number, Quantity(MONEY_PER_MONTH, low=0.0)] | None = None
    """The most that can be taken, at the reference price. Default: any amount."""
    make_up: Annotated[Number, Quantity(MONTHS, low=0.0, whole=True, drawn=False)] = 0.0
    """How long paid and unused volume may be taken later; 0 for no such right."""
    carry_forward: Annotated[Number, Quantity(MONTHS, low=0.0, whole=True, drawn=False)] = 0.0
    """How long volume paid above the minimum lowers later minima; 0 for no such right."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if "compute" not in around.tables:
            yield Problem((), "volumes follow need, and there is no [compute]", "add [compute], or a flat fee", "E015")

    def build(self, b: Builder, host: Any = None) -> None:
        contract = b.name.removesuffix(".take_or_pay")
        months = host.window(b, contract)
        b.state(f"{contract}.minimum", self.minimum)
        due, volume = b.flow(f"{contract}.due"), b.flow(f"{contract}.capacity")
        used, stranded = b.flow(f"{contract}.used"), b.flow(f"{contract}.stranded")
        unit = b.flow(f"{b.name}.unit_price")
        free, paid = b.flow(f"{b.name}.from_bank"), b.flow(f"{b.name}.paid_volume")
        bank, carry = b.state(f"{b.name}.make_up_bank", 0.0), b.state(f"{b.name}.carried", 0.0)
        limit: Any = float("inf") if self.capacity is None else self.capacity
        price: Any = PRICE
        b.step(Phase.QUOTED, quote, (due, volume), writes=(unit,), months=months)
        b.step(
            Phase.DISPATCH + 1,
            serve_minimum,
            (UNCOVERED, volume, self.minimum, limit),
            writes=(UNCOVERED, used, stranded),
            adds=(STRANDED,),
            months=months,
        )
        b.step(
            Phase.DISPATCH + 2,
            serve_above,
            (UNCOVERED, volume, self.minimum, limit, unit, price, bank, used),
            writes=(UNCOVERED, used, free),
            months=months,
        )
        b.step(
            Phase.TAKE_OR_PAY,
            charge,
            (volume, self.minimum, used, free, unit, carry),
            writes=(due, paid, f"{b.name}.carry_used"),
            months=months,
        )
        b.flow(f"{b.name}.carry_used")
        last, banked = b.state(f"{contract}.last", host.end_by_path(b, contract)), (months[0], b.months)
        unused, above = b.flow(f"{b.name}.unused"), b.flow(f"{b.name}.above")
        b.step(Phase.TAKE_OR_PAY, settle, (volume, self.minimum, used, free), writes=(unused, above), months=months)
        for account, deposit, taken, life in (
            (bank, unused, free, self.make_up),
            (carry, above, f"{b.name}.carry_used", self.carry_forward),
        ):
            if is_zero(life):
                continue
            given = b.state(f"{account}.given", 0.0)
            gone = b.state(f"{account}.gone", 0.0)
            # cumulative: oldest first means that what is gone is always the oldest part of what was given
            b.step(Phase.TAKE_OR_PAY, plus, (given, deposit), writes=(given,), months=months)
            expired = Ago(given, int(life))
            b.step(
                Phase.TAKE_OR_PAY,
                expire,
                (MONTH, last, gone, taken, expired, given),
                writes=(gone, account),
                months=banked,
            )
        b.monthly(bank, f"{contract.split('.', 1)[1]}.make_up_bank", "$ at reference price")

    def in_words(self, say: Any) -> Iterable[str]:
        rights = [] if is_zero(self.make_up) else [f"unused volume may be taken within {say(self.make_up, 'months')}"]
        if not is_zero(self.carry_forward):
            rights.append(f"volume above it lowers later minima for {say(self.carry_forward, 'months')}")
        yield (
            f"Paid by volume, at least {say(self.minimum, '%')} of the commitment"
            + "".join(f"; {r}" for r in rights)
            + "."
        )


def quote(due: float, volume: float) -> float:
    return due / volume if volume > 0.0 else 0.0


def serve_minimum(uncovered: float, volume: float, minimum: float, limit: float) -> tuple[float, float, float, float]:
    promised = min(minimum * volume, limit)
    used = min(uncovered, promised)
    return uncovered - used, used, promised - used, promised - used


def serve_above(
    uncovered: float, volume: float, minimum: float, limit: float, unit: float, price: float, bank: float, used: float
) -> tuple[float, float, float]:
    room = max(0.0, limit - minimum * volume) if volume > 0.0 else 0.0
    free = min(uncovered, bank, room)
    more = min(uncovered - free, room - free) if unit < price else 0.0
    return uncovered - free - more, used + free + more, free


def charge(
    volume: float, minimum: float, used: float, free: float, unit: float, carry: float
) -> tuple[float, float, float]:
    taken = used - free
    short = max(0.0, minimum * volume - taken)
    lowered = min(carry, short)
    paid = taken + short - lowered
    return paid * unit, paid, lowered


def settle(volume: float, minimum: float, used: float, free: float) -> tuple[float, float]:
    taken = used - free
    return max(0.0, minimum * volume - taken), max(0.0, taken - minimum * volume)


def plus(x: float, y: float) -> float:
    return x + y


def expire(
    month: int, last: float, gone: float, taken: float, given_before: float, given: float
) -> tuple[float, float]:
    gone = max(gone + taken, given_before) if month <= last else given  # lapsed with the contract
    return gone, given - gone
