"""A replayed path as a monthly ledger: every account, opening and closing cash, and the sum that must be nought."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulator.components.base import CASH
from simulator.engine.ledger import DRAW, PAID, RECEIPTS, REPAID
from simulator.quantities.distribution import Array
from simulator.runner import Replay


def accounts(replay: Replay) -> dict[str, Array]:
    """Name -> values of months 1 … M, in the order of the ledger; receipts positive, payments negative."""
    m, program = replay.months, replay.program
    table: dict[str, Array] = {"opening cash": m[CASH][:-1]}
    for slot in program.flows:
        if slot in program.receipts:
            table[f"+ {slot}"] = m[slot][1:]
    table["+ drawn on lines"] = m[DRAW][1:]
    for claim in program.claims:
        table[f"- paid {claim}"] = -m[f"{claim}.paid"][1:]
    table["- repaid on lines"] = -m[REPAID][1:]
    table["closing cash"] = m[CASH][1:]
    for slot in program.flows:
        if slot not in program.receipts:
            table[f"due {slot}"] = m[slot][1:]
    for claim in program.claims:
        table[f"late interest {claim}"] = m[f"{claim}.late_interest"][1:]
        table[f"arrears {claim}"] = m[f"{claim}.arrears"][1:]
        if f"{claim}.deferred" in m:
            table[f"deferred {claim}"] = m[f"{claim}.deferred"][1:]
    return table


def residual(replay: Replay) -> Array:
    """Opening + flows - closing, months 1 … M."""
    m = replay.months
    return m[CASH][:-1] + m[RECEIPTS][1:] + m[DRAW][1:] - m[PAID][1:] - m[REPAID][1:] - m[CASH][1:]


def lines(replay: Replay) -> Iterator[str]:
    """The ledger as text: accounts down, six months across, in $M."""
    table = accounts(replay)
    months, s = replay.scenario.calendar.months, replay.scenario
    yield f"{s.title or s.name}: path {replay.path}, {replay.ending}" + (
        f" in {s.step.name} {int(replay.row['end_month'])} ({s.label(int(replay.row['end_month']))})"
        if replay.row["end_month"]
        else ""
    )
    yield "amounts in $M"
    for first in range(0, months, 6):
        span = range(first, min(first + 6, months))
        yield ""
        yield f"{'':<42}" + "".join(f"{s.label(m + 1):>12}" for m in span)
        for name, values in table.items():
            if any(values[m] != 0.0 for m in span):
                yield f"{name[:42]:<42}" + "".join(f"{values[m] / 1e6:>12,.1f}" for m in span)
    yield ""
    worst = float(np.max(np.abs(residual(replay)))) if months else 0.0
    yield f"largest residual of a {s.step.name}: {worst:.2e} $"
