"""Default probabilities that plain sampling cannot see: importance sampling or splitting, branch by branch.

Alternatives are not drawn: the probability of each combination is estimated by itself and weighted by the file's weights, so a
rare combination costs no precision. A branch in which a default is not rare is sampled plainly whatever the method.

A number is given only if at least FLOOR effective paths in default stand behind it, a coefficient of variation of at most
10 %; that of the horizon is refused as a whole (`RareError`), those of earlier months are left out (None).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from simulator.engine import executors
from simulator.engine.tilt import Tilt, TiltedRunner
from simulator.estimate import importance, intervals
from simulator.estimate.importance import PILOT, POPULATIONS, Pilot, first_path, sampled
from simulator.estimate.sample import Precise, Sample, together
from simulator.estimate.splitting import split
from simulator.estimate.training import ready
from simulator.estimate.weighted import Failing, Part, failing
from simulator.scenario.model import Branch, Scenario

FLOOR = 100.0  # effective paths in default behind every number
LEAST_POPULATIONS = 16  # of splitting: their spread is the interval
POPULATION_SIZES = (4096, 2048, 1024)
LEAST_PART = 0.1  # of the paths of an even share that every branch gets
MOST_WITH_SHOCKS = 20_000  # paths in default handed out with their shocks
Method = Literal["is", "splitting"]
METHODS: tuple[Method, ...] = ("is", "splitting")
Progress = Callable[[int, int], None]


class RareError(ValueError):
    """What was found is too little to give a number; the message says what and what to do."""


@dataclass(frozen=True)
class Rare:
    """What a rare-event run found. Months are numbers 1 … M; intervals 95 %."""

    scenario: Scenario
    method: Method
    parts: tuple[Part, ...]
    unseen: tuple[tuple[Branch, int], ...]  # branches without a path in default, and how many plain paths looked
    paths: int  # pilots included
    seconds: dict[str, float]
    plain_speed: float  # plain paths a second on these threads, measured
    workers: int = 1
    folder: Path | None = None  # where it is kept

    @property
    def months(self) -> int:
        return self.scenario.calendar.months

    def precise(self, month: int, cause: str | None = None) -> Precise:
        """Default probability by a month, of one cause or all, whether or not enough paths stand behind it."""
        inside = []
        for part in self.parts:
            s = part.sample
            inside.append(((s.months <= month) & s.of_cause(cause)).astype(np.float64))
        found = together(self._weighted, inside, shares=True)
        e = found.estimate
        return found._replace(estimate=e._replace(low=max(0.0, e.low), high=min(1.0, e.high)))

    def pd(self, month: int) -> tuple[float, float, float]:
        """Default probability by a month: (value, low, high). Raises ValueError for no month of the scenario, RareError below
        the floor."""
        if not 1 <= month <= self.months:
            raise ValueError(f"month {month} lies outside 1 … {self.months}")
        found = self.precise(month)
        if found.ess < FLOOR:
            raise RareError(
                f"only {found.ess:.0f} effective paths in default by month {month}; the floor is {FLOOR:.0f}"
            )
        return tuple(found.estimate)  # type: ignore[return-value]

    def mean(self, column: str) -> Precise:
        """Mean over all paths of a column of `paths` that is nought without a default (an exposure at default, a loss)."""
        values = [p.sample.columns.get(column, np.zeros(p.sample.weights.size)) for p in self.parts]
        return together(self._weighted, values, shares=False)

    @cached_property
    def _weighted(self) -> list[tuple[float, Sample]]:
        return [(part.branch.weight, part.sample) for part in self.parts]

    @property
    def causes(self) -> tuple[str, ...]:
        """Of the paths found, heaviest first."""
        sums: dict[str, float] = {}
        for weight, s in self._weighted:
            for cause, x in zip(s.causes, (weight * s.scaled()).tolist(), strict=True):
                sums[cause] = sums.get(cause, 0.0) + x
        return tuple(sorted(sums, key=lambda cause: -sums[cause]))

    def failing(self, most: int = MOST_WITH_SHOCKS) -> Failing:
        """The paths in default with their weights and what was drawn on them; of more than `most` so many, drawn evenly by
        weight (their weights are then equal). Those of splitting have shocks and inputs only if `rare` was asked for `shocks`."""
        return failing(self.parts, most)

    @cached_property
    def gain(self) -> dict[str, float]:
        """Plain sampling over this run, for the same standard error at the horizon: paths, pilots included, and seconds."""
        found = self.precise(self.months)
        p = found.estimate.value
        plain = (1.0 - p) / (p * found.cv**2) if found.cv > 0.0 else math.nan
        return {
            "plain_paths": plain,
            "paths": plain / self.paths,
            "time": plain / self.plain_speed / sum(self.seconds.values()),
        }

    @cached_property
    def document(self) -> dict[str, Any]:
        """What `run --rare … --json` prints."""
        s, last = self.scenario, self.precise(self.months)
        return {
            "schema": 1,
            "kind": "rare",
            "method": self.method,
            "scenario": s.name,
            "title": s.title,
            "scenario_hash": s.hash,
            "months": self.months,
            "step": s.calendar.step,
            "start": s.label(1),
            "seed": s.run.seed,
            "paths": self.paths,
            "not_a_number": sum(p.branch.weight * p.sample.not_a_number for p in self.parts),
            "ess": last.ess,
            "ess_floor": FLOOR,
            "cv": last.cv,
            "pd": [
                {"month": m, "label": s.label(m), **shown(self.precise(m))} for m in range(1, self.months + 1)
            ],
            "causes": {cause: shown(self.precise(self.months, cause)) for cause in self.causes},
            "creditors": self._creditors(),
            "gain": {name: _number(x) for name, x in self.gain.items()},
            "branches": [_branch(part, s) for part in self.parts],
            "unseen": [
                {"alternatives": _choices(branch, s), "weight": branch.weight, "paths": n,
                 "at_most": intervals.share(0, n).high}
                for branch, n in self.unseen
            ],
            "folder": None if self.folder is None else str(self.folder),
            "seconds": self.seconds,
        }  # fmt: skip

    def _creditors(self) -> dict[str, Any]:
        ends = (".exposure_at_default", ".loss")
        names = dict.fromkeys(c for p in self.parts for c in p.sample.columns if c.endswith(ends))
        found: dict[str, Any] = {}
        for column in names:
            creditor, figure = column.rsplit(".", 1)
            key = "expected_loss" if figure == "loss" else "exposure_at_default"
            found.setdefault(creditor, {})[key] = shown(self.mean(column))
        return found


def shown(found: Precise) -> dict[str, Any]:
    """An estimate as documents have it: without numbers below the floor."""
    enough = found.ess >= FLOOR
    value, low, high = found.estimate
    return {
        "value": value if enough else None,
        "low": low if enough else None,
        "high": high if enough else None,
        "cv": _number(found.cv) if enough else None,
        "ess": found.ess,
    }


def _number(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


def _choices(branch: Branch, scenario: Scenario) -> dict[str, str]:
    return {
        group: list(members)[choice]
        for (group, members), choice in zip(scenario.alternatives.items(), branch.choices, strict=True)
    }


def _branch(part: Part, scenario: Scenario) -> dict[str, Any]:
    tilt, s = part.tilt, part.sample
    components = []
    for k in range(tilt.components):
        moved = {
            slot.removesuffix(":z"): math.copysign(math.sqrt(float((x[k] ** 2).sum())), float(x[k].sum()))
            for slot, x in tilt.monthly.items()
        }
        moved |= {stream: float(shifts[k]) for stream, shifts in tilt.once.items()}
        components.append({"share": float(tilt.shares[k + 1]), "shift": {n: x for n, x in moved.items() if x}})
    return {
        "alternatives": _choices(part.branch, scenario),
        "weight": part.branch.weight,
        "method": s.method,
        "paths": int(s.size),
        "defaults": int(s.weights.size),
        "populations": s.sizes.size if s.method == "splitting" else None,
        "components": components,
    }


# --- running ------------------------------------------------------------------------------------------------------------


def rare(
    scenario: Scenario | str | Path,
    method: Method = "is",
    paths: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    shocks: bool = False,
    progress: Progress | None = None,
) -> Rare:
    """Estimate a small default probability.

    As `simulator.rare`, which also keeps the run. Raises ScenarioError, ValueError, RareError.
    """
    known = asked(scenario, method, paths, seed)
    workers = executors.available_threads() if threads is None else threads
    found = _run(known, method, workers, shocks, progress)
    last = found.precise(found.months)
    if last.ess < FLOOR:
        total = sum(int(p.sample.size) for p in found.parts)
        other = "splitting" if method == "is" else "is"
        raise RareError(
            f"{known.name}: the estimate rests on {last.ess:.0f} effective paths in default and the floor is {FLOOR:.0f}, so no "
            f"number is given. Hint: more paths than {total:,} (about {total * FLOOR / max(last.ess, 1.0):,.0f}), or "
            f"the other method, {other}."
        )
    return found


def asked(
    scenario: Scenario | str | Path, method: Method, paths: int | None = None, seed: int | None = None
) -> Scenario:
    """The scenario as it is to be sampled. Raises ScenarioError, ValueError."""
    from dataclasses import replace

    from simulator.scenario.load import load

    if method not in METHODS:
        raise ValueError(f"{method!r} is no method for rare events; one of {', '.join(METHODS)}")
    known = ready(scenario if isinstance(scenario, Scenario) else load(scenario))
    changes = {k: v for k, v in (("paths", paths), ("seed", seed)) if v is not None}
    if changes:
        known = replace(known, run=type(known.run).model_validate({**known.run.model_dump(), **changes}))
    if known.run.sampling != "plain":
        raise ValueError(
            f'{known.name}: sampling = "{known.run.sampling}" does not go with rare events; leave it plain'
        )
    return known


def _run(scenario: Scenario, method: Method, workers: int, shocks: bool, progress: Progress | None) -> Rare:
    started = time.perf_counter()
    steps = len(scenario.branches) * 2
    pilots: list[tuple[Branch, Pilot, Tilt | None]] = []
    speed = 0.0
    for number, branch in enumerate(scenario.branches):
        pilot = Pilot(branch.scenario, scenario.run.seed, number, workers)
        pilot.look()
        at = time.perf_counter()
        pilot.plain.lived(first_path(number, importance.PLAIN) + np.arange(PILOT))
        speed += branch.weight * PILOT / (time.perf_counter() - at) * workers
        tilt: Tilt | None = Tilt.nothing()
        if not pilot.not_rare:
            tilt = pilot.tilt() if method == "is" else None
            if method == "splitting":
                pilot.split()
        pilots.append((branch, pilot, tilt))
        if progress is not None:
            progress(number + 1, steps)
    piloted = time.perf_counter()
    seen = [(branch, pilot, tilt) for branch, pilot, tilt in pilots if pilot.found]
    unseen = tuple((branch, PILOT) for branch, pilot, _ in pilots if not pilot.found)
    if not seen:
        raise RareError(
            f"{scenario.name}: no path in default was found in {sum(p.used for _, p, _ in pilots):,} pilot paths, so the default "
            f"probability by {scenario.calendar.step} {scenario.calendar.months} is 0 or beyond what can be seen, and "
            "no number is given. The "
            f"{PILOT:,} plain paths among them alone only say that it is below {intervals.share(0, PILOT).high:.2g}."
        )
    parts = []
    for k, (branch, pilot, tilt) in enumerate(seen):
        budget = _budget(scenario.run.paths, seen, k)
        parts.append(_sample(branch, pilot, tilt, method, budget, workers, shocks))
        if progress is not None:
            progress(len(pilots) + k + 1, steps)
    finished = time.perf_counter()
    used = sum(p.used for _, p, _ in pilots) + sum(int(p.sample.size) for p in parts)
    seconds = {"pilot": round(piloted - started, 4), "simulate": round(finished - piloted, 4)}
    return Rare(scenario, method, tuple(parts), unseen, used, seconds, speed, workers)


def _budget(paths: int, seen: list[tuple[Branch, Pilot, Tilt | None]], k: int) -> int:
    """Paths of a branch: in proportion to weight times spread (Neyman), a little for every one."""
    wanted = [branch.weight * pilot.spread for branch, pilot, _ in seen]
    total = sum(wanted)
    even = 1.0 / len(seen)
    share = wanted[k] / total if total > 0.0 else even
    return math.ceil(paths * ((1.0 - LEAST_PART) * share + LEAST_PART * even))


def stride(size: int, scenario: Scenario) -> int:
    """Numbers of paths that a population may use up: new ones after every resampling."""
    return size * (scenario.calendar.months + 1)


def _sample(
    branch: Branch, pilot: Pilot, tilt: Tilt | None, method: Method, paths: int, workers: int, shocks: bool
) -> Part:
    if method == "is" or pilot.not_rare:
        chosen = Tilt.nothing() if tilt is None else tilt
        runner = TiltedRunner(branch.scenario, pilot.seed, chosen)
        return Part(branch, pilot, sampled(runner, pilot.branch, paths, workers), chosen)
    size = next((n for n in POPULATION_SIZES if n * 2 * LEAST_POPULATIONS <= paths), POPULATION_SIZES[-1])
    count = max(LEAST_POPULATIONS, -(-paths // size))
    first, outlook = first_path(pilot.branch, POPULATIONS), pilot.outlook
    assert outlook is not None
    keep = pilot.plain.program.shocks if shocks else ()
    tasks = [first + k * stride(size, branch.scenario) for k in range(count)]
    left = list(executors.run(lambda at: split(pilot.plain, outlook, size, at, keep), tasks, workers))
    columns = {name: np.concatenate([d.columns[name] for d in left]) for name in left[0].columns}
    sentences = [cause.sentence for cause in pilot.plain.program.causes]
    sample = Sample(
        "splitting",
        np.concatenate([d.weights for d in left]),
        np.repeat(np.arange(count), [d.weights.size for d in left]),
        np.full(count, float(size)),
        np.concatenate([d.months for d in left]),
        tuple(sentences[int(code)] for code in columns["cause"]),
        columns,
        np.concatenate([d.roots for d in left]),
        sum(d.not_a_number for d in left) / count,
    )
    return Part(branch, pilot, sample, Tilt.nothing(), tuple(left) if shocks else ())
