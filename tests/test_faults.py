"""What happens to machines happens to a run: it is killed, interrupted, short of disk or memory, and goes on afterwards."""

from __future__ import annotations

import errno
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
from click.testing import CliRunner
from lossless import LONG, SHORT, SOBOL, Nursery, data_files, faulty, small_parts, unlike, written

import simulator
from simulator import limits, runner
from simulator.cli import main
from simulator.engine import jit
from simulator.engine.simulation import CHUNK, Simulation
from simulator.store.disk import beside

SEED = 20261125


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for (module, name), value in small_parts().items():
        monkeypatch.setattr(module, name, value)


@pytest.fixture
def lab(tmp_path: Path) -> simulator.Scenario:
    return written(tmp_path)


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    place = tmp_path_factory.mktemp("nursery")
    found = Nursery(place, place / "words")
    yield found
    found.close()


def harmed(
    nursery: Nursery, place: Path, trials: int, number: signal.Signals, settings: tuple[str, ...] = ()
) -> list[float]:
    """Runs that get a signal at a random moment and are then begun again; seconds from the signal to the end.

    Whatever is there carries its name only if it is whole, a signal that can be answered is, and the run goes on and is right.
    """
    lab = written(place, *settings)
    paths = LONG if lab.run.sampling == "plain" else 3 * CHUNK
    reference = data_files(simulator.run(lab, paths=paths, out=place / "reference").folder)
    command = ["run", place / "lab.toml", "--paths", paths, *(f"--set={setting}" for setting in settings)]
    rng, seconds, gone_on, ready = random.Random(SEED), [], 0, Simulation(lab, paths=paths)
    begun = time.monotonic()
    nursery.start(*command, "--out", place / "whole")
    assert nursery.ended() == 0, nursery.words.read_text()
    assert data_files(next((place / "whole").iterdir())) == reference
    length = time.monotonic() - begun
    for trial in range(trials):
        out = place / str(trial)
        child = nursery.start(*command, "--out", out)
        time.sleep(rng.uniform(0.2, 1.0) * length)
        sent = time.monotonic()
        os.kill(child, number)
        code = nursery.ended()
        length *= 1.03 if code else 0.92  # whatever else the machine does, most are hit, at all stages
        if code != 0:
            seconds.append(time.monotonic() - sent)
            allowed = (
                {-number} if number == signal.SIGKILL else {128 + number, -number}
            )  # the shell says the same of both
            assert code in allowed, (code, nursery.words.read_text())
        assert unlike(out, reference) == [] if out.exists() else True
        with mock.patch("simulator.growth.Simulation", return_value=ready):  # built once: the folder is what matters
            again = simulator.run(lab, paths=paths, out=out)
        gone_on += again.from_path > 0
        assert data_files(again.folder) == reference
        assert [p.name for p in out.iterdir()] == [again.folder.name if again.folder else ""]
        shutil.rmtree(out)
    print(
        f"{trials} trials, {len(seconds)} ended by {number.name}, {gone_on} went on, at most {max(seconds, default=0):.2f} s"
    )
    assert len(seconds) >= trials // 4
    return seconds


def test_killed_at_random_moments_a_run_goes_on_and_ends_with_the_same_bytes(nursery: Nursery, tmp_path: Path) -> None:
    harmed(nursery, tmp_path, 14, signal.SIGKILL)  # twenty with those of replicates


