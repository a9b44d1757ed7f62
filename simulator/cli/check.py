"""`simulator check`: what is wrong with scenario files, or what they mean."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from simulator.cli.common import AS_JSON, INVALID, SETTINGS, finite, guarded, load_all, print_json, say, tell


@click.command(short_help="Say what scenario files mean, or what is wrong with them.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@SETTINGS
@click.option("--schedule", is_flag=True, help="Every contract's dues, firm and headline exposure by month.")
@click.option("--show-origin", is_flag=True, help="Where each value comes from: file and line, --set, or default.")
@AS_JSON
@guarded
def check(files: tuple[Path, ...], settings: tuple[str, ...], schedule: bool, show_origin: bool, as_json: bool) -> None:
    """Say what is wrong with scenario FILES, or what they mean.

    Without errors: each driver, contract and rule in plain words, the exposures at the opening, and the runway of the
    deterministic path.
    """
    if as_json:
        _as_json(files, settings, schedule, show_origin)
        return
    from simulator.report import words
    from simulator.report.schedule import table

    for n, scenario in enumerate(load_all(files, settings)):
        if n:
            say("", "=" * 80, "")
        if show_origin:
            _origins(files[n], settings)
            continue
        if schedule:
            for line in table(scenario):
                say(line)
        else:
            tell(words.explained(scenario))
        say("", f"hash {scenario.hash[:12]}; next: simulator run {files[n]}")


def _origins(file: Path, settings: tuple[str, ...]) -> None:
    from simulator.scenario.flat import written

    listed = written(file, settings)
    widest = min(48, max(len(one.key) for one in listed))
    for one in listed:
        say(f"{one.key:<{widest}}  {one.value}  <- {one.origin}")


def _as_json(files: tuple[Path, ...], settings: tuple[str, ...], schedule: bool, show_origin: bool) -> None:
    from simulator.report.schedule import rows
    from simulator.scenario.diagnostics import ScenarioError
    from simulator.scenario.flat import written
    from simulator.scenario.load import load

    documents: list[dict[str, Any]] = []
    for file in files:
        document: dict[str, Any] = {"schema": 1, "file": str(file), "valid": True, "diagnostics": []}
        try:
            scenario = load(file, settings)
            document |= {"scenario": scenario.name, "scenario_hash": scenario.hash}
            if schedule:
                document["schedule"] = [
                    {k: finite(v) if isinstance(v, float) else v for k, v in row.items()} for row in rows(scenario)
                ]
            if show_origin:
                document["keys"] = [one._asdict() for one in written(file, settings)]
        except ScenarioError as problem:
            document |= {"valid": False, "diagnostics": [_diagnostic(d) for d in problem.diagnostics]}
        documents.append(document)
    print_json(documents[0] if len(documents) == 1 else documents)
    if not all(document["valid"] for document in documents):
        sys.exit(INVALID)


def _diagnostic(d: Any) -> dict[str, Any]:
    def place(p: Any) -> dict[str, Any] | None:
        return None if p is None else {"file": p.file, "line": p.line, "column": p.column, "length": p.length}

    return {"code": d.code, "message": d.message, "hint": d.hint, "place": place(d.place), "also": place(d.also)}
