"""The charts of a run, each from its stored numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from simulator.estimate import intervals
from simulator.report.charts.palette import SIZE
from simulator.report.charts.specification import Chart, Reference, Series
from simulator.report.stored import Row, StoredRun

MOST = 6  # colours in a stack; what is smaller goes together


def ranked(sizes: dict[str, float], most: int = MOST) -> tuple[list[str], list[str]]:
    """The names with the largest sizes, and the others that are not nought."""
    there = sorted((name for name, size in sizes.items() if size > 0), key=lambda name: -sizes[name])
    return (there, []) if len(there) <= most + 1 else (there[:most], there[most:])


def total(rows: Sequence[Sequence[float | None]]) -> list[float | None]:
    return [sum(x or 0.0 for x in month) for month in zip(*rows, strict=True)]


Span = tuple[Sequence[float | None], Sequence[float | None], Sequence[float | None]]  # values, low and high ends


def together(name: str, mark: Any, spans: Sequence[Span], color: int | str) -> Series:
    """A sum as a series. It is as uncertain as its parts together: right where they move as one, cautious elsewhere."""
    values, low, high = (total([span[k] for span in spans]) for k in range(3))
    return Series(name, mark, values, color, low, high)


def stack(rows: dict[str, Span], mark: Any = "area", most: int = MOST) -> list[Series]:
    """Stacked series, the largest at the bottom."""
    shown, rest = ranked({name: sum(abs(x or 0.0) for x in row[0]) for name, row in rows.items()}, most)
    found = [Series(name, mark, rows[name][0], k % SIZE, *rows[name][1:]) for k, name in enumerate(shown)]
    if rest:
        found.append(together(f"{len(rest)} others", mark, [rows[name] for name in rest], 7))
    return found


def _after(row: Row, statistic: str = "mean") -> list[float | None]:
    """Months 1 … M."""
    return row[statistic][1:]


def _spanned(row: Row, first: int = 0) -> Span:
    """Means with their intervals, from a month on."""
    return row["mean"][first:], row["low"][first:], row["high"][first:]


def default_probability(run: StoredRun) -> Chart:
    """PD by month, its causes stacked."""
    metrics = run.metrics
    causes = {name.removeprefix("pd:"): _spanned(row, 1) for name, row in metrics.items() if name.startswith("pd:")}
    pd = metrics["pd"]
    whole = Series("default by any cause", "line", _after(pd), "ink", _after(pd, "low"), _after(pd, "high"))
    seen = {name: row for name, row in causes.items() if row[0][-1]}
    return Chart("default-probability", f"Share of paths in default by {run.step}, by cause", "months", "share",
                 run.labels[1:], [*stack(seen), whole], run.step,
                 note="The line is the sum of the causes; its shade is the 95 % interval.")  # fmt: skip


def agencies(run: StoredRun) -> Chart | None:
    """The same at the ends of years beside default rates that the scenario gives for comparison."""
    told = run.figures["comparison"]
    year = 4 if run.step == "quarter" else 12
    years = sorted({int(y) for rates in told.values() for y in rates if int(y) * year <= run.months})
    if not years:
        return None
    at = [run.figures["pd"][y * year - 1] for y in years]
    series = [
        Series("this run", "dot", [p["value"] or None for p in at], "bad", [p["low"] or None for p in at],
               [p["high"] for p in at])
    ]  # fmt: skip
    for k, (name, rates) in enumerate(list(told.items())[:7]):
        series.append(Series(name, "tick", [rates.get(str(y)) for y in years], k % SIZE))
    return Chart("agency-default-rates", "Beside average default rates by rating", "rows", "share",
                 [f"{y} year{'s' if y > 1 else ''}" for y in years], series, "after", log=True,
                 note="Logarithmic scale. Averages of many rated companies: no target, and no rating of this one.")  # fmt: skip


def cash(run: StoredRun, floor: float | None) -> Chart:
    row = run.metrics["cash"]
    middle = row["p50"][1:]
    series = [
        Series("P1 to P99", "band", middle, 0, row["p1"][1:], row["p99"][1:], drawn=False),
        Series("P5 to P95", "band", middle, 0, row["p5"][1:], row["p95"][1:], opacity=0.25),
        Series("P25 to P75", "band", middle, 0, row["p25"][1:], row["p75"][1:], opacity=0.5),
        Series("median", "line", middle, "ink", row["p50_low"][1:], row["p50_high"][1:]),
    ]
    lines = [] if floor is None else [Reference("floor", floor)]
    return Chart("cash", f"Cash by {run.step}", "months", "$", run.labels[1:], series, run.step, lines,
                 note="Pointwise quantiles over all paths, those in default at their frozen balance.")  # fmt: skip


def low_cash(run: StoredRun, floor: float | None) -> Chart:
    """The bad tail on a scale of its own."""
    row = run.metrics["cash"]
    series = [
        Series(name, "line", row[q][1:], color, row[f"{q}_low"][1:], row[f"{q}_high"][1:])
        for name, q, color in (("P25", "p25", 0), ("P5", "p5", 4), ("P1 (bad tail)", "p1", "bad"))
    ]
    lines = [] if floor is None else [Reference("floor", floor)]
    return Chart("cash-low", f"Cash by {run.step}: the bad tail", "months", "$", run.labels[1:], series, run.step, lines,
                 note="One path in four, in twenty and in a hundred has less.")  # fmt: skip


def runway(run: StoredRun) -> Chart:
    """The share of paths whose money has ended, with and without uncommitted money."""
    paths, months = run.paths, run.months
    valid = paths["cause"] != 1
    end = np.where(paths["cause"] > 1, paths["end_month"].astype(np.int64), months + 1)
    breach = paths["shadow_breach_month"].astype(np.int64)
    unfunded = np.minimum(np.where(breach > 0, breach, months + 1), end)
    series = []
    for name, month, color in (
        ("unfunded: only what is committed", unfunded, 1),
        ("funded: with money raised", end, 0),
    ):
        n = int(valid.sum())
        counts = np.bincount(month[valid], minlength=months + 2)[: months + 1].cumsum()[1:]
        shares = [intervals.share(int(c), n) for c in counts]
        value, low, high = zip(*shares, strict=True)
        series.append(Series(name, "step", value, color, low, high))
    return Chart("runway", f"Share of paths whose money has ended by {run.step}", "months", "share", run.labels[1:],
                 series, run.step, note="Early is bad; what the curves do not reach lies beyond the horizon.")  # fmt: skip


def _of_contracts(run: StoredRun, metric: str, first: int = 0) -> dict[str, Span]:
    return {name: _spanned(row, first) for (name, found), row in run.contracts.items() if found == metric}


def commitments(run: StoredRun) -> list[Chart]:
    """Dues, exposures, and what is paid for and not used or used and not under contract."""
    due = _of_contracts(run, "due", 1)
    if not due:
        return []
    found = [
        Chart("commitments-due", f"Commitments due by {run.step}", "months", "$/mo", run.labels[1:], stack(due), run.step,
              note=f"Mean over all paths, in $ a {run.step}; nought after a default."),
        Chart("exposure", "Owed under contracts: to the end of the terms, and firm", "months", "$", run.labels,
              [together("headline: to the end of every term", "line", list(_of_contracts(run, "headline").values()), 0),
               together("firm: if notice were given now", "line", list(_of_contracts(run, "firm").values()), 1)],
              run.step, note="Mean over all paths, all contracts together."),
    ]  # fmt: skip
    series = []
    idle = _of_contracts(run, "stranded", 1)
    if idle:
        series.append(together("stranded: paid and not used", "line", list(idle.values()), 1))
    for metric, name, color in (("overflow", "overflow: bought on the market", 0), ("unserved", "unserved", 3)):
        row = run.metrics.get(metric)
        if row is not None and any(row["mean"][1:]):
            series.append(Series(name, "line", _after(row), color, _after(row, "low"), _after(row, "high")))
    if any(any(s.values) for s in series):
        found.append(Chart("stranded-overflow", "Too much and too little: stranded capacity and overflow", "months", "$/mo",
                           run.labels[1:], series, run.step,
                           note=f"Means over all paths, $ a {run.step} at the reference price."))  # fmt: skip
    return found


def exposures(run: StoredRun) -> Chart | None:
    """Headline and firm exposure of each contract now."""
    rows = sorted(run.figures["contracts"].items(), key=lambda c: -(c[1]["headline"] or 0.0))[:14]
    if not rows:
        return None
    series = [
        Series("headline", "bar", [c["headline"] for _, c in rows], 5, [c["interval"]["headline"][0] for _, c in rows],
               [c["interval"]["headline"][1] for _, c in rows]),
        Series("firm", "dot", [c["firm"] for _, c in rows], 1, [c["interval"]["firm"][0] for _, c in rows],
               [c["interval"]["firm"][1] for _, c in rows]),
    ]  # fmt: skip
    return Chart(
        "exposure-by-contract", "Exposure now, by contract", "rows", "$", [n for n, _ in rows], series, "contract"
    )


GROUPS = {  # how accounts go together; the first that fits
    "account:operations.collections": "revenue collected", "account:treasury.interest": "interest on cash",
    "account:compute.overflow": "compute bought on the market", "account:operations.": "cost of sales",
    "account:tax": "tax", "account:treasury": "treasury",
}  # fmt: skip


def account_group(slot: str) -> str:
    """A name that a reader knows for an account of the ledger."""
    slot = slot if slot.startswith("account:") else f"account:{slot}"
    for prefix, name in GROUPS.items():
        if slot.startswith(prefix):
            return name
    parts = slot.removeprefix("account:").split(".")
    if parts[0] == "contracts":
        return "subletting" if "resale" in parts else f"contract {parts[1]}"
    if parts[0] == "financing":
        return "interest and fees of debt" if parts[-1] in ("interest", "commitment_fee", "late_interest") else (
            "money raised" if parts[-1] in ("received", "drawn", "proceeds") else f"{parts[1]}: {parts[-1]}")  # fmt: skip
    return parts[1].replace("_", " ") if len(parts) > 1 else parts[0]


def is_receipt(name: str) -> bool:
    return name in ("revenue collected", "interest on cash", "subletting", "money raised")


def sources_and_uses(run: StoredRun, receipts: frozenset[str]) -> Chart:
    """Mean cash in and out by fiscal year. `receipts`: the accounts that are money coming in."""
    years = run.figures["fiscal_years"]
    sums: dict[str, tuple[list[float], list[float], list[float]]] = {}  # with the intervals of the parts together
    for name, row in run.metrics.items():
        if not name.startswith("account:"):
            continue
        sign = 1.0 if name.removeprefix("account:") in receipts else -1.0
        group = account_group(name)
        group = "contracts" if group.startswith("contract ") else group
        name = f"{group} (in)" if sign > 0 and group in sums else group
        into = sums.setdefault(name, ([0.0] * len(years), [0.0] * len(years), [0.0] * len(years)))
        parts = (row["mean"], row["low"], row["high"]) if sign > 0 else (row["mean"], row["high"], row["low"])
        for k, year in enumerate(years):
            for ends, part in zip(into, parts, strict=True):
                ends[k] += sign * sum(part[m] or 0.0 for m in range(year["first"], year["last"] + 1))
    series = stack(dict(sums), "bar", 7)
    return Chart("sources-and-uses", "What comes in and what goes out, by fiscal year", "months", "$",
                 [f"FY{y['year']}" for y in years], series, "fiscal year",
                 note="Means over all paths of what falls due and comes in; first and last year may be partial.")  # fmt: skip


def funding(run: StoredRun) -> Chart | None:
    raised = run.metrics.get("raised")
    series = []
    if raised is not None and any(raised["mean"]):
        series.append(
            Series(f"raised in the {run.step}", "bar", _after(raised), 2, _after(raised, "low"), _after(raised, "high"))
        )
    drawn = run.metrics.get("drawn")
    if drawn is not None and any(drawn["mean"]):
        low, high = _after(drawn, "low"), _after(drawn, "high")
        series.append(Series("drawn on lines and loans (balance)", "line", _after(drawn), 1, low, high))
    if not series:
        return None
    return Chart("funding", f"Money raised and drawn by {run.step}", "months", "$", run.labels[1:], series, run.step,
                 note="Means over all paths.")  # fmt: skip


def losses(run: StoredRun) -> Chart | None:
    """Expected loss by month, by contract."""
    rows = _of_contracts(run, "loss", 1)
    if not any(any(row[0]) for row in rows.values()):
        return None
    return Chart("expected-loss", f"Expected loss of suppliers by {run.step}", "months", "$", run.labels[1:], stack(rows),
                 run.step, note="Mean over all paths of the losses of paths in default by then, undiscounted.")  # fmt: skip


def creditors(run: StoredRun) -> Chart | None:
    """Expected loss by creditor at the horizon, with intervals."""
    found = {name: c["expected_loss"] for name, c in run.figures["creditors"].items() if c["expected_loss"]}
    rows = sorted((c for c in found.items() if c[1]["value"]), key=lambda c: -c[1]["value"])[:14]
    if not rows:
        return None
    series = [Series("expected loss", "dot", [e["value"] for _, e in rows], "bad", [e["low"] for _, e in rows],
                     [e["high"] for _, e in rows])]  # fmt: skip
    return Chart("loss-by-creditor", f"Expected loss by {run.step} {run.months}, by creditor", "rows", "$",
                 [n for n, _ in rows], series, "creditor")  # fmt: skip
