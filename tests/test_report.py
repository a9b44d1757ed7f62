"""The page of a run: what it says is what is stored, it loads nothing, and nothing in a scenario can do anything in it."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from pathlib import Path
from typing import Any

import chromium
import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner

from simulator import runner
from simulator.cli import main
from simulator.report import export, joined, lives, page, summary
from simulator.report.answer import greatest_loss, sentences
from simulator.report.charts.png import picture
from simulator.report.charts.specification import Chart, Series
from simulator.report.charts.svg import render
from simulator.report.ledger import accounts
from simulator.report.tables import as_csv, tables
from simulator.report.words import money, percent
from simulator.scenario.load import load
from simulator.store.folder import StoreError, read_table

HOSTILE = """format = 1
name = "hostile"
title = "</title><script>alert(1)</script><img src=x onerror=alert(2)> \\"' onload=alert(3)"
description = "--><svg/onload=alert(4)>"
[calendar]
start = "2026-11"
months = 24
[opening]
cash = "0.9B" # A: </code><script>alert(5)</script><style>body{display:none}</style>
[default]
floor = "0.1B"
[recovery]
unsecured = 0.4
secured = 0.7
[contracts.cmd]
counterparty = "=HYPERLINK(1)"
fee = "30M/mo" # F: "quoted # not a comment", a source
start = "2026-11"
end = "2028-06"
[flows.expense]
amount = "40M/mo"
[flows.income]
type = "random"
direction = "in"
amount = { normal = { mean = "40M/mo", sd = "60M/mo" } }
[comparison]
"=cmd|' /C calc'!A0<b>" = { 1 = "0.44 %" }
"@SUM(A1:A9)</svg><script>alert(6)</script>" = { 1 = "2.0 %" }
"""
ANSWER = {
    "schema": 1, "verb": "compare<script>alert(7)</script>", "paths": 1000, "seed": 1, "command": "simulator compare a b",
    "differences": [
        {"variant": "<img src=x onerror=alert(8)>", "pd": 0.01, "pd_low": 0.005, "pd_high": 0.02},
        {"variant": "=1+1", "pd": -0.02, "pd_low": -0.03, "pd_high": -0.01},
    ],
    "surface": [
        {"fee": fee, "notice": notice, "pd": fee * notice / 100, "pd_low": 0.0, "pd_high": 1.0}
        for fee in (1.0, 2.0) for notice in (1.0, 2.0, 3.0)
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def run(place: Path) -> Path:
    file = place / "hostile.toml"
    file.write_text(HOSTILE)
    folder = runner.run(load(file), paths=4000, out=place / "runs").folder
    assert folder is not None
    return folder


@pytest.fixture(scope="module")
def report(run: Path, place: Path) -> page.Report:
    answer = place / "answer"
    answer.mkdir()
    (answer / "document.json").write_text(json.dumps(ANSWER))
    return page.write_report(run, place / "page.html", [answer])


@pytest.fixture(scope="module")
def written(report: page.Report, place: Path) -> Path:
    assert report.charts
    return place / "page.html"


@pytest.fixture(scope="module")
def text(written: Path) -> str:
    return written.read_text(encoding="utf-8")


def table_of(text: str, key: str) -> dict[str, list[str]]:
    """Row head -> cells of the table beside a chart, as the page says them."""
    figure = re.search(rf'<figure data-chart="{key}".*?</figure>', text, re.S)
    assert figure, key
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", figure.group(), re.S)
    return {
        html.unescape(head): [html.unescape(c) for c in re.findall(r"<td>(.*?)</td>", cells)] for head, cells in rows
    }


def test_the_numbers_on_the_page_are_the_stored_numbers(text: str, run: Path) -> None:
    figures = json.loads((run / "manifest.json").read_text())["figures"]
    default = table_of(text, "default-probability")
    for row in figures["pd"]:
        assert f"{percent(row['value'])} ({percent(row['low'])} to {percent(row['high'])})" in default[row["label"]]
    months = read_table(run, "months").to_pydict()
    cash = table_of(text, "cash")
    for k, metric in enumerate(months["metric"]):
        if metric == "cash" and months["month"][k]:
            assert money(months["p50"][k]) in " ".join(cash[months["label"][k]])
            assert f"{money(months['p5'][k])} to {money(months['p95'][k])}" in cash[months["label"][k]]
    loss = figures["creditors"]["cmd"]["expected_loss"]
    said = f"{money(loss['value'])} ({money(loss['low'])} to {money(loss['high'])})"
    assert table_of(text, "loss-by-creditor")["cmd"] == [said]
    last = figures["pd"][-1]
    assert f"{percent(last['value'])}<".replace(" %", "\u00a0%") in text


def test_the_curves_of_the_runway_end_where_the_document_says(report: page.Report) -> None:
    (chart,) = (c for c in report.charts if c.key == "runway")
    for series, kind in zip(chart.series, ("unfunded", "funded"), strict=True):
        beyond = report.run.figures["runway"][kind]
        assert 1 - series.values[-1] == pytest.approx(beyond["share_beyond_horizon"], abs=1e-12)  # type: ignore[operator]
        assert 1 - series.low[-1] == pytest.approx(beyond["interval"]["share_beyond_horizon"][1], abs=1e-12)  # type: ignore


def test_causes_are_stacked_to_the_default_probability(report: page.Report) -> None:
    (chart,) = (c for c in report.charts if c.key == "default-probability")
    *causes, whole = chart.series
    assert np.allclose(np.sum([s.values for s in causes], axis=0), whole.values, atol=1e-12)


def test_many_paths_at_once_are_the_single_paths(run: Path) -> None:
    together = runner.replays(run, [17, 3, 2500])
    for replay in together:
        alone = runner.replay(run, replay.path)
        assert replay.row == alone.row
        for name, values in accounts(alone).items():
            assert np.array_equal(values, accounts(replay)[name]), name


def test_a_waterfall_adds_up_to_the_closing_cash(report: page.Report) -> None:
    found = {c.key: c for c in report.charts if c.key.startswith("waterfall")}
    assert set(found) == {"waterfall-median", "waterfall-failing"}
    for chart in found.values():
        *flows, closing = chart.series[0].values
        assert sum(x or 0.0 for x in flows) == pytest.approx(closing, abs=1.0)
    assert len(report.lives.failing) == lives.SAMPLE
    assert all(replay.row["end_month"] > 0 for replay in report.lives.failing)
    assert report.lives.shown["failure"].row["end_month"] > 0


def test_equal_runs_give_equal_pages(report: page.Report, text: str) -> None:
    again = page.Report(report.run.folder)
    again.parts = report.parts
    assert again.html() == text


def test_the_page_is_small_and_in_the_order_of_a_reader(text: str) -> None:
    assert len(text.encode()) < 2_000_000
    keys = [
        "default",
        "cash",
        "runway",
        "commitments",
        "years",
        "supplier",
        "money",
        "paths",
        "joined-1",
        "assumptions",
        "method",
    ]
    order = [text.index(f'<section id="{key}"') for key in keys]
    assert order == sorted(order)
    assert text.index('id="answer"') < order[0]


def test_the_first_sentences_say_how_likely_how_long_and_how_much_is_missing(report: page.Report) -> None:
    d = json.loads(json.dumps(report.run.figures))
    default, lasts, need = sentences(d)
    assert percent(d["pd"][-1]["value"]) in default
    low, high = d["runway"]["unfunded"]["interval"]["share_beyond_horizon"]
    assert f"{percent(low)} to {percent(high)}" in lasts
    p5 = d["runway"]["funded"]["p5"]
    assert f"at least until {d['pd'][p5 - 1]['label']}" in lasts
    low, high = d["peak_need"]["interval"]["p90"]
    assert f"it would take {money(d['peak_need']['p90'])} ({money(low)} to {money(high)}) more today" in need
    assert money(d["creditors"]["cmd"]["expected_loss"]["value"]) in greatest_loss(d)[0]
    text = report.html()
    assert "Of all creditors cmd stands to lose most" in text[text.index('<section id="supplier"') :]
    d["peak_need"] = {
        "p50": 0.0,
        "p90": 1e9,
        "p99": 3e12,
        "interval": {"p50": [0, 0], "p90": [0.9e9, 1.1e9], "p99": [2e12, 4e12]},
    }
    assert "suffices on half of the paths; it would take $1.00B ($900M to $1.10B) more" in sentences(d)[2]
    d["peak_need"]["interval"]["p50"] = [1e6, 2e6]
    assert "would take $0 ($1.00M to $2.00M) more today on half of the paths, and $1.00B ($900M" in sentences(d)[2]
    d["peak_need"]["interval"]["p90"] = [0, 0]
    assert "suffices on 90 of 100 paths" in sentences(d)[2]
    assert "T" not in sentences(d)[2].replace("To", "")  # the tail is no sum that anybody raises
    for runway in d["runway"].values():
        runway["p5"] = None
    assert "lasts beyond 2028-10, with the raises that are modelled and without them" in sentences(d)[1]
    assert any(t.name == "money" for t in tables(d))


def test_answers_of_other_verbs_are_drawn_by_the_shape_of_their_rows(report: page.Report, tmp_path: Path) -> None:
    found = {c.key: c for c in report.charts if c.key.startswith("compare")}
    kinds = sorted(c.kind for c in found.values())
    assert kinds == ["grid", "rows"]
    (grid,) = (c for c in found.values() if c.kind == "grid")
    assert [s.values for s in grid.series] == [[0.01, 0.02], [0.02, 0.04], [0.03, 0.06]]
    row = {"variant": "b", "value_low": 1.0, "value": 2.0, "value_high": 3.0}
    rows = [{**row, "figure": name, "unit": unit} for name, unit in (("pd(12)", "%"), ("pd(24)", "%"), ("raised", "$"))]
    part = joined.part({"schema": 1, "verb": "of another day", "differences": rows}, 1)
    assert [(c.unit, len(c.labels)) for c in part.charts] == [("share", 2), ("$", 1)]
    (tmp_path / "document.json").write_text('{"schema": 1}')
    with pytest.raises(StoreError, match="verb"):
        joined.read(tmp_path)


# --- files beside the page -----------------------------------------------------------------------------------------------


def test_charts_are_written_as_specification_svg_and_png(report: page.Report, tmp_path: Path) -> None:
    from xml.etree import ElementTree

    chosen = [c for c in report.charts if c.key in ("cash", "agency-default-rates")]
    files = export.charts(chosen, tmp_path)
    assert sorted(p.suffix for p in files) == [".json", ".json", ".png", ".png", ".svg", ".svg"]
    for chart in chosen:
        root = ElementTree.parse(tmp_path / f"{chart.key}.svg").getroot()
        assert {e.tag.rpartition("}")[2] for e in root.iter()} <= {
            "svg",
            "title",
            "style",
            "rect",
            "text",
            "path",
            "line",
            "circle",
            "desc",
            "g",
        }
        assert json.loads((tmp_path / f"{chart.key}.json").read_text())["labels"] == list(chart.labels)
        assert (tmp_path / f"{chart.key}.png").read_bytes().startswith(b"\x89PNG")


def test_a_png_has_the_texts_of_its_chart() -> None:
    def drawn(name: str) -> bytes:
        return picture(Chart("k", name, "rows", "$", ["row"], [Series("s", "dot", [1.0])]))

    assert drawn("one title") != drawn("other name")


@pytest.mark.parametrize("values", [[], [None, None], [0.0, 0.0], [1.0, None], [-1e12, 1e12], [5e-324, 1.0]])
@pytest.mark.parametrize("kind", ["months", "rows", "grid"])
def test_every_kind_of_chart_draws_whatever_there_is(kind: Any, values: list[float | None]) -> None:
    labels = [f"2027-{m + 1:02d}" for m in range(len(values))]
    for mark in ("area", "line", "bar", "dot", "band"):
        chart = Chart("k", "t", kind, "$", labels, [Series("s", mark, values, 0, values, values)], log=kind == "rows")  # type: ignore[arg-type]
        for width in (860, 380):
            assert "nan" not in render(chart, width)
            assert "inf" not in render(chart, width)


def test_no_cell_of_a_csv_file_or_workbook_is_a_formula(report: page.Report, tmp_path: Path) -> None:
    export.csv_files(report.run.figures, tmp_path)
    for file in tmp_path.glob("*.csv"):
        for row in csv.reader(io.StringIO(file.read_text(encoding="utf-8"))):
            for cell in row:
                try:
                    float(cell)
                except ValueError:
                    assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r")), (file, cell)
    assert "\n'=cmd|" in (tmp_path / "comparison.csv").read_text()
    book = openpyxl.load_workbook(export.excel(report.run.figures, tmp_path / "t.xlsx"))
    assert [sheet.title for sheet in book] == [t.name for t in tables(report.run.figures)]
    for sheet in book:
        assert all(cell.data_type in ("s", "n") for row in sheet.iter_rows() for cell in row)  # "f" would be a formula
    rows = list(book["pd"].iter_rows(min_row=2, values_only=True))
    assert [(r[0], r[2], r[5]) for r in rows] == [
        (p["month"], p["value"], p["count"]) for p in report.run.figures["pd"]
    ]
    assert book["comparison"]["A2"].value == "=cmd|' /C calc'!A0<b>"
    assert book["comparison"]["A2"].data_type == "s"


def test_numbers_of_a_csv_file_are_whole(report: page.Report) -> None:
    (pd,) = (t for t in tables(report.run.figures) if t.name == "pd")
    rows = list(csv.DictReader(io.StringIO(as_csv(pd.columns, pd.rows))))
    assert [float(r["pd"]) for r in rows] == [p["value"] for p in report.run.figures["pd"]]


# --- queries -------------------------------------------------------------------------------------------------------------


def call(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_a_query_counts_what_the_document_counts(run: Path, report: page.Report) -> None:
    found = json.loads(call("query", run, "select count(*) from paths where end_month > 0", "--json"))
    assert found["rows"] == [[report.run.figures["pd"][-1]["count"]]]
    assert "end_month" in call("query", run)
    assert call("query", run, "select '=1+1' as \"@a\"", "--csv") == "'@a\n'=1+1\n"


def test_a_query_reads_the_run_and_nothing_else(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "secret.csv"
    other.write_text("a\n1\n")
    for sql in (f"from read_csv('{other}')", f"copy (select 1) to '{tmp_path / 'x.csv'}'", "install httpfs", "selec 1",
                "set enable_external_access=true", f"attach '{tmp_path / 'd.db'}'"):  # fmt: skip
        assert "error" in call("query", run, sql, code=2), sql
    assert sorted(p.name for p in tmp_path.iterdir()) == ["secret.csv"]
    assert "no" in call("query", tmp_path, "select 1", code=4)


def test_the_examples_of_the_readme_of_results_run(run: Path) -> None:
    readme = (Path(__file__).parent.parent / "results" / "README.md").read_text(encoding="utf-8")
    examples = re.findall(r"```sql\n(.*?)```", readme, re.S)
    assert len(examples) >= 6
    for sql in examples:
        if "from failing" in sql:
            continue  # of rare-event runs: test_rare_runs.py
        sql = sql.replace("NAME", "cmd")
        found = json.loads(call("query", run, sql, "--json"))
        assert found["rows"], sql


def test_the_command_writes_what_it_says(run: Path, tmp_path: Path) -> None:
    out = json.loads(
        call(
            "report",
            run,
            "--out",
            tmp_path / "p.html",
            "--csv",
            tmp_path / "csv",
            "--excel",
            tmp_path / "t.xlsx",
            "--json",
        )
    )
    assert all(Path(p).stat().st_size for p in out["files"])
    assert out["bytes"] == (tmp_path / "p.html").stat().st_size
    assert "not a run" in call("report", tmp_path, code=4)


# --- terminal ------------------------------------------------------------------------------------------------------------


def figures_with_many_contracts(report: page.Report) -> dict[str, Any]:
    figures = dict(report.run.figures)
    (contract,) = figures["contracts"].values()
    figures["contracts"] = {f"a_contract_with_a_long_name_{k}": contract for k in range(30)}
    figures["title"] = "A long title " * 12
    return {**figures, "folder": "results/x"}


@pytest.mark.parametrize("width", [80, 60, 40])
@pytest.mark.parametrize("plain", [False, True])
def test_the_summary_fits_its_terminal(report: page.Report, width: int, plain: bool) -> None:
    lines = list(summary.lines(figures_with_many_contracts(report), plain, width))
    assert max(map(len, lines)) <= width
    if width == 80:
        steps = list(summary.next_steps("results/hostile-0123456789ab"))
        assert len(lines) + 2 + len(steps) <= 40
        assert any("more contracts" in line for line in lines)
    if plain:
        assert all(line.isascii() for line in lines)


def test_colours_change_no_letter(report: page.Report) -> None:
    for n, line in enumerate(summary.lines(report.run.figures)):
        assert re.sub("\x1b\\[[0-9]*m", "", summary.colored(line, n == 0)) == line


def test_a_pipe_gets_no_colours_and_says_what_to_run_next(run: Path) -> None:
    shown = call("show", run)
    assert "\x1b" not in shown
    assert f"next: simulator report {run}" in shown


# --- in a real browser ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "theme"), [(1200, "light"), (1200, "dark"), (390, "light")])
def test_the_page_loads_nothing_and_complains_of_nothing(
    browser: chromium.Browser, report: page.Report, written: Path, width: int, theme: str
) -> None:
    browser.open(written, width, 900, theme)
    assert browser.requests == [(written).resolve().as_uri()]
    assert browser.complaints == []
    assert browser.run("document.documentElement.scrollWidth") <= width
    shown = browser.run(
        "[...document.querySelectorAll('figure')].map(f => [...f.querySelectorAll('svg')].filter(s => "
        "s.getBoundingClientRect().width > 100 && s.querySelectorAll('path,rect,circle').length > 2).length)"
    )
    assert shown == [1] * len(report.charts)
    ink, paper = browser.run("(s => [s.color, s.backgroundColor])(getComputedStyle(document.body))")
    assert contrast(ink, paper) >= 7.0
    muted = browser.run("getComputedStyle(document.querySelector('.note')).color")
    assert contrast(muted, paper) >= 4.5
    fills = browser.run(
        "[...new Set([...document.querySelectorAll('svg [class^=f-]')].map(e => getComputedStyle(e).fill))]"
    )
    assert len(fills) >= 4
    assert all(contrast(fill, paper) >= 3.0 for fill in fills)


def contrast(a: str, b: str) -> float:
    """WCAG 2.2, contrast ratio."""

    def luminance(color: str) -> float:
        parts = [int(x) / 255 for x in re.findall(r"\d+", color)[:3]]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_nothing_of_a_scenario_becomes_part_of_the_page(browser: chromium.Browser, written: Path) -> None:
    browser.open(written)
    assert browser.run("document.scripts.length") == 1
    assert browser.run("document.querySelectorAll('img,iframe,object,embed,base,form').length") == 0
    assert (
        browser.run(
            "[...document.querySelectorAll('*')].flatMap(e => [...e.attributes]).filter(a => a.name.startsWith('on')).length"
        )
        == 0
    )
    assert "<script>alert(1)</script>" in browser.run("document.title")
    assert "<script>alert(5)</script>" in browser.run("document.getElementById('assumptions').textContent")


def test_a_standing_alone_svg_runs_nothing(browser: chromium.Browser, report: page.Report, tmp_path: Path) -> None:
    (chart,) = (c for c in report.charts if c.key == "agency-default-rates")
    file = tmp_path / "chart.svg"
    file.write_text(render(chart, standalone=True), encoding="utf-8")
    browser.open(file)
    assert browser.complaints == []
    assert browser.run("document.querySelectorAll('script').length") == 0


def test_the_theme_and_the_tables_can_be_switched(browser: chromium.Browser, written: Path) -> None:
    browser.open(written)
    paper = "getComputedStyle(document.body).backgroundColor"
    light = browser.run(paper)
    browser.click("#theme")
    assert browser.run(paper) != light
    assert browser.run("document.getElementById('theme').textContent") == "Light"
    browser.click("#theme")
    assert browser.run(paper) == light
    table = "document.querySelector('figure[data-chart=cash] table').checkVisibility()"
    assert browser.run(table) is False
    browser.click("figure[data-chart=cash] summary")
    assert browser.run(table) is True


@pytest.mark.parametrize(
    ("key", "row"), [("default-probability", 23), ("waterfall-failing", 0), ("sources-and-uses", 0)]
)
def test_hovering_shows_the_value_and_interval_of_the_table(
    browser: chromium.Browser, report: page.Report, written: Path, key: str, row: int
) -> None:
    browser.open(written)
    x, y = browser.run(
        f"(() => {{const f = document.querySelector('figure[data-chart={key}]');"
        "const s = [...f.querySelectorAll('svg')].find(s => s.getBoundingClientRect().width > 0);"
        "s.scrollIntoView({block: 'center', behavior: 'instant'}); const b = s.getBoundingClientRect(), d = s.dataset,"
        f"k = b.width / s.viewBox.baseVal.width, i = {row};"
        "return d.kind == 'rows' ? [b.x + b.width / 2, b.y + (+d.top + d.height * (i + .5) / d.n) * k] :"
        "[b.x + (+d.left + d.width * (d.kind == 'bars' ? (i + .5) / d.n : i / (d.n - 1))) * k, b.y + b.height / 2]})()"
    )
    browser.move(x, y)
    tip = browser.run("document.querySelector('.tip').textContent")
    (chart,) = (c for c in report.charts if c.key == key)
    label, *cells = chart.table()[1][row]
    assert tip.startswith(label)
    assert all(cell in tip for cell in cells if cell != "-")


def test_the_keyboard_reads_a_chart_aloud(browser: chromium.Browser, report: page.Report, written: Path) -> None:
    browser.open(written)
    browser.run("document.querySelector('figure[data-chart=cash] svg.wide').focus()")
    browser.key("ArrowRight")
    browser.key("ArrowRight")
    (chart,) = (c for c in report.charts if c.key == "cash")
    assert browser.run("document.querySelector('figure[data-chart=cash] .sr').textContent").startswith(chart.labels[1])
    assert browser.run("document.querySelectorAll('figure').length") == browser.run(
        "document.querySelectorAll('figure table').length"
    )


def test_the_page_prints_on_a4(browser: chromium.Browser, written: Path, tmp_path: Path) -> None:
    browser.open(written, theme="dark")
    browser.printed(tmp_path / "page.pdf")
    data = (tmp_path / "page.pdf").read_bytes()
    boxes = {tuple(round(float(x)) for x in found.split()) for found in re.findall(rb"/MediaBox \[([^\]]*)\]", data)}
    assert boxes == {(0, 0, 595, 842)}


def test_without_scripts_the_page_says_the_same(text: str) -> None:
    body = re.sub(r"<script>.*?</script>", "", text, flags=re.S)
    assert 'id="theme" type="button" hidden' in body
    assert body.count("<figure") == body.count('<details class="values"><summary>Table')


def test_the_hash_of_the_policy_is_that_of_the_script(text: str) -> None:
    import base64
    import hashlib

    (script,) = re.findall(r"<script>(.*?)</script>", text, re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text
