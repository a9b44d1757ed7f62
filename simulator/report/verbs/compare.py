"""Differences with their intervals, what causes them, what was changed, whose fate changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulator.report.charts.specification import Chart, Ledger, Series, writer
from simulator.report.decisions import gained
from simulator.report.rows import Row, apart, estimates, groups, named, unit_of, word, written
from simulator.report.verbs import Document, Piece

TITLE = "Compared with variants"
KEYS = 12  # of an attribution that stand alone; the smaller ones go together


def pieces(d: Document, key: str) -> Iterator[Piece]:
    base = d["variants"][0]["label"]
    for k, variant in enumerate(d["variants"][1:], 1):
        label, name = variant["label"], f"{key}-{k}"
        figures = _of(d["figures"], label)
        yield f"{label} against {base}: {d['paths']:,} paths on the same random numbers, so most of the noise cancels."
        yield from _differences(d, figures, label, name)
        yield _table(d, figures, label)
        yield from _controlled(d, figures, label)
        yield from _attribution(d, label, name)
        changes = _of(d["changes"], label)
        if changes:
            rows = [[r["key"], r["old"] or "-", r["new"] or "-"] for r in changes]
            yield Ledger(
                f"What changed in {label}: {len(rows)} key{'s' if len(rows) > 1 else ''}",
                ["key", "before", "after"],
                rows,
                wide=len(rows) > 12,
                words=True,
            )
        fates = _of(d["fates"], label)
        if fates:
            yield _fates(fates, label, name)


def _of(rows: Sequence[Row], label: str) -> list[Row]:
    return [row for row in rows if row.get("variant") == label]


def _differences(d: Document, figures: Sequence[Row], label: str, name: str) -> Iterator[Piece]:
    """One chart for each unit, losses of creditors by themselves: shares, months, needs and losses have no common scale."""
    lost = [{**r, "of": "losses"} for r in figures if r["figure"].startswith("expected_loss")]
    kept = [
        {**r, "of": unit_of(r["figure"], r["unit"])} for r in figures if not r["figure"].startswith("expected_loss")
    ]
    what = {
        "share": "shares of paths",
        "$": "needs and liquidity",
        "months": "the runway",
        "losses": "what creditors lose",
    }
    for kind, rows in groups([*kept, *lost], "of").items():
        unit = unit_of(rows[0]["figure"], rows[0]["unit"])
        told = [r for r in rows if r["difference"] is not None]
        if told:
            yield Chart(
                f"{name}-difference-{word(kind) or 'number'}",
                f"{label}: change of {what.get(kind, 'other figures')}",
                "rows",
                apart(unit),
                [named(r["figure"], d["step"]) for r in told],
                [estimates("change", told, "difference")],
                "figure",
                note="Paired path by path; right of the line the figure is higher than before. Whiskers: 95 %.",
            )


def _table(d: Document, figures: Sequence[Row], label: str) -> Ledger:
    rows = []
    for r in figures:
        unit = unit_of(r["figure"], r["unit"])
        gain = gained(r["gain"]) or "-"
        rows.append(
            [
                named(r["figure"], d["step"]),
                written(r, "base", unit),
                written(r, "value", unit),
                written(r, "difference", apart(unit)),
                gain,
            ]
        )
    return Ledger(
        f"{label} in figures",
        ["figure", "before", "after", "change", "gain"],
        rows,
        note="gain: how many times as many paths independent runs would need for the same interval.",
        wide=True,
    )


def _controlled(d: Document, figures: Sequence[Row], label: str) -> Iterator[Piece]:
    """Differences with control variates beside the plain ones, where they were asked for."""
    rows = []
    for r in figures:
        if r.get("controlled_gain") is not None:
            unit = apart(unit_of(r["figure"], r["unit"]))
            change = [written(r, "difference", unit), gained(r["gain"]) or "-"]
            rows.append(
                [named(r["figure"], d["step"]), written(r, "controlled", unit), gained(r["controlled_gain"]), *change]
            )
    if rows:
        yield Ledger(
            f"{label} with control variates, fitted on other paths of both",
            ["figure", "change", "gain", "change without", "gain without"],
            rows,
            note="The same differences with less noise; of the two intervals the narrower one tells more.",
            wide=True,
        )


def _attribution(d: Document, label: str, name: str) -> Iterator[Piece]:
    """From the first PD to the second, key by key."""
    parts, month = _of(d["attribution"], label), d["attributed_month"]
    found = next((r for r in _of(d["figures"], label) if r["figure"] == f"pd({month})"), None)
    if not parts or found is None:
        return
    (method,) = _of(d["attribution_methods"], label)
    shapley = method["method"] == "Shapley"
    kept = [r for r in parts if r["value"]]
    if len(kept) > KEYS:
        large = sorted(kept, key=lambda r: -abs(r["value"]))[: KEYS - 1]
        kept = [r for r in kept if any(r is one for one in large)]
    rest = [r for r in parts if not any(r is one for one in kept)]
    if shapley:
        kept.sort(key=lambda r: -abs(r["value"]))
    # a sum of parts of one decomposition has no interval of its own in the document
    steps: list[tuple[str, float, str]] = [(r["key"], r["value"], _change(r)) for r in kept]
    if sum(r["value"] for r in rest) or rest:
        steps.append((f"{len(rest)} other keys together", sum(r["value"] for r in rest), ""))
    labels, values, low, high, tones = ["before"], [found["base"]], [0.0], [found["base"]], ["muted"]
    told_low: list[float | None] = [found["base_low"]]
    told_high: list[float | None] = [found["base_high"]]
    level = found["base"]
    for text, value, _ in steps:
        labels.append(text)
        values.append(value)
        low.append(min(level, level + value))
        high.append(max(level, level + value))
        tones.append("bad" if value > 0 else "good")
        row = next((r for r in kept if r["key"] == text), None)
        told_low.append(None if row is None else row["value_low"])
        told_high.append(None if row is None else row["value_high"])
        level += value
    labels.append("after")
    values.append(found["value"])
    low.append(0.0)
    high.append(found["value"])
    tones.append("muted")
    told_low.append(found["value_low"])
    told_high.append(found["value_high"])
    share = writer("points")
    bars = Series(
        "share of paths, or its change",
        "bar",
        values,
        0,
        low,
        high,
        tones=tones,
        texts=[share(v) if 0 < k < len(values) - 1 else None for k, v in enumerate(values)],
    )
    interval = Series("95 % interval", "band", values, 0, told_low, told_high, drawn=False)
    way = "Shapley values" if shapley else "changed one after another in the file's order, so the order matters"
    yield Chart(
        f"{name}-attribution",
        f"{label}: which key changes the default probability by month {month}",
        "rows",
        "share",
        labels,
        [bars, interval],
        "key",
        note=f"{way[0].upper()}{way[1:]}; {method['model_runs']} further runs. The steps add up exactly.",
    )
    yield Ledger(
        f"{label}: each key's part in the change of pd({month})",
        ["key", "before and after", "its part"],
        [[r["key"], _change(r), written(r, "value", "points")] for r in parts]
        + [["in all", "", share(method["total"])]],
        wide=True,
        words=True,
    )


def _change(r: Row) -> str:
    return f"{r.get('old') or '-'} → {r.get('new') or '-'}"


def _fates(fates: Sequence[Row], label: str, name: str) -> Chart:
    shares = [{"saved": r["saved"] / r["paths"], "lost": -r["lost"] / r["paths"]} for r in fates]
    return Chart(
        f"{name}-fates",
        f"{label}: paths whose fate changed",
        "rows",
        "points",
        [r["label"] for r in fates],
        [
            Series("lost: in default only after the change", "bar", [-(s["lost"] or 0.0) for s in shares], "bad"),
            Series("saved: in default only before", "bar", [-(s["saved"] or 0.0) for s in shares], "good"),
        ],
        "by",
        note="; ".join(
            f"{r['label']}: {r['saved']:,} saved, {r['lost']:,} lost, {r['both']:,} in default both ways" for r in fates
        )
        + f" of {fates[0]['paths']:,}.",
    )
