"""The assumptions on the page: every resolved key, its value as written, its source and grade, and the file that says so."""

from __future__ import annotations

import html
import json
from pathlib import Path

from test_report import HOSTILE

from simulator import runner
from simulator.report import assumptions, page
from simulator.scenario.flat import dotted, leaves
from simulator.scenario.load import load


def test_assumptions_have_value_grade_and_source() -> None:
    found = {a.key: a for a in assumptions.read(HOSTILE)}
    fee = found["contracts.cmd.fee"]
    assert (fee.value, fee.grade, fee.source) == ('"30M/mo"', "F", '"quoted # not a comment", a source')
    several = "[a]\nb = [ # A: two\n    1, # A\n    2, # F: S1\n] # end\nc = 'x # y'\n"
    both = {a.key: a for a in assumptions.read(several)}
    assert both["a.b"].value == "[ 1, 2, ]"
    assert (both["a.b"].grade, both["a.b"].source) == ("A", "two · F: S1 · end")
    assert both["a.c"] == ("a.c", "'x # y'", "", "")


def test_every_resolved_assumption_is_listed_with_the_file_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_text("month,due\n2026-11,1\n2026-12,2\n")
    (tmp_path / "base.toml").write_text(
        HOSTILE.replace('name = "hostile"', 'name = "base"')
        + '[contracts.plan]\nschedule = { csv = "plan.csv", column = "due", unit = "M/mo" } # D: the plan\n'
    )
    (tmp_path / "middle.toml").write_text(
        'format = 1\nextends = "base.toml"\n[contracts.cmd]\nfee = "31M/mo" # A: dearer\n[recovery]\nsecured = 0.6 # C: rumour\n'
    )
    main_ = tmp_path / "main.toml"
    main_.write_text(
        'format = 1\nextends = "middle.toml"\n[default]\nfloor = "0.2B" # A: stricter\n'
        '[flows.income]\namount = { normal = { mean = "40M/mo", sd = "50M/mo" } } # A: calmer\n'
    )
    ran = runner.run(
        load(main_, ("run.paths=70", "flows.expense.amount=41M/mo", "recovery.unsecured=0.3")),
        paths=64,
        out=tmp_path / "runs",
    )
    assert ran.folder is not None
    stored = json.loads((ran.folder / "manifest.json").read_text())
    listed = {a.key: a for a in assumptions.resolved(stored["scenario"], runner.from_manifest(stored))}

    def told(key: str) -> tuple[str, str, str, str]:
        a = listed[key]
        return Path(a.file).name, a.value, a.grade, a.source

    assert told("contracts.cmd.fee") == ("middle.toml", '"31M/mo"', "A", "dearer")
    assert told("contracts.cmd.end") == ("base.toml", '"2028-06"', "", "")
    assert told("default.floor") == ("main.toml", '"0.2B"', "A", "stricter")
    assert told("recovery.secured") == ("middle.toml", "0.6", "C", "rumour")
    assert told("recovery.unsecured") == ("--set", "0.3", "", "set for this run")
    assert told("flows.expense.amount") == ("--set", '"41M/mo"', "", "set for this run")
    assert told("flows.income.amount")[0] == "main.toml"
    file, value, grade, source = told("contracts.plan.schedule")
    assert (file, grade, source) == ("base.toml", "D", "the plan")
    assert "plan.csv" in value
    assert listed["contracts.cmd.fee"].unit == "amount of money per month"
    assert listed["contracts.cmd.fee"].meaning.startswith("Due every month")
    # nothing that was resolved is left out: each key, or the inline table that holds it, has its row
    for key, _ in leaves(json.loads(stored["scenario"]["resolved"])):
        text = dotted(key)
        assert key[0] in ("format", "name", "title", "description") or any(
            text == k or text.startswith(f"{k}.") for k in listed
        ), text
    shown = page.Report(ran.folder).html()
    again = "--paths 64 --seed 1 --set flows.expense.amount=41M/mo --set recovery.unsecured=0.3<"
    assert again in html.unescape(shown)
    assert ">middle</td>" in shown


def test_what_one_table_writes_together_is_one_row_unless_a_part_comes_from_elsewhere(tmp_path: Path) -> None:
    text = HOSTILE.replace("unsecured = 0.4\nsecured = 0.7\n", "").replace(
        "[recovery]", "recovery = { unsecured = 0.4, secured = 0.7 } # A: both\n", 1
    )
    head, _, rest = text.partition("recovery =")
    line, _, rest = rest.partition("\n")
    (tmp_path / "a.toml").write_text(f"recovery ={line}\n{head}{rest}")
    for settings, keys in (((), ["recovery"]), (("recovery.secured=0.8",), ["recovery.secured", "recovery.unsecured"])):
        s = load(tmp_path / "a.toml", settings)
        stored = {"resolved": s.canonical, "file": s.file, "text": s.text, "bases": [], "settings": list(s.settings)}
        listed = {a.key: a for a in assumptions.resolved(stored, s) if a.key.startswith("recovery")}
        assert sorted(listed) == keys
        one = listed.get("recovery") or listed["recovery.unsecured"]
        assert (one.grade, one.source) == ("A", "both")
