"""A tornado, the shares of the variance, and what a standard deviation of a shock changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.report.charts.specification import Chart, Ledger, Reference, Series
from simulator.report.rows import Row, estimates, written
from simulator.report.verbs import Document, Piece

TITLE = "What moves the answer"
BARS = 16


def pieces(d: Document, key: str) -> Iterator[Piece]:
    by, inputs = d["by"], d["inputs"]
    yield " ".join(d["in_words"])
    wide = [r for r in inputs if r["pd_at_low"] is not None and r["pd_at_high"] is not None]
    wide.sort(key=lambda r: -abs(r["pd_difference"] or 0.0))
    moving = [r for r in wide if r["pd_difference"]][:BARS] or wide[:BARS]
    if moving:
        yield Chart(
            f"{key}-tornado",
            f"Default by {by['label']} with one input at its low and at its high end",
            "rows",
            "share",
            [r["name"] for r in moving],
            [
                estimates("at its low end", moving, "pd_at_low", "bar", 0),
                estimates("at its high end", moving, "pd_at_high", "bar", 1),
            ],
            "input",
            base=by["pd"],
            references=[Reference("as the scenario is", by["pd"])],
            note="Bars begin at the default probability of the scenario as it is; the widest first. Whiskers: 95 %. "
            + "Ends of an uncertain input are its P10 and its P90. "
            + (f"{len(inputs) - len(moving)} more inputs stand in the table." if len(inputs) > len(moving) else ""),
        )
    told = [r for r in moving if r["total"] is not None or r["first_order"] is not None]
    vague = [r for r in told if r["first_order_low"] == 0.0 and r["first_order_high"] == 1.0]  # no bound at all
    settled = 2 * len(vague) < len(told)
    shared = d["explained"]["share"] is not None
    if told:
        yield Chart(
            f"{key}-indices",
            "Share of the variance of default that hangs on an input",
            "rows",
            "share",
            [r["name"] for r in told],
            [
                _capped("total: with everything it works together with", told, "total", 1),
                *([_capped("Shapley: its share", told, "shapley", 2)] if shared else []),
                _capped("first order: by itself", told, "first_order", 0, settled),
            ],
            "input",
            note="Sobol indices of default by the month; totals may add up to more than 100 %"
            + ("; Shapley shares add up to what all inputs explain together." if shared else ".")
            + ("" if settled else " So few defaults settle no first-order index; they stand in the table.")
            + _rest(d["explained"]["share"]),
        )
    if inputs:
        yield Ledger(
            "All inputs",
            [
                "input",
                "low end",
                "high end",
                "default at low end",
                "default at high end",
                "change",
                "first order",
                "Shapley",
                "total",
            ],
            [_row(r) for r in inputs],
            wide=True,
        )
    slopes = [(r, "shock") for r in d["shocks"]] + [(r, "input") for r in inputs if r["pd_slope_per_sd"] is not None]
    slopes.sort(key=lambda s: -abs(s[0]["pd_slope_per_sd"] or 0.0))
    if slopes:
        rows = [r for r, _ in slopes[:BARS]]
        yield Chart(
            f"{key}-shocks",
            f"Change of default by {by['label']} if a shock is one standard deviation higher throughout",
            "rows",
            "points",
            [r["name"] for r in rows],
            [estimates("change", rows, "pd_slope_per_sd")],
            "shock",
            note="The derivative at the scenario as it is; Gaussian shocks of every month, and Gaussian inputs.",
        )


def _capped(name: str, rows: list[Row], column: str, color: int, drawn: bool = True) -> Series:
    """Indices below nought are noise of the estimator: they are drawn at nought and the table says so."""
    clean: list[dict[str, Any]] = [
        {c: None if r[c] is None else max(0.0, r[c]) for c in (column, f"{column}_low", f"{column}_high")} for r in rows
    ]
    return estimates(name, clean, column, "dot", color, drawn=drawn)


def _rest(explained: float | None) -> str:
    return "" if explained is None else f" {100 * (1 - explained):.0f} % hangs on no input: monthly shocks and events."


def _row(r: Row) -> list[str]:
    at = ["-" if x is None else f"{x:.4g} {r['unit']}".strip() for x in (r["low"], r["high"])]
    total = written(r, "total", "share") if r["total"] is not None else (r.get("why_no_total") or "-")
    return [
        r["name"],
        *at,
        written(r, "pd_at_low", "share"),
        written(r, "pd_at_high", "share"),
        written(r, "pd_difference", "points"),
        written(r, "first_order", "share"),
        written(r, "shapley", "share"),
        total,
    ]
