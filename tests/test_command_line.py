"""The command line: exit codes, one document on stdout, messages on stderr, nothing lost and nothing half-written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from company import COMPANY

from simulator.cli import main

SMALL = (
    'format = 1\n[calendar]\nstart = "2026-11"\nmonths = 24\n'
    + """
[opening]
cash = "1B"
[flows.expense]
amount = "0.1B/mo"
[flows.income]
type = "random"
direction = "in"
amount = { normal = { mean = "60M/mo", sd = "50M/mo" } }
"""
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


def call(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stdout if code == 0 else result.output


def fresh(*arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    run = (
        [sys.executable, "-W", "error", "-c", code, *arguments]
        if code
        else [sys.executable, "-m", "simulator", *arguments]
    )
    return subprocess.run(run, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", [[], *([name] for name in main.commands)])
def test_every_command_has_help(command: list[str]) -> None:
    assert "Usage:" in call(*command, "--help")


@pytest.mark.parametrize("command", main.commands)
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"`simulator {command}" in (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom simulator.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'numba', 'scipy', 'scipy.stats', 'pyarrow', 'pydantic', 'numpy', 'rich'} & set(sys.modules)\n"
        "sys.exit(1 if heavy else 0)"
    )
    assert fresh(code=code).returncode == 0


def test_check_needs_no_compiler(file: Path) -> None:
    code = (
        "import sys\nfrom simulator.cli import main\n"
        f"try:\n    main(['check', {str(file)!r}])\nexcept SystemExit:\n    pass\n"
        "heavy = {'numba', 'llvmlite', 'scipy.stats', 'pyarrow', 'rich'} & set(sys.modules)\n"
        "sys.exit(1 if heavy else 0)"
    )
    assert fresh(code=code).returncode == 0


def test_version_is_the_package_version() -> None:
    from importlib.metadata import version

    assert call("--version").strip() == f"simulator {version('simulator')}"


def test_run_prints_a_summary_and_leaves_a_run_folder(file: Path, tmp_path: Path) -> None:
    text = call("run", file, "--paths", 500, "--out", tmp_path / "out")
    assert "Default probability by" in text
    assert "95 % intervals" in text
    assert all(len(line) <= 80 for line in text.splitlines() if str(tmp_path) not in line)
    (folder,) = (tmp_path / "out").iterdir()
    assert sorted(p.name for p in folder.iterdir()) == [
        "contracts.parquet", "manifest.json", "months.parquet", "paths-000000.parquet",
    ]  # fmt: skip
    assert folder.name.startswith("small-")


def test_json_is_one_document_with_every_figure(tmp_path: Path) -> None:
    file = tmp_path / "company.toml"
    file.write_text("format = 1\n" + COMPANY + '\n[calendar]\nstart = "2026-11"\n')
    d = json.loads(call("run", file, "--paths", 2048, "--out", tmp_path / "out", "--json"))
    for key in ("schema", "scenario", "scenario_hash", "paths", "months", "start", "seed", "folder"):
        assert key in d
    assert set(d["seconds"]) == {"compile", "simulate", "write"}
    assert [row["month"] for row in d["pd"]] == list(range(1, 61))
    assert all(row["low"] <= row["value"] <= row["high"] for row in d["pd"])
    assert d["pd"][0]["label"] == "2026-11"
    for kind in ("funded", "unfunded"):
        assert {"p5", "p25", "p50", "p75", "p95", "share_beyond_horizon"} <= set(d["runway"][kind])
    assert {"p50", "p90", "p99"} <= set(d["peak_need"])
    assert len(d["cash"]) == 60
    assert {"month", "mean", "p1", "p5", "p25", "p50", "p75", "p95", "p99"} <= set(d["cash"][0])
    for contract in d["contracts"].values():
        assert {"paid", "headline", "firm", "stranded", "terminated"} <= set(contract)
        assert set(contract["terminated"]) == {"buyer", "supplier"}
    assert Path(d["folder"]).is_dir()


def test_several_files_give_a_list(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(SMALL)
    documents = json.loads(call("run", file, other, "--paths", 50, "--out", tmp_path / "out", "--json"))
    assert [d["scenario"] for d in documents] == ["small", "other"]


def test_options_are_as_if_written_in_the_file(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    a = json.loads(call("run", file, "--paths", 300, "--seed", 7, "--set", "opening.cash=2B", "--out", out, "--json"))
    written = tmp_path / "small2.toml"
    written.write_text('name = "small"\n' + SMALL.replace('"1B"', '"2B"') + "[run]\npaths = 300\nseed = 7\n")
    b = json.loads(call("run", written, "--out", out, "--json"))
    assert (a["paths"], a["seed"]) == (b["paths"], b["seed"]) == (300, 7)
    assert a["pd"] == b["pd"]


def test_the_hash_does_not_depend_on_the_number_of_paths_but_on_the_seed(file: Path, tmp_path: Path) -> None:
    hashes = [
        json.loads(call("run", file, *extra, "--out", tmp_path / "out", "--json"))["scenario_hash"]
        for extra in (("--paths", 10), ("--paths", 20), ("--paths", 10, "--seed", 2))
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_an_invalid_scenario_is_refused_with_code_2_and_all_its_errors(file: Path, tmp_path: Path) -> None:
    file.write_text(SMALL.replace('"1B"', '"1 parsec"').replace('amount = "0.1B/mo"', 'amont = "0.1B/mo"'))
    text = call("run", file, "--out", tmp_path / "out", code=2)
    assert "error[E010]" in text
    assert "error[E014]" in text
    assert "did you mean `amount`?" in text
    assert not (tmp_path / "out").exists()


def test_one_bad_file_among_several_runs_none(file: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("format = 1\n")
    call("run", file, bad, "--out", tmp_path / "out", code=2)
    assert not (tmp_path / "out").exists()


def test_a_bad_setting_is_shown_like_a_bad_key(file: Path) -> None:
    text = call("check", file, "--set", "opening.cahs=2B", code=2)
    assert "--set:1:" in text
    assert "did you mean `cash`?" in text


def test_check_says_what_the_file_means(tmp_path: Path) -> None:
    file = tmp_path / "company.toml"
    file.write_text("format = 1\n" + COMPANY + '\n[calendar]\nstart = "2026-11"\n')
    text = call("check", file)
    for word in ("[contracts.big]", "firm", "headline", "unfunded runway", "The supplier may leave", "hash"):
        assert word in text


def test_replay_prints_the_ledger_of_a_path(file: Path, tmp_path: Path) -> None:
    folder = json.loads(call("run", file, "--paths", 20, "--out", tmp_path / "out", "--json"))["folder"]
    text = call("replay", folder, "--path", 3)
    assert "opening cash" in text
    assert "closing cash" in text
    document = json.loads(call("replay", folder, "--path", 3, "--json"))
    assert len(document["months"]["cash"]) == 25
    call("replay", folder, "--path", 20, code=2)


def test_a_folder_that_is_no_run_is_an_error_of_the_environment(tmp_path: Path) -> None:
    assert "no run was finished" in call("replay", tmp_path, "--path", 0, code=4)
    assert "no such folder" in call("replay", tmp_path / "nowhere", "--path", 0, code=4)


def test_a_place_that_cannot_be_written_is_an_error_of_the_environment(file: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    text = call("run", file, "--paths", 10, "--out", tmp_path / "taken" / "below", code=4)
    assert "cannot write" in text


def test_a_failed_write_leaves_nothing_that_looks_like_a_run(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simulator.store import folder

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder.pq, "write_table", full)
    text = call("run", file, "--paths", 10, "--out", tmp_path / "out", code=4)
    assert "No space left" in text
    assert list((tmp_path / "out").iterdir()) == []


def test_running_twice_replaces_the_run_with_equal_bytes(file: Path, tmp_path: Path) -> None:
    folder = Path(json.loads(call("run", file, "--paths", 200, "--out", tmp_path, "--json"))["folder"])
    first = {p.name: p.read_bytes() for p in folder.glob("*.parquet")}
    call("run", file, "--paths", 200, "--out", tmp_path)
    assert {p.name: p.read_bytes() for p in folder.glob("*.parquet")} == first
    assert [p.name for p in tmp_path.iterdir() if p.is_dir()] == [folder.name]


def test_the_tables_open_in_duckdb(file: Path, tmp_path: Path) -> None:
    import duckdb

    folder = json.loads(call("run", file, "--paths", 200, "--out", tmp_path, "--json"))["folder"]
    count = duckdb.sql(f"select count(*) from '{folder}/paths-*.parquet'").fetchall()
    assert count == [(200,)]
    value = duckdb.sql(f"select mean from '{folder}/months.parquet' where metric = 'pd' and month = 24").fetchall()
    document = json.loads((Path(folder) / "manifest.json").read_text())["figures"]
    assert value == [(document["pd"][23]["value"],)]


def test_a_process_of_its_own_works_from_the_module(file: Path, tmp_path: Path) -> None:
    result = fresh("run", str(file), "--paths", "30", "--out", str(tmp_path / "out"), "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["paths"] == 30
    assert "\x1b" not in result.stderr


def test_without_a_home_folder_what_doctor_warms_need_not_be_compiled_by_a_run(file: Path, tmp_path: Path) -> None:
    file.write_text(SMALL + "[run]\npaths = 300\n")
    kept = {k: v for k, v in os.environ.items() if k not in ("HOME", "XDG_CACHE_HOME", "SIMULATOR_CACHE_DIR")}
    environment = kept | {"HOME": str(file / "nowhere"), "TMPDIR": str(tmp_path)}

    def call_there(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "simulator", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        return done

    first = call_there("doctor", "--warm", str(file), "--json")
    assert "small: everything is compiled" in first.stderr
    assert "compiling" in first.stderr
    again = call_there("run", str(file), "--out", str(tmp_path / "out"), "--json")
    assert json.loads(again.stdout)["paths"] == 300
    assert "compiling" not in again.stderr


def test_a_stated_limit_that_fails_gives_exit_code_1_and_keeps_the_run(file: Path, tmp_path: Path) -> None:
    arguments = ("run", file, "--paths", 200, "--out", tmp_path / "out")
    result = CliRunner().invoke(
        main, [str(a) for a in (*arguments, "--fail-if", "pd(24) >= 0%", "--fail-if", "pd(24) > 100%")]
    )
    assert result.exit_code == 1
    assert "limit failed: small: pd(24) >= 0%" in result.stderr
    assert "> 100%" not in result.stderr
    assert list((tmp_path / "out").glob("*/manifest.json"))
    call(*arguments, "--fail-if", "pd(24) > 100%", code=0)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("pd(24) is high", "is not a condition"),
        ("pdd(24) > 5%", "did you mean `pd`?"),
        ("runway > 5", "write runway.p50"),
        ("price(12) > 5", "a run does not report price"),
        ("peak_need > 1B", "`mean` is not one of p5"),
        ("expected_loss > 1B", "names no creditor"),
        ("pd(24) > 5B", "share is wanted"),
        ("pd(25) > 5%", "is not a month from 1 to 24"),
        ("runway(p7) < 12", "is not one of p5"),
        ("paid(nobody) > 1B", "there is no contract `nobody`"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(file: Path, tmp_path: Path, condition: str, words: str) -> None:
    assert words in call("run", file, "--paths", 50, "--out", tmp_path, "--fail-if", condition, code=2)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("pd(2) > 5%", True),
        ("pd(2).low > 5%", False),
        ("pd(2).high > 0.4", True),
        ("pd >= 20 %", True),  # by the horizon
        ("runway(p5) < 18", True),
        ("runway.p05.low < 17", True),
        ("runway.mean > 17 mo", True),
        ("runway(p50) < 600", False),  # beyond the horizon is infinite
        ("cash(p1, 2) < -1B", True),
        ("cash(p1,2) >= -1B", False),
        ("peak_need(p90) <= 20B", True),
        ("firm(gpu) > $1B", True),
        ("raised >= 0", True),
        ("dilution(p50) > 20 %", True),
        ("dilution(p50).low > 20 %", False),
        ("down_round < 5 %", True),
        ("refinancing_failed.high > 0.5", True),
    ],
)
def test_a_condition_reads_value_low_or_high_of_a_figure(condition: str, holds: bool) -> None:
    from simulator.estimate.conditions import parse

    document = {
        "pd": [{"value": 0.0, "low": 0.0, "high": 0.1}, {"value": 0.2, "low": 0.04, "high": 0.5}],
        "runway": {
            "funded": {
                "p5": 17,
                "p50": None,
                "restricted_mean": 17.5,
                "interval": {"p5": [16, 19], "p50": [None, None], "restricted_mean": [17.0, 18.0]},
            }
        },
        "cash": [{}, {"p1": -2e9, "interval": {"p1": [-3e9, -1e9]}}],
        "peak_need": {"p90": 20e9, "interval": {"p90": [1e9, 3e10]}},
        "contracts": {"gpu": {"firm": 1.5e9, "interval": {"firm": [1.5e9, 1.5e9]}}},
        "raised": {"value": 0.0, "low": 0.0, "high": 0.0},
        "funding": {
            "dilution": {"p50": 0.25, "interval": {"p50": [0.2, 0.3]}},
            "down_rounds": {"share_of_paths": {"value": 0.01, "low": 0.0, "high": 0.1}},
            "refinancing_failed": {"share_of_paths": {"value": 0.4, "low": 0.3, "high": 0.6}},
        },
    }
    assert parse(condition).holds(document) is holds


def test_a_dry_run_says_what_it_would_take_and_writes_nothing(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    plan = json.loads(call("run", file, "--paths", 5000, "--out", out, "--dry-run", "--json"))
    assert plan["paths"] == 5000
    assert not out.exists()
    assert "about" in call("run", file, "--paths", 5000, "--out", out, "--dry-run")
    call("run", file, "--paths", 5000, "--out", out)
    folder = next(out.iterdir())
    assert str(folder) == plan["folder"]
    stored = sum(f.stat().st_size for f in folder.glob("paths-*.parquet"))
    assert stored <= plan["bytes"] + 50_000
    assert json.loads(call("run", file, "--paths", 5000, "--out", out, "--dry-run", "--json"))["exists"] is True


def test_finished_runs_are_listed_and_shown_and_unfinished_ones_are_not(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert json.loads(call("list", out, "--json")) == []
    document = json.loads(call("run", file, "--paths", 300, "--out", out, "--json"))
    (out / "half").mkdir()
    (out / ".small-1.partial").mkdir()
    rows = json.loads(call("list", out, "--json"))
    assert [row["folder"] for row in rows] == [document["folder"]]
    assert rows[0]["paths"] == 300
    assert document["folder"] in call("list", out)
    shown = json.loads(call("show", document["folder"], "--json"))
    assert {k: v for k, v in shown.items() if k != "seconds"} == {k: v for k, v in document.items() if k != "seconds"}
    assert "Default probability" in call("show", document["folder"])
    call("show", out / "half", code=4)


def test_check_prints_the_schedule_of_every_contract(tmp_path: Path) -> None:
    deal = tmp_path / "deal.toml"
    deal.write_text(
        SMALL + '[contracts.gpu]\nfee = "10M/mo"\nstart = "2026-12"\nend = "2027-02"\nexit.buyer.notice = "30 days"\n'
    )
    rows = json.loads(call("check", deal, "--schedule", "--json"))["schedule"]
    found = {row["month"]: (row["label"], row["due"], row["firm"], row["headline"]) for row in rows}
    assert found[0] == ("2026-10", 0.0, 10e6, 30e6)  # notice in month s - 1 = 1 at the earliest, due in 2
    assert found[2] == ("2026-12", 10e6, 10e6, 20e6)
    assert found[4] == ("2027-02", 10e6, 0.0, 0.0)
    assert "[contracts.gpu]  $30.00M due" in call("check", deal, "--schedule")


def test_check_as_json_lists_every_diagnostic_with_its_place(tmp_path: Path, file: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(SMALL.replace("0.1B/mo", "0.1B") + "nonsense = 1\n")
    documents = json.loads(call("check", file, wrong, "--json", code=2))
    assert [d["valid"] for d in documents] == [True, False]
    codes = {d["code"]: d["place"]["line"] for d in documents[1]["diagnostics"]}
    assert codes == {"E010": 9, "E014": 14}


def test_show_origin_names_the_place_of_every_value(file: Path) -> None:
    text = call("check", file, "--show-origin", "--set", "opening.cash=2B")
    assert "opening.cash" in text
    assert '"2B"  <- --set' in text
    assert "<- default" in text
    assert "small.toml:9" in text


def test_doctor_says_what_a_bug_report_needs() -> None:
    facts = json.loads(call("doctor", "--json"))
    assert {"packages", "machine", "cache", "terminal"} == set(facts)
    assert facts["packages"]["numba"][0].isdigit()
    assert "numba" in call("doctor")


def test_diff_prints_both_values(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('extends = "small.toml"\nname = "small"\nopening.cash = "2B"\n')
    text = call("diff", file, other)
    assert "opening.cash" in text
    assert '- "1B"' in text
    assert '+ "2B"' in text
    assert call("diff", file, file).strip() == "no difference"


def test_a_file_name_cannot_move_the_cursor(tmp_path: Path) -> None:
    strange = tmp_path / "a\u202eb\x1b[2J.toml"
    strange.write_text(SMALL)
    for command in (["check", strange], ["run", strange, "--paths", 20, "--out", tmp_path / "out"]):
        text = call(*command)
        assert "\u202e" not in text
        assert "\x1b" not in text
