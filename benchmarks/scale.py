"""How time and memory grow with paths, months and contracts, each beside the straight line through it.

python benchmarks/scale.py [SCENARIO] [--only paths|months|contracts] [--most PATHS] [--repeats R]

Paths: whole runs as processes of their own, with files written. Months: the file's horizon replaced. Contracts: the minimal
company with up to 24 contracts, each with a right to leave. Processor time; for paths all threads of the process together.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
from measure import HOME, Months, parser, process, say_machine

import simulator
from simulator.timing import load

WIDTHS = (12, 13, 9, 12, 17, 10, 10)
MONTHS = (12, 24, 36, 60, 120, 240)
CONTRACTS = (1, 2, 4, 8, 16, 24)
CONTRACT = """
[contracts.c{k}]
fee = "{fee}K/mo"
start = "2026-12"
end = "2029-10"
capacity_value = "{fee}K/mo"
exit.supplier.notice = "60 days"
exit.supplier.hazard = "10 %/yr"
exit.supplier.gamma = 0.0
"""


def line(x: list[float], y: list[float], unit: str, what: str) -> str:
    """The straight line through the points, and how far the points are from it."""
    slope, at_zero = np.polyfit(x, y, 1)
    off = np.abs(np.polyval([slope, at_zero], x) / np.asarray(y) - 1).max()
    return f"  {at_zero:,.4g} {unit} and {slope:,.4g} {unit} more {what}; the points are within {off:.0%} of this line"


def by_paths(scenario: Path, most: int, repeats: int) -> None:
    months = simulator.load(scenario).calendar.months
    counts = [n for n in (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000) if n <= most]
    print(f"\nby paths: whole runs of {scenario.stem}, {months} months")
    print(
        f"  {'paths':>12}{'processor s':>13}{'wall s':>9}{'simulate s':>12}{'ns a path-month':>17}{'peak MB':>10}{'files MB':>10}"
    )
    taken, peaks = [], []
    with tempfile.TemporaryDirectory() as room:
        command = ["-m", "simulator", "run", str(scenario), "--out", room, "--json", "--paths"]
        process([*command, str(counts[-1] if most <= 10**6 else 10**6)])  # whichever loops are worth it are compiled
        for n in counts:
            runs = [process([*command, str(n)]) for _ in range(repeats if n <= 10**6 else 1)]
            best = min(runs)
            document = json.loads(best.output)
            size = sum(f.stat().st_size for f in Path(document["folder"]).iterdir())
            simulating = min(json.loads(r.output)["seconds"]["simulate"] for r in runs)
            taken.append(best.processor)
            peaks.append(min(r.peak for r in runs) / 1e6)
            print(
                f"  {n:12,}{best.processor:13.2f}{min(r.wall for r in runs):9.2f}{simulating:12.2f}"
                f"{best.processor / n / months * 1e9:17.1f}{peaks[-1]:10.0f}{size / 1e6:10.1f}",
                flush=True,
            )
    if len(counts) > 2:
        x = [n / 1e6 for n in counts]
        print(line(x, taken, "s", "a million paths"))
        print(line(x, peaks, "MB", "a million paths"))


def by_months(scenario: Path, repeats: int) -> None:
    print(f"\nby months: {scenario.stem} with other horizons, one thread, a chunk of paths")
    print(f"  {'months':>8}{'ns a path-month':>17}{'us a path':>11}{'laws':>6}{'rows':>6}")
    horizons, per_path = [], []
    for count in MONTHS:
        try:
            loaded = simulator.load(scenario, (f"calendar.months={count}",)).branches[0].scenario
        except simulator.ScenarioError as problem:
            print(f"  {count:8}  {str(problem).splitlines()[0]}")
            continue
        months = Months(loaded)
        found = months.nanoseconds({"": months.own}, repeats, {"": months.branch.kept_slots})[""]
        horizons.append(float(count))
        per_path.append(found * count / 1e3)
        print(
            f"  {count:8}{found:17.1f}{per_path[-1]:11.2f}{len(months.program.steps):6}{len(months.program.rows):6}",
            flush=True,
        )
    if len(horizons) > 2:
        print(line(horizons, per_path, "us a path", "a month"))


def by_contracts(repeats: int) -> None:
    print("\nby contracts: the minimal company with so many contracts, one thread, a chunk of paths")
    print(f"  {'contracts':>10}{'ns a path-month':>17}{'laws':>6}{'loops':>6}{'rows':>6}{'draws':>6}")
    plain = (HOME / "scenarios" / "minimal.toml").read_text(encoding="utf-8")
    times = []
    with tempfile.TemporaryDirectory() as room:
        for count in CONTRACTS:
            file = Path(room) / "contracts.toml"
            file.write_text(plain + "".join(CONTRACT.format(k=k, fee=40 + k) for k in range(count)), encoding="utf-8")
            months = Months(simulator.load(file))
            found = months.nanoseconds({"": months.own}, repeats, {"": months.branch.kept_slots})[""]
            times.append(found)
            program, loops = months.program, len(months.plan.steps)
            sizes = (len(program.steps), loops, len(program.rows), program.word_rows // 4)
            print(f"  {count:10}{found:17.1f}{''.join(f'{size:6}' for size in sizes)}", flush=True)
    print(line([float(c) for c in CONTRACTS], times, "ns a path-month", "a contract"))


def main() -> None:
    made = parser(__doc__, repeats=3)
    made.add_argument("--only", choices=("paths", "months", "contracts"), help="one of the three")
    made.add_argument(
        "--most", type=int, default=1_000_000, help="paths at most; 10,000,000 need time and memory [%(default)s]"
    )
    given = made.parse_args()
    before = load()
    if given.only in (None, "paths"):
        by_paths(given.scenario, given.most, given.repeats)
    if given.only in (None, "months"):
        by_months(given.scenario, given.repeats)
    if given.only in (None, "contracts"):
        by_contracts(given.repeats)
    say_machine(before)


if __name__ == "__main__":
    main()
