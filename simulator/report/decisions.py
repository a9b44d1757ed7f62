"""`compare`, `sweep`, `solve` and `stress` on a terminal; plain text, every number with its interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.report.terminal import table
from simulator.report.words import apart, money, percent, points

Row = Mapping[str, Any]
WIDE = 120  # columns from which a comparison stands in one table
SHARES = ("1", "%", "share")


def value(x: float | None, unit: str, name: str = "") -> str:
    """A figure as people say it; a runway that does not end within the horizon is `beyond`."""
    if x is None:
        return "beyond" if "runway" in name else "-"
    if unit.startswith("$"):
        return money(x)
    if _counted(name):
        return f"{x:.4g}"
    return percent(x)


def ranged(row: Row, column: str, unit: str, name: str = "", signed: bool = False) -> str:
    """`value (low to high)`; of a difference (`signed`) with its sign, of shares in percentage points."""
    x, low, high = (row[column + end] for end in ("", "_low", "_high"))
    if signed and unit in SHARES and not _counted(name):
        return pointed(x, low, high)
    if signed and "runway" in name:
        return apart(x, low, high)
    shown = value(x, unit, name)
    if signed and x is not None and x > 0:
        shown = f"+{shown}"
    return f"{shown} ({value(low, unit, name)} to {value(high, unit, name)})"


def gained(row: Row, column: str = "gain") -> str:
    """How many times as many paths independent runs would need; beyond ten thousand there is no noise left to speak of."""
    ends = [row.get(f"{column}{end}") for end in ("", "_low", "_high")]
    gain, low, high = ("" if x is None else f"{x:.1f}" if x < 10_000 else ">9999" for x in ends)
    return f"{gain} ({low} to {high})" if low else gain


def pointed(x: float | None, low: float | None, high: float | None) -> str:
    """A difference of shares: -0.34 pp (-0.38 to -0.30)."""
    return f"{points(x)} ({points(low).removesuffix(' pp')} to {points(high).removesuffix(' pp')})"


def _counted(name: str) -> bool:
    return "runway" in name or name.startswith("price")


def _head(d: Row) -> Iterator[str]:
    yield (d["scenario"]["title"] or d["scenario"]["name"])[:100]
    more = " or more" if d.get("within") is not None else ""
    yield (
        f"{d['paths']:,} paths{more}, seed {d['seed']}, the same random numbers in all {d['model_runs']} runs, 95 % intervals"
    )
    yield ""


def compared(d: Row, width: int | None = None) -> Iterator[str]:
    yield from _head(d)
    for variant in d["variants"][1:]:
        label = variant["label"]
        yield f"{label} against {d['variants'][0]['label']}"
        rows = [
            [
                r["figure"],
                ranged(r, "base", r["unit"], r["figure"]),
                ranged(r, "value", r["unit"], r["figure"]),
                ranged(r, "difference", r["unit"], r["figure"], signed=True),
                gained(r),
            ]
            for r in _of(d["figures"], label)
        ]
        heads = ["", "first", "second", "difference", "gain"]
        if width is not None and width < WIDE:  # what was asked for first
            heads, *rows = ([row[k] for k in (0, 3, 4, 1, 2)] for row in (heads, *rows))
        yield from table(heads, rows, width)
        yield "  gain: the variance of independent runs over that of these; of a quantile resampled, without interval"
        yield from _controlled(_of(d["figures"], label), width)
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
        yield from _attributed(d, label, width)
        yield ""


def _controlled(figures: list[Row], width: int | None) -> Iterator[str]:
    """Differences with control variates beside the plain ones, where they were asked for."""
    known = [r for r in figures if r.get("controlled_gain") is not None]
    if not known:
        return
    yield ""
    yield "  With control variates, fitted on other paths of both"
    rows = [
        [
            r["figure"],
            ranged(r, "controlled", r["unit"], r["figure"], signed=True),
            gained(r, "controlled_gain"),
            gained(r),
        ]
        for r in known
    ]
    yield from table(["", "difference", "gain", "without"], rows, width)


def _attributed(d: Row, label: str, width: int | None) -> Iterator[str]:
    rows = _of(d["attribution"], label)
    if not rows:
        return
    (method,) = _of(d["attribution_methods"], label)
    way = "Shapley values" if method["method"] == "Shapley" else "one after another in this order"
    yield ""
    yield f"  Of the difference of pd({d['attributed_month']}), by key ({way}; {method['model_runs']} further runs)"
    shown = [[r["key"], ranged(r, "value", "1", signed=True)] for r in rows]
    yield from table(["", ""], [*shown, ["in all, exactly", points(method["total"])]], width, indent=4)


def _of(rows: list[Row], label: str) -> list[Row]:
    return [r for r in rows if r["variant"] == label]


def _short(text: str | None) -> str:
    return "-" if text is None else text if len(text) <= 60 else text[:57] + "..."


def swept(d: Row, width: int | None = None) -> Iterator[str]:
    yield from _head(d)
    keys = [a["key"] for a in d["over"]]
    units = {a["key"]: a["unit"] or "" for a in d["over"]}
    shown = list(d["figures"])
    at: dict[tuple[float, ...], dict[str, Row]] = {}
    for r in d["grid"]:
        at.setdefault(tuple(r[k] for k in keys), {})[r["figure"]] = r
    heads = [*(f"{k.split('.')[-1]} {units[k]}".strip() for k in keys), *shown]
    rows = [
        [*(f"{x:.6g}" for x in point), *(ranged(found[f], "value", found[f]["unit"], f) for f in shown)]
        for point, found in at.items()
    ]
    yield from table(heads, rows, width, keep=len(keys))
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


def levers(d: Row, width: int | None = None) -> Iterator[str]:
    yield from _head(d)
    base = ranged(
        {"x": d["base"]["value"], "x_low": d["base"]["low"], "x_high": d["base"]["high"]}, "x", d["unit"], d["figure"]
    )
    yield f"Until {d['until']}; now it is {base}"
    rows, notes = [], []
    for r in d["levers"]:
        unit = r["unit"] or ""
        now = _amount(r["base"], unit)
        if r["answer"] is None:
            rows.append([r["lever"], now, "none", "", "", ""])
            notes.append(f"  {r['lever']}: {r['note']}; {r['model_runs']} runs")
            continue
        span = " to ".join(
            "open" if r[f"answer_{end}"] is None else _amount(r[f"answer_{end}"], unit) for end in ("low", "high")
        )
        share = "" if r["share_of_base"] is None else f"{100 * r['share_of_base']:+.1f} %"
        then = ranged(r, "figure_at_answer", d["unit"], d["figure"])
        change = f"{'+' if r['change'] > 0 else ''}{_amount(r['change'], unit)}"
        rows.append([r["lever"], now, f"{_amount(r['answer'], unit)} ({span})", change, share, then])
        way = "goes one way in it" if r["one_way"] else r["note"]
        low, high = (_amount(r[f"bracket_{end}"], unit) for end in ("low", "high"))
        spent = f"{r['model_runs']} runs of {r['paths']:,} paths"
        if r["simulated"] != r["model_runs"] * r["paths"]:
            spent = f"{r['model_runs']} runs of up to {r['paths']:,} paths, {r['simulated']:,} in all"
        half = "" if r["half_width"] is None else f"± {100 * r['half_width']:.2g} %; "
        notes.append(f"  {r['lever']}: {half}kept at one end of {low} … {high}, not at the other; {way}; {spent}")
        if r["one_way"] and r["note"]:
            notes.append(f"    {r['note']}")
    yield from table(["lever", "now", "needed", "change", "of base", "then"], rows, width)
    yield ""
    yield from notes


def _amount(x: float, unit: str) -> str:
    return f"{x:.5g}{unit if unit[:1] in 'kMBT%' else ' ' + unit}".strip()


def shaken(d: Row, width: int | None = None) -> Iterator[str]:
    yield from _head(d)
    base = {r["figure"]: r for r in d["base"]}
    shown = d["figures"]
    rows = [["as it is", *(ranged(base[f], "value", base[f]["unit"], f) for f in shown)]]
    for one in d["shocks"]:
        found = {r["figure"]: r for r in d["stresses"] if r["stress"] == one["stress"]}
        if found:
            rows.append([one["stress"], *(ranged(found[f], "value", found[f]["unit"], f) for f in shown)])
            moved = (ranged(found[f], "difference", found[f]["unit"], f, signed=True) for f in shown)
            rows.append(["  difference", *moved])
    yield from table(["", *shown], rows, width)
    yield ""
    longest = max((len(one["stress"]) for one in d["shocks"]), default=0)
    for one in d["shocks"]:
        yield f"  {one['stress']:<{longest}}  {one['title']}" + (f" ({one['note']})" if one["note"] else "")
