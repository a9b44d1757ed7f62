"""Paths in default with their weights, and what was drawn on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.engine.build import Array
from simulator.engine.tilt import Tilt, TiltedRunner
from simulator.estimate.importance import PIECE, Pilot
from simulator.estimate.sample import Sample
from simulator.estimate.splitting import Defaults
from simulator.scenario.model import Branch


class Failing(NamedTuple):
    """Paths in default. The sum of the weights is the default probability; conditional on default each counts
    weight / sum(weights)."""

    weights: Array  # (paths,)
    branch: npt.NDArray[np.int64]  # number of the combination of alternatives, heaviest first
    columns: dict[str, Array]  # of `paths`; by splitting as they stand at the default; NaN where a branch has none
    causes: tuple[str, ...]  # by path
    shocks: dict[
        str, Array
    ]  # as components read them, scores or uniforms, (months, paths); NaN where a branch has none
    inputs: dict[str, Array]  # drawn once a path, in the engine's units


@dataclass(frozen=True)
class Part:
    """A branch and what was sampled of it."""

    branch: Branch
    pilot: Pilot
    sample: Sample
    tilt: Tilt
    left: tuple[Defaults, ...] = ()  # by splitting

    @cached_property
    def runner(self) -> TiltedRunner:
        """What draws its paths."""
        plain = self.sample.method == "splitting"
        return self.pilot.plain if plain else TiltedRunner(self.branch.scenario, self.pilot.seed, self.tilt)


def failing(parts: Sequence[Part], most: int) -> Failing:
    """Of these branches together; of more than `most` so many, drawn evenly by weight."""
    rows = [(k, i) for k, part in enumerate(parts) for i in range(part.sample.weights.size)]
    weights = np.concatenate([np.zeros(0), *(part.branch.weight * part.sample.scaled() for part in parts)])
    chosen = np.arange(weights.size)
    if weights.size > most:
        upto = np.cumsum(weights) / weights.sum()
        chosen = np.minimum(np.searchsorted(upto, (np.arange(most) + 0.5) / most), weights.size - 1)
        weights = np.full(most, weights.sum() / most)
    of_part = np.array([rows[j][0] for j in chosen], dtype=np.int64)
    within = np.array([rows[j][1] for j in chosen], dtype=np.int64)
    columns: dict[str, Array] = {}
    shocks: dict[str, Array] = {}
    inputs: dict[str, Array] = {}
    causes = np.empty(chosen.size, dtype=object)
    for k, part in enumerate(parts):
        here, rows_of = of_part == k, within[of_part == k]
        if not here.any():
            continue
        s = part.sample
        causes[here] = np.array(s.causes, dtype=object)[rows_of]
        _place(
            columns,
            here,
            {n: v[rows_of] for n, v in s.columns.items() if n not in ("cause",) and not n.startswith("tilt.")},
        )
        drawn, of_inputs = _drawn(part, rows_of)
        _place(shocks, here, drawn)
        _place(inputs, here, of_inputs)
    of_branch = np.array([p.pilot.branch for p in parts], dtype=np.int64)[of_part]
    return Failing(weights, of_branch, columns, tuple(causes), shocks, inputs)


def _place(into: dict[str, Array], here: npt.NDArray[np.bool_], found: dict[str, Array]) -> None:
    for name, values in found.items():
        if name not in into:
            into[name] = np.full((*values.shape[:-1], here.size), np.nan)
        into[name][..., here] = values


def _drawn(part: Part, rows: npt.NDArray[np.int64]) -> tuple[dict[str, Array], dict[str, Array]]:
    """Shocks as components read them, (months, paths), and inputs of some paths of a part's sample."""
    if part.sample.method == "splitting" and not part.left:
        return {}, {}
    if part.left:
        runner = part.pilot.plain
        inputs = runner.prepare(part.sample.paths[rows]).program.inputs
        names = part.left[0].shocks
        drawn = {n: np.concatenate([d.shocks[n] for d in part.left], axis=1)[1:, rows] for n in names}
        return drawn, {name: values[: rows.size] for name, values in inputs.items()}
    runner = part.runner
    drawn, inputs = {}, {}
    pieces = [
        runner.lived(part.sample.paths[rows[at : at + PIECE]], runner.program.shocks)
        for at in range(0, rows.size, PIECE)
    ]
    for name in runner.program.shocks:
        drawn[name] = np.concatenate([p.kept[name][1:] for p in pieces], axis=1)
    for name in pieces[0].inputs:
        inputs[name] = np.concatenate([p.inputs[name] for p in pieces])
    return drawn, inputs
