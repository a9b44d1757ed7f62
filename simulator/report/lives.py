"""Single paths behind the figures: which ones are shown, their cash, their ledgers, and where the money goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator import runner
from simulator.components.base import CASH
from simulator.estimate import intervals
from simulator.report import ledger
from simulator.report.charts.specification import Chart, Ledger, Reference, Series
from simulator.report.pictures import account_group
from simulator.report.stored import StoredRun
from simulator.report.words import money
from simulator.runner import Replay

SOLVENT, FIRST_DEFAULT = 0, 2  # codes of the column `cause`
SAMPLE = 100  # paths that a waterfall is the mean of
MOST = 14  # rows of a waterfall
UNPAID = "left unpaid, or drawn on lines"


@dataclass(frozen=True)
class Lives:
    """Replays with what each is; `middle` and `failing` are for the waterfalls."""

    shown: dict[str, Replay]
    middle: list[Replay]
    failing: list[Replay]

    @property
    def receipts(self) -> frozenset[str]:
        every = [*self.shown.values(), *self.middle, *self.failing]
        return frozenset().union(*(replay.program.receipts for replay in every))


def relive(run: StoredRun) -> Lives:
    """Choose paths from the stored columns and simulate them again."""
    cause, cash = run.paths["cause"], run.paths["cash"]
    solvent, failed = np.flatnonzero(cause == SOLVENT), np.flatnonzero(cause >= FIRST_DEFAULT)
    chosen: dict[str, int] = {}
    middle = np.array([], dtype=np.int64)
    if solvent.size:
        numbers = cash[cause != 1]
        half = np.partition(numbers, numbers.size // 2)[numbers.size // 2]
        away = np.abs(cash[solvent] - half)
        near = np.argpartition(away, min(4 * SAMPLE, away.size - 1))[: min(4 * SAMPLE, away.size)]
        middle = spread(np.sort(solvent[near]))
        chosen["median"] = int(solvent[int(np.argmin(away))])
        chosen["narrow escape"] = int(solvent[int(np.argmin(run.paths["lowest_liquidity"][solvent]))])
    if failed.size:
        month = run.paths["end_month"][failed].astype(np.float64)
        chosen["failure"] = int(failed[int(np.argmin(np.abs(month - np.median(month))))])
    failing = spread(failed)
    wanted = sorted({*chosen.values(), *middle.tolist(), *failing.tolist()})
    lived = dict(zip(wanted, runner.replays(run.folder, wanted), strict=True))
    return Lives(
        {name: lived[p] for name, p in chosen.items()},
        [lived[int(p)] for p in middle],
        [lived[int(p)] for p in failing],
    )


def spread(paths: np.ndarray) -> np.ndarray:
    """At most SAMPLE of them, evenly spaced in their order."""
    if paths.size <= SAMPLE:
        return paths
    return paths[np.linspace(0, paths.size - 1, SAMPLE).round().astype(np.int64)]


def described(name: str, replay: Replay) -> str:
    s = replay.scenario
    end = int(replay.row["end_month"])
    when = f" in {s.step.name} {end} ({s.label(end)})" if end else ""
    low = int(replay.row["lowest_liquidity_month"])
    return (
        f"{name.capitalize()}: path {replay.path}, {replay.ending}{when}; lowest liquidity "
        f"{money(replay.row['lowest_liquidity'])}"
        f" in {s.label(low)}"
    )


def cash_chart(run: StoredRun, lives: Lives, floor: float | None) -> Chart | None:
    if not lives.shown:
        return None
    colors: dict[str, int | str] = {"median": 0, "narrow escape": 4, "failure": "bad"}
    series = []
    for name, replay in lives.shown.items():
        end = int(replay.row["end_month"])
        values = [float(v) if not end or m <= end else None for m, v in enumerate(replay.months[CASH])]
        series.append(
            Series(f"{name} (path {replay.path})", "line", values, colors[name])
        )  # fmt: skip
    lines = [] if floor is None else [Reference("floor", floor)]
    return Chart("three-paths", "Cash on three single paths", "months", "$", run.labels, series, run.step, lines,
                 note="Simulated again from their numbers; a line ends where the path does.")  # fmt: skip


def ledger_table(name: str, replay: Replay) -> Ledger:
    """The full ledger: accounts down, months across, in $M; accounts that are always nought are left out."""
    months = int(replay.row["end_month"]) or replay.scenario.calendar.months
    rows = []
    for account, values in ledger.accounts(replay).items():
        if np.any(values[:months] != 0.0):
            rows.append([account, *(f"{v / 1e6:,.1f}" if v else "·" for v in values[:months])])
    heads = ["$M", *(replay.scenario.label(m) for m in range(1, months + 1))]
    return Ledger(described(name, replay), heads, rows, wide=True, printed=False)


# --- where the money goes ------------------------------------------------------------------------------------------------


def flows(replay: Replay) -> dict[str, float]:
    """Opening cash, what came in and what was paid to the path's own end, by group of accounts; adds up to the closing cash."""
    end = int(replay.row["end_month"]) or replay.scenario.calendar.months
    m, program = replay.months, replay.program
    found = {"opening cash": float(m[CASH][0])}

    def book(name: str, amount: float) -> None:
        if amount:
            found[name] = found.get(name, 0.0) + amount

    contracts = {f"contracts.{name}" for name in replay.scenario.contracts}
    for slot in program.flows:
        amount = float(m[slot][1 : end + 1].sum())
        if slot in program.receipts:
            book(account_group(slot), amount)
        elif not slot.startswith(tuple(f"{c}." for c in contracts)):
            book(account_group(slot), -amount)
    for claim in program.claims:
        if claim in contracts:
            book(f"contract {claim.removeprefix('contracts.')}", -float(m[f"{claim}.paid"][1 : end + 1].sum()))
    closing = float(m[CASH][end])
    found[UNPAID] = closing - sum(found.values())
    if abs(found[UNPAID]) < 1.0:
        del found[UNPAID]
    found["closing cash"] = closing
    return found


