"""A run is the same bytes however it came about, and nothing that was written is lost or believed when it is damaged."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from lossless import LONG, SHORT, data_files, flip, run, shuffled, small_parts, stop, written

import simulator
from simulator import runner
from simulator.cli import main
from simulator.engine import executors, reduce
from simulator.engine.simulation import CHUNK
from simulator.store import disk, folder
from simulator.store.disk import Lock, beside
from simulator.store.folder import PART_PATHS, read_manifest, read_table
from simulator.store.writer import RunWriter


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for (module, name), value in small_parts().items():
        monkeypatch.setattr(module, name, value)


@pytest.fixture
def lab(tmp_path: Path) -> simulator.Scenario:
    return written(tmp_path)


ORDERS = {"as they come": None, "backward and forward": 1, "another": 2}


def test_the_same_bytes_for_threads_orders_and_straight_resumed_and_extended_runs(
    lab: simulator.Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = run(lab, LONG, tmp_path / "reference")
    assert sum(name.startswith("paths-") for name in reference) == 3
    assert "checkpoint" in reference
    ways = 0
    for name, seed in ORDERS.items():
        if seed is not None:
            monkeypatch.setattr(executors, "run", shuffled(seed))
        for threads in (1, 2, 3, 8) if seed is None else (2,):
            place = tmp_path / f"{name} {threads}"
            assert run(lab, LONG, place / "straight", threads=threads) == reference
            stop(lab, CHUNK + 1, LONG, place / "resumed", threads=threads)
            resumed = simulator.run(lab, paths=LONG, out=place / "resumed", threads=9 - threads)
            assert resumed.from_path >= CHUNK
            assert data_files(resumed.folder) == reference
            run(lab, SHORT, place / "extended", threads=threads)
            assert run(lab, LONG, place / "extended", threads=threads) == reference
            ways += 3
    assert ways == 3 * (4 + 2)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (50, 99),  # nothing but paths held in memory
        (99, CHUNK + 1),  # across the number up to which quantiles by month are exact
        (100, 101),
        (CHUNK - 1, CHUNK),  # below, at and above the edge of a part (and of a chunk)
        (CHUNK, CHUNK + 1),
        (CHUNK + 1, 2 * CHUNK),
        (2 * CHUNK, 3 * CHUNK),
        (2 * CHUNK, 2 * CHUNK),
    ],
)
def test_an_extended_run_is_the_longer_run(first: int, then: int, lab: simulator.Scenario, tmp_path: Path) -> None:
    run(lab, first, tmp_path / "grown")
    grown = simulator.run(lab, paths=then, out=tmp_path / "grown")
    at_once = simulator.run(lab, paths=then, out=tmp_path / "once")
    assert grown.from_path == (first // CHUNK * CHUNK if then > 100 else 0)
    assert data_files(grown.folder) == data_files(at_once.folder)
    documents = [{k: v for k, v in r.document.items() if k not in ("folder", "seconds")} for r in (grown, at_once)]
    assert documents[0] == documents[1]


def test_parts_of_the_real_size_extend_too(
    lab: simulator.Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "PART_PATHS", PART_PATHS)
    monkeypatch.setattr(reduce, "EXACT_PATHS", 100_000)
    run(lab, 99_999, tmp_path / "grown")
    for paths in (100_001, 2 * PART_PATHS, 2 * PART_PATHS + 1):
        grown = run(lab, paths, tmp_path / "grown")
    assert grown == run(lab, 2 * PART_PATHS + 1, tmp_path / "once")


def test_paths_added_in_process_give_the_run_of_so_many_paths(lab: simulator.Scenario, tmp_path: Path) -> None:
    with simulator.Growth(lab, most=10 * CHUNK, out=tmp_path / "grown", threads=2) as growth:
        assert growth.to(1).paths == growth.paths == CHUNK  # whole chunks
        seen = growth.to(2 * CHUNK).pd(3)
        assert growth.to(CHUNK).paths == 2 * CHUNK
        grown = growth.finish()
    once = simulator.run(lab, paths=2 * CHUNK, out=tmp_path / "once")
    assert grown.pd(3) == tuple(seen) == once.pd(3)
    assert data_files(grown.folder) == data_files(once.folder)
    assert grown.scenario.run.paths == 2 * CHUNK
    assert grown.figures.quantile("peak_need", (0.9,)) == once.figures.quantile("peak_need", (0.9,))
    with simulator.Growth(lab, most=10 * CHUNK) as growth:  # nothing written: the numbers stay in memory
        growth.to(CHUNK)
        growth.to(2 * CHUNK)
        held = growth.finish()
    assert {k: v for k, v in held.document.items() if k not in ("folder", "seconds")} == {
        k: v for k, v in once.document.items() if k not in ("folder", "seconds")
    }
    assert (held.column("cash") == once.column("cash")).all()


def test_paths_added_beyond_the_exact_ones_in_process(
    lab: simulator.Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reduce, "EXACT_PATHS", CHUNK)
    with simulator.Growth(lab, most=10 * CHUNK, out=tmp_path / "grown") as growth:
        growth.to(CHUNK)
        assert growth.summary.exact
        growth.to(3 * CHUNK)
        assert not growth.summary.hold
        grown = growth.finish()
    assert data_files(grown.folder) == run(lab, 3 * CHUNK, tmp_path / "once")


def test_another_scenario_or_seed_does_not_go_into_a_run_and_both_hashes_are_shown(
    lab: simulator.Scenario, tmp_path: Path
) -> None:
    result = simulator.run(lab, paths=10, out=tmp_path / "out")
    before = data_files(result.folder)
    said = CliRunner().invoke(
        main, ["run", str(tmp_path / "lab.toml"), "--seed", "2", "--into", str(result.folder), "--paths", "20"]
    )
    assert said.exit_code == 4
    other = runner.with_run(lab, None, 2)
    assert lab.hash in said.stderr
    assert other.hash in said.stderr
    assert data_files(result.folder) == before


def test_fewer_paths_than_are_there_are_refused_unless_a_fresh_run_is_wanted(
    lab: simulator.Scenario, tmp_path: Path
) -> None:
    run(lab, SHORT, tmp_path / "out")
    with pytest.raises(simulator.StoreError, match="finished run of 16,461 paths") as refused:
        simulator.run(lab, paths=10, out=tmp_path / "out")
    assert "--fresh" in str(refused.value)
    assert run(lab, 10, tmp_path / "out", fresh=True) == run(lab, 10, tmp_path / "other")
    stop(lab, 2 * CHUNK, LONG, tmp_path / "out")
    with pytest.raises(simulator.StoreError, match="unfinished run"):
        simulator.run(lab, paths=11, out=tmp_path / "out")
    assert run(lab, 11, tmp_path / "out", fresh=True) == run(lab, 11, tmp_path / "third")


def test_a_finished_run_stays_whole_while_it_is_extended(lab: simulator.Scenario, tmp_path: Path) -> None:
    before = run(lab, SHORT, tmp_path / "out")
    stop(lab, 2 * CHUNK, LONG, tmp_path / "out")
    (target,) = (p for p in (tmp_path / "out").iterdir() if not p.name.startswith("."))
    assert data_files(target) == before
    assert simulator.audit(target, sample=3).faults == []
    assert runner.unfinished(lab, tmp_path / "out") == (beside(target, "partial"), 2 * CHUNK)
    assert run(lab, LONG, tmp_path / "out") == run(lab, LONG, tmp_path / "once")


def test_an_unfinished_run_of_another_program_or_with_a_damaged_part_is_begun_anew(
    lab: simulator.Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = run(lab, LONG, tmp_path / "reference")
    for harm in ("program", "part", "checkpoint", "gone"):
        place = tmp_path / harm
        stop(lab, 2 * CHUNK, LONG, place)
        (partial,) = (p for p in place.iterdir() if p.is_dir())
        with monkeypatch.context() as patched:
            if harm == "program":
                patched.setattr("simulator.growth.maker", lambda: "another")
            elif harm == "gone":
                (partial / "paths-000000.parquet").unlink()
            else:
                flip(partial / ("checkpoint" if harm == "checkpoint" else "paths-000001.parquet"), random.Random(1))
            again = simulator.run(lab, paths=LONG, out=place)
        assert again.from_path == 0
        found = data_files(again.folder)
        assert {k: v for k, v in found.items() if k != "checkpoint" or harm != "program"} == {
            k: v for k, v in reference.items() if k != "checkpoint" or harm != "program"
        }


def test_whatever_moment_the_folders_changed_places_in_the_longer_run_stays(
    lab: simulator.Scenario, tmp_path: Path
) -> None:
    short, long = run(lab, SHORT, tmp_path / "s"), run(lab, LONG, tmp_path / "l")
    (s,), (l,) = ((tmp_path / name).iterdir() for name in "sl")  # noqa: E741

    def placed(name: str, **what: Path) -> Path:
        target = tmp_path / name / s.name
        target.parent.mkdir()
        for kind, source in what.items():
            copied = target if kind == "target" else beside(target, kind)
            copied.mkdir()
            for file in source.iterdir():
                (copied / file.name).write_bytes(file.read_bytes())
        RunWriter(target.parent, target.name, {"simulator.scenario_hash": lab.hash}).__exit__()
        assert [p.name for p in target.parent.iterdir()] == [target.name]
        return target

    assert data_files(placed("before the exchange", target=s, partial=l)) == long
    assert data_files(placed("after the exchange", target=l, partial=s)) == long
    assert data_files(placed("between two renames", old=s, partial=l)) == long
    assert data_files(placed("before the second rename", old=s)) == short
    assert data_files(placed("after the second rename", target=l, old=s)) == long


def test_a_system_without_exchange_or_links_does_the_same_by_renaming_and_copying(
    lab: simulator.Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(disk, "exchange", lambda *_: False)
    monkeypatch.setattr(disk.os, "link", refused)
    run(lab, SHORT, tmp_path / "out")
    assert run(lab, LONG, tmp_path / "out") == run(lab, LONG, tmp_path / "once")


# --- one writer a folder


def test_two_runs_do_not_write_into_one_folder_and_a_stale_lock_locks_nothing(
    lab: simulator.Scenario, tmp_path: Path
) -> None:
    target = tmp_path / "out" / runner.folder_name(lab)
    target.parent.mkdir()
    held = Lock(target)
    with pytest.raises(simulator.StoreError, match=f"another run \\(process {os.getpid()}\\) is writing"):
        simulator.run(lab, paths=10, out=tmp_path / "out")
    held.release()
    beside(target, "lock").write_text("99999999\n")  # what a killed process leaves
    run(lab, 10, tmp_path / "out")


def test_what_is_no_run_of_ours_is_left_alone(lab: simulator.Scenario, tmp_path: Path) -> None:
    target = tmp_path / runner.folder_name(lab)
    target.write_text("mine")
    with pytest.raises(simulator.StoreError, match="is not a folder; move it away"):
        simulator.run(lab, paths=10, out=tmp_path, fresh=True)
    target.unlink()
    target.mkdir()
    (target / "notes.txt").write_text("mine")
    with pytest.raises(simulator.StoreError, match="no run was finished there; --fresh replaces it"):
        simulator.run(lab, paths=10, out=tmp_path)
    assert (target / "notes.txt").read_text() == "mine"


def test_a_folder_of_a_newer_format_is_refused_by_readers_and_writers(lab: simulator.Scenario, tmp_path: Path) -> None:
    result = simulator.run(lab, paths=10, out=tmp_path / "out")
    assert result.folder is not None
    manifest = result.folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": 2', '"format": 3', 1))
    for command in (["show"], ["audit"], ["replay", "--path", "0"]):
        said = CliRunner().invoke(main, [*command, str(result.folder)])
        assert said.exit_code == 4
        assert "has format 3; this program reads format 2 (a newer program wrote it)" in said.stderr
    with pytest.raises(simulator.StoreError, match="format 3"):
        simulator.run(lab, paths=20, out=tmp_path / "out")


# --- damage


def test_one_flipped_bit_anywhere_is_found_by_audit_and_by_every_reader(
    lab: simulator.Scenario, tmp_path: Path
) -> None:
    result = simulator.run(lab, paths=SHORT, out=tmp_path)
    assert result.folder is not None
    files = sorted(result.folder.iterdir())
    rng, trials = random.Random(20261125), 50
    for trial in range(trials):
        file = files[trial % len(files)]
        whole = file.read_bytes()
        bit = flip(file, rng)
        assert damage_is_found(result.folder, file), f"bit {bit} of {file.name}"
        file.write_bytes(whole)
    assert simulator.audit(result.folder, sample=2).faults == []
    print(f"{trials} flipped bits, all found")


def damage_is_found(run_folder: Path, file: Path) -> bool:
    """Whether audit and the reader of a damaged file refuse it."""
    table = file.name.removesuffix(".parquet").rsplit("-", 1)[0]
    try:
        if simulator.audit(run_folder, sample=0).faults == []:
            return False
    except simulator.StoreError:
        assert file.name == "manifest.json"
    if file.name == "checkpoint":
        return True  # its reader begins anew; see above
    try:
        if file.name == "manifest.json":
            read_manifest(run_folder)
        else:
            read_table(run_folder, table)
    except simulator.StoreError:
        return True
    return False


def test_audit_compares_a_sample_of_paths_with_the_model(lab: simulator.Scenario, tmp_path: Path) -> None:
    result = simulator.run(lab, paths=SHORT, out=tmp_path / "out")
    assert result.folder is not None
    found = json.loads(CliRunner().invoke(main, ["audit", str(result.folder), "--sample", "7", "--json"]).stdout)
    assert (found["faults"], found["notes"], found["sampled_paths"], found["paths"]) == ([], [], 7, SHORT)
    assert found["values_compared"] == 7 * (len(result.columns) + 1 + 2 * 3)


def test_audit_finds_a_run_whose_files_agree_with_its_manifest_and_not_with_the_model(
    lab: simulator.Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simulator import growth

    real = growth.path_rows

    def wrong(chunk: Any) -> Any:
        rows = real(chunk)
        return {**rows, "peak_need": rows["peak_need"] + (rows["path"] == 3) * 0.01}

    monkeypatch.setattr(growth, "path_rows", wrong)
    result = simulator.run(lab, paths=8, out=tmp_path)
    said = CliRunner().invoke(main, ["audit", str(result.folder), "--sample", "8"])
    assert said.exit_code == 4
    assert "FAULT: path 3 simulated again is another one in peak_need" in said.stdout
    assert said.stdout.count("FAULT") == 1


def test_audit_finds_rows_out_of_order_and_files_that_are_missing(lab: simulator.Scenario, tmp_path: Path) -> None:
    result = simulator.run(lab, paths=2 * CHUNK, out=tmp_path)
    assert result.folder is not None
    stored = read_manifest(result.folder)
    names = ("paths-000000.parquet", "paths-000001.parquet")
    one, two = ((result.folder / name).read_bytes() for name in names)
    for name, data in zip(names, (two, one), strict=True):
        (result.folder / name).write_bytes(data)
    by_name = {part["file"]: part for part in stored["parts"]}
    by_name[names[0]]["sha256"], by_name[names[1]]["sha256"] = (by_name[n]["sha256"] for n in names[::-1])
    del stored["sha256"]
    (result.folder / "manifest.json").write_bytes(folder.manifest_bytes(stored))
    faults = simulator.audit(result.folder).faults
    assert any(f"row 0 of {names[0]} is path {CHUNK} where 0 is due" in fault for fault in faults)
    (result.folder / names[1]).unlink()
    assert any(f"{names[1]} cannot be read" in fault for fault in simulator.audit(result.folder).faults)
