"""The value of a right to leave on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.report.decisions import pointed
from simulator.report.terminal import table
from simulator.report.words import money, percent

ROWS = 16  # of the boundary: at most so many, evenly spaced


def lines(d: dict[str, Any], width: int | None = None) -> Iterator[str]:
    """The summary of an `option --json` document."""
    yield f"The right to leave contracts.{d['contract']} of {d['scenario']['name']}"
    t = d["training"]
    yield (
        f"{d['paths']:,} paths, seed {d['seed']}; decisions fitted on {t['paths']:,} others, seed {t['seed']}; "
        f"discounted at {percent(d['discount_rate'])} a year; 95 % intervals"
    )
    yield ""
    yield "If nobody leaves"
    for row in d["kept"]:
        yield f"  {row['side']:<12} {_dollars(row, 'value')}"
    yield "Worth of the right while the other side stays"
    for row in d["alone"]:
        yield f"  {row['side']:<12} {row['notice']} {d['step']}s' notice, first in {row['first']}"
        yield f"    at least   {_dollars(row, 'lower')}"
        yield f"    at most    {_dollars(row, 'upper')}, gap {percent(row['gap'])}"
        if not row["tight"]:
            yield "    NOT SETTLED: the bounds lie more than 2 % apart; the worth is between them, neither is an estimate"
        if d["inputs"]:
            yield f"    at least   {_dollars(row, 'observed')} without knowing the inputs"
        yield f"    at least   {_dollars(row, 'by_ratio')} by the price ratio alone, as in a run"
    if d["inputs"]:
        yield f"  The first two are for somebody who knows the uncertain inputs: {d['inputs'][0]}"
        yield from (f"    {name}" for name in d["inputs"][1:])
    if d["together"]:
        yield "Both at their best moments, the supplier deciding first, against nobody leaving"
    for row in d["together"]:
        yield f"  {row['side']:<12} {_dollars(row, 'value')}, leaves on {_share(row, 'leaves')} of paths"
    if d["deviations"]:
        yield "  What a side is found to gain by leaving that play alone (by regression; a better response may exist)"
    for row in d["deviations"]:
        yield f"    {row['side']:<10} {_dollars(row, 'gain')} if both look at the {row['play']}"
    yield ""
    yield "Runs on the same paths, change against nobody leaving"
    for rule in d["rules"]:
        left = f"left by the buyer {_share(rule, 'left_by_buyer')}, by the supplier {_share(rule, 'left_by_supplier')}"
        yield f"  {rule['rule']}: {left}"
        yield f"    buyer      {_dollars(rule, 'buyer')}"
        yield f"    supplier   {_dollars(rule, 'supplier')}"
        for pd in d["pd"]:
            if pd["rule"] == rule["rule"]:
                yield (
                    f"    PD by {pd['label']:<8} {percent(pd['pd'])} ({percent(pd['pd_low'])} to {percent(pd['pd_high'])}), "
                    f"change {pointed(pd['change'], pd['change_low'], pd['change_high'])}"
                )
    yield from _boundary(d["boundary"], width)


def _boundary(rows: list[dict[str, Any]], width: int | None) -> Iterator[str]:
    if not rows:
        return
    columns = [name for name in rows[0] if name.startswith(("buyer", "supplier"))]
    yield ""
    yield "Market price over the contract's at which to leave: the buyer below, the supplier above"
    every = -(-len(rows) // ROWS)
    shown = [
        [
            row["label"],
            *(
                f"{row[n]:.2f} ({row[f'{n}_low']:.2f} to {row[f'{n}_high']:.2f})"
                for n in ("ratio_p5", "ratio_p50", "ratio_p95")
            ),
            *("never" if row[name] is None else format(row[name], ".3f") for name in columns),
        ]
        for row in rows[::every]
    ]
    sides = [name.split("_")[0] for name in columns]
    ways = [name.partition("_")[2] for name in columns]
    above = ["" if k and ways[k] == ways[k - 1] else way for k, way in enumerate(ways)]
    yield from table(["", "ratio", "", "", *above], [["", "P5", "P50", "P95", *sides], *shown], width)


def _share(row: dict[str, Any], name: str) -> str:
    return f"{percent(row[name])} ({percent(row[name + '_low'])} to {percent(row[name + '_high'])})"


def _dollars(row: dict[str, Any], name: str) -> str:
    return f"{money(row[name])} ({money(row[name + '_low'])} to {money(row[name + '_high'])})"
