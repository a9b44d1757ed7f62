"""A run whose figures have control variates (controls.py): the same paths, other estimates of shares and means.

Controlled are the default probability of each month and its causes, the mean of the runway within the horizon, mean cash by month
and the means of amounts by path. Months have the controls of the next year's end. Counts and quantiles stay those of the
paths. What the pilot saw on fewer than SEEN paths has no control, and nothing has one if a path is not a number: then
those that are would not be drawn by the known law.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.components.base import CASH
from simulator.engine import bumps, ledger
from simulator.engine.block import Statistics
from simulator.engine.build import Array
from simulator.engine.sampler import REPLICATES, replicate_of
from simulator.engine.simulation import ChunkResult, Simulation
from simulator.engine.tally import Questions
from simulator.estimate import intervals
from simulator.estimate.controls import APART, PILOT, Controls, Evaluator, Scores, blocks, fit
from simulator.estimate.intervals import Estimate

SEEN = 64  # paths of the pilot
FIRST = 255  # of its paths: the middle of them is what the others have, of a number that hardly moves
RESTRICTED = "runway within the horizon"
Target = tuple[str, int]  # ("pd", month), ("pd:CODE", month), (slot, month) or (column, 0)
Frozen = dict[str, npt.NDArray[Any]]


class Moments(NamedTuple):
    """Of a block of paths: of all targets as they are, and less their controls."""

    section: int
    plain: Statistics
    less: Statistics


class Group(NamedTuple):
    """Targets with the same controls."""

    where: npt.NDArray[np.int64]  # rows of the targets
    controls: Controls
    coefficients: Array  # (targets, controls)


class Sections(ABC):
    """Moments of targets, block after block, in sections of blocks; each target as it is, and by a better estimator."""

    seconds = 0.0  # of the processor, that making it took

    def __init__(self, targets: list[Target]) -> None:
        self.where: Mapping[Target, int] = {target: k for k, target in enumerate(targets)}
        self.has: npt.NDArray[np.bool_] = np.zeros(len(targets), dtype=np.bool_)
        none = Statistics(0, np.empty(0), np.empty(0))
        self.sections = [Moments(k, none, none) for k in range(REPLICATES)]
        self._whole: tuple[list[Moments], Statistics] = [], none  # of these sections together

    @abstractmethod
    def moments(self, chunk: ChunkResult) -> tuple[Moments, ...]:
        """Of each block of a chunk, which still has its rows by month."""

    def add(self, moments: tuple[Moments, ...]) -> None:
        sections = list(self.sections)
        for section, plain, less in moments:
            old = sections[section]
            sections[section] = Moments(section, old.plain.merge(plain), old.less.merge(less))
        self.sections = sections

    def freeze(self) -> Frozen:
        """What was added, as plain numbers."""
        found: Frozen = {}
        for k, section in enumerate(self.sections):
            for name, s in (("plain", section.plain), ("less", section.less)):
                found[f"controlled.{k}.{name}.paths"] = np.array([s.paths])
                found[f"controlled.{k}.{name}.mean"] = s.mean.copy()
                found[f"controlled.{k}.{name}.squares"] = s.squares.copy()
        return found

    def thaw(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        def one(name: str) -> Statistics:
            return Statistics(int(arrays[f"{name}.paths"][0]), arrays[f"{name}.mean"], arrays[f"{name}.squares"])

        self.sections = [
            Moments(k, one(f"controlled.{k}.plain"), one(f"controlled.{k}.less")) for k in range(REPLICATES)
        ]

    # --- estimates ---

    def _less(self, target: Target) -> tuple[float, float, int] | None:
        """Mean, sum of squared deviations and paths of a target less its control; None: it has none."""
        row = self.where.get(target)
        if row is None or not self.has[row]:
            return None
        sections, whole = self._whole
        if sections is not self.sections:
            whole = _merged([s.less for s in self.sections])
            self._whole = self.sections, whole
        return float(whole.mean[row]), float(whole.squares[row]), whole.paths

    def mean(self, target: Target, z: float) -> Estimate | None:
        found = self._less(target)
        return None if found is None else intervals.mean(*found, z)

    def share(self, target: Target, z: float) -> Estimate | None:
        """With Wilson's interval of as many paths as plain sampling would need for the same variance."""
        found = self._less(target)
        if found is None:
            return None
        p, squares, n = found
        variance = squares / max(1, n - 1) / n
        if not 0.0 < p < 1.0 or variance <= 0.0:
            p = min(1.0, max(0.0, p))
            return intervals.wilson(p, n, z)
        return intervals.wilson(p, p * (1.0 - p) / variance, z)

    def ratio(self, target: Target) -> Estimate | None:
        """How many times the variance less the control goes into the plain one; interval by the jackknife over sections of blocks
        (Quenouille 1956) of its logarithm."""
        row = self.where.get(target)
        if row is None or not self.has[row]:
            return None
        parts = [s for s in self.sections if s.plain.paths]

        def logarithm(of: list[Moments]) -> float:
            plain, less = (_merged([getattr(s, name) for s in of]).squares[row] for name in ("plain", "less"))
            return math.log(plain / less) if plain > 0.0 and less > 0.0 else math.nan

        whole = logarithm(parts)
        if len(parts) < 2 or not math.isfinite(whole):
            return None if not math.isfinite(whole) else Estimate(math.exp(whole), 0.0, math.inf)
        without = np.array([logarithm(parts[:k] + parts[k + 1 :]) for k in range(len(parts))])
        error = math.sqrt((len(parts) - 1) * float(np.var(without)))
        half = intervals.student(len(parts)) * error
        return Estimate(math.exp(whole), math.exp(whole - half), math.exp(whole + half))


