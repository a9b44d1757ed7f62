"""Reverse stress: the distinct ways in which a scenario fails, each with a file that makes it happen.

Failing paths are points in the space of their drivers (failing.py). Those drivers that set failing paths apart are kept, the
points joined by Ward's method (1963), and cut into the number of groups with the highest mean silhouette (Rousseeuw 1987).
The representative of a group is the path nearest to its centre. Its file gives the scores of that path instead of drawing
them; what the failure does not need is left out again, the widest parts first, as long as the paths still fail.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import brentq
from scipy.spatial.distance import pdist, squareform
from scipy.stats import chi2

from simulator.analysis.failing import Failing, failing
from simulator.analysis.paths import MOST, inputs_of, live
from simulator.analysis.sensitivity import as_json
from simulator.engine.build import Array
from simulator.estimate.intervals import Estimate, share
from simulator.scenario.load import load
from simulator.scenario.model import Scenario

FEWEST = 60  # failing paths that can be grouped
POINTS = 2_000  # that are joined; the others go to the nearest centre
GROUPS = range(3, 7)
DRIVERS = 8  # that set failing paths apart
APART = 0.2  # standard deviations: less is no driver
SMALLEST = 0.03  # share of the failing paths
CHECKED = 1_024  # paths of a file's trial
REPRODUCES = 0.9  # of which so many have to fail


@dataclass(frozen=True)
class Archetype:
    """share: of the defaults; probability: of failing in this way; drivers: mean in standard deviations, the farthest first.
    tail: how likely independent normal drivers lie as far out as these means together (chi-square).
    tables: laid over the scenario they make it happen; reproduced: default probability by the month with them."""

    share: Estimate
    probability: Estimate
    month: int
    months: tuple[int, int]
    drivers: Mapping[str, float]
    distance: float
    tail: float
    path: int
    tables: dict[str, Any]
    reproduced: Estimate
    reproduced_month: int | None
    file: str | None = None

    @property
    def sentence(self) -> str:
        said = []
        for name, z in list(self.drivers.items())[:3]:
            if abs(z) >= APART:
                said.append(f"{name} {abs(z):.1f} sd {'above' if z > 0 else 'below'} its mean")
        return ", ".join(said) or "nothing far from its mean"


@dataclass(frozen=True)
class Archetypes:
    scenario: Scenario
    month: int
    paths: int
    failing: int
    pd: Estimate
    silhouette: float
    archetypes: tuple[Archetype, ...]  # the most likely first

    @property
    def document(self) -> dict[str, Any]:
        """What `failures --json` prints."""
        return {
            "schema": 1,
            "verb": "failures",
            "scenario": self.scenario.name,
            "title": self.scenario.title,
            "scenario_hash": self.scenario.hash,
            "month": self.month,
            "label": self.scenario.label(self.month),
            "paths": self.paths,
            "failing": self.failing,
            "seed": self.scenario.run.seed,
            "pd": as_json(self.pd),
            "silhouette": self.silhouette,
            "archetypes": [
                {
                    "number": k,
                    "sentence": one.sentence,
                    "share": as_json(one.share),
                    "probability": as_json(one.probability),
                    "month": one.month,
                    "label": self.scenario.label(one.month),
                    "month_p10": one.months[0],
                    "month_p90": one.months[1],
                    "distance_sd": one.distance,
                    "tail": one.tail,
                    "path": one.path,
                    "reproduced_pd": as_json(one.reproduced),
                    "reproduced_month": one.reproduced_month,
                    "file": one.file,
                    "drivers": dict(one.drivers),
                }
                for k, one in enumerate(self.archetypes, 1)
            ],
        }


def archetypes(
    scenario: Scenario,
    month: int = 36,
    paths: int = 16_384,
    out: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    found: Failing | None = None,
) -> Archetypes:
    """The ways of failing by a month. out: a folder for their scenario files, which extend the scenario's file; overrides: tables
    laid over that file before (as by `--set`). found: paths in default from elsewhere instead of so many plainly sampled ones.

    Raises ValueError for a month beyond the horizon and where too few paths fail to be grouped.
    """
    if not 1 <= month <= scenario.calendar.months:
        raise ValueError(f"month {month} lies outside 1 … {scenario.calendar.months}")
    known = failing(scenario, month, min(paths, MOST)) if found is None else found
    if known.paths.size < FEWEST:
        raise ValueError(
            f"{known.paths.size} of {known.seen:,} paths fail by month {month}; {FEWEST} are needed to be grouped: "
            "more --paths, or a later month"
        )
    names, points = _points(known)
    groups, silhouette = _grouped(points, known.weights)
    total = float(known.weights.sum())
    pd = share(known.paths.size, known.seen)
    made = []
    for group in range(groups.max() + 1):
        inside = groups == group
        w = known.weights[inside]
        part = float(w.sum()) / total
        centre = np.average(points[inside], axis=0, weights=w)
        members = np.flatnonzero(inside)
        chosen = int(members[np.argmin(((points[members] - centre) ** 2).sum(axis=1))])
        means = {name: float(np.average(z[inside], weights=w)) for name, z in known.drivers.items()}
        ordered = dict(sorted(means.items(), key=lambda item: -abs(item[1])))
        tables, seen, when = _story(scenario, known, chosen, int(known.months[chosen]))
        at = np.sort(known.months[inside])
        low, middle, high = (int(at[min(at.size - 1, int(q * at.size))]) for q in (0.1, 0.5, 0.9))
        made.append(
            Archetype(
                share(round(part * known.paths.size), known.paths.size),
                share(round(part * known.paths.size), known.seen),
                middle,
                (low, high),
                ordered,
                float(np.linalg.norm(centre)),
                float(chi2.sf(float(centre @ centre), len(names))),
                int(known.paths[chosen]),
                tables,
                seen,
                when,
            )
        )
    made.sort(key=lambda one: -one.share.value)
    if out is not None:
        made = [_written(one, k, scenario, out, overrides or {}) for k, one in enumerate(made, 1)]
    return Archetypes(scenario, month, known.seen, known.paths.size, pd, silhouette, tuple(made))


def _points(known: Failing) -> tuple[list[str], Array]:
    """The drivers that set failing paths apart, and the points."""
    means = {name: abs(float(np.average(z, weights=known.weights))) for name, z in known.drivers.items()}
    names = sorted(means, key=lambda name: -means[name])
    kept = [name for name in names[:DRIVERS] if means[name] >= APART] or names[:1]
    return kept, np.column_stack([np.clip(known.drivers[name], -4.0, 4.0) for name in kept])


def _grouped(points: Array, weights: Array) -> tuple[npt.NDArray[np.int64], float]:
    """Group of each point, from 0, and the silhouette of the cut."""
    upto = np.cumsum(weights) / weights.sum()
    n = min(POINTS, weights.size)
    chosen = np.minimum(np.searchsorted(upto, (np.arange(n) + 0.5) / n), weights.size - 1)
    sample = points[chosen]
    distances = pdist(sample)
    tree, square = linkage(sample, "ward"), squareform(distances)
    best, found = -2.0, np.zeros(n, dtype=np.int64)
    for k in GROUPS:
        cut = fcluster(tree, k, "maxclust") - 1
        sizes = np.bincount(cut)
        if sizes.size < k or sizes.min() < SMALLEST * n:
            continue
        score = _silhouette(square, cut)
        if score > best:
            best, found = score, cut
    centres = np.array([sample[found == k].mean(axis=0) for k in range(found.max() + 1)])
    nearest = ((points[:, None, :] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    return nearest, best if best > -2.0 else 0.0


def _silhouette(square: Array, groups: npt.NDArray[Any]) -> float:
    sizes = np.bincount(groups)
    to = np.column_stack([square[:, groups == k].sum(axis=1) for k in range(sizes.size)])
    own = np.arange(groups.size), groups
    inside = to[own] / np.maximum(1, sizes[groups] - 1)
    to = to / sizes
    to[own] = np.inf
    outside = to.min(axis=1)
    return float(np.mean((outside - inside) / np.maximum(outside, inside)))


# --- the file ----------------------------------------------------------------------------------------------------------


def _story(scenario: Scenario, known: Failing, k: int, month: int) -> tuple[dict[str, Any], Estimate, int | None]:
    """Tables that make the path's failure happen, what they leave of chance, and the month in which it then fails."""
    heaviest = scenario.branches[0].scenario
    monthly = {
        name: {heaviest.label(m): float(scores[m, k]) for m in range(1, month + 1)}
        for name, scores in known.shocks.items()
    }
    parts: dict[str, dict[str, Any]] = {
        **{f"monthly {name}": {"shocks": {"monthly": {name: scores}}} for name, scores in monthly.items()},
        **{f"once {name}": {"shocks": {"once": {name: float(u[k])}}} for name, u in known.once.items()},
        **_fixed_inputs(heaviest, known, k),
    }
    kept = dict(parts)
    tables = merged(kept.values())
    seen, when = _trial(scenario, tables, month)
    if seen.value < REPRODUCES:
        return tables, seen, when
    for name in sorted(parts, key=lambda p: (not p.startswith("input"), not p.startswith("once"))):
        fewer = {p: table for p, table in kept.items() if p != name}
        trial, at = _trial(scenario, merged(fewer.values()), month)
        if trial.value >= REPRODUCES and fewer:
            kept, seen, when = fewer, trial, at
    return merged(kept.values()), seen, when


