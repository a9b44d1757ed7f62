"""The default probability as a curve with a band: what is not known of the inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulator.report.charts.specification import Chart, Ledger, Series
from simulator.report.rows import Row, estimates, numbers, written
from simulator.report.verbs import Document, Piece

TITLE = "What is not known of the inputs"


def pieces(d: Document, key: str) -> Iterator[Piece]:
    rows = d["bands"]
    last = rows[-1]
    yield (
        f"Given the uncertain inputs, the default probability by {last['label']} lies between "
        f"{written(last, 'pd_p5', 'share')} and {written(last, 'pd_p95', 'share')} for nine in ten draws of them; "
        f"over everything it is {written(last, 'pd', 'share')}. No number of paths narrows that band."
    )
    band = [
        Series(
            f"P{a} to P{b} of the inputs",
            "band",
            numbers(rows, "pd_p50"),
            0,
            _floor(rows, f"pd_p{a}"),
            _floor(rows, f"pd_p{b}"),
            opacity=o,
        )
        for a, b, o in ((5, 95, 0.25), (25, 75, 0.5))
    ]
    low, high = _floor(rows, "pd_p50_low"), _floor(rows, "pd_p50_high")
    median = Series("median input", "line", _floor(rows, "pd_p50"), 1, low, high)
    labels = [r["label"] for r in rows]
    note = (
        f"{d['outer']:,} draws of the inputs, {d['inner']:,} paths each; noise of the paths is taken out of the band."
    )
    if len(rows) > 1:
        yield Chart(
            f"{key}-band",
            "Default probability over the uncertain inputs",
            "months",
            "share",
            labels,
            [*band, median, estimates("over everything", rows, "pd", "line", "ink")],
            d["step"],
            note=note,
        )
    else:
        yield Chart(
            f"{key}-band",
            "Default probability over the uncertain inputs",
            "rows",
            "share",
            labels,
            [Series(s.name, "dot", s.values, k, s.low, s.high) for k, s in enumerate(band)],
            d["step"],
            note=note,
        )
    every = [r for r in rows if r["month"] % 12 == 0 or r is last] if len(rows) > 12 else rows
    quantiles = [q for q in (5, 25, 50, 75, 95) if f"pd_p{q}" in last]
    yield Ledger(
        "The band with its own intervals",
        ["by", "over everything", *(f"P{q}" for q in quantiles)],
        [[r["label"], written(r, "pd", "share"), *(written(r, f"pd_p{q}", "share") for q in quantiles)] for r in every],
        wide=True,
    )


def _floor(rows: Sequence[Row], column: str) -> list[float | None]:
    """What the correction for noise pushes below nought is nought."""
    return [None if v is None else max(0.0, v) for v in numbers(rows, column)]
