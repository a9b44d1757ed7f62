"""What each component costs alone: its example in an otherwise empty scenario, less the same file without it.

python benchmarks/components.py [NAME…] [--repeats R]

Made from the registry, so a new component is in the table without being listed. ns of processor time a path-month on one
thread, minima of several runs, file and file without it in turn. Loops are made for each file: the first run compiles minutes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from measure import Months, say_machine

import simulator
from simulator.scenario import describe
from simulator.scenario.model import PLAIN, Scenario
from simulator.timing import interleaved, load

EMPTY: dict[str, Any] = {
    "format": 1,
    "calendar": {"start": "2026-11", "months": 60},
    "opening": {"cash": "2B"},
}
REVENUE = {"revenue": {"type": "geometric_brownian", "run_rate": "8B/yr"}}
PRICE = {"price": {"type": "forward_curve"}}
SUPPORTS: tuple[dict[str, Any], ...] = (
    {},
    REVENUE,
    PRICE,
    {**REVENUE, **PRICE},
)  # what an example may need beside itself


class Pair(NamedTuple):
    name: str
    with_it: Scenario
    without: Scenario


def toml(document: dict[str, Any]) -> str:
    """Tables as inline values: short and valid."""

    def value(x: Any) -> str:
        if isinstance(x, dict):
            return "{ " + ", ".join(f"{json.dumps(k)} = {value(v)}" for k, v in x.items()) + " }"
        if isinstance(x, list):
            return "[" + ", ".join(value(v) for v in x) + "]"
        return json.dumps(x)

    return "".join(f"{json.dumps(key)} = {value(x)}\n" for key, x in document.items())


def loaded(document: dict[str, Any], room: Path) -> Scenario | None:
    file = room / "component.toml"
    file.write_text(toml(document))
    try:
        return simulator.load(file)
    except simulator.ScenarioError:
        return None


def beside(document: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """Both, tables of the same name put together."""
    both = document | example
    return both | {k: document[k] | x for k, x in example.items() if isinstance(document.get(k), dict)}


def without(document: dict[str, Any], one: describe.Listed) -> dict[str, Any]:
    """The document without the component: its own table, or the clause below every host."""
    family, tag = one.name.split(".", 1)
    if one.model.attaches is None:
        return {key: x for key, x in document.items() if key != family}
    hosts = document.get(family, {})
    if tag in hosts:  # a family of which there is one
        return {**document, family: {k: x for k, x in hosts.items() if k != tag}}
    return {**document, family: {n: {k: x for k, x in host.items() if k != tag} for n, host in hosts.items()}}


def pairs(wanted: list[str], room: Path) -> Iterator[Pair]:
    for one in describe.everything():
        if one.name in PLAIN or (wanted and not any(part in one.name for part in wanted)):
            continue
        example = tomllib.loads(one.model.example)
        for support in SUPPORTS:
            document = beside({**EMPTY, **support}, example)
            with_it = loaded(document, room)
            if with_it is None:
                continue
            rest = loaded(without(document, one), room) or loaded({**EMPTY, **support}, room)
            assert rest is not None
            yield Pair(one.name, with_it, rest)
            break
        else:
            raise SystemExit(f"the example of {one.name} runs with none of the supports; add one to SUPPORTS")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="only components whose name contains one of these")
    parser.add_argument("--repeats", type=int, default=7, help="runs of which the fastest counts [%(default)s]")
    given = parser.parse_args()
    before = load()
    print(f"  {'component':<34}{'alone':>8}{'the file':>10}{'laws':>6}{'loops':>6}{'draws':>6}   ns a path-month")
    with tempfile.TemporaryDirectory() as room:
        for pair in pairs(given.names, Path(room)):
            months = {"with": Months(pair.with_it), "without": Months(pair.without)}
            works = {name: lambda m=m: m.run(m.own, m.branch.kept_slots) for name, m in months.items()}
            times = interleaved(works, given.repeats, time.process_time)
            size = {name: m.paths.size * m.months for name, m in months.items()}
            each = {name: t.best / size[name] * 1e9 for name, t in times.items()}
            program = months["with"].program
            laws = len(program.steps) - len(months["without"].program.steps)
            draws = (program.word_rows - months["without"].program.word_rows) // 4
            print(
                f"  {pair.name:<34}{each['with'] - each['without']:8.2f}{each['with']:10.2f}{laws:6}"
                f"{len(months['with'].plan.steps):6}{draws:6}",
                flush=True,
            )
    say_machine(before)


if __name__ == "__main__":
    main()
