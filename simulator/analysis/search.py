"""The search of `solve` for one lever: a bracket, what narrows it, and the ends of the interval (solve.py says how and why)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

from simulator.analysis.levers import Amount, base_of, turned
from simulator.analysis.sweep import crossings, score
from simulator.analysis.variants import Outcome, Runs
from simulator.engine.block import BLOCK
from simulator.estimate.asked import SHARE_OF_PATHS, Limit
from simulator.estimate.intervals import Estimate
from simulator.scenario.diagnostics import ScenarioError
from simulator.scenario.model import Scenario

MOST_RUNS = 20  # for one lever
REACH = (0.25, 0.5, 1.0, 2.0, 4.0)  # how far from its base value a lever is tried, in units of that value
FOR_ENDS = 4  # runs kept for the interval
FEW_PATHS = 16_384  # of a run that brackets, where a precision is wanted
MOST_PATHS = 4_000_000  # of a run
COARSE_RUNS, COARSE = 12, 0.02  # runs that bracket, where a precision is wanted, and how far
SAFETY = 1.2  # times the paths that the interval seems to take
RAISE = "raise"


@dataclass
class Search:
    """One lever: its numbers tried so far, and what the figure was there. Runs of fewer paths than now count as runs, and are
    what larger ones go on from; of `tried` they are no part."""

    scenario: Scenario
    key: str
    goal: Limit
    runs: Runs
    base: Amount
    paths: int
    tried: dict[float, Outcome] = field(default_factory=dict)
    estimates: dict[float, Estimate] = field(default_factory=dict)
    smaller: list[tuple[float, Outcome]] = field(default_factory=list)
    allowed: int = MOST_RUNS
    for_ends: int = FOR_ENDS
    model_runs: int = 0
    simulated: int = 0  # paths

    @property
    def left(self) -> int:
        return self.allowed - self.model_runs

    def put(self, x: float, outcome: Outcome, simulated: int) -> None:
        self.tried[x] = outcome.slim([self.goal.figure])
        self.estimates[x] = self.goal.figure.estimate(outcome)
        self.model_runs += 1
        self.simulated += simulated

    def grow(self, paths: int) -> None:
        """From now on runs have so many paths."""
        if paths > self.paths:
            self.smaller += self.tried.items()
            self.paths, self.tried, self.estimates = paths, {}, {}

    def relative(self, x: float) -> float:
        """What a precision is a share of: the number itself, of money to be raised the cash with it."""
        return abs(x + (base_of(self.scenario, "opening.cash").number if self.key == RAISE else 0.0))

    def keeps(self, x: float) -> bool:
        return self.goal.kept(self.estimate(x).value)

    def estimate(self, x: float) -> Estimate:
        """Raises ScenarioError where the lever cannot stand there."""
        if x not in self.estimates:
            made, begun = self._made(x), [outcome for at, outcome in self.smaller if at == x]
            name = f"{self.key} = {self.base.text(x)}" + (f", {self.paths:,} paths" if self.smaller else "")
            longest = max(begun, key=lambda outcome: outcome.paths, default=None)
            found = self.runs.run(made, [self.goal.figure], name=name, paths=self.paths, begun=longest)
            self.put(x, found, self.paths - (0 if longest is None else longest.paths))
        return self.estimates[x]

    def _made(self, x: float) -> Scenario:
        if self.key == RAISE:
            cash = base_of(self.scenario, "opening.cash")
            return turned(self.scenario, "opening.cash", cash.number + x)
        return turned(self.scenario, self.key, x) if x != self.base.number else self.scenario

    def apart(self, x: float) -> float:
        """How far the figure is from the limit, in the scale in which it is nearly straight; finite."""
        share = self.goal.figure.statistic == SHARE_OF_PATHS
        value, goal = self.estimate(x).value, self.goal.value
        found = score(value) - score(goal) if share else value - goal
        return max(-1e300, min(1e300, found))


def bracket(search: Search, scale: float, within: tuple[float, float] | None) -> tuple[float, float] | None:
    """(a number that keeps the limit, one that does not), neighbours among those tried; None if all are alike."""
    b = search.base.number
    kept = search.keeps(b)
    if within is not None:
        for x in within:
            search.estimate(x)
        return nearest_pair(search, b)
    ways = [1.0, -1.0]
    last = {1.0: b, -1.0: b}
    for n, reach in enumerate(REACH):
        for way in list(ways):
            x = b + way * reach * scale
            if (search.key == RAISE and x < 0.0) or search.left <= 2 * search.for_ends:
                continue
            try:
                if search.keeps(x) != kept:
                    return (x, last[way]) if search.keeps(x) else (last[way], x)
            except ScenarioError:
                ways.remove(way)
                continue
            last[way] = x
        if n == 0 and len(ways) == 2:  # go on to the side on which the figure moves towards the limit
            here = [
                abs(search.apart(b + way * reach * scale)) for way in ways if b + way * reach * scale in search.tried
            ]
            if len(here) == 2 and here[0] != here[1] and min(here) < abs(search.apart(b)):
                ways = [ways[0] if here[0] < here[1] else ways[1]]
    return None


def nearest_pair(search: Search, b: float) -> tuple[float, float] | None:
    ordered = sorted(search.tried)
    pairs = [(x, y) for x, y in pairwise(ordered) if search.keeps(x) != search.keeps(y)]
    if not pairs:
        return None
    x, y = min(pairs, key=lambda pair: min(abs(pair[0] - b), abs(pair[1] - b)))
    return (x, y) if search.keeps(x) else (y, x)


def narrow(search: Search, good: float, bad: float, precision: float, scale: float) -> tuple[float, float]:
    """The bracket to within the precision, while there are runs."""
    f_good, f_bad = search.apart(good), search.apart(bad)
    side = 0
    while search.left > search.for_ends:
        wide = abs(good - bad)
        tolerance = precision * max(abs(good), 0.01 * scale)
        if wide <= tolerance:
            break
        share = f_good / (f_good - f_bad) if f_good != f_bad else 0.5
        step = (bad - good) * min(0.98, max(0.02, share if math.isfinite(share) else 0.5))
        x = good + (step if side < 3 and side > -3 else (bad - good) / 2.0)
        if abs(x - good) < 0.4 * tolerance:  # so near that the other side may close the bracket at once
            x = good + math.copysign(0.4 * tolerance, bad - good)
        elif abs(x - bad) < 0.4 * tolerance:
            x = bad - math.copysign(0.4 * tolerance, bad - good)
        if search.keeps(x):
            f_bad = f_bad / 2.0 if side > 0 else f_bad
            good, f_good, side = x, search.apart(x), max(1, side + 1)
        else:
            f_good = f_good / 2.0 if side < 0 else f_good
            bad, f_bad, side = x, search.apart(x), min(-1, side - 1)
    return good, bad


def interval(search: Search, good: float) -> tuple[float, float]:
    """Where the ends of the figure's interval cross the limit, with runs about where that is expected."""
    share = search.goal.figure.statistic == SHARE_OF_PATHS

    def found() -> Estimate | None:
        ordered = sorted(search.estimates)
        at = [search.estimates[x] for x in ordered]
        roots = crossings(ordered, at, search.goal.figure, search.goal.value)
        return min(roots, key=lambda r: abs(r.value - good)) if roots else None

    e = search.estimate(good)
    width = (score(e.high) - score(e.low)) / 2.0 if share else (e.high - e.low) / 2.0
    apart = sorted((abs(search.apart(x) - search.apart(good)), abs(x - good)) for x in search.tried)
    far = [(f, x) for f, x in apart if f >= 0.7 * width and x > 0.0] or [(f, x) for f, x in apart[-1:] if f > 0.0]
    reach = min(
        (x * width / f for f, x in far[:1]), default=0.0
    )  # by the slope to the nearest run that differs as much
    for stretch in (1.2, 2.4):
        for way in (-1.0, 1.0):
            x = good + way * stretch * reach
            root = found()
            covered = root is not None and math.isfinite(root.low if way < 0.0 else root.high)
            if covered or reach == 0.0 or search.left <= 0 or (search.key == RAISE and x < 0.0):
                continue
            try:
                search.estimate(x)
            except ScenarioError:
                continue
    root = found()
    return (-math.inf, math.inf) if root is None else (root.low, root.high)


