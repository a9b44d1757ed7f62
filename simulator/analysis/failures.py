"""Reverse stress: the distinct ways in which a company fails, how plausible each is, and a scenario that fails in that way.

Every path in default by a month is described by its drivers up to the month of its default, in standard deviations of all paths:
inputs and once-decided events by the normal score of their uniform, monthly normal shocks by their sum over √months, regimes and
events by how often they were seen up to that month. Drivers that failing paths share are kept, and k-means (Lloyd 1982; Arthur &
Vassilvitskii 2007) groups the paths; of three to six groups those are taken that are told apart best (silhouettes, Rousseeuw
1987).

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
from simulator.analysis.paths import Lives, inputs_of, live
from simulator.analysis.sensitivity import monthly_normals
from simulator.engine.build import Array
from simulator.engine.program import Program
from simulator.estimate.intervals import Estimate, share
from simulator.scenario.drawn import decided_once
from simulator.scenario.emit import to_toml
from simulator.scenario.load import from_resolved
from simulator.scenario.model import Scenario

FEWEST = 60  # paths in default, below which groups would be of chance
GROUPS = range(3, 7)
SHARED = 0.25  # standard deviations by which failing paths are off on average, for a driver to count
MOST_DRIVERS = 12
SAMPLE = 800  # paths that silhouettes are worked out of
CHECKED = 1_024  # paths of the run that shows whether a file fails as it should


class TooFewError(ValueError):
    """Too few paths in default to tell ways of failing apart."""


class Driver(NamedTuple):
    name: str
    deviations: float  # mean of the group, in standard deviations of all paths


@dataclass(frozen=True)
class Archetype:
    """A way of failing. path: the failing path nearest to the centre of the group."""

    paths: int
    of_failing: Estimate
    month: int  # median month of default
    causes: Mapping[str, int]  # cause -> paths
    drivers: tuple[Driver, ...]  # the strongest first
    plausibility: float
    path: int
    path_month: int
    scenario: str  # the text of a file that fails in this way
    reproduced: Estimate | None  # share of its paths in default by `path_month`


@dataclass(frozen=True)
class Failures:
    scenario: Scenario
    month: int
    paths: int
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
            silhouette=self.silhouette,
            archetypes=[
                {
                    "way": f"{n}: {next(iter(one.causes))}",
                    **spread("share_of_failing", one.of_failing),
                    "paths": one.paths,
                    "month": one.month,
                    "label": self.scenario.label(one.month),
                    "drivers": ", ".join(f"{d.name} {d.deviations:+.1f} sd" for d in one.drivers[:5]),
                    "plausibility": one.plausibility,
                    "path": one.path,
                    "path_month": one.path_month,
                    **spread("share_reproduced", one.reproduced),
                }
                for n, one in numbered
            ],
            drivers=[
                {"way": n, "driver": d.name, "deviations": d.deviations} for n, one in numbered for d in one.drivers
            ],
            causes=[
                {"way": n, "cause": cause, "paths": count} for n, one in numbered for cause, count in one.causes.items()
            ],
        )


def failures(
    scenario: Scenario, month: int | None = None, paths: int = 16_384, groups: int | None = None, check: bool = True
) -> Failures:
    """The ways in which a scenario fails by a month (default: the horizon). groups: so many instead of as many as are told apart
    best. check: run each archetype's file. Raises TooFewError, and ValueError for a month beyond the horizon."""
    by = scenario.calendar.months if month is None else month
    if not 1 <= by <= scenario.calendar.months:
        raise ValueError(f"month {by} lies outside 1 … {scenario.calendar.months}")
    program = _program(scenario)
    kept = dict.fromkeys((*program.shocks, *monthly_normals(scenario), *_counts(program), *_states(program)))
    lives = live(scenario, paths, keep=tuple(kept))
    failing = np.flatnonzero(lives.defaults(by))
    if failing.size < FEWEST:
        raise TooFewError(
            f"{failing.size} of {paths:,} paths are in default by month {by}; {FEWEST} are wanted to tell ways of failing apart"
        )
    names, z = _drivers(lives, program, failing)
    near = np.argsort(-np.abs(z.mean(axis=0)))[:MOST_DRIVERS]
    near = near[np.abs(z.mean(axis=0))[near] >= SHARED] if np.any(np.abs(z.mean(axis=0)) >= SHARED) else near[:3]
    labels, quality = _grouped(z[:, near], groups)
    found = [_archetype(lives, failing, labels == g, z, names, near, check) for g in range(int(labels.max()) + 1)]
    pd = share(int(failing.size), int(lives.numbers.sum()))
    return Failures(scenario, by, paths, pd, tuple(sorted(found, key=lambda a: -a.paths)), quality)


