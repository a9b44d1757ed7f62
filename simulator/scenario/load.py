"""Resolved table + registry -> Scenario, or every diagnostic at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from simulator.components.base import (
    ATTACHED,
    CALENDAR,
    REGISTRY,
    Component,
    Surroundings,
    discover,
    is_zero,
    month_label,
)
from simulator.quantities.number import STEP, Quantity
from simulator.quantities.timestep import MONTH, STEPS, TimeStep
from simulator.quantities.units import SHARE, QuantityError
from simulator.scenario.alternatives import combinations, weights
from simulator.scenario.dependence import check_dependence
from simulator.scenario.diagnostics import ScenarioError, near
from simulator.scenario.drawn import check_names
from simulator.scenario.inputs import complain_of_unused, share_inputs
from simulator.scenario.keep import check_keep
from simulator.scenario.model import (
    DEFAULT_MONTHS,
    FORMAT,
    NAMED,
    PLAIN,
    Branch,
    Calendar,
    Default,
    Dependence,
    Entry,
    GivenShocks,
    Keep,
    Opening,
    Run,
    Scenario,
    Treasury,
)
from simulator.scenario.resolve import Resolved, lay_over, resolve
from simulator.scenario.source import Key, Source

SINGLE = (
    "revenue",
    "price",
    "rates",
    "operations",
    "compute",
    "market",
)  # families with one component, in building order
DEFAULT_TYPE = {
    "operations": "billing",
    "compute": "compute",
    "market": "regimes",
    "contracts": "contract",
    "flows": "recurring",
}
REQUIRED = ("calendar", "opening")
TEXTS = ("name", "title", "description")
TOP = ("format", *TEXTS, "extends", "inputs", "alternatives", "comparison", *PLAIN, *SINGLE, *NAMED)
MODEL = TypeVar("MODEL", bound=Component)


def load(path: str | Path, settings: Sequence[str] = ()) -> Scenario:
    """The scenario of a file; `settings` are `KEY=VALUE` as after `--set`. Raises ScenarioError with all complaints."""
    return build(resolve(Path(path), settings))


def from_resolved(text: str, file: str = "") -> Scenario:
    """The scenario of a stored canonical text (a run's manifest). Raises ScenarioError."""
    return build(Resolved(json.loads(text), {}, Source(file, "", {})))


def varied(scenario: Scenario, settings: Sequence[str] = (), tables: Sequence[Mapping[str, Any]] = ()) -> Scenario:
    """The scenario with tables, then settings (`KEY=VALUE`), laid over what it says. Raises ScenarioError."""
    resolved = Resolved(json.loads(scenario.canonical), {}, Source(scenario.file, "", {}))
    return build(lay_over(resolved, settings, tables))


def build(resolved: Resolved) -> Scenario:
    """Check every branch of a resolved file and put them together. Raises ScenarioError with all complaints."""
    diagnostics = resolved.diagnostics
    canonical = _canonical(resolved.data)
    groups = weights(resolved)
    branches, used, built = [], [], []
    for choices, weight, branch in combinations(resolved, groups):
        used.append(share_inputs(branch))
        scenario = _Loader(branch, canonical).scenario()
        diagnostics.extend(branch.diagnostics)
        if scenario is not None and scenario.step != MONTH:
            spoken = _Loader(Resolved(branch.data, branch.origins, branch.main), canonical, MONTH).scenario()
            scenario = replace(scenario, spoken=spoken)
        if scenario is not None:
            branches.append(Branch(choices, weight, scenario))
            built.append((branch, scenario))
    if not diagnostics:
        check_names(built)
        diagnostics.extend(d for branch, _ in built for d in branch.diagnostics)
    complain_of_unused(resolved, used)
    if diagnostics or not branches:
        raise ScenarioError(dict.fromkeys(diagnostics))
    bases = tuple((source.name, source.text) for source in resolved.bases)
    heaviest = replace(branches[0].scenario, bases=bases, settings=tuple(resolved.settings))
    return replace(heaviest, alternatives=groups, branching=tuple(branches)) if groups else heaviest


class _Loader:
    def __init__(self, resolved: Resolved, canonical: str, units: TimeStep | None = None) -> None:
        """`units`: for how long a step numbers are converted, if not for one of the file's."""
        discover()
        self.r = resolved
        self.canonical = canonical
        self.data = resolved.data
        calendar = self.data.get("calendar")
        named = calendar.get("step") if isinstance(calendar, dict) else None
        step = STEPS.get(named, MONTH) if isinstance(named, str) else MONTH
        self.context = {CALENDAR: step, STEP: step if units is None else units}

    def scenario(self) -> Scenario | None:
        self._top()
        plain = {name: self._plain(name, model) for name, model in PLAIN.items()}
        entries = [e for family in SINGLE for e in self._single(family)] + [
            e for family in NAMED for e in self._named(family)
        ]
        if "revenue" in self.data and "operations" not in self.data:
            at = next((k for k, e in enumerate(entries) if e.name not in ("revenue", "price")), len(entries))
            entries.insert(at, Entry("operations", REGISTRY["operations"]["billing"](), {}))
        if "compute" in self.data and "revenue" not in self.data:
            self.r.complain(
                "E013", ("compute",), "[compute] needs revenue: the need is a share of billed revenue", "add [revenue]"
            )
        opening = plain["opening"]
        if isinstance(opening, Opening):
            self._opening(opening)
        default = plain["default"]
        if isinstance(default, Default) and default.debt_to_revenue is not None and "revenue" not in self.data:
            where = ("default", "debt_to_revenue")
            self.r.complain("E013", where, "there is no revenue to compare debt with", "add [revenue]")
        keep = plain["keep"]
        if isinstance(keep, Keep):
            check_keep(self.r, keep, self.data)
        run = plain["run"]
        wrong = run.complaint() if isinstance(run, Run) else None
        if wrong is not None:
            self.r.complain("E013", ("run", "sampling"), *wrong)
        comparison = self._comparison()
        calendar = plain["calendar"]
        if isinstance(calendar, Calendar) and calendar.step != "month" and calendar.fiscal_year_start % 3 != 1:
            said, hint = "with steps of a quarter a fiscal year begins in month 1, 4, 7 or 10", "fiscal_year_start = 1"
            self.r.complain("E013", ("calendar", "fiscal_year_start"), said, hint, ("calendar", "step"))
        if calendar is not None:
            self._problems(entries, calendar, plain["dependence"], plain["shocks"])
        if self.r.diagnostics or calendar is None:
            return None
        assert isinstance(calendar, Calendar)
        return Scenario(
            name=str(
                self.data.get("name") or re.sub(r"[^A-Za-z0-9._-]+", "-", Path(self.r.main.name).stem)[:80].strip("-.")
            )
            or "scenario",
            title=str(self.data.get("title", "")),
            calendar=calendar,
            opening=plain["opening"],  # type: ignore[arg-type]
            treasury=plain["treasury"] or Treasury(),  # type: ignore[arg-type]
            default=plain["default"] or Default(),  # type: ignore[arg-type]
            run=plain["run"] or Run(),  # type: ignore[arg-type]
            recovery=plain["recovery"],  # type: ignore[arg-type]
            dependence=plain["dependence"],  # type: ignore[arg-type]
            shocks=plain["shocks"] or GivenShocks(),  # type: ignore[arg-type]
            keep=plain["keep"] or Keep(),  # type: ignore[arg-type]
            comparison=comparison,
            entries=tuple(entries),
            canonical=self.canonical,
            file=self.r.main.name,
            text=self.r.main.text,
        )

    def _top(self) -> None:
        for key in self.data:
            if key not in TOP:
                self._unknown((key,), TOP, "the file")
        stated = self.data.get("format", FORMAT)
        if stated != FORMAT or not isinstance(stated, int) or isinstance(stated, bool):
            self.r.complain("E010", ("format",), f"this program reads format {FORMAT}", f"format = {FORMAT}")
        for key in TEXTS:
            if key in self.data and not isinstance(self.data[key], str):
                self.r.complain("E010", (key,), f"`{key}` is text")
        name = self.data.get("name", "scenario")
        if isinstance(name, str) and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", name):
            self.r.complain(
                "E010", ("name",), "a name has letters, digits, '-', '_' and '.', at most 80", 'name = "my-lab"'
            )

    def _opening(self, opening: Opening) -> None:
        if opening.receivables is not None and "revenue" not in self.data:
            self.r.complain(
                "E013", ("opening", "receivables"), "receivables are collected with revenue", "add [revenue]"
            )
        if "arrears_months" in opening.model_fields_set and is_zero(opening.arrears):
            self.r.complain("E013", ("opening", "arrears_months"), "there are no arrears", 'write arrears = "1B"')
        if opening.restricted_until is not None and is_zero(opening.restricted_cash):
            self.r.complain("E013", ("opening", "restricted_until"), "no cash is restricted", 'restricted_cash = "1B"')

    def _plain(self, name: str, model: type[MODEL]) -> MODEL | None:
        if name not in self.data:
            if name in REQUIRED:
                hint = '[calendar]\\nstart = "2026-11"' if name == "calendar" else '[opening]\\ncash = "90B"'
                self.r.complain("E012", (), f"the table [{name}] is missing", hint.replace("\\n", " … "))
            return None
        return self._validate(model, self.data[name], (name,))

    def _single(self, family: str) -> list[Entry]:
        if family not in self.data:
            return []
        entry = self._entry(family, self.data[family], (family,))
        return [] if entry is None else [entry]

    def _named(self, family: str) -> list[Entry]:
        tables = self.data.get(family, {})
        if not isinstance(tables, dict):
            self.r.complain("E010", (family,), f"`{family}` holds tables, one for each name", f"[{family}.NAME]")
            return []
        entries = []
        for name, table in tables.items():
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
                self.r.complain("E010", (family, name), f"a name in [{family}] has letters, digits, '-' and '_'")
                continue
            entry = self._entry(family, table, (family, name))
            if entry is not None:
                entries.append(entry)
        return entries

    def _entry(self, family: str, table: Any, at: Key) -> Entry | None:
        shown = ".".join(str(k) for k in at)
        if not isinstance(table, dict):
            self.r.complain("E010", at, f"[{shown}] is a table of keys", f"[{shown}]")
            return None
        types = REGISTRY[family]
        tag = table.get("type", DEFAULT_TYPE.get(family))
        wrong = near("type", [key for key in table if key not in ATTACHED.get(family, {})]) if tag is None else None
        if wrong is not None:
            self.r.complain("E012", (*at, wrong), f"[{shown}] needs a type", f"is `{wrong}` meant as `type`?")
            return None
        if tag is None:
            self.r.complain(
                "E012", at, f"[{shown}] needs a type", "type = " + " | ".join(f'"{t}"' for t in sorted(types))
            )
            return None
        if not isinstance(tag, str) or tag not in types:
            hint = near(str(tag), types)
            known = "types: " + ", ".join(sorted(types))
            self.r.complain(
                "E017",
                (*at, "type"),
                f"there is no {family} of type {tag!r}",
                f"did you mean `{hint}`?" if hint else known,
            )
            return None
        clauses = ATTACHED.get(family, {})
        own = {key: value for key, value in table.items() if key != "type" and key not in clauses}
        component = self._validate(types[tag], own, at, clauses)
        attached = {}
        for key in table:
            if key in clauses:
                part = self._validate(clauses[key], table[key], (*at, key))
                if part is not None:
                    attached[key] = part
        return None if component is None else Entry(shown, component, attached)

    def _validate(self, model: type[MODEL], table: Any, at: Key, clauses: Mapping[str, Any] = {}) -> MODEL | None:
        if not isinstance(table, dict):
            self.r.complain("E010", at, f"[{'.'.join(map(str, at))}] is a table of keys")
            return None
        try:
            return model.model_validate(table, context=self.context)
        except ValidationError as problem:
            self._explain(problem, table, at, model, clauses)
            return None

    def _explain(
        self, problem: ValidationError, table: Any, at: Key, model: type[Component], clauses: Mapping[str, Any]
    ) -> None:
        said: list[tuple[Key, dict[str, Any]]] = [
            (_real(error["loc"], table, error["type"]), dict(error)) for error in problem.errors(include_url=False)
        ]
        # where a field is a union every branch complains; the branch that got furthest is the one that was meant
        furthest: dict[Key, int] = {}
        for key, error in said:
            if len(error["loc"]) > len(key):
                furthest[key[:1]] = max(furthest.get(key[:1], 0), len(key))
        for key, error in said:
            if len(key) >= furthest.get(key[:1], 0):
                self._say(error, (*at, *key), model, clauses)

    def _say(self, error: dict[str, Any], key: Key, model: type[Component], clauses: Mapping[str, Any]) -> None:
        kind, context = error["type"], error.get("ctx", {})
        if kind == "missing":
            name = key[-1]
            self.r.complain(
                "E012", key[:-1], f"`{name}` is missing in [{'.'.join(map(str, key[:-1]))}]", f"add {name} = …"
            )
        elif kind == "extra_forbidden":
            known = _keys_at(model, error["loc"][:-1])
            self._unknown(key, [*known, *clauses], f"[{'.'.join(map(str, key[:-1]))}]")
        elif kind in ("quantity", "range"):
            self.r.complain("E011" if kind == "range" else "E010", key, context["problem"], context.get("hint") or None)
        elif kind == "literal_error":
            hint = near(str(error["input"]), re.findall(r"'([^']*)'", context["expected"]))
            self.r.complain(
                "E010",
                key,
                f"{error['input']!r} is not one of {context['expected']}",
                f"did you mean `{hint}`?" if hint else None,
            )
        elif kind.startswith(("greater", "less", "too_short", "too_long")):
            self.r.complain("E011", key, error["msg"].replace("Input should", "this should"))
        else:
            self.r.complain("E010", key, error["msg"].replace("Input should", "this should"))

    def _unknown(self, key: Key, known: Iterable[str], where: str) -> None:
        hint = near(str(key[-1]), known) if len(self.r.diagnostics) < 100 else None  # nobody reads so many
        self.r.complain(
            "E014",
            key,
            f"unknown key `{key[-1]}` in {where}",
            f"did you mean `{hint}`?" if hint else "keys: " + ", ".join(known),
        )

    def _comparison(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        table = self.data.get("comparison", {})
        if not isinstance(table, dict):
            self.r.complain("E010", ("comparison",), "[comparison] is a table of named default rates")
            return found
        for name, rates in table.items():
            if not isinstance(rates, dict):
                self.r.complain(
                    "E010",
                    ("comparison", name),
                    "default rates are given by year",
                    '"BB" = { 1 = "0.44 %", 2 = "1.38 %" }',
                )
                continue
            for year, rate in rates.items():
                try:
                    value = Quantity(SHARE, low=0.0, high=1.0, drawn=False).read(rate)
                except QuantityError as problem:
                    self.r.complain("E010", ("comparison", name, year), str(problem), problem.hint)
                    continue
                if not (year.isascii() and year.isdigit()) or not 1 <= int(year) <= 50:
                    self.r.complain("E010", ("comparison", name, year), f"`{year}` is not a number of years")
                    continue
                found.setdefault(name, {})[year] = float(value)
        return found

    def _problems(
        self, entries: list[Entry], calendar: Component, dependence: Component | None, given: Component | None
    ) -> None:
        shocks = tuple(shock for entry in entries for shock in _shocks(entry))
        regimes = next((tuple(getattr(e.component, "regimes", ())) for e in entries if e.name == "market"), ())
        around = Surroundings(
            start=calendar.start,  # type: ignore[attr-defined]
            months=getattr(calendar, "months", DEFAULT_MONTHS),
            regimes=regimes,
            has_price="price" in self.data,
            shocks=shocks,
            tables={name: table for name, table in self.data.items() if isinstance(table, dict)},
        )
        for entry in entries:
            at: Key = tuple(entry.name.split(".", 1))
            checked: list[tuple[Key, Component, Any]] = [(at, entry.component, None)]
            checked += [((*at, tag), part, entry.component) for tag, part in entry.attached.items()]
            for prefix, component, host in checked:
                for p in component.problems(around, host):
                    self.r.complain(
                        p.code, (*prefix, *p.keys), p.message, p.hint, None if p.also is None else (*prefix, *p.also)
                    )
        tables = around.tables
        listed = sum(len(tables.get(f, ())) if f in NAMED else f in self.data for f in (*SINGLE, *NAMED))
        complete = len(entries) >= listed  # else shocks may be missing by another error
        if isinstance(dependence, Dependence):
            check_dependence(self.r, dependence, shocks if complete else None, regimes)
        if isinstance(given, GivenShocks):
            self._given(given, shocks if complete else None, around)

    def _given(self, given: GivenShocks, known: Sequence[str] | None, around: Surroundings) -> None:
        for name, scores in given.monthly.items():
            at: Key = ("shocks", "monthly", name)
            if known is not None and name not in known:
                hint = near(name, known)
                words = f"did you mean `{hint}`?" if hint else "shocks of this file: " + (", ".join(known) or "none")
                self.r.complain("E015", at, f"`{name}` is no monthly shock of this file", words)
            for month in scores:
                if not around.start <= month < around.start + around.months:
                    self.r.complain("E013", (*at, month_label(month)), f"{month_label(month)} lies outside the horizon")


def _shocks(entry: Entry) -> Iterable[str]:
    for role in type(entry.component).SHOCKS:
        yield f"{entry.name}.{role}"
    for tag, part in entry.attached.items():
        for role in type(part).SHOCKS:
            yield f"{entry.name}.{tag}.{role}"


def _real(loc: tuple[int | str, ...], table: Any, kind: str) -> Key:
    """pydantic's location without the parts that name a branch of a union instead of a key."""
    key: list[str | int] = []
    here: Any = table
    part: Any
    for n, part in enumerate(loc):
        if (isinstance(here, dict) and part in here) or (
            isinstance(here, list) and isinstance(part, int) and part < len(here)
        ):
            key.append(part)
            here = here[part]
        elif kind == "missing" and n == len(loc) - 1:
            key.append(part)
    return tuple(key)


def _keys_at(model: type[Component], loc: Sequence[int | str]) -> list[str]:
    """The keys a table below a component may have, for suggestions."""
    fields = model.model_fields
    for part in loc:
        if isinstance(part, str) and part in fields:
            inner = _component_in(fields[part].annotation)
            if inner is None:
                return []
            fields = inner.model_fields
    return list(fields)


def _component_in(annotation: Any) -> type[Component] | None:
    if isinstance(annotation, type) and issubclass(annotation, Component):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _component_in(inner)
        if found is not None:
            return found
    return None


def _canonical(data: Mapping[str, Any]) -> str:
    """The resolved scenario as text: what identifies a run, besides seed and stream version."""
    kept = {key: value for key, value in data.items() if key not in ("run", "description")}
    return json.dumps(kept, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
