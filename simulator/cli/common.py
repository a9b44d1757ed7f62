"""What the commands share: options, exit codes, and how a failure becomes a message.

0 done; 1 finished but a stated limit failed; 2 usage or scenario invalid; 4 environment (disk, folder); 101 our bug;
130 interrupted; 143 terminated.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from simulator.cli.stopping import Terminated, stoppable

FAILED, INVALID, ENVIRONMENT, BUG, INTERRUPTED, TERMINATED = 1, 2, 4, 101, 130, 143


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """Turn what can go wrong into a message and an exit code; a traceback only with SIMULATOR_TRACEBACK=1."""

    @wraps(command)
    def call(*args: Any, **kwargs: Any) -> None:
        try:
            with stoppable():
                command(*args, **kwargs)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Terminated:
            say("terminated", err=True)
            sys.exit(TERMINATED)
        except KeyboardInterrupt:
            say("interrupted", err=True)
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

    words = str(problem).split("\n")
    if isinstance(problem, ScenarioError):
        say(*words, err=True)
        sys.exit(INVALID)
    if type(problem).__name__ == "StoreError" or isinstance(problem, OSError | MemoryError):
        say(f"error: {words[0] or 'not enough memory'}", *words[1:], err=True)
        sys.exit(ENVIRONMENT)
    if isinstance(problem, IndexError) and "is not one of" in str(problem):
        say(f"error: {words[0]}", *words[1:], err=True)
        sys.exit(INVALID)
    say(
        f"internal error: {type(problem).__name__}: {words[0]}",
        *words[1:],
        "This is a bug of the simulator. SIMULATOR_TRACEBACK=1 shows where; please report it with the scenario.",
        err=True,
    )
    sys.exit(BUG)


def say(*lines: str, err: bool = False) -> None:
    """Print lines, on each of which no text of a file, a name or a folder can do anything to a terminal, or look like a line
    of its own. All that a command prints goes through here."""
    from simulator.scenario.diagnostics import safe

    for line in lines:
        click.echo(safe(line), err=err)


SETTINGS = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key, as if written in the file. Repeatable.",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")


def load_all(files: tuple[Path, ...], settings: tuple[str, ...]) -> list[Any]:
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


def announce_compiling(loops: int, seconds: float) -> None:
    """Says that there is something to wait for, if it is worth saying."""
    if seconds >= 1.0:
        say(f"compiling {loops} loops for this scenario (about {seconds:.0f} s, once)", err=True)


def plain() -> bool:
    """ASCII only where the output cannot carry more."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    return "utf" not in encoding


def summary(document: dict[str, Any]) -> None:
    """Print the summary of a run: as wide as the terminal, 80 columns in a pipe; in colour where it is wanted."""
    from simulator.report.summary import WIDTH, colored, lines
    from simulator.scenario.diagnostics import safe

    terminal = sys.stdout.isatty()
    width = min(WIDTH, max(40, shutil.get_terminal_size((WIDTH, 24)).columns)) if terminal else WIDTH
    colors = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    for n, line in enumerate(lines(document, plain(), width)):
        harmless = safe(line)
        click.echo(colored(harmless, first=n == 0) if colors else harmless)


def width() -> int | None:
    """Of the terminal, or what COLUMNS says; none in a pipe, where a line is as long as it has to be."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit():
        return shutil.get_terminal_size((80, 24)).columns
    return None


def tell(lines: Iterable[str]) -> None:
    """Print lines, those that are wider than the terminal broken between words."""
    from simulator.report.terminal import fitted
    from simulator.scenario.diagnostics import safe

    say(*fitted(map(safe, lines), width()))


class Progress:
    """A progress bar on a terminal, nothing in a pipe."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.bar: Any = None

    def __enter__(self) -> Callable[[int, int], None] | None:
        if not sys.stderr.isatty():
            return None
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.fields[name]}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
                   TimeRemainingColumn())  # fmt: skip
        self.bar = Bar(*columns, console=Console(stderr=True), transient=True)
        task = self.bar.add_task("", name=self.name, total=None)
        self.bar.start()
        return lambda done, total: self.bar.update(task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()


def print_json(document: Any) -> None:
    click.echo(json.dumps(document, indent=1, allow_nan=False))


def finite(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None
