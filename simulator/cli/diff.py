"""`simulator diff`: the keys in which two scenario files differ."""

from __future__ import annotations

from pathlib import Path

import click

from simulator.cli.common import AS_JSON, SETTINGS, guarded, print_json, say


@click.command(short_help="Name the keys in which two scenarios differ.")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@SETTINGS
@AS_JSON
@guarded
def diff(old: Path, new: Path, settings: tuple[str, ...], as_json: bool) -> None:
    """Name the keys in which scenario NEW differs from OLD, with both values.

    Both are compared after `extends` and CSV plans; --set applies to NEW (`simulator diff A A --set …` shows what it does).
    """
    from simulator.scenario.flat import differences

    found = differences(old, new, settings)
    if as_json:
        print_json([one._asdict() for one in found])
        return
    for one in found:
        say(one.key)
        if one.old is not None:
            say(f"  - {one.old}")
        if one.new is not None:
            say(f"  + {one.new}")
    count = len(found)
    say(f"{count} key{'' if count == 1 else 's'} differ{'s' if count == 1 else ''}" if count else "no difference")
