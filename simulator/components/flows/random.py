"""A flow whose amount is drawn anew every month, independent from month to month.

A drawn amount below zero runs the other way: with direction "in", a negative draw falls due. With a law for each regime of the
funding market the amount is drawn from that of the month's regime; one score of the month serves all laws.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from simulator.components import by_regime
from simulator.components.base import (
    REGIME,
    Builder,
    Component,
    Month,
    Phase,
    Problem,
    Sampled,
    SampledField,
    Surroundings,
    month_label,
    register,
)
from simulator.components.by_regime import ByRegime
from simulator.mathematics.normal import normal_cdf
from simulator.quantities.number import Quantity
from simulator.quantities.units import MONEY_PER_MONTH

Amount = Annotated[Sampled, SampledField(Quantity(MONEY_PER_MONTH))]


@register
class Random(Component):
    family: ClassVar[str] = "flows"
    tag: ClassVar[str] = "random"
    example: ClassVar[str] = """\
[flows.working_capital]
type = "random"
amount = { normal = { mean = "0M/mo", sd = "50M/mo" } }
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("amount",)

    amount: ByRegime[Amount]
    """Drawn anew each month: one law, or one for each regime of [market]; below 0 it runs the other way."""
    start: Month | None = None
    """First month. Default: month 1."""
    end: Month | None = None
    """Last month. Default: the horizon."""
    direction: Literal["out", "in"] = "out"
    """Paid, or received."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        yield from by_regime.unknown_regimes(("amount",), self.amount, around, '"0M/mo"')

    def build(self, b: Builder, host: Any = None) -> None:
        first = 1 if self.start is None else max(1, self.start - b.start)
        last = b.months if self.end is None else min(b.months, self.end - b.start)
        received, paid = b.flow(f"{b.name}.received"), b.flow(f"{b.name}.paid_out")
        sign = 1.0 if self.direction == "in" else -1.0
        amount = self._by_regime(b, self.amount) if isinstance(self.amount, dict) else b.sample("amount", self.amount)
        b.step(Phase.FIXED_COST, split, (amount, sign), writes=(received, paid), months=(first, last))
        b.receipt(received)
        b.due(paid, "operating")

    def _by_regime(self, b: Builder, amounts: dict[str, Sampled]) -> str:
        """The slot of the month's amount; where a score is normal, a law of uniforms takes its distribution function."""
        laws = by_regime.table(amounts, b.regimes)
        if b.deterministic:
            laws = tuple(Sampled(law.central()) for law in laws)
        drawn = [b.law_of(law) for law in laws]
        normal = any(wants_normal > 0.0 for _, _, wants_normal, _ in drawn)
        score: Any = 0.5 if b.deterministic else b.normal("amount") if normal else b.uniform("amount")
        amount = b.flow(f"{b.name}.amount.drawn")
        for k, (quantile, params, wants_normal, factor) in enumerate(drawn):
            through = 1.0 if normal and wants_normal == 0.0 else 0.0
            b.step(
                Phase.DRIVERS,
                draw_in,
                (amount, REGIME, float(k), score, through, factor, params),
                writes=(amount,),
                using=(("amount_quantile", quantile),),
            )
        return amount

    def in_words(self, say: Any) -> Iterable[str]:
        what = "Receives" if self.direction == "in" else "Pays"
        since = "" if self.start is None else f" from {month_label(self.start)}"
        until = "" if self.end is None else f" to {month_label(self.end)}"
        amount = {k: v.number for k, v in self.amount.items()} if isinstance(self.amount, dict) else self.amount.number
        yield f"{what} an amount drawn every month: {by_regime.words(amount, say, '$/mo')}{since}{until}."


def amount_quantile(_score: float, *_params: Any) -> float:
    raise TypeError("the engine puts the scenario's law of the amount here")


def draw_in(
    amount: float, regime: float, of: float, score: float, through: float, factor: float, params: tuple[Any, ...]
) -> float:
    """The amount drawn by the law of regime `of`, if that is the month's; else what has been drawn."""
    if regime != of:
        return amount
    return factor * amount_quantile(normal_cdf(score) if through > 0.0 else score, *params)


def split(amount: float, sign: float) -> tuple[float, float]:
    flow = amount * sign
    return max(0.0, flow), max(0.0, -flow)
