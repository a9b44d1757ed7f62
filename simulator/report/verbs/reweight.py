"""As simulated, and with the views."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.report.charts.specification import Chart, Ledger
from simulator.report.rows import estimates, worded, written
from simulator.report.verbs import Document, Piece

TITLE = "With a view imposed"


def pieces(d: Document, key: str) -> Iterator[Piece]:
    views = "; ".join(
        f"{v['view']} (it was {v['before']:.4g}, {v['before_low']:.4g} to {v['before_high']:.4g})" for v in d["views"]
    )
    yield f"{views}. {d['effective_paths']:,.0f} of {d['paths']:,} paths carry it."
    rows = d["pd"]
    labels = [f"{d['step']} {r['month']}" for r in rows]
    yield Chart(
        f"{key}-default",
        "Default probability before and after",
        "rows",
        "share",
        labels,
        [
            estimates("as simulated", rows, "pd_before", "dot", 0),
            estimates("with the views", rows, "pd_after", "dot", 1),
        ],
        "by",
        note="The same paths with other weights, as near to the old ones as the views allow. Whiskers: 95 %.",
    )
    means = d["means"]
    if means:
        yield Chart(
            f"{key}-means",
            "Means before and after",
            "rows",
            "$",
            [worded(r["figure"]) for r in means],
            [
                estimates("as simulated", means, "value_before", "dot", 0),
                estimates("with the views", means, "value_after", "dot", 1),
            ],
            "mean of",
        )
    yield Ledger(
        "Before and after",
        ["", "as simulated", "with the views"],
        [
            *(
                [f"default by {text}", written(r, "pd_before", "share"), written(r, "pd_after", "share")]
                for text, r in zip(labels, rows, strict=True)
            ),
            *(
                [f"mean {worded(r['figure'])}", written(r, "value_before", "$"), written(r, "value_after", "$")]
                for r in means
            ),
        ],
        wide=True,
    )
