"""Whatever a file contains, loading it ends in a scenario or in a ScenarioError that is safe to print.

The files are made here, by a generator with a fixed seed. Most of them must be refused; the few that are odd but valid
say so and must load. What
once was no diagnostic stands in MENDED.
"""

from __future__ import annotations

import os
import random
import socket
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

import simulator
from simulator.cli import main
from simulator.scenario.diagnostics import CODES, ScenarioError
from simulator.scenario.source import FORBIDDEN

BASE = 'format = 1\n[calendar]\nstart = "2026-11"\nmonths = 12\n[opening]\ncash = "10B"\n'
PLAN = '[contracts.x]\nschedule = {{ csv = "{}", column = "fee", unit = "B/mo" }}\n'
SEED = 20261101


posix = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs POSIX")


class Case(NamedTuple):
    name: str
    text: str | bytes
    valid: bool = False


CONTRACT = '[contracts.x]\nfee = "1M/mo"\nstart = "2026-11"\nend = "2027-10"\n'
TRANCHE = '[financing.a]\ntype = "tranche"\namount = "1B"\ndelivered = "x"\n'
MENDED: dict[str, str] = {  # each once raised something else than a diagnostic, or took for ever
    "a date of TOML": BASE.replace('"2026-11"', "2026-11-01"),
    "a type that is no text": BASE + "[revenue]\ntype = []\n",
    "a family that is no table": "flows = 3\n" + BASE,
    "a tranche where there are no contracts": "contracts = []\n" + BASE + TRANCHE,
    "a tranche with a contract that is none": "contracts.x = 3\n" + BASE + TRANCHE,
    "an effective rate below -100 % a year": BASE + '[treasury]\ninterest = "-200 %/yr"\n',
    "a rate that overflows": BASE + '[treasury]\ninterest = "1e6 log/yr"\n',
    "a lognormal much wider than its mean": BASE
    + '[treasury]\ntarget_cash = { lognormal = { mean = "1M", sd = "1e200B" } }\n',
    "a lognormal without width": BASE
    + '[treasury]\ntarget_cash = { lognormal = { mean = "1B", sd = "1e-200B" }, truncate = ["1B", "2B"] }\n',
    "a year to compare with that only looks like digits": BASE + '[comparison]\nBB = { "²" = "1 %" }\n',
    "a month of a plan that only looks like digits": BASE + PLAN.format("months.csv"),
    "a base file with a zero in its name": 'extends = "\\u0000.toml"\n' + BASE,
    "a base file behind a circle of links": 'extends = "loop.toml"\n' + BASE,
    "a base file with a long name": f'extends = "{"x" * 300}.toml"\n' + BASE,
    "a month given as a number": BASE.replace('"2026-11"', "2026"),
    "a format that is only equal to 1": BASE.replace("format = 1", "format = true"),
    "a mark of our own": BASE.replace('"10B"', '{ uniform = { low = "1B", high = "2B" }, "@shared" = "x" }'),
    "an amount behind thousands of blanks": BASE.replace("10B", " " * 20_000 + "x"),
    "a plan with a million rows that are none": BASE + PLAN.format("rows.csv"),
}


def refused(file: Path) -> ScenarioError:
    with pytest.raises(ScenarioError) as caught:
        simulator.load(file)
    check_refusal(caught.value)
    return caught.value


def check_refusal(error: ScenarioError) -> None:
    assert error.diagnostics
    assert {one.code for one in error.diagnostics} <= set(CODES)
    check_printable(str(error))


def check_printable(text: str) -> None:
    assert FORBIDDEN.search(text.replace("\n", "")) is None
    text.encode()


# --- texts that are large, deep or many


