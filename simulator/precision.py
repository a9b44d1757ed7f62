"""Precision on demand: a run that grows until named figures are as precise as asked, corrected for looking often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from simulator.engine.block import Announce
from simulator.estimate.figures import Figures
from simulator.estimate.precision import MOST, Target, boundary, looks, parse
from simulator.growth import Growth, Progress, Result
from simulator.runner import load, with_run
from simulator.scenario.model import Scenario

MOST_IN_MEMORY = 1_048_576  # paths


@dataclass(frozen=True)
class Precise:
    """A finished run of as many paths as were needed, and why it has so many."""

    result: Result
    precision: dict[str, Any]

    @cached_property
    def document(self) -> dict[str, Any]:
        """The document of `run --json --precision`."""
        return {**self.result.document, "precision": self.precision}


def precise(
    scenario: Scenario | str | Path,
    targets: Sequence[str | Target],
    most: int | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    announce: Announce | None = None,
    into: str | Path | None = None,
    fresh: bool = False,
) -> Precise:
    """Simulate until every target holds, for example `0.1pp on pd(24)` (estimate/precision.py), or `most` paths are done
    (default: 16,777,216; 1,048,576 where no folder is written and every number by path stays in memory).

    One looks after 16,384 paths and twice as many each time; a run of few paths that lies in the folder counts. The other
    arguments are those of `run`. The finished run is an ordinary one of so many paths.

    Raises QuantityError (a target that cannot be read, or a figure that this scenario does not have), ValueError, and what
    `run` raises.
    """
    known = scenario if isinstance(scenario, Scenario) else load(scenario)
    wanted = [parse(target) if isinstance(target, str) else target for target in targets]
    if not wanted:
        raise ValueError("no figure is named that is to be precise")
    if most is None:
        most = MOST_IN_MEMORY if out is None and into is None else MOST
    known = with_run(known, most, seed)
    schedule = looks(most)
    z = boundary(schedule)
    place, folder = (None if name is None else Path(name) for name in (out, into))
    looked: list[int] = []
    reached = False
    with Growth(known, most, place, folder, threads, progress, announce, fresh) as growth:
        for paths in schedule:
            if paths < growth.paths and paths != schedule[-1]:
                continue  # a run of more paths was there already
            growth.to(paths)
            looked.append(growth.paths)
            seen = Figures(
                known, growth.simulation.outline, growth.summary, z, binned=True, controlled=growth.controlled
            )
            reached = all(target.error(seen) <= target.within for target in wanted)
            if reached:
                break
        result = growth.finish()
    final = Figures(known, growth.simulation.outline, growth.summary, z, controlled=growth.controlled)
    return Precise(result, _report(final, wanted, looked, schedule, z, reached, result))


def _report(
    figures: Figures,
    targets: Sequence[Target],
    looked: list[int],
    schedule: Sequence[int],
    z: float,
    reached: bool,
    result: Result,
) -> dict[str, Any]:
    asked = []
    for target in targets:
        value, low, high = (x if abs(x) != float("inf") else None for x in target.read(figures))
        error = target.error(figures)
        asked.append(
            {
                "asked": target.text,
                "value": value,
                "low": low,
                "high": high,
                "error": error if error != float("inf") else None,
                "within": target.within,
                "relative": target.relative,
                "reached": error <= target.within,
            }
        )
    return {
        "targets": asked,
        "reached": reached,
        "stopped": "every target is reached" if reached else f"the most paths allowed, {schedule[-1]:,}, are done",
        "looked_at": looked,
        "looks_planned": len(schedule),
        "z": z,
        "method": "constant boundary over all planned looks (Pocock 1977): 95 % whenever one stops",
        "paths": figures.paths,
        "simulated": figures.paths - result.from_path,
        "seconds": result.seconds["simulate"],
    }
