"""The paths in default of a scenario with everything that led there: plain ones where there are enough, else those of importance
sampling (estimate/rare.py), each with the weight that it has under the law of the scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.analysis.paths import Bools, Lives, inputs_of, live, prepared
from simulator.engine.block import uniforms_of
from simulator.engine.build import Array
from simulator.engine.tilt import TiltedRunner
from simulator.estimate import intervals
from simulator.estimate.importance import PIECE
from simulator.estimate.intervals import Estimate
from simulator.estimate.rare import FLOOR, RareError, rare
from simulator.estimate.weighted import Part
from simulator.scenario.drawn import decided_once
from simulator.scenario.model import Scenario

FEWEST = 60  # plain paths in default, below which groups would be of chance


class TooFewError(ValueError):
    """Too few paths in default to tell ways of failing apart."""


class Story(NamedTuple):
    """What was drawn on one path up to the month of its default."""

    monthly: dict[str, Array]  # shock -> months 1 … end
    once: dict[str, float]  # stream -> uniform


@dataclass(frozen=True)
class Failing:
    """Paths in default by a month. Rows by month have the shape (months + 1, paths); `everybody` is of plain paths, to compare
    with."""

    scenario: Scenario
    method: str  # "plain" or "is"
    looked: int  # paths simulated, pilots included
    pd: Estimate
    effective: float  # paths in default that plain sampling would need for as precise a number
    weights: Array
    numbers: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    causes: tuple[str, ...]
    kept: Mapping[str, Array]
    everybody: Mapping[str, Array]
    uniforms: Mapping[str, Array]  # stream -> by path
    shocks: Callable[[int], tuple[str, ...]]  # of a path
    variance: Callable[[Array], float]  # of the sum of weights times a number by path

    def share(self, inside: Bools) -> Estimate:
        """Of all defaults; Wilson's interval on the paths that count as many, if they are weighted."""
        if self.method == "plain":
            return intervals.share(int(inside.sum()), inside.size)
        part = float(self.weights[inside].sum() / self.weights.sum())
        error = self.variance(inside.astype(np.float64) - part) / float(self.weights.sum()) ** 2
        return intervals.wilson(part, part * (1.0 - part) / error if error > 0.0 else self.effective)

    def story(self, row: int) -> Story:
        end = int(self.end[row])
        monthly = {name: self.kept[name][1 : end + 1, row] for name in self.shocks(row) if name in self.kept}
        finite = {name: values for name, values in monthly.items() if np.all(np.isfinite(values))}
        return Story(finite, {stream: float(values[row]) for stream, values in self.uniforms.items()})


def failing(scenario: Scenario, month: int, paths: int, keep: Sequence[str], threads: int | None = None) -> Failing:
    """Paths in default by a month, of so many plain ones, or of so many of importance sampling where those have too few. keep:
    rows by month. Raises TooFewError below FEWEST plain paths and FLOOR effective ones."""
    lives = live(scenario, paths, keep=tuple(keep))
    found = np.flatnonzero(lives.defaults(month))
    if found.size >= FEWEST:
        return _plain(lives, found)
    said = f"{found.size} of {paths:,} paths are in default by month {month}; {FEWEST} are wanted to tell ways of failing apart"
    try:
        return _weighted(lives, month, paths, keep, threads)
    except RareError as problem:
        raise TooFewError(f"{said}, and importance sampling does not help: {problem}") from None


def _streams(scenario: Scenario) -> list[str]:
    """Of everything that is drawn or decided once a path, alternatives apart."""
    events = decided_once(scenario.branches[0].scenario)
    return list(dict.fromkeys((*(one.stream for one in inputs_of(scenario)), *events)))


