"""The summary tables of a run as rows of plain values: for CSV files, a workbook and the page."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.report.charts.specification import Ledger, ranged, writer

Value = str | int | float | None


@dataclass(frozen=True)
class Table:
    """`units` by column; an estimate `x` stands as `x`, `x_low`, `x_high` (95 %)."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]
    units: Mapping[str, str]
    title: str = ""

    def written(self, without: Sequence[str] = ()) -> Ledger:
        """As people read it: `value (low to high)`."""
        at = {c: k for k, c in enumerate(self.columns)}
        heads = [c for c in self.columns if not c.endswith(("_low", "_high")) and c not in without]
        rows = []
        for row in self.rows:
            cells = []
            for c in heads:
                write, value = writer(self.units.get(c, "")), row[at[c]]
                text = (
                    value
                    if isinstance(value, str)
                    else "-"
                    if value is None
                    else f"{value:,}"
                    if isinstance(value, int)
                    else write(value)
                )
                low, high = (row[at[f"{c}{end}"]] if f"{c}{end}" in at else None for end in ("_low", "_high"))
                if (
                    low is not None
                    and high is not None
                    and isinstance(low, int | float)
                    and isinstance(high, int | float)
                ):
                    text = ranged(text, write(low), write(high))
                cells.append(text)
            rows.append(cells)
        return Ledger(self.title or self.name, [h.replace("_", " ") for h in heads], rows)


def tables(d: Mapping[str, Any]) -> list[Table]:
    """All summary tables of a document of `run --json`."""
    found = [
        _pd(d),
        _causes(d),
        _runway(d),
        _money(d),
        _cash(d),
        _years(d),
        _funding(d),
        _contracts(d),
        _creditors(d),
        _comparison(d),
    ]
    return [table for table in found if table.rows]


