"""Regime, revenue, share of variable cost, reference rate; the price of compute has a file of its own."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from oracle.chain import moved
from oracle.path import DELTA, Path, normal, poisson

# --- Regime ----------------------------------------------------------------------------------------------------------


def move_regime(p: Path) -> None:
    """C21."""
    for name, part in p.of("market"):
        p.regime = moved(part, p.regime, p.draws.score(f"{name}.regime", p.m))


# --- Revenue ---------------------------------------------------------------------------------------------------------


def reverting(kappa: float, sigma: float) -> tuple[float, float]:
    """(phi, sd of the monthly shock) of an Ornstein-Uhlenbeck process, C22 and C24; the limit where kappa = 0."""
    phi = math.exp(-kappa * DELTA)
    sd = sigma * (math.sqrt((1.0 - phi * phi) / (2.0 * kappa)) if kappa > 0.0 else math.sqrt(DELTA))
    return phi, sd


def spread_by(kappa: float, sigma: float, m: int) -> float:
    """Variance of such a process after m months."""
    years = m * DELTA
    return sigma**2 * ((1.0 - math.exp(-2.0 * kappa * years)) / (2.0 * kappa) if kappa > 0.0 else years)


def advance_revenue(p: Path) -> None:
    """C22."""
    for name, part in p.of("revenue"):
        {
            "geometric_brownian": grow,
            "mean_reverting_growth": grow_towards_long_run,
            "logistic": grow_to_a_ceiling,
            "bootstrap": resample,
            "plan": follow_plan,
            "regime_switching": grow_by_regime,
        }[part.tag](p, name, part)


def grow(p: Path, name: str, part: Any) -> None:
    sigma = part.volatility
    shock = normal(p, sigma * math.sqrt(DELTA), f"{name}.level")
    p.run_rate *= math.exp((part.growth - 0.5 * sigma * sigma) * DELTA + shock)


def grow_towards_long_run(p: Path, name: str, part: Any) -> None:
    """Month m uses the growth rate and the volatilities of m - 1."""
    sigma, eta = part.volatility, part.growth_volatility
    if part.volatility_decay is not None:
        left = math.exp(-part.volatility_decay * (p.m - 1) * DELTA)
        if part.long_run_volatility is not None:
            sigma = part.long_run_volatility + (sigma - part.long_run_volatility) * left
        if part.long_run_growth_volatility is not None:
            eta = part.long_run_growth_volatility + (eta - part.long_run_growth_volatility) * left
    drift = (p.growth - part.market_price_of_risk * sigma - 0.5 * sigma * sigma) * DELTA
    shock = normal(p, sigma * math.sqrt(DELTA), f"{name}.level")
    if part.noise is not None:
        a = part.noise.persistence
        p.noise = a * p.noise + normal(p, part.noise.sd * math.sqrt(1.0 - a * a), f"{name}.noise")
    p.run_rate *= math.exp(drift + shock + p.noise)
    phi, sd = reverting(part.gap_decay, eta)
    p.growth = part.long_run_growth + phi * (p.growth - part.long_run_growth) + normal(p, sd, f"{name}.growth")


def grow_to_a_ceiling(p: Path, name: str, part: Any) -> None:
    """The exact solution of dR/R = g (1 - R/K) dt over a month, times noise with mean 1."""
    level = part.ceiling / (1.0 + (part.ceiling / p.run_rate - 1.0) * math.exp(-part.growth * DELTA))
    sd = part.volatility * math.sqrt(DELTA)
    p.run_rate = level * math.exp(normal(p, sd, f"{name}.level") - 0.5 * sd * sd)


def resample(p: Path, name: str, part: Any) -> None:
    """Blocks of months of the sample, circular."""
    n = len(part.growth)
    if (p.m - 1) % int(part.block) == 0:
        p.observed = min(n - 1, math.floor(p.draws.score(f"{name}.start", p.m) * n))
    else:
        p.observed = (p.observed + 1) % n
    p.run_rate *= math.exp(part.growth[p.observed] / 12.0)


def follow_plan(p: Path, name: str, part: Any) -> None:
    """The plan is the mean of the noise around it; what jumps and losses have done stays."""
    phi, sd = reverting(part.reversion, part.volatility)
    p.revenue_deviation = phi * p.revenue_deviation + normal(p, sd, f"{name}.level")
    noise = math.exp(p.revenue_deviation - 0.5 * spread_by(part.reversion, part.volatility, p.m))
    p.run_rate = planned_run_rate(p, part, p.m) * noise * p.struck


def planned_run_rate(p: Path, part: Any, m: int) -> float:
    """Linear in the logarithm between the listed months, flat before and after."""
    points = [(p.number(month), math.log(part.plan[month])) for month in sorted(part.plan)]
    return float(part.scale * math.exp(on_line(points, m)))


def on_line(points: list[tuple[int, float]], m: int) -> float:
    if m <= points[0][0]:
        return points[0][1]
    for (before, low), (after, high) in pairwise(points):
        if before <= m < after:
            return low + (high - low) * (m - before) / (after - before)
    return points[-1][1]


def grow_by_regime(p: Path, name: str, part: Any) -> None:
    p.revenue_regime = moved(part, p.revenue_regime, p.draws.score(f"{name}.regime", p.m))
    s = part.regimes.index(p.revenue_regime)
    mu, sigma = part.growth[s], part.volatility[s]
    p.run_rate *= math.exp((mu - 0.5 * sigma**2) * DELTA + normal(p, sigma * math.sqrt(DELTA), f"{name}.level"))


def strike_revenue(p: Path) -> None:
    """C23: jumps, the loss of a customer (at most one a month) and what the funding market adds act before billing, for good."""
    for name, part in p.of("revenue"):
        factor = 1.0
        for tag in ("merton_jumps", "kou_jumps"):
            jumps = part.clauses.get(tag)
            if jumps is not None:
                mean = jumps.rate / 12.0 * (moment(tag, jumps, 1.0) - 1.0) if jumps.compensated else 0.0
                factor *= math.exp(jumped(p, f"{name}.{tag}", tag, jumps) - mean)
        loss = part.clauses.get("customer_loss")
        if loss is not None:
            probability = 1.0 - math.exp(-loss.hazard / 12.0)  # C2
            if p.draws.score(f"{name}.customer_loss.event", p.m) < probability:
                factor *= 1.0 - loss.size
                p.count("customers_lost")
        of_market = part.clauses.get("market_growth")
        if of_market is not None:
            factor *= math.exp(of_market.growth[p.regime] * DELTA)
        p.run_rate *= factor
        p.struck *= factor
        p.note("revenue.run_rate", p.run_rate)


def jumped(p: Path, name: str, tag: str, jumps: Any) -> float:
    """The sum of this month's jumps of the logarithm."""
    n = poisson(p.draws.score(f"{name}.count", p.m), jumps.rate / 12.0)
    if tag == "merton_jumps":  # the sum of n normal jumps is normal
        return n * jumps.mean + math.sqrt(n) * jumps.sd * float(p.draws.score(f"{name}.size", p.m))
    total, down = 0.0, 1.0 - jumps.up_share
    for k in range(n):
        u = p.draws.extra(f"{name}.size", p.m, k)
        if u < down:
            total += jumps.down_mean * math.log(u / down)
        else:
            total -= jumps.up_mean * math.log((1.0 - u) / jumps.up_share)
    return total


