"""What tests/test_faults.py and tests/test_nothing_lost.py do a few times, hundreds of times; and very many mutations.

    python tests/campaigns/faults.py                     30 kills, 20 signals of each kind, 100 flipped bits, 5,000 mutations
    python tests/campaigns/faults.py --full              300 kills, 100 of each, 1,000 flipped bits, 100,000 mutations
    python tests/campaigns/faults.py --only kills,flips  some of kills, signals, faults, system, flips, mutations

`faults` plants an error in every write, sync, close, rename and link of a run below Python's functions, `system` below the C
library's (a shim that gcc compiles), so that nothing the run does is left out. Exit code 1 if anything went wrong.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lossless import LONG, SHORT, SOBOL, Nursery, data_files, faulty, flip, small_parts, unlike, written
from test_faults import harmed
from test_mutated_scenarios import SOURCES, Slip, slips
from test_nothing_lost import damage_is_found

import simulator
from simulator.engine.block import deterministic_path
from simulator.scenario.diagnostics import ScenarioError

SEED = 20261125
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static long calls;
static char used[65536]; /* file descriptors that were written or synced: only their close is counted */
static int fails(const char *name) {
    const char *k = getenv("FAULT_K"), *number = getenv("FAULT_ERRNO"), *told = getenv("FAULT_TOLD");
    if (!k) return 0;
    if (__atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST) != atol(k)) return 0;
    FILE *f = told ? fopen(told, "w") : 0;
    if (f) { fputs(name, f); fclose(f); }
    errno = atoi(number);
    return 1;
}
#define REAL(name, type) static __typeof__(type) real; if (!real) real = (__typeof__(type))dlsym(RTLD_NEXT, name)
ssize_t write(int fd, const void *data, size_t n) {
    REAL("write", ssize_t (*)(int, const void *, size_t));
    if (fd > 2 && fd < 65536) used[fd] = 1;
    return fd > 2 && fails("write") ? -1 : real(fd, data, n);
}
int fsync(int fd) {
    REAL("fsync", int (*)(int));
    if (fd > 2 && fd < 65536) used[fd] = 1;
    return fails("fsync") ? -1 : real(fd);
}
int close(int fd) {
    REAL("close", int (*)(int));
    int counted = fd > 2 && fd < 65536 && used[fd];
    if (counted) used[fd] = 0;
    if (counted && fails("close")) { int e = errno; real(fd); errno = e; return -1; }
    return real(fd);
}
int rename(const char *a, const char *b) {
    REAL("rename", int (*)(const char *, const char *));
    return fails("rename") ? -1 : real(a, b);
}
int renameat2(int a, const char *x, int b, const char *y, unsigned f) {
    REAL("renameat2", int (*)(int, const char *, int, const char *, unsigned));
    return fails("renameat2") ? -1 : real(a, x, b, y, f);
}
int link(const char *a, const char *b) {
    REAL("link", int (*)(const char *, const char *));
    return fails("link") ? -1 : real(a, b);
}
int mkdir(const char *a, unsigned mode) {
    REAL("mkdir", int (*)(const char *, unsigned));
    return fails("mkdir") ? -1 : real(a, mode);
}
int unlink(const char *a) { REAL("unlink", int (*)(const char *)); return fails("unlink") ? -1 : real(a); }
"""


def kills(place: Path, trials: int) -> list[str]:
    return _signals(place, trials, [signal.SIGKILL])


def signals(place: Path, trials: int) -> list[str]:
    return _signals(place, trials, [signal.SIGINT, signal.SIGTERM])


