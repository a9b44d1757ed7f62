"""`simulator schema`: the JSON Schema of scenario files."""

from __future__ import annotations

import click

from simulator.cli.common import guarded, print_json


@click.command(short_help="Print the JSON Schema of scenario files.")
@guarded
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors.

    Write it beside a scenario (`simulator schema > scenario.schema.json`) and begin the scenario with the line
    `#:schema ./scenario.schema.json`.
    """
    from simulator.scenario.schema import schema as document

    print_json(document())
