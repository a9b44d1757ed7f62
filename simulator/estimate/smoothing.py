"""Default probabilities smoothed: the normal amounts of random flows integrated out along one direction, in closed form.

Conditional Monte Carlo (Glasserman 2004, section 4.3, and Glasserman & Staum 2001 for a survival barrier; along one direction
of all shocks: preintegration, Griewank, Kuo, Leovey & Sloan 2018). Where nothing depends on cash, cash as if all were
paid (the shadow account) is C(k) + t b(k) in month k: t one standard normal of all amounts up to a horizon, b(k) >= 0 what it
adds by month k with interest, and C independent of t. A path is in default by month m if C(k) + t b(k) < floor for any
k <= m, so that given everything but t

    P(default by m) = Phi(max over k <= m of (floor - C(k)) / b(k)),

whose mean over paths is PD(m), with no more variance than the indicator has (Rao-Blackwell). C(k) = shadow(k) - t b(k) is
read off the path itself, so this takes no further path; every path's own default is held against its shadow account.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.engine import ledger
from simulator.engine.build import Array
from simulator.engine.sampler import plain_normals, replicate_of
from simulator.engine.simulation import ChunkResult, Simulation
from simulator.estimate.controlled import RESTRICTED, Moments, Sections, statistics
from simulator.estimate.controls import blocks
from simulator.quantities.number import Uncertain
from simulator.scenario.model import Scenario

FAMILIES = ("revenue", "operations", "compute", "price", "market", "rates", "flows", "contracts")
CLAUSES = ("resale",)  # of contracts: looks neither at cash nor at a default
NEAR = 1e-6  # of floor and opening cash: rounding between two accounts


def why_not(scenario: Scenario) -> str | None:
    """Why default probabilities of a scenario have no closed form in the amounts of its flows; None: they have."""
    if scenario.alternatives:
        return "it has [alternatives]"
    for entry in scenario.entries:
        if entry.name.split(".")[0] not in FAMILIES:
            return f"{entry.name} may depend on cash or on the default"
        if entry.name.startswith("contracts."):
            for clause in entry.attached:
                if clause not in CLAUSES:
                    return f"{entry.name}.{clause} may depend on cash or on the default"
            if _cures(getattr(entry.component, "cure", None)):
                return f"{entry.name} has a cure"
    default, treasury, opening = scenario.default, scenario.treasury, scenario.opening
    if _cures(default.cure) or _cures(default.floor_cure):
        return "default has a cure of a month or more"
    if default.debt_to_revenue is not None:
        return "a covenant on debt may end a path"
    if isinstance(treasury.tax_rate, Uncertain) or treasury.tax_rate != 0.0:
        return "tax bends cash"
    if isinstance(opening.arrears, Uncertain) or opening.arrears != 0.0:
        return "there are arrears at the opening"
    if not flows_of(scenario):
        return "no random flow has a normal amount of its own, outside [dependence] and [shocks]"
    return None


def _cures(cure: Any) -> bool:
    return cure is not None and (isinstance(cure, Uncertain) or float(cure) >= 30.0)


def flows_of(scenario: Scenario) -> dict[str, tuple[float, int, int]]:
    """By shock of a random flow with a normal amount: dollars that a standard deviation adds to cash (negative: takes from it),
    first and last month."""
    found = {}
    fixed = set(scenario.shocks.monthly)
    fixed |= set() if scenario.dependence is None else set(scenario.dependence.shocks)
    months, start = scenario.calendar.months, scenario.calendar.start - 1
    for entry in scenario.entries:
        flow: Any = entry.component
        shock = f"{entry.name}.amount"
        if getattr(type(flow), "tag", "") != "random" or isinstance(flow.amount, dict) or shock in fixed:
            continue
        number = flow.amount.number
        if not isinstance(number, Uncertain) or number.law.tag != "normal":
            continue
        first = 1 if flow.start is None else max(1, flow.start - start)
        last = months if flow.end is None else min(months, flow.end - start)
        sign = 1.0 if flow.direction == "in" else -1.0
        sd: Any = number.law
        if first <= last:
            found[shock] = (sign * flow.amount.factor * float(sd.sd), first, last)
    return found


class Smoothed(Sections):
    """Sums of a run whose default probabilities are smoothed."""

    def __init__(self, simulation: Simulation) -> None:
        scenario = simulation.scenario
        self.scenario, self.seed = scenario, simulation.seed
        self.months = scenario.calendar.months
        super().__init__([*(("pd", m) for m in range(1, self.months + 1)), (RESTRICTED, 0)])
        self.has[:] = True
        self.flows = flows_of(scenario)
        year = scenario.step.per_year
        self.horizons = sorted({*(year * n for n in (1, 2, 3, 5) if year * n <= self.months), self.months})
        simulation.kept_slots = tuple(dict.fromkeys((*simulation.kept_slots, ledger.SHADOW)))

    def moments(self, chunk: ChunkResult) -> tuple[Moments, ...]:
        shadow = chunk.kept[ledger.SHADOW][1:]
        floor = self._number(chunk, "default.floor", self.scenario.default.floor or 0.0)
        rate = self._number(chunk, "treasury.interest", self.scenario.treasury.interest)
        cause = chunk.columns["cause"]
        at = np.where(cause > ledger.NAN_CODE, chunk.columns["end_month"], math.inf)
        months = np.arange(1, self.months + 1)[:, None]
        self._check(shadow, floor, at, cause != ledger.NAN_CODE)
        found = []
        for first, count in blocks(chunk.first, at.size):
            here = slice(first - chunk.first, min(at.size, first - chunk.first + count))
            paths = np.arange(first, first + count)
            z = {shock: plain_normals(self.seed, shock, self.months, paths)[:, : at[here].size] for shock in self.flows}
            smooth = self._smooth(shadow[:, here], floor[here], rate[here], z)
            plain = (at[here] <= months).astype(np.float64)
            within = np.minimum(at[here], float(self.months))
            lived = self.months - smooth[:-1].sum(axis=0)
            section = int(replicate_of(np.array(first)))
            less = statistics(np.vstack([smooth, lived]))
            found.append(Moments(section, statistics(np.vstack([plain, within])), less))
        return tuple(found)

    def _smooth(self, shadow: Array, floor: Array, rate: Array, z: dict[str, Array]) -> Array:
        """P(default by month | all but t), shape (months, paths)."""
        from scipy.special import ndtr

        found, before = np.empty_like(shadow), 0
        for horizon in self.horizons:
            size = np.zeros(horizon)  # variance of the month's amounts
            t = np.zeros(shadow.shape[1])
            for shock, (sd, begin, end) in self.flows.items():
                upto = min(end, horizon)
                size[begin - 1 : upto] += sd * sd
                t += sd * z[shock][begin - 1 : upto].sum(axis=0)
            whole = math.sqrt(float(size.sum()))
            worst, added = np.full(shadow.shape[1], -math.inf), np.zeros(shadow.shape[1])
            for k in range(horizon):
                added = added * (1.0 + rate) + (size[k] / whole if whole else 0.0)
                short = floor - shadow[k]
                with np.errstate(divide="ignore", invalid="ignore"):
                    bound = np.where(added > 0.0, short / added + t / whole, np.where(short > 0.0, math.inf, -math.inf))
                worst = np.maximum(worst, bound)
                if k >= before:
                    found[k] = ndtr(worst)
            before = horizon
        return found

    def _number(self, chunk: ChunkResult, key: str, value: Any) -> Array:
        drawn = chunk.inputs.get(key)
        n = chunk.columns["cause"].size
        return np.full(n, float(value)) if drawn is None else drawn

    def _check(self, shadow: Array, floor: Array, at: Array, numbers: npt.NDArray[np.bool_]) -> None:
        """Every default is the first month in which the shadow account is short, but for rounding."""
        short = shadow < floor
        first = np.where(short.any(axis=0), short.argmax(axis=0) + 1.0, math.inf)
        near = NEAR * (np.abs(floor) + np.abs(shadow).max(axis=0))
        apart = (np.abs(shadow - floor).min(axis=0) > near) & numbers & (first != at)
        if apart.any():
            raise AssertionError(
                f"path {int(np.flatnonzero(apart)[0])} of a chunk defaults elsewhere than its shadow account"
            )
