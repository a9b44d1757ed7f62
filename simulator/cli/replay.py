"""`simulator replay`: one path of a finished run again, with its full monthly ledger."""

from __future__ import annotations

from pathlib import Path

import click

from simulator.cli.common import AS_JSON, finite, guarded, print_json, say


@click.command(short_help="Print the monthly ledger of one path of a run.")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--path", "path", type=click.IntRange(0), required=True, help="Number of the path, from 0.")
@AS_JSON
@guarded
def replay(run_folder: Path, path: int, as_json: bool) -> None:
    """Simulate one path of a finished RUN again and print its full monthly ledger, every account."""
    from simulator import runner
    from simulator.report import ledger

    again = runner.replay(run_folder, path)
    if not as_json:
        for line in ledger.lines(again):
            say(line)
        return
    print_json(
        {
            "schema": 1,
            "scenario": again.scenario.name,
            "scenario_hash": again.scenario.hash,
            "path": path,
            "ending": again.ending,
            "row": {name: finite(value) for name, value in again.row.items()},
            "months": {slot: [finite(v) for v in values] for slot, values in again.months.items()},
        }
    )
