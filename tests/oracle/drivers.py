"""Regime, revenue, price of compute, reference rate."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.linalg import expm

from oracle.path import DELTA, Path, drawn_value, normal, poisson

# --- Regime ----------------------------------------------------------------------------------------------------------


def move_regime(p: Path) -> None:
    """C21. Destinations in the order of the regimes occupy [0, probability of leaving); staying is the rest."""
    for name, part in p.of("market"):
        p.regime = moved(part, p.regime, p.draws.score(f"{name}.regime", p.m))


def moved(chain: Any, here: str, u: float) -> str:
    upto = 0.0
    for there in chain.regimes:
        if there == here:
            continue
        upto += leaving(chain, here, there)
        if u < upto:
            return str(there)
    return here


def leaving(chain: Any, here: str, there: str) -> float:
    i, j = chain.regimes.index(here), chain.regimes.index(there)
    if chain.monthly_matrix is not None:
        return float(chain.monthly_matrix[i][j])
    if chain.generator is not None:  # the matrix of a twelfth of a year
        return float(expm(np.array(chain.generator, dtype=np.float64) / 12.0)[i][j])
    weights = chain.destinations.get(here)
    # without weights there are two regimes, and one place to go
    share = 1.0 if weights is None else weights.get(there, 0.0) / sum(weights.values())
    return float(share / chain.sojourn[i])  # leave with probability 1/D


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
    drift = (p.growth - 0.5 * sigma * sigma) * DELTA
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
    """C23: jumps and the loss of a customer (at most one a month) act before billing, for good."""
    for name, part in p.of("revenue"):
        factor = 1.0
        for tag in ("merton_jumps", "kou_jumps"):
            jumps = part.clauses.get(tag)
            if jumps is not None:
                mean = jumps.rate / 12.0 * (moment(tag, jumps, 1.0) - 1.0) if jumps.compensated else 0.0
                factor *= math.exp(jumped(p, f"{name}.{tag}", tag, jumps) - mean)
        if "market_growth" in part.clauses:
            factor *= math.exp(part.clauses["market_growth"].growth[p.regime] * DELTA)
        loss = part.clauses.get("customer_loss")
        if loss is not None:
            probability = 1.0 - math.exp(-loss.hazard / 12.0)  # C2
            if p.draws.score(f"{name}.customer_loss.event", p.m) < probability:
                factor *= 1.0 - loss.size
                p.count("customers_lost")
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


# --- Price -----------------------------------------------------------------------------------------------------------


def advance_price(p: Path) -> None:
    """C24, C23: jumps are added after reversion and decay from the next month."""
    for name, part in p.of("price"):
        phi, sd = reverting(part.reversion, part.volatility)
        jumps = {tag: part.clauses[tag] for tag in ("merton_jumps", "kou_jumps") if tag in part.clauses}
        jump = sum(jumped(p, f"{name}.{tag}", tag, clause) for tag, clause in jumps.items())
        shift, expected = shifted(p, name, part)
        if part.tag == "ornstein_uhlenbeck":  # nothing is given back
            theta = math.log(part.level)
            p.log_deviation = theta + phi * (p.log_deviation - theta) + normal(p, sd, f"{name}.deviation") + jump
            p.index = math.exp(p.log_deviation + shift)
            continue
        if part.tag == "two_factor":
            variance, forward = two_factors(p, name, part, phi, sd), part.now * math.exp(part.drift * p.m * DELTA)
        else:
            p.log_deviation = phi * p.log_deviation + normal(p, sd, f"{name}.deviation")
            variance = spread_by(part.reversion, part.volatility, p.m)
            forward = forward_index(p, part.curve)
        p.log_deviation += jump
        of_jumps = sum(
            clause.rate / 12.0 * (moment(tag, clause, phi**j) - 1.0)
            for tag, clause in jumps.items()
            for j in range(p.m)
        )
        deviation = math.exp(p.log_deviation + p.long_level + shift)
        p.index = forward * deviation / (math.exp(0.5 * variance + of_jumps) * expected)
    p.note("price.index", p.index)


def shifted(p: Path, name: str, part: Any) -> tuple[float, float]:
    """(what scarcity and new generations add to the logarithm of the price, the expectation of its exponential)."""
    shift, expected = 0.0, 1.0
    scarcity, generations, launches = (part.clauses.get(x) for x in ("scarcity", "generations", "launches"))
    if scarcity is not None:
        n = len(scarcity.regimes)
        first = scarcity.initial or scarcity.regimes[0]
        p.scarcity = moved(scarcity, p.scarcity, p.draws.score(f"{name}.scarcity.regime", p.m))
        shift += scarcity.level[scarcity.regimes.index(p.scarcity)]
        month = np.array(
            [[0.0 if a == b else leaving(scarcity, a, b) for b in scarcity.regimes] for a in scarcity.regimes]
        )
        month += np.diag(1.0 - month.sum(axis=1))
        if scarcity.monthly_matrix is not None:
            month = np.array(scarcity.monthly_matrix, dtype=np.float64)
        likely = np.linalg.matrix_power(month, p.m)[scarcity.regimes.index(first)]
        expected *= sum(float(likely[k]) * math.exp(scarcity.level[k]) for k in range(n))
    if generations is not None:
        probability = 1.0 - math.exp(-generations.hazard / 12.0)
        if p.draws.score(f"{name}.generations.event", p.m) < probability:
            p.fallen += math.log(1.0 - drawn_value(generations.size, p, f"{name}.generations.size", 0))
            p.count("generations")
        shift += p.fallen
        expected *= (1.0 - probability * generations.size.expectation()) ** p.m
    if launches is not None:
        for one, (date, size) in p.launches.items():
            if date <= p.m:
                shift += math.log(1.0 - size)
            if p.m - 1 < date <= p.m:
                p.count(f"generation.{one}")
            law = launches.generations[one]
            expected *= 1.0 - law.after.reached(float(p.m)) * law.size.expectation()
    return shift, expected


def two_factors(p: Path, name: str, part: Any, phi: float, sd: float) -> float:
    """Moves both factors (Schwartz & Smith 2000) and returns the variance of their sum."""
    kappa, short, long, rho = part.reversion, part.volatility, part.long_volatility, part.correlation
    z1, z2 = p.draws.score(f"{name}.deviation", p.m), p.draws.score(f"{name}.long", p.m)
    sd_long = long * math.sqrt(DELTA)
    shared = rho * short * long * (1.0 - phi) / kappa / (sd * sd_long) if sd * sd_long > 0.0 else 0.0
    p.log_deviation = phi * p.log_deviation + sd * z1
    p.long_level += sd_long * (shared * z1 + math.sqrt(max(0.0, 1.0 - shared**2)) * z2)
    years = p.m * DELTA
    both = 2.0 * rho * short * long * (1.0 - math.exp(-kappa * years)) / kappa
    return float(spread_by(kappa, short, p.m) + long**2 * years + both)


def forward_index(p: Path, curve: Any) -> float:
    """F_m: `now` at month 0, then a drift as long as `drift_for` says, or points linear in the log; flat after."""
    if not curve.points:
        drifting = p.m if curve.drift_for is None else min(float(p.m), curve.drift_for)
        return float(curve.now * math.exp(curve.drift * drifting / 12.0))
    points = [(0, math.log(curve.now))] + [(p.number(point.month), math.log(point.index)) for point in curve.points]
    return math.exp(on_line(points, p.m))


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