def moment(tag: str, jumps: Any, power: float) -> float:
    """E[exp(power J)]."""
    if tag == "merton_jumps":
        return math.exp(power * jumps.mean + 0.5 * (power * jumps.sd) ** 2)
    up, down = 1.0 - power * jumps.up_mean, 1.0 + power * jumps.down_mean
    return float(jumps.up_share / up + (1.0 - jumps.up_share) / down)


# --- Share of variable cost ------------------------------------------------------------------------------------------


def advance_cost_share(p: Path) -> None:
    """Schwartz & Moon 2001: reverts, with the volatility of m - 1; below 0 nothing is paid."""
    for name, part in p.of("operations"):
        p.variable_cost = part.variable_cost
        clause = part.clauses.get("cost_share")
        if clause is None:
            continue
        sigma = clause.volatility
        if clause.volatility_decay is not None:
            to = clause.long_run_volatility
            sigma = to + (sigma - to) * math.exp(-clause.volatility_decay * (p.m - 1) * DELTA)
        phi, sd = reverting(clause.reversion, sigma)
        shock = normal(p, sd, f"{name}.cost_share.change")
        p.cost_share = clause.long_run + phi * (p.cost_share - clause.long_run) + shock
        p.variable_cost = max(0.0, p.cost_share)
        p.mark(f"{name}.cost_share.share", p.cost_share)


# --- Reference rate --------------------------------------------------------------------------------------------------


def advance_reference_rate(p: Path) -> None:
    """Interest of month m is reckoned with the rate at the end of m - 1, a twelfth of it a month."""
    for name, part in p.of("rates"):
        p.fixing = p.reference / 12.0
        if part.tag == "vasicek":
            phi, sd = reverting(part.reversion, part.volatility)
            level = 12.0 * part.level
            p.reference = level + phi * (p.reference - level) + normal(p, sd, f"{name}.change")
        else:
            listed = [month for month in part.path if month <= p.start + p.m - 1]
            p.reference = 12.0 * (part.path[max(listed) if listed else min(part.path)] + part.shift)
        p.note("rates.reference", p.reference)
