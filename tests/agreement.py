"""The engine against the one-path oracle, fed with the engine's own shocks: every account, balance, event and number by path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import interpreted
import numpy as np
from oracle import Lived, live

import simulator
from simulator.engine.block import BLOCK
from simulator.engine.random import seed_words, stream_number, uniforms
from simulator.engine.simulation import Simulation
from simulator.mathematics.philox import uniform_at
from simulator.quantities.number import Uncertain
from simulator.scenario.model import Scenario

CLOSE = 1e-9  # of a number, or of the path's largest balance
PURE = {"index", "alive", "dilution", "reference", "share", "delivered"}  # rows of numbers; all others are of money
MONEY = {
    "cash",
    "drawn",
    "arrears",
    "paid",
    "stranded",
    "peak_need",
    "lowest_liquidity",
    "shadow_cash",
    "raised",
    "loss",
}
MONEY |= {"shadow_flow_12m", "exposure_at_default"}  # columns of money; all others are months, counts, codes, shares
BALANCES = ("cash", "shadow.cash", "ledger.arrears", "line.drawn")


class EngineDraws:
    """The shocks of one path, read from the rows the engine drew them into."""

    def __init__(
        self, scenario: Scenario, seed: int, path: int, shocks: Mapping[str, Any], inputs: Mapping[str, float] | None
    ) -> None:
        """`inputs`: numbers drawn once a path where a table correlates them; None: each by its own stream. What the scenario
        gives stands in the place of what is drawn."""
        self.seed, self.path, self.shocks, self.inputs = seed, path, shocks, inputs
        self.given, self.before = scenario.shocks, scenario.calendar.start - 1

    def score(self, name: str, month: int) -> float:
        given = self.given.monthly.get(name, {})
        return float(given.get(self.before + month, self.shocks[name][month]))

    def once(self, name: str) -> float:
        if name in self.given.once:
            return float(self.given.once[name])
        return float(uniforms(self.seed, name, range(self.path, self.path + 1), range(1))[0, 0])

    def extra(self, name: str, month: int, running: int) -> float:
        return uniform_at(*seed_words(self.seed), float(stream_number(name)), self.path, month, running)

    def number(self, key: str, value: Uncertain) -> float:
        if self.inputs is not None:
            return self.inputs[key]
        return float(value.draw(np.array([self.once(value.stream(key))]))[0])


def agrees(lived: Lived, rows: Mapping[str, Any], columns: Mapping[str, float], cause: str, stops: bool) -> None:
    """One path. `rows`: slot -> months 0 … M."""
    largest = max(1.0, *(float(np.abs(rows[slot]).max()) for slot in BALANCES))
    until = lived.end_month if stops and lived.end_month else len(rows["cash"]) - 1
    for table, last in ((lived.months, None), (lived.inner, until)):
        for slot, values in table.items():
            end = len(values) if last is None else last + 1
            if slot not in rows:  # the engine has no row for what a scenario does not use
                assert not any(values), slot
                continue
            # flows of month 0 are nought whatever the row holds before the first month
            begin = 0 if (table is lived.months and slot.split(".")[-1] in OPENING) or slot in OPENING else 1
            slack = CLOSE if slot.split(".")[-1] in PURE else CLOSE * largest
            np.testing.assert_allclose(rows[slot][begin:end], values[begin:end], rtol=CLOSE, atol=slack, err_msg=slot)
    assert cause == lived.cause
    for name, value in lived.columns.items():
        if name not in columns:
            assert not value, name
            continue
        if name == "lowest_liquidity_month":  # of months that differ by rounding only, either
            value, name = lived.months["liquidity"][int(columns[name])], "lowest_liquidity"
        slack = CLOSE * largest if name.split(".")[-1] in MONEY else CLOSE
        assert np.isclose(columns[name], value, rtol=CLOSE, atol=slack), (name, columns[name], value)


OPENING = {
    "cash",
    "liquidity",
    "shadow.cash",
    "revenue.run_rate",
    "price.index",
    "headline",
    "firm",
    "balance",
    "drawn",
}


def compare_interpreted(scenario: Scenario, paths: range) -> dict[str, int]:
    """Live these paths of every branch again; returns how many paths came to each ending."""
    endings: dict[str, int] = {}
    for branch in scenario.branches:
        s = branch.scenario
        seed = s.run.seed
        got = interpreted.run(s, seed, paths)
        columns = {name: got.column(name) for name in got.column_names}
        for lane, path in enumerate(paths):
            inputs = {key: float(values[lane]) for key, values in got.program.inputs.items()}
            tabled = s.dependence is not None and s.dependence.inputs is not None
            shocks = {name: got.rows[name][:, lane] for name in got.program.shocks}
            lived = live(s, EngineDraws(s, seed, path, shocks, inputs if tabled else None))
            agrees(
                lived,
                {slot: values[:, lane] for slot, values in got.rows.items()},
                {name: float(values[lane]) for name, values in columns.items()},
                got.cause(lane),
                s.default.stop_at_default,
            )
            endings[lived.cause] = endings.get(lived.cause, 0) + 1
    return endings


def compare_compiled(scenario: Scenario, lanes: int) -> dict[str, int]:
    """The same with machine code: the first paths, each of its own branch."""
    simulation = Simulation(scenario)
    programs = [branch.program for branch in simulation.branches]
    slots = tuple(dict.fromkeys(s for program in programs for s in program.rows if not s.startswith("#")))
    chunk = simulation.run_chunk(0, BLOCK, slots)
    endings: dict[str, int] = {}
    for path in range(lanes):
        runner = simulation.branch_of(path)
        shocks = {name: chunk.kept[name][:, path] for name in runner.program.shocks}
        draws = EngineDraws(runner.scenario, simulation.seed, path, shocks, None)
        lived = live(runner.scenario, draws)
        there = {slot: chunk.kept[slot][:, path] for slot in runner.program.rows if not slot.startswith("#")}
        columns = {name: float(values[path]) for name, values in chunk.columns.items()}
        cause = simulation.outline.causes[int(columns["cause"])].sentence
        agrees(lived, there, columns, cause, runner.scenario.default.stop_at_default)
        endings[lived.cause] = endings.get(lived.cause, 0) + 1
    return endings


def written(text: str, folder: Path) -> Scenario:
    file = folder / "case.toml"
    calendar = "" if "[calendar]" in text else '\n[calendar]\nstart = "2026-11"\n'
    file.write_text("format = 1\n" + text + calendar)
    return simulator.load(file)
