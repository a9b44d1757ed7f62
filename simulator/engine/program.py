"""A program: the ordered steps of one scenario with every name resolved, and how its rows are filled for a chunk of paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.components.base import (
    ALIVE,
    CASH,
    ENDED,
    LIQUIDITY,
    PRICE,
    RUN_RATE,
    Phase,
    Series,
    cure_months,
    is_zero,
)
from simulator.engine import covenants, ledger
from simulator.engine.build import Account, Array, Draw, ProgramBuilder, Step, same, times
from simulator.engine.dependence import correlate_inputs, correlate_shocks
from simulator.engine.jit import Argument
from simulator.engine.random import WORDS, draw_normal, draw_uniform, seed_words, stream_number
from simulator.engine.source import Asked
from simulator.quantities.distribution import Evaluate
from simulator.scenario.drawn import with_drawn
from simulator.scenario.model import Scenario

STEPS_IN_YEAR = 12  # in the engine's year, whatever a step is
YEARLY = ("$/yr", "nominal per year")  # units of numbers that are per year
DRAWN, GIVEN = 1, 2  # phases: before everything else, but what is correlated
Shocks = Mapping[str, npt.NDArray[np.float64]]  # name -> (months, paths): given instead of drawn


class Metric(NamedTuple):
    """A number by month in the tables `months` and `contracts`."""

    slot: str
    contract: str  # "" in `months`
    name: str
    unit: str
    quantiles: bool


class Column(NamedTuple):
    """A number by path in the table `paths`."""

    slot: str
    name: str
    unit: str
    kind: str  # money, month, code, count


@dataclass(frozen=True)
class Program:
    """Structure and opening values. `values[r]` is the opening value of row r: a number or an array over the chunk."""

    scenario: Scenario
    rows: dict[str, int]
    values: tuple[Any, ...]
    steps: tuple[Step, ...]
    word_rows: int
    causes: tuple[ledger.Cause, ...]
    metrics: tuple[Metric, ...]
    columns: tuple[Column, ...]
    inputs: dict[str, Array]
    accounts: tuple[Account, ...]
    flows: tuple[str, ...]  # the slot of every account
    receipts: frozenset[str]  # those of them that are money coming in
    claims: tuple[str, ...]
    promised: tuple[str, ...]  # slots that fall due in the shadow account only
    shocks: tuple[str, ...]
    asked: Asked
    normals: tuple[str, ...]  # those of them that are standard normal

    def initial(self, slot: str) -> Any:
        return self.values[self.rows[slot]]


def build(
    scenario: Scenario,
    seed: int,
    draw: Draw,
    given: Shocks | None = None,
    deterministic: bool = False,
    evaluate: Evaluate | None = None,
    scores: Shocks | None = None,
) -> Program:
    """The program of a scenario. `draw` gives the uniforms of month 0 for the paths at hand, or None for each stream;
    `evaluate` does the quantile functions of what is drawn once a path (default: numpy). `given` replaces shocks as components
    read them, `scores` (engine/source.py) as they are drawn, before the table correlates them."""
    b = ProgramBuilder(
        months=scenario.calendar.months,
        year=scenario.step.per_year,
        start=scenario.calendar.start - 1,
        seed=seed,
        draw=correlate_inputs(_with_given(draw, scenario.shocks.once), scenario, given or {}),
        deterministic=deterministic,
        evaluate=evaluate,
        regimes=scenario.regimes,
        shut=scenario.shut,
    )
    terms = _terms(b, scenario)
    ledger.open_books(b, terms)
    for entry in scenario.entries:
        component = with_drawn(entry.component, entry.name, b.number)
        for tag, part in sorted(entry.attached.items(), key=lambda clause: (clause[1].order, clause[0])):
            b.name = f"{entry.name}.{tag}"
            with_drawn(part, b.name, b.number).build(b, component)
        b.name = entry.name
        component.build(b)
    correlate_shocks(b, scenario)
    _give(b, scenario)
    causes = ledger.close_books(b, terms)
    metrics = _metrics(b, scenario.step.unit)
    columns = _columns(b)
    word_rows, kinds = _draws(b, given or {}, scores or {})
    once = tuple(sorted(b.streams.difference(b.addressed)))
    return Program(
        scenario=scenario,
        rows=b.rows,
        values=tuple(b.values),
        steps=_ordered(b),
        word_rows=word_rows,
        causes=tuple(causes),
        metrics=metrics,
        columns=columns,
        inputs=b.inputs,
        accounts=tuple(b.accounts),
        flows=tuple(account.slot for account in b.accounts),
        receipts=frozenset(account.slot for account in b.accounts if account.claim is None),
        claims=tuple(claim.name for claim in b.claims),
        promised=tuple(b.shadow_dues),
        shocks=tuple(dict.fromkeys((*b.shocks, *b.table))),
        asked=Asked(seed, b.months, kinds, once),
        normals=tuple(name for name, kind in b.shocks.items() if kind == "normal"),
    )


def _terms(b: ProgramBuilder, scenario: Scenario) -> ledger.Terms:
    opening = with_drawn(scenario.opening, "opening", b.number)
    b.receivables, b.valuation = opening.receivables, opening.valuation
    treasury = with_drawn(scenario.treasury, "treasury", b.number)
    default = with_drawn(scenario.default, "default", b.number)
    recovery = None if scenario.recovery is None else with_drawn(scenario.recovery, "recovery", b.number)
    cure = cure_months(default.cure)
    return ledger.Terms(
        cash=opening.cash,
        interest=treasury.interest,
        target_cash=treasury.target_cash,
        floor=default.floor,
        cure=cure,
        floor_cure=cure if default.floor_cure is None else cure_months(default.floor_cure),
        debt_to_revenue=default.debt_to_revenue,
        debt_cure=cure if default.debt_cure is None else cure_months(default.debt_cure),
        late_interest=default.late_interest,
        stop_at_default=default.stop_at_default,
        secured=None if recovery is None else recovery.secured,
        unsecured=None if recovery is None else recovery.unsecured,
        tax_rate=treasury.tax_rate,
        tax_losses=treasury.tax_losses,
        arrears=opening.arrears,
        arrears_months=0.0 if is_zero(opening.arrears) else float(opening.arrears_months),
        restricted_cash=opening.restricted_cash,
        released=None if opening.restricted_until is None else opening.restricted_until - b.start,
    )


def _with_given(draw: Draw, once: Mapping[str, float]) -> Draw:
    """The draws of month 0, those that the scenario gives in their place."""
    if not once:
        return draw

    def drawn(stream: str) -> Array | None:
        own = draw(stream)
        return np.full_like(own, once[stream]) if own is not None and stream in once else own

    return drawn


def _give(b: ProgramBuilder, scenario: Scenario) -> None:
    """The scores that the scenario gives, after those of the month have been drawn and put together."""
    if b.deterministic:
        return
    b.name = "shocks"
    for name, by_month in scenario.shocks.monthly.items():
        if name not in b.shocks and name not in b.table:
            continue  # nobody reads it: its volatility is nought
        scores = {month - b.start: value for month, value in by_month.items()}
        series = Series(scores.get(m, 0.0) for m in range(b.months + 1))
        phase = b.table_phase + 1 if name in b.table else GIVEN + 1
        for first in sorted(m for m in scores if m - 1 not in scores):
            last = next(m for m in range(first, b.months + 1) if m + 1 not in scores)
            b.step(phase, same, (series,), writes=(name,), months=(first, last))


def _draws(b: ProgramBuilder, given: Shocks, scores: Shocks) -> tuple[int, dict[str, str]]:
    """The draw steps, before all others; returns how many rows of words they need, and what each shock is as it is drawn."""
    b.name = "draws"
    word_rows = 1  # the first is room for the draws to work in, as is the slot
    room = b.state("#draws.room", 0.0)  # scratch, not reported
    kinds = {**b.shocks, **{name: b.shocks.get(name, "normal") for name in b.table}}
    for name, kind in kinds.items():
        if name in given:
            # given scores replace the correlated ones as well
            start = len(b.values)
            for month in range(b.months + 1):
                b._array_row(np.ascontiguousarray(given[name][max(0, month - 1)], dtype=np.float64))
            phase = b.table_phase + 1 if name in b.table else GIVEN
            b.steps.append(Step(phase, same, (Argument("rows"),), ("set",), (start, name), (), (1, b.months)))
            continue
        in_table = name in b.table
        kernel = draw_normal if in_table or kind == "normal" else draw_uniform
        target = f"{name}:z" if in_table else name
        if name in scores:
            start = len(b.values)
            for month in range(b.months + 1):
                b._array_row(scores[name][max(0, month - 1)])
            b.steps.append(Step(DRAWN, same, (Argument("rows"),), ("set",), (start, target), (), (1, b.months)))
            continue
        params = (*seed_words(b.seed), float(stream_number(name)))
        b.steps.append(Step(DRAWN, kernel, (), (), (target, word_rows, room, 0), params, (1, b.months), kernel=True))
        word_rows += WORDS
    streams = b.streams.union(kinds)  # a shock may be continued by a law itself: the same name
    if len({stream_number(name) for name in streams}) < len(streams):
        raise ValueError("two streams share a number; rename one of the components")
    return word_rows, {name: "normal" if name in b.table else kind for name, kind in kinds.items()}


def _ordered(b: ProgramBuilder) -> tuple[Step, ...]:
    missing = sorted({x for step in b.steps for x in step.words if isinstance(x, str) and x not in b.rows})
    if missing:
        raise KeyError(f"slots that nothing provides: {', '.join(missing)}")
    ordered = sorted(b.steps, key=lambda step: step.phase)  # stable: file order inside a phase
    return tuple(
        step._replace(words=tuple(b.rows[x] if isinstance(x, str) else x for x in step.words)) for step in ordered
    )


def _metrics(b: ProgramBuilder, unit: str) -> tuple[Metric, ...]:
    found = [
        Metric(CASH, "", "cash", "$", True),
        Metric(LIQUIDITY, "", "liquidity", "$", False),
        Metric(ledger.SHADOW, "", "shadow_cash", "$", False),
        Metric(ALIVE, "", "alive", "share", False),
        Metric("line.drawn", "", "drawn", "$", False),
        Metric("ledger.arrears", "", "arrears", "$", False),
        Metric(ledger.RECEIPTS, "", "receipts", "$/mo", False),
        Metric(ledger.PAID, "", "paid", "$/mo", False),
        Metric(ledger.RAISED, "", "raised", "$/mo", False),
    ]
    if b.is_written(RUN_RATE):
        found.append(Metric(RUN_RATE, "", "run_rate", "$/yr", True))
    if b.is_written(PRICE):
        found.append(Metric(PRICE, "", "price", "index", True))
    found.extend(Metric(r.slot, "", r.name, r.unit, r.kind == "quantiles") for r in b.monthly_metrics)
    if b.year != STEPS_IN_YEAR:
        found = [_of_calendar_year(b, metric) if metric.unit in YEARLY else metric for metric in found]
    units = {"due": "$/mo", "paid": "$/mo", "arrears": "$", "firm": "$", "headline": "$", "loss": "$"}
    for contract, view in b.contracts.items():
        loss = f"contracts.{contract}.loss"
        for name, slot in {**view, **({"loss": loss} if loss in b.rows else {})}.items():
            found.append(Metric(slot, contract, name, units.get(name, "$/mo at reference price"), False))
    for account in b.accounts:
        found.append(Metric(account.slot, "", f"account:{account.slot}", "$/mo", False))
    return tuple(m._replace(unit=m.unit.replace("$/mo", f"$/{unit}")) for m in found)


def _of_calendar_year(b: ProgramBuilder, metric: Metric) -> Metric:
    """A number that the engine has per twelve steps, reported per calendar year."""
    b.name = "reports"
    share = b.year / STEPS_IN_YEAR
    slot = b.state(f"{metric.slot}:yearly", b.initial(metric.slot) * share)
    b.step(Phase.MEASURE, times, (metric.slot, share), writes=(slot,))
    return metric._replace(slot=slot)


def _columns(b: ProgramBuilder) -> tuple[Column, ...]:
    found = [
        Column(ENDED, "end_month", "month, 0 = solvent at the horizon", "month"),
        Column(ledger.CAUSE, "cause", "code, see the manifest", "code"),
        Column(ledger.UNFUNDED, "shadow_breach_month", "month, 0 = none", "month"),
        Column(covenants.FIRST_BREACH, "first_breach_month", "month, 0 = none", "month"),
        Column(CASH, "cash", "$", "money"),
        Column("line.drawn", "drawn", "$", "money"),
        Column("ledger.arrears", "arrears", "$", "money"),
        Column(ledger.PEAK, "peak_need", "$ at the opening", "money"),
        Column(ledger.LOWEST, "lowest_liquidity", "$", "money"),
        Column(ledger.LOWEST_MONTH, "lowest_liquidity_month", "month", "month"),
        Column(ledger.YEAR_FLOW, "shadow_flow_12m", "$", "money"),
        Column(ledger.SHADOW, "shadow_cash", "$", "money"),
    ]
    b.name = "reports"
    b.total(ledger.RAISED, "raised", "$")
    for contract, view in b.contracts.items():
        for name in ("paid", "stranded"):
            b.total(view[name], f"{contract}.{name}", "$")
    for total in b.totals:
        slot = f"{total.slot}:total"
        if slot not in b.rows:
            b.state(slot, 0.0)
            b.step(Phase.MEASURE, same, (total.slot,), adds=(slot,))
        found.append(Column(slot, total.name, total.unit, "count" if total.unit == "count" else "money"))
    for final in b.finals:
        found.append(Column(final.slot, final.name, final.unit, final.kind))
    for name in dict.fromkeys(c.name for c in b.claims):
        slot = f"{name}.exposure_at_default"
        if slot in b.rows:
            found.append(Column(slot, f"{name.split('.', 1)[-1]}.exposure_at_default", "$", "money"))
    return tuple(found)
