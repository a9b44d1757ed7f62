"""The engine's own program of a scenario in plain Python, for a few paths: every law and the ledger, without compiling anything.

The same steps in the same order on the same numbers as the compiled month loop; tests/test_fusion.py and the tests of clauses
hold machine code to the same bits. Random numbers come from `engine.random.uniforms`, the slow way.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simulator.engine import jit
from simulator.engine.program import Program, build
from simulator.engine.random import draw_normal, uniforms
from simulator.mathematics.normal import grid_normal
from simulator.scenario.model import Scenario

Array = np.ndarray[Any, np.dtype[np.float64]]


class Interpreted(NamedTuple):
    program: Program
    rows: dict[str, Array]  # slot -> (months + 1, paths)

    def column(self, name: str) -> Array:
        """A number by path."""
        for column in self.program.columns:
            if column.name == name:
                return self.rows[column.slot][-1]
        raise KeyError(name)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.program.columns)

    def cause(self, lane: int) -> str:
        return self.program.causes[int(self.column("cause")[lane])].sentence


def run(scenario: Scenario, seed: int, paths: range) -> Interpreted:
    """A scenario without alternatives, or one branch of those."""
    numbers = np.arange(paths.start, paths.stop)
    program = build(scenario, seed, lambda name: uniforms(seed, name, paths, range(1))[0])
    months, lanes = scenario.calendar.months, len(paths)
    names = {row: name for name, row in program.rows.items()}
    slots = np.zeros((len(program.values), lanes))
    for row, value in enumerate(program.values):
        slots[row] = value
    drawn: dict[int, Array] = {}
    calls = []
    for step in program.steps:
        if not step.kernel:
            index, params = np.array(step.words, dtype=np.int64), np.array(step.params)
            calls.append((loop(step, lanes), index, params, step.months))
            continue
        row = int(step.words[0])
        scores = uniforms(seed, names[row].removesuffix(":z"), paths, range(months + 1))
        drawn[row] = np.vectorize(grid_normal, otypes=[float])(scores) if step.law is draw_normal else scores
    history = np.empty((months + 1, *slots.shape))
    history[0] = slots
    with np.errstate(all="ignore"):
        for month in range(1, months + 1):
            for row, scores in drawn.items():
                slots[row] = scores[month]
            for function, index, params, (begin, last) in calls:
                if begin <= month <= last:
                    function(slots, None, index, params, month, numbers)
            history[month] = slots
    return Interpreted(program, {slot: history[:, row] for slot, row in program.rows.items()})


def loop(step: Any, lanes: int) -> Any:
    law = jit._copy(step.law, dict(step.using)) if step.using else step.law
    space: dict[str, Any] = {"law": law, "next_lane": jit.next_lane}
    exec(compile(jit.loop_source(step.law, step.arguments, step.outputs, lanes, step.rarely), "<loop>", "exec"), space)
    return space["loop"]
