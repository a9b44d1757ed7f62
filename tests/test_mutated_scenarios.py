"""One slip on one line of a valid scenario: it is still a scenario, or a complaint names that line.

The slips are those that people make: a letter too few, a quote or bracket lost, a wrong unit, a line written twice. They are
drawn with a fixed seed from a small scenario (mostly), the company of the other tests and the shipped deal. Where no
complaint can name the line, because what is missed is no longer there, the slip must be of a kind listed in EXCEPTIONS.
"""

from __future__ import annotations

import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from company import COMPANY

import simulator
from simulator.scenario.diagnostics import Diagnostic, ScenarioError

SEED = 20261102
SCENARIOS = Path(__file__).parent.parent / "scenarios"
DEAL = (SCENARIOS / "anthropic-xai.toml").read_text(encoding="utf-8")
CALENDAR = '\n[calendar]\nstart = "2026-11"\nmonths = 24\n'
COMPANY_FILE = "format = 1\n" + COMPANY + CALENDAR
SMALL = """\
format = 1
name = "small"

[calendar]
start = "2026-11"
months = 24

[opening]
cash = { p10 = "8B", p50 = "10B", p90 = "14B" }

[treasury]
interest = "4 %/yr"

[default]
floor = "0.5B"
cure = "30 days"

[inputs]
level = { uniform = { low = 0.5, high = 1.5 } }

[revenue]
type = "mean_reverting_growth"
run_rate = "20B/yr"
growth = "0.02 log/mo"
long_run_growth = "0.01 log/mo"
gap_decay = "0.1 /mo"
noise = { sd = 0.05, persistence = 0.5 }

[price]
type = "forward_curve"
volatility = "50 %/yr"

[contracts.gpu]
fee = "0.2B/mo"
start = "2026-11"
end = "2029-05"
scale = { input = "level" }
unit_price = "5.27 $/GPU-h"
market_unit_price = "4.88 $/GPU-h"

[contracts.gpu.exit.buyer]
notice = "90 days"
when = [
    { price_ratio_below = 0.75 },
    { runway_below = "9 mo" },
]

[flows.expense]
amount = "5B/yr"
direction = "out"

[market]
regimes = ["open", "shut"]
sojourn = ["18 mo", "9 mo"]

[financing.rounds]
type = "priced_round"
every = "9 mo"
size = { lognormal = { p10 = "0.5B", p90 = "3B" } }
success = { open = 0.9, shut = 0.0 }

[dependence]
shocks = ["revenue.noise", "price.deviation"]
correlation = [[1.0], [0.4, 1.0]]
copula = "t"
degrees_of_freedom = 5

[dependence.regimes]
shut = [[1.0], [0.8, 1.0]]

[dependence.inputs]
names = ["level", "opening.cash"]
correlation = [[1.0], [-0.3, 1.0]]
"""


class Slip(NamedTuple):
    kind: str
    number: int  # of the line, from 1
    before: str
    after: str | None  # None: the line is gone
    lines: list[str]  # of the whole file, with the slip

    @property
    def named(self) -> set[int]:
        """The lines of which one must be named."""
        return {self.number, self.number + 1} if self.kind == "line twice" else {self.number}


Diagnostics = tuple[Diagnostic, ...]
Exempt = Callable[[Slip, Diagnostics], bool]
Change = Callable[[str, random.Random], str | None]  # None: not on this line


def replaced(pattern: str, *by: str) -> Change:
    """One occurrence of the pattern, drawn, is replaced by one of these."""

    def change(line: str, rng: random.Random) -> str | None:
        found = list(re.finditer(pattern, code(line)))
        if not found:
            return None
        one = rng.choice(found)
        return line[: one.start()] + one.expand(rng.choice(by)) + line[one.end() :]

    return change


def code(line: str) -> str:
    """Without the comment, which anybody may change."""
    return re.split(r"\s#", line)[0] if not line.startswith("#") else ""


def misspelt(pattern: str) -> Change:
    """A letter is lost, doubled, exchanged or swapped with the next, in one occurrence of the pattern's first group."""

    def change(line: str, rng: random.Random) -> str | None:
        found = list(re.finditer(pattern, code(line)))
        if not found:
            return None
        one = rng.choice(found)
        word, at = one[1], rng.randrange(len(one[1]))
        other = rng.choice(
            (
                word[:at] + word[at + 1 :],
                word[:at] + word[at] + word[at:],
                word[:at] + rng.choice("aeioutsnr_") + word[at + 1 :],
                word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
            )
        )
        return line[: one.start(1)] + other + line[one.end(1) :]

    return change


