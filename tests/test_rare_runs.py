"""A rare-event run that is kept: whole or not there, read by those who can read it, and true when it is simulated again."""

from __future__ import annotations

import errno
import json
import os
import random
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from lossless import data_files, faulty, flip
from test_rare import DISCRETE, WALK, written

import simulator
from simulator import rare_run
from simulator.auditing import audit
from simulator.cli import main
from simulator.engine.tilt import PERIOD
from simulator.estimate import importance
from simulator.estimate.rare import FLOOR, Rare
from simulator.store import folder as store
from simulator.store.disk import StoreError, beside

PATHS = 8192


def call(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, [str(a) for a in arguments])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(scope="module", autouse=True)
def _small_pilots() -> Iterator[None]:
    """What a run does with what it found is looked at here, not how it found it."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("SEARCH", "REFINE", "POPULATION"):
            patched.setattr(importance, name, 2 * PERIOD)
        yield


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rare]:
    """A run with alternatives and inputs by importance sampling, a walk by splitting; nobody changes them."""
    place = tmp_path_factory.mktemp("kept")
    return {
        "is": simulator.rare(written(place, DISCRETE), "is", paths=PATHS, threads=1, out=place),
        "splitting": simulator.rare(WALK, "splitting", paths=2 * PATHS, threads=1, out=place),
    }


def folder_of(found: Rare) -> Path:
    assert found.folder is not None
    return found.folder


@pytest.mark.parametrize("method", ["is", "splitting"])
def test_the_folder_holds_the_figures_and_the_weighted_paths_that_make_them_up(
    kept: dict[str, Rare], method: str
) -> None:
    found, place = kept[method], folder_of(kept[method])
    manifest = store.read_any_manifest(place)
    assert place.name == f"{found.scenario.name}-{found.scenario.hash[:12]}-{method}"
    assert manifest["kind"] == "rare"
    assert manifest["run"]["method"] == method
    assert manifest["run"]["spent"] == found.paths
    assert {**manifest["figures"], "folder": str(place)} == json.loads(json.dumps(found.document))
    table = {name: values.to_numpy() for name, values in zip(*_columns(place), strict=True)}
    for month in (6, found.months):
        by_then = table["weight"][table["end_month"] <= month].sum()
        assert by_then == pytest.approx(found.precise(month).estimate.value, rel=1e-12)
    assert (table["end_month"] > 0).all()
    sentences = np.array(manifest["endings"])[table["cause"]]
    for cause in found.causes:
        weight = table["weight"][sentences == cause].sum()
        assert weight == pytest.approx(found.precise(found.months, cause).estimate.value, rel=1e-12)
    rows = store.read_table(place, "months").to_pylist()
    assert all((row["mean"] is None) == (row["ess"] < FLOOR) for row in rows)
    last = next(row for row in rows if row["metric"] == "pd" and row["month"] == found.months)
    assert (last["mean"], last["low"], last["high"]) == found.pd(found.months)
    if method == "is":
        assert set(np.unique(table["input.opening.cash"])) == {12e6, 300e6}
        assert set(table["branch"]) == {0, 1}


def _columns(place: Path) -> tuple[list[str], list[object]]:
    table = store.read_table(place, "failing")
    return table.column_names, table.columns


@pytest.mark.parametrize("method", ["is", "splitting"])
def test_audit_simulates_stored_paths_again_and_finds_every_bit(kept: dict[str, Rare], method: str) -> None:
    found = audit(folder_of(kept[method]), 300, seed=1)
    assert found.faults == []
    assert found.notes == []
    if method == "is":
        assert len(found.sampled) == 300
    assert found.values > 10 * len(found.sampled) > 100


def test_audit_finds_what_was_not_simulated_so(
    kept: dict[str, Rare], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder whose checksums all hold, written by a program that errs."""
    monkeypatch.setattr("simulator.estimate.rare.rare", lambda *_, **__: kept["is"])
    right = rare_run.failing_table
    for column, said in (("weight", "the weights add up to"), ("cash", "in cash"), ("input.opening.cash", "in input")):

        def wrong(found: Rare, endings: object, column: str = column) -> tuple[rare_run.Columns, list[store.Field]]:
            columns, fields = right(found, endings)  # type: ignore[arg-type]
            return {**columns, column: columns[column] * (1.0 + 1e-7)}, fields

        monkeypatch.setattr(rare_run, "failing_table", wrong)
        again = simulator.rare(kept["is"].scenario, "is", out=tmp_path, fresh=True)
        faults = audit(folder_of(again), 50, seed=1).faults
        assert any(said in fault for fault in faults)


def test_no_flipped_bit_is_believed(kept: dict[str, Rare], tmp_path: Path) -> None:
    rng = random.Random(20261126)
    whole = folder_of(kept["splitting"])
    for trial in range(12):
        place = tmp_path / str(trial)
        shutil.copytree(whole, place)
        flip(rng.choice(sorted(place.iterdir())), rng)
        with suppress(StoreError):
            assert audit(place, 0).faults


def test_those_who_need_every_path_say_that_they_are_not_there(kept: dict[str, Rare]) -> None:
    place = folder_of(kept["is"])
    for verb in (("replay", place, "--path", 0), ("report", place), ("reweight", place, "--view", "mean(cash) = 1B")):
        code, out, err = call(*verb)
        assert (code, out) == (4, ""), verb
        assert "holds a rare-event run (--rare is)" in err