def waterfall(key: str, title: str, replays: Sequence[Replay], note: str) -> Chart | None:
    """The mean of the paths' flows, from opening cash to closing cash."""
    if not replays:
        return None
    every = [flows(replay) for replay in replays]
    names = dict.fromkeys(name for one in every for name in one)
    mean = {name: sum(one.get(name, 0.0) for one in every) / len(every) for name in names}
    opening, closing = mean.pop("opening cash"), mean.pop("closing cash")
    groups = {name: [name] for name in names}
    inside = sorted(mean, key=lambda name: (mean[name] < 0, -abs(mean[name])))
    if len(inside) > MOST:
        small = sorted(inside, key=lambda name: abs(mean[name]))[: len(inside) - MOST + 1]
        inside = [name for name in inside if name not in small] + ["other (net)"]
        groups["other (net)"] = small
        mean["other (net)"] = sum(mean[name] for name in small)
    labels = ["opening cash", *inside, "closing cash"]
    values, low, high, tones, level = [opening], [0.0], [opening], ["muted"], opening
    for name in inside:
        values.append(mean[name])
        low.append(min(level, level + mean[name]))
        high.append(max(level, level + mean[name]))
        tones.append("0" if mean[name] >= 0 else "1")
        level += mean[name]
    values.append(closing)
    low.append(min(0.0, closing))
    high.append(max(0.0, closing))
    tones.append("muted")
    bars = Series("mean", "bar", values, 0, low, high, tones=tones)
    ends = [_interval([sum(one.get(name, 0.0) for name in groups[label]) for one in every]) for label in labels]
    interval = Series("95 % interval", "band", values, 0, [e.low for e in ends], [e.high for e in ends], drawn=False)
    return Chart(key, title, "rows", "$", labels, [bars, interval], "account", note=note)


def _interval(values: Sequence[float]) -> intervals.Estimate:
    array = np.array(values)
    mean = float(array.mean())
    return intervals.mean(mean, float(((array - mean) ** 2).sum()), array.size)


def waterfalls(lives: Lives) -> list[Chart]:
    found = [
        waterfall("waterfall-median", "Where the money goes: around the median", lives.middle,
                  f"Mean of {len(lives.middle)} paths, simulated again, whose cash at the horizon is nearest to the median."),
        waterfall("waterfall-failing", "Where the money goes: in paths that fail", lives.failing,
                  f"Mean of {len(lives.failing)} paths in default, evenly spaced among all of them, to their own ends."),
    ]  # fmt: skip
    return [chart for chart in found if chart is not None]
