"""`simulator verify`: recompute the evidence that the model is right."""

from __future__ import annotations

import sys
from typing import Any

import click

from simulator.cli.common import AS_JSON, FAILED, INVALID, guarded, print_json


@click.command(short_help="Recompute the cases with exact or published answers.")
@click.option("--only", multiple=True, metavar="NAME", help="Only the cases whose name contains this. Repeatable.")
@click.option("--full", is_flag=True, help="A million paths a case instead of 65,536.")
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads [all cores]; the result does not depend on it.")
@AS_JSON
@guarded
def verify(only: tuple[str, ...], full: bool, threads: int | None, as_json: bool) -> None:
    """Recompute every case with an exact or published answer, and print expected, got and standard errors.

    A stochastic check holds within 4 standard errors; a right program fails one of them with probability 6e-5. Exit code 1
    when one does not hold.
    """
    from simulator.verification.cases import all_cases
    from simulator.verification.verify import FULL_PATHS, PATHS
    from simulator.verification.verify import verify as recompute

    cases = [case for case in all_cases() if not only or any(part in case.name for part in only)]
    if not cases:
        click.echo("no case has such a name", err=True)
        sys.exit(INVALID)
    rows: list[dict[str, Any]] = []
    last = ""
    for one in recompute(cases, FULL_PATHS if full else PATHS, threads):
        row = {
            "case": one.case.name, "source": one.case.source, "check": one.check.name, "expected": one.check.expected,
            "got": one.got, "standard_error": one.standard_error, "z": one.z, "holds": one.holds,
        }  # fmt: skip
        rows.append(row)
        if as_json:
            continue
        if one.case.name != last:
            click.echo(f"{'' if not last else chr(10)}{one.case.name}: {one.case.title}\n  source: {one.case.source}")
            last = one.case.name
        distance = "exact" if one.z is None else f"{one.z:+.2f} se"
        mark = "ok" if one.holds else "FAILS"
        click.echo(
            f"  {one.check.name:<34} expected {one.check.expected:>14.8g}  got {one.got:>14.8g}  {distance:>9}  {mark}"
        )
    failed = sum(not row["holds"] for row in rows)
    if as_json:
        print_json({"schema": 1, "checks": rows, "failed": failed})
    else:
        largest = max((abs(row["z"]) for row in rows if row["z"] is not None), default=0.0)
        click.echo(
            f"\n{len(rows)} checks of {len(cases)} cases, {failed} failed; largest distance {largest:.2f} standard errors"
        )
    if failed:
        sys.exit(FAILED)
