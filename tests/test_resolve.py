"""`extends`, `--set`, CSV schedules and shared inputs: what the resolved scenario is, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import simulator
from simulator.scenario.resolve import is_value

BASE = 'format = 1\n[calendar]\nstart = "2026-11"\nmonths = 6\n[opening]\ncash = "1B"\n'


def contract(scenario: simulator.Scenario, name: str = "contracts.x"):
    return next(e.component for e in scenario.entries if e.name == name)


def test_a_childs_schedule_replaces_its_parents(tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_text("month,a\n2026-11,1\n2026-12,1\n2027-01,1\n")
    (tmp_path / "short.csv").write_text("# half of it\nmonth,a\n2026-11,2\n")
    schedule = '[contracts.x]\nschedule = {{ csv = "{}", column = "a", unit = "B/mo" }}\n'
    (tmp_path / "parent.toml").write_text(BASE + schedule.format("long.csv"))
    (tmp_path / "child.toml").write_text('extends = "parent.toml"\n' + schedule.format("short.csv"))
    assert list(contract(simulator.load(tmp_path / "parent.toml")).schedule.values()) == [1e9, 1e9, 1e9]
    assert list(contract(simulator.load(tmp_path / "child.toml")).schedule.values()) == [2e9]


def test_a_child_changes_keys_and_keeps_the_rest(tmp_path: Path) -> None:
    text = BASE + '[contracts.x]\nfee = "1B/mo"\nstart = "2026-11"\nend = "2027-04"\n'
    (tmp_path / "parent.toml").write_text(text)
    (tmp_path / "child.toml").write_text('extends = "parent.toml"\ncontracts.x.fee = "2B/mo"\n')
    child = simulator.load(tmp_path / "child.toml")
    assert contract(child).fee == 2e9
    assert contract(child).end == contract(simulator.load(tmp_path / "parent.toml")).end


def test_an_inherited_table_can_be_taken_away(tmp_path: Path) -> None:
    text = BASE + '[contracts.x]\nfee = "1B/mo"\nstart = "2026-11"\nend = "2027-04"\n'
    (tmp_path / "parent.toml").write_text(text)
    (tmp_path / "child.toml").write_text('extends = "parent.toml"\n[contracts]\nx = "none"\n')
    assert simulator.load(tmp_path / "child.toml").contracts == ()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('extends = "../other.toml"', "E005"),
        ('extends = "case.toml"', "E005"),
        ('extends = "nowhere.toml"', "E005"),
        ("extends = 3", "E005"),
    ],
)
def test_a_bad_extends_is_refused(line: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text(line + "\n" + BASE)
    with pytest.raises(simulator.ScenarioError) as caught:
        simulator.load(tmp_path / "case.toml")
    assert [d.code for d in caught.value.diagnostics] == [code]


def test_a_setting_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text(BASE)
    with pytest.raises(simulator.ScenarioError, match="finite"):
        simulator.load(tmp_path / "case.toml", ["opening.cash=inf"])


def test_a_csv_row_that_is_wrong_is_named_with_file_row_and_column(tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_text("month,a\n2026-11,1\n2026-13,1\n2026-12,one\n")
    text = BASE + '[contracts.x]\nschedule = { csv = "plan.csv", column = "a", unit = "B/mo" }\n'
    (tmp_path / "case.toml").write_text(text)
    with pytest.raises(simulator.ScenarioError) as caught:
        simulator.load(tmp_path / "case.toml")
    places = [(d.code, d.place.line) for d in caught.value.diagnostics if d.place]
    assert places == [("E016", 3), ("E016", 4)]


def test_keys_that_share_an_input_draw_the_same_number(tmp_path: Path) -> None:
    text = BASE + (
        "[inputs]\nlevel = { uniform = { low = 0.5, high = 1.5 } }\n"
        '[flows.a]\ntype = "schedule"\nscale = { input = "level" }\nschedule = { "2026-11" = "1B/mo" }\n'
        '[flows.b]\ntype = "schedule"\nscale = { input = "level" }\nschedule = { "2026-11" = "1B/mo" }\n'
    )
    (tmp_path / "case.toml").write_text(text)
    result = simulator.run(tmp_path / "case.toml", paths=100)
    a, b = result.column("input.flows.a.scale"), result.column("input.flows.b.scale")
    assert (a == b).all()
    assert a.std() > 0.1


@pytest.mark.parametrize(
    ("table", "one_value"),
    [
        ({"gamma": {"mean": "2B", "sd": "1B"}}, True),
        ({"lognormal": {"p10": 1, "p90": 2}}, True),
        ({"alternatives": [{"value": 1, "weight": 1}]}, True),
        ({"exponential": {"mean": 2}, "truncate": [0, 3]}, True),
        ({"gamma": 2.0}, False),
        ({"gamma": {"uniform": {"low": 1, "high": 2}}}, False),
        ({"gamma": {"p10": 1, "p50": 2, "p90": 3}}, False),
        ({"gamma": {"input": "x"}}, False),
        ({"normal": "30 %"}, False),
    ],
)
def test_a_key_with_the_name_of_a_law_is_no_distribution(table: dict[str, object], one_value: bool) -> None:
    """The key `gamma` of a supplier's exit, or a regime called normal, set alone in an overriding file."""
    assert is_value(table) is one_value
