"""`simulator explain`: what a table of a scenario file does, out of its own file."""

from __future__ import annotations

import sys

import click

from simulator.cli.common import INVALID, guarded, say


@click.command(short_help="Explain a table: law, keys, units, example.")
@click.argument("name", required=False)
@guarded
def explain(name: str | None) -> None:
    """Print the law, keys, units, defaults and an example of a COMPONENT; without one, list all.

    Names are those of the list, or their last part: `explain contracts.exit`, `explain exit`, `explain lognormal`.
    """
    from simulator.report import explanation
    from simulator.scenario.diagnostics import near

    if name is None:
        for line in explanation.listing():
            say(line)
        return
    found = explanation.find(name)
    if not found:
        hint = near(name, explanation.names())
        say(f"there is no component `{name}`" + (f"; did you mean `{hint}`?" if hint else ""), err=True)
        sys.exit(INVALID)
    for n, one in enumerate(found):
        if n:
            say("", "-" * 80, "")
        for line in one:
            say(line)
