"""The command line: parse, call, print. The one place for exit codes.

0 done; 1 finished but a stated limit failed; 2 usage or scenario invalid; 4 environment (disk, folder); 101 our bug;
130 interrupted.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

INVALID, ENVIRONMENT, BUG, INTERRUPTED = 2, 4, 101, 130
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"simulator {version('simulator')}")
        context.exit()


@click.group(context_settings=CONTEXT)
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version.")
def main() -> None:
    """How long does the money last, how likely is default, and why.

    Scenario files say what is promised, earned and owed; see scenarios/ for examples and MODEL.md for every definition.
    """


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """Turn what can go wrong into a message and an exit code; a traceback only with SIMULATOR_TRACEBACK=1."""

    @wraps(command)
    def call(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            sys.exit(INTERRUPTED)
        except BrokenPipeError:  # the reader of a pipe has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except Exception as problem:
            if os.environ.get("SIMULATOR_TRACEBACK"):
                raise
            _explain(problem)

    return call


def _explain(problem: Exception) -> None:
    from simulator.scenario.diagnostics import ScenarioError

    if isinstance(problem, ScenarioError):
        click.echo(str(problem), err=True)
        sys.exit(INVALID)
    if type(problem).__name__ == "StoreError" or isinstance(problem, OSError | MemoryError):
        click.echo(f"error: {problem or 'not enough memory'}", err=True)
        sys.exit(ENVIRONMENT)
    if isinstance(problem, IndexError) and "is not one of" in str(problem):
        click.echo(f"error: {problem}", err=True)
        sys.exit(INVALID)
    click.echo(
        f"internal error: {type(problem).__name__}: {problem}\n"
        "This is a bug of the simulator. SIMULATOR_TRACEBACK=1 shows where; please report it with the scenario.",
        err=True,
    )
    sys.exit(BUG)


SETTINGS = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key, as if written in the file. Repeatable.",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--paths", type=click.IntRange(1, 1_000_000_000), help="Number of paths [file's, else 100,000].")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Seed [file's, else 1].")
@SETTINGS
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="Where run folders go.",
)
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads [all cores]; the result does not depend on it.")
@AS_JSON
@guarded
def run(
    files: tuple[Path, ...],
    paths: int | None,
    seed: int | None,
    settings: tuple[str, ...],
    out: Path,
    threads: int | None,
    as_json: bool,
) -> None:
    """Simulate scenario FILES and store every path.

    Each run goes into a folder of its own under --out, named by scenario and hash. With --json several files give a list.
    """
    from simulator import runner
    from simulator.engine.jit import is_cold
    from simulator.report.summary import lines

    extra = [f"run.paths={paths}"] if paths is not None else []
    extra += [f"run.seed={seed}"] if seed is not None else []
    scenarios = _load_all(files, (*settings, *extra))
    documents = []
    for n, scenario in enumerate(scenarios):
        if n == 0 and is_cold():
            click.echo("first run: compiling the model's laws (about half a minute, once)", err=True)
        with _progress(scenario.name) as advance:
            result = runner.run(scenario, out=out, threads=threads, progress=advance)
        documents.append(result.document)
        if not as_json:
            if n:
                click.echo("")
            for line in lines(result.document, plain=_plain()):
                click.echo(line)
            s = result.seconds
            click.echo("")
            click.echo(
                f"{result.folder}  ({s['compile']:.1f} s compile, {s['simulate']:.1f} s simulate, {s['write']:.1f} s write)"
            )
            click.echo(f"next: simulator replay {result.folder} --path 0   |   simulator check {files[n]}")
    if as_json:
        click.echo(json.dumps(documents[0] if len(documents) == 1 else documents, indent=1, allow_nan=False))


def _load_all(files: tuple[Path, ...], settings: tuple[str, ...]) -> list[Any]:
    """All scenarios, or all their diagnostics."""
    from simulator.scenario.diagnostics import ScenarioError
    from simulator.scenario.load import load

    scenarios: list[Any] = []
    diagnostics: list[Any] = []
    for file in files:
        try:
            scenarios.append(load(file, settings))
        except ScenarioError as problem:
            diagnostics.extend(problem.diagnostics)
    if diagnostics:
        raise ScenarioError(dict.fromkeys(diagnostics))
    return scenarios


def _plain() -> bool:
    """ASCII only where the output cannot carry more."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    return "utf" not in encoding


class _progress:  # noqa: N801
    """A progress bar on a terminal, nothing in a pipe."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.bar: Any = None

    def __enter__(self) -> Callable[[int, int], None] | None:
        if not sys.stderr.isatty():
            return None
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.fields[name]}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
                   TimeRemainingColumn())  # fmt: skip
        self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
        task = self.bar.add_task("", name=self.name, total=None)
        self.bar.start()
        return lambda done, total: self.bar.update(task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@SETTINGS
@guarded
def check(files: tuple[Path, ...], settings: tuple[str, ...]) -> None:
    """Say what is wrong with scenario FILES, or what they mean.

    Without errors: each driver, contract and rule in plain words, the exposures at the opening, and the runway of the
    deterministic path.
    """
    from simulator.report.words import deterministic, in_words

    for n, scenario in enumerate(_load_all(files, settings)):
        if n:
            click.echo("\n" + "=" * 80 + "\n")
        for line in in_words(scenario):
            click.echo(line)
        click.echo("")
        for line in deterministic(scenario):
            click.echo(line)
        click.echo(f"\nhash {scenario.hash[:12]}; next: simulator run {files[n]}")


@main.command()
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
            click.echo(line)
        return
    document = {
        "schema": 1,
        "scenario": again.scenario.name,
        "scenario_hash": again.scenario.hash,
        "path": path,
        "ending": again.ending,
        "row": {name: _finite(value) for name, value in again.row.items()},
        "months": {slot: [_finite(v) for v in values] for slot, values in again.months.items()},
    }
    click.echo(json.dumps(document, indent=1, allow_nan=False))


def _finite(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None
