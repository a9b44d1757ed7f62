"""`simulator audit`: is a run folder what was written, and what was written what the model says."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from simulator.cli.common import AS_JSON, ENVIRONMENT, guarded, print_json, say


@click.command(short_help="Check every file of a run, and simulate a sample of its paths again.")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--sample", type=click.IntRange(0), default=100, show_default=True, help="Paths to simulate again, drawn at random."
)
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Seed of that draw [another one every time].")
@AS_JSON
@guarded
def audit(run_folder: Path, sample: int, seed: int | None, as_json: bool) -> None:
    """Check every file of a finished RUN (rows, SHA-256, page checksums) against its manifest, and the manifest against its
    own checksum; then simulate a random sample of its paths again and compare them bit by bit.

    Exit code 4 if anything is not as it was written.
    """
    from simulator.auditing import audit as look

    found = look(run_folder, sample, seed)
    if as_json:
        print_json(found.document)
    else:
        say(f"{found.folder}: {found.paths:,} paths")
        say(f"  {found.files} files, {found.bytes / 1e6:,.1f} MB: rows, SHA-256 and page checksums")
        say(f"  {len(found.sampled):,} paths simulated again, {found.values:,} values compared bit by bit")
        for note in found.notes:
            say(f"  note: {note}")
        for fault in found.faults:
            say(f"  FAULT: {fault}")
        say("  all as written" if not found.faults else f"  {len(found.faults)} faults")
    if found.faults:
        sys.exit(ENVIRONMENT)
