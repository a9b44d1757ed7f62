"""When a policy acts: what the company watches at its own step of the month (MODEL.md, "Policies and notices").

Runway is (liquidity at the last close - floor) / mean burn of up to three months, this one included; the trigger is strictly
below. With no burn the runway is infinite.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components.base import LIQUIDITY, POLICY_RUNWAY, Component, Problem, Surroundings
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import MONEY, MONTHS


class Trigger(Component):
    family: ClassVar[str] = "part"
    runway_below: Annotated[Number, Quantity(MONTHS, low=0.0)] | None = None
    """Acts when runway at the present burn is below this."""
    liquidity_below: Annotated[Number, Quantity(MONEY, low=0.0)] | None = None
    """Acts when liquidity at the last close is below this."""

    def unset(self) -> Iterable[Problem]:
        if self.runway_below is None and self.liquidity_below is None:
            yield Problem(
                (), "nothing says when this acts", 'write runway_below = "12 mo" or liquidity_below = "2B"', "E012"
            )

    @property
    def seen(self) -> tuple[Any, ...]:
        """Arguments of `triggered`."""
        runway: Any = math.inf if self.runway_below is None else POLICY_RUNWAY
        return (
            runway,
            LIQUIDITY,
            0.0 if self.runway_below is None else self.runway_below,
            0.0 if self.liquidity_below is None else self.liquidity_below,
        )

    def when(self, say: Any) -> str:
        parts = [] if self.runway_below is None else [f"runway is below {say(self.runway_below, 'months')}"]
        parts += [] if self.liquidity_below is None else [f"liquidity is below {say(self.liquidity_below, '$')}"]
        return " or ".join(parts)


def no_such_flow(name: str, around: Surroundings) -> Iterable[Problem]:
    """Whether a policy can act on this flow: a recurring payment."""
    flows = around.tables.get("flows", {})
    flow = flows.get(name)
    if not isinstance(flow, dict):
        yield Problem(("flow",), f"there is no flow `{name}`", "flows: " + ", ".join(flows), "E015")
    elif flow.get("type", "recurring") != "recurring" or flow.get("direction", "out") != "out":
        yield Problem(("flow",), f"`{name}` is no recurring payment", "name a flow that is paid every month", "E015")


def triggered(runway: float, liquidity: float, runway_below: float, liquidity_below: float) -> bool:
    return runway < runway_below or liquidity < liquidity_below