def test_a_run_of_replicates_goes_on_after_a_kill_too(nursery: Nursery, tmp_path: Path) -> None:
    harmed(nursery, tmp_path, 6, signal.SIGKILL, SOBOL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_or_terminated_at_random_moments_a_run_ends_at_once_and_goes_on(
    number: signal.Signals, nursery: Nursery, tmp_path: Path
) -> None:
    seconds = harmed(nursery, tmp_path, 4, number)
    assert max(seconds) < 5.0  # nothing waits for the end of the run; the campaign measures the second


def test_machine_code_that_hears_no_signal_does_not_hold_a_command_up() -> None:
    busy = (
        "import ctypes, sys, click\n"
        "from simulator.cli.common import guarded\n"
        "@click.command()\n@guarded\ndef wait():\n"
        "    print('busy', flush=True)\n"
        "    sleep = ctypes.CDLL(None).sleep\n"
        "    while True: sleep(30)\n"  # starts anew when a signal cuts it short only after the handler has run
        "import signal\n"
        "def deaf(*_): pass\n"
        "import simulator.cli.stopping as s; s._stop = deaf\n"
        "wait()\n"
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        with subprocess.Popen(
            [sys.executable, "-c", busy], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "busy\n"
            process.send_signal(number)
            assert process.wait(20) == 128 + number


# --- disks


def test_every_write_sync_close_and_rename_may_fail_and_the_run_goes_on_afterwards(
    lab: simulator.Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = Simulation(lab, paths=SHORT)
    monkeypatch.setattr("simulator.growth.Simulation", lambda *_, **__: ready)
    paths = SHORT  # a whole part, a checkpoint, a short part
    reference = data_files(simulator.run(lab, paths=paths, out=tmp_path / "reference").folder)
    trials, refused = 0, 0
    while True:
        trials += 1
        out = tmp_path / str(trials)
        said = ""
        with faulty(trials, errno.ENOSPC if trials % 2 else errno.EIO) as planted:
            try:
                simulator.run(lab, paths=paths, out=out, threads=1)
            except simulator.StoreError as problem:
                said, refused = str(problem), refused + 1
        if planted.calls < trials:
            break
        if said:
            assert str(out) in said
            assert os.strerror(errno.ENOSPC if trials % 2 else errno.EIO) in said
        else:
            assert planted.failed in ("close", "ftruncate", "write"), planted.failed  # of the lock, when all is done
        assert unlike(out, reference) == []
        again = simulator.run(lab, paths=paths, out=out, threads=1)
        assert data_files(again.folder) == reference
        assert len(list(out.iterdir())) == 1
        shutil.rmtree(out)
    print(f"{trials - 1} faults planted, {refused} refused, every run right afterwards")
    assert refused > 25


def test_an_extension_that_fails_anywhere_leaves_a_run_that_can_be_extended(
    lab: simulator.Scenario, tmp_path: Path
) -> None:
    reference = data_files(simulator.run(lab, paths=LONG, out=tmp_path / "reference").folder)
    base = simulator.run(lab, paths=SHORT, out=tmp_path / "base").folder
    assert base is not None
    before = data_files(base)
    for trial in range(1, 200, 11):
        out = tmp_path / str(trial)
        shutil.copytree(base.parent, out)
        with faulty(trial, errno.EIO) as planted:
            try:
                simulator.run(lab, paths=LONG, out=out)
            except simulator.StoreError:
                assert data_files(out / base.name) in (before, reference)
        if planted.calls < trial:
            break
        assert data_files(simulator.run(lab, paths=LONG, out=out).folder) == reference
        shutil.rmtree(out)
    assert trial > 50


def test_a_full_disk_is_an_error_of_the_environment_and_the_run_goes_on_when_there_is_room(
    lab: simulator.Scenario, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    whole = data_files(simulator.run(lab, paths=LONG, out=tmp_path / "reference").folder)
    out.mkdir()
    size = f"size={sum(map(len, whole.values())) * 4 // 5 // 1024}k"
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(out)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode != 0:
        pytest.skip("this machine lets nobody mount a small file system")
    try:
        said = CliRunner().invoke(main, ["run", str(tmp_path / "lab.toml"), "--paths", str(LONG), "--out", str(out)])
        assert said.exit_code == 4
        assert "No space left on device" in said.stderr
        assert str(beside(out / runner.folder_name(lab), "partial")) in said.stderr
        subprocess.run(["mount", "-o", "remount,size=64m", str(out)], check=True)
        again = simulator.run(lab, paths=LONG, out=out)
        assert again.from_path > 0
        assert data_files(again.folder) == whole
    finally:
        subprocess.run(["umount", "-l", str(out)], check=True)


def test_a_folder_that_disappears_is_an_error_of_the_environment(lab: simulator.Scenario, tmp_path: Path) -> None:
    def gone(done: int, _: int) -> None:
        if done < LONG:
            shutil.rmtree(tmp_path / "out", ignore_errors=True)

    with pytest.raises(simulator.StoreError, match="No such file or directory"):
        simulator.run(lab, paths=LONG, out=tmp_path / "out", progress=gone)
    assert simulator.run(lab, paths=LONG, out=tmp_path / "out").folder


def sealed(folder: Path) -> Callable[[], None]:
    """Make a folder read-only, for root too; returns what undoes it."""
    if os.geteuid() != 0:
        places = [folder, *folder.rglob("*")]
        for place in places:
            place.chmod(place.stat().st_mode & 0o555)
        return lambda: [place.chmod(place.stat().st_mode | 0o200) for place in places] and None
    for options in (["--bind", str(folder), str(folder)], ["-o", "remount,ro,bind", str(folder)]):
        if (
            not shutil.which("mount")
            or subprocess.run(["mount", *options], capture_output=True, check=False).returncode
        ):
            pytest.skip("root may write everywhere, and this machine lets nobody mount")
    return lambda: subprocess.run(["umount", "-l", str(folder)], check=True) and None


def test_a_read_only_folder_is_an_error_of_the_environment(tmp_path: Path) -> None:
    written(tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    open_again = sealed(out)
    try:
        said = CliRunner().invoke(main, ["run", str(tmp_path / "lab.toml"), "--paths", "10", "--out", str(out)])
    finally:
        open_again()
    assert said.exit_code == 4
    assert f"cannot write into {out}: " in said.stderr
    assert list(out.iterdir()) == []


def test_a_read_only_installation_runs(tmp_path: Path) -> None:
    written(tmp_path)
    package = Path(simulator.__file__).parent
    install = tmp_path / "install"
    shutil.copytree(package, install / "simulator", ignore=shutil.ignore_patterns("__pycache__"))
    command = [
        sys.executable,
        "-m",
        "simulator",
        "run",
        str(tmp_path / "lab.toml"),
        "--paths",
        "60",
        "--out",
        "out",
        "--json",
    ]
    environment = {**os.environ, "PYTHONPATH": str(install)}
    open_again = sealed(install)
    try:
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    finally:
        open_again()
    assert done.returncode == 0, done.stderr
    assert simulator.audit(next((tmp_path / "out").iterdir())).faults == []
    assert not list(install.rglob("__pycache__"))


def test_a_program_that_is_replaced_while_it_runs_keeps_its_machine_code_out_of_its_successors_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its loops may work on rows of another length: found by the new program they wrote beyond the end of its memory."""
    named = jit.compiler_hash()
    monkeypatch.setattr(Path, "read_bytes", lambda _: b"another program")
    assert jit.compiler_hash.__wrapped__() == named


# --- memory


def test_a_limit_on_memory_below_what_the_run_needs_ends_it_before_it_begins(
    tmp_path: Path,
) -> None:
    written(tmp_path)
    command = [
        sys.executable,
        "-m",
        "simulator",
        "run",
        str(tmp_path / "lab.toml"),
        "--paths",
        "80000",
        "--threads",
        "2",
    ]
    ends = {}
    for megabytes in (120, 700, 4000):
        out = tmp_path / str(megabytes)

        def limited(bytes_: int = megabytes * 1_000_000) -> None:
            resource.setrlimit(resource.RLIMIT_AS, (bytes_, bytes_))

        done = subprocess.run(
            [*command, "--out", str(out)], preexec_fn=limited, capture_output=True, text=True, check=False
        )
        ends[megabytes] = done.returncode
        assert done.returncode in (0, 4), (megabytes, done.stderr)
        if done.returncode == 4:
            assert "MB of memory and the limit on address space" in done.stderr
            assert not list(out.glob("*")) if out.exists() else True
    assert ends[120] == ends[700] == 4
    assert ends[4000] == 0


def test_the_limit_of_a_control_group_counts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "fs" / "box" / "inner"
    own.mkdir(parents=True)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "cgroup").write_text("0::/box/inner\n")
    (own / "memory.max").write_text("max\n")
    (own / "memory.current").write_text("1\n")
    (own.parent / "memory.max").write_text("500000000\n")
    (own.parent / "memory.current").write_text("400000000\n")
    (own.parent / "memory.stat").write_text("anon 1\nfile 300000000\n")
    monkeypatch.setattr(limits, "GROUPS", tmp_path / "fs")
    monkeypatch.setattr(limits, "PROC", tmp_path / "proc")
    limits.check(350_000_000)
    with pytest.raises(
        MemoryError, match=r"needs about 450 MB of memory and the control group's limit \(500 MB\) leaves"
    ):
        limits.check(450_000_000)


def test_what_a_run_takes_is_about_what_it_was_said_to_take(tmp_path: Path) -> None:
    written(tmp_path)
    code = (
        "import sys, resource; from pathlib import Path; from simulator import runner; import simulator\n"
        "s = runner.with_run(simulator.load(sys.argv[1]), 300_000, None)\n"
        "simulator.run(s, out=sys.argv[2], threads=2)\n"
        "taken = next(l for l in open('/proc/self/status') if l.startswith('VmHWM')).split()[1]\n"
        "print(int(taken) * 1024, runner.plan(s, Path('x'), 2)['memory'])\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "lab.toml"), str(tmp_path / "out")]
    taken, said = map(int, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert 0.5 * said < taken < 1.1 * said, (taken, said)


# --- numbers

WILD = """
format = 1
name = "wild"
[calendar]
start = "2026-11"
months = 12
[opening]
cash = "1B"
[revenue]
type = "geometric_brownian"
run_rate = "1B/yr"
volatility = "300 %/yr"
growth = { alternatives = [{ value = "0.1 log/yr", weight = 0.9 }, { value = "900 log/yr", weight = 0.1 }] }
[flows.expense]
amount = "1.5B/yr"
"""


def test_a_path_that_overflows_has_its_own_ending_and_the_command_that_shows_it(tmp_path: Path) -> None:
    (tmp_path / "wild.toml").write_text(WILD)
    command = ["run", str(tmp_path / "wild.toml"), "--paths", "2000", "--out", str(tmp_path / "out")]
    said = CliRunner().invoke(main, command)
    assert said.exit_code == 0, said.output
    (shown,) = (line.strip() for line in said.stdout.splitlines() if line.strip().startswith("simulator replay"))
    again = CliRunner().invoke(main, shown.split()[1:])
    assert again.exit_code == 0
    assert "not a number" in again.stdout
