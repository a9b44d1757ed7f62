"""What holds of every command: it opens no socket, no text acts on a terminal or makes a line, every estimate has an interval.

Each command does its real work once on a small deal (two programs are compiled for all of them), its words and its document are
kept, and the commands are taken from the group, so that none can be left out.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import socket
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

import simulator
from simulator import runner
from simulator.cli import main
from simulator.report import page
from simulator.store.folder import manifest_bytes, read_manifest

HERE = Path(__file__).parent
DEAL = (HERE / "evidence" / "termination_option_ou.toml").read_text(encoding="utf-8")
CHANGES = {
    'cash = "1B"': 'cash = { lognormal = { p10 = "2M", p90 = "30M" } }',
    'fee = "2.1M/mo"': 'fee = "3.5M/mo"',
    "[flows.market]": """[default]
floor = "0.1M"

[recovery]
unsecured = 0.4
secured = 0.6

[financing.rounds]
type = "priced_round"
every = "9 mo"
size = { lognormal = { p10 = "1M", p90 = "3M" } }
multiple = 5

[flows.market]""",
}
FEW = ("--paths", "1024")
ODD = "\x1b[2J\u202e\u2066"  # clears a terminal, turns a line round


class Said(NamedTuple):
    text: Result
    document: Any  # of --json, or what --out wrote
    tables: tuple[Path, ...]


def deal() -> str:
    text = DEAL
    for old, new in CHANGES.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


def commands(file: str, run: str, out: str, place: Path) -> dict[str, list[str]]:
    """Every command with arguments that make it do what it is for."""
    return {
        "init": [str(place / "new")], "check": [file], "run": [file, *FEW, "--out", out],
        "replay": [run, "--path", "1"], "list": [out], "show": [run], "audit": [run, "--sample", "2"],
        "diff": [file, file, "--set", "opening.cash=4M"], "explain": [], "schema": [], "doctor": [],
        "report": [run, "--out", str(place / "page.html")], "query": [run, "select avg(peak_need) from paths"],
        "option": [file, *FEW, "--training-paths", "1024"],
        "compare": [file, "--set", "opening.cash=4M", *FEW],
        "sweep": [file, "--over", "opening.cash=3M,60M", *FEW],
        "stress": [file, "--shock", "funding-shut", "--shock", "price-fall", *FEW],
        "solve": [file, "--vary", "contracts.power.fee", "--until", "pd(12) <= 20%", *FEW],
        "sensitivity": [file, "--by", "12", *FEW], "failures": [file, *FEW], "bands": [file, "--budget", "4096"],
        "reweight": [run, "--view", "share(input.opening.cash < 5M) = 50 %"],
        "conditional": [run, "--given", "input.opening.cash < 5M"],
        "verify": ["--only", "det_constant_burn"], "bench": ["--repeats", "1", "--chunks", "1"],
    }  # fmt: skip


def opened(*_: object, **__: object) -> None:
    raise AssertionError("a socket was opened")


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Said]]:
    """What every command says of a deal in folders with odd names; no socket can be opened while it works."""
    place = tmp_path_factory.mktemp("verbs") / f"a{ODD}b"
    place.mkdir()
    file, out = place / f"deal{ODD}.toml", place / "out"
    file.write_text(deal())
    run = str(out / runner.folder_name(simulator.load(file)))
    found = {}
    with pytest.MonkeyPatch.context() as patched:
        for name in ("socket", "create_connection", "getaddrinfo"):
            patched.setattr(socket, name, opened)
        for name, arguments in commands(str(file), run, str(out), place).items():
            known = {option for p in main.commands[name].params for option in p.opts}
            writes = name not in ("run", "report") and "--out" in known
            answer = place / f"answer-{name}"
            text = CliRunner().invoke(main, [name, *arguments, *(["--out", str(answer)] if writes else [])])
            document = None
            if writes and text.exit_code == 0:
                document = json.loads((answer / "document.json").read_text())
            elif "--json" in known:
                document = json.loads(CliRunner().invoke(main, [name, *arguments, "--json"]).stdout)
            tables = tuple(sorted((Path(run) if name == "run" else answer).glob("*.parquet")))
            found[name] = Said(text, document, tables)
    yield found
    shutil.rmtree(place)


def test_no_command_opens_a_socket(said: dict[str, Said]) -> None:
    assert set(said) == set(main.list_commands(click.Context(main)))
    for name, one in said.items():
        assert one.text.exit_code == 0, (name, one.text.output, one.text.exception)


# --- terminals


def acts(text: str) -> list[str]:
    """Characters that do more to a terminal than to stand in a line."""
    return [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cs")]


def test_no_path_or_name_that_a_command_repeats_acts_on_a_terminal(said: dict[str, Said]) -> None:
    repeated = 0
    for name, one in said.items():
        assert acts(one.text.output) == [], name
        repeated += "\\u202e" in one.text.output
    assert repeated >= 12  # most of them name a file or folder


@pytest.mark.parametrize("name", main.list_commands(click.Context(main)))
def test_what_is_wrong_with_arguments_is_said_harmlessly(name: str, tmp_path: Path) -> None:
    for arguments in ([ODD], [f"--{ODD}"], [str(tmp_path / ODD), ODD, ODD], [f"--json={ODD}"], [f"--seed={ODD}"]):
        wrong = CliRunner().invoke(main, [name, *arguments])
        assert acts(wrong.output) == [], (name, arguments)
        assert wrong.exit_code in (0, 2, 4), (name, arguments, wrong.output)
    assert acts(CliRunner().invoke(main, [ODD]).output) == []


READERS = ("list", "show", "audit", "replay", "query", "report", "reweight", "conditional")
FORGED = f"a{ODD}\nFORGED LINE <script>alert(1)</script>"


def forge(x: Any, odd: tuple[str, ...]) -> Any:
    """Every text that a reader may show has something odd behind it."""
    if isinstance(x, Mapping):
        names = {"contracts", "creditors", "causes", "comparison"}
        return {k: {f"{n}{FORGED}": forge(v, odd) for n, v in of.items()} if k in names else
                f"{of}{FORGED}" if k in odd and isinstance(of, str) else forge(of, odd) for k, of in x.items()}  # fmt: skip
    return [forge(one, odd) for one in x] if isinstance(x, list) else x


def test_no_text_of_a_forged_run_acts_on_a_terminal_or_makes_a_line(tmp_path: Path) -> None:
    """The checksum of a manifest holds against accidents, not against people: what it says is not to be trusted."""
    (tmp_path / "deal.toml").write_text(deal())
    folder = simulator.run(tmp_path / "deal.toml", paths=64, out=tmp_path / "out").folder
    assert folder is not None
    stored = read_manifest(folder)
    del stored["sha256"]
    stored["figures"] = forge(stored["figures"], ("title", "scenario", "start", "label", "step"))
    stored["figures"]["step"] = "month"  # a key of ours, and looked up as one
    stored["scenario"]["name"] += FORGED
    (folder / "manifest.json").write_bytes(manifest_bytes(stored))
    made = commands("", str(folder), str(tmp_path / "out"), tmp_path)
    shown = 0
    for name in READERS:
        one = CliRunner().invoke(main, [name, *made[name]])
        assert acts(one.output) == [], name
        assert not any(line.lstrip().startswith("FORGED") for line in one.output.split("\n")), (name, one.output)
        assert one.exit_code in (0, 1, 2, 4), (name, one.output, one.exception)
        shown += "FORGED" in one.output
    assert shown >= 2
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in text
    assert acts(text.replace("\t", "")) == []


def test_commands_print_in_one_place() -> None:
    """Only `common.py` knows how to print, so that nothing gets past what makes a line harmless."""
    for file in (HERE.parent / "simulator" / "cli").glob("*.py"):
        if file.name in ("common.py", "stopping.py"):  # the latter says one fixed word when nothing else can
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            called = node.func if isinstance(node, ast.Call) else None
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            assert name not in ("echo", "secho", "print"), f"{file.name}:{getattr(node, 'lineno', 0)}"
            if (
                isinstance(node, ast.Call) and name == "say"
            ):  # which prints one line an argument, and a newline as \\x0a
                texts = [part for a in node.args for part in (a.values if isinstance(a, ast.JoinedStr) else [a])]
                said = [part.value for part in texts if isinstance(part, ast.Constant)]
                assert not any("\n" in str(text) for text in said), f"{file.name}:{node.lineno}"


# --- intervals

EXACT = "exact: counted, or given by whoever asked or wrote the scenario"
EVERYWHERE = {r"schema|paths|months|month|seed|step|model_runs|not_a_number|number|count|seconds\..*": EXACT}
WITHOUT: dict[str, dict[str, str]] = {  # command -> numbers of its document without an interval -> why
    "check": {},
    "run": {r"fiscal_years\[\]\.(year|first|last)": EXACT},
    "show": {r"fiscal_years\[\]\.(year|first|last)": EXACT},
    "list": {},
    "replay": {r"path|row\..*|months\..*": "one path, exact to the bit"},
    "audit": {r"files|bytes|sampled_paths|values_compared": EXACT},
    "report": {r"bytes": EXACT},
    "query": {r"rows\[\]\[\]": "what SQL makes of the rows is the asker's"},
    "option": {
        r"training\..*|discount_rate|alone\[\]\.notice": EXACT,
        r"alone\[\]\.gap": "the distance of two bounds that both have an interval",
        r"alone\[\]\.r_squared": "of the regressions on their own paths, no figure of the scenario",
        r"boundary\[\]\.(buyer|supplier)_(alone|together)": "a rule that was fitted; what following it brings has an interval",
    },
    "compare": {
        r"attributed_month|attribution_methods\[\]\.(total_paths|paths|model_runs)": EXACT,
        r"attribution_methods\[\]\.total": "the difference of the PDs, whose row has the interval",
        r"figures\[\]\.gain": "of a quantile: resampled",
        r"fates\[\]\.(saved|lost|both|neither)": EXACT,
        r"attribution\[\]\.(numerator|denominator|paths)": EXACT,
    },
    "sweep": {
        r"over\[\]\.numbers\[\]|level\.value|grid\[\]\.opening\.cash": EXACT,
        r"contour\[\]\.(opening\.cash|low|high)": "a crossing under its key, with its interval",
    },
    "stress": {r"stresses\[\]\.gain": "of a quantile: resampled"},
    "solve": {
        r"limit|precision|levers\[\]\.(base|paths|model_runs|simulated)|runs\[\]\.(number|paths)": EXACT,
        r"levers\[\]\.(change|share_of_base)": "the answer less what is given, as sure as the answer",
        r"levers\[\]\.half_width": "is the interval",
        r"levers\[\]\.bracket_(low|high)": "ends that were run",
    },
    "sensitivity": {r"by\.month|inputs\[\]\.(low|high)": EXACT},
    "failures": {
        r"by\.month|archetypes\[\]\.(paths|path|path_month)|(drivers|causes)\[\]\.(way|paths)": EXACT,
        r"(archetypes\[\]\.)?effective_paths": "says how sure the others are",
        r"silhouette": "of these groups, no figure of the scenario",
    },
    "bands": {
        r"outer|inner": EXACT,
        r"bands\[\]\.inner_noise": "the share of the raw spread that was taken out, which the intervals count",
    },
    "reweight": {
        r"effective_paths": "says how sure the others are",
        r"views\[\]\.after": "imposed",
    },
    "conditional": {r"early_warning\[\]\.failing": EXACT},
    "verify": {
        r"checks\[\]\.expected|failed|stochastic|expected_beyond_4_se": EXACT,
        r"checks\[\]\.got": "its standard error stands beside it; exact where that is empty",
        r"checks\[\]\.(standard_error|z)|largest_z": "says how sure the others are",
    },
    "bench": {
        r"yardstick\.(laws|paths)|machine\..*": EXACT,
        r".*\.(best|median|speed_up|ratio)": "times of this machine; the fastest of several",
    },
    "doctor": {}, "diff": {},
}  # fmt: skip


def bare(x: Any, path: str = "") -> Iterator[str]:
    """Where a number stands that has no interval beside it."""

    def number(v: Any) -> bool:
        return isinstance(v, int | float) and not isinstance(v, bool)

    if isinstance(x, Mapping):
        interval = x.get("interval") if isinstance(x.get("interval"), Mapping) else {}
        for key, v in x.items():
            here = f"{path}.{key}".lstrip(".")
            sure = key in interval and len(interval[key]) == 2
            sure |= key in ("value", "low", "high") and {"value", "low", "high"} <= set(x)
            for of in (key, re.sub(r"_(low|high)$", "", key)):  # one end may be open: beyond the horizon
                sure |= of in x and any(number(x.get(f"{of}_{end}")) for end in ("low", "high"))
            if key == "interval" and interval:
                continue
            if number(v):
                if not sure:
                    yield here
            else:
                yield from bare(v, here)
    elif isinstance(x, list):
        for v in x:
            if number(v):
                yield f"{path}[]"
            else:
                yield from bare(v, f"{path}[]")


def why(name: str, path: str) -> str | None:
    """The reason for which a number needs no interval."""
    for pattern, reason in {**EVERYWHERE, **WITHOUT[name]}.items():
        if re.fullmatch(pattern, path) or (pattern in EVERYWHERE and re.fullmatch(pattern, path.rsplit(".", 1)[-1])):
            return reason
    return None


def test_every_number_of_every_document_has_an_interval_or_a_reason(said: dict[str, Said]) -> None:
    """A new estimate without an interval fails here, and so does a reason that nothing needs any more."""
    told = {name for name, one in said.items() if one.document is not None}
    assert told == set(WITHOUT) | {"doctor"}
    for name in sorted(told):
        found = sorted(set(bare(said[name].document)))
        assert [path for path in found if why(name, path) is None] == [], name
        for pattern in WITHOUT[name]:
            assert any(re.fullmatch(pattern, path) for path in found), (name, pattern)


COUNTED = {"month", "number", "paths", "count", "effective_paths", "way", "path", "path_month", "failing"}


def test_every_column_of_every_stored_table_has_an_interval_or_a_reason(said: dict[str, Said]) -> None:
    seen = 0
    for name, one in said.items():
        for file in one.tables:
            table = pq.read_table(file)
            columns = {c for c in table.column_names if table[c].null_count < max(1, table.num_rows)}
            if file.name.startswith("paths-"):
                continue  # single paths
            for column in columns:
                kind = str(table.schema.field(column).type)
                seen += 1
                sure = not kind.startswith(("float", "double", "int"))
                sure |= column in ("mean", "low", "high") and {"mean", "low", "high"} <= columns
                for of in (column, re.sub(r"_(low|high)$", "", column)):
                    sure |= of in columns and bool({f"{of}_low", f"{of}_high"} & columns)
                if sure:
                    continue
                table_name = file.name.removesuffix(".parquet").rsplit("-0", 1)[0]
                path = f"{table_name}[].{column}"
                assert column in COUNTED or why(name, path) is not None, (name, path)
    assert seen > 200


DRAWN_WITHOUT = {
    "three-paths": "single paths, exact to the bit",
    "option-boundary-alone": WITHOUT["option"][r"boundary\[\]\.(buyer|supplier)_(alone|together)"],
}


def test_every_series_of_the_page_has_an_interval_or_a_reason(said: dict[str, Said], tmp_path: Path) -> None:
    answers = []
    for name, one in said.items():
        if isinstance(one.document, dict) and "verb" in one.document:
            (tmp_path / f"{name}.json").write_text(json.dumps(one.document))
            answers.append(tmp_path / f"{name}.json")
    assert len(answers) >= 9
    made = page.write_report(Path(said["run"].document["folder"]), tmp_path / "page.html", answers)
    bare_ones, seen = set(), 0
    for chart in made.charts:
        for series in chart.series:
            ends = list(
                zip(series.low or [None] * len(series.values), series.high or [None] * len(series.values), strict=True)
            )
            seen += 1
            if any(v is not None and end == (None, None) for v, end in zip(series.values, ends, strict=True)):
                bare_ones.add(re.sub(r"-\d+", "", chart.key))
    assert bare_ones == set(DRAWN_WITHOUT)
    assert seen > 40


def test_a_number_without_an_interval_is_found() -> None:
    assert list(bare({"pd": 0.1, "pd_low": 0.0, "pd_high": 0.2, "loss": 3.0})) == ["loss"]
    assert list(bare({"rows": [{"value": 1, "low": 0, "high": 2}, {"value": 1}]})) == ["rows[].value"]
    assert list(bare({"p5": 1, "p9": 2, "interval": {"p5": [0, 2]}})) == ["p9"]
    assert why("run", "runway.funded.p5") is None
