"""Paths in default and what drove them there: the one place that archetypes take their paths from.

A driver is a figure of the month in which the path fails, in standard deviations from the mean of all paths that had not failed
before that month: the run-rate and the price (logarithms), months in which the funding market was shut, money received so far
from each source, customers lost, suppliers that left; and each number drawn once a path, by the normal score of its rank.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from scipy.stats import rankdata

from simulator.analysis.paths import Bools, Lives, inputs_of, live
from simulator.components.base import PRICE, REGIME, RUN_RATE
from simulator.components.sides import FAILED, SUPPLIER
from simulator.engine.block import uniforms_of
from simulator.engine.build import Array
from simulator.engine.program import build
from simulator.scenario.model import Scenario

LOST = "revenue.customer_loss.events"


class Failing(NamedTuple):
    """Some paths in default. The weights are relative; plainly sampled paths weigh 1 each."""

    paths: npt.NDArray[np.int64]
    months: npt.NDArray[np.int64]  # of the default
    weights: Array
    drivers: Mapping[str, Array]  # in standard deviations
    shocks: Mapping[str, Array]  # as components read them, (months + 1, paths)
    once: Mapping[str, Array]  # uniforms of what is decided once a path
    inputs: Mapping[str, Array]  # key -> values in the engine's unit
    seen: int  # paths in all


def failing(scenario: Scenario, month: int, paths: int) -> Failing:
    """The paths in default by a month among so many, plainly sampled, of the heaviest branch of alternatives."""
    heaviest = scenario.branches[0].scenario
    program = build(heaviest, scenario.run.seed, lambda _: np.full(1, 0.5))
    wanted = [slot for slot in (RUN_RATE, PRICE, REGIME, LOST) if slot in program.rows]
    received = {e.name: f"{e.name}.received" for e in heaviest.entries if f"{e.name}.received" in program.rows}
    lives = live(heaviest, paths, keep=(*wanted, *received.values(), *program.shocks))
    fails = np.flatnonzero(lives.defaults(month) & lives.numbers)
    months = lives.columns["end_month"][fails].astype(np.int64)
    drivers = {name: _standard(lives, values, fails, months) for name, values in _figures(lives, received).items()}
    for one in inputs_of(heaviest):
        values = lives.chunk.inputs.get(one.keys[0])
        if values is not None and np.ptp(values) > 0.0:
            drivers[one.name] = ndtri((rankdata(values) - 0.5) / values.size)[fails]
    once = {
        stream: uniforms_of(lives.simulation.seed, stream, fails)
        for e in heaviest.entries
        for stream in (
            *(f"{e.name}.{role}" for role in e.component.decided_once),
            *(f"{e.name}.{tag}.{role}" for tag, part in e.attached.items() for role in part.decided_once),
        )
    }
    return Failing(
        fails,
        months,
        np.ones(fails.size),
        drivers,
        {name: lives.kept[name][:, fails] for name in program.shocks},
        once,
        {key: values[fails] for key, values in lives.chunk.inputs.items()},
        int(lives.numbers.sum()),
    )


def _figures(lives: Lives, received: Mapping[str, str]) -> dict[str, Array]:
    """Name -> (months + 1, paths)."""
    kept, scenario = lives.kept, lives.scenario
    found: dict[str, Array] = {}
    with np.errstate(divide="ignore"):
        if RUN_RATE in kept:
            found["revenue run-rate"] = np.log(np.maximum(kept[RUN_RATE], 1.0))
        if PRICE in kept:
            found["price of compute"] = np.log(np.maximum(kept[PRICE], 1e-300))
    if REGIME in kept:
        shut = [k for k, name in enumerate(scenario.regimes) if name in scenario.shut]
        bad = np.isin(kept[REGIME], shut) if shut else kept[REGIME] > 0
        found["months of shut funding" if shut else "months outside the first funding regime"] = np.cumsum(bad, axis=0)
    if LOST in kept:
        found["customers lost"] = np.cumsum(kept[LOST], axis=0)
    for name, slot in received.items():
        found[f"money from {name.split('.', 1)[-1]}"] = np.cumsum(kept[slot], axis=0)
    at = np.arange(scenario.calendar.months + 1)[:, None]
    for contract in scenario.contracts:
        side, when = (lives.columns.get(f"{contract}.notice_{x}") for x in ("side", "month"))
        if side is not None and when is not None:
            left = np.isin(side, (SUPPLIER, FAILED))
            found[f"{contract} left by its supplier"] = (left & (when > 0) & (when <= at)).astype(np.float64)
    return found


def _standard(lives: Lives, values: Array, fails: npt.NDArray[np.int64], months: npt.NDArray[np.int64]) -> Array:
    """Of each failing path in its month, in standard deviations of the paths that stood before that month."""
    end = lives.columns["end_month"]
    found = np.zeros(fails.size)
    for month in np.unique(months):
        stood: Bools = lives.numbers & ((end == 0) | (end >= month))
        others = values[month][stood]
        spread = float(others.std())
        here = months == month
        if spread > 1e-12 * (1.0 + abs(float(others.mean()))):
            found[here] = (values[month][fails[here]] - others.mean()) / spread
    return found