def _program(scenario: Scenario) -> Program:
    from simulator.engine.program import build

    return build(scenario.branches[0].scenario, scenario.run.seed, lambda _: np.full(1, 0.5))


def _counts(program: Program) -> tuple[str, ...]:
    return tuple(c.slot for c in program.columns if c.kind == "count" and c.slot.endswith(":total"))


def _states(program: Program) -> tuple[str, ...]:
    return tuple(slot for slot in ("market.state", "price.scarcity.state", "revenue.state") if slot in program.rows)


def _drivers(lives: Lives, program: Program, failing: npt.NDArray[np.int64]) -> tuple[list[str], Array]:
    """(names, drivers of failing paths in standard deviations, shape (failing, drivers))."""
    from scipy.special import ndtri

    end = lives.columns["end_month"][failing].astype(np.int64)
    names: list[str] = []
    rows: list[Array] = []
    for one in inputs_of(lives.scenario):
        names.append(one.name)
        rows.append(ndtri(lives.uniforms(one.stream)[failing]))
    for event in _events(lives.scenario):
        names.append(event)
        rows.append(ndtri(lives.uniforms(event)[failing]))
    for slot in monthly_normals(lives.scenario):
        if slot in lives.kept:
            names.append(slot.removesuffix(":z"))
            rows.append(np.cumsum(lives.kept[slot][1:], axis=0)[end - 1, failing] / np.sqrt(end))
    for slot in _counts(program):
        names.append(next(c.name for c in program.columns if c.slot == slot))
        rows.append(_standard(lives.kept[slot][1:], end, failing))
    for slot in _states(program):
        seen = lives.kept[slot][1:]
        states = _names_of_states(lives.scenario, slot)
        for k, state in enumerate(states):
            if k != int(seen[0].min()) or len(states) > 2:
                names.append(f"months {state}")
                rows.append(_standard(np.cumsum(seen == k, axis=0).astype(np.float64), end, failing))
    z = np.array(rows).T
    varied = np.all(np.isfinite(z), axis=0) & (z.std(axis=0) + np.abs(z.mean(axis=0)) > 0.0)
    return [name for name, there in zip(names, varied, strict=True) if there], z[:, varied]


def _standard(upto: Array, end: npt.NDArray[np.int64], failing: npt.NDArray[np.int64]) -> Array:
    """What a path has seen up to its last month, in standard deviations of what all paths have seen by then."""
    mean, sd = upto.mean(axis=1), upto.std(axis=1)
    return np.asarray((upto[end - 1, failing] - mean[end - 1]) / np.where(sd[end - 1] > 0.0, sd[end - 1], np.inf))


def _names_of_states(scenario: Scenario, slot: str) -> tuple[str, ...]:
    family = slot.split(".")[0]
    for entry in scenario.branches[0].scenario.entries:
        if entry.name == family:
            part = entry.attached.get("scarcity") if "scarcity" in slot else entry.component
            return tuple(getattr(part, "regimes", ()))
    return ()


def _events(scenario: Scenario) -> list[str]:
    return list(decided_once(scenario.branches[0].scenario))


def _grouped(z: Array, groups: int | None) -> tuple[npt.NDArray[np.int64], float]:
    """Labels 0 … k - 1 with no empty group, and how well they are told apart."""
    from scipy.cluster.vq import kmeans2

    best: tuple[npt.NDArray[np.int64], float] | None = None
    for k in GROUPS if groups is None else (groups,):
        if k > len(z):
            break
        _, nearest = kmeans2(z, k, minit="++", seed=1, iter=50)
        labels = np.unique(nearest, return_inverse=True)[1].astype(np.int64)
        quality = _silhouette(z, labels)
        if best is None or quality > best[1]:
            best = labels, quality
    assert best is not None
    return best


