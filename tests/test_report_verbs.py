"""Answers of other verbs on the page and on a terminal: real documents, of small runs that other tests compile."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import chromium
import pytest
from click.testing import CliRunner
from test_failures import TEXT as FAILING
from test_sensitivity import TEXT as UNCERTAIN
from test_views_and_conditions import TEXT as VIEWED

from simulator.cli import bands, conditional, failures, main, reweight, sensitivity
from simulator.report import decisions, joined, option, page, rows, verbs
from simulator.report.charts.specification import Chart, Ledger
from simulator.report.decisions import gained
from simulator.report.terminal import fitted, table
from simulator.report.verbs.sweep import contour
from simulator.store.folder import StoreError

HERE = Path(__file__).parent
MINIMAL = HERE.parent / "scenarios" / "minimal.toml"
RIGHT = HERE / "evidence" / "termination_option_ou.toml"
FEW = ("--paths", 600)
COST, CASH = "flows.cost.amount", "opening.cash"


def call(*arguments: object) -> Any:
    result = CliRunner().invoke(main, [str(a) for a in (*arguments, "--json")])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("verbs")


@pytest.fixture(scope="module")
def run(place: Path) -> Path:
    file = place / "viewed.toml"
    file.write_text(VIEWED)
    return Path(call("run", file, "--paths", 2000, "--out", place / "runs")["folder"])


@pytest.fixture(scope="module")
def documents(place: Path, run: Path) -> dict[str, Any]:
    for name, text in (("failing", FAILING), ("uncertain", UNCERTAIN)):
        (place / f"{name}.toml").write_text(text)
    changes = ("--set", f"{COST}=1.5M/mo", "--set", f"{CASH}=18M")
    return {
        "compare": call("compare", MINIMAL, *changes, "--controls", *FEW),
        "sweep": call("sweep", MINIMAL, "--over", f"{CASH}=4M,10M,20M,40M", *FEW),
        "sweep two": call("sweep", MINIMAL, "--over", f"{COST}=1M/mo..2M/mo:3", "--over", f"{CASH}=2M..38M:4", *FEW),
        "solve": call("solve", MINIMAL, "--vary", "raise", "--vary", COST, "--until", "pd(24) <= 5%", *FEW),
        "stress": call("stress", MINIMAL, *FEW),
        "sensitivity": call("sensitivity", place / "uncertain.toml", "--by", 10, "--paths", 2048),
        "failures": call("failures", place / "failing.toml", "--paths", 2000),
        "bands": call("bands", place / "viewed.toml", "--budget", 8192),
        "conditional": call("conditional", run, "--given", "input.opening.cash < 0.1B", "--at", 6),
        "reweight": call("reweight", run, "--view", "share(input.opening.cash < 0.1B) = 60 %"),
        "option": call("option", RIGHT, "--paths", 1024, "--training-paths", 1024),
    }


@pytest.fixture(scope="module")
def report(documents: dict[str, Any], run: Path, place: Path) -> page.Report:
    files = []
    for name, document in documents.items():
        files.append(place / f"{name}.json")
        files[-1].write_text(json.dumps(document))
    return page.write_report(run, place / "page.html", files)


def charts(documents: dict[str, Any], name: str) -> dict[str, Chart]:
    return {c.key.partition("-1")[2].lstrip("-"): c for c in joined.part(documents[name], 1).charts}


# --- what is drawn -------------------------------------------------------------------------------------------------------


def test_every_verb_that_answers_has_a_drawing(documents: dict[str, Any]) -> None:
    sources = "".join(p.read_text() for p in (HERE.parent / "simulator" / "analysis").glob("*.py"))
    written = set(re.findall(r'\bdocument\(\s*"(\w+)"', sources))
    assert {d["verb"] for d in documents.values()} == written
    assert written <= set(verbs.known())
    for name in documents:
        part = joined.part(documents[name], 1)
        assert part.charts, name
        assert any(isinstance(piece, Ledger | str) for piece in part.pieces), name


def test_an_unknown_verb_still_gets_its_tables_and_a_damaged_answer_is_refused(documents: dict[str, Any]) -> None:
    odd = joined.part({**documents["stress"], "verb": "of another day"}, 1)
    assert {t.title for t in odd.pieces if isinstance(t, Ledger)} >= {"base", "shocks", "stresses"}
    lacking = {k: v for k, v in documents["stress"].items() if k != "base"}
    with pytest.raises(StoreError, match="not as stress writes it"):
        joined.part(lacking, 1)


def test_a_comparison_shows_differences_and_a_waterfall_that_adds_up(documents: dict[str, Any]) -> None:
    d = documents["compare"]
    found = charts(documents, "compare")
    shares = next(c for k, c in found.items() if k.endswith("difference-share"))
    told = [r for r in d["figures"] if r["unit"] == "1" and r["figure"].startswith("pd")]
    (series,) = shares.series
    assert list(series.values) == [r["difference"] for r in told]
    assert list(series.low or ()) == [r["difference_low"] for r in told]
    assert shares.table()[1][0][1].count("pp") == 3
    fall = next(c for k, c in found.items() if k.endswith("attribution"))
    first, *steps, last = fall.series[0].values
    assert sum(s or 0.0 for s in steps) == pytest.approx((last or 0.0) - (first or 0.0), abs=1e-12)
    assert set(fall.labels[1:-1]) == {r["key"] for r in d["attribution"] if r["value"]}
    titles = {p.title for p in joined.part(d, 1).pieces if isinstance(p, Ledger)}
    assert any(title.startswith("What changed") and title.endswith("2 keys") for title in titles)


def test_a_comparison_with_controls_shows_both_differences(documents: dict[str, Any]) -> None:
    ledgers = [p for p in joined.part(documents["compare"], 1).pieces if isinstance(p, Ledger)]
    (found,) = (p for p in ledgers if "control variates" in p.title)
    told = [r for r in documents["compare"]["figures"] if r["controlled_gain"] is not None]
    assert 0 < len(told) < len(documents["compare"]["figures"])
    assert [row[2] for row in found.rows] == [gained(r["controlled_gain"]) for r in told]
    (plain,) = (p for p in ledgers if p.title.endswith("in figures"))
    changes = {row[0]: row[3] for row in plain.rows}
    for row in found.rows:
        assert row[3] == changes[row[0]]
        assert row[1] != row[3]


def test_a_tornado_begins_at_the_base_and_has_the_widest_bar_on_top(documents: dict[str, Any]) -> None:
    d = documents["sensitivity"]
    tornado = charts(documents, "sensitivity")["tornado"]
    assert tornado.base == d["by"]["pd"]
    low, high = tornado.series
    wide = [abs((b or 0.0) - (a or 0.0)) for a, b in zip(low.values, high.values, strict=True)]
    assert wide == sorted(wide, reverse=True)
    rows_ = {r["name"]: r for r in d["inputs"]}
    for k, name in enumerate(tornado.labels):
        assert low.values[k] == rows_[name]["pd_at_low"]
        assert high.high is not None
        assert high.high[k] == rows_[name]["pd_at_high_high"]


def test_a_sweep_is_a_line_with_its_threshold_or_a_map_with_its_contour(documents: dict[str, Any]) -> None:
    line = charts(documents, "sweep")["pd-24-"]
    assert line.at == [4.0, 10.0, 20.0, 40.0]
    assert [r.value for r in line.references] == [0.05]
    crossing = documents["sweep"]["contour"]
    assert [(c.value, c.low, c.high) for c in line.crossings] == [(r[CASH], r["low"], r["high"]) for r in crossing]
    d = documents["sweep two"]
    heat = charts(documents, "sweep two")["pd-24-"]
    assert (len(heat.across), len(heat.labels)) == (3, 4)
    at = {(r[COST], r[CASH]): r for r in d["grid"] if r["figure"] == "pd(24)"}
    assert heat.series[1].values[2] == at[1.5, 26.0]["value"]
    assert heat.contour
    ends = {(round(1.0 + 0.5 * x, 9), round(2.0 + 12.0 * y, 9)) for piece in heat.contour for x, y in piece}
    assert ends <= {(round(r[COST], 9), round(r[CASH], 9)) for r in d["contour"]}


def test_a_contour_of_a_plane_is_its_line_and_a_saddle_has_two() -> None:
    xs, ys = [0.0, 1.0, 3.0], [0.0, 2.0, 3.0, 4.0]
    on = [{"x": 2.5 - y, "y": y} for y in ys if 0.0 <= 2.5 - y <= 3.0]  # x + y = 2.5 on the lines of the grid
    on += [{"x": x, "y": 2.5 - x} for x in xs if 0.0 <= 2.5 - x <= 4.0]
    lines = contour(on, "x", xs, "y", ys)

    def value(column: float, row: float) -> float:
        i, j = min(int(column), len(xs) - 2), min(int(row), len(ys) - 2)
        return xs[i] + (xs[i + 1] - xs[i]) * (column - i) + ys[j] + (ys[j + 1] - ys[j]) * (row - j)

    assert len(lines) == len(on) - 1
    assert all(value(*end) == pytest.approx(2.5) for line in lines for end in line)
    saddle = [{"x": 0.2, "y": 0.0}, {"x": 0.0, "y": 0.2}, {"x": 0.8, "y": 1.0}, {"x": 1.0, "y": 0.8}]
    assert contour(saddle, "x", [0.0, 1.0], "y", [0.0, 1.0]) == [
        ((0.0, 0.2), (0.2, 0.0)),
        ((0.8, 1.0), (1.0, 0.8)),
    ]


def test_shocks_stand_sorted_beside_the_scenario_as_it_is(documents: dict[str, Any]) -> None:
    d = documents["stress"]
    base = {r["figure"]: r["value"] for r in d["base"]}
    for key, chart in charts(documents, "stress").items():
        values = [v for v in chart.series[0].values if v is not None]
        ways = values if chart.unit == "months" else values[::-1]
        assert ways == sorted(values), key
        assert chart.references[0].value in base.values()


def test_levers_ways_and_rights_are_told_with_their_numbers(documents: dict[str, Any]) -> None:
    levers = next(p for p in joined.part(documents["solve"], 1).pieces if isinstance(p, Ledger))
    assert [row[0] for row in levers.rows] == ["raise", COST]
    raised = documents["solve"]["levers"][0]
    assert rows.amount(raised["answer"], raised["unit"]) in levers.rows[0][2]
    for number, chart in enumerate(charts(documents, "failures").values(), 1):
        one = documents["failures"]["archetypes"][number - 1]
        assert chart.facts[0][1] == rows.written(one, "share_of_failing", "share")
        sizes = [abs(v or 0.0) for v in chart.series[0].values]
        assert sizes == sorted(sizes, reverse=True)
    found = charts(documents, "option")
    (alone,) = documents["option"]["alone"]
    assert [s.values[0] for s in found["worth"].series] == [alone["lower"], alone["upper"], alone["by_ratio"]]
    boundary = found["boundary-alone"].series[-1]
    assert list(boundary.values) == [r["buyer_alone"] for r in documents["option"]["boundary"]]
    band = charts(documents, "bands")["band"]
    assert list(band.series[-1].values) == [r["pd"] for r in documents["bands"]["bands"]]
    for verb, names in (("conditional", ("pd_where", "pd_elsewhere")), ("reweight", ("pd_before", "pd_after"))):
        chart = charts(documents, verb)["default"]
        assert [s.values[-1] for s in chart.series] == [documents[verb]["pd"][-1][name] for name in names]


def test_figures_are_named_as_people_name_them() -> None:
    told = {
        "pd(24)": "default by month 24", "runway.p50": "runway, P50", "peak_need.p90": "peak funding need, P90",
        "expected_loss(xai)": "expected loss of xai", "runway.mean": "runway, mean",
    }  # fmt: skip
    assert {name: rows.named(name) for name in told} == told


# --- on a terminal -------------------------------------------------------------------------------------------------------

LINES: dict[str, Any] = {
    "compare": decisions.compared, "sweep": decisions.swept, "sweep two": decisions.swept, "solve": decisions.levers,
    "stress": decisions.shaken, "sensitivity": lambda d, w: sensitivity.lines(d, True, w),
    "failures": lambda d, _: failures.lines(d), "bands": bands.lines, "conditional": conditional.lines,
    "reweight": reweight.lines, "option": option.lines,
}  # fmt: skip


@pytest.mark.parametrize("verb", LINES)
def test_answers_fit_a_terminal_and_lose_no_number(documents: dict[str, Any], verb: str) -> None:
    whole = list(fitted(LINES[verb](documents[verb], None), None))
    numbers = set(re.findall(r"[-+$\d.,]+\d[BMTk]?", "\n".join(whole)))
    for width in (80, 60, 40):
        lines = list(fitted(LINES[verb](documents[verb], width), width))
        assert max(map(len, lines)) <= width, max(lines, key=len)
        assert numbers <= set(re.findall(r"[-+$\d.,]+\d[BMTk]?", "\n".join(lines)))


def test_columns_that_do_not_fit_go_on_below_beside_their_names() -> None:
    cells = [["a", "1" * 20, "2" * 20, "3" * 20], ["b", "4", "5", "6"]]
    one = list(table(["", "x", "y", "z"], cells, None))
    assert len(one) == 3
    assert list(table(["", "x", "y", "z"], cells, 100)) == one
    several = list(table(["", "x", "y", "z"], cells, 50))
    assert [line.split()[0] for line in several if line] == ["x", "a", "b", "z", "a", "b"]
    assert all(len(line) <= 50 for line in several)


# --- in a real browser ---------------------------------------------------------------------------------------------------

LAYOUT = """[...document.querySelectorAll('svg')].filter(s => s.getBoundingClientRect().width > 0).flatMap(s => {
  const bad = [], v = s.viewBox.baseVal, texts = [...s.querySelectorAll('text')].map(t => [t.textContent, t.getBBox()]);
  for (const [text, b] of texts)
    if (b.x < -1 || b.x + b.width > v.width + 1 || b.y < -1 || b.y + b.height > v.height + 1)
      bad.push(`${text} leaves the picture`);
  texts.forEach(([a, p], i) => texts.slice(i + 1).forEach(([b, q]) => {
    const across = Math.min(p.x + p.width, q.x + q.width) - Math.max(p.x, q.x);
    if (across > 2 && Math.min(p.y + p.height, q.y + q.height) - Math.max(p.y, q.y) > 4) bad.push(`${a} over ${b}`);
  }));
  return bad.map(b => s.querySelector('title').textContent + ': ' + b);
})"""
READ = """[...document.querySelectorAll('figure')].map(f => {
  const s = [...f.querySelectorAll('svg')].find(s => s.getBoundingClientRect().width > 0);
  const cells = [...f.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => c.textContent));
  const press = key => s.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
  s.focus(); press('End');
  const said = f.querySelector('p.sr').textContent, tip = f.querySelector('.tip'), last = cells.at(-1);
  const box = tip.getBoundingClientRect(), whole = f.getBoundingClientRect();
  const fits = box.left >= whole.left - 1 && box.right <= whole.right + 1;
  const wanted = s.dataset.kind === 'grid' ? [last[0], last.at(-1)] : last.filter(c => c !== '-');
  const missing = wanted.filter(c => !said.includes(c) || !tip.textContent.includes(c));
  press('Escape');
  return [f.dataset.chart, missing, fits, f.querySelector('.tip') === null];
})"""
NAMED = """[
  [...document.querySelectorAll('h1,h2,h3')].filter(h => h.offsetParent).map(h => +h.tagName[1]),
  [...document.querySelectorAll('svg')].filter(s => !s.querySelector(':scope > title')?.textContent
    || !s.querySelector(':scope > desc')?.textContent || s.getAttribute('role') !== 'img'
    || document.getElementById(s.getAttribute('aria-labelledby')) !== s.querySelector(':scope > title')).length,
  [...document.querySelectorAll('table')].filter(t => !t.caption?.textContent
    || [...t.querySelectorAll('th')].some(h => !h.scope)).length,
  new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size === document.querySelectorAll('[id]').length]"""


@pytest.mark.parametrize(("width", "theme"), [(1200, "light"), (1200, "dark"), (390, "light")])
def test_every_chart_keeps_inside_its_picture_and_is_read_by_keys(
    browser: chromium.Browser, report: page.Report, place: Path, width: int, theme: str
) -> None:
    browser.open(place / "page.html", width, 900, theme)
    assert browser.complaints == []
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.run(LAYOUT) == []
    read = browser.run(READ)
    assert len(read) == len(report.charts)
    assert [r for r in read if r[1:] != [[], True, True]] == []


@pytest.mark.usefixtures("report")
def test_headings_pictures_and_tables_say_what_they_are(browser: chromium.Browser, place: Path) -> None:
    browser.open(place / "page.html")
    headings, pictures, tables, unique = browser.run(NAMED)
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(headings))
    assert (pictures, tables, unique) == (0, 0, True)
    browser.run("document.querySelector('figure svg.wide').focus()")
    browser.key("ArrowRight")  # a key makes the focus one that is shown
    style = browser.run("(s => [s.outlineStyle, s.outlineWidth])(getComputedStyle(document.activeElement))")
    assert style == ["solid", "2px"]


def test_a_cell_of_a_map_is_told_where_the_pointer_is(
    browser: chromium.Browser, report: page.Report, place: Path
) -> None:
    (chart,) = (c for c in report.charts if c.kind == "grid" and c.contour)
    browser.open(place / "page.html")
    x, y = browser.run(
        f"(() => {{const s = document.querySelector('figure[data-chart={chart.key}] svg.wide');"
        "s.scrollIntoView({block: 'center', behavior: 'instant'}); const b = s.getBoundingClientRect(), d = s.dataset,"
        "k = b.width / s.viewBox.baseVal.width;"
        "return [b.x + (+d.left + d.width * 1.5 / d.columns) * k, b.y + (+d.top + d.height * 2.5 / d.n) * k]})()"
    )
    browser.move(x, y)
    tip = browser.run("document.querySelector('.tip').textContent")
    cells = chart.table()[1][2]
    assert tip == cells[0] + chart.across[1] + cells[2]


def test_paper_has_whole_charts_and_every_table(browser: chromium.Browser, report: page.Report, place: Path) -> None:
    browser.open(place / "page.html", 688)  # as wide as A4 between its margins
    browser.ask("Emulation.setEmulatedMedia", media="print")
    tables = browser.run("document.querySelectorAll('details.values table').length")
    assert tables >= len(report.charts)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run("document.querySelectorAll('#appendix table').length") == tables
    hidden = (
        "[...document.querySelectorAll('#appendix table')].filter(t => t.getBoundingClientRect().height < 20).length"
    )
    assert browser.run(hidden) == 0
    tall = "Math.max(...[...document.querySelectorAll('figure, .pair')].map(f => f.getBoundingClientRect().height))"
    assert browser.run(tall) < 1000  # A4 has 1001 between its margins
    assert browser.run(
        "[...document.querySelectorAll('figure')].every(f => getComputedStyle(f).breakInside === 'avoid')"
    )
    wide = "Math.max(...[...document.querySelectorAll('table')].map(t => t.getBoundingClientRect().right))"
    assert browser.run(wide) <= 700
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run("document.querySelectorAll('details.values table').length") == tables


def test_nothing_in_an_answer_becomes_part_of_the_page(
    browser: chromium.Browser, documents: dict[str, Any], run: Path, place: Path
) -> None:
    hostile = json.dumps(documents["stress"]).replace("funding-shut", "</svg><script>alert(1)</script><img src=x>")
    (place / "hostile.json").write_text(hostile.replace("Funding is shut", '\\" onload=alert(2) '))
    page.write_report(run, place / "hostile.html", [place / "hostile.json"])
    browser.open(place / "hostile.html")
    assert browser.complaints == []
    assert browser.run("[document.scripts.length, document.images.length]") == [1, 0]
    assert "<script>alert(1)</script>" in browser.run("document.querySelector('#joined-1').textContent")
