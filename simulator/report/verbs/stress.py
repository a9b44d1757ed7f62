"""Each shock beside the scenario as it is, the worst first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulator.report.charts.specification import Chart, Ledger, Reference
from simulator.report.rows import Row, apart, capital, estimates, groups, named, unit_of, word, written
from simulator.report.verbs import Document, Piece

TITLE = "Under stress"
UNTOUCHED = "as it is"


def pieces(d: Document, key: str) -> Iterator[Piece]:
    base = {r["figure"]: r for r in d["base"]}
    titles = {r["stress"]: r["title"] for r in d["shocks"]}
    charts = []
    for figure, rows in groups(d["stresses"], "figure").items():
        unit = unit_of(figure, rows[0]["unit"])
        beyond = float(d["months"]) + 1.0  # a runway that does not end is the best there is
        every = [{**base[figure], "stress": UNTOUCHED}, *rows]
        told = [r for r in every if r["value"] is not None]
        told.sort(key=lambda r: -(r["value"] if unit != "months" else beyond - r["value"]))
        if len(told) < 2 or base[figure]["value"] is None:
            continue
        left = [r["stress"] for r in every if r["value"] is None]
        note = "The worst on top; the line is the scenario as it is. Whiskers: 95 %."
        charts.append(
            Chart(
                f"{key}-{word(figure)}",
                f"{capital(named(figure, d['step']))}, under each shock",
                "rows",
                unit,
                [r["stress"] for r in told],
                [estimates(named(figure, d["step"]), told, "value", "dot", 0)],
                "shock",
                [Reference(UNTOUCHED, base[figure]["value"])],
                note=note + (f" Beyond the horizon: {', '.join(left)}." if left else ""),
            )
        )
    yield from charts[:1]
    yield from ([*charts[k : k + 2]] for k in range(1, len(charts), 2))
    yield Ledger(
        "The shocks",
        ["shock", "what happens", ""],
        [[r["stress"], r["title"], r["note"] or ""] for r in d["shocks"]],
        words=True,
    )
    shown = list(base)
    rows_of = groups(d["stresses"], "stress")
    yield Ledger(
        "Changes against the scenario as it is",
        ["shock", *(named(f, d["step"]) for f in shown)],
        [[name, *(_change(rows, figure) for figure in shown)] for name, rows in rows_of.items()],
        wide=True,
        note="Paired on the same random numbers.",
    )
    if d.get("applied"):
        yield Ledger(
            "What each shock changes in the file",
            ["shock", "key", "before", "after"],
            [[titles.get(r["stress"], r["stress"]), r["key"], r["old"] or "-", r["new"] or "-"] for r in d["applied"]],
            wide=True,
            words=True,
        )


def _change(rows: Sequence[Row], figure: str) -> str:
    row = next((r for r in rows if r["figure"] == figure), None)
    return "-" if row is None else written(row, "difference", apart(unit_of(figure, row["unit"])))
