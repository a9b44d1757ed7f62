"""What a buyer owes for leaving, and until when it would owe the fee if it gave notice now.

fee of leaving = fixed fee + share x scheduled payments after the last notice month, to the end of the present term,
                 of what is left for good of a contract that was shrunk
firm until     = min(end, max(m, first month in which notice may be given) + n); after a notice its last month
"""

from __future__ import annotations

from simulator.components.sides import BUYER


def charge_fee(
    month: int,
    side: float,
    last: float,
    given_in: float,
    noticed_now: float,
    at_notice: float,
    fee: float,
    share: float,
    level: float,
    price: float,
    kept: float,
    end: float,
    paid_by: tuple[float, ...],
) -> tuple[float, float]:
    falls_due = given_in if at_notice > 0.0 else last
    now = given_in == month
    # also past default: a notice given before it runs on in the shadow account
    if side == BUYER and month == falls_due and now == (noticed_now > 0.0):
        return fee + share * level * price * kept * (paid_by[int(end)] - paid_by[int(last)]), 1.0
    return 0.0, 0.0


def firm_without_right(last: float) -> float:
    return last


def firm_until(month: int, side: float, last: float, notice: float, earliest: float, end: float) -> float:
    if side > 0.0:
        return last
    return min(end, max(float(month), earliest) + notice)


def fee_still_open(
    month: int,
    side: float,
    last: float,
    paid: float,
    fee: float,
    share: float,
    level: float,
    price: float,
    kept: float,
    notice: float,
    earliest: float,
    end: float,
    paid_by: tuple[float, ...],
) -> tuple[float, float]:
    if side > 0.0:
        owed = side == BUYER and paid == 0.0
        rest = paid_by[int(end)] - paid_by[int(last)]
        return last, fee + share * level * price * kept * rest if owed else 0.0
    until = min(end, max(float(month), earliest) + notice)
    if until >= end:
        return until, 0.0
    return until, fee + share * level * price * kept * (paid_by[int(end)] - paid_by[int(until)])
