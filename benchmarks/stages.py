"""Where each nanosecond of a scenario goes, stage by stage, each with the floor beside it.

python benchmarks/stages.py [SCENARIO] [--repeats R] [--by loop|phase|both]

`alone`: the month loop with that stage's loops in it, less the month loop with none; its rows are then still in the cache. `in
place`: the whole less the whole without the stage; its rows come from where they really are. `floor`: what its normals,
exponentials, divisions and rows take alone on this machine (measure.py). `beyond`: in place (else alone), less the floor.
ns of processor time a path-month on one thread, minima of several runs, all stages in turn.
"""

from __future__ import annotations

import itertools
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
from simulator.engine.block import uniforms_of
from simulator.engine.build import Array
from simulator.engine.machine import Machine, assemble, fused
from simulator.engine.program import Metric, Program, build
from simulator.engine.reduce import Summary
from simulator.engine.sampling import evaluate
from simulator.engine.simulation import CHUNK, Simulation
from simulator.estimate.figures import questions
from simulator.scenario.model import Scenario
from simulator.store.writer import RunWriter
from simulator.timing import Work, interleaved, load

SHORT = 12  # months of the shorter horizon
WORTH_A_SECOND_LOOK = 1.0  # ns alone; what is dearer is measured in its place as well


class Stage(NamedTuple):
    name: str
    took: float
    floor: float | None
    says: str = ""
    in_place: float | None = None

    def line(self) -> str:
        place = "" if self.in_place is None else f"{self.in_place:.2f}"
        floor = "" if self.floor is None else f"{self.floor:9.2f}{(self.in_place or self.took) - self.floor:+9.2f}"
        return f"  {self.name:<30}{self.took:9.2f}{place:>10}{floor:<18}  {self.says}"


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


def groups_of(months: Months) -> dict[str, list[int]]:
    """The plan's loops by name, draws put together."""
    groups: dict[str, list[int]] = {}
    for k, step in enumerate(months.plan.steps):
        first, last = step.months
        when = "" if (first, last) == (1, months.months) else f", months {first} … {last}"
        name = {"uniform": "uniforms", "normal": "normals"}.get(kind_of(step), f"loop {k}{when}")
        groups.setdefault(name, []).append(k)
    return groups


def by_loop(months: Months, c: Costs) -> tuple[dict[str, Machine], dict[str, tuple[float, str]]]:
    """name -> machine, (floor, words), for every loop of the plan."""
    machines, about = {}, {}
    for name, numbers in groups_of(months).items():
        steps = [months.plan.steps[k] for k in numbers]
        machines[name] = part(months.plan, numbers)
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
    """What comes after the months: bins of the quantiles, counts of the columns, the summary, files."""
    simulation = Simulation(scenario)
    asked = questions(scenario.calendar.months, simulation.outline)
    chunk = simulation.run_chunk(0, CHUNK)
    done = chunk.tallied(asked).counted()
    rows = runner.path_rows(chunk)
    chunks, numbers = 4, itertools.count()
    with tempfile.TemporaryDirectory() as room:

        def write() -> None:
            with RunWriter(Path(room), f"stage-{next(numbers)}", runner.identity(scenario)) as writer:
                writer.begin(chunks * CHUNK, resumable=False)
                fields = runner.path_fields(simulation, chunk)
                for _ in range(chunks):
                    writer.add("paths", rows, fields)
                writer.end_parts()
                writer.finish({})

        def add() -> None:
            summary = Summary(10**9, asked, hold=False)
            for _ in range(chunks):
                summary.add(done)

        works: dict[str, Work] = {
            "bins": chunk.counted, "tally": lambda: chunk.tallied(asked), "add": add, "write": write,
        }  # fmt: skip
        times = interleaved(works, repeats, time.process_time)
    size = CHUNK * scenario.calendar.months
    ns = {name: t.best / size * 1e9 / (chunks if name in ("add", "write") else 1) for name, t in times.items()}
    return [
        Stage("bins of quantiles", ns["bins"], None, f"{len(simulation.kept_slots)} metrics, above 100,000 paths"),
        Stage("columns counted", ns["tally"], None, "moments, endings, ranks"),
        Stage("summary", ns["add"], None, "chunks merged in order"),
        Stage("files", ns["write"], None, f"{len(rows)} columns, checksums, on a thread of its own"),
    ]


def by_path(months: Months, rest: float, repeats: int) -> list[Stage]:
    """What is done once a path, by the month: what `rest` ns a path (measured without any loop) are made of."""
    scenario, seed, paths = months.branch.scenario, months.branch.seed, months.paths
    drawn: dict[str, Array] = {}

    def draw(name: str) -> Array:
        drawn[name] = uniforms_of(seed, name, paths)
        return drawn[name]

    build(scenario, seed, draw, evaluate=evaluate)
    if not drawn:
        return [Stage("rows filled, columns read", rest / months.months, None, f"{rest:,.0f} ns a path")]
    works: dict[str, Work] = {
        "draws": lambda: build(scenario, seed, draw, evaluate=evaluate),
        "quantiles": lambda: build(scenario, seed, lambda name: drawn[name], evaluate=evaluate),
        "structure": lambda: build(scenario, seed, lambda name: drawn[name][:1], evaluate=evaluate),
    }
    each = {name: t.best / paths.size * 1e9 for name, t in interleaved(works, repeats, time.process_time).items()}
    inputs = len(months.program.inputs)
    return [
        Stage(name, took / months.months, None, f"{took:,.0f} ns a path: {says}")
        for name, took, says in (
            ("inputs drawn", each["draws"] - each["quantiles"], f"{inputs} uniforms"),
            ("their quantiles", each["quantiles"] - each["structure"], f"{inputs} distributions"),
            ("program built anew", each["structure"], f"once a chunk of {paths.size:,}"),
            ("rows filled, columns read", rest - each["draws"], f"{len(months.program.columns)} columns"),
        )
    ]


