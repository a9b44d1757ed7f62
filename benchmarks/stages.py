"""Where each nanosecond of a scenario goes, stage by stage, each with the floor beside it.

python benchmarks/stages.py [SCENARIO] [--repeats R] [--by loop|phase|both]

A stage is measured alone: the month loop with that stage's loops in it, less the month loop with none. Its floor is what its
normals, exponentials, divisions and rows take alone on this machine (measure.py); what it takes beyond is the engine's.
ns of processor time a path-month on one thread, minima of several runs, all stages in turn.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from measure import Costs, Months, costs, kind_of, parser, part, say_machine, share_of_months, work_of

import simulator
from simulator import runner
from simulator.components.base import Phase
from simulator.engine.machine import Machine, assemble, fused
from simulator.engine.program import Metric, Program
from simulator.engine.reduce import Summary
from simulator.engine.simulation import CHUNK, Simulation
from simulator.scenario.model import Scenario
from simulator.store.folder import RunWriter
from simulator.timing import interleaved, load


class Stage(NamedTuple):
    name: str
    took: float
    floor: float | None
    says: str = ""

    def line(self) -> str:
        beside = "" if self.floor is None else f"{self.floor:9.2f}  {self.took - self.floor:+9.2f}"
        return f"  {self.name:<34}{self.took:9.2f}{beside:<20}  {self.says}"


def floor_of(step: object, c: Costs, months: int) -> float:
    kind = kind_of(step)
    if kind == "uniform":
        return c.uniform
    if kind == "normal":
        return c.uniform + c.normal
    return work_of(step).floor(c) * share_of_months(step, months)


def in_words(steps: Sequence[object]) -> str:
    """Which laws, and what is dear about them."""
    laws: Counter[str] = Counter()
    operations: Counter[str] = Counter()
    rows = 0
    for step in steps:
        work = work_of(step)
        laws += work.laws
        operations += work.operations
        rows += work.rows
    dear = [f"{operations[k]} {k}" for k in ("exp", "log", "root", "division") if operations[k]]
    names = [f"{name} {count}" if count > 1 else name for name, count in laws.most_common(4)]
    return f"{rows} rows{''.join(', ' + d for d in dear)}: {', '.join(names)}{' …' if len(laws) > 4 else ''}"


def by_loop(months: Months, c: Costs) -> tuple[dict[str, Machine], dict[str, tuple[float, str]]]:
    """Every loop of the plan that runs, draws put together; name -> (machine), (floor, words)."""
    groups: dict[str, list[int]] = {}
    for k, step in enumerate(months.plan.steps):
        kind = kind_of(step)
        first, last = step.months
        when = "" if (first, last) == (1, months.months) else f", months {first} … {last}"
        name = {"uniform": "uniforms", "normal": "normals"}.get(kind, f"loop {k}{when}")
        groups.setdefault(name, []).append(k)
    machines = {name: part(months.plan, numbers) for name, numbers in groups.items()}
    about = {}
    for name, numbers in groups.items():
        steps = [months.plan.steps[k] for k in numbers]
        words = f"{len(steps)} streams" if name in ("uniforms", "normals") else in_words(steps)
        about[name] = (sum(floor_of(step, c, months.months) for step in steps), words)
    return machines, about


def phase_name(number: int) -> str:
    below = [p for p in Phase if p <= number]
    if not below:
        return f"draws and resets ({number})"
    return below[-1].name.lower() + (f" + {number - below[-1]}" if number > below[-1] else "")


def only(program: Program, phase: int) -> Program:
    """The program's laws of one phase; all rows that they write are kept, because other phases may read them."""
    steps = tuple(step for step in program.steps if step.phase == phase)
    names = {row: slot for slot, row in program.rows.items()}
    kept = [names[w] for step in steps for w in step.words if isinstance(w, int) and w in names]
    metrics = tuple(Metric(slot, "", slot, "", False) for slot in dict.fromkeys(kept))
    return replace(program, steps=steps, metrics=metrics)


def by_phase(months: Months, c: Costs) -> tuple[dict[str, Machine], dict[str, tuple[float, str]]]:
    machines, about = {}, {}
    for phase in sorted({int(step.phase) for step in months.program.steps}):
        plan = fused(only(months.program, phase))
        name = phase_name(phase)
        machines[name] = assemble(plan)
        words = in_words(plan.steps)
        about[name] = (sum(floor_of(step, c, months.months) for step in plan.steps), words)
    return machines, about


