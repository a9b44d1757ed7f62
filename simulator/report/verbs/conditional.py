"""Where a condition holds and where it does not; from breach to default; what warns of it; what lacking money does."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.report.charts.specification import Chart, Ledger, Reference
from simulator.report.rows import estimates, groups, worded, written
from simulator.report.verbs import Document, Piece

TITLE = "Given what happened"
WARNINGS = 8


def pieces(d: Document, key: str) -> Iterator[Piece]:
    shares = {r["figure"]: written(r, "share", "share") for r in d["shares"]}
    if d["given"] is not None:
        yield f"“{d['given']}” holds on {shares['condition_holds']} of all paths."
        rows = [r for r in d["pd"] if r["pd_where"] is not None or r["pd_elsewhere"] is not None]
        yield Chart(
            f"{key}-default",
            f"Default probability where “{d['given']}” holds, and elsewhere",
            "rows",
            "share",
            [f"{d['step']} {r['month']}" for r in rows],
            [
                estimates("where it holds", rows, "pd_where", "dot", 1),
                estimates("elsewhere", rows, "pd_elsewhere", "dot", 0),
            ],
            "by",
            note="A comparison of paths, not an effect: what else differs between them differs here too. "
            "Whiskers: 95 %.",
        )
    waits = [w for w in d["months_from_breach_to_default"] if w["months"] is not None]
    then = ", ".join(f"{w['quantile'].upper()} {written(w, 'months', '')}" for w in waits)
    yield (
        f"The liquidity covenant is breached on {shares['breached']} of all paths"
        + (f", and {shares['default_given_breach']} of those default" if "default_given_breach" in shares else "")
        + (f"; {d['step']}s until then: {then}." if then else ".")
    )
    charts = []
    for month, rows in groups(d["early_warning"], "month").items():
        best = sorted((r for r in rows if r["auc"] is not None), key=lambda r: -r["auc"])[:WARNINGS]
        if best:
            charts.append(
                Chart(
                    f"{key}-warning-{month}",
                    f"At {d['step']} {month}: what tells who defaults within a year",
                    "rows",
                    "share",
                    [f"{worded(r['figure'])} ({r['worse']} is worse)" for r in best],
                    [estimates("AUC", best, "auc", "dot", 0)],
                    "figure",
                    [Reference("a coin", 0.5)],
                    note=f"Area under the ROC curve; {best[0]['failing']:,} paths default within the year. 100 % would tell all.",
                    base=0.5,
                )
            )
    yield from ([*charts[k : k + 2]] for k in range(0, len(charts), 2))
    if d["early_warning"]:
        yield Ledger(
            "Early warnings",
            ["figure", "at", "AUC", "worse", "lift of the worst tenth"],
            [
                [
                    worded(r["figure"]),
                    f"{d['step']} {r['month']}",
                    written(r, "auc", "share"),
                    r["worse"],
                    written(r, "lift", ""),
                ]
                for r in d["early_warning"]
            ],
            wide=True,
        )
    for month, rows in groups(d["without_money"], "month").items():
        told = [r for r in rows if r["pd_without"] is not None and r["pd_with"] is not None]
        if told:
            yield Chart(
                f"{key}-without-{month}",
                f"Default within a year after {d['step']} {month}, without and with money so far",
                "rows",
                "share",
                [worded(r["source"]) for r in told],
                [
                    estimates("none of it has come", told, "pd_without", "dot", 1),
                    estimates("some has come", told, "pd_with", "dot", 0),
                ],
                "money from",
                note="Of the paths that stand. "
                + "; ".join(f"{worded(r['source'])}: none on {written(r, 'without', 'share')}" for r in told)
                + ".",
            )
