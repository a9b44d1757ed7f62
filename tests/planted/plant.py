"""Plant errors into a copy of the project, one at a time, and see which tests notice.

    python tests/planted/plant.py                             all errors, all tests, to the first that fails
    python tests/planted/plant.py --only phi-of-a-year        one error; may be repeated
    python tests/planted/plant.py --sample 5 --rotation 17    five of them, the next five at the next rotation; only `caught_by`

An error that no test notices survives: exit code 1. A test suite that lets a wrong model pass is itself wrong.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
ERRORS = Path(__file__).with_name("errors.toml")
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "*.parquet", "dist")
# after the tests that noticed an error before come files that are quick and broad, then all others in alphabetical order
FIRST = (
    "exact_to_the_cent",
    "intervals",
    "tax",
    "policies",
    "fee_clauses",
    "clauses",
    "recovery",
    "deterministic_table",
)
ITSELF = "test_planted_errors.py"  # in a copy with an error the errors no longer apply


class PlantedError(NamedTuple):
    """An error of the list: `old`, which stands once in `file`, becomes `new`."""

    name: str
    why: str
    file: str
    old: str
    new: str
    caught_by: tuple[str, ...]

    def planted(self, text: str) -> str:
        """The text with the error. Raises ValueError where `old` does not stand in it exactly once."""
        count = text.count(self.old)
        if count != 1:
            raise ValueError(f"{self.name}: {self.old!r} stands {count} times in {self.file}, not once")
        return text.replace(self.old, self.new)


class Outcome(NamedTuple):
    name: str
    caught_by: tuple[str, ...]  # the tests that failed
    problem: str  # what went wrong if it is neither caught nor survived
    seconds: float


def errors() -> list[PlantedError]:
    listed = tomllib.loads(ERRORS.read_text())["error"]
    return [PlantedError(**{**entry, "caught_by": tuple(entry.get("caught_by", ()))}) for entry in listed]


def sample(listed: Sequence[PlantedError], count: int, rotation: int) -> list[PlantedError]:
    """`count` errors; successive rotations go through the whole list before one comes again."""
    return [listed[(rotation * count + k) % len(listed)] for k in range(min(count, len(listed)))]


def all_tests(root: Path) -> list[str]:
    files = sorted(f.relative_to(root).as_posix() for f in (root / "tests").rglob("test_*.py") if f.name != ITSELF)
    rank = {f"test_{name}.py": k for k, name in enumerate(FIRST)}
    return sorted(files, key=lambda f: (rank.get(Path(f).name, len(FIRST)), f))


def plant(error: PlantedError, tests: Sequence[str]) -> Outcome:
    """Run these tests on a copy with this error, with a cache of its own, up to the first that fails."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        (copy / error.file).write_text(error.planted((copy / error.file).read_text()))
        environment = {
            **os.environ, "PYTHONPATH": str(copy), "SIMULATOR_CACHE_DIR": str(Path(folder) / "cache"), "CI": "true"
        }  # fmt: skip
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-rfE", *tests]
        run = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    failed = tuple(re.findall(r"^(?:FAILED|ERROR) (tests/.+?)(?: - .*)?$", run.stdout, re.MULTILINE))
    # 0: all pass; 1: a test failed; anything else says nothing about the model
    problem = (
        "" if run.returncode in (0, 1) else f"pytest ended with {run.returncode}: {(run.stdout + run.stderr)[-600:]}"
    )
    return Outcome(error.name, failed if run.returncode == 1 else (), problem, time.perf_counter() - began)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="NAME", help="this error; may be repeated")
    parser.add_argument("--sample", type=int, metavar="K", help="K errors, each with the tests it names in `caught_by`")
    parser.add_argument("--rotation", type=int, default=0, metavar="N", help="which K of them")
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="errors at a time")
    chosen = parser.parse_args(arguments)
    listed = errors()
    unknown = set(chosen.only or ()) - {e.name for e in listed}
    if unknown:
        parser.error(f"no such error: {', '.join(sorted(unknown))}")
    if chosen.only:
        listed = [e for e in listed if e.name in chosen.only]
    if chosen.sample:
        listed = sample(listed, chosen.sample, chosen.rotation)

    def of(error: PlantedError) -> Outcome:
        return plant(error, error.caught_by if chosen.sample else [*error.caught_by, *all_tests(ROOT)])

    survived = 0
    with ThreadPoolExecutor(max(1, chosen.jobs)) as pool:
        for outcome in pool.map(of, listed):
            noticed = ", ".join(outcome.caught_by) or (outcome.problem or "SURVIVES")
            survived += not outcome.caught_by
            print(f"{outcome.name:40} {outcome.seconds:5.0f} s  {noticed}", flush=True)
    print(f"{len(listed) - survived} of {len(listed)} caught")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