def around_the_loop(scenario: Scenario, repeats: int) -> list[Stage]:
    """What comes after the months: bins of the quantiles, the summary, files."""
    simulation = Simulation(scenario, paths=10**9)
    chunk = simulation.run_chunk(0, CHUNK)
    counted = chunk.counted()
    months = scenario.calendar.months
    rows = runner.path_rows(chunk)
    with tempfile.TemporaryDirectory() as room:

        def write() -> None:
            with RunWriter(Path(room), "stage", runner.identity(scenario)) as writer:
                fields = runner.path_fields(simulation, chunk)
                for _ in range(4):
                    writer.add_paths(rows, fields)
                writer.end_paths(fields)
                writer.finish({})

        def add() -> None:
            summary = Summary(10**9, months)
            for _ in range(4):
                summary.add(counted)

        times = interleaved({"bins": chunk.counted, "add": add, "write": write}, repeats, time.process_time)
    size = CHUNK * months
    kept = len(simulation.kept_slots)
    return [
        Stage("bins of quantiles", times["bins"].best / size * 1e9, None, f"{kept} metrics, above 100,000 paths"),
        Stage("summary", times["add"].best / size / 4 * 1e9, None, "chunks merged in order"),
        Stage(
            "files",
            times["write"].best / size / 4 * 1e9,
            None,
            f"{len(rows)} columns, checksums, on a thread of its own",
        ),
    ]


def main() -> None:
    made = parser(__doc__)
    made.add_argument(
        "--by", choices=("loop", "phase", "both"), default="both", help="how the months are cut [%(default)s]"
    )
    given = made.parse_args()
    before = load()
    scenario = simulator.load(given.scenario).branches[0].scenario
    months = Months(scenario)
    short = Months(simulator.load(given.scenario, ("calendar.months=12",)).branches[0].scenario)
    c = costs(months, given.repeats)
    keep = months.branch.kept_slots
    print(
        f"{scenario.name}: {len(months.program.steps)} laws in {len(months.plan.steps)} loops, {len(months.program.rows)} rows,"
        f" {months.months} months\nns of processor time a path-month, one thread"
    )
    print("alone: " + ", ".join(f"{name} {value:.2f}" for name, value in c._asdict().items()))

    loops, about = by_loop(months, c)
    empty = part(months.plan, [])
    nanoseconds = months.nanoseconds({**loops, "": empty, "whole": months.own}, given.repeats)
    base, whole = nanoseconds[""], nanoseconds["whole"]
    kept = months.nanoseconds({"": empty}, given.repeats, keep)[""] - base
    # of the month loop without loops a part goes by path (rows filled, inputs drawn, columns read), a part by month
    base_short = short.nanoseconds({"": part(short.plan, [])}, given.repeats)[""]
    by_path = max(0.0, (base_short - base) / (1 / short.months - 1 / months.months))
    metrics = len(months.program.metrics)
    calls = sum(share_of_months(step, months.months) for step in months.plan.steps) * c.call

    print(f"\n  {'stage':<34}{'measured':>9}{'floor':>9}  {'beyond':>9}")
    sums = {"loop": 0.0, "phase": 0.0}
    floors = {"loop": 0.0, "phase": 0.0}
    for way, (machines, words) in {
        "loop": (loops, about),
        **({"phase": by_phase(months, c)} if given.by != "loop" else {}),
    }.items():
        if way == "phase":
            nanoseconds = months.nanoseconds({**machines, "": empty}, given.repeats)
        if given.by in (way, "both"):
            print(f"the months by {way}, each alone")
        for name in machines:
            took, (floor, says) = nanoseconds[name] - nanoseconds[""], words[name]
            sums[way] += took
            floors[way] += floor
            if given.by in (way, "both"):
                print(
                    Stage(name, took, floor, says + (" (SPOILT: not a number)" if name in months.spoilt else "")).line()
                )
        if given.by in (way, "both"):
            print(
                Stage(
                    f"all by {way}",
                    sums[way],
                    floors[way],
                    "" if way == "loop" else "rows between phases go through memory",
                ).line()
            )
    print("around them")
    statistics = max(0.0, base - by_path / months.months)
    for stage in (
        Stage("calls of the loops", calls, None, f"{len(loops)} stages; contained in theirs"),
        Stage("statistics by month", statistics, metrics * c.row, f"{metrics} metrics: mean and squares"),
        Stage("rows kept path by path", kept, len(keep) * 2 * c.row, f"{len(keep)} metrics with quantiles"),
        Stage(
            "by path",
            by_path / months.months,
            None,
            f"{by_path:,.0f} ns a path: rows filled, inputs drawn, columns read",
        ),
        *around_the_loop(scenario, given.repeats),
    ):
        print(stage.line())
    print("the whole")
    print(Stage("months and statistics, measured", whole, floors["loop"] + metrics * c.row, "").line())
    print(
        Stage(
            "the same as the sum of its stages", sums["loop"] + base, None, f"{(sums['loop'] + base) / whole:.2f} of it"
        ).line()
    )
    say_machine(before)


if __name__ == "__main__":
    main()
