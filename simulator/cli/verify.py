"""`simulator verify`: recompute the evidence that the model is right."""

from __future__ import annotations

import sys
from typing import Any

import click

from simulator.cli.common import AS_JSON, FAILED, INVALID, guarded, print_json, say

HEAD = f"  {'check':<44} {'expected':>14}  {'got':>14}  {'± 1 se':>9}  {'distance':>9}"


@click.command(short_help="Recompute the cases with exact or published answers.")
@click.option("--only", multiple=True, metavar="NAME", help="Only the cases whose name contains this. Repeatable.")
@click.option("--full", is_flag=True, help="A million paths a case instead of 65,536, and the checks that need them.")
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads [all cores]; the result does not depend on it.")
@AS_JSON
@guarded
def verify(only: tuple[str, ...], full: bool, threads: int | None, as_json: bool) -> None:
    """Recompute every case with an exact or published answer, and print source, expected, got and standard errors.

    A stochastic check holds within 4 standard errors; a right program fails one of them with probability 6e-5. Exit code 1
    when one does not hold.
    """
    from simulator.verification.cases import all_cases
    from simulator.verification.verify import FALSE_ALARM
    from simulator.verification.verify import verify as recompute

    cases = [case for case in all_cases() if not only or any(part in case.name for part in only)]
    if not cases:
        say("no case has such a name", err=True)
        sys.exit(INVALID)
    rows: list[dict[str, Any]] = []
    last = ""
    for one in recompute(cases, full, threads):
        row = {
            "case": one.case.name, "source": one.case.source, "check": one.check.name, "expected": one.check.expected,
            "got": one.got, "standard_error": one.standard_error, "z": one.z, "holds": one.holds, "paths": one.paths,
        }  # fmt: skip
        rows.append(row)
        if as_json:
            continue
        if one.case.name != last:
            say(*([""] if last else []), f"{one.case.name}: {one.case.title}", f"  source: {one.case.source}")
            say(HEAD)
            last = one.case.name
        say(line(row))
    failed = sum(not row["holds"] for row in rows)
    stochastic = [abs(row["z"]) for row in rows if row["z"] is not None]
    rate = {"stochastic": len(stochastic), "expected_beyond_4_se": len(stochastic) * FALSE_ALARM}
    if as_json:
        print_json({"schema": 1, "checks": rows, "failed": failed, "largest_z": max(stochastic, default=0.0), **rate})
    else:
        say(
            "",
            f"{len(rows)} checks of {len({row['case'] for row in rows})} cases, {failed} failed; largest distance "
            f"{max(stochastic, default=0.0):.2f} standard errors",
            f"false alarms: {rate['stochastic']} checks are stochastic; of a right program "
            f"{rate['expected_beyond_4_se']:.2g} of them are expected beyond 4 standard errors, so a seed fails with a "
            f"probability of at most {100 * min(1.0, rate['expected_beyond_4_se']):.2g} %",
        )
    if failed:
        sys.exit(FAILED)


def line(row: dict[str, Any]) -> str:
    distance = "exact" if row["z"] is None else f"{row['z']:+.2f} se"
    error = "" if row["standard_error"] is None else f"{row['standard_error']:.2g}"
    return (
        f"  {row['check']:<44} {row['expected']:>14.8g}  {row['got']:>14.8g}  {error:>9}  {distance:>9}"
        f"  {'ok' if row['holds'] else 'FAILS'}"
    )