def _silhouette(z: Array, labels: npt.NDArray[np.int64]) -> float:
    """Mean over a sample of (b - a) / max(a, b): a the mean distance within the group, b that to the nearest other one."""
    k = int(labels.max()) + 1
    if k < 2:
        return 0.0
    step = max(1, len(z) // SAMPLE)
    x, of = z[::step], labels[::step]
    distance = np.sqrt(np.maximum(0.0, (x**2).sum(1)[:, None] + (x**2).sum(1)[None, :] - 2.0 * x @ x.T))
    sizes = np.bincount(of, minlength=k)
    sums = np.array([distance[:, of == g].sum(axis=1) for g in range(k)]).T
    own = np.take_along_axis(sums, of[:, None], axis=1)[:, 0] / np.maximum(1, sizes[of] - 1)
    others = np.where(sizes > 0, sums / np.maximum(1, sizes), np.inf)
    others[np.arange(len(x)), of] = np.inf
    nearest = others.min(axis=1)
    return float(np.mean((nearest - own) / np.maximum(np.maximum(own, nearest), 1e-300)))


def _archetype(
    lives: Lives,
    failing: npt.NDArray[np.int64],
    inside: npt.NDArray[np.bool_],
    z: Array,
    names: list[str],
    near: npt.NDArray[np.int64],
    check: bool,
) -> Archetype:
    from scipy.special import chdtrc

    mine, of_group = failing[inside], z[inside]
    centre = of_group.mean(axis=0)
    medoid = int(np.argmin(((of_group[:, near] - centre[near]) ** 2).sum(axis=1)))
    path, months = int(mine[medoid]), lives.columns["end_month"][mine].astype(np.int64)
    codes, counts = np.unique(lives.columns["cause"][mine].astype(np.int64), return_counts=True)
    causes = {lives.simulation.outline.causes[c].sentence: int(n) for c, n in zip(codes, counts, strict=True)}
    strongest = np.argsort(-np.abs(centre))[:6]
    end = int(months[medoid])
    text = _file(lives, path, end)
    reproduced = None
    if check:
        again = live(from_resolved(json.dumps(_data(lives, path, end))), CHECKED)
        reproduced = share(int(again.defaults(end).sum()), CHECKED)
    return Archetype(
        int(inside.sum()),
        share(int(inside.sum()), failing.size),
        int(np.median(months)),
        dict(sorted(causes.items(), key=lambda c: -c[1])),
        tuple(Driver(names[k], float(centre[k])) for k in strongest),
        float(chdtrc(near.size, float((centre[near] ** 2).sum()))),
        path,
        end,
        text,
        reproduced,
    )


def _data(lives: Lives, path: int, end: int) -> dict[str, Any]:
    """The scenario with every score of this path given, up to the month of its default."""
    scenario = lives.scenario
    data: dict[str, Any] = json.loads(scenario.canonical)
    shocks = lives.simulation.branch_of(path).program.shocks
    given = {
        name: {scenario.label(m): float(lives.kept[name][m, path]) for m in range(1, end + 1)}
        for name in shocks
        if name in lives.kept and np.all(np.isfinite(lives.kept[name][1 : end + 1, path]))
    }
    streams = [one.stream for one in inputs_of(scenario)] + _events(scenario)
    streams += [f"alternatives.{group}" for group in scenario.alternatives]
    known = data.get("shocks", {})
    data["shocks"] = {
        "monthly": {**known.get("monthly", {}), **given},
        "once": {**{s: float(lives.uniforms(s)[path]) for s in streams}, **known.get("once", {})},
    }
    return data


def _file(lives: Lives, path: int, end: int) -> str:
    s = lives.scenario
    head = (
        f"# Path {path} of {s.name} (seed {s.run.seed}): in default in {s.label(end)} (month {end}).\n"
        "# Every shock up to then is the path's own.\n"
    )
    return head + to_toml({"format": 1, **_data(lives, path, end)})
