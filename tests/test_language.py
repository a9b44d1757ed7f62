"""The language explains itself: schema, examples, template, origins and differences; and no key of it is dead."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

import simulator
from simulator.cli import main
from simulator.report import explanation
from simulator.scenario import describe
from simulator.scenario.flat import differences, written
from simulator.scenario.model import PLAIN
from simulator.scenario.schema import schema

SCENARIOS = Path(__file__).parent.parent / "scenarios"
SHIPPED = sorted(SCENARIOS.glob("*.toml"))
LISTED = describe.everything()
BASE = """format = 1
[calendar]
start = "2026-11"
months = 30
[opening]
cash = "2B"
"""


def test_the_shipped_schema_is_the_one_the_program_prints() -> None:
    assert json.loads((SCENARIOS / "scenario.schema.json").read_text()) == schema(), (
        "simulator schema > scenarios/scenario.schema.json"
    )


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: f.stem)
def test_shipped_files_name_the_schema_and_fulfil_it(file: Path) -> None:
    assert file.read_text().startswith("#:schema ./scenario.schema.json\n")
    jsonschema.Draft202012Validator(schema()).validate(tomllib.loads(file.read_text()))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('[contracts.x]\nfeee = "1B/mo"', "contracts"),
        ('[revenue]\ntype = "plan"\nrun_rate = "1B/yr"', "revenue"),
        ("[calendar]\nstart = 2026", "calendar"),
        ('[flows.x]\namount = "1B/mo"\ndirection = "up"', "flows"),
        ("[nonsense]\nx = 1", ""),
    ],
)
def test_the_schema_refuses_what_check_refuses(text: str, path: str) -> None:
    errors = list(jsonschema.Draft202012Validator(schema()).iter_errors(tomllib.loads(text)))
    assert errors
    assert not path or any(path in error.absolute_path for error in errors)


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("one", LISTED, ids=lambda one: one.name)
def test_every_key_says_what_it_means(one: describe.Listed) -> None:
    for key in describe.keys(one.model):
        assert key.doc, f"{one.name}.{key.name}"
        assert describe.kind_words(key.kind)


@pytest.mark.parametrize("one", [x for x in LISTED if x.name not in PLAIN], ids=lambda one: one.name)
def test_every_example_of_explain_runs(one: describe.Listed, tmp_path: Path) -> None:
    text = BASE + one.model.example
    if (one.name not in ("revenue.customer_loss",) and one.model.family == "compute") or "operations" in one.name:
        text += '[revenue]\ntype = "geometric_brownian"\nrun_rate = "1B/yr"\n'
    if one.name == "revenue.customer_loss":
        text += '[revenue]\ntype = "geometric_brownian"\nrun_rate = "1B/yr"\n'
    if "run_rate_above" in one.model.example or "multiple" in one.model.example:
        text += '[revenue]\ntype = "geometric_brownian"\nrun_rate = "8B/yr"\n'
    if "price_ratio" in one.model.example:
        text += '[price]\ntype = "forward_curve"\n'
    (tmp_path / "example.toml").write_text(text)
    assert simulator.run(tmp_path / "example.toml", paths=64).figures.n == 64


def test_explain_finds_everything_it_lists_by_its_last_name() -> None:
    for name in explanation.names():
        assert explanation.find(name), name
    listed = CliRunner().invoke(main, ["explain"]).output
    assert all(one.name in listed for one in LISTED)
    assert "did you mean `exit`" in CliRunner().invoke(main, ["explain", "exitt"]).output
    assert CliRunner().invoke(main, ["explain", "nothing_at_all"]).exit_code == 2


def test_init_writes_a_scenario_that_runs_and_refuses_to_overwrite(tmp_path: Path) -> None:
    target = tmp_path / "plans" / "mylab"
    assert CliRunner().invoke(main, ["init", str(target)]).exit_code == 0
    result = simulator.run(tmp_path / "plans" / "mylab.toml", paths=500)
    assert result.scenario.name == "mylab"
    jsonschema.Draft202012Validator(schema()).validate(tomllib.loads((tmp_path / "plans" / "mylab.toml").read_text()))
    assert json.loads((tmp_path / "plans" / "scenario.schema.json").read_text()) == schema()
    (tmp_path / "plans" / "mylab.toml").write_text("mine")
    assert CliRunner().invoke(main, ["init", str(target)]).exit_code == 2
    assert (tmp_path / "plans" / "mylab.toml").read_text() == "mine"
    assert CliRunner().invoke(main, ["init", str(tmp_path / "no name")]).exit_code == 2


def test_every_value_names_the_place_it_comes_from() -> None:
    origins = {one.key: one for one in written(SCENARIOS / "anthropic-xai-bear.toml", ("run.seed=7",))}

    def line(name: str, text: str) -> str:
        lines = (SCENARIOS / name).read_text().split("\n")
        return str(1 + next(k for k, found in enumerate(lines) if found.startswith(text)))

    assert origins["contracts.xai.fee"].origin.endswith("-bear.toml:" + line("anthropic-xai-bear.toml", "fee = "))
    assert origins["treasury.interest"].origin.endswith(
        "-points.toml:" + line("anthropic-xai-points.toml", "interest = ")
    )
    assert origins["contracts.xai.unit_price"].origin.endswith(
        "anthropic-xai.toml:" + line("anthropic-xai.toml", "unit_price = ")
    )
    assert origins["run.seed"].origin == "--set"
    assert origins["run.seed"].value == "7"
    assert origins["contracts.xai.rank"] == ("contracts.xai.rank", "3", "default")


def test_diff_names_changed_added_and_removed_keys() -> None:
    found = {
        d.key: (d.old, d.new)
        for d in differences(SCENARIOS / "anthropic-xai.toml", SCENARIOS / "anthropic-xai-firm.toml")
    }
    assert found.pop("name") == ('"anthropic-xai"', '"anthropic-xai-firm"')
    assert found.pop("title")
    assert found["contracts.xai.exit.buyer.notice"] == ('"90 days"', None)
    assert all(key.startswith("contracts.xai.exit.") and new is None for key, (_, new) in found.items())
    same = SCENARIOS / "minimal.toml"
    assert [tuple(d) for d in differences(same, same, ("opening.cash=30M",))] == [("opening.cash", '"20M"', '"30M"')]
    assert differences(same, same) == []


def test_the_page_on_scenario_files_names_every_key_and_every_file() -> None:
    page = (SCENARIOS / "README.md").read_text()
    words = set(re.findall(r"[a-z_0-9]+", page))
    for one in LISTED:
        needs_type = sum(other.table == one.table for other in LISTED) > 1
        assert not needs_type or one.name.rsplit(".", 1)[-1] in words, one.name
        for key in describe.keys(one.model):
            assert key.name in words, f"{one.name}.{key.name}"
    assert all(file.stem.removeprefix("anthropic-xai") in page for file in SHIPPED)