class Controlled(Sections):
    """Fitted when it is made, by a pilot of the same seed; then block after block is added, in path order.

    What is summed over a block are the targets, the controls and their products: of Y less b'c the mean and the squares are then
    known, mean(Y) - b'mean(c) and S(Y, Y) - 2 b'S(Y, c) + b'S(c, c) b.
    """

    def __init__(self, simulation: Simulation, asked: Questions) -> None:
        self.months, self.asked = simulation.scenario.calendar.months, asked
        self.scores = Scores(simulation.asked())
        bumps.evaluator(), bumps.summer()  # compiling is no part of what a pilot takes
        started = time.process_time()
        pilot = simulation.run_chunk(APART, PILOT)
        codes = np.unique(pilot.columns["cause"]).astype(np.int64)
        self.codes = tuple(int(c) for c in codes if c > ledger.NAN_CODE)
        self.kinds = np.zeros(asked.causes, dtype=np.int64)
        self.kinds[list(self.codes)] = np.arange(1, 1 + len(self.codes))
        every = range(1, self.months + 1)
        found: list[Target] = [("pd", m) for m in every]
        found += [(f"pd:{code}", m) for code in self.codes for m in every]
        found += [(CASH, m) for m in every]
        found += [(name, 0) for name in (*asked.averaged, RESTRICTED)]
        super().__init__(found)
        self.groups = self._fitted(found, self._values(pilot), simulation.scenario.step.per_year)
        self.evaluator = Evaluator(self.scores, [group.controls for group in self.groups])
        self.coefficients = np.zeros((len(found), bumps.CONTROLS))
        self.own = np.zeros((len(found) + int(self.evaluator.begins[-1]), 2), dtype=np.int64)  # controls from, and to
        for group, begin, end in zip(self.groups, self.evaluator.begins, self.evaluator.begins[1:], strict=False):
            self.has[group.where] = group.coefficients.any(axis=1)
            self.coefficients[group.where, : end - begin] = group.coefficients
            self.own[group.where] = begin, end
            self.own[len(found) + begin : len(found) + end] = begin, end
        self.seconds = time.process_time() - started

    def _fitted(self, targets: list[Target], y: Array, year: int) -> tuple[Group, ...]:
        horizons = sorted({*(year * n for n in (1, 2, 3, 5) if year * n <= self.months), self.months})
        seen = (y != np.median(y[:, :FIRST], axis=1, keepdims=True)).sum(axis=1)
        enough = seen >= SEEN
        for target, row in self.where.items():  # causes are as their sum is, so that they add up to it
            if target[0].startswith("pd:"):
                enough[row] = enough[self.where["pd", target[1]]]
        components = [self.scores.components(horizon) for horizon in horizons]
        scores = self.scores.of_pilot(components, PILOT)
        found = []
        for k, (horizon, rows, x) in enumerate(zip(horizons, components, scores, strict=True)):
            after = horizons[k - 1] if k else 0
            own = [after < m <= horizon or (m == 0 and horizon == self.months) for _, m in targets]
            where = np.flatnonzero(np.array(own) & enough)
            if not where.size:
                continue
            aims = y[[self.where["pd", horizon], self.where[CASH, horizon]]]
            controls, coefficients = fit(x, rows, aims, y[where])
            found.append(Group(where, controls, coefficients))
        return tuple(found)

    def _values(self, chunk: ChunkResult) -> Array:
        """The targets by path, shape (targets, paths)."""
        cause, at = _default(chunk)
        months = np.arange(1, self.months + 1)[:, None]
        parts: list[npt.NDArray[Any]] = [at <= months]
        parts += [(at <= months) & (cause == code) for code in self.codes]
        parts.append(np.array(self._amounts(chunk)))
        return np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])

    def _amounts(self, chunk: ChunkResult) -> list[Array]:
        """The last of the targets by path, a row each; nought of a path that is not a number."""
        cause, at = _default(chunk)
        rows = [*chunk.kept[CASH][1:], *(chunk.columns[name] for name in self.asked.averaged)]
        rows.append(np.minimum(at, float(self.months)))
        bad = cause == ledger.NAN_CODE
        if bad.any():
            rows = [np.where(bad, 0.0, row) for row in rows]
        return [np.ascontiguousarray(row, dtype=np.float64) for row in rows]

    def moments(self, chunk: ChunkResult) -> tuple[Moments, ...]:
        amounts = self._amounts(chunk)
        cause, end = (np.ascontiguousarray(chunk.columns[name], dtype=np.float64) for name in ("cause", "end_month"))
        addresses = np.array([row.ctypes.data for row in (*amounts, end, cause)], dtype=np.int64)
        parts = blocks(chunk.first, cause.size)
        controls, rows = len(self.evaluator.constant), self.own[len(self.where) - len(amounts) :]
        of_rows = np.zeros((len(parts), len(rows), 2 + bumps.CONTROLS))
        shares = (len(parts), 1 + len(self.codes), self.months + 1)
        counts, of_defaults = np.zeros(shares), np.zeros((*shares, controls))
        sizes = np.empty((len(parts), 1))
        for k, (first, count) in enumerate(parts):
            begin = first - chunk.first
            sizes[k] = min(count, cause.size - begin)
            found = self.evaluator.of(first)
            *where, ends, causes = addresses + begin * cause.itemsize
            own = found.ctypes.data + np.arange(controls) * found.strides[0]
            bumps.summer()(
                found, np.array([*where, *own], dtype=np.int64), rows, of_rows[k], int(sizes[k, 0]), ends, causes,
                self.kinds, counts[k], of_defaults[k],
            )  # fmt: skip
        return self._of_sums([first for first, _ in parts], sizes, counts, of_defaults, of_rows)

    def _of_sums(
        self, firsts: list[int], n: Array, counts: Array, of_defaults: Array, of_rows: Array
    ) -> tuple[Moments, ...]:
        """By block the moments of all targets; n: shape (blocks, 1), its paths."""
        shares = counts[:, :, 1:].reshape(len(firsts), -1)
        with_controls = of_defaults[:, :, 1:].reshape(*shares.shape, -1)
        of_amounts, of_controls = np.split(of_rows, [len(self.where) - shares.shape[1]], axis=1)
        mean = np.concatenate([shares / n, of_amounts[:, :, 0]], axis=1)
        squares = np.concatenate([shares - shares * shares / n, of_amounts[:, :, 1]], axis=1)
        less, left = mean.copy(), squares.copy()
        for group, begin, end in zip(self.groups, self.evaluator.begins, self.evaluator.begins[1:], strict=False):
            where, b = group.where, group.coefficients
            of_share = where[where < shares.shape[1]]
            centre, own = of_controls[:, begin:end, 0], of_controls[:, begin:end, 2 : 2 + end - begin]
            together = with_controls[:, of_share, begin:end] - shares[:, of_share, None] * centre[:, None, :]
            of_rest = of_amounts[:, where[of_share.size :] - shares.shape[1], 2 : 2 + end - begin]
            both = np.concatenate([together, of_rest], axis=1)
            less[:, where] -= (b * centre[:, None, :]).sum(axis=2)
            left[:, where] += ((np.einsum("tj,kij->kti", b, own) - 2.0 * both) * b).sum(axis=2)
        left = np.maximum(left, 0.0)
        sections = replicate_of(np.array(firsts))
        return tuple(
            Moments(int(s), Statistics(int(n[k, 0]), mean[k], squares[k]), Statistics(int(n[k, 0]), less[k], left[k]))
            for k, s in enumerate(sections)
        )


def _default(chunk: ChunkResult) -> tuple[npt.NDArray[np.int64], Array]:
    """By path the cause and the month of default, infinite where there is none."""
    cause = chunk.columns["cause"].astype(np.int64)
    return cause, np.where(cause > ledger.NAN_CODE, chunk.columns["end_month"], math.inf)


def _merged(parts: list[Statistics]) -> Statistics:
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.merge(part)
    return whole


def statistics(rows: Array) -> Statistics:
    mean = rows.mean(axis=1)
    apart = rows - mean[:, None]
    return Statistics(rows.shape[1], mean, (apart * apart).sum(axis=1))
