"""What the first run of a scenario takes: with an empty cache, with one filled by the scenarios before it, with its own.

python benchmarks/cold_start.py [SCENARIO…] [--paths N] [--repeats R]

Every run is a process of its own: seconds of processor time, and on the wall in brackets. On a quiet machine the two are equal as
long as one thread compiles; on a busy one the first is steadier. Cold runs are done once, because they take long.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from measure import HOME, SHIPPED, Process, process, say_machine

from simulator.timing import load

FEW = (HOME / "scenarios" / "minimal.toml", SHIPPED, HOME / "scenarios" / "neocloud-tenant.toml")


def start(scenario: Path, cache: Path, paths: int) -> Process:
    with tempfile.TemporaryDirectory() as room:
        command = ["-m", "simulator", "run", str(scenario), "--paths", str(paths), "--out", room, "--json"]
        return process(command, {**os.environ, "SIMULATOR_CACHE_DIR": str(cache)})


def shown(p: Process) -> str:
    return f"{p.processor:.2f} ({p.wall:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("scenarios", nargs="*", type=Path, default=list(FEW), help="[three of the shipped ones]")
    parser.add_argument(
        "--paths", type=int, default=1000, help="few, so that starting is what is measured [%(default)s]"
    )
    parser.add_argument("--repeats", type=int, default=5, help="warm runs of which the fastest counts [%(default)s]")
    given = parser.parse_args()
    before = load()
    print(f"processor seconds of a run of {given.paths:,} paths, seconds on the wall in brackets")
    print(f"  {'scenario':<26}{'empty cache':>17}{'after the others':>18}{'full cache':>15}{'cold : full':>13}  cache")
    with tempfile.TemporaryDirectory() as shared:
        for number, scenario in enumerate(given.scenarios):
            with tempfile.TemporaryDirectory() as own:
                cold = start(scenario, Path(own), given.paths)
                files = [f for f in Path(own).rglob("*") if f.is_file()]
                size = sum(f.stat().st_size for f in files) / 1e6
                warm = min(start(scenario, Path(own), given.paths) for _ in range(given.repeats))
            after = start(scenario, Path(shared), given.paths)
            print(
                f"  {scenario.stem:<26}{shown(cold):>17}{shown(after) if number else '':>18}{shown(warm):>15}"
                f"{cold.processor / warm.processor:13.1f}  {size:.1f} MB in {len(files)} files"
            )
            sys.stdout.flush()
    say_machine(before)


if __name__ == "__main__":
    main()
