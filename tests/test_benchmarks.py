"""The benchmarks measure what they say: every component, every law once, costs counted from the laws themselves."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import components
import measure
import scale
import stages

import simulator
from simulator.engine.block import ProgramRunner
from simulator.engine.machine import fused
from simulator.mathematics.elementary import power
from simulator.scenario import describe
from simulator.scenario.model import PLAIN

MINIMAL = simulator.load(measure.HOME / "scenarios" / "minimal.toml")


def test_every_component_is_measured_and_its_file_differs_from_the_one_without_it(tmp_path: Path) -> None:
    found = {pair.name: pair for pair in components.pairs([], tmp_path)}
    assert set(found) == {one.name for one in describe.everything() if one.name not in PLAIN}
    assert all(pair.with_it.hash != pair.without.hash for pair in found.values())


def test_a_part_of_the_month_is_measured_once() -> None:
    program = ProgramRunner(MINIMAL, 1).program
    parts = [stages.only(program, phase) for phase in sorted({int(step.phase) for step in program.steps})]
    assert Counter(step for part in parts for step in part.steps) == Counter(program.steps)
    assert len({stages.phase_name(int(step.phase)) for step in program.steps}) == len(parts)


def test_what_a_law_costs_is_counted_through_all_that_it_calls() -> None:
    assert measure._operations(power)["exp"] == measure._operations(power)["log"] == 1
    plan = fused(ProgramRunner(MINIMAL, 1).program)
    works = [measure.work_of(step) for step in plan.steps]
    assert sum((work.operations for work in works), Counter())["exp"] == 1  # the revenue's
    laws = sum(sum(work.laws.values()) for work in works)
    assert laws == sum(step.size if hasattr(step, "size") else 1 for step in plan.steps)
    # a row counts when it is read and when it is written
    rows = [len(re.findall(r"\b(?:load|store)\(", step.source)) for step in plan.steps if hasattr(step, "source")]
    assert rows == [work.rows for work, step in zip(works, plan.steps, strict=True) if hasattr(step, "source")]


def test_every_stage_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    months = measure.Months(MINIMAL, paths=1024, planned=0)
    own = months.branch.machine
    costs = measure.costs(months, 1)
    assert all(cost >= 0.0 for cost in costs)
    stages.print_months(months, costs, "loop", 1)
    assert months.branch.machine is own
    assert not months.spoilt
    printed = capsys.readouterr().out
    assert all(f"  {name}  " in printed for name in stages.groups_of(months))
    after = [*stages.by_path(months, 100.0, 1), *stages.around_the_loop(MINIMAL, 1)]
    assert all(stage.took > 0.0 and stage.name in stage.line() for stage in after)


def test_a_floor_is_the_larger_of_arithmetic_and_traffic() -> None:
    costs = measure.Costs(*[0.0] * 9)._replace(exp=2.0, row=0.5)
    assert measure.Work(Counter(exp=2), 4, Counter()).floor(costs) == 4.0
    assert measure.Work(Counter(exp=2), 40, Counter()).floor(costs) == 20.0


def test_tables_written_by_the_benchmarks_are_read_as_they_were_meant(tmp_path: Path) -> None:
    again = components.loaded(components.EMPTY | components.REVENUE, tmp_path)
    assert again is not None
    assert (again.calendar.months, again.opening.cash) == (60, 2e9)
    file = tmp_path / "many.toml"
    plain = (measure.HOME / "scenarios" / "minimal.toml").read_text(encoding="utf-8")
    file.write_text(plain + "".join(scale.CONTRACT.format(k=k, fee=40 + k) for k in range(3)), encoding="utf-8")
    assert sum(entry.name.startswith("contracts.") for entry in simulator.load(file).entries) == 3


def test_the_line_through_a_line_is_the_line() -> None:
    assert "within 0%" in scale.line([1.0, 2.0, 4.0], [12.0, 14.0, 18.0], "ns", "a contract")
    assert "10 ns and 2 ns more a contract" in scale.line([1.0, 2.0, 4.0], [12.0, 14.0, 18.0], "ns", "a contract")


def test_a_process_is_waited_for_and_its_memory_seen() -> None:
    found = measure.process(["-c", "x = bytearray(60_000_000); print(len(x))"])
    assert found.output.strip() == "60000000"
    assert found.peak > 60_000_000
    with pytest.raises(SystemExit):
        measure.process(["-c", "raise SystemExit(3)"])