def character(line: str, rng: random.Random) -> str | None:
    """Any character is lost, or another stands in its place."""
    size = len(code(line))
    if not size:
        return None
    at = rng.randrange(size)
    return line[:at] + rng.choice(("", "", *"x0 \"',.=[]{}#")) + line[at + 1 :]


def always(change: Callable[[str], str | None]) -> Change:
    return lambda line, _: change(line)


def cut_off(line: str, rng: random.Random) -> str | None:
    return line[: rng.randrange(1, len(line))] if len(line) > 1 else None


KEY = r"(?:^|[{,] *)\"?([A-Za-z_][\w]*)\"?(?= = )"
VALUE = r"(?<= = )(?:\"[^\"]*\"|[\d.]+\b|true|false)"
NUMBER = r"(?<![\w.-])\d[\d.]*(?=[^\"\w.]| ?[%BM/a-z])"
CHANGES: dict[str, Change] = {
    "key misspelt": misspelt(KEY),
    "key in capitals": always(lambda line: re.sub(r"^([a-z_]+)(?= =)", lambda m: m[1].upper(), line)),
    "key of another language": replaced(KEY, "betrag = 1"),
    "header misspelt": misspelt(r"^\[+([\w.]+)\]"),
    "name misspelt": misspelt(r"= \[?\"([a-z_.]{3,})\""),
    "quote lost": replaced(r"\"", ""),
    "quote doubled": replaced(r"\"", '""'),
    "quote curled": replaced(r"\"", "“", "”"),
    "quotes lost": replaced(r"\"([^\"]+)\"", r"\1"),
    "bracket lost": replaced(r"[\]}]", ""),
    "opening bracket lost": replaced(r"[\[{]", ""),
    "bracket exchanged": replaced(r"[\]}]", ")", "]", "}"),
    "comma lost": replaced(r",", ""),
    "comma exchanged": replaced(r",", ";", "."),
    "equals lost": replaced(r" = ", " ", ": ", " == ", " : = "),
    "unit wrong": replaced(r"(?<=\d) ?(?:%|[BM]|days|mo|log|/|\$)[^\"]*(?=\")", " kg", " %/GPU-h", "B/day", " weeks"),
    "unit lost": replaced(r"(?<=\d) ?(?:%|[BM]|days|mo|log|/|\$)[^\"]*(?=\")", ""),
    "value of another type": replaced(
        VALUE, "true", "[1, 2]", "{}", '"many"', "{ a = 1 }", "[]", '""', "7", "1979-05-27"
    ),
    "value negative": replaced(NUMBER, r"-\g<0>"),
    "value enormous": replaced(NUMBER, r"\g<0>e30", r"\g<0>e400", "inf", "nan"),
    "decimal comma": replaced(r"(?<=\d)\.(?=\d)", ","),
    "month impossible": replaced(r"\d{4}-\d\d(?=\")", "2026-13", "2026-00", "26-11", "2026-11-01", "11/2026", "2026"),
    "month without quotes": replaced(r"\"(\d{4}-\d\d)\"", r"\1"),
    "letter for a digit": replaced(r"(?<=\d)\d|\d(?=\d)", "O", "l"),
    "value lost": replaced(r"(?<= =) .+", "", " "),
    "key lost": replaced(r"^\w+ (?==)", ""),
    "cut off": cut_off,
    "any character": character,
    "indented with a tab": always(lambda line: "\t" + line),
    "comment of another language": always(lambda line: code(line) + " // as agreed"),
    "two on one line": always(lambda line: code(line) + " more = 1"),
    "line twice": always(lambda line: f"{line}\n{line}"),
    "line gone": always(lambda _: None),
}


def slips(text: str, count: int, seed: int) -> Iterator[Slip]:
    """Each kind equally often, on lines drawn among those that are no comment."""
    rng = random.Random(seed)
    lines = text.split("\n")
    written = [n for n, line in enumerate(lines) if code(line)]
    made = 0
    while made < count:
        kind = rng.choice(list(CHANGES))
        for n in rng.choices(written, k=20):  # not every kind can happen on every line
            after = CHANGES[kind](lines[n], rng)
            if after != lines[n] and (after is not None or kind == "line gone"):
                made += 1
                yield Slip(
                    kind, n + 1, lines[n], after, [*lines[:n], *([] if after is None else [after]), *lines[n + 1 :]]
                )
                break


# --- where no complaint can name the line, or none does yet


