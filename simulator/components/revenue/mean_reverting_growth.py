"""Revenue whose growth reverts to a long-run rate (Schwartz & Moon 2000), with optional persistent noise.

    ln R(m) = ln R(m-1) + (g(m-1) - λσ - σ²/2) Δ + σ √Δ x1 + u(m)
    g(m)    = ḡ + φ (g(m-1) - ḡ) + η √((1 - φ²) / 2κ) x2,     φ = exp(-κ Δ)
    u(m)    = a u(m-1) + s √(1 - a²) x3,                       u(0) = 0
    σ(m)    = σ̄ + (σ - σ̄) e^(-κs m Δ),  η likewise to η̄;      month m uses those of m-1; constant without `volatility_decay`

R is the annual run-rate, Δ = 1/12. The transition is exact. `s` is the stationary sd of the noise in monthly log
growth; it carries no -s²/2, so the noise-free path is the median. λ is the market price of risk (0: the measure of the world;
Schwartz & Moon value under the other).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import numpy as np

from simulator.components.base import RUN_RATE, Builder, Component, Phase, Problem, Surroundings, is_zero, register
from simulator.components.reversion import STEP, fade, revert, transition
from simulator.mathematics.elementary import exp
from simulator.quantities.number import Number, Quantity
from simulator.quantities.units import DRIFT, MONEY_PER_YEAR, NUMBER, RATE_VOLATILITY, REVERSION, RISK_PRICE, VOLATILITY

ROOT_STEP = math.sqrt(STEP)


class Noise(Component):
    family: ClassVar[str] = "part"
    sd: Annotated[Number, Quantity(NUMBER, low=0.0)]
    """Standard deviation of the persistent noise on monthly log growth, in the long run."""
    persistence: Annotated[Number, Quantity(NUMBER, low=-1.0, high=1.0)] = 0.0
    """Share of a month's noise that is left in the next."""


