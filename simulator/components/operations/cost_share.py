"""The share of variable cost as a process of its own (Schwartz & Moon 2001): it reverts to a long-run share, with noise.

    γ(m) = γ̄ + φ (γ(m-1) - γ̄) + ς(m-1) √((1 - φ²) / 2κ) x,   φ = exp(-κ Δ), exact;   ς fades to its long-run value

Variable cost of month m = max(0, γ(m)) x billed revenue net of what was lost. The process is normal and may leave 0 … 1: below 0
nothing is paid, above 1 every sale costs more than it brings. It stands in the place of `variable_cost`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from simulator.components.base import COST_SHARE, Builder, Component, Phase, Problem, Surroundings, is_zero, register
from simulator.components.reversion import fade, revert, transition
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import REVERSION, SHARE, VOLATILITY


@register
class CostShare(Component):
    family: ClassVar[str] = "clause"
    attaches: ClassVar[str | None] = "operations"
    tag: ClassVar[str] = "cost_share"
    example: ClassVar[str] = """\
[operations.cost_share]
now = "70 %"
long_run = "45 %"
reversion = "0.4 /yr"
volatility = "12 %/yr"
long_run_volatility = "3 %/yr"
volatility_decay = "0.4 /yr"
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("change",)

    now: Annotated[Number, Quantity(SHARE, low=0.0)]
    """Variable cost per dollar of billed revenue at the opening."""
    long_run: Annotated[Number, Quantity(SHARE, low=0.0)]
    """To which it reverts."""
    reversion: Annotated[Number, Quantity(REVERSION, low=0.0)]
    """Speed of return."""
    volatility: Annotated[Number, Quantity(VOLATILITY, low=0.0)] = 0.0
    """Of the share, in points of revenue."""
    volatility_decay: Annotated[Number, Quantity(REVERSION, low=0.0)] | None = None
    """Speed at which the volatility moves to its long-run value."""
    long_run_volatility: Annotated[Number, Quantity(VOLATILITY, low=0.0)] | None = None
    """What it moves to. Default: it stays."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        if host is not None and "variable_cost" in host.model_fields_set:
            said = "variable cost is a fixed share or a process, not both"
            yield Problem((), said, "delete `variable_cost` of [operations]")
        if self.volatility_decay is not None and self.long_run_volatility is None:
            hint = 'long_run_volatility = "0 %/yr"'
            yield Problem(("volatility_decay",), "no long-run volatility is given to which it leads", hint)
        if self.volatility_decay is None and self.long_run_volatility is not None:
            yield Problem(("long_run_volatility",), "nothing leads to it", 'volatility_decay = "0.5 /yr"', "E012")

    def build(self, b: Builder, host: Any = None) -> None:
        share = b.state(f"{b.name}.share", self.now)
        phi, spread = transition(self.reversion)
        calm = is_zero(self.volatility) and (self.long_run_volatility is None or is_zero(self.long_run_volatility))
        z: Any = 0.0 if calm else b.normal("change")
        volatility: Any = self.volatility
        if self.long_run_volatility is not None:
            volatility = b.state(f"{b.name}.volatility_now", self.volatility)
        b.step(Phase.DRIVERS, revert, (share, z, self.long_run, phi, spread, volatility), writes=(share,))
        if self.long_run_volatility is not None:
            fading = (volatility, self.long_run_volatility, transition(self.volatility_decay)[0])
            b.step(Phase.DRIVERS, fade, fading, writes=(volatility,))
        paid = b.state(COST_SHARE, self.now)
        b.step(Phase.DRIVERS, paid_share, (share,), writes=(paid,))
        b.monthly(share, "variable_cost_share", "share", quantiles=True)

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"Variable cost is {say(self.now, '%')} of billed revenue today and reverts to {say(self.long_run, '%')} at "
            f"{say(self.reversion, '/yr')}, with a volatility of {say(self.volatility, '%')} a year."
        )
        if self.volatility_decay is not None:
            fades = say(self.volatility_decay, "/yr")
            yield f"That volatility moves to {say(self.long_run_volatility, '%')} at {fades}."


def paid_share(share: float) -> float:
    return max(0.0, share)
