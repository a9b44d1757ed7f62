"""`simulator bands`: the default probability as a curve with a band for what is not known about inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simulator.cli.answer import OUT, answer, span, usage
from simulator.cli.common import AS_JSON, SETTINGS, guarded, load_all


@click.command(short_help="Show how far uncertain inputs spread the default probability.")
@click.argument("file", type=click.Path(path_type=Path))
@SETTINGS
@click.option(
    "--paths", type=click.IntRange(1_024, 65_536), default=65_536, show_default=True, help="Outer times inner."
)
@click.option("--inner", type=click.IntRange(2), help="Paths for each draw of the inputs [chosen by a pilot].")
@OUT
@AS_JSON
@guarded
def bands(
    file: Path, settings: tuple[str, ...], paths: int, inner: int | None, out: Path | None, as_json: bool
) -> None:
    """Default probability of scenario FILE by month, with the band in which it lies over draws of the uncertain inputs.

    Inputs are drawn outside, shocks and events inside. The band is corrected for the noise of the inner shares; it is given
    with the 95 % interval of each of its ends.
    """
    from simulator.analysis.bands import bands as find

    (scenario,) = load_all((file,), settings)
    try:
        document = find(scenario, paths, inner).document
    except ValueError as problem:
        raise usage(problem) from None
    answer(document, {"curve": document["curve"]}, out, as_json, lines)


def lines(d: dict[str, Any]) -> list[str]:
    found = [
        f"{d['outer']:,} draws of {len(d['inputs'])} inputs, {d['inner']} paths each",
        f"{'month':<16}{'mean':<30}{'P5 over inputs':<30}{'P50':<30}{'P95':<30}{'chance in the spread':>20}",
    ]
    for p in d["curve"]:
        if p["month"] % 6 == 0 or p is d["curve"][-1]:
            cells = "".join(f"{span(p[name]):<30}" for name in ("pd", "p05", "p50", "p95"))
            found.append(f"{p['month']:>3} {p['label']:<12}{cells}{100 * p['noise_share']:>18.0f} %")
    return found
