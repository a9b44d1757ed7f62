"""The ways in which it fails, a card each: how often, when, what drove it, in what it ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulator.report.charts.specification import Chart, Ledger, Series
from simulator.report.rows import Row, groups, worded, written
from simulator.report.verbs import Document, Piece

TITLE = "How it fails"


def pieces(d: Document, key: str) -> Iterator[Piece]:
    by, ways = d["by"], d["archetypes"]
    yield (
        f"By {by['label']} {written(by, 'pd', 'share')} of {d['paths']:,} paths are in default, in {len(ways)} ways that their "
        "drivers tell apart. A driver is counted in standard deviations of what all paths see by the same month."
    )
    drivers, causes = groups(d["drivers"], "way"), groups(d["causes"], "way")
    cards = []
    for number, one in enumerate(ways, 1):
        own = sorted(drivers.get(number, []), key=lambda r: -abs(r["deviations"]))
        values = [r["deviations"] for r in own]
        low, high = ([r.get(f"deviations_{end}") for r in own] for end in ("low", "high"))
        bars = Series(
            "deviations",
            "bar",
            values,
            0,
            [min(0.0, v) for v in values],
            [max(0.0, v) for v in values],
            tones=["1" if v > 0 else "0" for v in values],
        )
        interval = Series("95 % interval", "band", values, 0, low, high, drawn=False)
        ends = ", ".join(f"{c['cause']} {written(c, 'share_of_way', 'share')}" for c in causes.get(number, [])[:3])
        facts = [
            ("share of defaults", written(one, "share_of_failing", "share")),
            ("typical month", f"{written(one, 'month', 'months')}, {one['label']}"),
            ("paths as far out", written(one, "plausibility", "share")),
        ]
        cards.append(
            Chart(
                f"{key}-way-{number}",
                f"Way {number}: {_headline(own)}",
                "rows",
                "sd",
                [worded(r["driver"]) for r in own],
                [bars, interval],
                "driver",
                facts=facts,
                note=f"It ends in: {ends}.",
            )
        )
    yield from ([*cards[k : k + 2]] for k in range(0, len(cards), 2))
    yield Ledger(
        "The ways in figures",
        ["way", "share of defaults", "paths", "month", "as far out", "its path", "of its file's paths fail"],
        [
            [
                one["way"],
                written(one, "share_of_failing", "share"),
                f"{one['paths']:,}",
                f"{written(one, 'month', 'months')}, {one['label']}",
                written(one, "plausibility", "share"),
                f"{one['path']:,}",
                written(one, "share_reproduced", "share"),
            ]
            for one in ways
        ],
        note="With --out each way is a scenario file; the last column says which share of its paths fails in that way.",
        words=True,
    )
    yield Ledger(
        "What they end in",
        ["way", "cause", "paths", "share of the way"],
        [[str(c["way"]), c["cause"], f"{c['paths']:,}", written(c, "share_of_way", "share")] for c in d["causes"]],
        wide=True,
        words=True,
    )


def _headline(own: Sequence[Row]) -> str:
    """The drivers that stand out, in words; else that none does."""
    strong = [r for r in own if abs(r["deviations"]) >= 1.0][:2] or [r for r in own if abs(r["deviations"]) >= 0.5][:1]
    if not strong:
        return "no driver stands out"
    return " and ".join(f"{'high' if r['deviations'] > 0 else 'low'} {worded(str(r['driver']))}" for r in strong)
