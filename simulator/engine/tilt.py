"""Paths drawn from a tilted law, and how much likelier each is than under the law of the scenario.

The law that is sampled is a mixture of whole-path laws. In a component k the normal score of each monthly shock and of each
number drawn once a path is moved by a fixed amount theta_k (shock, month); component 0 is the law of the scenario, so that no
weight exceeds 1 over its share (defensive mixture, Hesterberg 1995). A uniform u is tilted by its score: Phi(Phi^-1(u) + theta),
which makes events (u < p) likelier or rarer. What a law draws by itself (sizes of jumps, of events and of rounds) is left alone.

log ratio of component k along a path: sum over months to its ending of theta_k z - theta_k^2 / 2, z the moved score. Months
after the ending do not count: weight to the stopping time, which has the same mean and less variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, ndtr, ndtri

from simulator.components.base import ENDED
from simulator.engine.block import Lived, ProgramRunner, uniforms_of
from simulator.engine.build import Array, Step
from simulator.engine.jit import Argument
from simulator.engine.program import Column, Program, build
from simulator.engine.random import draw_normal, draw_uniform
from simulator.engine.sampling import evaluate
from simulator.engine.source import Paths
from simulator.mathematics.normal import normal_cdf
from simulator.scenario.model import Scenario

PERIOD = 1024  # paths over which the components have their shares
COMPONENT, LOG_RATIO = "tilt.component", "tilt.log_ratio"
SMALLEST, LARGEST = 2.0**-60, 1.0 - 2.0**-53  # what a uniform may be


class Source(NamedTuple):
    """A monthly shock as it is drawn: independent of all others."""

    slot: str  # of the score, or of the uniform
    uniform: bool


@dataclass(frozen=True)
class Tilt:
    """A mixture. `lanes`: paths of each component among PERIOD, the law of the scenario first; `monthly`: slot of a
    source -> shifts, shape (components - 1, months + 1), column 0 unused; `once`: stream -> shifts, shape (components - 1,)."""

    lanes: tuple[int, ...]
    monthly: dict[str, Array]
    once: dict[str, Array]

    @staticmethod
    def nothing() -> Tilt:
        return Tilt((PERIOD,), {}, {})

    @property
    def components(self) -> int:
        return len(self.lanes) - 1

    @cached_property
    def shares(self) -> Array:
        return np.array(self.lanes) / PERIOD

    @cached_property
    def _of_lane(self) -> npt.NDArray[np.int64]:
        return np.repeat(np.arange(len(self.lanes)), self.lanes)

    def component_of(self, paths: Paths) -> npt.NDArray[np.int64]:
        """By path: the component its number belongs to. A fixed share of every PERIOD, which is stratified sampling."""
        return self._of_lane[paths % PERIOD]

    def log_weights(self, log_ratios: Array) -> Array:
        """Of the law of the scenario against the mixture; `log_ratios` has the shape (components - 1, paths)."""
        terms = np.concatenate([np.zeros((1, log_ratios.shape[1])), log_ratios])
        return np.asarray(-logsumexp(terms, axis=0, b=self.shares[:, None]))


def sources_of(program: Program) -> tuple[Source, ...]:
    """The monthly shocks that a program draws, in the order in which it draws them."""
    name_of = {row: name for name, row in program.rows.items()}
    drawn = [step for step in program.steps if step.law in (draw_normal, draw_uniform)]
    return tuple(Source(name_of[int(step.words[0])], step.law is draw_uniform) for step in drawn)


class TiltedRunner(ProgramRunner):
    """A program whose paths are drawn from a tilted law; their log ratios are columns beside the others."""

    def __init__(self, scenario: Scenario, seed: int, tilt: Tilt) -> None:
        self.tilt = tilt
        self.streams: tuple[str, ...] = ()  # of what is drawn once a path
        super().__init__(scenario, seed)
        self.sources = sources_of(self.program)

    def lived(self, paths: Paths, keep: Sequence[str] = ()) -> Lived:
        """Simulate these paths and keep the given slots by month."""
        return self.live(self.prepare(paths), 0, paths.size, keep)

    def log_ratios(self, columns: dict[str, Array]) -> Array:
        """Shape (components - 1, paths)."""
        first = next(iter(columns.values()))
        return np.array([columns[f"{LOG_RATIO}.{k}"] for k in range(self.tilt.components)]).reshape(-1, first.size)

    def scores_once(self, paths: Paths) -> dict[str, Array]:
        """By stream of what is drawn once a path: its score, moved as the path's component says."""
        which = self.tilt.component_of(paths)
        found = {}
        for stream in self.streams:
            score = ndtri(uniforms_of(self.seed, stream, paths))
            if stream in self.tilt.once:
                score = score + np.concatenate([[0.0], self.tilt.once[stream]])[which]
            found[stream] = score
        return found

    def _program(self, paths: Paths) -> Program:
        self._drawn = True  # components, at the least, are another for every path
        which = self.tilt.component_of(paths)
        drawn: dict[str, Array] = {}

        def draw(stream: str) -> Array:
            if stream not in drawn:
                drawn[stream] = uniforms_of(self.seed, stream, paths)
                if stream in self.tilt.once:
                    score = ndtri(drawn[stream]) + np.concatenate([[0.0], self.tilt.once[stream]])[which]
                    scores[stream] = score
                    drawn[stream] = np.clip(ndtr(score), SMALLEST, LARGEST)
            return drawn[stream]

        scores: dict[str, Array] = {}
        program = build(self.scenario, self.seed, draw, evaluate=evaluate)
        self.streams = tuple(drawn)
        opening = np.zeros((self.tilt.components, paths.size))
        for stream, score in scores.items():
            shift = self.tilt.once[stream][:, None]
            opening += shift * score - 0.5 * shift * shift
        return _with_tilt(program, self.tilt, which.astype(np.float64), opening)


