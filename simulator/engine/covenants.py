"""Covenants, tested at the close: liquidity at least the floor; debt at most a multiple of the revenue run-rate.

Each counts its consecutive breaches against its own cure. After a close at which any of them is in breach lines cannot be
drawn in the next month; that ends when none is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.components.base import ALIVE, DEBT, LIQUIDITY, MONTH, RUN_RATE, STOPPED, Phase, is_zero
from simulator.engine.build import ProgramBuilder, same

TOLERANCE = 1e-9  # of the month's total dues: a shortage up to it is none
FIRST_BREACH = "covenant.first_breach"
TOTAL_DEBT = "ledger.debt"


class Covenant(NamedTuple):
    name: str  # in the sentence of its ending
    missed: str  # slot: consecutive closes in breach
    cure: Any


def watch(b: ProgramBuilder, owed: str, floor: Any, floor_cure: Any, debt_limit: Any, debt_cure: Any) -> list[Covenant]:
    """The steps of the covenants that the scenario has, in their order."""
    b.state(FIRST_BREACH, 0.0)
    found = []
    if floor is not None and not is_zero(floor):
        missed = b.state("covenant.missed", 0.0)
        args = (MONTH, ALIVE, LIQUIDITY, floor, owed, missed, FIRST_BREACH)
        b.step(Phase.CLOSE, check_floor, args, writes=(missed, FIRST_BREACH, STOPPED))
        found.append(Covenant("liquidity", missed, floor_cure))
    if debt_limit is not None:
        missed, total = b.state("covenant.debt_missed", 0.0), b.flow(TOTAL_DEBT)
        for slot in (*(f"{line.name}.drawn" for line in b.lines), *b.told(DEBT)):
            b.step(Phase.CLOSE, same, (slot,), adds=(total,))
        stopped: Any = STOPPED if found else 0.0
        limit = debt_limit * b.year / 12.0  # of R, which is per twelve steps
        b.step(Phase.CLOSE, check_debt, (ALIVE, total, RUN_RATE, limit, missed, stopped), writes=(missed, STOPPED))
        b.monthly(total, "debt", "$")
        found.append(Covenant("debt to revenue", missed, debt_cure))
    return found


def check_floor(
    month: int, alive: float, liquidity: float, floor: float, owed: float, missed: float, first: float
) -> tuple[float, float, float]:
    breached = liquidity < floor - TOLERANCE * (abs(floor) + owed)
    if alive == 0.0:
        return missed, first, 1.0 if breached else 0.0
    if breached:
        return missed + 1.0, first if first > 0.0 else float(month), 1.0
    return 0.0, first, 0.0


def check_debt(
    alive: float, debt: float, run_rate: float, limit: float, missed: float, stopped: float
) -> tuple[float, float]:
    breached = debt > limit * run_rate * (1.0 + TOLERANCE)
    if alive == 0.0:
        return missed, stopped
    return (missed + 1.0, 1.0) if breached else (0.0, stopped)