def around(slip: Slip) -> int:
    """The header of the table in which the slip was made, as a line number; 0 above the first."""
    return next((n for n in range(slip.number - 1, 0, -1) if slip.lines[n - 1].startswith("[")), 0)


def without_a_key(slip: Slip) -> bool:
    return slip.after is None or " = " not in code(slip.after)


def gone(slip: Slip, found: Diagnostics) -> bool:
    """What is no longer there is missed where it is needed: at the header of its table, or where something refers to it."""
    return without_a_key(slip) and any(one.code in ("E012", "E013", "E014", "E015") for one in found)


def between(slip: Slip, found: Diagnostics) -> bool:
    """A bracket that is not closed is shown where it was opened and where it is missed; the slip lies between."""
    return any(
        one.code == "E003" and one.place and one.also and one.also.line < slip.number <= one.place.line for one in found
    )


def renamed(slip: Slip, found: Diagnostics) -> bool:
    """The new name of a table or a regime is as good as the old one; what goes by the old one is shown."""
    declares = slip.before.startswith(("[", "regimes"))
    return declares and any(one.code in ("E012", "E014", "E015") for one in found)


EXCEPTIONS: dict[str, Exempt] = {"gone": gone, "between": between, "renamed": renamed}


def inside_a_value(slip: Slip, found: Diagnostics) -> bool:
    """Of a value of several lines, a distribution for example, only the first is shown."""
    return any(
        one.code in ("E010", "E011") and one.place and around(slip) < one.place.line < slip.number
        and one.place.text.split("#")[0].rstrip().endswith(("[", "{"))
        for one in found
    )  # fmt: skip


KNOWN: dict[str, Exempt] = {
    "inside a value": inside_a_value,
}


# --- the test

NEVER_VALID = {
    *("quote lost", "quote curled", "equals lost", "key lost", "value lost", "bracket exchanged", "two on one line"),
    *("key misspelt", "key in capitals", "key of another language", "comment of another language"),
    *("unit wrong", "month impossible", "decimal comma"),
}
SOURCES = {"small": (SMALL, 2_600), "company": (COMPANY_FILE, 400), "deal": (DEAL, 200)}


def outcome(slip: Slip, file: Path) -> str:
    file.write_text("\n".join(slip.lines), encoding="utf-8")
    try:
        simulator.load(file)
    except ScenarioError as error:
        found = error.diagnostics
        if slip.named & {place.line for one in found for place in (one.place, one.also) if place}:
            return "named"
        for name, holds in {**EXCEPTIONS, **KNOWN}.items():
            if holds(slip, found):
                return f"exception: {name}"
        return "not named: " + "; ".join(f"{one.code} {one.message}" for one in found)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "valid"


def test_one_slip_is_named_by_its_line_or_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    shutil.copy(SCENARIOS / "commitments.csv", tmp_path)
    tally: Counter[str] = Counter()
    wrong = []
    for text, count in SOURCES.values():
        file.write_text(text, encoding="utf-8")
        simulator.load(file)
        for slip in slips(text, count, SEED):
            result = outcome(slip, file)
            expected = result.startswith(("named", "exception")) or result == "valid"
            if not expected or (result == "valid" and slip.kind in NEVER_VALID):
                wrong.append((result, slip.kind, slip.before, slip.after))
            tally[result.split(":")[0]] += 1
    assert wrong == []
    assert tally.total() == sum(count for _, count in SOURCES.values()) >= 3_000
    assert tally["exception"] <= 0.03 * tally.total()


def refused(text: str, tmp_path: Path) -> Diagnostics:
    (tmp_path / "case.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        simulator.load(tmp_path / "case.toml")
    return caught.value.diagnostics


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("inside a value", '{ value = "1B", weight = 2 }', '{ value = "1", weight = 2 }'),
    ],
)
def test_a_known_fault_is_still_there_else_it_leaves_the_list(
    name: str, before: str, after: str, tmp_path: Path
) -> None:
    several = 'floor = { alternatives = [\n    { value = "1B", weight = 2 },\n    { value = "2B", weight = 1 },\n] }'
    text = SMALL.replace('floor = "0.5B"', several)
    (number,) = [n for n, line in enumerate(text.split("\n"), 1) if before in line]
    changed = text.replace(before, after)
    slip = Slip(name, number, text.split("\n")[number - 1], changed.split("\n")[number - 1], changed.split("\n"))
    found = refused(changed, tmp_path)
    assert number not in {place.line for one in found for place in (one.place, one.also) if place}
    assert KNOWN[name](slip, found)
