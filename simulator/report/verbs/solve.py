"""How far each lever has to move, and what the figure does on the way."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.report.charts.specification import Chart, Crossing, Ledger, Reference, Series
from simulator.report.rows import Row, amount, capital, estimates, groups, named, unit_of, word, written
from simulator.report.verbs import Document, Piece

TITLE = "What it takes"


def pieces(d: Document, key: str) -> Iterator[Piece]:
    unit = unit_of(d["figure"], d["unit"])
    now = written(
        {f"now{k}": d["base"][n] for k, n in (("", "value"), ("_low", "low"), ("_high", "high"))}, "now", unit
    )
    yield f"Until {d['until']}, {named(d['figure'], d['step'])}. Now it is {now}. Each lever moves alone."
    yield Ledger(
        "Levers",
        ["lever", "now", "needed (95 % interval)", "change needed", "of now", "then it is"],
        [_row(r, unit) for r in d["levers"]],
        note="The interval is where the figure's own interval crosses the limit; open where it does not within the range.",
        words=True,
    )
    rows = [r for r in d["levers"] if r["answer"] is not None and r["share_of_base"] is not None]
    if len(rows) > 1:
        shares = [_share(r) for r in rows]
        yield Chart(
            f"{key}-levers",
            "Change needed, as a share of what the lever is now",
            "rows",
            "share",
            [r["lever"] for r in rows],
            [Series("change needed", "dot", [s[0] for s in shares], 0, [s[1] for s in shares], [s[2] for s in shares])],
            "lever",
            note="Of money raised: as a share of the opening cash. An open end is drawn without a whisker.",
        )
    charts = []
    for lever, runs in groups(d["runs"], "lever").items():
        found = {r["number"]: r for r in runs}  # a number is run once
        at = sorted(found)
        if len(at) < 3:
            continue
        one = next(r for r in d["levers"] if r["lever"] == lever)
        charts.append(
            Chart(
                f"{key}-{word(lever)}",
                f"{capital(named(d['figure'], d['step']))} as {lever} moves",
                "months",
                unit,
                [amount(x, one["unit"] or "") for x in at],
                [estimates(named(d["figure"], d["step"]), [found[x] for x in at], "value", "line", 0)],
                lever,
                [Reference(d["until"], d["limit"])],
                at=at,
                at_unit=one["unit"] or "",
                crossings=_crossing(one),
                note="The runs of the search; the band is the 95 % interval.",
            )
        )
    yield from ([*charts[k : k + 2]] for k in range(0, len(charts), 2))


def _crossing(r: Row) -> list[Crossing]:
    if r["answer"] is None:
        return []
    return [Crossing(f"needed: {amount(r['answer'], r['unit'] or '')}", r["answer"], r["answer_low"], r["answer_high"])]


def _row(r: Row, unit: str) -> list[str]:
    of = r["unit"] or ""
    now = amount(r["base"], of)
    if r["answer"] is None:
        return [r["lever"], now, r["note"], "-", "-", "-"]
    low, high = ("open" if r[f"answer_{end}"] is None else amount(r[f"answer_{end}"], of) for end in ("low", "high"))
    change = f"{'+' if r['change'] > 0 else ''}{amount(r['change'], of)}"
    share = "-" if r["share_of_base"] is None else f"{100 * r['share_of_base']:+.1f} %"
    needed = f"{amount(r['answer'], of)} ({low} to {high})" + ("" if r["one_way"] else f"; {r['note']}")
    return [r["lever"], now, needed, change, share, written(r, "figure_at_answer", unit)]


def _share(r: Row) -> tuple[float, float | None, float | None]:
    """The change as a share, and its ends, all on the scale of `share_of_base`."""
    if not r["change"]:
        return r["share_of_base"], None, None
    per = r["share_of_base"] / r["change"]
    ends = [None if r[f"answer_{end}"] is None else (r[f"answer_{end}"] - r["base"]) * per for end in ("low", "high")]
    known = [e for e in ends if e is not None]
    return (r["share_of_base"], min(known), max(known)) if len(known) == 2 else (r["share_of_base"], None, None)
