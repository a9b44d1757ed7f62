"""`compare`, `sweep`, `solve` and `stress` on a terminal; plain text, every number with its interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.report.words import money, percent

Row = Mapping[str, Any]


def value(x: float | None, unit: str, name: str = "") -> str:
    """A figure as people say it; a runway that does not end within the horizon is `beyond`."""
    if x is None:
        return "beyond" if "runway" in name else "-"
    if unit.startswith("$"):
        return money(x)
    if "runway" in name or name.startswith("price"):
        return f"{x:.4g}"
    return percent(x)


def ranged(row: Row, column: str, unit: str, name: str = "", signed: bool = False) -> str:
    x, low, high = (row[column + end] for end in ("", "_low", "_high"))
    shown = value(x, unit, name)
    if signed and x is not None and x > 0:
        shown = f"+{shown}"
    return f"{shown} ({value(low, unit, name)} to {value(high, unit, name)})"


def _head(d: Row) -> Iterator[str]:
    yield (d["scenario"]["title"] or d["scenario"]["name"])[:100]
    more = " or more" if d.get("within") is not None else ""
    yield (
        f"{d['paths']:,} paths{more}, seed {d['seed']}, the same random numbers in all {d['model_runs']} runs, 95 % intervals"
    )
    yield ""


def compared(d: Row) -> Iterator[str]:
    yield from _head(d)
    for variant in d["variants"][1:]:
        label = variant["label"]
        yield f"{label} against {d['variants'][0]['label']}"
        yield f"  {'':<28}{'first':<30}{'second':<30}{'difference':<34}gain"
        for r in _of(d["figures"], label):
            gain = "" if r["gain"] is None else f"{r['gain']:.1f}"
            yield (
                f"  {r['figure']:<28}{ranged(r, 'base', r['unit'], r['figure']):<30}"
                f"{ranged(r, 'value', r['unit'], r['figure']):<30}"
                f"{ranged(r, 'difference', r['unit'], r['figure'], signed=True):<34}{gain}"
            )
        yield "  gain: the variance of independent runs over that of these"
        yield ""
        yield "  Fates: paths in default by the month in the first only, the second only, both, neither"
        for r in _of(d["fates"], label):
            yield (
                f"    {r['month']:>3} ({r['label']})  saved {r['saved']:,}, lost {r['lost']:,}, both {r['both']:,}, "
                f"neither {r['neither']:,}"
            )
        changed = _of(d["changes"], label)
        yield ""
        yield f"  {len(changed)} keys differ" if len(changed) != 1 else "  1 key differs"
        for r in changed:
            yield f"    {r['key']}: {_short(r['old'])} -> {_short(r['new'])}"
        yield from _attributed(d, label)
        yield ""


def _attributed(d: Row, label: str) -> Iterator[str]:
    rows = _of(d["attribution"], label)
    if not rows:
        return
    (method,) = _of(d["attribution_methods"], label)
    way = "Shapley values" if method["method"] == "Shapley" else "one after another in this order"
    yield ""
    yield f"  Of the difference of pd({d['attributed_month']}), by key ({way}; {method['model_runs']} further runs)"
    for r in rows:
        yield f"    {r['key'][:60]:<60} {ranged(r, 'value', '1', signed=True)}"
    yield f"    {'in all, exactly':<60} {'+' if method['total'] > 0 else ''}{percent(method['total'])}"


def _of(rows: list[Row], label: str) -> list[Row]:
    return [r for r in rows if r["variant"] == label]


def _short(text: str | None) -> str:
    return "-" if text is None else text if len(text) <= 60 else text[:57] + "..."


def swept(d: Row) -> Iterator[str]:
    yield from _head(d)
    keys = [a["key"] for a in d["over"]]
    units = {a["key"]: a["unit"] or "" for a in d["over"]}
    shown = list(d["figures"])
    points: dict[tuple[float, ...], dict[str, Row]] = {}
    for r in d["grid"]:
        points.setdefault(tuple(r[k] for k in keys), {})[r["figure"]] = r
    yield "  " + "".join(f"{k.split('.')[-1] + ' ' + units[k]:<20}" for k in keys) + "".join(f"{f:<30}" for f in shown)
    for point, found in points.items():
        at = "".join(f"{x:<20.6g}" for x in point)
        yield "  " + at + "".join(f"{ranged(found[f], 'value', found[f]['unit'], f):<30}" for f in shown)
    yield ""
    level, along = d["level"], d["contour"]
    goal = f"{level['figure']} = {value(level['value'], level['unit'], level['figure'])}"
    if not along:
        yield f"{goal} nowhere on the grid"
        return
    yield f"{goal} at"
    for r in along:
        others = "".join(f", {k} = {r[k]:.6g} {units[k]}" for k in keys if k != r["along"])
        low, high = ("outside" if r[end] is None else f"{r[end]:.6g}" for end in ("low", "high"))
        yield f"  {r['along']} = {r[r['along']]:.6g} {units[r['along']]} ({low} to {high}){others}"


def levers(d: Row) -> Iterator[str]:
    yield from _head(d)
    base = ranged(
        {"x": d["base"]["value"], "x_low": d["base"]["low"], "x_high": d["base"]["high"]}, "x", d["unit"], d["figure"]
    )
    yield f"Until {d['until']}; now it is {base}"
    yield f"  {'lever':<36}{'now':<16}{'needed':<52}{'change':<17}{'of base':<10}then"
    for r in d["levers"]:
        unit = r["unit"] or ""
        if r["answer"] is None:
            yield f"  {r['lever']:<36}{_amount(r['base'], unit):<16}{r['note']}"
            continue
        span = " to ".join(
            "?" if r[f"answer_{end}"] is None else _amount(r[f"answer_{end}"], unit) for end in ("low", "high")
        )
        share = "" if r["share_of_base"] is None else f"{100 * r['share_of_base']:+.1f} %"
        then = ranged(r, "figure_at_answer", d["unit"], d["figure"])
        change = f"{'+' if r['change'] > 0 else ''}{_amount(r['change'], unit)}"
        needed = f"{_amount(r['answer'], unit)} ({span})"
        yield f"  {r['lever']:<36}{_amount(r['base'], unit):<16}{needed:<52}{change:<17}{share:<10}{then}"
        way = "goes one way in it" if r["one_way"] else r["note"]
        ends = f"kept at one end of {_amount(r['bracket_low'], unit)} … {_amount(r['bracket_high'], unit)}, not at the other"
        spent = f"{r['model_runs']} runs of {r['paths']:,} paths"
        if r["simulated"] != r["model_runs"] * r["paths"]:
            spent = f"{r['model_runs']} runs of up to {r['paths']:,} paths, {r['simulated']:,} in all"
        half = "" if r["half_width"] is None else f"± {100 * r['half_width']:.2g} %; "
        yield f"    {half}{ends}; {way}; {spent}"
        if r["one_way"] and r["note"]:
            yield f"    {r['note']}"


def _amount(x: float, unit: str) -> str:
    return f"{x:.5g}{unit if unit[:1] in 'kMBT%' else ' ' + unit}".strip()


def shaken(d: Row) -> Iterator[str]:
    yield from _head(d)
    base = {r["figure"]: r for r in d["base"]}
    shown = d["figures"]
    yield "  " + f"{'':<18}" + "".join(f"{f:<30}" for f in shown)
    yield "  " + f"{'as it is':<18}" + "".join(f"{ranged(base[f], 'value', base[f]['unit'], f):<30}" for f in shown)
    for one in d["shocks"]:
        rows = {r["figure"]: r for r in d["stresses"] if r["stress"] == one["stress"]}
        if rows:
            yield (
                "  "
                + f"{one['stress']:<18}"
                + "".join(f"{ranged(rows[f], 'value', rows[f]['unit'], f):<30}" for f in shown)
            )
            moved = "".join(f"{ranged(rows[f], 'difference', rows[f]['unit'], f, signed=True):<30}" for f in shown)
            yield "  " + f"{'  difference':<18}" + moved
        else:
            yield f"  {one['stress']:<18}{one['note']}"
    yield ""
    for one in d["shocks"]:
        yield f"  {one['stress']:<18}{one['title']}" + (f" ({one['note']})" if one["note"] else "")