def _plain(lives: Lives, found: npt.NDArray[np.int64]) -> Failing:
    codes = lives.columns["cause"][found].astype(np.int64)
    simulation = lives.simulation
    streams = [*_streams(lives.scenario), *(f"alternatives.{group}" for group in lives.scenario.alternatives)]
    return Failing(
        lives.scenario,
        "plain",
        lives.columns["cause"].size,
        intervals.share(found.size, int(lives.numbers.sum())),
        float(found.size),
        np.ones(found.size),
        found,
        lives.columns["end_month"][found].astype(np.int64),
        tuple(simulation.outline.causes[code].sentence for code in codes),
        {slot: rows[:, found] for slot, rows in lives.kept.items()},
        lives.kept,
        {stream: lives.uniforms(stream)[found] for stream in streams},
        lambda row: simulation.branch_of(int(found[row])).program.shocks,
        lambda values: float(np.sum((values - values.mean()) ** 2)),
    )


def _weighted(lives: Lives, month: int, paths: int, keep: Sequence[str], threads: int | None) -> Failing:
    """Raises RareError."""
    scenario = prepared(lives.scenario)
    run = rare(scenario, "is", paths=paths, threads=threads)
    precise = run.precise(month)
    if precise.ess < FLOOR:
        raise RareError(f"{precise.ess:.0f} effective paths in default by month {month}; the floor is {FLOOR:.0f}")
    parts = [(part, np.flatnonzero(part.sample.months <= month)) for part in run.parts]
    parts = [(part, rows) for part, rows in parts if rows.size]
    relived = [_relived(part, rows, scenario, keep) for part, rows in parts]
    of_part = np.repeat(np.arange(len(parts)), [rows.size for _, rows in parts])
    programs = [runner.program for runner, _, _ in relived]

    def variance(values: Array) -> float:
        total, begin = 0.0, 0
        for part, rows in parts:
            of_all = np.zeros(part.sample.weights.size)
            of_all[rows] = values[begin : begin + rows.size]
            begin += rows.size
            total += part.branch.weight**2 * part.sample.estimate(of_all)[1]
        return total

    return Failing(
        scenario,
        "is",
        run.paths + paths,
        precise.estimate,
        precise.ess,
        np.concatenate([part.branch.weight * part.sample.scaled()[rows] for part, rows in parts]),
        np.concatenate([part.sample.paths[rows] for part, rows in parts]),
        np.concatenate([part.sample.months[rows] for part, rows in parts]),
        tuple(part.sample.causes[row] for part, rows in parts for row in rows),
        {slot: np.concatenate([kept[slot] for _, kept, _ in relived], axis=1) for slot in keep},
        lives.kept,
        {stream: np.concatenate([once[stream] for _, _, once in relived]) for stream in relived[0][2]},
        lambda row: programs[of_part[row]].shocks,
        variance,
    )


def _relived(
    part: Part, rows: npt.NDArray[np.int64], scenario: Scenario, keep: Sequence[str]
) -> tuple[TiltedRunner, dict[str, Array], dict[str, Array]]:
    """Paths of a part once more: rows by month, noughts where the branch has none, and uniforms."""
    from scipy.special import ndtr

    runner = TiltedRunner(part.branch.scenario, scenario.run.seed, part.tilt)
    paths, months = part.sample.paths[rows], scenario.calendar.months
    known = [slot for slot in keep if slot in runner.program.rows]
    pieces = [runner.lived(paths[at : at + PIECE], known).kept for at in range(0, paths.size, PIECE)]
    kept = {slot: np.zeros((months + 1, paths.size)) for slot in keep}
    kept |= {slot: np.concatenate([piece[slot] for piece in pieces], axis=1) for slot in known}
    scores = runner.scores_once(paths)
    once = {
        stream: ndtr(scores[stream]) if stream in scores else uniforms_of(scenario.run.seed, stream, paths)
        for stream in _streams(scenario)
    }
    for (group, members), chosen in zip(scenario.alternatives.items(), part.branch.choices, strict=True):
        upto = np.cumsum([0.0, *members.values()])
        once[f"alternatives.{group}"] = np.full(paths.size, float(upto[chosen] + upto[chosen + 1]) / 2.0)
    return runner, kept, once
