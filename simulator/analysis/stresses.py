"""Named shocks that can be laid over any scenario, each a small TOML file (scenarios/README.md, "Stresses").

A shock changes what a scenario has, relative to what it says, also in its alternatives: it multiplies the price, moves a date,
takes a share of growth. What has no such driver is said, not passed over. A file:

    format = 1
    name = "price-fall"
    title = "The market price of compute falls by 40 % and stays there"
    driver = "a market price of compute"        # what is missing where nothing matches

    [[change]]
    keys = ["price.curve.now", "price.curve.points"]   # `*` stands for any name; all that are there are changed
    multiply = 0.6

A change is one of `multiply` (numbers, laws, schedules), `add` (to the number, in its unit as written: "6 mo"), `set` (a value),
`not_before` (months from the opening, for keys of dates in one table: all move as far as the first of them must). With
`lay = true` the key is written also where it is not there but the table of its `*` is; `type` and `starts_later` choose among
tables, `positive` leaves alone what is nought or less.
`combine = ["a", "b"]` applies other shocks in turn.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from simulator.analysis.compare import horizons
from simulator.analysis.documents import Document, document, spread
from simulator.analysis.levers import Amount, amount, at, centre, matching, moved, placed, scaled
from simulator.analysis.paired import difference
from simulator.analysis.variants import Runs, data_of, vary
from simulator.estimate.asked import Asked, figure
from simulator.quantities.units import QuantityError
from simulator.scenario.diagnostics import ScenarioError, near
from simulator.scenario.flat import dotted, shown
from simulator.scenario.model import Scenario
from simulator.scenario.source import Key

TOP = ("format", "name", "title", "driver", "change", "combine")
KEYS = ("keys", "multiply", "add", "set", "not_before", "lay", "type", "starts_later", "positive")
WAYS = ("multiply", "add", "set", "not_before")
TABLES = ("stresses", "applied")


class Change(NamedTuple):
    keys: tuple[str, ...]
    way: str
    value: Any
    lay: bool = False
    type: str | None = None
    starts_later: bool = False
    positive: bool = False


class Stress(NamedTuple):
    name: str
    title: str
    driver: str
    changes: tuple[Change, ...]
    combine: tuple[str, ...] = ()


class Applied(NamedTuple):
    """A stressed scenario; None where the scenario has nothing that the shock could change."""

    scenario: Scenario | None
    changes: tuple[dict[str, str | None], ...]
    missing: tuple[str, ...]  # drivers that it does not have


@cache
def folder() -> Path:
    """Of the shipped shocks: in the package where it is installed, else beside it."""
    here = Path(__file__).resolve().parent.parent
    packed = here / "stresses"
    return packed if packed.is_dir() else here.parent / "scenarios" / "stresses"


def names() -> list[str]:
    """Of the shipped shocks, in the order of the table; the one of all together last."""
    found = [load(path) for path in sorted(folder().glob("*.toml"))]
    return [s.name for s in found if not s.combine] + [s.name for s in found if s.combine]


def load(name: str | Path) -> Stress:
    """A shock by its name, or of a file. Raises QuantityError with everything that is wrong with it."""
    path = Path(name)
    if path.suffix != ".toml":
        path = folder() / f"{name}.toml"
        if not path.is_file():
            known = [p.stem for p in sorted(folder().glob("*.toml"))]
            hint = near(str(name), known)
            raise QuantityError(f"there is no stress `{name}`", f"did you mean `{hint}`?" if hint else ", ".join(known))
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise QuantityError(f"{path.name} cannot be read: {problem}") from None
    return read(data, path.stem)


def read(data: Mapping[str, Any], name: str = "stress") -> Stress:
    """A shock from its table. Raises QuantityError."""
    wrong = [f"unknown key `{key}`" for key in data if key not in TOP]
    if data.get("format") != 1:
        wrong.append("this program reads format = 1")
    listed = data.get("change", [])
    combined = data.get("combine", [])
    if not (isinstance(listed, list) and isinstance(combined, list)) or bool(listed) == bool(combined):
        wrong.append("a stress has [[change]] tables, or `combine`, a list of names")
        listed, combined = [], []
    changes = []
    for n, table in enumerate(listed, start=1):
        problems = _problems(table)
        wrong += [f"change {n}: {problem}" for problem in problems]
        if not problems:
            way = next(w for w in WAYS if w in table)
            changes.append(
                Change(tuple(table["keys"]), way, table[way], bool(table.get("lay")), table.get("type"),
                       bool(table.get("starts_later")), bool(table.get("positive")))
            )  # fmt: skip
    if wrong:
        raise QuantityError(f"the stress {name}: " + "; ".join(wrong), "see scenarios/README.md, Stresses")
    return Stress(
        str(data.get("name", name)),
        str(data.get("title", "")),
        str(data.get("driver", "")),
        tuple(changes),
        tuple(combined),
    )


def _problems(table: Any) -> list[str]:
    if not isinstance(table, dict):
        return ["is no table"]
    wrong = [f"unknown key `{key}`" for key in table if key not in KEYS]
    keys = table.get("keys")
    if not isinstance(keys, list) or not keys or not all(isinstance(k, str) for k in keys):
        wrong.append('wants `keys`, for example ["price.curve.now"]')
    if sum(way in table for way in WAYS) != 1:
        wrong.append(f"wants one of {', '.join(WAYS)}")
    if "multiply" in table and not isinstance(table["multiply"], int | float):
        wrong.append("`multiply` is a number")
    if "not_before" in table and not (isinstance(table["not_before"], int) and table["not_before"] >= 0):
        wrong.append("`not_before` is a whole number of months")
    return wrong


def apply(stress: Stress, scenario: Scenario) -> Applied:
    """Raises ScenarioError where the shocked scenario is not valid."""
    if stress.combine:
        current = scenario
        changes: list[dict[str, str | None]] = []
        missing: list[str] = []
        for name in stress.combine:
            found = apply(load(name), current)
            current = found.scenario or current
            changes += found.changes
            missing += found.missing
        return Applied(current if changes else None, tuple(changes), tuple(missing))
    data, tables, changed = data_of(scenario), [], []
    for change in stress.changes:
        for pattern in change.keys:
            for key in _keys(data, pattern, change):
                old = at(data, key) if _there(data, key) else None
                new = _changed(scenario, data, key, old, change)
                if new is not None and new != old:
                    tables.append(placed(key, new))
                    changed.append({
                        "stress": stress.name, "key": dotted(key), "old": None if old is None else shown(old),
                        "new": shown(new),
                    })  # fmt: skip
    if not tables:
        return Applied(None, (), (stress.driver or "such a driver",))
    return Applied(vary(scenario, tables=tables), tuple(changed), ())


def _there(data: Mapping[str, Any], key: Key) -> bool:
    return any(True for _ in matching(data, dotted(key)))


def _keys(data: Mapping[str, Any], pattern: str, change: Change) -> list[Key]:
    """The keys that are there and, to be laid, those whose table is."""
    found = [*matching(data, pattern), *matching(data, f"alternatives.*.*.{pattern}")]
    if change.lay:
        parts = pattern.split(".")
        stem = max((n for n, part in enumerate(parts) if part == "*"), default=0) + 1
        tables = matching(data, ".".join(parts[:stem]))
        found = [*((*table, *parts[stem:]) for table in tables), *(key for key in found if key[0] == "alternatives")]
    return [key for key in found if _chosen(data, key, change)]


def _chosen(data: Mapping[str, Any], key: Key, change: Change) -> bool:
    table = at(data, key[:5] if key[0] == "alternatives" else key[:2])
    if not isinstance(table, Mapping):
        return change.type is None and not change.starts_later
    if change.type is not None and table.get("type") != change.type:
        return False
    if change.starts_later:
        begins, opens = table.get("start"), data["calendar"]["start"]
        return isinstance(begins, str) and _ordinal(begins) > _ordinal(opens)
    return True


def _changed(scenario: Scenario, data: Mapping[str, Any], key: Key, old: Any, change: Change) -> Any:
    if change.way == "set":
        return change.value
    if change.way == "not_before":
        return _later(scenario, data, key, change)
    if old is None:
        return _lay_amount(change)
    if isinstance(old, Mapping) and set(old) == {"input"}:
        raise QuantityError(f"{dotted(key)} is the input `{old['input']}`; change inputs.{old['input']} instead")
    if change.way == "multiply":
        if change.positive and _all_below(old):
            return None
        return scaled(old, float(change.value))
    by = amount(change.value)
    return _plus(old, by)


def _all_below(value: Any) -> bool:
    """Whether a value, or every number of a list or the centre of a law, is nought or less."""
    if isinstance(value, list):
        return all(_all_below(one) for one in value)
    return centre(value).number <= 0.0


def _plus(old: Any, by: Amount) -> Any:
    """Added in the unit that is there, if it is the same."""
    unit = _unit(old)
    if unit != by.unit:
        raise QuantityError(
            f"{shown(old)} and {by.text(by.number)} are in different units", "write the stress in that unit"
        )
    return moved(old, by.number)


def _unit(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return _unit(next(v for k, v in value.items() if k not in ("weight", "truncate")))
    return _unit(value[0]) if isinstance(value, list) else amount(value).unit


def _lay_amount(change: Change) -> Any:
    return change.value if change.way == "add" else None


def _ordinal(label: str) -> int:
    year, _, rest = label.partition("-")
    return int(year) * 4 + int(rest[1:]) - 1 if rest.startswith("Q") else int(year) * 12 + int(rest) - 1


def _label(ordinal: int, like: str) -> str:
    n = 4 if "Q" in like else 12
    year, part = divmod(ordinal, n)
    return f"{year}-Q{part + 1}" if n == 4 else f"{year}-{part + 1:02d}"


def _later(scenario: Scenario, data: Mapping[str, Any], key: Key, change: Change) -> Any:
    """All dates of the table move as far as the first of them must."""
    opens = str(data["calendar"]["start"])
    months = int(change.value) // scenario.step.months
    earliest = _ordinal(opens) + months
    table = at(data, key[:-1])
    dates = {k.rsplit(".", 1)[-1] for k in change.keys}
    first = min((_ordinal(str(table[name])) for name in dates if name in table), default=_ordinal(opens))
    now = _ordinal(str(table[key[-1]])) if key[-1] in table else _ordinal(opens)
    return _label(now + max(0, earliest - first), opens)


def stress(
    scenario: Scenario,
    shocks: Sequence[str | Path | Stress] = (),
    figures: Sequence[str | Asked] = (),
    paths: int | None = None,
    seed: int | None = None,
    runs: Runs | None = None,
    command: str = "",
) -> Document:
    """The document of `simulator stress`: the scenario under each shock (default: all that are shipped), same random numbers.

    figures: default PD by the usual horizons, median runway, P90 of the peak need, expected loss. Tables: `stresses` (a row a
    shock and figure, with the paired difference from the scenario as it is; a shock without its driver has no values and
    says which), `applied` (every key that a shock changed). Raises QuantityError (no such shock, no such figure).
    """
    known = [s if isinstance(s, Stress) else load(s) for s in (shocks or names())]
    asked = [figure(f) if isinstance(f, str) else f for f in figures]
    runs = Runs.like(scenario, paths, seed) if runs is None else runs
    base = runs.run(scenario, asked, name="as it is")
    if not asked:
        asked = [figure(f"pd({m})") for m in horizons(scenario)] + [figure("runway.p50"), figure("peak_need.p90")]
        asked += [figure("expected_loss")] if any(n.endswith(".loss") for n in base.column_names) else []
    rows, applied, told = [], [], []
    for one in known:
        try:
            found = apply(one, scenario)
        except (ScenarioError, QuantityError) as problem:
            said = problem.diagnostics[0].message if isinstance(problem, ScenarioError) else str(problem)
            told.append({"stress": one.name, "title": one.title, "note": f"cannot be laid over this scenario: {said}"})
            continue
        note = "" if not found.missing else "this scenario has not got " + " or ".join(found.missing)
        told.append({"stress": one.name, "title": one.title, "note": note})
        applied += [{**change, "stress": one.name} for change in found.changes]
        if found.scenario is None:
            continue
        outcome = runs.run(found.scenario, asked, name=one.name)
        for f in asked:
            d = difference(f, base, outcome)
            rows.append({
                "stress": one.name, "figure": f.text, "unit": f.dimension.converts_to,
                **spread("value", f.estimate(outcome)), **spread("difference", d[:3]), **spread("gain", d[3:]),
            })  # fmt: skip
    at_base = [{"figure": f.text, "unit": f.dimension.converts_to, **spread("value", f.estimate(base))} for f in asked]
    return document(
        "stress", scenario, command, runs.paths, runs.seed, figures=[f.text for f in asked], base=at_base, shocks=told,
        model_runs=runs.count, stresses=rows, applied=applied,
    )  # fmt: skip
