"""A rare-event run on a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from simulator.report.words import money, percent

METHODS = {"is": "importance sampling", "splitting": "splitting over months", "plain": "plain sampling"}
YEAR = {"month": 12, "quarter": 4}
MOST_MONTHS = 8
FEWEST_DIGITS = 1e-4  # shares below are written as powers of ten


def lines(document: dict[str, Any], plain: bool = False) -> Iterator[str]:
    """The lines of a document of kind `rare`. `plain`: ASCII only."""
    d = document
    yield (d["title"] or d["scenario"])[:80]
    how = METHODS[d["method"]]
    yield f"{how}, {d['paths']:,} paths x {d['months']} {d['step']}s from {d['start']}, seed {d['seed']}, 95 % intervals"
    yield ""
    yield from _pd(d)
    yield from _causes(d)
    yield from _creditors(d)
    yield ""
    yield f"Effective paths in default  {d['ess']:,.0f} (numbers on fewer than {d['ess_floor']:,.0f} are not given)"
    yield f"Coefficient of variation    {100 * d['cv']:.2g} %"
    gain = d["gain"]
    if gain["plain_paths"] is not None:
        times = f"{_count(gain['paths'])} times as many, {_count(gain['time'])} times as long"
        yield f"Plain sampling would need   {_count(gain['plain_paths'])} paths for the same: {times}"
    s = d["seconds"]
    yield f"Seconds                     {s['pilot']:.1f} pilot, {s['simulate']:.1f} estimate"
    yield from _branches(d, plain)
    if d["not_a_number"]:
        yield f"Paths that are not a number make up {share(d['not_a_number'])} of all and count as no default."


def share(x: float | None) -> str:
    """A probability, however small."""
    if x is None:
        return "-"
    return percent(x) if x == 0.0 or x >= FEWEST_DIGITS else f"{x:.3g}"


def _interval(row: dict[str, Any]) -> str:
    return f"{share(row['value']):>9}  {share(row['low'])} to {share(row['high'])}"


def _pd(d: dict[str, Any]) -> Iterator[str]:
    known = [row for row in d["pd"] if row["value"] is not None]
    year = YEAR[d["step"]]
    marks = [row for row in known if row["month"] % year == 0 or row["month"] == d["months"]]
    rows = (known[:1] if known and known[0] not in marks else []) + marks[-MOST_MONTHS:]
    yield "Default probability by"
    for row in rows:
        yield f"  {d['step']} {row['month']:>3} ({row['label']}) {_interval(row)}  ({row['ess']:,.0f} effective)"
    if known and known[0]["month"] > 1:
        yield f"  before {d['step']} {known[0]['month']} too few effective paths for a number"


def _causes(d: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield f"Causes by {d['step']} {d['months']}"
    left = 0
    for name, row in d["causes"].items():
        if row["value"] is None:
            left += 1
            continue
        yield f"  {name[:44]:<44} {_interval(row)}"
    if left:
        yield f"  {left} more with too few effective paths for a number"


def _creditors(d: dict[str, Any]) -> Iterator[str]:
    rows = [(name, figure, row) for name, figures in d["creditors"].items() for figure, row in figures.items()]
    rows = [row for row in rows if row[2]["value"]]
    if rows:
        yield ""
        yield "Creditors, mean over all paths"
    for name, figure, row in rows:
        value, low, high = (
            money(row[key]) if abs(row[key]) >= 1.0 else f"${row[key]:.2g}" for key in ("value", "low", "high")
        )
        yield f"  {name[:24]:<24} {figure.replace('_', ' '):<20} {value:>9}  {low} to {high}"


def _branches(d: dict[str, Any], plain: bool) -> Iterator[str]:
    times = "x" if plain else "×"
    for b in d["branches"]:
        chosen = ", ".join(f"{group}={name}" for group, name in b["alternatives"].items())
        where = f"With {chosen} (weight {share(b['weight'])}): " if chosen else "Sampled: "
        how = METHODS[b["method"]]
        if b["populations"]:
            how += f", {b['populations']} populations {times} {b['paths'] // b['populations']:,}"
        yield f"{where}{how}, {b['defaults']:,} of {b['paths']:,} paths in default"
        for c in b["components"]:
            most = sorted(c["shift"].items(), key=lambda item: -abs(item[1]))[:3]
            said = ", ".join(f"{name} {x:+.1f}" for name, x in most)
            yield f"  {share(c['share']):>7} of the paths pushed, in standard deviations: {said}"
    for u in d["unseen"]:
        chosen = ", ".join(f"{group}={name}" for group, name in u["alternatives"].items())
        bound = f"plain paths alone: below {share(u['at_most'])}"
        yield f"With {chosen} (weight {share(u['weight'])}): no default was found; counted as 0 ({bound})"


def _count(x: float | None) -> str:
    if x is None:
        return "-"
    if x < 1e5:
        return f"{x:,.0f}" if x >= 10 else f"{x:.2g}"
    power = math.floor(math.log10(x))
    return f"{x / 10**power:.1f}e{power}"