def test_list_and_show_tell_of_it(kept: dict[str, Rare]) -> None:
    place = folder_of(kept["is"])
    code, out, _ = call("list", place.parent)
    assert code == 0
    assert "importance sampling" in out
    assert "splitting over months" in out
    rows = {row["folder"]: row for row in json.loads(call("list", place.parent, "--json")[1])}
    assert rows[str(place)]["method"] == "is"
    code, out, _ = call("show", place)
    assert code == 0
    assert "Effective paths in default" in out
    assert f"simulator audit {place}" in out
    shown = json.loads(call("show", place, "--json")[1])
    assert shown["pd"] == kept["is"].document["pd"]


def test_sql_reads_the_weighted_paths(kept: dict[str, Rare]) -> None:
    pytest.importorskip("duckdb")
    found = simulator.query(folder_of(kept["is"]), "select sum(weight) as pd, count(*) from failing")
    assert found.rows[0][0] == pytest.approx(kept["is"].pd(12)[0], rel=1e-9)


def test_the_example_of_the_readme_of_results_runs(kept: dict[str, Rare]) -> None:
    pytest.importorskip("duckdb")
    readme = (Path(__file__).parent.parent / "results" / "README.md").read_text(encoding="utf-8")
    (sql,) = (text for text in re.findall(r"```sql\n(.*?)```", readme, re.S) if "from failing" in text)
    for found in kept.values():
        assert simulator.query(folder_of(found), sql).rows


def test_the_same_command_again_does_what_it_does_with_a_plain_run(tmp_path: Path) -> None:
    """Equal bytes again; fewer paths are refused, more replace it, --fresh replaces it anyway; nothing lies about."""
    run = ("run", WALK, "--rare", "is", "--threads", 1, "--out", tmp_path, "--json", "--paths")
    code, out, _ = call(*run, PATHS)
    assert code == 0
    place = Path(json.loads(out)["folder"])
    first = data_files(place)
    assert call(*run, PATHS)[0] == 0
    assert data_files(place) == first
    code, out, err = call(*run, PATHS // 2)
    assert (code, out) == (4, "")
    assert f"holds a finished run of {PATHS:,} paths" in err
    assert data_files(place) == first
    assert call(*run, 2 * PATHS)[0] == 0
    assert store.read_any_manifest(place)["run"]["paths"] == 2 * PATHS
    assert call(*run, PATHS, "--fresh")[0] == 0
    assert data_files(place) == first
    code, out, err = call(*run, PATHS, "--seed", 9, "--into", place)
    assert code == 4
    assert "another scenario or seed" in err
    code, out, err = call(*run, PATHS, "--set", "opening.cash=9000B", "--into", tmp_path / "refused")
    assert (code, out) == (1, "")
    assert "no number is given" in err
    assert [p.name for p in tmp_path.iterdir()] == [place.name]


def test_a_run_of_another_kind_is_left_as_it_is(kept: dict[str, Rare], tmp_path: Path) -> None:
    place = tmp_path / "run"
    shutil.copytree(folder_of(kept["splitting"]), place)
    before = data_files(place)
    for how in (("--rare", "is"), ()):
        code, _, err = call("run", WALK, *how, "--paths", 4 * PATHS, "--into", place)
        assert code == 4
        assert "holds a rare-event run (--rare splitting) and is left as it is" in err
    assert data_files(place) == before
    plain = simulator.run(WALK, paths=64, into=tmp_path / "plain")
    code, _, err = call("run", WALK, "--rare", "is", "--paths", PATHS, "--into", plain.folder)
    assert code == 4
    assert "holds a run that stores every path" in err


def test_every_write_sync_close_and_rename_may_fail_and_nothing_half_written_looks_whole(
    kept: dict[str, Rare], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = kept["is"]
    monkeypatch.setattr("simulator.estimate.rare.rare", lambda *_, **__: found)
    reference = data_files(folder_of(found))
    trials, refused = 0, 0
    while True:
        trials += 1
        out, number = tmp_path / str(trials), errno.ENOSPC if trials % 2 else errno.EIO
        said = ""
        with faulty(trials, number) as planted:
            try:
                simulator.rare(found.scenario, "is", out=out)
            except StoreError as problem:
                said, refused = str(problem), refused + 1
        if planted.calls < trials:
            break
        if said:
            assert str(out) in said
            assert os.strerror(number) in said
        assert all(
            data_files(run) == reference for run, _ in store.finished(out)
        )  # one whose last sync failed is whole
        assert data_files(simulator.rare(found.scenario, "is", out=out).folder) == reference
        assert len(list(out.iterdir())) == 1
        shutil.rmtree(out)
    assert refused > 15


def test_a_run_that_is_stopped_leaves_nothing_and_what_a_kill_left_is_replaced(
    kept: dict[str, Rare], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = folder_of(kept["splitting"]).name
    old = shutil.copytree(folder_of(kept["splitting"]), tmp_path / name)
    before = data_files(old)

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("simulator.estimate.rare.rare", stopped)
        code, out, err = call("run", WALK, "--rare", "splitting", "--paths", 2 * PATHS, "--out", tmp_path)
    assert (code, out, err.strip()) == (130, "", "interrupted")
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert data_files(old) == before
    partial = beside(old, "partial")
    partial.mkdir()
    (partial / "failing-000000.parquet").write_bytes(b"half of it")
    assert call("run", WALK, "--rare", "splitting", "--paths", 2 * PATHS, "--out", tmp_path)[0] == 0
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert data_files(old) == before
