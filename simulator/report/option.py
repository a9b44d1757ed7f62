"""The value of a right to leave on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.report.words import money, percent

ROWS = 16  # of the boundary: at most so many, evenly spaced


def lines(d: dict[str, Any]) -> Iterator[str]:
    """The summary of an `option --json` document."""
    yield f"The right to leave contracts.{d['contract']} of {d['scenario']}"
    t = d["training"]
    yield (
        f"{d['paths']:,} paths, seed {d['seed']}; decisions fitted on {t['paths']:,} others, seed {t['seed']}; "
        f"discounted at {percent(d['discount_rate'])} a year; 95 % intervals"
    )
    kept = d["kept_to_the_end"]
    yield ""
    yield f"If nobody leaves   {_dollars(kept['buyer'])} to the buyer"
    yield f"                   {_dollars(kept['supplier'])} to the supplier"
    yield ""
    yield "Worth of the right while the other side stays"
    for side, v in d["alone"].items():
        yield f"  {side:<9} {v['notice']} {d['step']}s' notice, first in {v['first']}"
        yield f"    at least     {_dollars(v['lower'])}, by the price ratio alone {money(v['by_ratio']['value'])}"
        yield f"    at most      {_dollars(v['upper'])}, gap {percent(v['gap'])}, R2 {v['r_squared']:.2f}"
    if d["together"]:
        yield "Both at their best moments, the supplier deciding first, against nobody leaving"
        for side, v in d["together"].items():
            yield f"  {side:<9}    {_dollars(v)}, leaves on {percent(v['leaves'])} of paths"
    yield ""
    yield "Runs on the same paths, change against nobody leaving"
    for rule in d["rules"]:
        left = (
            f"left by the buyer {percent(rule['left_by_buyer'])}, by the supplier {percent(rule['left_by_supplier'])}"
        )
        yield f"  {rule['name']}: {left}"
        yield f"    buyer        {_dollars(rule['buyer'])}"
        yield f"    supplier     {_dollars(rule['supplier'])}"
        for pd in rule["pd"]:
            change = pd["change"]
            yield (
                f"    PD by {pd['label']:<8} {percent(pd['value'])} ({percent(pd['low'])} to {percent(pd['high'])}), change "
                f"{_points(change['value'])} ({_points(change['low'])} to {_points(change['high'])})"
            )
    yield from _boundary(d["boundary"])


def _boundary(rows: list[dict[str, Any]]) -> Iterator[str]:
    if not rows:
        return
    columns = [name for name in rows[0] if name.startswith(("buyer", "supplier"))]
    yield ""
    yield "Market price over the contract's at which to leave: the buyer below, the supplier above"
    yield f"  {'':8}{'P5':>7}{'P50':>7}{'P95':>7}" + "".join(f"{name.replace('_', ' '):>19}" for name in columns)
    every = -(-len(rows) // ROWS)
    for row in rows[::every]:
        ratios = "".join(f"{row[name]:>7.2f}" for name in ("ratio_p5", "ratio_p50", "ratio_p95"))
        shown = "".join(f"{'never' if row[name] is None else format(row[name], '.3f'):>19}" for name in columns)
        yield f"  {row['label']:<8}{ratios}{shown}"


def _dollars(e: dict[str, float]) -> str:
    return f"{money(e['value'])} ({money(e['low'])} to {money(e['high'])})"


def _points(x: float) -> str:
    return f"{100 * x:+.2f} points"