def _signals(place: Path, trials: int, numbers: list[signal.Signals]) -> list[str]:
    wrong = []
    for number in numbers:
        here = place / number.name
        nursery = Nursery(here, here / "words")
        try:
            seconds = harmed(nursery, here, trials, number)
            if number == signal.SIGKILL:
                harmed(nursery, here / "sobol", trials // 5, number, SOBOL)
        finally:
            nursery.close()
        late = [s for s in seconds if s > 1.0]
        print(f"{number.name}: {len(late)} of {len(seconds)} took more than a second")
        wrong += [f"{number.name}: {s:.2f} s" for s in late]
    return wrong


def faults(place: Path, _: int) -> list[str]:
    """Every k, with either error, below Python's functions: a new run and an extension."""
    lab, wrong, trials, refused = written(place), [], 0, 0
    reference = {n: data_files(simulator.run(lab, paths=n, out=place / f"reference{n}").folder) for n in (SHORT, LONG)}
    base = place / f"reference{SHORT}"
    for start, paths in ((None, SHORT), (base, LONG)):
        for number in (errno.ENOSPC, errno.EIO):
            for k in range(1, 1000):
                out = place / "trial"
                if start is not None:
                    shutil.copytree(start, out)
                with faulty(k, number) as planted:
                    try:
                        simulator.run(lab, paths=paths, out=out)
                    except simulator.StoreError as problem:
                        refused += 1
                        if str(out) not in str(problem):
                            wrong.append(f"fault {k} ({planted.failed}): the message does not name the folder")
                if unlike(out, {**reference[SHORT], **reference[paths]}) and start is None:
                    wrong.append(f"fault {k} ({planted.failed}): a file that looks whole is not")
                if data_files(simulator.run(lab, paths=paths, out=out).folder) != reference[paths]:
                    wrong.append(f"fault {k} ({planted.failed}): the run that goes on is another")
                shutil.rmtree(out)
                if planted.calls < k:
                    break
                trials += 1
    print(f"{trials} faults planted in Python's functions, {refused} refused")
    return wrong


def system(place: Path, _: int) -> list[str]:
    """Every k below the C library's functions."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        print("system: skipped, there is no C compiler")
        return []
    place.mkdir(parents=True, exist_ok=True)
    (place / "shim.c").write_text(SHIM)
    shim, told = place / "shim.so", place / "told"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", shim, place / "shim.c", "-ldl"], check=True)
    lab = written(place)
    reference = data_files(simulator.run(lab, paths=SHORT, out=place / "reference").folder)
    os.environ["LD_PRELOAD"] = str(shim)
    try:
        nursery = Nursery(place, place / "words")
    finally:
        del os.environ["LD_PRELOAD"]
    wrong: list[str] = []
    ends: Counter[str] = Counter()
    for k in range(1, 3000):
        out = place / "trial"
        told.unlink(missing_ok=True)
        number = errno.ENOSPC if k % 2 else errno.EIO
        environment = {"FAULT_K": k, "FAULT_ERRNO": number, "FAULT_TOLD": told}
        nursery.start("run", place / "lab.toml", "--paths", SHORT, "--out", out, **environment)
        code = nursery.ended()
        failed = told.read_text() if told.exists() else ""
        ends[f"{failed or 'nothing'}: exit {code}"] += 1
        said = (place / "words").read_text()
        if code not in (0, 4) or "Traceback" in said:
            wrong.append(f"system fault {k} ({failed}): exit code {code}: {said[-300:]}")
        if out.exists() and unlike(out, reference):
            wrong.append(f"system fault {k} ({failed}): a file that looks whole is not")
        if data_files(simulator.run(lab, paths=SHORT, out=out).folder) != reference:
            wrong.append(f"system fault {k} ({failed}): the run that goes on is another")
        shutil.rmtree(out)
        if not failed:
            break
    nursery.close()
    print(
        f"{sum(ends.values()) - 1} faults planted in the C library: " + ", ".join(f"{n} {e}" for e, n in ends.items())
    )
    return wrong


def flips(place: Path, trials: int) -> list[str]:
    folder = simulator.run(written(place), paths=SHORT, out=place / "out").folder
    assert folder is not None
    files, rng, wrong = sorted(folder.iterdir()), random.Random(SEED), []
    for trial in range(trials):
        file = files[trial % len(files)]
        whole = file.read_bytes()
        bit = flip(file, rng)
        if not damage_is_found(folder, file):
            wrong.append(f"bit {bit} of {file.name}")
        file.write_bytes(whole)
    print(f"{trials} flipped bits in {len(files)} files, {len(wrong)} not found")
    return wrong


ROOM = 1_000_000_000  # bytes of memory that a scenario of a kilobyte may take beyond the program
BATCH = 500  # slips of one worker


def mutations(place: Path, trials: int) -> list[str]:
    """Slips as in tests/test_mutated_scenarios.py: refused with a complaint, or a scenario that can be lived through, in ROOM.

    Workers are forked with a limit on address space, so a slip that wants gigabytes is a failure here and not a dead machine; one
    that ends its worker is named, and the next worker goes on behind it.
    """
    place.mkdir(parents=True, exist_ok=True)
    scenarios = Path(__file__).resolve().parents[2] / "scenarios"
    shutil.copy(scenarios / "commitments.csv", place)
    ends: Counter[str] = Counter()
    wrong: list[str] = []
    total = sum(count for _, count in SOURCES.values())
    for text, share in SOURCES.values():
        left = list(slips(text, trials * share // total, SEED))
        while left:
            found, code = in_worker(lived(slip, place / "case.toml") for slip in left[:BATCH])
            ends.update(end for end, _ in found)
            wrong += [words for _, words in found if words]
            left = left[len(found) :]
            if code and left:
                slip, left = left[0], left[1:]
                ends["ENDED THE PROCESS"] += 1
                wrong.append(f"{slip.kind}: {slip.before!r} -> {slip.after!r} ended its process with {code}")
    print(f"{ends.total():,} mutations: " + ", ".join(f"{n:,} {end}" for end, n in ends.items()))
    return wrong


def lived(slip: Slip, file: Path) -> tuple[str, str]:
    """(how it ended, what is wrong with that)."""
    file.write_text("\n".join(slip.lines), encoding="utf-8")
    try:
        scenario = simulator.load(file)
        str(deterministic_path(scenario)["cash"][-1])
    except ScenarioError as problem:
        str(problem)
        return "refused", ""
    except Exception as problem:
        end = "TOO MUCH MEMORY" if isinstance(problem, MemoryError) else "TRACEBACK"
        return end, f"{slip.kind}: {slip.before!r} -> {slip.after!r}\n{traceback.format_exc(limit=-2)}"
    return "lived through", ""


def in_worker(work: Iterable[tuple[str, str]]) -> tuple[list[tuple[str, str]], int]:
    """What a forked process with a limit on its memory found, one line an end, and its exit code (negative: a signal)."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        mapped = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + ROOM, mapped + ROOM))
        code = 0
        try:
            with os.fdopen(writing, "w", encoding="utf-8") as told:
                for found in work:
                    told.write(json.dumps(found) + "\n")
                    told.flush()
        except BaseException:
            code = 70
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as told:
        found = [tuple(json.loads(line)) for line in told]
    _, status = os.waitpid(child, 0)
    return found, os.waitstatus_to_exitcode(status)


CAMPAIGNS: dict[str, tuple[Callable[[Path, int], list[str]], int, int]] = {
    "kills": (kills, 30, 300),
    "signals": (signals, 20, 100),
    "faults": (faults, 0, 0),
    "system": (system, 0, 0),
    "flips": (flips, 100, 1000),
    "mutations": (mutations, 5_000, 100_000),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default=",".join(CAMPAIGNS), metavar="NAMES")
    chosen = parser.parse_args()
    wrong: list[str] = []
    for name in chosen.only.split(","):
        work, few, many = CAMPAIGNS[name]
        began = time.perf_counter()
        before = {(module, key): getattr(module, key) for module, key in small_parts()}
        for (module, key), value in small_parts().items():
            setattr(module, key, value)
        with tempfile.TemporaryDirectory() as place:
            found = work(Path(place) / name, many if chosen.full else few)
        for (module, key), value in before.items():
            setattr(module, key, value)
        print(f"{name}: {len(found)} wrong, {time.perf_counter() - began:.0f} s", flush=True)
        wrong += found
    for line in wrong[:20]:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
