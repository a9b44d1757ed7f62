"""The answer in a few sentences, each with its intervals."""

from __future__ import annotations

from typing import Any

from simulator.report.charts.specification import ranged
from simulator.report.words import money, percent

YEARS = (1, 2, 3, 5)


def horizons(d: dict[str, Any]) -> list[int]:
    """The months whose default probability is told: the ends of years 1, 2, 3 and 5, and the horizon."""
    year = 4 if d.get("step") == "quarter" else 12
    found = [y * year for y in YEARS if y * year <= d["months"]]
    return found if d["months"] in found else [*found, d["months"]][-4:]


def interval(e: dict[str, Any], write: Any = percent) -> str:
    return f"{write(e['low'])} to {write(e['high'])}"


def sentences(d: dict[str, Any]) -> list[str]:
    """How likely and why; how long the money lasts; how much is missing."""
    return [told for told in (_default(d), _money(d), _need(d)) if told]


def _default(d: dict[str, Any]) -> str:
    last, step = d["pd"][-1], d.get("step", "month")
    if last["count"] == 0:
        return (
            f"None of {d['paths']:,} paths defaults within {d['months']} {step}s: the default probability is below "
            f"{percent(last['high'])} (upper end of the 95 % interval)."
        )
    name, most = max(d["causes"].items(), key=lambda c: c[1]["count"])
    share = most["count"] / last["count"]
    return (
        f"By {last['label']} default has come on {percent(last['value'])} of paths (95 % interval "
        f"{interval(last)}), most often as "
        f"{name}: {percent(most['value'])} of all paths ({interval(most)}), {percent(share)} of defaults."
    )


def _lasts(r: dict[str, Any], q: str, d: dict[str, Any]) -> str:
    """Until when the money lasts, said of the month before it ends."""
    if r[q] is None:
        return f"beyond {d['pd'][-1]['label']}"
    low, high = (d["pd"][m - 1]["label"] if m else f"beyond {d['pd'][-1]['label']}" for m in r["interval"][q])
    return f"at least until {ranged(d['pd'][r[q] - 1]['label'], low, high)}"


def _money(d: dict[str, Any]) -> str:
    """The fifth percentile is the twentieth part of the paths with the shortest runway."""
    funded, unfunded = d["runway"]["funded"], d["runway"]["unfunded"]
    low, high = unfunded["interval"]["share_beyond_horizon"]
    both = [_lasts(r, "p5", d) for r in (funded, unfunded)]
    lasts = (
        f"On 95 of 100 paths the money lasts {both[0]}, with the raises that are modelled and without them"
        if both[0] == both[1]
        else f"On 95 of 100 paths the money lasts {both[0]} with the raises that are modelled, "
        f"and {both[1]} with committed money alone"
    )
    beyond = f"{percent(unfunded['share_beyond_horizon'])} of paths ({percent(low)} to {percent(high)})"
    return f"{lasts}; committed money alone outlasts the horizon on {beyond}."


def _need(d: dict[str, Any]) -> str:
    """What was lacking at the opening, for a good half and for nine in ten of the paths. The tail beyond is no sum that anybody
    raises: it stands in the table `Need and liquidity`."""
    need, last = d["peak_need"], d["pd"][-1]["label"]
    goal = f"meet every claim through {last} without any new money"
    half, most = (f"{money(need[q])} ({' to '.join(money(e) for e in need['interval'][q])})" for q in ("p50", "p90"))
    if not need["interval"]["p90"][1]:
        return (
            f"To {goal}, what is there and committed suffices on 90 of 100 paths; what the others lack stands under Cash, "
            "in “Need and liquidity”."
        )
    if not need["interval"]["p50"][1]:
        return (
            f"To {goal}, what is there and committed suffices on half of the paths; it would take {most} more today "
            "to suffice on 90 of 100."
        )
    return f"To {goal} would take {half} more today on half of the paths, and {most} to suffice on 90 of 100."


def greatest_loss(d: dict[str, Any]) -> list[str]:
    """The creditor that stands to lose most, in a sentence; none where nobody loses."""
    losses = {name: c["expected_loss"] for name, c in d.get("creditors", {}).items() if c["expected_loss"]}
    if not losses or max(e["value"] for e in losses.values()) <= 0:
        return []
    name, most = max(losses.items(), key=lambda c: c[1]["value"])
    return [
        f"Of all creditors {name} stands to lose most: {money(most['value'])} in expectation ({interval(most, money)})."
    ]
