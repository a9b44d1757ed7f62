"""What the benchmarks share: the scenario of the command line, months made of any loops, and what one operation costs here."""

from __future__ import annotations

import argparse
import dis
import math
import os
import re
import subprocess
import sys
import tempfile
import time
import types
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simulator.engine import jit
from simulator.engine.build import Step, same
from simulator.engine.executors import available_threads
from simulator.engine.jit import Argument
from simulator.engine.ledger import CAUSE
from simulator.engine.machine import Machine, Plan, assemble
from simulator.engine.random import WORDS, draw_normal, draw_uniform
from simulator.engine.simulation import CHUNK, Simulation
from simulator.mathematics.elementary import exp, log
from simulator.scenario.model import Scenario
from simulator.timing import disturbance, interleaved, load, processor

HOME = Path(__file__).resolve().parent.parent
SHIPPED = HOME / "scenarios" / "anthropic-xai.toml"


def parser(doc: str | None, repeats: int = 7) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=(doc or "").split("\n")[0])
    made.add_argument("scenario", nargs="?", type=Path, default=SHIPPED, help="[%(default)s]")
    made.add_argument("--repeats", type=int, default=repeats, help="runs of which the fastest counts [%(default)s]")
    return made


def say_machine(before: float | None) -> None:
    threads = available_threads()
    print(f"\n{processor()}, {threads} threads; {disturbance(threads, before, load())}")


class Months:
    """The months of a scenario's heaviest branch, with the loops it has or any others in their place.

    Processor time of one thread: on a busy machine it is steadier than time on the wall.
    """

    def __init__(self, scenario: Scenario, paths: int = CHUNK, planned: int = 10**9) -> None:
        """`planned`: paths that loops of its own would have to be worth compiling for; 0: one loop a law."""
        self.branch = Simulation(scenario, paths=planned).branches[0]
        self.program, self.plan, self.own = self.branch.program, self.branch.plan, self.branch.machine
        self.paths = np.arange(paths)
        self.months = scenario.calendar.months
        self.spoilt: set[str] = set()
        self.run(self.own)  # pages are touched, machine code is loaded

    def run(self, machine: Machine, keep: Sequence[str] = (), name: str = "") -> None:
        self.branch.machine = machine
        lived = self.branch.live(self.branch.prepare(self.paths), 0, self.paths.size, keep)
        if sum(block.paths for block in lived.blocks) < self.paths.size:
            self.spoilt.add(name)  # some paths were no number, and the block was run twice

    def nanoseconds(
        self, machines: Mapping[str, Machine], repeats: int, kept: Mapping[str, Sequence[str]] | None = None
    ) -> dict[str, float]:
        """By name: ns a path-month. `kept`: slots kept path by path, where any are."""
        works: dict[str, Callable[[], object]] = {
            name: lambda machine=machine, name=name: self.run(machine, (kept or {}).get(name, ()), name)  # type: ignore[misc]
            for name, machine in machines.items()
        }
        times = interleaved(works, repeats, time.process_time)
        self.branch.machine = self.own
        return {name: t.best * 1e9 / self.paths.size / self.months for name, t in times.items()}


def machine_of(steps: Sequence[Step]) -> Machine:
    """Single steps, each with a loop of its own, as machine code."""
    steps = steps or [Step(0, nothing, (), (), (), (), (0, 0), kernel=True)]  # never called, but a machine has a step
    codes = tuple(
        jit.kernel_code(step.law, jit.step_signature())
        if step.kernel
        else jit.step_code(step.law, step.arguments, step.outputs, step.using)
        for step in steps
    )
    return assemble(Plan(tuple(steps), codes, False))


def part(plan: Plan, numbers: Sequence[int]) -> Machine:
    """Some of a plan's loops as a machine of their own."""
    if not numbers:
        return machine_of([])
    return assemble(Plan(tuple(plan.steps[k] for k in numbers), tuple(plan.codes[k] for k in numbers), plan.fused))


# --- what one operation costs ------------------------------------------------------------------------------------------


def nothing(slots: Any, words: Any, index: Any, params: Any, month: int, paths: Any) -> None:
    """A step that does nothing."""


def one_exp(x: float) -> float:
    return exp(x)


def one_log(x: float) -> float:
    return log(x)


def one_root(x: float) -> float:
    return math.sqrt(x)


def one_division(x: float) -> float:
    return 1.0 / x


def sixteen(x: float) -> float:
    """Eight multiplications and eight additions, two chains wide."""
    a, b = x, x + 1.0
    a, b = a * 0.5 + 0.25, b * 0.5 + 0.125
    a, b = a * 0.5 + 0.25, b * 0.5 + 0.125
    a, b = a * 0.5 + 0.25, b * 0.5 + 0.125
    a = a * 0.5 + b
    return a * 0.5


class Costs(NamedTuple):
    """ns a path-month and operation, measured alone, in the month loop, in vector code."""

    call: float  # of a loop that does nothing
    uniform: float  # random bits and their conversion
    normal: float  # beyond a uniform
    exp: float
    log: float
    root: float
    division: float
    operation: float  # an addition, multiplication, comparison
    row: float  # a row read or written, rows lying as far apart as those of this scenario


