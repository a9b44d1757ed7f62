"""The company of `benchmarks/subset.toml` as plain numbers, for the peers that have no contracts."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from simulator.engine.dependence import cholesky
from simulator.engine.random import stream_number
from simulator.scenario.model import Scenario

SHOCKS = ("revenue.level", "revenue.growth", "price.deviation", "financing.raises.size")
UNIFORMS = ("financing.raises.arrival", "financing.raises.success")


class Subset(NamedTuple):
    months: int
    seed: int
    cash: float
    interest: float
    floor: float
    run_rate: float
    growth: float
    long_run: float
    keep_growth: float  # of the gap of growth to its long-run rate, a month
    growth_step: float  # sd of growth's monthly shock
    level_drift: float  # half the variance of the level, a year
    level_step: float  # sd of the level's monthly shock
    now: float
    drift: float  # of the forward curve, a month
    phi: float
    sd: float
    variable: float
    spot: float
    rate: float  # chance of a raise, a month
    odds: float
    size_mean: float
    size_sd: float
    mix: Any  # (4, 4) lower Cholesky factor
    commitment: Any  # (months + 1)
    streams: tuple[int, ...]


def read(scenario: Scenario) -> Subset:
    parts = {entry.name: entry.component for entry in scenario.entries}
    revenue, price, raises, spot = parts["revenue"], parts["price"], parts["financing.raises"], parts["flows.spot"]
    dependence = scenario.dependence
    known = {"revenue", "operations", "price", "flows.commitment", "flows.spot", "financing.raises"}
    if set(parts) != known or dependence is None or dependence.shocks != SHOCKS or raises.arrival != "bernoulli":
        raise ValueError("the peers without contracts know the company of subset.toml and no other")
    months, start = scenario.calendar.months, scenario.calendar.start - 1
    keep, phi = math.exp(-revenue.gap_decay / 12.0), math.exp(-price.reversion / 12.0)
    size = raises.size.number.law
    factor = cholesky(dependence.triangular().correlation)
    mix = np.zeros((4, 4))
    for j in range(4):
        mix[j, : j + 1] = factor[j][: j + 1]
    amounts = parts["flows.commitment"].schedule
    return Subset(
        months,
        scenario.run.seed,
        scenario.opening.cash,
        scenario.treasury.interest,
        scenario.default.floor,
        revenue.run_rate,
        revenue.growth,
        revenue.long_run_growth,
        keep,
        revenue.growth_volatility * math.sqrt((1.0 - keep * keep) / (2.0 * revenue.gap_decay)),
        0.5 * revenue.volatility**2,
        revenue.volatility * math.sqrt(1.0 / 12.0),
        price.curve.now,
        price.curve.drift / 12.0,
        phi,
        price.volatility * math.sqrt((1.0 - phi * phi) / (2.0 * price.reversion)),
        parts["operations"].variable_cost,
        spot.amount,
        1.0 / raises.every,
        raises.success,
        size.log_mean + math.log(raises.size.factor),
        size.log_sd,
        mix,
        np.array([0.0, *(amounts.get(m + start, 0.0) for m in range(1, months + 1))]),
        tuple(stream_number(name) for name in (*SHOCKS, *UNIFORMS)),
    )


METRICS = (
    "cash", "shadow_cash", "alive", "arrears", "receipts", "paid", "raised", "run_rate", "price", "revenue",
    "account:treasury.interest", "account:operations.collections", "account:operations.variable_cost",
    "account:flows.commitment.paid_out", "account:flows.spot.amount",
)  # fmt: skip
COLUMNS = (
    "end_month", "cause", "shadow_breach_month", "first_breach_month", "cash", "arrears", "peak_need", "lowest_liquidity",
    "lowest_liquidity_month", "shadow_flow_12m", "shadow_cash", "raises.rounds", "raises.rounds_failed", "raised",
)  # fmt: skip
KEPT = ("cash", "revenue.run_rate", "price.index")
