"""`simulator doctor`: what a bug report needs."""

from __future__ import annotations

import click

from simulator.cli.common import AS_JSON, guarded, print_json


@click.command(short_help="Print what a bug report needs.")
@AS_JSON
@guarded
def doctor(as_json: bool) -> None:
    """Print versions, machine, caches and terminal: what a bug report needs. Nothing is sent anywhere."""
    from simulator.report.doctor import facts

    found = facts()
    if as_json:
        print_json(found)
        return
    for part, rows in found.items():
        click.echo(part)
        for key, value in rows.items():
            click.echo(f"  {key:<20} {value}")
