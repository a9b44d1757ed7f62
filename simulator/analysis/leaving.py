"""What the right to leave a contract is worth: to the buyer, to the supplier, to both; in dollars and in default probability.

Dollars: estimate/leaving.py says what leaving brings each side, estimate/exercise.py when to leave. Decisions and martingales are
fitted on paths of their own; every number is of the paths of the run. A value is the mean of the decisions that look at the
whole state (a lower bound), beside it the dual upper bound; both are those of somebody who knows the inputs drawn once a path.
Beside them what is left if a side does not know them, and if it looks at the price ratio only, which is the boundary that a run
uses. Bounds further apart than 2 % are marked.

Together: the supplier decides first in a month, then the buyer, each knowing what both will do later (subgame-perfect
equilibrium by backward induction). Values are changes against a contract that nobody may leave. Each side's best response to the
other's decisions, by regression on a finer state with the inputs known, says how far from an equilibrium the play is found to be.

Rules: runs of the scenario on common random numbers, which differ in nothing but who leaves when; default stops a path and its
decisions there. A notice beyond the horizon is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simulator import runner
from simulator.analysis.documents import Document, document, spread
from simulator.analysis.paired import of_changes
from simulator.analysis.rights import Deviation, SideValue
from simulator.analysis.rights import alone as value_alone
from simulator.analysis.rights import together as value_together
from simulator.components.exit_rules import Optimal, Rule, SupplierRule
from simulator.components.sides import BUYER, SUPPLIER
from simulator.estimate.basis import Basis
from simulator.estimate.exercise import (
    NEVER,
    estimate,
)
from simulator.estimate.functions import Array
from simulator.estimate.intervals import Estimate, quantile, share
from simulator.estimate.leaving import brought
from simulator.estimate.months import Months, complain, discount_rate, months_of
from simulator.estimate.training import SIDES, Boundaries, boundaries, fitted, training_paths
from simulator.scenario.model import Entry, Scenario

PATHS = 16_384
ENDS = ("", "_low", "_high")
SHARES = ("pd", "change", "leaves", "left_by_buyer", "left_by_supplier")
TABLES = ("kept", "alone", "together", "deviations", "rules", "pd", "boundary")
UNITS = {
    **{
        f"{name}{end}": "$ at the opening"
        for name in ("value", "lower", "upper", "observed", "by_ratio", "gain", "buyer", "supplier")
        for end in ENDS
    },
    **{f"{name}{end}": "share of paths" for name in SHARES for end in ENDS},
}


@dataclass(frozen=True)
class RuleValue:
    """A run under one set of rules, against the run in which nobody leaves."""

    name: str
    buyer: Estimate  # dollars at the opening
    supplier: Estimate
    left_by_buyer: Estimate  # share of paths
    left_by_supplier: Estimate
    pd: Mapping[int, tuple[Estimate, Estimate]]  # by step: the probability, and its change


@dataclass(frozen=True)
class OptionValue:
    """What `option` found. Money in dollars at the opening, ratios of the market price to the contract's."""

    scenario: Scenario
    contract: str
    paths: int
    training: Optimal
    inputs: Sequence[str]  # drawn once a path, which the bounds take as known
    uses: bool  # whether the buyer's gain is what its use of compute makes of the capacity, not the market value of all of it
    kept: tuple[Estimate, Estimate]  # (buyer, supplier): the contract if nobody leaves
    alone: Mapping[str, SideValue]
    together: Mapping[str, Estimate]  # empty unless both have a right
    left: Mapping[str, Estimate]  # together: share of paths on which each side leaves
    deviations: Sequence[Deviation]
    rules: Sequence[RuleValue]
    boundary: Sequence[Mapping[str, Any]]  # by step: label, median ratio, boundary of each side alone and together

    @property
    def document(self) -> Document:
        """What `option --json` prints."""
        s = self.scenario
        sides = ("buyer", "supplier")
        told = f"--contract {self.contract} --paths {self.paths} --training-paths {self.training.paths}"
        return document(
            "option",
            s,
            f"simulator option {s.file} {told}",
            self.paths,
            s.run.seed,
            contract=self.contract,
            training={"paths": self.training.paths, "seed": self.training.seed},
            discount_rate=(1.0 + discount_rate(s)) ** s.step.per_year - 1.0,
            inputs=list(self.inputs),
            gain="of use" if self.uses else "at the market",
            order="supplier first",
            kept=[{"side": side, **spread("value", e)} for side, e in zip(sides, self.kept, strict=True)],
            alone=[self._alone(side, self.alone[side]) for side in sides if side in self.alone],
            together=[
                {"side": side, **spread("value", self.together[side]), **spread("leaves", self.left[side])}
                for side in sides
                if side in self.together
            ],
            deviations=[{"play": d.play, "side": d.side, **spread("gain", d.gain)} for d in self.deviations],
            rules=[
                {
                    "rule": r.name,
                    **spread("buyer", r.buyer),
                    **spread("supplier", r.supplier),
                    **spread("left_by_buyer", r.left_by_buyer),
                    **spread("left_by_supplier", r.left_by_supplier),
                }
                for r in self.rules
            ],
            pd=[
                {"rule": r.name, "month": m, "label": s.label(m), **spread("pd", pd), **spread("change", change)}
                for r in self.rules
                for m, (pd, change) in r.pd.items()
            ],
            boundary=[dict(row) for row in self.boundary],
        )

    def _alone(self, side: str, v: SideValue) -> dict[str, Any]:
        return {
            "side": side,
            "notice": v.notice,
            "first": self.scenario.label(v.first),
            **spread("lower", v.bounds.lower),
            **spread("upper", v.bounds.upper),
            "gap": v.bounds.gap,
            "tight": v.tight,
            **spread("observed", v.observed),
            **spread("by_ratio", v.by_ratio),
            "r_squared": v.r_squared,
        }


