"""`simulator run --rare`: small default probabilities by importance sampling or splitting, kept in a run folder of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from simulator.cli.common import FAILED, Progress, load_all, plain, print_json, say

METHODS = ("is", "splitting")
RARE = click.option(
    "--rare",
    type=click.Choice(METHODS),
    help="For defaults too rare for plain sampling. `is`: importance sampling, nearly always the better one. `splitting`: for "
    "defaults that build up month by month through what cannot be tilted (sizes of jumps and events), and as a check of `is`. "
    "Stores the paths in default, with weights.",
)
FOREIGN = {  # what belongs to a run of plain paths: parameter -> (option, why)
    "dry_run": ("--dry-run", "whose pilots are what it takes to know"),
    "targets": ("--precision", "whose figures say how precise they are; give it --paths"),
}


def refuse(context: click.Context, conditions: tuple[Any, ...]) -> None:
    """Options that do not go with --rare."""
    for name, (option, why) in FOREIGN.items():
        if context.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option} does not go with --rare, {why}")
    for condition in conditions:
        if condition.figure != "pd":
            raise click.UsageError(f"--fail-if {condition.text!r}: with --rare only pd(MONTH) can be asked for")


def run_rare(
    files: tuple[Path, ...],
    settings: tuple[str, ...],
    method: Any,
    where: dict[str, Any],
    threads: int | None,
    conditions: tuple[Any, ...],
    as_json: bool,
) -> None:
    """`where`: out, into, fresh."""
    from simulator.estimate.rare import RareError
    from simulator.rare_run import rare
    from simulator.report.rare import lines
    from simulator.report.summary import next_steps

    documents: list[dict[str, Any]] = []
    refused: list[str] = []
    failed: list[str] = []
    for n, scenario in enumerate(load_all(files, settings)):
        if scenario.run.sampling != "plain":
            raise click.UsageError(
                f'--rare does not go with sampling = "{scenario.run.sampling}"; add --set run.sampling=plain'
            )
        try:
            with Progress(scenario.name) as advance:
                found = rare(scenario, method, threads=threads, progress=advance, **where)
        except RareError as problem:
            refused.append(str(problem))
            continue
        documents.append(found.document)
        failed += _failed(conditions, scenario.name, found.document)
        if not as_json:
            if n:
                say("")
            for line in lines(found.document, plain=plain()):
                say(line)
            say("", str(found.folder), *next_steps(str(found.folder), every_path=False))
    if as_json and documents:
        print_json(documents[0] if len(documents) == 1 and not refused else documents)
    for line in (*(f"error: {text}" for text in refused), *failed):
        say(line, err=True)
    if refused or failed:
        sys.exit(FAILED)


def _failed(conditions: tuple[Any, ...], name: str, document: dict[str, Any]) -> list[str]:
    from simulator.quantities.units import QuantityError

    found = []
    for condition in conditions:
        try:
            if condition.estimate(document)[0] is None:
                found.append(f"limit failed: {name}: {condition.text} (too few effective paths for a number)")
            elif condition.holds(document):
                found.append(condition.failure(name, document))
        except QuantityError as problem:
            raise click.UsageError(f"--fail-if {condition.text!r}: {problem}") from None
    return found
