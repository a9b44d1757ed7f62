"""The command line: parse, call, print. One file a command; common.py has the exit codes."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from simulator.cli import (
    audit,
    bands,
    bench,
    check,
    compare,
    conditional,
    diff,
    doctor,
    explain,
    failures,
    init,
    option,
    query,
    replay,
    report,
    results,
    reweight,
    run,
    schema,
    sensitivity,
    solve,
    stress,
    sweep,
    verify,
)
from simulator.cli.common import say

GARBAGE = 50_000  # new objects between two collections: hardly any of a command's are garbage before it ends
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from importlib.metadata import version

        say(f"simulator {version('simulator')}")
        context.exit()


class InOrder(click.Group):
    """Commands in the order in which a newcomer needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with harmless():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        with harmless():
            return super().invoke(ctx)


@contextmanager
def harmless() -> Iterator[None]:
    """What was wrong with the arguments is said without what they hold that could do something to a terminal."""
    try:
        yield
    except click.ClickException as problem:
        from simulator.scenario.diagnostics import safe

        problem.message = "\n".join(map(safe, problem.message.split("\n")))  # type: ignore[misc]  # final for readers, and printed as it stands
        raise


@click.group(cls=InOrder, context_settings=CONTEXT)
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version.")
def main() -> None:
    """How long does the money last, how likely is default, and why.

    Scenario files say what is promised, earned and owed: `init` writes one, `check` explains it, `run` simulates it.
    """
    gc.set_threshold(GARBAGE)


for command in (
    init.init,
    check.check,
    run.run,
    report.report,
    replay.replay,
    query.query,
    results.list_runs,
    results.show,
    option.option,
    audit.audit,
    diff.diff,
    explain.explain,
    schema.schema,
    compare.compare,
    sweep.sweep,
    solve.solve,
    stress.stress,
    sensitivity.sensitivity,
    failures.failures,
    reweight.reweight,
    conditional.conditional,
    bands.bands,
    verify.verify,
    bench.bench,
    doctor.doctor,
):
    main.add_command(command)


def process() -> None:
    """`main` as a process of its own. What it holds goes back to the system at once: to take apart a compiler and a million
    paths object by object takes a fifth of a second and changes nothing that anybody sees."""
    try:
        main()
    except SystemExit as left:
        if not isinstance(left.code, int | None):
            raise  # a message, which the interpreter prints
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(left.code or 0)
