"""Importance sampling: find the tilt of one branch in pilot runs, then draw from it.

Two pilots look for paths that default: splitting, which finds the ways that lead there step by step, and a search mixture that
pushes one shock at a time up or down, which finds what comes at a stroke. Cross-entropy fits a mixture to both, and is
repeated on paths drawn from its own answer as long as that lowers the variance. Pilots only choose the law that is sampled:
the estimate uses none of their paths, so it is unbiased whatever they found.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from simulator.engine import executors, ledger
from simulator.engine.build import Array
from simulator.engine.tilt import PERIOD, Source, Tilt, TiltedRunner, sources_of
from simulator.estimate import cross_entropy
from simulator.estimate.cross_entropy import Mixture, Scores
from simulator.estimate.sample import Sample
from simulator.estimate.splitting import KNOWN, Defaults, Outlook, split
from simulator.scenario.model import Scenario

PILOT = 8 * PERIOD  # plain paths
SPLIT_PILOT, POPULATION = 4, 4 * PERIOD  # populations, and paths in each
SEARCH, REFINE = 16 * PERIOD, 8 * PERIOD
PUSH, PUSH_ONCE = (
    5.0,
    3.0,
)  # of the search: shift of one shock over all months (root of the sum of squares), of an input
ROUNDS = 4  # of refining
WORTH = 0.9  # a round has to bring the variance below this share of what it was, else it was the last
NOT_RARE = 0.02  # of plain pilot paths in default: then nothing is tilted
DEFENSIVE = 0.1  # share of paths from the law of the scenario: no weight exceeds ten
PIECE, CHUNK = 2 * PERIOD, 16 * PERIOD  # paths simulated at once with and without their shocks
# where numbers of paths begin, a range of 2^44 for each purpose and 2^52 for each branch
MAIN, PLAIN, SPLIT, LOOKING, REFINING, POPULATIONS = range(6)


def first_path(branch: int, purpose: int) -> int:
    return (branch << 52) | (purpose << 44)


class Piece(NamedTuple):
    """The paths in default of a piece of a run."""

    paths: npt.NDArray[np.int64]
    columns: dict[str, Array]
    log_weights: Array
    kept: dict[str, Array]
    not_a_number: float  # sum of weights


def draw(runner: TiltedRunner, paths: npt.NDArray[np.int64], keep: Sequence[str] = ()) -> Piece:
    """Simulate these paths and keep those that default."""
    lived = runner.lived(paths, keep)
    cause = lived.columns["cause"]
    log_weights = runner.tilt.log_weights(runner.log_ratios(lived.columns))
    failed = cause > ledger.NAN_CODE
    kept = {slot: values[:, failed] for slot, values in lived.kept.items()}
    columns = {name: values[failed] for name, values in lived.columns.items()}
    lost = float(np.exp(log_weights[cause == ledger.NAN_CODE]).sum())
    return Piece(paths[failed], columns, log_weights[failed], kept, lost)


@dataclass
class Pilot:
    """What is known of one branch before anything is estimated."""

    scenario: Scenario
    seed: int
    branch: int
    workers: int
    plain: TiltedRunner = field(init=False)
    share: float = 0.0  # of plain pilot paths in default
    outlook: Outlook | None = None
    spread: float = 0.0  # standard deviation of one path's estimate, for sharing paths out among branches
    found: bool = False  # whether any pilot path defaulted
    used: int = 0  # paths

    def __post_init__(self) -> None:
        self.plain = TiltedRunner(self.scenario, self.seed, Tilt.nothing())
        self._search: Scores | None = None

    def look(self) -> None:
        """Plain paths: how rare a default is, and how liquidity moves."""
        lived = self.plain.lived(first_path(self.branch, PLAIN) + np.arange(PILOT), KNOWN)
        self.used += PILOT
        self.share = float((lived.columns["cause"] > ledger.NAN_CODE).mean())
        self.found, self.spread = self.share > 0.0, math.sqrt(self.share * (1.0 - self.share))
        if self.not_rare:
            return
        floor = self.scenario.default.floor
        level = float(floor) if isinstance(floor, int | float) else 0.0
        kept = {slot: np.nan_to_num(lived.kept[slot], posinf=0.0, neginf=0.0) for slot in KNOWN}
        self.outlook = Outlook.fitted(kept, lived.columns["end_month"], level)

    @property
    def not_rare(self) -> bool:
        return self.share >= NOT_RARE

    def split(self, keep: Sequence[str] = ()) -> list[Defaults]:
        """A few populations."""
        outlook, first = self.outlook, first_path(self.branch, SPLIT)
        assert outlook is not None
        stride = POPULATION * (self.scenario.calendar.months + 1)
        tasks = [first + k * stride for k in range(SPLIT_PILOT)]
        found = list(executors.run(lambda at: split(self.plain, outlook, POPULATION, at, keep), tasks, self.workers))
        self.used += SPLIT_PILOT * POPULATION
        sums = np.array([d.weights.sum() for d in found]) / POPULATION
        if sums.any():
            self.found, self.spread = True, float(sums.std(ddof=1)) * math.sqrt(POPULATION)
        return found

    # --- importance sampling ---

    def tilt(self) -> Tilt | None:
        """The best mixture found; None if no path defaults in any pilot, or nothing is worth moving."""
        sources, streams = sources_of(self.plain.program), self.plain.streams
        scores = self._split_scores(sources, streams)
        searched = self._scores(self._mixture_of_search(sources, streams), sources, streams, LOOKING, SEARCH)
        scores = scores.together(searched[0])
        self.found = self.found or bool(scores.weights.size)
        best, least = None, math.inf
        mixture = cross_entropy.fit(scores)
        for k in range(ROUNDS):
            if mixture is None:
                break
            tilt = tilt_of(mixture, sources, streams)
            drawn, variance = self._scores(tilt, sources, streams, REFINING, REFINE, k)
            if variance < least:
                last = variance > WORTH * least
                best, least, self.spread = tilt, variance, math.sqrt(variance)
                if last:
                    break
            elif best is not None:
                break
            if drawn.weights.size:
                better = cross_entropy.fit(
                    drawn if drawn.effective() > scores.effective() else drawn.together(scores), mixture
                )
                mixture = better or mixture
        return best

    def _split_scores(self, sources: Sequence[Source], streams: Sequence[str]) -> Scores:
        found = self.split([source.slot for source in sources])
        once = [self.plain.scores_once(d.roots) for d in found]
        return Scores(
            np.concatenate([d.weights for d in found]) / (SPLIT_PILOT * POPULATION),
            np.concatenate([d.months for d in found]).astype(np.float64),
            np.concatenate([_monthly(d.shocks, sources, self.scenario) for d in found], axis=2),
            np.concatenate(
                [_stacked([o[s] for s in streams], d.roots.size) for o, d in zip(once, found, strict=True)], axis=1
            ),
        )

    def _scores(
        self, tilt: Tilt, sources: Sequence[Source], streams: Sequence[str], purpose: int, paths: int, again: int = 0
    ) -> tuple[Scores, float]:
        """Paths in default under a tilt, and the variance of one path's estimate."""
        runner = TiltedRunner(self.scenario, self.seed, tilt)
        first = first_path(self.branch, purpose) + again * paths
        keep = [source.slot for source in sources]
        tasks = [first + np.arange(begin, begin + PIECE) for begin in range(0, paths, PIECE)]
        found = list(executors.run(lambda numbers: draw(runner, numbers, keep), tasks, self.workers))
        self.used += paths
        numbers = np.concatenate([p.paths for p in found])
        weights = np.exp(np.concatenate([p.log_weights for p in found]))
        once = runner.scores_once(numbers)
        scores = Scores(
            weights / paths,
            np.concatenate([p.columns["end_month"] for p in found]),
            np.concatenate([_monthly(p.kept, sources, self.scenario) for p in found], axis=2),
            _stacked([once[s] for s in streams], numbers.size),
        )
        mean = weights.sum() / paths
        return scores, float((weights**2).sum() / paths - mean * mean) if numbers.size else math.inf

    def _mixture_of_search(self, sources: Sequence[Source], streams: Sequence[str]) -> Tilt:
        """One shock or input at a time, up and down."""
        months, ways = self.scenario.calendar.months, 2 * (len(sources) + len(streams))
        lanes = max(1, (PERIOD - PERIOD // 16) // max(1, ways))
        components = min(ways, PERIOD - 1)
        monthly, once = {}, {}
        for k, source in enumerate(sources):
            shifts = np.zeros((components, months + 1))
            for at, sign in ((2 * k, 1.0), (2 * k + 1, -1.0)):
                if at < components:
                    shifts[at, 1:] = sign * PUSH / math.sqrt(months)
            monthly[source.slot] = shifts
        for k, stream in enumerate(streams, len(sources)):
            once[stream] = np.array(
                [{2 * k: PUSH_ONCE, 2 * k + 1: -PUSH_ONCE}.get(at, 0.0) for at in range(components)]
            )
        return Tilt((PERIOD - lanes * components, *([lanes] * components)), monthly, once)


def _monthly(kept: dict[str, Array], sources: Sequence[Source], scenario: Scenario) -> Array:
    """Normal scores, shape (shocks, months, paths); nought where [shocks] gives one, which no tilt moves."""
    months, start = scenario.calendar.months, scenario.calendar.start
    found = [
        ndtri(np.clip(kept[s.slot][1:], 2.0**-60, 1.0 - 2.0**-53)) if s.uniform else kept[s.slot][1:] for s in sources
    ]
    if not found:
        some = next(iter(kept.values()), np.zeros((months + 1, 0)))
        return np.zeros((0, months, some.shape[1]))
    scores = np.array(found)
    for j, source in enumerate(sources):
        for month in scenario.shocks.monthly.get(source.slot, {}):
            scores[j, month - start] = 0.0
    return scores


def _stacked(rows: list[Array], width: int) -> Array:
    return np.array(rows) if rows else np.zeros((0, width))


def tilt_of(mixture: Mixture, sources: Sequence[Source], streams: Sequence[str]) -> Tilt:
    """The mixture with its defensive share, in whole paths of a PERIOD; what no component moves is left out."""
    left = PERIOD - math.ceil(DEFENSIVE * PERIOD)
    lanes = np.maximum(1, np.floor(mixture.shares * left).astype(np.int64))
    months = mixture.monthly.shape[2]
    monthly = {
        source.slot: np.concatenate([np.zeros((lanes.size, 1)), mixture.monthly[:, j, :]], axis=1)
        for j, source in enumerate(sources)
        if mixture.monthly[:, j, :].any() and months
    }
    once = {stream: mixture.once[:, j] for j, stream in enumerate(streams) if mixture.once[:, j].any()}
    return Tilt((PERIOD - int(lanes.sum()), *(int(n) for n in lanes)), monthly, once)


def sampled(runner: TiltedRunner, branch: int, paths: int, workers: int) -> Sample:
    """So many paths (rounded up to whole PERIODs) of the law of the runner's tilt: "is", or "plain" if it moves nothing."""
    first, count = first_path(branch, MAIN), -(-paths // PERIOD) * PERIOD
    tasks = [first + np.arange(begin, min(count, begin + CHUNK)) for begin in range(0, count, CHUNK)]
    found = list(executors.run(lambda numbers: draw(runner, numbers), tasks, workers))
    numbers = np.concatenate([p.paths for p in found])
    columns = {name: np.concatenate([p.columns[name] for p in found]) for name in found[0].columns}
    sentences = [cause.sentence for cause in runner.program.causes]
    return Sample(
        "is" if runner.tilt.components else "plain",
        np.exp(np.concatenate([p.log_weights for p in found])),
        runner.tilt.component_of(numbers),
        np.array(runner.tilt.lanes) * (count / PERIOD),
        columns["end_month"].astype(np.int64),
        tuple(sentences[int(code)] for code in columns["cause"]),
        columns,
        numbers,
        sum(p.not_a_number for p in found) / count,
    )
