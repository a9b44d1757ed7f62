"""`simulator init`: a scenario to start from."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from simulator.cli.common import INVALID, guarded, say

TEMPLATE = Path(__file__).resolve().parent.parent / "scenario" / "template.toml"
SCHEMA = "scenario.schema.json"


@click.command(short_help="Write a commented scenario that runs.")
@click.argument("name")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@guarded
def init(name: str, force: bool) -> None:
    """Write NAME.toml, a commented scenario that runs, and the schema for editors beside it.

    NAME may carry a folder: `simulator init plans/mylab` writes plans/mylab.toml.
    """
    import json

    from simulator.scenario.schema import schema

    place = Path(name)
    stem = place.name.removesuffix(".toml")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", stem):
        say(f"`{stem}` is no name: letters, digits, '-', '_' and '.', at most 80", err=True)
        sys.exit(INVALID)
    file = place.parent / f"{stem}.toml"
    if file.exists() and not force:
        say(f"{file} exists; --force replaces it", err=True)
        sys.exit(INVALID)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(TEMPLATE.read_text(encoding="utf-8").replace("NAME", stem), encoding="utf-8")
    beside = file.parent / SCHEMA
    if not beside.exists():
        beside.write_text(json.dumps(schema(), indent=1) + "\n", encoding="utf-8")
    say(f"{file} is written; change its numbers, then")
    say(f"  simulator check {file}    says what it means, or what is wrong")
    say(f"  simulator run {file}      simulates it")
    say("  simulator explain        lists everything a scenario can say")