def print_months(months: Months, c: Costs, way: str, repeats: int) -> tuple[float, float, float, float, float]:
    """The table of the months; returns the sums of what was measured and of the floors, the loop without loops, with rows
    kept, and the whole."""
    machines, about = by_loop(months, c) if way == "loop" else by_phase(months, c)
    empty = part(months.plan, [])
    around = {"": empty, "kept": empty, "whole": months.own}
    ns = months.nanoseconds({**machines, **around}, repeats, {"kept": months.branch.kept_slots})
    alone = {name: ns[name] - ns[""] for name in machines}
    in_place: dict[str, float] = {}
    if way == "loop":
        groups = groups_of(months)
        dear = [name for name in groups if alone[name] >= WORTH_A_SECOND_LOOK]
        everything = range(len(months.plan.steps))
        less = {name: part(months.plan, [k for k in everything if k not in groups[name]]) for name in dear}
        # a difference of large numbers: the whole is run beside each, so that its minimum is no worse than theirs
        beside = {f"whole beside {name}": months.own for name in dear}
        found = months.nanoseconds(
            {k: m for pair in zip(less.items(), beside.items(), strict=True) for k, m in pair}, repeats
        )
        ns["whole"] = min([ns["whole"], *(found[name] for name in beside)])
        in_place = {name: ns["whole"] - found[name] for name in dear}
    print(f"\nthe months by {way}\n  {'stage':<30}{'alone':>9}{'in place':>10}{'floor':>9}{'beyond':>9}")
    for name, took in alone.items():
        floor, says = about[name]
        spoilt = " (SPOILT: some paths are no number)" if name in months.spoilt else ""
        print(Stage(name, took, floor, says + spoilt, in_place.get(name)).line())
    total, floors = sum(alone.values()), sum(floor for floor, _ in about.values())
    print(Stage(f"all by {way}", total, floors, "", sum(in_place.values()) if in_place else None).line())
    return total, floors, ns[""], ns["kept"] - ns[""], ns["whole"]


def main() -> None:
    made = parser(__doc__, repeats=9)
    made.add_argument(
        "--by", choices=("loop", "phase", "both"), default="both", help="how the months are cut [%(default)s]"
    )
    given = made.parse_args()
    before = load()
    scenario = simulator.load(given.scenario).branches[0].scenario
    months = Months(scenario)
    short = Months(simulator.load(given.scenario, (f"calendar.months={SHORT}",)).branches[0].scenario)
    c = costs(months, given.repeats)
    laws, loops, metrics = len(months.program.steps), len(months.plan.steps), len(months.program.metrics)
    print(f"{scenario.name}: {laws} laws in {loops} loops, {len(months.program.rows)} rows, {months.months} months")
    print("ns of processor time a path-month, one thread; single operations alone:")
    print("  " + ", ".join(f"{name} {value:.2f}" for name, value in c._asdict().items()))
    if given.by in ("phase", "both"):
        print_months(months, c, "phase", given.repeats)
    total, floors, base, kept, whole = print_months(months, c, "loop", given.repeats)
    # of the month loop without loops a part goes by path, a part by month: a shorter horizon tells them apart
    base_short = short.nanoseconds({"": part(short.plan, [])}, given.repeats)[""]
    rest = max(0.0, (base_short - base) / (1 / short.months - 1 / months.months))
    calls = sum(share_of_months(step, months.months) for step in months.plan.steps) * c.call
    says = f"{len(months.branch.kept_slots)} metrics with quantiles"
    statistics = max(0.0, base - rest / months.months)
    print("\naround them")
    for stage in (
        Stage("calls of the loops", calls, None, "contained in theirs"),
        Stage("statistics by month", statistics, metrics * c.row, f"{metrics} metrics, mean and squares"),
        Stage("rows kept path by path", kept, len(months.branch.kept_slots) * 2 * c.row, says),
        *by_path(months, rest, given.repeats),
        *around_the_loop(scenario, given.repeats),
    ):
        print(stage.line())
    print("\nthe whole: all that happens to a chunk before bins, summary and files")
    print(Stage("measured", whole, floors + metrics * c.row, "floor of the loops and the statistics").line())
    says = f"{(total + base) / whole:.2f} of it; the rest is rows that left the cache"
    print(Stage("sum of the stages alone", total + base, None, says).line())
    say_machine(before)


if __name__ == "__main__":
    main()
