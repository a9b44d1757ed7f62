"""What a contract's supplier is still owed at the close of a month, undiscounted and without arrears.

    headline = dues of m+1 … end        firm = what would be owed if the buyer gave notice now, its fee of leaving included

Both at this month's index, reopener and renewal price, net of prepaid credit, with what has been deferred into instalments.
Dues of a term that no renewal has begun do not count.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.components.base import ALIVE, MONTH, Builder, Phase, Series, Table
from simulator.components.term import look_up


def expose(b: Builder, contract: str, level: Any, paid_by: list[Any], end: Any, factor: Any) -> tuple[str, str]:
    """The slots (headline, firm). `level` x `paid_by`: dues up to and including m; `end`: last month at the opening."""
    headline, firm, credit, deferred = (f"{contract}.{x}" for x in ("headline", "firm", "credit", "deferred"))
    kept: Any = f"{contract}.kept" if b.is_written(f"{contract}.kept") else 1.0  # share that is left of it for good
    unused: Any = credit if b.is_written(credit) else 0.0  # prepaid and not yet credited
    later: Any = deferred if b.is_written(deferred) else 0.0  # arrears in instalments
    share: Any = b.initial(f"{contract}.minimum") if b.is_written(f"{contract}.minimum") else 1.0
    level = level * share  # of a take-or-pay contract only the minimum is owed
    opening: Any = b.initial(credit) if b.is_written(credit) else 0.0
    b.state(headline, np.maximum(0.0, level * look_up(paid_by, np.maximum(end, 0.0)) - opening)[()])
    if not b.is_written(f"{contract}.last"):
        b.state(firm, b.initial(headline))
        rest = Series(paid_by[-1] - x for x in paid_by[: b.months + 1])
        args: tuple[Any, ...] = (ALIVE, level, rest, factor, kept, unused, later)
        b.step(Phase.MEASURE, to_end, args, writes=(headline, firm))
        return headline, firm
    until, fee = notice_now(b, contract)
    opening_fee = b.initial(fee) if isinstance(fee, str) else fee
    owed = level * look_up(paid_by, np.maximum(b.initial(until), 0.0)) + opening_fee
    b.state(firm, np.maximum(0.0, owed - opening)[()])
    terms = (ALIVE, level, factor, kept, unused, later, Table(paid_by))
    b.step(Phase.MEASURE, to_notice, (MONTH, f"{contract}.last", until, fee, *terms), writes=(headline, firm))
    return headline, firm


def notice_now(b: Builder, contract: str) -> tuple[str, Any]:
    """(slot of the last month if notice were given now, fee of leaving then); the end and 0 if nobody has the right."""
    until = f"{contract}.firm_until"
    return (until, f"{contract}.fee_if_left") if b.is_written(until) else (f"{contract}.last", 0.0)


def to_end(
    alive: float, level: float, rest: float, factor: float, kept: float, credit: float, deferred: float
) -> tuple[float, float]:
    owed = alive * (max(0.0, level * rest * factor * kept - credit) + deferred)
    return owed, owed


def to_notice(
    month: int,
    last: float,
    until: float,
    fee: float,
    alive: float,
    level: float,
    factor: float,
    kept: float,
    credit: float,
    deferred: float,
    paid_by: tuple[float, ...],
) -> tuple[float, float]:
    so_far = paid_by[month]
    headline = level * (paid_by[int(max(last, month))] - so_far) * factor * kept
    firm = level * (paid_by[int(max(until, month))] - so_far) * factor * kept + fee
    return alive * (max(0.0, headline - credit) + deferred), alive * (max(0.0, firm - credit) + deferred)
