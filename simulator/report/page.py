"""`simulator report`: one offline HTML file from a finished run, in the order in which a reader asks."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from simulator import runner
from simulator.quantities.number import Uncertain
from simulator.report import assumptions, joined, lives, pictures
from simulator.report.answer import greatest_loss, horizons, interval, sentences
from simulator.report.charts.drawing import escape
from simulator.report.charts.specification import Chart, Ledger
from simulator.report.html import document, figure, folded, framed, left, pair, shown, table
from simulator.report.rows import capital, named
from simulator.report.stored import StoredRun
from simulator.report.tables import tables
from simulator.report.words import percent

MONTH = re.compile(r"\b\d{4}-(?:\d\d|Q\d)\b")


class Report:
    """A finished run and what is joined to it. Raises StoreError for a folder that holds neither."""

    def __init__(self, folder: Path, with_: Sequence[Path] = ()) -> None:
        self.run = StoredRun(folder)
        self.scenario = runner.from_manifest(self.run.manifest)
        self.parts = [joined.part(joined.read(one), k + 1) for k, one in enumerate(with_)]

    @cached_property
    def lives(self) -> lives.Lives:
        return lives.relive(self.run)

    @cached_property
    def floor(self) -> float | None:
        floor = self.scenario.default.floor
        if isinstance(floor, Uncertain):
            return float(floor.draw(np.array([0.5]))[0])
        return None if floor is None else float(floor)

    @cached_property
    def sections(self) -> list[tuple[str, str, list[Chart | list[Chart] | Ledger | str]]]:
        """(id, heading, pieces). A list of charts stands side by side; text is HTML already."""
        run = self.run
        found: list[tuple[str, str, list[Any]]] = [
            ("default", "How likely is default, and why", [pictures.default_probability(run), pictures.agencies(run)]),
            ("cash", "Cash", [pictures.cash(run, self.floor), pictures.low_cash(run, self.floor), self._need()]),
            ("runway", "How long the money lasts", [pictures.runway(run), self._table("runway")]),
            ("commitments", "What is promised", [*pictures.commitments(run)[:1], pictures.exposures(run),
                                                 pictures.commitments(run)[1:], self._table("contracts")]),
            ("years", "Sources and uses of cash", [pictures.sources_and_uses(run, self.lives.receipts),
                                                   self._table("fiscal_years")]),
            ("funding", "Funding", [pictures.funding(run), self._table("funding")]),
            ("supplier", "The supplier's view", [*map(_worded, greatest_loss(run.figures)), pictures.losses(run),
                                                 pictures.creditors(run), self._table("creditors")]),
            ("money", "Where the money goes", [lives.waterfalls(self.lives)]),
            ("paths", "Three single paths", [lives.cash_chart(run, self.lives, self.floor), *self._ledgers()]),
        ]  # fmt: skip
        for k, part in enumerate(self.parts):
            found.append(
                (
                    f"joined-{k + 1}",
                    part.title,
                    [f'<p class="facts">{escape(part.facts)}</p>', *(_worded(piece) for piece in part.pieces)],
                )
            )
        found.append(("assumptions", "Assumptions", [self._assumptions()]))
        found.append(("method", "Method, limits, and how to make this again", [self._method()]))
        kept = [(key, name, [p for p in pieces if p is not None and p != []]) for key, name, pieces in found]
        return [(key, name, pieces) for key, name, pieces in kept if pieces]

    @cached_property
    def charts(self) -> list[Chart]:
        """Every chart of the page, in its order."""
        found: list[Chart] = []
        for _, _, pieces in self.sections:
            for piece in pieces:
                found += [piece] if isinstance(piece, Chart) else piece if isinstance(piece, list) else []
        return found

    def html(self) -> str:
        """The page."""
        parts = [("answer", "", self._answer())]
        for key, name, pieces in self.sections:
            parts.append((key, name, "".join(_drawn(piece) for piece in pieces)))
        return document(self.run.title, self._header(), parts, self._footer())

    # --- pieces ---

    def _table(self, name: str) -> Ledger | None:
        hidden = ("first", "last", "restricted_mean")
        return next((t.written(hidden) for t in tables(self.run.figures) if t.name == name and t.rows), None)

    def _need(self) -> Ledger | None:
        """The table of needs with its figures named as people name them."""
        found = self._table("money")
        if found is None:
            return None
        told = [[capital(named(f"{row[0]}.{row[1]}")), *row[2:]] for row in found.rows]
        return replace(found, heads=["figure", *found.heads[2:]], rows=told)

    def _header(self) -> str:
        d = self.run.figures
        facts = (
            f"{d['paths']:,} simulated paths of {d['months']} {self.run.step}s, {d['pd'][0]['label']} to {d['pd'][-1]['label']}; "
            "ranges in brackets are 95 % intervals of the simulation, not of the assumptions"
        )
        about = self._description()
        return (
            '<div class="eyebrow"><span>Runway and default risk</span><button id="theme" type="button" hidden '
            f'aria-label="Light or dark">Dark</button></div><h1>{escape(self.run.title)}</h1>'
            + (f"<p>{escape(about)}</p>" if about else "")
            + f'<p class="facts">{_tied(escape(facts))}.</p>'
        )

    def _description(self) -> str:
        try:
            return str(tomllib.loads(self.run.manifest["scenario"]["text"]).get("description", ""))
        except tomllib.TOMLDecodeError:  # a scenario that was made in Python
            return ""

    def _answer(self) -> str:
        d = self.run.figures
        told = "".join(f"<p>{_tied(escape(sentence))}</p>" for sentence in sentences(d))
        tiles = ""
        for m in horizons(d):
            row = d["pd"][m - 1]
            seen, between = _told(row)
            tiles += (
                f"<div><dt>Default by {escape(row['label'])}</dt><dd>{_tied(seen)}"
                f"<small>{_tied(between)}</small></dd></div>"
            )
        invalid = (
            f'<p class="warn">{d["not_a_number"]:,} paths ended as not-a-number and enter no figure.</p>'
            if d["not_a_number"]
            else ""
        )
        return f'{told}<dl class="tiles">{tiles}</dl>{invalid}'

    def _ledgers(self) -> Iterator[Ledger | str]:
        for name, replay in self.lives.shown.items():
            yield (
                f"<p>{escape(lives.described(name, replay))}. <code>simulator replay "
                f"{escape(self.run.folder.name)} --path {replay.path}</code></p>"
            )
            yield lives.ledger_table(f"Ledger of the {name}", replay)

    def _assumptions(self) -> str:
        stored = self.run.manifest["scenario"]
        listed = assumptions.resolved(stored, self.scenario)
        several = len({a.file for a in listed}) > 1
        rows = "".join(
            f'<tr><th scope="row"><code>{escape(a.key)}</code>'
            + (f"<small>{escape(a.meaning)}</small>" if a.meaning else "")
            + f"</th><td><code>{escape(a.value)}</code></td><td>{escape(a.unit)}</td><td>"
            + (f'<span class="grade" title="{assumptions.GRADES[a.grade]}">{a.grade}</span>' if a.grade else "")
            + f"</td><td>{escape(a.source)}</td>"
            + (f"<td>{escape(Path(a.file).stem)}</td>" if several else "")
            + "</tr>"
            for a in listed
        )
        told = ""
        bases = stored.get("bases", [])
        for file, text in [(stored["file"], stored["text"]), *((b["file"], b["text"]) for b in bases[::-1])]:
            head = "\n".join(escape(line) for line in assumptions.head(text).splitlines())
            if head and file == stored["file"]:
                told += f"<pre>{head}</pre>"
            elif head:
                summary = f"What {escape(Path(file).name)} says of itself"
                told += f'<details class="values"><summary>{summary}</summary><pre>{head}</pre></details>'
        grades = ", ".join(f"{k} {v}" for k, v in assumptions.GRADES.items())
        heads = ("key and meaning", "value", "unit", "grade", "source or reason", *(("file",) if several else ()))
        cells = "".join(f'<th scope="col"{left(k)}>{h}</th>' for k, h in enumerate(heads))
        inside = framed(
            f"<thead><tr>{cells}</tr></thead><tbody>{rows}</tbody>",
            "Assumptions",
            f"plain words assumed{' several' if several else ''}",
        )
        return (
            f'{told}<p class="note">Every key as the run took it{", with the file that says so" if several else ""}, and the '
            f"comment beside it there. Keys that are not listed have the program's defaults. Grades: {grades}.</p>{inside}"
        )

    def _method(self) -> str:
        m, d = self.run.manifest, self.run.figures
        run, scenario = m["run"], m["scenario"]
        again = f"simulator run {shlex.quote(scenario['file'])} --paths {run['paths']} --seed {run['seed']}"
        told = ("run.paths", "run.seed")  # said already
        set_ = [one for one in scenario.get("settings", []) if one.partition("=")[0].strip() not in told]
        again += "".join(f" --set {shlex.quote(one)}" for one in set_)
        made = ", ".join(f"{name} {version}" for name, version in m["made_with"].items())
        facts = [
            ("scenario", scenario["name"]), ("scenario SHA-256", scenario["sha256"]), ("paths", f"{run['paths']:,}"),
            ("seed", str(run["seed"])), ("stream version", str(run["streams"])), ("made with", made),
            *((p["file"], f"{p['rows']:,} rows, SHA-256 {p['sha256']}") for p in m["parts"][:6]),
        ]  # fmt: skip
        if len(m["parts"]) > 6:
            facts.append((f"{len(m['parts']) - 6} more files", "in the manifest"))
        return (
            "<p>Each path is one history of revenue, the price of compute, the funding market "
            "and the decisions of both sides, drawn at random "
            f"{escape(self.run.step)} by {escape(self.run.step)}; all cash goes through one "
            "ledger. Default comes when a claim stays unpaid, or liquidity below the "
            "floor, for longer than its cure. Shares have Wilson intervals, means normal ones, "
            "quantiles those of order statistics, all at 95 % and "
            "pointwise.</p><p>The intervals say how exactly the simulation knows its own answer. "
            "They do not say whether the assumptions are right: where "
            "an assumption is wrong, every figure here is wrong with it. The runway's P5 and "
            "liquidity's P5 are bad tails; the peak need's P90 and P99 are.</p>"
            f"<p>The same figures again:</p><pre><code>{escape(again)}</code></pre>"
            f'<div class="words">{table(["what", "which"], facts, "Identity of the run", "plain")}</div>'
            + (f"<p>{d['not_a_number']} paths are not a number.</p>" if d["not_a_number"] else "")
        )

    def _footer(self) -> str:
        m = self.run.manifest
        return (
            f"Made by simulator {escape(m['made_with']['simulator'])} from the run {escape(m['scenario']['sha256'][:12])}. "
            "This file loads nothing from anywhere."
        )


def _told(row: dict[str, Any]) -> tuple[str, str]:
    """A default probability and its interval, without powers of ten."""
    if not row["count"]:
        return "none seen", f"at most {percent(row['high'])}"
    if row["value"] < 1e-5:
        return f"{1e6 * row['value']:.2g} in a million", f"{1e6 * row['low']:.2g} to {1e6 * row['high']:.2g}"
    return percent(row["value"]), interval(row)


def _tied(text: str) -> str:
    """Numbers and their percent signs, and months, on one line; the text is escaped already."""
    return MONTH.sub(r'<span class="n">\g<0></span>', text.replace(" %", "\u00a0%"))


def _worded(piece: Any) -> Any:
    """A sentence of a verb as a paragraph; everything else as it is."""
    return f"<p>{_tied(escape(piece))}</p>" if isinstance(piece, str) else piece


def _drawn(piece: Any) -> str:
    draw: Callable[[Any], str] = figure if isinstance(piece, Chart) else pair if isinstance(piece, list) else str
    if isinstance(piece, Ledger):
        draw = folded if piece.wide else shown
    return draw(piece)


def write_report(folder: str | Path, out: str | Path, with_: Sequence[str | Path] = ()) -> Report:
    """Write the page of a finished run, one HTML file, joined by the answers of other verbs (folders with a `document.json`).

    The result has `charts` (specifications, drawn by report/export.py) and the stored `run`. Raises StoreError (no finished run,
    no such answer), OSError (the file cannot be written).
    """
    report, out = Report(Path(folder), [Path(one) for one in with_]), Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(report.html(), encoding="utf-8")
    return report
