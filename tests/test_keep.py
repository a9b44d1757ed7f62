"""What a scenario says is to be stored of every path."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import simulator
import simulator.engine.reduce
from simulator.store.folder import read_manifest, read_table

LAB = """
[calendar]
start = "2026-11"
months = 14
[opening]
cash = { uniform = { low = "1B", high = "2B" } }
[revenue]
type = "geometric_brownian"
run_rate = "5B/yr"
growth = "0.1 log/yr"
volatility = "30 %/yr"
[contracts.gpu]
fee = "0.5B/mo"
start = "2026-11"
end = "2027-12"
"""
PATHS = 1500


def run(folder: Path, *settings: str, text: str = LAB) -> simulator.Result:
    folder.mkdir(exist_ok=True)
    file = folder / "lab.toml"
    file.write_text("format = 1\n" + text)
    return simulator.run(simulator.load(file, settings), paths=PATHS, out=folder / "results")


def test_a_trajectory_is_the_path_that_replay_lives_again(tmp_path: Path) -> None:
    found = run(tmp_path, 'keep.trajectories=["cash", "gpu.due", "run_rate"]')
    assert found.folder is not None
    table = read_table(found.folder, "trajectories")
    assert table.column_names == ["path", "month", "cash", "gpu.due", "run_rate"]
    assert table["path"].to_pylist() == np.repeat(np.arange(PATHS), 15).tolist()
    assert table["month"].to_pylist() == np.tile(np.arange(15), PATHS).tolist()
    for path in (0, 1023, PATHS - 1):
        lived = simulator.replay(found.folder, path).months
        for name, slot in (("cash", "cash"), ("gpu.due", "contracts.gpu.due"), ("run_rate", "revenue.run_rate")):
            stored = table[name].to_numpy()[15 * path : 15 * (path + 1)]
            np.testing.assert_array_equal(stored, lived[slot])


@pytest.mark.parametrize(("at", "months"), [("quarters", [0, 3, 6, 9, 12]), ("years", [0, 12]), ("horizon", [0, 14])])
def test_only_the_months_asked_for_are_stored(at: str, months: list[int], tmp_path: Path) -> None:
    found = run(tmp_path, 'keep.trajectories=["cash"]', f"keep.at={at}")
    assert found.folder is not None
    table = read_table(found.folder, "trajectories")
    assert table["month"].to_pylist() == months * PATHS
    if at == "horizon":
        np.testing.assert_array_equal(table["cash"].to_numpy()[1::2], found.column("cash"))


def test_columns_can_be_left_out_and_no_reported_number_changes(tmp_path: Path) -> None:
    full = run(tmp_path)
    lean = run(tmp_path, "keep.inputs=false", "keep.contracts=false")
    assert full.folder is not None
    assert lean.folder is not None
    gone = set(read_table(full.folder, "paths").column_names) - set(read_table(lean.folder, "paths").column_names)
    assert gone == {"input.opening.cash", "gpu.paid", "gpu.stranded", "gpu.exposure_at_default"}
    one, other = (read_manifest(r.folder)["figures"] for r in (full, lean) if r.folder is not None)
    assert {k: v for k, v in one.items() if k != "scenario_hash"} == {
        k: v for k, v in other.items() if k != "scenario_hash"
    }


def test_what_cannot_be_stored_is_an_error_with_its_line(tmp_path: Path) -> None:
    text = (
        LAB
        + """
[keep]
trajectories = ["cahs", "price", "cash", "cash"]
"""
    )
    with pytest.raises(simulator.ScenarioError) as caught:
        run(tmp_path, text=text)
    said = str(caught.value)
    assert "there is no figure `cahs` by path and month" in said
    assert "did you mean `cash`?" in said
    assert "there is no figure `price`" in said
    assert "`cash` is listed twice" in said
    lines = (tmp_path / "lab.toml").read_text().splitlines()
    assert f"lab.toml:{next(k for k, line in enumerate(lines, 1) if line.startswith('trajectories'))}:" in said


def test_quarters_and_years_are_those_of_the_calendar_where_a_step_is_a_quarter(tmp_path: Path) -> None:
    text = LAB.replace('start = "2026-11"\nmonths = 14', 'start = "2026-Q4"\nmonths = 9\nstep = "quarter"')
    text = text[: text.index("[contracts")]
    for at, steps in (("quarters", list(range(10))), ("years", [0, 4, 8])):
        found = run(tmp_path, 'keep.trajectories=["cash"]', f"keep.at={at}", text=text)
        assert found.folder is not None
        assert read_table(found.folder, "trajectories")["month"].to_pylist() == steps * PATHS


def test_a_run_whose_numbers_by_path_are_only_in_its_folder_reports_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = run(tmp_path / "held")
    monkeypatch.setattr(simulator.engine.reduce, "EXACT_PATHS", 100)
    read = run(tmp_path / "read", "keep.inputs=false")
    assert held.figures.summary.hold
    assert not read.figures.summary.hold
    for figure in ("pd", "causes", "runway", "peak_need", "lowest_liquidity", "cash_flow_at_risk", "contracts"):
        assert read.document[figure] == held.document[figure]
    np.testing.assert_array_equal(read.column("peak_need"), held.column("peak_need"))
    for unknown in ("input.opening.cash", "nobody"):
        with pytest.raises(KeyError):
            read.column(unknown)