def bombs() -> Iterator[Case]:
    n = 300_000
    for char in "[]{}\"'.=,#\\":
        yield Case(f"only {char}", char * n)
        yield Case(f"value of {char}", BASE + "a = " + char * n)
    yield Case("pairs of brackets", "a = " + "[]" * (n // 2))
    yield Case("nested arrays", "a = " + "[" * 5000 + "]" * 5000)
    yield Case("nested inline tables", "a = " + "{ a = " * 5000 + "1" + " }" * 5000)
    yield Case("arrays and tables in turn", "a = " + "[{ a = " * 3000 + "1" + "}]" * 3000)
    yield Case("a key of 20,000 parts", BASE + "a." * 20_000 + "a = 1")
    yield Case("a header of 20,000 parts", BASE + "[" + "a." * 20_000 + "a]")
    yield Case("a key of 20,000 quoted parts", BASE + '"".' * 20_000 + "a = 1")
    yield Case("thousands of headers", BASE + "".join(f"[t{k}]\n" for k in range(2_000)))
    yield Case("thousands of one header", BASE + "[t]\n" * 5_000)
    yield Case("thousands of arrays of tables", BASE + "[[t]]\n" * 5_000)
    yield Case("thousands of unknown keys", BASE + "".join(f"cash{k} = 1\n" for k in range(2_000)))
    yield Case("thousands of deep headers", "".join(f"[{'.'.join('a' * 30)}.k{k}]\n" for k in range(5_000)))
    yield Case("a key of 300 kB", BASE + "a" * n + " = 1")
    yield Case("a quoted key of 300 kB", BASE + '"' + "a " * (n // 2) + '" = 1')
    yield Case("a name of 300 kB", f'name = "{"a" * n}"\n' + BASE)
    yield Case("a title of 300 kB", f'title = "{"a" * n}"\n' + BASE, valid=True)
    yield Case("a type of 300 kB", BASE + f'[revenue]\ntype = "{"a" * n}"')
    yield Case("an amount of 300,000 digits", BASE.replace("10B", "9" * n + "B"))
    yield Case("an amount of 300,000 decimals", BASE.replace("10B", "1." + "0" * n + "B"))
    yield Case("an exponent of 300,000 digits", BASE.replace("10B", "1e" + "9" * n + "B"))
    yield Case("a unit of 300 kB", BASE.replace("10B", "1 " + "B" * n))
    yield Case("a unit of 100,000 slashes", BASE.replace("10B", "1 " + "/ " * 100_000))
    yield Case("an integer of 4,000 digits", BASE + "a = " + "9" * 4_000)
    yield Case("a hexadecimal of 4,000 digits", BASE + "a = 0x" + "f" * 4_000)
    yield Case("a multiline string of quotes", 'title = """' + '""' * n)
    yield Case("300,000 lines", "\n" * n + BASE, valid=True)
    yield Case("300,000 carriage returns", "\r" * n + BASE)
    yield Case("an array of 40,000 months", BASE + "[dependence]\nshocks = [" + '"a",' * 2_000 + "]\ncorrelation = []")
    yield Case("a mebibyte and one", BASE + "#" * (1 << 20))
    yield Case("thousands of tables that are contracts", BASE + "".join(f"[contracts.c{k}]\n" for k in range(1_000)))
    contract = '[contracts.c{}]\nfee = "1M/mo"\nstart = "2026-11"\nend = "2027-05"\n'
    yield Case("a thousand contracts", BASE + "".join(contract.format(k) for k in range(1_000)), valid=True)
    rules = ", ".join('{ runway_below = "1 mo" }' for _ in range(2_000))
    buyer = f'[contracts.c.exit.buyer]\nnotice = "90 days"\nwhen = [{rules}]\n'
    yield Case("thousands of rules", BASE + contract.format("").replace("c]", "c]") + buyer, valid=True)
    amounts = ", ".join(f'"{2026 + k // 12}-{k % 12 + 1:02}" = "1M/mo"' for k in range(2_000))
    yield Case("a schedule of 2,000 months", BASE + f"[contracts.c]\nschedule = {{ {amounts} }}\n")
    century = ", ".join(amounts.split(", ")[:1_200])
    yield Case("a schedule of a hundred years", BASE + f"[contracts.c]\nschedule = {{ {century} }}\n", valid=True)
    bad = ", ".join(f'"m{k}" = "1M/mo"' for k in range(2_000))
    yield Case("a schedule of 2,000 bad months", BASE + f"[contracts.c]\nschedule = {{ {bad} }}\n")
    regimes = ", ".join(f'"r{k}"' for k in range(5_000))
    yield Case("thousands of regimes", BASE + f"[market]\nregimes = [{regimes}]\nsojourn = [{regimes}]\n")
    rates = ", ".join(f'{k} = "1 %"' for k in range(5_000))
    yield Case("thousands of years to compare with", BASE + f'[comparison]\n"BB" = {{ {rates} }}\n')


def alternatives() -> Iterator[Case]:
    group = "[alternatives.g{0}.a]\nweight = 1\n[alternatives.g{0}.b]\nweight = 1\n"
    yield Case("32 branches", BASE + "".join(group.format(k) for k in range(5)), valid=True)
    yield Case("64 branches", BASE + "".join(group.format(k) for k in range(6)))
    yield Case("more branches than numbers", BASE + "".join(group.format(k) for k in range(2_000)))
    members = "".join(f"[alternatives.g.m{k}]\nweight = 1\n" for k in range(3_000))
    yield Case("thousands of alternatives", BASE + members)
    deep = ".".join(["alternatives"] * 20)
    yield Case("alternatives of alternatives", BASE + f"[{deep}]\nweight = 1\n")
    inside = "[alternatives.g.a]\nweight = 1\n[alternatives.g.b]\nweight = 1\n[alternatives.g.b.alternatives.h.c]\n"
    yield Case("alternatives in an alternative", BASE + inside + "weight = 1\n")
    yield Case("an alternative that extends", BASE + group.format("") + 'extends = "case.toml"\n')
    for weight in ("0", "-1", '"1"', "true", "[1]", "{ p10 = 1, p50 = 2, p90 = 3 }", "1e300", "9" * 300, "1979-05-27"):
        yield Case(f"a weight of {weight[:40]}", BASE + group.format("").replace("weight = 1", f"weight = {weight}"))
    for value in ("1", "[]", '"a"', "{}", "[[1]]", "{ a = 1, b = 2 }", "{ a = {}, b = {} }"):
        yield Case(f"{value} as alternatives", f"alternatives = {value}\n" + BASE, valid=value == "{}")
        yield Case(f"{value} as a group of alternatives", f"alternatives.g = {value}\n" + BASE)
    for key in ("opening", "contracts", "contracts.x", "inputs", "market", "dependence", "flows"):
        over = group.format("") + f"{key} = 3\n"
        yield Case(f"an alternative with {key} = 3", BASE + over)


# --- every kind of value in every position

COMPLETE = """\
format = 1
name = "small"
title = "A small company"
[calendar]
start = "2026-11"
months = 12
[opening]
cash = { p10 = "8B", p50 = "10B", p90 = "14B" }
arrears = "1M"
arrears_months = 2
[treasury]
interest = "4 %/yr"
[default]
stop_at_default = true
cure = { alternatives = [{ value = "30 days", weight = 1 }, { value = "60 days", weight = 1 }] }
[inputs]
level = { uniform = { low = 0.5, high = 1.5 } }
[revenue]
type = "mean_reverting_growth"
run_rate = "20B/yr"
growth = "0.02 log/mo"
long_run_growth = "0.01 log/mo"
gap_decay = "0.1 /mo"
noise = { sd = 0.05, persistence = 0.5 }
customer_loss = { hazard = "20 %/yr", size = "15 %" }
[operations]
collections = [0.6, 0.4]
[compute]
need = { start = 0.5, floor = 0.4, decay = "0.05 /mo" }
overflow = "always"
[price]
type = "forward_curve"
curve = { points = [{ month = "2027-11", index = 0.9 }] }
volatility = "50 %/yr"
[contracts.gpu]
counterparty = "A supplier"
fee = "0.2B/mo"
start = "2026-11"
end = "2029-05"
steps = { "2027-01" = "0.3B/mo" }
rank = 3
scale = { input = "level" }
unit_price = "5.27 $/GPU-h"
market_unit_price = "4.88 $/GPU-h"
amendments = { later = { start = "2027-03", fee = "0.4B/mo", probability = 0.5 } }
delivery = { delay = "1 mo" }
exit = { buyer = { notice = "90 days", when = [{ runway_below = "9 mo" }] } }
resale = { haircut = "70 %" }
[flows.other]
type = "random"
amount = { normal = { mean = "0M/mo", sd = "80M/mo" } }
direction = "in"
[market]
regimes = ["open", "shut"]
sojourn = ["18 mo", "9 mo"]
destinations = { open = { shut = 1.0 } }
[financing.rounds]
type = "priced_round"
every = "9 mo"
size = { lognormal = { p10 = "0.5B", p90 = "3B" } }
success = { open = 0.9, shut = 0.0 }
lag = "2 mo"
[financing.partner]
type = "tranche"
amount = "1B"
delivered = "gpu"
[dependence]
shocks = ["revenue.noise", "price.deviation"]
correlation = [[1.0], [0.4, 1.0]]
copula = "t"
degrees_of_freedom = 5
regimes = { shut = [[1.0], [0.8, 1.0]] }
[dependence.inputs]
names = ["level", "opening.cash"]
correlation = [[1.0], [-0.3, 1.0]]
[comparison]
BB = { 1 = "0.44 %", 2 = "1.38 %" }
[run]
paths = 1000
seed = 7
"""
DEEP = "{ uniform = " * 20 + "1" + " }" * 20
VALUES = {
    "infinity": "inf",
    "minus infinity": "-inf",
    "not a number": "nan",
    "too large a float": "1e400",
    "too large an integer": "9" * 350,
    "a large integer": "9" * 300,
    "text too large": '"1e400B"',
    "text of infinity": '"inf B/mo"',
    "a date": "2026-11-01",
    "a time": "2026-11-01T10:00:00Z",
    "a truth": "false",
    "nothing": '""',
    "blanks": '"' + " " * 200 + '"',
    "an empty array": "[]",
    "an empty table": "{}",
    "an array of arrays": "[[[[]], [1]], []]",
    "tables in arrays": "[{ a = [{ b = {} }] }]",
    "a table of itself": "{ type = { type = { type = 1 } } }",
    "an input of an input": '{ input = { input = "level" } }',
    "no such input": '{ input = "\\u202e" }',
    "distributions in distributions": DEEP,
    "a distribution of tables": "{ p10 = {}, p50 = [], p90 = {} }",
    "a distribution of dates": "{ p10 = 2026-11-01, p50 = 2026-11-02, p90 = 2026-11-03 }",
    "alternatives in alternatives": "{ alternatives = [{ value = { alternatives = [] }, weight = 1 }] }",
    "a plan": '{ csv = "none.csv", column = "a" }',
    "a plan of tables": "{ csv = { csv = {} } }",
    "marked by hand": '{ uniform = { low = 0.5, high = 1.5 }, "@shared" = [1] }',
    "an escape sequence": '"\\u001b[2J\\u0000\\u202e"',
    "superscripts": '"20\\u00b2\\u00b2-11"',
}
POSITIONS = [n for n, line in enumerate(COMPLETE.split("\n")) if " = " in line]
VALID = {  # by key: which of these values it takes
    "name": {"text too large"},
    "title": {"text too large", "text of infinity", "nothing", "blanks", "superscripts"},
    "counterparty": {"text too large", "text of infinity", "nothing", "blanks", "superscripts"},
    "stop_at_default": {"a truth"},
    "level": {"a large integer"},
    "curve": {"an empty table"},
    "steps": {"an empty table"},
    "amendments": {"an empty table"},
    "destinations": {"an empty table"},
    "BB": {"an empty table"},
}


def values() -> Iterator[Case]:
    lines = COMPLETE.split("\n")
    for n in POSITIONS:
        key = lines[n].partition(" = ")[0]
        for k, (name, value) in enumerate(VALUES.items()):
            if (n + k) % 2:  # half of them, for the time that they take
                continue
            text = "\n".join([*lines[:n], f"{key} = {value}", *lines[n + 1 :]])
            yield Case(f"{name} as {key} in line {n + 1}", text, valid=name in VALID.get(key, ()))


TABLES = ("calendar", "opening", "inputs", "revenue", "compute", "price", "contracts", "contracts.gpu", "flows")
TABLES += ("market", "financing", "dependence", "comparison", "run", "alternatives", "contracts.gpu.exit")


def instead_of_tables() -> Iterator[Case]:
    for table in TABLES:
        for value in ("3", '"text"', "[]", "[1, 2]", "{}", "true", "1979-05-27", "[{}]"):
            kept, skip = [], False
            for line in COMPLETE.split("\n"):
                if line.startswith("["):
                    skip = line == f"[{table}]" or line.startswith(f"[{table}.")
                if not skip:
                    kept.append(line)
            empty = value == "{}" and table in ("flows", "financing", "comparison", "run", "alternatives")
            yield Case(f"{table} = {value}", "\n".join([f"{table} = {value}", *kept]), valid=empty)


# --- distributions at the ends of what a number can be


def distributions() -> Iterator[Case]:
    laws = {
        "normal": ("mean", "sd"),
        "lognormal": ("mean", "sd"),
        "uniform": ("low", "high"),
        "triangular": ("low", "mode", "high"),
        "pert": ("low", "mode", "high"),
        "beta": ("mean", "sd", "low", "high"),
    }
    ends = ("-1e308", "-1e-308", "0", "1e-308", "1", "1e200", "1e308")
    rng = random.Random(SEED)
    for law, names in laws.items():
        for k in range(12):
            numbers = ", ".join(f'{name} = "{rng.choice(ends)}%/yr"' for name in names)
            cut = f', truncate = ["{rng.choice(ends)} %/yr", "{rng.choice(ends)} %/yr"]' if k % 2 else ""
            fits = f"{law} {k}" in ("normal 6", "triangular 0", "pert 0")  # by chance
            yield Case(f"{law} {k}", BASE + f"[treasury]\ninterest = {{ {law} = {{ {numbers} }}{cut} }}\n", fits)
    for k in range(12):
        numbers = ", ".join(f'{name} = "{rng.choice(ends)} %/yr"' for name in ("p10", "p50", "p90"))
        yield Case(f"quantiles {k}", BASE + f"[treasury]\ninterest = {{ {numbers} }}\n")


# --- characters that are not what they seem

ODD = [*map(chr, range(32)), *map(chr, range(0x7F, 0xA0)), *"\u061c\u200e\u200f\u202a\u202e\u2066\u2069"]
BIDI = ["\x1b[31m", "\x9b2J", *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"]


def raw_characters() -> Iterator[Case]:
    for char in ODD:
        if char not in "\t\n\r":
            for place, text in (
                ("comment", f"# a{char}b\n"),
                ("text", f'title = "a{char}b"\n'),
                ("key", f'"a{char}" = 1\n'),
            ):
                yield Case(f"U+{ord(char):04X} in a {place}", text + BASE)
    yield Case("utf-16", BASE.encode("utf-16"))
    yield Case("utf-16 without a mark", BASE.encode("utf-16-le"))
    yield Case("utf-32", BASE.encode("utf-32"))
    yield Case("a byte order mark", b"\xef\xbb\xbf" + BASE.encode(), valid=True)
    yield Case("two byte order marks", b"\xef\xbb\xbf" * 2 + BASE.encode())
    yield Case("a byte order mark inside", BASE.encode() + b"\xef\xbb\xbfa = 1")
    yield Case("only a byte order mark", b"\xef\xbb\xbf")
    yield Case("nothing", b"")
    yield Case("only zeros", b"\0" * 1000)
    yield Case("truncated utf-8", f'title = "{"é" * 100}'.encode()[:-1])
    yield Case("overlong utf-8", b"title = '\xc0\xaf'\n" + BASE.encode())
    yield Case("a surrogate in utf-8", b"title = '\xed\xa0\x80'\n" + BASE.encode())
    yield Case("beyond unicode", b"title = '\xf4\x90\x80\x80'\n" + BASE.encode())
    yield Case("latin-1", 'title = "Zürich"\n'.encode("latin-1") + BASE.encode())
    yield Case("compressed", zlib.compress(BASE.encode() * 100))
    for key in ("саsh", "cаsh", "ｃａｓｈ", "ca\u00adsh", "ca\u200bsh", "cash\u3164", "𝓬𝓪𝓼𝓱"):
        yield Case(f"confusable {key!a}", f'{BASE}"{key}" = "9B"\n')
        yield Case(f"confusable {key!a} without quotes", f'{BASE}{key} = "9B"\n')


ESCAPED = {
    "name": 'name = "X"\n' + BASE,
    "format": 'format = "X"\n' + BASE.removeprefix("format = 1\n"),
    "key": BASE + '"X" = 1\n',
    "table": BASE + '["X"]\na = 1\n',
    "contract": BASE + '[contracts."X"]\nfee = 1\n',
    "key of a contract": BASE + '[contracts.a]\n"X" = 1\n',
    "amount": BASE.replace("10B", "X"),
    "unit": BASE.replace("10B", "10X"),
    "month": BASE.replace("2026-11", "X"),
    "type": BASE + '[revenue]\ntype = "X"\n',
    "word": BASE + '[flows.a]\namount = "1M/mo"\ndirection = "X"\n',
    "input": BASE + '[treasury]\ninterest = { input = "X" }\n',
    "unused input": BASE + '[inputs]\n"X" = 1\n',
    "law": BASE + '[treasury]\ninterest = { "X" = 1 }\n',
    "parameter": BASE + '[treasury]\ninterest = { uniform = { "X" = 1 } }\n',
    "shock": BASE + '[dependence]\nshocks = ["X", "X"]\ncorrelation = [[1.0], [0.0, 1.0]]\n',
    "regime": BASE + '[market]\nregimes = ["X", "X"]\nsojourn = ["1 mo", "1 mo"]\n',
    "initial": BASE + '[market]\nregimes = ["a", "b"]\ninitial = "X"\nsojourn = ["1 mo", "1 mo"]\n',
    "destination": BASE
    + '[market]\nregimes = ["a", "b"]\nsojourn = ["1 mo", "1 mo"]\ndestinations."X" = { "X" = 1 }\n',
    "extends": 'extends = "X.toml"\n' + BASE,
    "csv": BASE + PLAN.format("X"),
    "column": BASE + '[contracts.a]\nschedule = { csv = "plan.csv", column = "X" }\n',
    "alternative": BASE + '[alternatives."X"."X"]\na = 1\n',
    "rates": BASE + '[comparison]\n"X" = { "X" = "X" }\n',
    "tranche": BASE + '[financing.a]\ntype = "tranche"\namount = "1B"\ndelivered = "X"\n',
}


def escaped_characters() -> Iterator[Case]:
    for k, (place, text) in enumerate(ESCAPED.items()):
        for char in {BIDI[k % len(BIDI)], "\u202e", "\0"}:
            shown = "".join(f"\\u{ord(c):04x}" for c in char)
            yield Case(f"escaped {shown} as {place}", text.replace("X", f"a{shown}b"))


# --- chance

TOKENS = [
    *"[]{}=,.\"'#\n",
    "[[",
    "]]",
    '"""',
    "\\u202e",
    "a",
    "contracts",
    "type",
    "input",
    "1",
    "-",
    "e9",
    "inf",
    "true",
    "é",
]


def chance() -> Iterator[Case]:
    rng = random.Random(SEED)
    for k in range(60):
        yield Case(f"tokens {k}", " ".join(rng.choices(TOKENS, k=rng.randint(5, 400))) + "=")
    for k in range(40):
        yield Case(f"bytes {k}", rng.randbytes(rng.randint(1, 4_000)) + b"\xff")
    lines = COMPLETE.split("\n")
    for k in range(60):
        shuffled = rng.sample(lines, len(lines))
        yield Case(f"lines in any order {k}", "\n".join(shuffled))
    for k in range(40):
        at = rng.randrange(20, len(COMPLETE) - 20)
        yield Case(f"cut off {k}", COMPLETE[:at] + "\n[[")


GROUPS: dict[str, Callable[[], Iterator[Case]]] = {
    "bombs": bombs,
    "alternatives": alternatives,
    "values": values,
    "values instead of tables": instead_of_tables,
    "distributions": distributions,
    "raw characters": raw_characters,
    "escaped characters": escaped_characters,
    "chance": chance,
}


def verdict(file: Path) -> str:
    try:
        simulator.load(file)
    except ScenarioError as error:
        check_refusal(error)
        return "refused"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "valid"


@pytest.mark.parametrize("group", GROUPS)
def test_a_hostile_text_is_a_scenario_or_is_refused(group: str, tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_text("month,fee\n2026-11,1\n")
    wrong = {}
    for case in GROUPS[group]():
        file = tmp_path / "case.toml"
        file.write_bytes(case.text if isinstance(case.text, bytes) else case.text.encode())
        said = verdict(file)
        if said != ("valid" if case.valid else "refused"):
            wrong[case.name] = said
    assert wrong == {}


def test_there_are_hundreds_of_hostile_texts_each_with_its_name() -> None:
    cases = [case for make in GROUPS.values() for case in make()]
    assert len(cases) > 1_500
    assert len({case.name for case in cases}) == len(cases)


@pytest.mark.parametrize("name", MENDED)
def test_what_once_was_no_diagnostic_is_one(name: str, tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text(MENDED[name])
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    (tmp_path / "months.csv").write_text("month,fee\n20²6-11,1\n")
    (tmp_path / "rows.csv").write_text("month,fee\n" + "x,1\n" * 200_000)
    assert refused(tmp_path / "case.toml").diagnostics


@posix
def test_a_path_that_cannot_be_followed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path / "loop" / "x.toml", Path("a\0b/x.toml")):
        assert refused(path).diagnostics[0].code == "E001"


def test_of_thousands_of_complaints_a_hundred_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text(BASE + "".join(f"k{n} = 1\n" for n in range(3_000)))
    text = str(refused(tmp_path / "case.toml"))
    assert text.count("error[") == 100
    assert text.endswith("\n\n3000 errors, 2900 of them not shown")


def test_complaints_about_one_long_line_share_its_text(tmp_path: Path) -> None:
    many = ", ".join(f'"m{n}" = 1' for n in range(1_000))
    (tmp_path / "case.toml").write_text(BASE + f"flows.a.schedule = {{ {many} }}\n")
    texts = {id(one.place.text) for one in refused(tmp_path / "case.toml").diagnostics if one.place}
    assert len(texts) == 1


# --- what is no file, or no file of the scenario


@posix
def test_what_is_no_readable_file_is_refused_without_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    os.mkfifo("pipe")
    Path("loop").symlink_to("loop")
    Path("dangling").symlink_to("nowhere")
    Path("zero").symlink_to("/dev/zero")
    Path("file").write_text(BASE)
    Path("secret").write_text(BASE)
    Path("secret").chmod(0)
    names = ["pipe", "loop", "dangling", "zero", "nowhere", ".", "..", "/", "/dev/zero", "/dev/null", "/dev/tty", ""]
    names += ["file/case.toml", "x" * 300, "x/" * 3_000, "\0", "a\0.toml", "a\x1b[2J", "a\u202e.toml", "~", "-", "*"]
    names += [] if os.geteuid() == 0 else ["secret"]  # root may read everything
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        for name in (*names, "socket"):
            (one,) = refused(Path(name)).diagnostics
            assert one.code == "E001", name


@posix
def test_extends_reads_only_files_of_the_folder_and_comes_to_an_end(tmp_path: Path) -> None:
    folder = tmp_path / "scenarios"
    (folder / "folder.toml").mkdir(parents=True)
    (tmp_path / "outside.toml").write_text(BASE)
    (folder / "link.toml").symlink_to("../outside.toml")
    (folder / "dangling.toml").symlink_to("nowhere.toml")
    (folder / "zero.toml").symlink_to("/dev/zero")
    (folder / "self.toml").symlink_to("case.toml")
    os.mkfifo(folder / "pipe.toml")
    (folder / "binary.toml").write_bytes(b"\xff\xfe\0")
    (folder / "broken.toml").write_text("a = [")
    (folder / "huge.toml").write_text("#" * (1 << 21))
    (folder / "one.toml").write_text('extends = "two.toml"')
    (folder / "two.toml").write_text('extends = "one.toml"')
    (folder / "back.toml").write_text('extends = "case.toml"')
    for k in range(40):
        (folder / f"chain{k}.toml").write_text(f'extends = "chain{k + 1}.toml"')
    expected = {
        "E001": ["folder.toml", "pipe.toml"],
        "E002": ["binary.toml"],
        "E003": ["broken.toml"],
        "E004": ["huge.toml"],
        "E005": [
            *("../outside.toml", "./../outside.toml", "a/../../outside.toml", str(tmp_path / "outside.toml")),
            *("link.toml", "zero.toml", "/dev/zero.toml", "/dev/zero", "//x.toml", "../scenarios/../outside.toml"),
            *(
                "case.toml",
                "./case.toml",
                "../scenarios/case.toml",
                "self.toml",
                "one.toml",
                "back.toml",
                "chain0.toml",
            ),
            *(
                "dangling.toml",
                "nowhere.toml",
                ".toml",
                "",
                ".",
                "..",
                "case",
                "file:///etc/passwd",
                "https://a.b/c.toml",
            ),
            *("..\\\\outside.toml", "~/outside.toml", "$HOME/outside.toml", "*.toml", "case.toml/x.toml", "a b.toml"),
        ],
    }
    for code, names in expected.items():
        for name in names:
            (folder / "case.toml").write_text(f'extends = "{name}"\n' + BASE)
            (one,) = refused(folder / "case.toml").diagnostics
            assert one.code == code, name
    for value in ("1", "true", "[]", "{}", '["case.toml"]', "2026-11-01", "inf"):
        (folder / "case.toml").write_text(f"extends = {value}\n" + BASE)
        assert refused(folder / "case.toml").diagnostics[0].code in ("E005", "E011")


@posix
def test_a_plan_is_read_only_from_a_file_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "scenarios"
    (folder / "folder.csv").mkdir(parents=True)
    (tmp_path / "outside.csv").write_text("month,fee\n2026-11,1\n")
    (folder / "link.csv").symlink_to("../outside.csv")
    (folder / "zero.csv").symlink_to("/dev/zero")
    (folder / "loop.csv").symlink_to("loop.csv")
    (folder / "dangling.csv").symlink_to("nowhere.csv")
    os.mkfifo(folder / "pipe.csv")
    with (folder / "huge.csv").open("wb") as handle:
        handle.truncate(1 << 40)
    names = ["folder.csv", "link.csv", "zero.csv", "loop.csv", "dangling.csv", "pipe.csv", "huge.csv", "/dev/zero"]
    names += [
        "../outside.csv",
        str(tmp_path / "outside.csv"),
        "nowhere.csv",
        "",
        ".",
        "..",
        "x" * 300,
        "https://a.b/c.csv",
    ]
    for name in names:
        (folder / "case.toml").write_text(BASE + PLAN.format(name))
        assert {one.code for one in refused(folder / "case.toml").diagnostics} == {"E016"}, name


PLANS: dict[str, tuple[bytes, bool]] = {  # and whether it is valid
    "nothing": (b"", False),
    "only comments": (b"# a\n# b\n", False),
    "only a header": (b"month,fee\n", False),
    "no header": (b"2026-11,1\n", False),
    "binary": (b"\xff\xfe\0\1" * 100, False),
    "utf-16": ("month,fee\n2026-11,1\n".encode("utf-16"), False),
    "a byte order mark": (b"\xef\xbb\xbfmonth,fee\n2026-11,1\n", True),
    "carriage returns": (b"month,fee\r2026-11,1\r", True),
    "zeros inside": (b"month,fee\n2026-11,1\0\n", False),
    "open quotes": (b'month,fee\n"2026-11,1\n2026-12,2\n', False),
    "quoted cells": (b'month,fee\n"2026-11","1"\n', True),
    "a huge cell": (b"month,fee\n2026-11," + b"9" * 1_000_000 + b"\n", False),
    "a huge number": (b"month,fee\n2026-11,1e400\n", False),
    "infinity": (b"month,fee\n2026-11,inf\n", False),
    "not a number": (b"month,fee\n2026-11,nan\n", False),
    "hexadecimal": (b"month,fee\n2026-11,0x10\n", False),
    "a formula": (b"month,fee\n2026-11,=1+1\n", False),
    "a negative amount": (b"month,fee\n2026-11,-1\n", False),
    "underscores": (b"month,fee\n2026-11,1" + b"_" * 1_000_000 + b"x\n", False),
    "many columns": (b"month,fee" + b",x" * 100_000 + b"\n2026-11,1\n", False),
    "two columns of the name": (b"month,fee,fee\n2026-11,1,2\n", False),
    "a month twice": (b"month,fee\n2026-11,1\n2026-11,2\n", False),
    "months without sense": (b"month,fee\n" + b"".join(b"20%02d-13,1\n" % k for k in range(99)), False),
    "thousands of bad rows": (b"month,fee\n" + b"x\n" * 5_000, False),
    "an escape sequence": (b"month,fee\n2026-11,\x1b[2J\n", False),
    "bidirectional": ("month,fee\n\u202e2026-11,1\n".encode(), False),
    "many months": (b"month,fee\n" + b"".join(b"%04d-01,1\n" % k for k in range(2026, 9_999)), False),
}


@pytest.mark.parametrize("name", PLANS)
def test_a_hostile_plan_is_refused_or_read(name: str, tmp_path: Path) -> None:
    raw, valid = PLANS[name]
    (tmp_path / "plan.csv").write_bytes(raw)
    (tmp_path / "case.toml").write_text(BASE + PLAN.format("plan.csv"))
    assert verdict(tmp_path / "case.toml") == ("valid" if valid else "refused")


# --- what a person sees

SEEN = {
    "escape sequence in the title": 'title = "a\\u001b[2Jb"\n' + BASE,
    "bidirectional title": 'title = "a\\u202eb"\n' + BASE,
    "bidirectional name": 'name = "a\\u202eb"\n' + BASE,
    "bidirectional counterparty": BASE + '[contracts.a]\ncounterparty = "\\u2066"\n',
    "bidirectional key": BASE + '"\\u202e" = 1\n',
    "raw escape sequence": "# \x1b[2J\n" + BASE,
    "brackets": "[" * 300_000,
    "a deep key": "a." * 20_000 + "a = 1",
    "infinity": BASE.replace('"10B"', "inf"),
    "thousands of unknown keys": BASE + "".join(f"k{n} = 1\n" for n in range(3_000)),
    "nothing": "",
}


@pytest.mark.parametrize("name", SEEN)
def test_check_refuses_a_hostile_file_with_exit_code_2_and_prints_nothing_raw(name: str, tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    file.write_text(SEEN[name])
    result = CliRunner().invoke(main, ["check", str(file)])
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert "internal error" not in result.output
    assert "error[E0" in result.output
    check_printable(result.output)


@posix
@pytest.mark.parametrize("name", ["/dev/zero", "/dev", "nowhere.toml", "a\x1b[2J.toml", "a\u202e.toml"])
def test_check_refuses_what_is_no_file_with_exit_code_2(name: str) -> None:
    result = CliRunner().invoke(main, ["check", name])
    assert result.exit_code == 2
    assert "error[E001]" in result.output
    check_printable(result.output)


def test_odd_characters_that_are_allowed_reach_the_terminal_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "case.toml"
    file.write_text('title = "東京 🙂 é [red]not markup[/red]"\n' + BASE)
    result = CliRunner().invoke(main, ["check", str(file)])
    assert result.exit_code == 0
    assert "東京 🙂 é [red]not markup[/red]" in result.output
    check_printable(result.output)
