"""Reverse stress: the distinct ways in which a company fails, how plausible each is, and a scenario that fails in that way.

Every path in default by a month is described by its drivers up to the month of its default, in standard deviations of all paths:
inputs and once-decided events by the normal score of their uniform, monthly normal shocks by their sum over √months, regimes and
events by how often they were seen up to that month. Drivers that failing paths share are kept, and the paths are put into three
to six groups (grouping.py), into one where a single driver counts. Where plain paths in default are too few, those of importance
sampling stand in their place, and shares, months, causes and drivers are weighted.

The plausibility of a group is the chance of drivers as far out as its centre, all directions taken together: P(χ²_d >= |z|²).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.analysis.documents import document, spread
from simulator.analysis.failing import Failing, TooFewError, failing
from simulator.analysis.grouping import effective, grouped, plausibility, weighted_mean, weighted_median
from simulator.analysis.paths import Bools, inputs_of, live
from simulator.analysis.sensitivity import monthly_normals
from simulator.engine.build import Array
from simulator.engine.program import Program
from simulator.estimate.intervals import Estimate, share, wilson
from simulator.scenario.emit import to_toml
from simulator.scenario.load import from_resolved
from simulator.scenario.model import Scenario

SHARED = 0.25  # standard deviations by which failing paths are off on average, for a driver to count
MOST_DRIVERS = 12
CHECKED = 1_024  # paths of the run that shows whether a file fails as it should
__all__ = ["Archetype", "Driver", "Failures", "TooFewError", "failures"]


class Driver(NamedTuple):
    name: str
    deviations: float  # mean of the group, in standard deviations of all paths
    low: float
    high: float

    @property
    def text(self) -> str:
        return f"{self.name} {self.deviations:+.1f} sd ({self.low:+.1f} to {self.high:+.1f})"


@dataclass(frozen=True)
class Archetype:
    """A way of failing. path: the failing path nearest to the centre of the group."""

    paths: int
    effective: float  # paths that count as many as these with their weights
    of_failing: Estimate
    month: int  # median month of default
    month_interval: tuple[int, int]
    causes: Mapping[str, tuple[int, float]]  # cause -> paths, and their share of the group
    drivers: tuple[Driver, ...]  # the strongest first
    plausibility: Estimate
    path: int
    path_month: int
    scenario: str  # the text of a file that fails in this way
    reproduced: Estimate | None  # share of its paths in default by `path_month`


@dataclass(frozen=True)
class Failures:
    scenario: Scenario
    month: int
    paths: int  # looked at
    method: str  # "plain", or "is": importance sampling
    effective: float  # paths in default, as many as plain sampling would need
    pd: Estimate
    archetypes: tuple[Archetype, ...]  # the most frequent first
    silhouette: float

    @property
    def document(self) -> dict[str, Any]:
        """What `failures --json` prints."""
        numbered = list(enumerate(self.archetypes, 1))
        return document(
            "failures",
            self.scenario,
            f"simulator failures {self.scenario.file} --by {self.month} --paths {self.paths}",
            self.paths,
            self.scenario.run.seed,
            by={"month": self.month, "label": self.scenario.label(self.month), **spread("pd", self.pd)},
            method=self.method,
            effective_paths=self.effective,
            silhouette=self.silhouette,
            archetypes=[
                {
                    "way": f"{n}: {next(iter(one.causes))}",
                    **spread("share_of_failing", one.of_failing),
                    "paths": one.paths,
                    "effective_paths": one.effective,
                    **spread("month", (one.month, *one.month_interval)),
                    "label": self.scenario.label(one.month),
                    "drivers": ", ".join(d.text for d in one.drivers[:5]),
                    **spread("plausibility", one.plausibility),
                    "path": one.path,
                    "path_month": one.path_month,
                    **spread("share_reproduced", one.reproduced),
                }
                for n, one in numbered
            ],
            drivers=[
                {"way": n, "driver": d.name, **spread("deviations", d[1:])} for n, one in numbered for d in one.drivers
            ],
            causes=[
                {"way": n, "cause": cause, "paths": count, **spread("share_of_way", wilson(part, one.effective))}
                for n, one in numbered
                for cause, (count, part) in one.causes.items()
            ],
        )


def failures(
    scenario: Scenario,
    month: int | None = None,
    paths: int = 16_384,
    groups: int | None = None,
    check: bool = True,
    threads: int | None = None,
) -> Failures:
    """The ways in which a scenario fails by a month (default: the horizon). groups: so many instead of as many as are told apart
    best. check: run each archetype's file. Where fewer than 60 of the paths are in default, as many of importance sampling are
    looked at, weighted. Raises TooFewError, and ValueError for a month beyond the horizon."""
    by = scenario.calendar.months if month is None else month
    if not 1 <= by <= scenario.calendar.months:
        raise ValueError(f"month {by} lies outside 1 … {scenario.calendar.months}")
    program = _program(scenario)
    kept = dict.fromkeys((*program.shocks, *monthly_normals(scenario), *_counts(program), *_states(program)))
    known = failing(scenario, by, paths, tuple(kept), threads)
    names, z = _drivers(known, program)
    off = known.weights @ z / known.weights.sum()
    near = np.argsort(-np.abs(off))[:MOST_DRIVERS]
    near = near[np.abs(off)[near] >= SHARED] if np.any(np.abs(off) >= SHARED) else near[:3]
    if near.size == 1 and groups is None:  # slices of one driver are no ways of their own
        labels, quality = np.zeros(len(z), dtype=np.int64), 0.0
    else:
        labels, quality = grouped(z[:, near], known.weights, groups)
    found = [_archetype(known, labels == g, z, names, near, check) for g in range(int(labels.max()) + 1)]
    ordered = tuple(sorted(found, key=lambda a: -a.of_failing.value))
    return Failures(scenario, by, known.looked, known.method, known.effective, known.pd, ordered, quality)


def _program(scenario: Scenario) -> Program:
    from simulator.engine.program import build

    return build(scenario.branches[0].scenario, scenario.run.seed, lambda _: np.full(1, 0.5))


def _counts(program: Program) -> tuple[str, ...]:
    return tuple(c.slot for c in program.columns if c.kind == "count" and c.slot.endswith(":total"))


def _states(program: Program) -> tuple[str, ...]:
    return tuple(slot for slot in ("market.state", "price.scarcity.state", "revenue.state") if slot in program.rows)


def _drivers(known: Failing, program: Program) -> tuple[list[str], Array]:
    """(names, drivers of failing paths in standard deviations, shape (failing, drivers))."""
    from scipy.special import ndtri

    scenario, end, lanes = known.scenario, known.end, np.arange(known.end.size)
    names: list[str] = []
    rows: list[Array] = []
    called = {one.stream: one.name for one in inputs_of(scenario)}
    for stream, uniforms in known.uniforms.items():
        if not stream.startswith("alternatives."):
            names.append(called.get(stream, stream))
            rows.append(ndtri(uniforms))
    for slot in monthly_normals(scenario):
        if slot in known.kept:
            names.append(slot.removesuffix(":z"))
            rows.append(np.cumsum(known.kept[slot][1:], axis=0)[end - 1, lanes] / np.sqrt(end))
    for slot in _counts(program):
        names.append(next(c.name for c in program.columns if c.slot == slot))
        rows.append(_standard(known.kept[slot][1:], known.everybody[slot][1:], end))
    for slot in _states(program):
        seen, of_all = known.kept[slot][1:], known.everybody[slot][1:]
        states = _names_of_states(scenario, slot)
        for k, state in enumerate(states):
            if k != int(of_all[0].min()) or len(states) > 2:
                names.append(f"months {state}")
                months, usual = (np.cumsum(x == k, axis=0).astype(np.float64) for x in (seen, of_all))
                rows.append(_standard(months, usual, end))
    z = np.array(rows).T
    varied = np.all(np.isfinite(z), axis=0) & (z.std(axis=0) + np.abs(z.mean(axis=0)) > 0.0)
    return [name for name, there in zip(names, varied, strict=True) if there], z[:, varied]


def _standard(upto: Array, of_all: Array, end: npt.NDArray[np.int64]) -> Array:
    """What a path has seen up to its last month, in standard deviations of what all paths have seen by then."""
    mean, sd = of_all.mean(axis=1), of_all.std(axis=1)
    here = upto[end - 1, np.arange(end.size)]
    return np.asarray((here - mean[end - 1]) / np.where(sd[end - 1] > 0.0, sd[end - 1], np.inf))


def _names_of_states(scenario: Scenario, slot: str) -> tuple[str, ...]:
    family = slot.split(".")[0]
    for entry in scenario.branches[0].scenario.entries:
        if entry.name == family:
            part = entry.attached.get("scarcity") if "scarcity" in slot else entry.component
            return tuple(getattr(part, "regimes", ()))
    return ()


def _archetype(
    known: Failing, inside: Bools, z: Array, names: list[str], near: npt.NDArray[np.int64], check: bool
) -> Archetype:
    mine, weights, of_group = np.flatnonzero(inside), known.weights[inside], z[inside]
    centre = weights @ of_group / weights.sum()
    row = int(mine[np.argmin(((of_group[:, near] - centre[near]) ** 2).sum(axis=1))])
    counts: dict[str, tuple[int, float]] = {}
    for k in mine:
        count, part = counts.get(known.causes[k], (0, 0.0))
        counts[known.causes[k]] = count + 1, part + float(known.weights[k] / weights.sum())
    strongest = np.argsort(-np.abs(centre))[:6]
    end, data = int(known.end[row]), _data(known, row)
    reproduced = None
    if check:
        again = live(from_resolved(json.dumps(data)), CHECKED)
        reproduced = share(int(again.defaults(end).sum()), CHECKED)
    return Archetype(
        mine.size,
        effective(weights),
        known.share(inside),
        *_median_month(known.end[inside].astype(np.float64), weights),
        dict(sorted(counts.items(), key=lambda c: -c[1][1])),
        tuple(Driver(names[k], *weighted_mean(of_group[:, k], weights)) for k in strongest),
        plausibility(of_group, weights, near),
        int(known.numbers[row]),
        end,
        _head(known, row) + to_toml({"format": 1, **data}),
        reproduced,
    )


def _median_month(months: Array, weights: Array) -> tuple[int, tuple[int, int]]:
    value, low, high = (round(x) for x in weighted_median(months, weights))
    return value, (low, high)


def _data(known: Failing, row: int) -> dict[str, Any]:
    """The scenario with every score of this path given, up to the month of its default."""
    scenario, story = known.scenario, known.story(row)
    data: dict[str, Any] = json.loads(scenario.canonical)
    given = {
        name: {scenario.label(m): float(x) for m, x in enumerate(values, start=1)}
        for name, values in story.monthly.items()
    }
    told = data.get("shocks", {})
    data["shocks"] = {
        "monthly": {**told.get("monthly", {}), **given},
        "once": {**story.once, **told.get("once", {})},
    }
    return data


def _head(known: Failing, row: int) -> str:
    s, end = known.scenario, int(known.end[row])
    drawn = "" if known.method == "plain" else ", drawn by importance sampling"
    return (
        f"# Path {known.numbers[row]} of {s.name} (seed {s.run.seed}{drawn}): in default in {s.label(end)} (month {end}).\n"
        "# Every shock up to then is the path's own.\n"
    )
