"""`simulator run`: simulate scenario files and store every path."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from simulator.cli.common import (
    AS_JSON,
    FAILED,
    SETTINGS,
    Progress,
    announce_compiling,
    guarded,
    load_all,
    print_json,
    say,
    summary,
)
from simulator.cli.rare import RARE, refuse, run_rare

OUT = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="Where run folders go.",
)


def _conditions(_: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[Any, ...]:
    if not texts:
        return ()
    from simulator.estimate.conditions import parse

    return _parsed(parse, parameter, texts)


def _targets(_: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[Any, ...]:
    if not texts:
        return ()
    from simulator.estimate.precision import parse

    return _parsed(parse, parameter, texts)


def _parsed(parse: Any, parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[Any, ...]:
    from simulator.quantities.units import QuantityError

    found = []
    for text in texts:
        try:
            found.append(parse(text))
        except QuantityError as problem:
            hint = f"\n{problem.hint}" if problem.hint else ""
            raise click.BadParameter(f"{problem}{hint}", param=parameter) from None
    return tuple(found)


@click.command(short_help="Simulate scenario files and store every path.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--paths", type=click.IntRange(1, 1_000_000_000), help="Number of paths [file's, else 100,000].")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Seed [file's, else 1].")
@SETTINGS
@OUT
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads [all cores]; the result does not depend on it.")
@click.option(
    "--fail-if",
    "conditions",
    multiple=True,
    metavar="CONDITION",
    callback=_conditions,
    help="Exit with 1 if this holds of the result, for example 'pd(24) > 5%'. Repeatable.",
)
@click.option(
    "--precision",
    "targets",
    multiple=True,
    metavar="TARGET",
    callback=_targets,
    help="Simulate until this holds, for example '0.1pp on pd(24)', '2% on peak_need(p90)' or '0.5 months on runway(p50)'; "
    "--paths is then the most [16,777,216]. Repeatable: all of them.",
)
@click.option("--fresh", is_flag=True, help="Begin from the first path and replace what is there.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="RUN",
    help="The run folder itself, for example a run to be extended; refused if its scenario or seed is another.",
)
@RARE
@click.option("--dry-run", is_flag=True, help="Say what the run would take, and write nothing.")
@AS_JSON
@guarded
def run(
    files: tuple[Path, ...],
    paths: int | None,
    seed: int | None,
    settings: tuple[str, ...],
    out: Path,
    threads: int | None,
    conditions: tuple[Any, ...],
    targets: tuple[Any, ...],
    fresh: bool,
    into: Path | None,
    rare: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Simulate scenario FILES and store every path.

    Each run goes into a folder of its own under --out, named by scenario and hash. With --json several files give a list. The
    same command after a kill goes on where the run stopped; with more --paths it extends a finished run.

    Figures for --fail-if and --precision: pd(MONTH), runway.p5, unfunded_runway.p5, peak_need.p90, lowest_liquidity.p5,
    cash.p5(MONTH), cash_flow_at_risk, raised, dilution.p50, down_round, refinancing_failed, paid(CONTRACT), firm(CONTRACT),
    headline(CONTRACT), stranded(CONTRACT), expected_loss(CREDITOR), exposure_at_default(CREDITOR); of a runway, cash and
    dilution also .mean. In --fail-if `.low` and `.high` after a figure are the ends of its 95 % interval.
    """
    from simulator import limits

    limits.check_program()
    from simulator import runner
    from simulator.report.summary import next_steps

    if rare is not None:
        refuse(click.get_current_context(), conditions)
    if into is not None and len(files) > 1:
        raise click.UsageError("--into takes one scenario; several go to folders of their own below --out")
    extra = [f"run.paths={paths}"] if paths is not None else []
    extra += [f"run.seed={seed}"] if seed is not None else []
    if rare is not None:
        where = {"out": out, "into": into, "fresh": fresh}
        run_rare(files, (*settings, *extra), rare, where, threads, conditions, as_json)
        return
    scenarios = load_all(files, (*settings, *extra))
    documents: list[dict[str, Any]] = []
    failed: list[str] = []
    for n, scenario in enumerate(scenarios):
        if dry_run:
            documents.append(_dry(scenario, out, into, threads, as_json))
            continue
        precision = None
        try:
            with Progress(scenario.name) as advance:
                how: dict[str, Any] = {
                    "out": out, "threads": threads, "progress": advance, "announce": announce_compiling, "into": into,
                    "fresh": fresh,
                }  # fmt: skip
                if targets:
                    found = _precise(scenario, targets, paths, how)
                    result, precision = found.result, found.precision
                else:
                    result = runner.run(scenario, **how)
        except KeyboardInterrupt:
            if (left := runner.unfinished(scenario, out, into)) is not None:
                say(f"{left[1]:,} paths are kept in {left[0]}; the same command goes on from there", err=True)
            raise
        if result.from_path:
            say(f"{result.from_path:,} paths were there already", err=True)
        documents.append(result.document if precision is None else {**result.document, "precision": precision})
        if not as_json:
            if n:
                say("")
            summary(documents[-1])
            s = result.seconds
            say("")
            say(
                f"{result.folder}  ({s['compile']:.1f} s compile, {s['simulate']:.1f} s simulate, "
                f"{s['write']:.1f} s write)"
            )
            for line in next_steps(str(result.folder)):
                say(line)
        failed += _failed(conditions, scenario.name, result.document)
    if as_json:
        print_json(documents[0] if len(documents) == 1 else documents)
    if failed:
        for line in failed:
            say(line, err=True)
        sys.exit(FAILED)


def _precise(scenario: Any, targets: tuple[Any, ...], most: int | None, how: dict[str, Any]) -> Any:
    from simulator.precision import precise
    from simulator.quantities.units import QuantityError

    try:
        return precise(scenario, targets, most, **how)
    except QuantityError as problem:
        hint = f"; {problem.hint}" if problem.hint else ""
        raise click.UsageError(f"--precision: {problem}{hint}") from None


def _failed(conditions: tuple[Any, ...], name: str, document: dict[str, Any]) -> list[str]:
    from simulator.quantities.units import QuantityError

    found = []
    for condition in conditions:
        try:
            if condition.holds(document):
                found.append(condition.failure(name, document))
        except QuantityError as problem:
            hint = f"; {problem.hint}" if problem.hint else ""
            raise click.UsageError(f"--fail-if {condition.text!r}: {problem}{hint}") from None
    return found


def _dry(scenario: Any, out: Path, into: Path | None, threads: int | None, as_json: bool) -> dict[str, Any]:
    from simulator import runner

    plan = runner.plan(scenario, out, threads, into)
    if not as_json:
        say(
            f"{scenario.name}: {plan['paths']:,} paths x {plan['months']} {scenario.step.name}s, {plan['columns']} columns a path"
        )
        there = f"  ({plan['paths_there']:,} paths are there)" if plan["paths_there"] else ""
        say(f"  into     {plan['folder']}{there}")
        say(f"  disk     at most {plan['bytes'] / 1e6:,.0f} MB")
        say(f"  memory   about {plan['memory'] / 1e6:,.0f} MB")
        say(f"  time     about {plan['seconds']:.1f} s (measured on {plan['measured_paths']:,} paths)")
    return plan
