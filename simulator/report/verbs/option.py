"""What the right to leave is worth, between its bounds; what leaving does to default; the price at which to leave."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.report.charts.specification import Chart, Ledger, Reference, Series
from simulator.report.rows import estimates, groups, numbers, worded, written
from simulator.report.verbs import Document, Piece
from simulator.report.words import percent

TITLE = "What the right to leave is worth"


def pieces(d: Document, key: str) -> Iterator[Piece]:
    t = d["training"]
    yield (
        f"The right to leave contracts.{d['contract']}, in dollars at the opening, discounted at {percent(d['discount_rate'])} a "
        f"year: {d['paths']:,} paths; decisions fitted on {t['paths']:,} others."
    )
    sides = [r["side"] for r in d["alone"]]
    if sides:
        gaps = "; ".join(f"{r['side']} {percent(r['gap'])}" for r in d["alone"])
        yield Chart(
            f"{key}-worth",
            "Worth of the right while the other side stays",
            "rows",
            "$",
            sides,
            [
                estimates("at least (a policy that reaches it)", d["alone"], "lower", "dot", 0),
                estimates("at most (dual bound)", d["alone"], "upper", "dot", 1),
                estimates("by the price ratio alone", d["alone"], "by_ratio", "dot", 4),
            ],
            "side",
            note=f"The true worth lies between the two bounds. Gap between them: {gaps}. Whiskers: 95 %.",
        )
        yield Ledger(
            "The bounds",
            ["side", "notice", "first notice", "at least", "at most", "gap", "by the price ratio", "R²"],
            [
                [
                    r["side"],
                    f"{r['notice']} {d['step']}s",
                    r["first"],
                    written(r, "lower", "$"),
                    written(r, "upper", "$"),
                    percent(r["gap"]),
                    written(r, "by_ratio", "$"),
                    f"{r['r_squared']:.2f}",
                ]
                for r in d["alone"]
            ],
            words=True,
        )
    rules = [
        r for r in d["rules"] if any(r[side] or r[f"{side}_low"] or r[f"{side}_high"] for side in ("buyer", "supplier"))
    ]
    if rules:
        yield Chart(
            f"{key}-rules",
            "Gain of each side against nobody leaving, by rule",
            "rows",
            "$",
            [r["rule"] for r in rules],
            [estimates("buyer", rules, "buyer", "dot", 0), estimates("supplier", rules, "supplier", "dot", 1)],
            "rule",
            note="Runs on the same paths. Whiskers: 95 %.",
        )
        yield Ledger(
            "Who leaves",
            ["rule", "left by the buyer", "by the supplier", "gain of the buyer", "of the supplier"],
            [
                [
                    r["rule"],
                    written(r, "left_by_buyer", "share"),
                    written(r, "left_by_supplier", "share"),
                    written(r, "buyer", "$"),
                    written(r, "supplier", "$"),
                ]
                for r in d["rules"]
            ],
            words=True,
        )
    labels = groups(d["pd"], "label")
    charts = []
    for label, rows in labels.items():
        charts.append(
            Chart(
                f"{key}-default-{label}",
                f"Default by {label}, by rule",
                "rows",
                "share",
                [r["rule"] for r in rows],
                [estimates("default probability", rows, "pd", "dot", 0)],
                "rule",
                note="Whiskers: 95 %; the changes, paired on the same paths, have narrower ones and stand in the table below.",
            )
        )
    yield from ([*charts[k : k + 2]] for k in range(0, len(charts), 2))
    if d["pd"]:
        yield Ledger(
            "Default by rule, and its change against nobody leaving",
            ["rule", "by", "default probability", "change"],
            [
                [r["rule"], label, written(r, "pd", "share"), written(r, "change", "points")]
                for label, rows in labels.items()
                for r in rows
            ],
            wide=True,
        )
    yield from _boundary(d, key)


def _boundary(d: Document, key: str) -> Iterator[Piece]:
    rows = d["boundary"]
    if not rows:
        return
    names = [name for name in rows[0] if name.startswith(("buyer", "supplier"))]
    labels = [r["label"] for r in rows]
    for way, colors in (("alone", (0, 1)), ("together", (0, 1))):
        lines = [
            Series(
                f"{name.split('_')[0]} leaves {'below' if name.startswith('buyer') else 'above'}",
                "line",
                numbers(rows, name),
                colors[0] if name.startswith("buyer") else colors[1],
            )
            for name in sorted(names)
            if name.endswith(way)
        ]
        if not lines:
            continue
        middle = numbers(rows, "ratio_p50")
        band = Series(
            "price ratio P5 to P95",
            "band",
            middle,
            7,
            numbers(rows, "ratio_p5"),
            numbers(rows, "ratio_p95"),
            opacity=0.15,
        )
        title = "while the other side stays" if way == "alone" else "when both may leave"
        yield Chart(
            f"{key}-boundary-{way}",
            f"Market price over the contract's at which to leave, {title}",
            "months",
            "",
            labels,
            [band, estimates("median ratio", rows, "ratio_p50", "line", "muted"), *lines],
            d["step"],
            [Reference("equal", 1.0)],
            note="Fitted on other paths; a gap is a month in which it is never worth it."
            + (
                ""
                if way == "alone"
                else f" {worded(d['order']).capitalize()}; where the lines fall together one side or the other leaves."
            ),
        )
