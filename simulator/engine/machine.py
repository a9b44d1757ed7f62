"""A program as machine code: one loop for every law, or fewer loops made for this scenario, whichever is done sooner.

Loops of single laws serve all scenarios and are mostly compiled already; fused ones (engine/fusion.py) run about twice as fast
and are worth their compiling for long runs, or when it is behind us. Both give the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.engine import jit
from simulator.engine.build import Array, Step
from simulator.engine.fusion import Fused, fuse
from simulator.engine.program import Program

# Measured on two cores of 2.5 GHz; only the choice depends on them.
COMPILE_LOOP = 0.2  # s
COMPILE_FUSED_LAW = 0.035  # s
RUN_LOOP, RUN_FUSED_LAW = 0.6e-9, 0.33e-9  # s a path-month


class Plan(NamedTuple):
    """What the months of a program are made of."""

    steps: tuple[Step | Fused, ...]
    codes: tuple[jit.Code, ...]
    fused: bool

    def seconds(self, path_months: float, compiled_before: frozenset[str]) -> float:
        """What compiling and running take, roughly."""
        total = 0.0
        for step, code in zip(self.steps, self.codes, strict=True):
            missing = code.stem not in compiled_before
            if isinstance(step, Fused):
                total += step.size * (missing * COMPILE_FUSED_LAW + path_months * RUN_FUSED_LAW)
            else:
                total += missing * COMPILE_LOOP + path_months * RUN_LOOP
        return total

    def to_compile(self, compiled_before: frozenset[str]) -> tuple[int, float]:
        """How many loops have to be compiled, and roughly how many seconds that takes."""
        missing = {code.stem for code in self.codes} - compiled_before
        return len(missing), self.seconds(0.0, compiled_before)


class Machine(NamedTuple):
    """The steps as machine code, with flat tables of what each is called with."""

    addresses: npt.NDArray[np.int64]
    dispatchers: tuple[Any, ...]  # they keep the machine code alive
    calls: npt.NDArray[np.int64]  # per step: index from, to, params from, to, first month, last month
    rows: npt.NDArray[np.int64]
    params: Array


def separate(program: Program) -> Plan:
    """One loop a law."""
    return Plan(program.steps, tuple(_code(step) for step in program.steps), False)


def fused(program: Program) -> Plan:
    """Loops made for this program. Only rows that are reported keep their values from month to month."""
    steps = tuple(fuse(program.steps, reported_rows(program)))
    return Plan(steps, tuple(_code(step) for step in steps), True)


def reported_rows(program: Program) -> frozenset[int]:
    """Rows that are looked at from outside after a month."""
    metrics, columns = program.metrics, program.columns
    return frozenset(program.rows[slot] for slot in [*(m.slot for m in metrics), *(c.slot for c in columns)])


def sooner(program: Program, path_months: float) -> Plan:
    """Of the two plans the one that is expected to be done first."""
    before = jit.compiled_before()
    plans = (separate(program), fused(program))
    return min(plans, key=lambda plan: plan.seconds(path_months, before))


def assemble(plan: Plan) -> Machine:
    """Compile (or fetch from the cache) every step."""
    functions: list[Any] = []
    calls: list[tuple[int, ...]] = []
    index: list[int] = []
    params: list[float] = []
    for step, code in zip(plan.steps, plan.codes, strict=True):
        functions.append(jit.compiled(code))
        words = _words(step)
        calls.append((len(index), len(index) + len(words), len(params), len(params) + len(step.params), *step.months))
        index.extend(words)
        params.extend(step.params)
    return Machine(
        jit.addresses(functions),
        tuple(functions),
        np.array(calls, dtype=np.int64),
        np.array(index, dtype=np.int64),
        np.array(params, dtype=np.float64),
    )


def _code(step: Step | Fused) -> jit.Code:
    if isinstance(step, Fused):
        return jit.fused_code(step.source, step.laws)
    if step.kernel:
        return jit.kernel_code(step.law, jit.step_signature())
    return jit.step_code(step.law, step.arguments, step.outputs, step.using, step.rarely)


def _words(step: Step | Fused) -> Sequence[int]:
    drawn = not isinstance(step, Fused) and step.kernel
    return [*(int(word) for word in step.words), *((jit.LANES,) if drawn else ())]
