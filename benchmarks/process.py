"""What a user waits for: `--help`, `check` and whole runs as processes of their own, from a filled cache; minima of several.

python benchmarks/process.py [SCENARIO] [--repeats R]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "simulator", *command], check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("scenario", nargs="?", default=str(HOME / "scenarios" / "anthropic-xai.toml"))
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as room:
        run = ["run", given.scenario, "--out", room]
        seconds([*run, "--paths", "1024"])  # fills the cache
        for name, command in (
            ("--help", ["--help"]),
            ("check", ["check", given.scenario]),
            ("run, 1,000 paths", [*run, "--paths", "1000"]),
            ("run, 100,000 paths", [*run, "--paths", "100000"]),
        ):
            times = sorted(seconds(command) for _ in range(given.repeats))
            print(f"{name:<20} {times[0]:6.2f} s  (median {times[len(times) // 2]:.2f})")


if __name__ == "__main__":
    main()
