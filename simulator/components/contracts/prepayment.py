"""Prepayment: a share of all scheduled dues is due in the contract's first month and credited against later fees.

    prepaid P = share x Σ scheduled dues, or the credit that is left at the opening
    entitled by month m of the crediting months a … b:  P x (m - a + 1) / (b - a + 1)
    credit of m = min(fee of m, entitled by m - credited before)

A prepayment is credited against later fees: without `credit_from` from the month after it is paid (a credit of the opening from
the contract's first, or month 1), without `credit_until` to the contract's end, on each path its own. What a month's fee could
not take is carried on. Unused credit is lost when the buyer leaves or the term ends, and returned in
the last month of a notice of the supplier; of a supplier that fails a share is recovered; a renewal carries it on. Exposures
are net of unused credit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np

from simulator.components.base import (
    MONTH,
    UNTAXED,
    Builder,
    Component,
    Month,
    Phase,
    Problem,
    Surroundings,
    is_zero,
    month_label,
    register,
)
from simulator.components.sides import FAILED, SUPPLIER
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONEY, SHARE


@register
class Prepayment(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "contracts"
    tag: ClassVar[str] = "prepayment"
    example: ClassVar[str] = """\
[contracts.gpu]
fee = "120M/mo"
start = "2026-12"
end = "2029-05"

[contracts.gpu.prepayment]
share = "10 %"
credit_from = "2027-06"
credit_until = "2028-05"
"""

    share: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)] = 0.0
    """Of all scheduled dues of the contract, due in its first month."""
    opening_credit: Annotated[Number, Quantity(MONEY, low=0.0)] = 0.0
    """Paid before month 1 and not yet credited."""
    credit_from: Month | None = None
    """The first month in which credit is given. Default: the month after the prepayment is due; for a credit of the opening the
    contract's first, or month 1."""
    credit_until: Month | None = None
    """The last month over which credit is spread evenly. Default: the contract's last."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        first, last = host.term_or_none()
        if is_zero(self.share) and is_zero(self.opening_credit):
            yield Problem((), "a prepayment has a share or an opening credit", 'share = "20 %"', "E012")
        if not is_zero(self.share) and first is not None and first < around.start:
            hint = 'write what is left of it: opening_credit = "2B"'
            yield Problem(("share",), "the contract began before month 1: its prepayment has been made", hint)
        begin = self.credit_from if self.credit_from is not None else first
        until = self.credit_until if self.credit_until is not None else last
        if begin is not None and until is not None and until < begin:
            yield Problem(
                ("credit_until",), f"credit ends ({month_label(until)}) before it begins ({month_label(begin)})"
            )

    def build(self, b: Builder, host: Any = None) -> None:
        contract = b.name.removesuffix(".prepayment")
        first, _ = host.term(b)
        total = host.owed_in_term(b, contract)
        due, credit = b.flow(f"{contract}.due"), b.state(f"{contract}.credit", self.opening_credit)
        pays = not is_zero(self.share) and 1 <= first <= b.months
        own_end = host.end_by_path(b, contract)
        begin: Any = np.maximum(1.0, np.minimum(first + 1.0 if pays else float(first), own_end))
        if self.credit_from is not None:
            begin = max(1.0, float(self.credit_from - b.start))
        until = np.maximum(begin, own_end if self.credit_until is None else float(self.credit_until - b.start))
        prepaid = self.opening_credit + self.share * total
        given, window = b.flow(f"{b.name}.credited"), host.window(b, contract)
        paid_in: Any = 0.0
        if pays:
            paid_in, months = b.flow(f"{b.name}.paid_in"), (first, first)
            b.step(Phase.PREPAID, pay, (self.share * total,), writes=(paid_in,), adds=(credit,), months=months)
            b.tell(UNTAXED, (paid_in, 1.0))
        args = (MONTH, due, credit, prepaid, begin, until)
        b.step(Phase.PREPAID, credit_fee, args, writes=(due, credit, given), months=window)
        if pays:
            b.step(Phase.PREPAID, same, (paid_in,), adds=(due,), months=(first, first))
        b.tell(UNTAXED, (given, -1.0))
        returned = b.flow(f"{b.name}.returned")
        last = host.last_month(b, contract)
        side: Any = f"{contract}.side" if b.is_written(f"{contract}.side") else 0.0
        kept: Any = f"{contract}.recovered" if b.is_written(f"{contract}.recovered") else 0.0
        b.step(Phase.FUNDING, settle, (MONTH, credit, last, side, kept), writes=(credit, returned))
        b.receipt(returned, funding=True)

    def in_words(self, say: Any) -> Iterable[str]:
        what = [] if is_zero(self.share) else [f"{say(self.share, '%')} of all dues is paid in the first month"]
        what += [] if is_zero(self.opening_credit) else [f"{say(self.opening_credit, '$')} was paid before month 1"]
        yield " and ".join(what).capitalize() + ", credited against later fees."


def credit_fee(
    month: int, due: float, credit: float, prepaid: float, begin: float, until: float
) -> tuple[float, float, float]:
    entitled = prepaid * max(0.0, min(1.0, (month - begin + 1.0) / (until - begin + 1.0)))
    now = max(0.0, min(due, credit, entitled - (prepaid - credit)))
    return due - now, credit - now, now


def pay(amount: float) -> tuple[float, float]:
    return amount, amount


def same(x: float) -> float:
    return x


def settle(month: int, credit: float, last: float, side: float, recovered: float) -> tuple[float, float]:
    if month < last:
        return credit, 0.0
    if month > last:
        return 0.0, 0.0
    return 0.0, credit if side == SUPPLIER else credit * recovered if side == FAILED else 0.0