@register
class MeanRevertingGrowth(Component):
    family: ClassVar[str] = "revenue"
    tag: ClassVar[str] = "mean_reverting_growth"
    example: ClassVar[str] = """\
[revenue]
type = "mean_reverting_growth"
run_rate = "84B/yr"
growth = "0.085 log/mo"
long_run_growth = "0.010 log/mo"
gap_decay = "0.111 /mo"
noise = { sd = 0.06, persistence = 0.6 }
"""
    SHOCKS: ClassVar[tuple[str, ...]] = ("level", "growth", "noise")

    run_rate: Annotated[Number, Quantity(MONEY_PER_YEAR, low=0.0, open_low=True)]
    """Annualised revenue at the opening."""
    growth: Annotated[Number, Quantity(DRIFT)]
    """Growth of month 1."""
    long_run_growth: Annotated[Number, Quantity(DRIFT)]
    """Growth to which it tends."""
    gap_decay: Annotated[Number, Quantity(REVERSION, low=0.0)]
    """Speed at which the gap between the two closes."""
    volatility: Annotated[Number, Quantity(VOLATILITY, low=0.0)] = 0.0
    """Of the level: lasting shocks to revenue."""
    growth_volatility: Annotated[Number, Quantity(RATE_VOLATILITY, low=0.0)] = 0.0
    """Of growth itself: shocks that fade with `gap_decay`."""
    volatility_decay: Annotated[Number, Quantity(REVERSION, low=0.0)] | None = None
    """Speed at which both volatilities move to their long-run values, as a young company's do."""
    long_run_volatility: Annotated[Number, Quantity(VOLATILITY, low=0.0)] | None = None
    """What the volatility of the level moves to. Default: it stays."""
    long_run_growth_volatility: Annotated[Number, Quantity(RATE_VOLATILITY, low=0.0)] | None = None
    """What the volatility of growth moves to. Default: it stays (Schwartz & Moon: 0)."""
    market_price_of_risk: Annotated[Number, Quantity(RISK_PRICE)] = 0.0
    """Times the volatility of the level, what its drift is lowered by under the measure for valuation. Default: none, as the
    world is."""
    noise: Noise | None = None
    """Persistent noise on monthly growth."""

    def problems(self, around: Surroundings, host: Any = None) -> Iterable[Problem]:
        targets = [k for k in ("long_run_volatility", "long_run_growth_volatility") if getattr(self, k) is not None]
        if self.volatility_decay is None and targets:
            yield Problem(
                (targets[0],), "nothing moves there without `volatility_decay`", 'volatility_decay = "0.2 /yr"'
            )
        if self.volatility_decay is not None and not targets:
            hint = 'long_run_growth_volatility = "0 %/yr"'
            yield Problem(("volatility_decay",), "no long-run volatility is given to which it leads", hint)

    def build(self, b: Builder, host: Any = None) -> None:
        b.state(RUN_RATE, self.run_rate)
        rate = b.state(f"{b.name}.growth_rate", self.growth)
        calm = is_calm(self.volatility, self.long_run_volatility)
        level: Any = 0.0 if calm else b.normal("level")
        noise: Any = 0.0
        if self.noise is not None:
            noise = b.state(f"{b.name}.noise_level", 0.0)
            a = self.noise.persistence
            b.step(
                Phase.DRIVERS,
                persist,
                (noise, b.normal("noise"), a, self.noise.sd * np.sqrt(1.0 - np.square(a))),
                writes=(noise,),
            )
        sigma = self._fading(b, "volatility", self.volatility, self.long_run_volatility)
        b.step(
            Phase.DRIVERS, advance, (RUN_RATE, rate, level, noise, sigma, self.market_price_of_risk), writes=(RUN_RATE,)
        )
        phi, spread = transition(self.gap_decay)
        still = is_calm(self.growth_volatility, self.long_run_growth_volatility)
        shock: Any = 0.0 if still else b.normal("growth")
        eta = self._fading(b, "growth_volatility", self.growth_volatility, self.long_run_growth_volatility)
        b.step(Phase.DRIVERS, revert, (rate, shock, self.long_run_growth, phi, spread, eta), writes=(rate,))
        for slot, target in ((sigma, self.long_run_volatility), (eta, self.long_run_growth_volatility)):
            if isinstance(slot, str):
                b.step(Phase.DRIVERS, fade, (slot, target, transition(self.volatility_decay)[0]), writes=(slot,))

    def _fading(self, b: Builder, name: str, now: Any, target: Any) -> Any:
        return now if target is None else b.state(f"{b.name}.{name}_now", now)

    def in_words(self, say: Any) -> Iterable[str]:
        yield (
            f"Revenue starts at a run-rate of {say(self.run_rate, '$/yr')}; its growth starts at "
            f"{say(self.growth, 'log/yr')} and moves to {say(self.long_run_growth, 'log/yr')}, closing the gap at "
            f"{say(self.gap_decay, '/yr')}."
        )
        if self.noise is not None:
            yield (
                f"Monthly log growth carries noise with a stationary sd of {say(self.noise.sd, '')} that persists from "
                f"month to month with {say(self.noise.persistence, '')}."
            )
        if not is_zero(self.volatility) or not is_zero(self.growth_volatility):
            yield (
                f"Its level has a volatility of {say(self.volatility, '%')} a year, "
                f"its growth rate one of {say(self.growth_volatility, '%')}."
            )
        if not is_zero(self.market_price_of_risk):
            risk = say(self.market_price_of_risk, "")
            yield f"Its drift is lowered by {risk} times that volatility: the measure for valuation."
        if self.volatility_decay is not None:
            level = self.volatility if self.long_run_volatility is None else self.long_run_volatility
            growth = self.growth_volatility
            growth = growth if self.long_run_growth_volatility is None else self.long_run_growth_volatility
            yield (f"Both move to {say(level, '%')} and {say(growth, '%')} at {say(self.volatility_decay, '/yr')}.")


def is_calm(now: Any, target: Any) -> bool:
    return is_zero(now) and (target is None or is_zero(target))


def persist(noise: float, z: float, a: float, sd: float) -> float:
    return a * noise + sd * z


def advance(run_rate: float, growth: float, z: float, noise: float, sigma: float, risk: float) -> float:
    return run_rate * exp((growth - (risk + 0.5 * sigma) * sigma) * STEP + sigma * ROOT_STEP * z + noise)