def refined(
    search: Search, good: float, bad: float, low: float, high: float, precision: float, within: float, scale: float
) -> tuple[float, float, float, float]:
    """The crossing among runs of as many paths as the wanted interval takes: (number that keeps the limit, one that does not,
    ends of the interval)."""
    search.allowed = MOST_RUNS
    fine = max(precision, within / 8.0)
    for _ in range(3):
        half = (high - low) / 2.0
        wide = half / (within * search.relative(good)) if search.relative(good) and math.isfinite(half) else 2.0
        enough = max(wide * wide * (SAFETY if wide > 1.0 else 1.0), 1.0) * search.paths
        paths = min(MOST_PATHS, -(-math.ceil(enough) // BLOCK) * BLOCK)
        if paths > search.paths:
            slope, before = slope_at(search, good), (search.paths, search.tried, search.estimates)
            search.grow(paths)
            pair = bracket_from(search, good, slope, fine * search.relative(good))
            if pair is None:  # what the smaller runs bracket stands
                search.smaller = [*((x, o) for x, o in search.smaller if o.paths < before[0]), *search.tried.items()]
                search.paths, search.tried, search.estimates = before
                break
            good, bad = pair
        # a tolerance that is a share of what the precision is a share of
        fine_of = fine * search.relative(good) / max(abs(good), 0.01 * scale)
        good, bad = narrow(search, good, bad, precision=fine_of, scale=scale)
        low, high = interval(search, good)
        if (high - low) / 2.0 <= within * search.relative(good) or search.paths >= MOST_PATHS or search.left < 6:
            break
    return good, bad, low, high


def slope_at(search: Search, x: float) -> float:
    """Of the figure about a number, in the scale of `apart`, by the nearest runs that differ by more than few paths."""
    e = search.estimate(x)
    far = [y for y in search.tried if abs(search.estimate(y).value - e.value) >= (e.high - e.low) / 4.0]
    near = [x, *sorted(far, key=lambda y: abs(y - x))[:2]]
    a, b = min(near), max(near)
    return (search.apart(b) - search.apart(a)) / (b - a) if b > a else 0.0


def bracket_from(search: Search, x: float, slope: float, tolerance: float) -> tuple[float, float] | None:
    """A pair about the crossing (one that keeps the limit, one that does not), from a number near it: by the slope, and further
    where that was too short."""
    kept, apart = search.keeps(x), search.apart(x)
    step = -apart / slope if slope else 0.0
    way = math.copysign(1.0, step) if step else 1.0
    last = x
    for k in range(4):
        y = x + step * (1.0 + 0.1 * k) + way * tolerance * (0.4 + 2.0 * k)
        if search.left <= search.for_ends + 1 or (search.key == RAISE and y < 0.0):
            break
        if search.keeps(y) != kept:
            return (y, last) if search.keeps(y) else (last, y)
        last = y
    return None