def option(
    scenario: Scenario,
    contract: str | None = None,
    paths: int = PATHS,
    training: Optimal | None = None,
    months: Sequence[int] | None = None,
    threads: int | None = None,
) -> OptionValue:
    """Value the rights to leave a contract.

    contract: its name; may be left out where one contract only has an exit. paths: on which everything is valued, the first of
    the scenario's seed. training: paths and seed that decisions are fitted on. months: steps for which default
    probabilities are given (default: 24 months and the horizon). Of a scenario with alternatives the heaviest branch is valued.
    Raises ValueError where there is no such right, or no price ratio, or too few paths.
    """
    if paths < 1024:
        raise ValueError("a right to leave is valued on 1024 paths or more")
    one = replace(scenario.branches[0].scenario, alternatives={}, branching=())
    entry = _entry(one, contract)
    name = entry.name.split(".", 1)[1]
    told = training or Optimal()
    train = training_paths(one, name, told)
    basis = Basis.of(train)
    priced = months_of(one, name, 0, paths, one.run.seed)
    sides = tuple(side for side in SIDES if getattr(priced, side) is not None)
    alone, found = value_alone(train, priced, basis, sides)
    together: dict[str, Estimate] = {}
    left: dict[str, Estimate] = {}
    deviations: list[Deviation] = []
    game: Boundaries = {}
    if len(sides) == 2:
        together, left, deviations = value_together(train, priced, basis)
        game = boundaries(one, fitted(train, basis, sides, by_boundary=True))
    horizon = one.calendar.months
    wanted = (
        tuple(months) if months is not None else tuple(dict.fromkeys((min(horizon, 24 // one.step.months), horizon)))
    )
    single = {side: boundaries(one, pair)[side] for side, pair in found.items()}
    variants = _variants(entry, single, game)
    ran = [_run(one, changed, row, paths, priced, wanted, threads) for row, changed in variants.items()]
    return OptionValue(
        scenario=one,
        contract=name,
        paths=paths,
        training=told,
        inputs=tuple(basis.known),
        uses=any(e.name == "compute" for e in one.entries),
        kept=(
            estimate((priced.discount * priced.gain).sum(axis=0)),
            estimate((priced.discount * priced.let).sum(axis=0)),
        ),
        alone=alone,
        together=together,
        left=left,
        deviations=deviations,
        rules=[_against(r, ran[0]) for r in ran],
        boundary=_table(one, priced, single, game),
    )


def _entry(scenario: Scenario, contract: str | None) -> Entry:
    if contract is None:
        names = [e.name.split(".", 1)[1] for e in scenario.entries if "exit" in e.attached]
        if len(names) != 1:
            listed = ", ".join(names) if names else "none"
            raise ValueError(f"name one contract that may be left: {listed}")
        contract = names[0]
    entry = next((e for e in scenario.entries if e.name == f"contracts.{contract}"), None)
    complain(entry, contract)
    assert entry is not None
    return entry


# --- runs under rules ------------------------------------------------------------------------------------------------------

BEST = "at its best moment"


def _variants(entry: Entry, single: Boundaries, game: Boundaries) -> dict[str, Entry]:
    """What the exit says in each run, by the name of its row."""
    exit_: Any = entry.attached["exit"]
    found = {"nobody leaves": _ruled(entry, {}), "as the file says": entry}
    for side in ("buyer", "supplier"):
        if side in single:
            found[f"the {side} {BEST}"] = _ruled(entry, {side: single[side]})
    if "buyer" in single and exit_.supplier is not None:
        found[f"the buyer {BEST}, the supplier as in the file"] = _ruled(
            entry, {"buyer": single["buyer"]}, kept=("supplier",)
        )
    if game:
        found["both at their best moments"] = _ruled(entry, game)
    return found


def _ruled(entry: Entry, boundary: Mapping[str, Mapping[int, float]], kept: Sequence[str] = ()) -> Entry:
    """The contract that the sides leave beyond a boundary, and otherwise never; `kept`: sides that leave as in the file."""
    exit_: Any = entry.attached["exit"]
    parties: dict[str, Any] = {}
    for side, rule in (("buyer", Rule), ("supplier", SupplierRule)):
        party = getattr(exit_, side)
        if party is None or side in kept:
            continue
        when = (
            (rule.model_construct(_fields_set={"boundary"}, boundary=dict(boundary[side])),) if side in boundary else ()
        )
        hazard = {"hazard": 0.0} if side == "supplier" else {}
        parties[side] = party.model_copy(update={"when": when, **hazard})
    return entry._replace(attached={**entry.attached, "exit": exit_.model_copy(update=parties)})


@dataclass(frozen=True)
class _Ran:
    value: RuleValue
    defaults: Mapping[int, Array]  # by step: 1 on paths in default by then


def _run(
    scenario: Scenario, entry: Entry, name: str, paths: int, priced: Months, wanted: Sequence[int], threads: int | None
) -> _Ran:
    entries = tuple(entry if e.name == entry.name else e for e in scenario.entries)
    result = runner.run(replace(scenario, entries=entries), paths=paths, threads=threads)
    contract = entry.name.split(".", 1)[1]
    month, side = result.column(f"{contract}.notice_month"), result.column(f"{contract}.notice_side")
    dates = [np.where(side == code, month, NEVER).astype(np.int64) for code in (SUPPLIER, BUYER)]
    found = brought(priced, dates[0], dates[1])
    ended = result.column("end_month")
    defaults = {m: ((ended > 0) & (ended <= m)).astype(np.float64) for m in wanted}
    value = RuleValue(
        name=name,
        buyer=estimate(found.to_buyer),
        supplier=estimate(found.to_supplier),
        left_by_buyer=share(int((dates[1] != NEVER).sum()), dates[1].size),
        left_by_supplier=share(int((dates[0] != NEVER).sum()), dates[0].size),
        pd={m: (share(int(d.sum()), paths), Estimate(0.0, 0.0, 0.0)) for m, d in defaults.items()},
    )
    return _Ran(value, defaults)


def _against(ran: _Ran, base: _Ran) -> RuleValue:
    """With the change of default probabilities, path by path."""
    changed = {m: (pd, of_changes(ran.defaults[m] - base.defaults[m])) for m, (pd, _) in ran.value.pd.items()}
    return replace(ran.value, pd=changed)


def _table(scenario: Scenario, priced: Months, single: Boundaries, game: Boundaries) -> list[dict[str, Any]]:
    """The boundary by step, beside the ratio that there is: its median, and its 5 % and 95 % quantiles."""
    columns = {f"{side}_alone": by_month for side, by_month in single.items()}
    columns |= {f"{side}_together": by_month for side, by_month in game.items()}
    listed = sorted({month for by_month in columns.values() for month in by_month})
    rows = []
    for month in range(listed[0], listed[-1] + 1) if listed else ():
        step = month - scenario.calendar.start + 1
        row: dict[str, Any] = {"month": step, "label": scenario.label(step)}
        ordered = np.sort(priced.ratio[step])
        for q in (0.05, 0.5, 0.95):
            e = quantile(lambda rank, ordered=ordered: float(ordered[rank - 1]), ordered.size, q)  # type: ignore[misc]  # mypy infers no lambda with defaults
            row |= spread(f"ratio_p{round(100 * q)}", e)
        rows.append({**row, **{name: by_month.get(month) for name, by_month in columns.items()}})
    return rows
