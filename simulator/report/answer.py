"""The answer in three sentences, each with its intervals."""

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
    """How likely and why; how long; what it takes and what suppliers lose."""
    return [_default(d), _money(d), _need(d)]


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


def _ends(r: dict[str, Any], q: str, d: dict[str, Any]) -> str:
    if r[q] is None:
        return f"lasts beyond {d['pd'][-1]['label']}"
    low, high = (d["pd"][m - 1]["label"] if m else f"beyond {d['pd'][-1]['label']}" for m in r["interval"][q])
    return f"ends by {ranged(d['pd'][r[q] - 1]['label'], low, high)}"


def _money(d: dict[str, Any]) -> str:
    funded, unfunded = d["runway"]["funded"], d["runway"]["unfunded"]
    beyond = {"value": unfunded["share_beyond_horizon"], "low": unfunded["interval"]["share_beyond_horizon"][0],
              "high": unfunded["interval"]["share_beyond_horizon"][1]}  # fmt: skip
    return (
        f"In the worst twentieth of cases the money {_ends(funded, 'p5', d)} with the raises that are modelled, and "
        f"{_ends(unfunded, 'p5', d)} with committed money alone, which outlasts the horizon on "
        f"{percent(beyond['value'])} of paths "
        f"({interval(beyond)})."
    )


def _need(d: dict[str, Any]) -> str:
    need = d["peak_need"]
    low, high = need["interval"]["p99"]
    told = (
        f"To be safe on 99 of 100 paths without new money, {money(need['p99'])} more ({money(low)} to {money(high)}) would be "
        "needed at the opening"
    )
    losses = {name: c["expected_loss"] for name, c in d.get("creditors", {}).items() if c["expected_loss"]}
    if not losses or max(e["value"] for e in losses.values()) <= 0:
        return told + "."
    name, most = max(losses.items(), key=lambda c: c[1]["value"])
    return f"{told}; the largest expected loss of a creditor is that of {name}, {money(most['value'])} ({interval(most, money)})."
