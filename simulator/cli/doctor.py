"""`simulator doctor`: what a bug report needs, and compiling ahead of time."""

from __future__ import annotations

from pathlib import Path

import click

from simulator.cli.common import AS_JSON, announce_compiling, guarded, load_all, print_json, say


@click.command(short_help="Print what a bug report needs; compile ahead of time.")
@click.option(
    "--warm", "files", multiple=True, metavar="FILE", type=click.Path(path_type=Path),
    help="Compile all that a run of this scenario needs. Repeatable.",
)  # fmt: skip
@AS_JSON
@guarded
def doctor(files: tuple[Path, ...], as_json: bool) -> None:
    """Print versions, machine, caches and terminal: what a bug report needs. Nothing is sent anywhere.

    With --warm FILE the laws of a scenario are compiled first, so that no run of it has to wait.
    """
    from simulator import runner
    from simulator.report.doctor import facts

    for scenario in load_all(files, ()):
        runner.warm(scenario, announce_compiling)
        say(f"{scenario.name}: everything is compiled", err=True)
    found = facts()
    if as_json:
        print_json(found)
        return
    for part, rows in found.items():
        say(part)
        for key, value in rows.items():
            say(f"  {key:<20} {value}")
