"""Small runs with several parts, and ways to harm them: what the tests of a run folder and the campaign share.

As a program it is a nursery: it makes a scenario ready, then forks a child for every command line it is told, so that a
child is at work at once and can be killed at any moment.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import simulator
from simulator.engine import reduce
from simulator.engine.simulation import CHUNK
from simulator.store import disk, folder, writer

LAB = """\
format = 1
name = "lab"

[calendar]
start = "2026-11"
months = 3

[opening]
cash = { uniform = { low = "0.2B", high = "2B" } }

[revenue]
type = "geometric_brownian"
run_rate = "5B/yr"
growth = "0.1 log/yr"
volatility = "30 %/yr"

[contracts.gpu]
fee = "0.5B/mo"
start = "2026-11"
end = "2027-12"

[keep]
trajectories = ["cash"]
at = "horizon"
"""
SHORT = CHUNK + 77  # a whole part and a short one
LONG = 2 * CHUNK + 77
SOBOL = ("run.sampling=sobol", f"run.paths={CHUNK}")  # settings


def small_parts() -> dict[tuple[Any, str], Any]:
    """What makes a small run behave like a large one: parts of a chunk, nothing held, a checkpoint after every part."""
    return {(reduce, "EXACT_PATHS"): 100, (folder, "PART_PATHS"): CHUNK, (writer, "CHECKPOINT_SECONDS"): 0.0}


def written(place: Path, *settings: str) -> simulator.Scenario:
    place.mkdir(parents=True, exist_ok=True)
    (place / "lab.toml").write_text(LAB)
    return simulator.load(place / "lab.toml", settings)


def data_files(run: Path | None) -> dict[str, bytes]:
    """Everything but the manifest, which holds times."""
    assert run is not None
    return {file.name: file.read_bytes() for file in run.iterdir() if file.name != "manifest.json"}


class StoppedError(Exception):
    """What ends a run half-way here."""


def stop_after(paths: int) -> Callable[[int, int], None]:
    def progress(done: int, _: int) -> None:
        if done >= paths:
            raise StoppedError

    return progress


def run(lab: simulator.Scenario, paths: int, out: Path, **how: Any) -> dict[str, bytes]:
    result = simulator.run(lab, paths=paths, out=out, **how)
    assert [p.name for p in out.iterdir()] == [result.folder.name] if result.folder else False
    return data_files(result.folder)


def stop(lab: simulator.Scenario, at: int, paths: int, out: Path, **how: Any) -> None:
    try:
        simulator.run(lab, paths=paths, out=out, progress=stop_after(at), **how)
    except StoppedError:
        return
    raise AssertionError(f"a run of {paths} paths was not stopped after {at}")


def shuffled(seed: int) -> Callable[..., Iterator[Any]]:
    """An executor that works in another order than the results are wanted in."""

    def execute(work: Callable[[Any], Any], tasks: Iterable[Any], _: int) -> Iterator[Any]:
        listed = list(tasks)
        order = list(range(len(listed)))
        random.Random(seed).shuffle(order)
        done = {k: work(listed[k]) for k in order}
        yield from (done[k] for k in range(len(listed)))

    return execute


def unlike(place: Path, reference: dict[str, bytes]) -> list[str]:
    """Files below a folder of runs that carry the name of a data file and are not that file, whole."""
    return [
        str(file)
        for file in place.rglob("*.parquet")
        if not file.name.startswith(".") and file.read_bytes() != reference.get(file.name)
    ]


class Faulty:
    """The functions of `os` that the store writes with; the k-th call of any of them fails (k from 1), 0 fails never."""

    COUNTED = ("open", "write", "fsync", "close", "replace", "rename", "link", "ftruncate")

    def __init__(self, k: int, number: int) -> None:
        self.k, self.number, self.calls, self.failed = k, number, 0, ""

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in self.COUNTED:
            return real

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            if self.calls == self.k:
                self.failed = name
                if name == "close":
                    real(*args)
                if name == "write" and self.k % 2:
                    real(args[0], args[1][: len(args[1]) // 2])  # half of it is there
                raise OSError(self.number, os.strerror(self.number))
            return real(*args, **kwargs)

        return call


@contextmanager
def faulty(k: int, number: int) -> Iterator[Faulty]:
    """Plant one fault below everything that the store writes."""
    planted, exchange = Faulty(k, number), disk.exchange

    def exchanged(a: Path, b: Path) -> bool:
        planted.calls += 1
        if planted.calls == planted.k:
            planted.failed = "exchange"
            raise OSError(number, os.strerror(number))
        return exchange(a, b)

    try:
        disk.os, disk.exchange = planted, exchanged  # type: ignore[assignment]
        yield planted
    finally:
        disk.os, disk.exchange = os, exchange


def flip(file: Path, rng: random.Random) -> int:
    """Turn one bit of a file round; returns which."""
    data = bytearray(file.read_bytes())
    bit = rng.randrange(8 * len(data))
    data[bit // 8] ^= 1 << (bit % 8)
    file.write_bytes(data)
    return bit


class Nursery:
    """Children that run a command line each, forked from a process in which everything is loaded and compiled."""

    def __init__(self, place: Path, words: Path) -> None:
        written(place)
        self.words = words
        command = [sys.executable, str(Path(__file__)), str(place / "lab.toml"), str(words)]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(Path(simulator.__file__).parents[1])]),
        }
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._hear("ready")

    def _say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _hear(self, what: str) -> int:
        assert self.process.stdout is not None
        word, number = self.process.stdout.readline().split()
        assert word == what
        return int(number)

    def start(self, *arguments: object, **environment: object) -> int:
        """Begin a command line; returns the number of its process, which nobody else has before `ended` is called."""
        self._say(json.dumps([[str(a) for a in arguments], {k: str(v) for k, v in environment.items()}]))
        found = self._hear("child")
        assert found > 1
        return found

    def ended(self) -> int:
        """Wait for it; its exit code, negative for the signal that killed it."""
        self._say("")
        return self._hear("ended")

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def nursery(file: str, words: str) -> None:
    import simulator.report.summary
    from simulator import runner
    from simulator.cli import main

    for (module, name), value in small_parts().items():
        setattr(module, name, value)
    runner.warm(runner.with_run(simulator.load(file), SHORT, None))
    runner.warm(simulator.load(file, SOBOL))
    print("ready 0", flush=True)
    child = 0
    for line in sys.stdin:
        if not line.strip():
            _, status = os.waitpid(child, 0)
            print("ended", os.waitstatus_to_exitcode(status), flush=True)
            continue
        child = os.fork()
        if child == 0:
            target = os.open(words, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(target, 1)
            os.dup2(target, 2)
            os.close(0)
            arguments, environment = json.loads(line)
            os.environ.update(environment)
            try:
                main(arguments, standalone_mode=True)
            except SystemExit as end:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(int(end.code or 0))  # a compiler's tidying up is as long as the run, and no trial
        print("child", child, flush=True)


if __name__ == "__main__":
    nursery(sys.argv[1], sys.argv[2])