def costs(months: Months, repeats: int) -> Costs:
    """What single operations take here and now."""
    rows = len(months.program.values)
    always = (1, months.months)

    def step(law: Callable[..., Any], source: int = 0, target: int = 1) -> Step:
        return Step(0, law, (Argument("slot"),), ("set",), (source, target), (), always)

    def draw(kernel: Callable[..., Any]) -> Step:
        return Step(0, kernel, (), (), (0, 1, 1, 0), (1.0, 0.0, 7.0), always, kernel=True)

    ending = months.program.rows[CAUSE]  # what stands there decides whether a path counts
    sweep = [step(same, k, k + 1) for k in range(0, rows - 1, 2) if k + 1 != ending]
    draws = months.program.word_rows > WORDS
    machines = {
        "nothing": machine_of([]),
        "calls": machine_of([Step(0, nothing, (), (), (), (), always, kernel=True)] * 100),
        "copies here": machine_of([step(same)] * 20),
        "copies everywhere": machine_of(sweep),
        "uniform": machine_of([draw(draw_uniform)] * 10 if draws else []),
        "normal": machine_of([draw(draw_normal)] * 10 if draws else []),
        **{law.__name__: machine_of([step(law)] * 20) for law in (one_exp, one_log, one_root, one_division, sixteen)},
    }
    found = months.nanoseconds(machines, repeats)
    each = {name: max(0.0, t - found["nothing"]) for name, t in found.items()}
    copy = each["copies here"] / 20
    return Costs(
        call=each["calls"] / 100,
        uniform=each["uniform"] / 10,
        normal=max(0.0, each["normal"] - each["uniform"]) / 10,
        exp=max(0.0, each["one_exp"] / 20 - copy),
        log=max(0.0, each["one_log"] / 20 - copy),
        root=max(0.0, each["one_root"] / 20 - copy),
        division=max(0.0, each["one_division"] / 20 - copy),
        operation=max(0.0, each["sixteen"] / 20 - copy) / 16,
        row=each["copies everywhere"] / len(sweep) / 2,
    )


# --- what a loop has to do ----------------------------------------------------------------------------------------------


@cache
def _operations(law: Callable[..., Any]) -> Counter[str]:
    """What is written in a law and the functions of the package that it calls; both sides of a choice count, as they do
    in vector code."""
    if law is same:
        return Counter()
    found: Counter[str] = Counter()
    for instruction in dis.get_instructions(law):
        if instruction.opname == "BINARY_OP":
            found["division" if instruction.argrepr.startswith("/") else "operation"] += 1
        elif instruction.opname in ("COMPARE_OP", "UNARY_NEGATIVE"):
            found["operation"] += 1
        elif instruction.opname in ("LOAD_GLOBAL", "LOAD_ATTR", "LOAD_METHOD"):
            value = law.__globals__.get(instruction.argval)
            if value is exp or value is log:
                found[value.__name__] += 1
            elif isinstance(value, types.FunctionType):
                found += _operations(value)
            elif instruction.argval == "sqrt":
                found["root"] += 1
            elif instruction.argval in ("min", "max", "abs"):
                found["operation"] += 1
    return found


class Work(NamedTuple):
    """What a loop does in a month in which it runs."""

    operations: Counter[str]
    rows: int  # read and written
    laws: Counter[str]  # names of the files they are from

    def floor(self, c: Costs) -> float:
        """The larger of what its arithmetic and its traffic take, each at the price it has alone."""
        o = self.operations
        arithmetic = sum(o[name] * getattr(c, name) for name in ("exp", "log", "root", "division", "operation"))
        return float(max(arithmetic, self.rows * c.row))


def _slots(arguments: Sequence[Argument]) -> int:
    numbers = ("fixed", "series", "table", "month", "path")
    return sum(_slots(a.parts) if a.kind == "tuple" else a.kind not in numbers for a in arguments)


def work_of(step: Any) -> Work:
    """From the text of a fused loop, or from a step's arguments."""
    operations: Counter[str] = Counter()
    laws: Counter[str] = Counter()
    if isinstance(step, Step):
        operations += _operations(step.law)
        laws[step.law.__module__.rsplit(".", 1)[-1]] += 1
        rows = _slots(step.arguments) + sum(2 if o == "add" else 1 for o in step.outputs)
        return Work(operations, rows, laws)
    for k, count in Counter(re.findall(r"law(\d+)\(", step.source)).items():
        law, using = step.laws[int(k)]
        for _ in range(count):
            operations += _operations(law)
            for _, replaced in using:
                operations += _operations(replaced)
        laws[law.__module__.rsplit(".", 1)[-1]] += count
    moved = step.source.count("= same") + step.size - sum(laws.values())
    if moved > 0:
        laws["moved"] += moved
    return Work(operations, step.source.count("load(") + step.source.count("store("), laws)


def kind_of(step: Any) -> str:
    """`uniform`, `normal` or `law`."""
    if isinstance(step, Step) and step.kernel:
        return {draw_uniform: "uniform", draw_normal: "normal"}.get(step.law, "law")
    return "law"


def share_of_months(step: Any, months: int) -> float:
    first, last = step.months
    return max(0, min(last, months) - first + 1) / months


# --- processes ----------------------------------------------------------------------------------------------------------


class Process(NamedTuple):
    """A process from its start to its end."""

    processor: float  # s, all its threads
    wall: float  # s
    peak: int  # bytes resident at most
    output: str


def process(arguments: Sequence[str], environment: dict[str, str] | None = None) -> Process:
    """Run Python with these arguments. Fails where it fails."""
    with tempfile.TemporaryFile("w+") as output:
        at = time.perf_counter()
        child = subprocess.Popen([sys.executable, *arguments], stdout=output, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - at
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"{' '.join(arguments)} ended with {child.returncode}")
        output.seek(0)
        unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
        return Process(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * unit, output.read())