def _with_tilt(program: Program, tilt: Tilt, which: Array, opening: Array) -> Program:
    """The program with a step after each draw that is tilted, and rows for components and log ratios."""
    if not tilt.components:
        return program
    rows, values = dict(program.rows), list(program.values)

    def add(slot: str, value: Any) -> int:
        rows[slot] = len(values)
        values.append(value)
        return rows[slot]

    component = add(COMPONENT, which)
    ratios = [add(f"{LOG_RATIO}.{k}", opening[k]) for k in range(tilt.components)]
    by_row = {program.rows[slot]: shifts for slot, shifts in tilt.monthly.items()}
    steps: list[Step] = []
    for step in program.steps:
        shifts = by_row.get(int(step.words[0])) if step.law in (draw_normal, draw_uniform) else None
        if shifts is None:
            steps.append(step)
            continue
        target = int(step.words[0])
        words = (target, component, rows[ENDED], ratios[0], tilt.components)
        params = tuple(float(x) for x in np.ascontiguousarray(shifts).ravel())
        steps.append(step._replace(law=draw_normal))
        steps.append(Step(step.phase, move_scores, (), (), words, params, step.months, kernel=True))
        if step.law is draw_uniform:
            slot = (Argument("slot"),)
            steps.append(Step(step.phase, normal_cdf, slot, ("set",), (target, target), (), step.months))
    columns = [Column(f"{LOG_RATIO}.{k}", f"{LOG_RATIO}.{k}", "log", "money") for k in range(tilt.components)]
    return replace(program, rows=rows, values=tuple(values), steps=tuple(steps), columns=(*program.columns, *columns))


def move_scores(slots: Any, _words: Any, index: Any, params: Any, month: int, _paths: Any) -> None:
    """index = (row of scores, row of components, row of the ending's month, first row of log ratios, components beyond the
    first, lanes); params: shifts, by component and month."""
    target, which, ended = slots[index[0]], slots[index[1]], slots[index[2]]
    first, components, lanes = index[3], index[4], index[5]
    stride = params.shape[0] // components
    for k in range(components):
        shift = params[k * stride + month]
        if shift != 0.0:
            for i in range(lanes):
                target[i] += shift if which[i] == k + 1.0 else 0.0
    for k in range(components):
        shift = params[k * stride + month]
        if shift != 0.0:
            ratio, half = slots[first + k], 0.5 * shift * shift
            for i in range(lanes):
                ratio[i] += shift * target[i] - half if ended[i] == 0.0 else 0.0
