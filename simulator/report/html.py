"""Pieces of the page. Every text that comes from a scenario goes through `escape`."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from importlib.resources import files

from simulator.report.charts import palette
from simulator.report.charts.drawing import NARROW, WIDE, escape
from simulator.report.charts.specification import Chart, Ledger
from simulator.report.charts.svg import render


def figure(chart: Chart) -> str:
    """A chart for wide and for narrow screens, with its table."""
    heads, rows = chart.table()
    wide, narrow = (
        render(chart, width, name=f"{chart.key}-{name}").replace("<svg ", f'<svg class="{name}" ', 1)
        for name, width in (("wide", WIDE), ("narrow", NARROW))
    )
    note = f'<p class="note">{escape(chart.note)}</p>' if chart.note else ""
    card = "".join(f"<div><dt>{escape(what)}</dt><dd>{escape(value)}</dd></div>" for what, value in chart.facts)
    return (
        f'<figure data-chart="{escape(chart.key)}" aria-label="{escape(chart.title)}"><figcaption>'
        f"{escape(chart.title)}</figcaption>"
        + (f'<dl class="card">{card}</dl>' if card else "")
        + f'{wide}{narrow}{note}<p class="sr" aria-live="polite"></p>'
        f'<details class="values"><summary>Table</summary>{table(heads, rows, chart.title)}</details></figure>'
    )


def pair(charts: Iterable[Chart | None]) -> str:
    """Charts side by side where there is room."""
    there = [chart for chart in charts if chart is not None]
    if len(there) == 1:
        return figure(there[0])
    return f'<div class="pair">{"".join(figure(chart) for chart in there)}</div>' if there else ""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], label: str, kind: str = "") -> str:
    """The first column heads its row."""
    words = "words" in kind
    head = "".join(f'<th scope="col"{left(k)}>{escape(h)}</th>' for k, h in enumerate(heads))
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(_cell(cell, words) for cell in row[1:])}</tr>'
        for row in rows
    )
    return framed(f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>", label, kind)


def _cell(text: str, words: bool) -> str:
    """Among words, what is short stays on one line, and numbers keep their units."""
    if not words:
        return f"<td>{escape(text)}</td>"
    tied = escape(text).replace(" %", "\u00a0%").replace(" pp", "\u00a0pp")
    return f'<td class="n">{tied}</td>' if len(text) <= 14 else f"<td>{tied}</td>"


def framed(inside: str, label: str, kind: str = "") -> str:
    """A table that scrolls by itself, also by the keyboard, and says what it is."""
    return (
        f'<div class="scroll {kind}" tabindex="0" role="region" aria-label="{escape(label)}">'
        f'<table><caption class="sr">{escape(label)}</caption>{inside}</table></div>'
    )


def left(column: int) -> str:
    return ' class="left"' if column == 0 else ""


def shown(found: Ledger) -> str:
    """A table that is always open."""
    note = f'<p class="note">{escape(found.note)}</p>' if found.note else ""
    kind = "plain words" if found.words else "plain"
    inside = table(found.heads, found.rows, found.title, kind)
    return f'<div class="together"><h3>{escape(found.title)}</h3>{inside}{note}</div>'


def folded(found: Ledger) -> str:
    note = f'<p class="note">{escape(found.note)}</p>' if found.note else ""
    return (
        f'<details class="{"values" if found.printed else "screen"}"><summary>{escape(found.title)}</summary>'
        f"{table(found.heads, found.rows, found.title, 'words' if found.words else '')}{note}</details>"
    )


APPENDIX = (  # filled by page.js when the page is printed; without scripts the tables are printed where they stand
    '<section id="appendix" aria-labelledby="h-appendix"><h2 id="h-appendix">Appendix: the values of the charts</h2></section>'
)


def document(title: str, header: str, sections: Sequence[tuple[str, str, str]], footer: str) -> str:
    """The whole page; sections are (id, heading, body). It may load nothing: the policy at its head forbids it."""
    style, script = css(), (files("simulator.report") / "page.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src '{_hash(script)}'; img-src data:; base-uri 'none'"
    )
    links = "".join(f'<li><a href="#{key}">{escape(name)}</a></li>' for key, name, _ in sections if name)
    body = "".join(
        f'<section id="{key}" aria-labelledby="h-{key}"><h2 id="h-{key}">{escape(name)}</h2>{html}</section>'
        if name else f'<section class="answer" id="{key}" aria-label="The answer">{html}</section>'
        for key, name, html in sections
    )  # fmt: skip
    answer, _, rest = body.partition("</section>")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="referrer" content="no-referrer">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{style}</style></head><body>'
        f'<a class="skip" href="#main">To the answer</a><header>{header}</header><main id="main">{answer}</section>'
        f'<nav aria-label="Contents"><ol>{links}</ol></nav>{rest}{APPENDIX}</main><footer>{footer}</footer>'
        f"<script>{script}</script></body></html>\n"
    )


def css() -> str:
    light, dark = palette.declared(palette.LIGHT), palette.declared(palette.DARK)
    return (
        f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"
        f":root[data-theme=light]{{color-scheme:light;{light}}}:root[data-theme=dark]{{color-scheme:dark;{dark}}}"
        f"@media print{{:root,:root[data-theme]{{{light}}}}}"
        + palette.variables()
        + (files("simulator.report") / "page.css").read_text(encoding="utf-8").replace("\n", "")
    )


def _hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
