"""The summary of a run on a terminal: at most 80 columns and 40 lines, plain in a pipe."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from simulator.report.words import money, percent

HORIZONS = (1, 2, 3, 5)  # years
STEPS_A_YEAR = {"month": 12, "quarter": 4}
SHORT = {"month": "mo", "quarter": "qtr"}
BAR = 22
WIDTH, LINES = 80, 40
BLOCKS = "▁▂▃▄▅▆▇█"


def lines(document: dict[str, Any], plain: bool = False, width: int = WIDTH) -> Iterator[str]:
    """The summary of a `run --json` document: no line wider than `width`, at most LINES at 80. `plain`: ASCII only."""
    d = document
    before, after = (
        [part for line in found for part in fit(line, width)] for found in (_before(d, plain, width), _after(d, plain))
    )
    yield from before
    for line in _contracts(d, max(3, LINES - len(before) - len(after) - 4), plain, width):
        yield from fit(line, width)
    yield from after


def fit(line: str, width: int) -> Iterator[str]:
    """The line, broken between words where it is too wide; what follows is indented."""
    while len(line) > width and not line.startswith("  simulator "):  # a command is copied as it stands
        at = line.rfind("  ", 24, width)
        at = line.rfind(" ", 8, width + 1) if at < 0 else at
        at = width if at <= 0 else at
        yield line[:at].rstrip()
        line = "    " + line[at:].strip()
    yield line


def _before(d: dict[str, Any], plain: bool, width: int) -> Iterator[str]:
    """What comes before the contracts."""
    yield (d["title"] or d["scenario"])[:width]
    invalid = f"; {d['not_a_number']} paths are not a number" if d["not_a_number"] else ""
    yield f"{d['paths']:,} paths x {d['months']} {_step(d)}s from {d['start']}, seed {d['seed']}, 95 % intervals{invalid}"
    yield ""
    yield from _pd(d, plain, width)
    yield from _causes(d, 44)
    yield from _runway(d, plain, width)
    need = d["peak_need"]
    yield ""
    yield f"Peak funding need  {_with(need, 'p50', money, 'P50')}, {_with(need, 'p90', money, 'P90')}"
    low = d["lowest_liquidity"]
    yield f"Lowest liquidity   {_with(low, 'p5', money, 'P5')}, {_with(low, 'p50', money, 'P50')}"
    if d["cash"]:
        spark = _spark([row["p50"] for row in d["cash"]], plain, 24 if width >= WIDTH else max(8, width - 46))
        ends = [_within(row["p50"], row["interval"]["p50"], money, plain) for row in (d["cash"][0], d["cash"][-1])]
        yield f"Median cash        {spark} {ends[0]} to {ends[1]}"
    yield from _funding(d, plain)


def _after(d: dict[str, Any], plain: bool) -> Iterator[str]:
    """What comes after them."""
    yield from _events(d)
    yield from _losses(d, plain)
    yield from _sampling(d)
    yield from _precision(d)
    if d["not_a_number"]:
        yield ""
        yield f"{d['not_a_number']} paths ended as not-a-number and enter no figure; the first is shown by"
        yield f"  simulator replay {d['folder'] or 'RUN'} --path {d['not_a_number_paths'][0]}"


def next_steps(folder: str, every_path: bool = True) -> Iterator[str]:
    """What to run after a run; of one that keeps only weighted paths in default, the page tells nothing."""
    yield f"next: simulator {'report' if every_path else 'audit'} {folder}"
    yield f"      simulator query {folder}"


BOLD, FAINT, RED, BLUE, RESET = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[34m", "\x1b[0m"
BARS = re.compile("([█▒#=]+)([░.]*)(?=  )|([▁▂▃▄▅▆▇█]{3,})")
HEADINGS = re.compile(
    "^(Default probability by|Causes by|Runway|Peak funding need|Lowest liquidity|Median cash|Contract|Dilution)"
)


def colored(line: str, first: bool = False) -> str:
    """A line for a terminal with colours: headings bold, bars blue. The line must be harmless already."""
    if first:
        return f"{BOLD}{line}{RESET}"
    line = BARS.sub(lambda m: f"{BLUE}{m[1] or m[3]}{RESET}" + (f"{FAINT}{m[2]}{RESET}" if m[2] else ""), line)
    return HEADINGS.sub(lambda m: f"{BOLD}{m[1]}{RESET}", line)


def _step(d: dict[str, Any]) -> str:
    """What a step is called; runs of before quarters do not say."""
    return str(d.get("step", "month"))


def _pd(d: dict[str, Any], plain: bool, width: int) -> Iterator[str]:
    year = STEPS_A_YEAR[_step(d)]
    marks = [y * year for y in HORIZONS if y * year <= d["months"]] or [d["months"]]
    if d["months"] not in marks and len(marks) < 5:
        marks.append(d["months"])
    largest = max(d["pd"][m - 1]["high"] for m in marks) or 1.0
    yield "Default probability by"
    for m in marks:
        row = d["pd"][m - 1]
        bar = _bar(row, largest, max(4, BAR - max(0, WIDTH - width)), plain)
        label = f"({row['label']}) " if width >= 62 else ""
        shown = f"  {_step(d) if width >= 50 else ''} {m:>3} {label}{percent(row['value']):>8}  {bar}  "
        between = f"{percent(row['low'])} to {percent(row['high'])}"
        yield shown + (between if row["count"] else f"none seen, <{percent(row['high'])}")
    years = [str(m // year) for m in marks if m % year == 0]
    told = {name: [rates.get(y) for y in years] for name, rates in d["comparison"].items()}
    if any(x is not None for row in told.values() for x in row):
        yield f"Compare, average default rates after {', '.join(years)} years (no target):"
        room = max(8, min(24, width - 40))
        for name, row in list(told.items())[:4]:
            yield f"  {name[:room]:<{room}}" + "".join(f"{percent(x):>9}" for x in row)


def _bar(e: dict[str, Any], largest: float, width: int, plain: bool) -> str:
    """Full to the lower end of the interval, half to its upper end."""
    low, high = (int(min(width, round(width * e[end] / largest))) for end in ("low", "high"))
    full, half, empty = ("#", "=", ".") if plain else ("█", "▒", "░")
    return full * low + half * (high - low) + empty * (width - high)


def _causes(d: dict[str, Any], room: int) -> Iterator[str]:
    seen = sorted((c for c in d["causes"].items() if c[1]["count"]), key=lambda c: -c[1]["count"])
    yield ""
    if not seen:
        yield f"Causes             no path in default by {_step(d)} {d['months']}"
        return
    yield f"Causes by {_step(d)} {d['months']}"
    for name, c in seen[:5]:
        yield f"  {name[:room]:<{room}} {percent(c['value']):>8}  {percent(c['low'])} to {percent(c['high'])}"
    if len(seen) > 5:
        rest = sum(c["count"] for _, c in seen[5:])
        yield f"  {len(seen) - 5} more causes{'':<{room - 13}} {rest:>8} paths"


def _runway(d: dict[str, Any], plain: bool, width: int) -> Iterator[str]:
    yield ""
    when = f"Runway ({_step(d)} in which the money ends; P5 is the bad tail)"
    yield f"{when:<{58 if width >= WIDTH else 1}}   beyond {d['months']} {SHORT[_step(d)]}"
    for kind in ("funded", "unfunded"):
        r = d["runway"][kind]
        parts = "  ".join(f"{q.upper()} {_runway_month(r, q, d['months'])}" for q in ("p5", "p25", "p50"))
        beyond = _within(r["share_beyond_horizon"], r["interval"]["share_beyond_horizon"], percent, plain)
        yield f"  {kind:<9} {parts:<{46 if width >= WIDTH else 1}}  {beyond}"


def _runway_month(r: dict[str, Any], q: str, months: int) -> str:
    low, high = r["interval"][q]
    if r[q] is None:
        return f">{months}" if low is None else f">{months} ({low}->{months})"
    return f"{r[q]} ({low or '>' + str(months)}-{high or '>' + str(months)})"


def _funding(d: dict[str, Any], plain: bool) -> Iterator[str]:
    funding = d.get("funding") or {}
    if funding.get("dilution"):
        taken = _with(funding["dilution"], "p50", percent, "P50")
        down = funding["down_rounds"]
        tail = "" if down is None else f", down rounds on {_of(down['share_of_paths'], percent, plain)}"
        yield f"Dilution           {taken}{tail}"
    if funding.get("refinancing_failed"):
        failed = funding["refinancing_failed"]["share_of_paths"]
        yield f"Refinancing fails  on {percent(failed['value'])} of paths ({percent(failed['low'])} to {percent(failed['high'])})"


def _contracts(d: dict[str, Any], most: int, plain: bool, width: int) -> Iterator[str]:
    """At most so many lines, three at least."""
    if not d["contracts"]:
        return
    whole = width >= WIDTH
    room = max(1, (most - 2) // 2)
    listed = list(d["contracts"].items())
    shown = listed if len(listed) <= room else listed[: max(1, room - 1)]
    yield ""
    yield "Contract           firm now  headline  mean paid" + ("  stranded  left: buyer supplier" if whole else "")
    for name, c in shown:
        left = c["terminated"]
        row = f"  {name[:16]:<16} {money(c['firm']):>8} {money(c['headline']):>9}  {money(c['paid']):>9}"
        gone = f"{percent(left['buyer']['value']):>11} {percent(left['supplier']['value']):>8}"
        yield row + (f" {money(c['stranded']):>9}  {gone}" if whole else "")
        sign = "+-" if plain else "±"
        parts = [sign + money(_half(c[k], c["interval"][k])) for k in ("firm", "headline", "paid", "stranded")]
        sides = [sign + percent(_half(e["value"], (e["low"], e["high"]))) for e in left.values()]
        line = f"{'':<18} {parts[0]:>8} {parts[1]:>9}  {parts[2]:>9}"
        line += f" {parts[3]:>9}  {sides[0]:>11} {sides[1]:>8}" if whole else ""
        yield line[min(18, max(0, len(line) - WIDTH)) :]
    if len(shown) < len(listed):
        yield f"  {len(listed) - len(shown)} more contracts: simulator report"


def _events(d: dict[str, Any]) -> Iterator[str]:
    """What happened to contracts and is no default, the rarest kind first; two lines at most."""
    told = {"distressed_amendment": "distressed amendment", "supplier_failed": "supplier failed", "renewed": "renewed"}
    happened = [(words, name, c[key]) for key, words in told.items() for name, c in d["contracts"].items() if key in c]
    for words, name, e in [x for x in happened if x[2]["count"]][:2]:
        seen = f"{percent(e['value'])}  ({percent(e['low'])} to {percent(e['high'])}, {e['count']:,} paths)"
        yield f"  {f'{name[:20]}: {words}':<44}{seen}"


def _half(value: float | None, interval: Any) -> float:
    """The greater distance of the interval's ends."""
    low, high = interval
    return math.nan if value is None or low is None or high is None else max(value - low, high - value)


