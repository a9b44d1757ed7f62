"""How often intervals cover an answer that is known exactly: cash as a Gaussian random walk, seen at month-ends.

Default probabilities and the runway's distribution come from quadrature (tests/derivations/walks.py), the funding need from the
same with the start moved, the shadow account is normal.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from companies_sampled import scenario
from derivations.walks import Walk
from scipy.optimize import brentq
from scipy.special import ndtri

from simulator.engine.reduce import Summary
from simulator.engine.simulation import CHUNK, Simulation
from simulator.estimate.figures import Figures, questions

CASH, DRIFT, SPREAD, MONTHS = 60.0, -1.0, 6.0, 36
WALK = f"""
[calendar]
start = "2026-01"
months = {MONTHS}
[opening]
cash = "{CASH}M"
[default]
cure = "0 days"
[flows.result]
type = "random"
direction = "in"
amount = {{ normal = {{ mean = "{DRIFT}M/mo", sd = "{SPREAD}M/mo" }} }}
"""


class Answer(NamedTuple):
    kind: str
    name: str
    truth: float


def default_by(start: float, months: int = MONTHS) -> Any:
    """Probability of a month-end below 0 by month 1, 2, …"""
    return Walk(start, lambda y: y + DRIFT, SPREAD, 0.0, start + 9.0 * SPREAD * math.sqrt(months)).run(months)


def answers() -> list[Answer]:
    by = default_by(CASH)
    found = [Answer("share", f"pd({m})", float(by[m - 1])) for m in (12, 18, 24, MONTHS)]
    for q in (0.05, 0.25):
        month = int(np.argmax(by >= q)) + 1
        found.append(Answer("runway", f"runway(p{round(100 * q)})", float(month)))
    found.append(Answer("mean", "restricted_mean", float(MONTHS - by[:-1].sum())))
    found.append(Answer("mean", "shadow_cash(36)", 1e6 * (CASH + MONTHS * DRIFT)))
    found.append(Answer("mean", "shadow_cash(12)", 1e6 * (CASH + 12 * DRIFT)))
    q05 = 1e6 * (12 * DRIFT + math.sqrt(12) * SPREAD * float(ndtri(0.05)))
    found.append(Answer("quantile", "shadow_flow_12m(p5)", q05))
    found.append(Answer("cash flow at risk", "cash_flow_at_risk", 1e6 * 12 * DRIFT - q05))
    for q in (0.9, 0.99):
        need = brentq(lambda x, q=q: default_by(CASH + x)[-1] - (1.0 - q), 1.0, 200.0, xtol=1e-9)
        found.append(Answer("quantile", f"peak_need(p{round(100 * q)})", 1e6 * float(need)))
    return found


def read(figures: Figures, name: str) -> tuple[float, float]:
    """The interval of a figure."""
    if name.startswith("pd("):
        return figures.pd(int(name[3:-1]))[1:]
    if name == "restricted_mean":
        return tuple(figures.runway("funded")["interval"]["restricted_mean"])  # type: ignore[return-value]
    if name.startswith("runway("):
        low, high = figures.runway("funded")["interval"][name[7:-1]]
        return low or math.inf, high or math.inf
    if name == "cash_flow_at_risk":
        e = figures.cash_flow_at_risk()
        return e["low"], e["high"]
    if name.startswith("shadow_cash("):
        metric = next(k for k, m in enumerate(figures.outline.metrics) if m.name == "shadow_cash")
        return figures.monthly_mean(metric, int(name[12:-1]))[1:]
    column, q = name.removesuffix(")").split("(p")
    return figures.quantile(column, (int(q) / 100,))[0][1:]


def replications(paths: int, count: int, sampling: str = "plain", seed: int = 1) -> Iterator[Figures]:
    """Independent runs: other paths of one seed, or, where paths depend on each other, other seeds."""
    plain = sampling == "plain"
    made = scenario(WALK, sampling=sampling, paths=paths)
    simulation = Simulation(made, seed=seed, paths=paths * count)
    asked = questions(MONTHS, simulation.outline)
    for k in range(count):
        if not plain and k:
            simulation = Simulation(made, seed=seed + k)
        summary, begin = Summary(paths, asked), k * paths if plain else 0
        for first in range(begin, begin + paths, CHUNK):
            summary.add(simulation.run_chunk(first, min(CHUNK, begin + paths - first)))
        yield Figures(made, simulation.outline, summary)


def coverage(runs: Iterable[Figures], known: list[Answer]) -> dict[Answer, tuple[int, int]]:
    """By answer: in how many runs its interval held it, of how many."""
    held: dict[Answer, int] = defaultdict(int)
    total = 0
    for figures in runs:
        total += 1
        for answer in known:
            low, high = read(figures, answer.name)
            held[answer] += low <= answer.truth <= high
    return {answer: (held[answer], total) for answer in known}
