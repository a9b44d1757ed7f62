"""From revenue to cash: billing, collections, the partners' share and other variable cost.

    billed = R/12 x share still served after recalls       net = billed x (1 - p - v)
    collections = Σ w_k x billed k months ago, less the revenue lost to unserved need in this month

v is `variable_cost`, or the share of the month where that is a process (operations.cost_share). Partner share and variable
cost fall due in the month of billing, on billed revenue net of what was lost. Before month 1 billed revenue is taken as
R(0)/12, or at the level that the receivables of the opening imply. Lost revenue above the month's collections is an operating
due of the month.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import Field

from simulator.components.base import (
    BILLED,
    COST_SHARE,
    LOST,
    NET_MARGIN,
    RUN_RATE,
    SERVED,
    UNTAXED,
    Ago,
    Builder,
    Component,
    Phase,
    Problem,
    Surroundings,
    is_fixed,
    is_zero,
    register,
)
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import SHARE

Weight = Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)]


@register
class Billing(Component):
    family: ClassVar[str] = "operations"
    tag: ClassVar[str] = "billing"
    example: ClassVar[str] = """\
[operations]
partner_share = "7.5 %"
variable_cost = "2 %"
collections = [0.6, 0.3, 0.1]
"""

    partner_share: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)] = 0.0
    """Share of billed revenue that partners keep."""
    variable_cost: Annotated[Number, Quantity(SHARE, low=0.0, high=1.0)] = 0.0
    """Other cost that moves with billed revenue."""
    collections: Annotated[tuple[Weight, ...], Field(strict=False, min_length=1)] = (1.0,)
    """Shares of billed revenue that are collected in the month itself, a month later, and so on."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if all(isinstance(w, float) for w in self.collections):
            total = sum(w for w in self.collections if isinstance(w, float))
            if total > 1.0 + 1e-9:
                yield Problem(
                    ("collections",), f"the collection weights add up to {total:g}; more than all is collected"
                )

    @property
    def at_once(self) -> bool:
        return len(self.collections) == 1 and is_fixed(self.collections[0], 1.0)

    def build(self, b: Builder, host: Any = None) -> None:
        b.state(BILLED, b.initial(RUN_RATE) / 12.0)
        varies = b.is_written(COST_SHARE)
        b.state(NET_MARGIN, 1.0 - self.partner_share - (b.initial(COST_SHARE) if varies else self.variable_cost))
        if varies:
            b.step(Phase.BILLING, margin, (self.partner_share, COST_SHARE), writes=(NET_MARGIN,))
        b.step(Phase.BILLING, bill, (RUN_RATE, SERVED), writes=(BILLED,))
        gross: Any = BILLED
        lags = sum(k * w for k, w in enumerate(self.collections))
        if not self.at_once:
            gross, source = b.flow("operations.gross_collections"), BILLED
            if b.receivables is not None and not is_zero(lags):  # what was billed each month before the first
                source = b.state("operations.to_collect", b.receivables / lags)
                b.step(Phase.COLLECTIONS, same, (BILLED,), writes=(source,))
            billed = tuple(Ago(source, k) for k in range(len(self.collections)))
            b.step(Phase.COLLECTIONS, collect, (billed, tuple(self.collections)), writes=(gross,))
            b.tell(UNTAXED, (gross, -1.0))  # what is billed is income, not what is collected
            b.tell(UNTAXED, (BILLED, 1.0))
        if b.receivables is not None and is_zero(lags):
            opening = b.flow("operations.opening_receivables")
            b.step(Phase.COLLECTIONS, same, (b.receivables,), writes=(opening,), months=(1, 1))
            b.receipt(opening)
            b.tell(UNTAXED, (opening, -1.0))
        received, refunded = b.flow("operations.collections"), b.flow("operations.lost_above_collections")
        b.step(Phase.COLLECTIONS, lose, (gross, LOST), writes=(received, refunded))
        b.receipt(received)
        b.due(refunded, "operating")
        variable: Any = COST_SHARE if varies else self.variable_cost
        for key, share in (("partner_share", self.partner_share), ("variable_cost", variable)):
            cost = b.flow(f"operations.{key}")
            b.step(Phase.COLLECTIONS, proportional_cost, (BILLED, LOST, share), writes=(cost,))
            b.due(cost, "operating")
        b.monthly(BILLED, "revenue", "$/mo")

    def in_words(self, say: Any) -> Iterable[str]:
        fixed = is_fixed(self.variable_cost, 0.0) and "variable_cost" not in self.model_fields_set
        other = "" if fixed else f", other variable cost {say(self.variable_cost, '%')}"
        yield f"Partners take {say(self.partner_share, '%')} of billed revenue{other}."
        if not self.at_once:
            parts = ", ".join(f"{say(w, '%')} after {k} mo" for k, w in enumerate(self.collections))
            yield f"Customers pay {parts}."


def same(x: float) -> float:
    return x


def bill(run_rate: float, served: float) -> float:
    return run_rate / 12.0 * served


def margin(partner_share: float, variable_cost: float) -> float:
    return 1.0 - partner_share - variable_cost


def collect(billed: tuple[float, ...], weights: tuple[float, ...]) -> float:
    total = 0.0
    for k in range(len(weights)):
        total += weights[k] * billed[k]
    return total


def lose(gross: float, lost: float) -> tuple[float, float]:
    return max(0.0, gross - lost), max(0.0, lost - gross)


def proportional_cost(billed: float, lost: float, share: float) -> float:
    return share * (billed - lost)