def _fixed_inputs(scenario: Scenario, known: Failing, k: int) -> dict[str, dict[str, Any]]:
    """Inputs at the path's values, as the file writes them."""
    found: dict[str, dict[str, Any]] = {}
    for one in inputs_of(scenario):
        number, values = one.number, known.inputs.get(one.keys[0])
        if number is None or values is None or "@" in one.stream or one.name.startswith("dependence"):
            continue
        value = float(values[k])
        low, high = (float(number.draw(np.array([u]))[0]) for u in (1e-9, 1.0 - 1e-9))
        if not min(low, high) < value < max(low, high):
            continue
        u = float(brentq(lambda u, n=number, v=value: float(n.draw(np.array([u]))[0]) - v, 1e-9, 1.0 - 1e-9))
        written = float(number.law.ppf(np.array([u]))[0])
        at = one.name.split(".") if "." in one.name else ["inputs", one.name]
        table: Any = f"{written!r} {number.unit}".strip() if number.unit else written
        if any(part.isdecimal() for part in at):
            continue  # a place in a list cannot be overridden by itself
        for part in reversed(at):
            table = {part: table}
        found[f"input {one.name}"] = table
    return found


def merged(tables: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for table in tables:
        _lay(found, table)
    return found


def _lay(under: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(under.get(key), dict):
            _lay(under[key], value)
        else:
            under[key] = merged([value]) if isinstance(value, Mapping) else value


def _trial(scenario: Scenario, tables: dict[str, Any], month: int) -> tuple[Estimate, int | None]:
    """Default probability by a month with the tables laid over, and the middle month of default."""
    from simulator.scenario.load import varied

    lives = live(varied(scenario, tables=[tables]), CHECKED)
    fails = lives.defaults(month) & lives.numbers
    when = np.sort(lives.columns["end_month"][fails])
    return share(int(fails.sum()), int(lives.numbers.sum())), int(when[when.size // 2]) if when.size else None


def _written(one: Archetype, k: int, scenario: Scenario, out: Path, overrides: Mapping[str, Any]) -> Archetype:
    """The archetype as a file that extends the scenario's; it is read again, so that what is written is known to run."""
    import dataclasses

    name = f"{scenario.name}-failure-{k}"
    path = out / f"failure-{k}.toml"
    head = {
        "extends": Path(os.path.relpath(Path(scenario.file).resolve(), out.resolve())).as_posix(),
        "name": name,
        "title": f"{scenario.title or scenario.name}, way {k} of failing: {one.sentence}",
    }
    path.write_text(toml(merged([head, overrides, one.tables])), encoding="utf-8")
    load(path)
    return dataclasses.replace(one, file=path.name)


def toml(data: Mapping[str, Any]) -> str:
    """Tables as a scenario file writes them: one level of headings for components, the rest inline."""
    plain = [f"{_key(k)} = {_value(v)}" for k, v in data.items() if not isinstance(v, Mapping)]
    found = ["\n".join(plain)] if plain else []
    for name, table in data.items():
        if isinstance(table, Mapping):
            found += _tables([name], table)
    return "\n\n".join(found) + "\n"


def _tables(at: Sequence[str], table: Mapping[str, Any]) -> list[str]:
    deep = {k: v for k, v in table.items() if isinstance(v, Mapping) and len(at) < 2}
    lines = [f"{_key(k)} = {_value(v)}" for k, v in table.items() if k not in deep]
    found = ["[" + ".".join(_key(k) for k in at) + "]\n" + "\n".join(lines)] if lines else []
    for key, inner in deep.items():
        found += _tables([*at, key], inner)
    return found


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else f'"{key}"'


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(float(value)) if isinstance(value, float) else str(value)