def _within(value: float | None, interval: Any, write: Any, plain: bool) -> str:
    return f"{write(value)} {'+-' if plain else '±'}{write(_half(value, interval))}"


def _of(e: dict[str, Any], write: Any, plain: bool) -> str:
    return _within(e["value"], (e["low"], e["high"]), write, plain)


def _with(table: dict[str, Any], key: str, write: Any, name: str) -> str:
    low, high = table["interval"][key]
    return f"{name} {write(table[key])} ({write(low)} to {write(high)})"


def _spark(values: list[float | None], plain: bool, width: int = 30) -> str:
    numbers = [v for v in values if v is not None]
    if not numbers:
        return ""
    step = max(1, -(-len(numbers) // width))
    picked = numbers[::step]
    low, high = min(picked), max(picked)
    scale = "_.-=+*#@" if plain else BLOCKS
    return "".join(scale[int((v - low) / (high - low) * 7.999) if high > low else 0] for v in picked)


def _losses(d: dict[str, Any], plain: bool) -> Iterator[str]:
    losses = {name: c["expected_loss"] for name, c in d.get("creditors", {}).items() if c["expected_loss"]}
    largest = sorted(losses, key=lambda name: -losses[name]["value"])[:3]
    if largest and losses[largest[0]]["value"] > 0:
        parts = [f"{name[:10]} {_of(losses[name], money, plain)}" for name in largest[:2]]
        yield f"Expected loss by {_step(d)} {d['months']}  " + ", ".join(parts)


class Way(NamedTuple):
    """How figures other than plain ones are told."""

    head: str
    verdict: str
    counted: str = ""


WAYS = {  # by `run.estimator`; plain estimates are of paths that were chosen otherwise
    "plain": Way(
        "Sampling           {method}, {replicates} replicates; a path is worth so many plain ones:",
        "{method} sampling does",
    ),
    "smoothed": Way(
        "Smoothing          of default probabilities; a path is worth so many plain ones:", "smoothing does"
    ),
    "controlled": Way(
        "Control variates   fitted on {pilot:,} other paths; plain paths that one is worth:",
        "control variates do",
        ", the pilot counted",
    ),
}


def _sampling(d: dict[str, Any]) -> Iterator[str]:
    """How many plain paths a path was worth, and of its time; runs of before there was a choice do not say how they were
    sampled."""
    sampling = d.get("sampling") or {}
    ratios = sampling.get("variance_ratio")
    if ratios is None:
        return
    yield ""
    if sampling.get("left_out"):
        yield f"Estimates          plain, not {sampling['estimator']}: {sampling['left_out']}"
        return
    way, cost = WAYS[sampling.get("estimator", "plain")], relative_cost(d)
    yield way.head.format(**sampling)
    for name, e in list(ratios.items())[:4]:
        high = "no limit" if e["high"] is None else f"{e['high']:.2f}"
        net = "" if cost is None else f"; net {e['value'] / cost:.2f}"
        yield f"  {name:<24} {e['value']:>8.2f}  ({e['low']:.2f} to {high}){net}"
    if cost is None:
        if d.get("seconds") is not None:
            yield "  what a path costs beside a plain one was not measured; it takes longer"
    elif ratios:
        yield f"  it costs {cost:.2f} plain ones in processor time{way.counted}: net is what the same time is worth"
    verdict, than = way.verdict.format(**sampling), "no figure is surely better than with plain paths"
    if not sampling["pays"]:
        yield f"  {verdict} not pay here: {than}{way.counted}"
    elif cost is not None and not any(e["low"] > cost for e in ratios.values()):
        yield f"  {verdict} not pay here in time: {than} for as long{way.counted}"


def relative_cost(d: dict[str, Any]) -> float | None:
    """Processor time of a run's paths over that of as many plain ones, where it was measured."""
    seconds = d.get("seconds") or {}
    plain = seconds.get("processor_plain")
    return float(seconds["processor"] / plain) if plain else None


def _precision(d: dict[str, Any]) -> Iterator[str]:
    """What precision was asked for, what it took, and why the run stopped."""
    precision = d.get("precision")
    if precision is None:
        return
    yield ""
    spent = f"{precision['paths']:,} paths, {len(precision['looked_at'])} of {precision['looks_planned']} looks"
    yield f"Precision          {precision['stopped']} ({spent})"
    for row in precision["targets"][:4]:
        error, scale = row["error"], 100 if row["relative"] else 1
        shown = "no interval" if error is None else f"within {error * scale:.4g}{' %' if row['relative'] else ''}"
        yield f"  {row['asked'][:40]:<40} {shown}{'' if row['reached'] else ': not reached'} (z = {precision['z']:.3f})"