def _columns(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def _three(e: Mapping[str, Any] | None) -> tuple[Value, Value, Value]:
    return (None, None, None) if e is None else (e["value"], e["low"], e["high"])


def _inside(row: Mapping[str, Any], key: str) -> tuple[Value, Value, Value]:
    """A figure whose interval stands in its row's `interval`."""
    low, high = row["interval"].get(key, (None, None))
    return row[key], low, high


def _pd(d: Mapping[str, Any]) -> Table:
    rows = [(r["month"], r["label"], *_three(r), r["count"]) for r in d["pd"]]
    return Table("pd", ("month", "label", *_columns("pd"), "paths"), rows, {"pd": "share"}, "Default probability")


def _causes(d: Mapping[str, Any]) -> Table:
    rows = [(name, *_three(c), c["count"]) for name, c in d["causes"].items()]
    return Table("causes", ("cause", *_columns("share"), "paths"), rows, {"share": "share"}, "Causes of default")


def _runway(d: Mapping[str, Any]) -> Table:
    quantiles = [q for q in d["runway"]["funded"] if q.startswith("p") and q[1:].isdigit()]
    columns = [
        "runway",
        *(c for q in quantiles for c in _columns(q)),
        *_columns("share_beyond_horizon"),
        *_columns("restricted_mean"),
    ]
    rows = []
    for kind, r in d["runway"].items():
        row: list[Value] = [kind]
        for key in (*quantiles, "share_beyond_horizon", "restricted_mean"):
            row += _inside(r, key)
        rows.append(tuple(row))
    units = {"share_beyond_horizon": "share"}
    return Table("runway", tuple(columns), rows, units,
                 f"Runway: {d.get('step', 'month')} in which the money ends (-: beyond the horizon; P5 is bad)")  # fmt: skip


def _money(d: Mapping[str, Any]) -> Table:
    rows: list[tuple[Value, ...]] = []
    for figure in ("peak_need", "lowest_liquidity"):
        rows += [(figure, q, *_inside(d[figure], q)) for q in d[figure] if q != "interval"]
    for figure in ("cash_flow_at_risk", "raised"):
        rows.append((figure, "value" if figure == "cash_flow_at_risk" else "mean", *_three(d[figure])))
    title = (
        "Need and liquidity: money lacking at the opening (P90, P99 are bad), lowest liquidity (P5 is bad), "
        "first-year cash flow at risk"
    )
    return Table("money", ("figure", "statistic", *_columns("value")), rows, {"value": "$"}, title)


def _cash(d: Mapping[str, Any]) -> Table:
    quantiles = [
        q for q in (d["cash"][0] if d["cash"] else {}) if q == "mean" or (q.startswith("p") and q[1:].isdigit())
    ]
    columns = ("month", "label", *(c for q in quantiles for c in _columns(q)))
    rows = [(r["month"], r["label"], *(x for q in quantiles for x in _inside(r, q))) for r in d["cash"]]
    return Table("cash", columns, rows, dict.fromkeys(quantiles, "$"), "Cash")


def _years(d: Mapping[str, Any]) -> Table:
    flows = [c for c in ("revenue", "receipts", "paid", "raised") if d["fiscal_years"] and c in d["fiscal_years"][0]]
    columns = (
        "fiscal_year",
        "first",
        "last",
        *(c for f in flows for c in _columns(f)),
        *_columns("cash"),
        *_columns("pd"),
    )
    rows = [
        (f"FY{y['year']}", y["first"], y["last"], *(x for f in flows for x in _inside(y, f)), *_three(y["cash"]),
         *_three(y["pd"]))
        for y in d["fiscal_years"]
    ]  # fmt: skip
    units = {**dict.fromkeys(flows, "$"), "cash": "$", "pd": "share"}
    return Table("fiscal_years", columns, rows, units, "By fiscal year")


def _funding(d: Mapping[str, Any]) -> Table:
    funding = d.get("funding") or {}
    rows: list[tuple[Value, ...]] = []
    for event, f in funding.items():
        if event != "dilution" and f is not None:
            rows.append((event.replace("_", " "), *_three(f["mean"]), *_three(f["share_of_paths"])))
    columns = ("event", *_columns("mean_a_path"), *_columns("share_of_paths"))
    return Table("funding", columns, rows, {"share_of_paths": "share"}, "Events of funding")


def _contracts(d: Mapping[str, Any]) -> Table:
    money = ("firm", "headline", "paid", "stranded")
    columns = (
        "contract",
        *(c for k in money for c in _columns(k)),
        *_columns("buyer_leaves"),
        *_columns("supplier_leaves"),
    )
    rows = []
    for name, c in d["contracts"].items():
        row: list[Value] = [name]
        for key in money:
            row += _inside(c, key)
        rows.append((*row, *_three(c["terminated"]["buyer"]), *_three(c["terminated"]["supplier"])))
    units = {**dict.fromkeys(money, "$"), "buyer_leaves": "share", "supplier_leaves": "share"}
    return Table(
        "contracts",
        columns,
        rows,
        units,
        "Contracts: owed now, paid and stranded by the horizon, notices by the horizon",
    )


def _creditors(d: Mapping[str, Any]) -> Table:
    columns = ("creditor", *_columns("exposure_at_default"), *_columns("given_default"), *_columns("expected_loss"))
    rows = []
    for name, c in d.get("creditors", {}).items():
        e = c["exposure_at_default"]
        rows.append((name, *_three(e["mean"]), *_three(e["given_default"]), *_three(c["expected_loss"])))
    return Table("creditors", columns, rows, dict.fromkeys(("exposure_at_default", "given_default", "expected_loss"), "$"),
                 "Creditors: exposure at default over all paths and over those in default, expected loss")  # fmt: skip


def _comparison(d: Mapping[str, Any]) -> Table:
    rows = [(name, int(y), rate) for name, rates in d.get("comparison", {}).items() for y, rate in rates.items()]
    return Table(
        "comparison", ("name", "years", "default_rate"), rows, {"default_rate": "share"}, "Default rates for comparison"
    )


# --- CSV -----------------------------------------------------------------------------------------------------------------

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula (OWASP, "CSV Injection"): those that would be begin with an apostrophe."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def as_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Comma-separated, numbers with all their digits, nothing for what there is none of."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\r\n")
    write.writerow([harmless(c) for c in columns])
    for row in rows:
        write.writerow(
            [
                "" if x is None else harmless(x) if isinstance(x, str) else repr(x) if isinstance(x, float) else x
                for x in row
            ]
        )
    return out.getvalue()
