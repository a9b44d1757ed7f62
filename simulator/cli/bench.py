"""`simulator bench`: what a path-month costs on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simulator.cli.common import AS_JSON, SETTINGS, guarded, load_all, print_json, say


@click.command(short_help="Measure what a path-month costs on this machine.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--repeats", type=click.IntRange(1, 1000), default=5, show_default=True, help="Runs; the fastest counts.")
@click.option(
    "--chunks", type=click.IntRange(1, 10_000), default=4, show_default=True, help="16,384 paths each, a run."
)
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads at most [all cores].")
@SETTINGS
@AS_JSON
@guarded
def bench(
    file: Path | None, repeats: int, chunks: int, threads: int | None, settings: tuple[str, ...], as_json: bool
) -> None:
    """Measure nanoseconds a path-month of scenario FILE and of a small built-in company, on one thread and on all.

    The built-in company is also computed by plain numba and by numpy, which count its cash and its default and nothing
    else: the ratio says what ledger, exposures and statistics cost where there is hardly a model. Loops are made for the
    scenario first, which takes up to a minute once. Times of a busy machine mean little; ratios mean more.
    """
    from simulator import bench as benchmark
    from simulator.timing import disturbance

    (scenario,) = load_all((file,), settings) if file is not None else (None,)
    document = benchmark.bench(scenario, repeats, threads, chunks)
    if as_json:
        print_json(document)
        return
    for part in ("scenario", "yardstick"):
        if part in document:
            _engine(document[part])
    say("the same built-in company, processor time          ns a path-month   ratio   default probability")
    for name, peer in document["yardstick"]["peers"].items():
        between = f"{peer['pd']:.2%} ({peer['pd_low']:.2%} to {peer['pd_high']:.2%})"
        say(f"  {name:<48}{peer['best']:15.1f}{peer['ratio']:8.2f}   {between}")
    machine = document["machine"]
    busy = disturbance(machine["threads"], machine["load_before"], machine["load_after"])
    say(f"{machine['processor']}; {busy}")


def _engine(figures: dict[str, Any]) -> None:
    say(f"{figures['name']}: {figures['laws']} laws, {figures['months']} months, {figures['paths']:,} paths a run")
    ns = figures["ns"]
    say(f"  one thread, processor time {ns['best']:8.1f} ns a path-month (median {ns['median']:.1f})")
    for threads, time in figures["threads"].items():
        word = "thread, " if threads == "1" else "threads,"
        say(f"  {threads} {word} on the wall      {time['best']:8.1f} ns a path-month (median {time['median']:.1f})")
    bits = "the same bits" if figures["same_bits"] else "DIFFERENT BITS"
    say(f"  speed-up {figures['speed_up']:.2f}, {bits}")
