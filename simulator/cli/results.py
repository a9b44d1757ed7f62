"""`simulator list` and `simulator show`: finished runs."""

from __future__ import annotations

from pathlib import Path

import click

from simulator.cli.common import AS_JSON, guarded, plain, print_json, say, summary


@click.command("list", short_help="List finished runs.")
@click.argument("folder", default=Path("results"), type=click.Path(path_type=Path))
@AS_JSON
@guarded
def list_runs(folder: Path, as_json: bool) -> None:
    """List the finished runs in FOLDER [results]."""
    from simulator.report.rare import METHODS, share
    from simulator.report.words import percent
    from simulator.store.folder import PLAIN, finished, kind_of, unfinished

    runs = finished(folder)
    rows = []
    for place, manifest in runs:
        figures = manifest["figures"]
        rows.append(
            {
                "folder": str(place),
                "kind": kind_of(manifest),
                "method": manifest["run"].get("method"),
                "scenario": manifest["scenario"]["name"],
                "scenario_hash": manifest["scenario"]["sha256"],
                "paths": figures["paths"],
                "months": figures["months"],
                "step": figures.get("step", "month"),
                "start": figures["start"],
                "seed": figures["seed"],
                "pd": figures["pd"][-1]["value"],
                "pd_low": figures["pd"][-1]["low"],
                "pd_high": figures["pd"][-1]["high"],
            }
        )
    if as_json:
        print_json(rows)
        return
    if not rows:
        say(f"no finished run in {folder}; make one: simulator run FILE --out {folder}", err=True)
    for place, paths in unfinished(folder):
        say(f"unfinished: {place} ({paths:,} paths are kept; the command that began it goes on)", err=True)
    for row in rows:
        ordinary = row["kind"] == PLAIN
        told = percent if ordinary else share
        method = "" if ordinary else f" by {METHODS[row['method']]}"
        say(
            f"{row['folder']:<44}  {row['paths']:>13,} paths x {row['months']:>3} {row['step']}s from {row['start']}, "
            f"seed {row['seed']}, default {told(row['pd'])} ({told(row['pd_low'])} to {told(row['pd_high'])}){method}"
        )


@click.command(short_help="Print the summary of a finished run again.")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@AS_JSON
@guarded
def show(run_folder: Path, as_json: bool) -> None:
    """Print the summary of a finished RUN again."""
    from simulator.report.rare import lines
    from simulator.report.summary import next_steps
    from simulator.store.folder import PLAIN, kind_of, read_any_manifest

    manifest = read_any_manifest(run_folder)
    ordinary = kind_of(manifest) == PLAIN
    document = {**manifest["figures"], "folder": str(run_folder), "seconds": manifest["seconds"]}
    if as_json:
        print_json(document)
        return
    if ordinary:
        summary(document)
    else:
        say(*lines(document, plain=plain()))
    say("", *next_steps(str(run_folder), ordinary))
