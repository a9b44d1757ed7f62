"""The hot loops of the shipped scenario in machine code: they work on several paths at once, and a change that makes one of
them scalar (a table indexed by lane, a branch with a store) fails here instead of costing a factor of four unseen."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import numba
import pytest

import simulator
from simulator.engine import fusion
from simulator.engine.fusion import Fused
from simulator.engine.jit import Code
from simulator.engine.machine import fused
from simulator.engine.simulation import Simulation

SHIPPED = Path(__file__).parent.parent / "scenarios" / "anthropic-xai.toml"
SCALAR_STORE = re.compile(r"\tv?movsd\t%xmm\d+, ")
PACKED = re.compile(r"\tv\w+pd\t.*%[yz]mm")
SPILLS = 4  # scalar stores of numbers that have no register


def assembly(code: Code) -> str:
    """Compiled here: what comes from a cache cannot be read."""
    space = dict(code.names())
    exec(compile(code.source, "<loop>", "exec"), space)
    function = numba.njit(code.signature, nogil=True, error_model="numpy")(space["loop"])
    return "".join(function.inspect_asm().values())


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="reads x86 instructions")
def test_every_loop_of_the_shipped_scenario_is_vectorised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fusion, "MOST_TOGETHER", 1)  # a function a loop
    plan = fused(Simulation(simulator.load(SHIPPED)).program)
    seen = 0
    for step, code in zip(plan.steps, plan.codes, strict=True):
        if not isinstance(step, Fused) or "next_lane(" in step.source:  # a search for what seldom happens is scalar
            continue
        text = assembly(code)
        laws = sorted({law.__name__ for law, _ in step.laws})
        assert len(SCALAR_STORE.findall(text)) <= SPILLS, laws
        assert len(PACKED.findall(text)) >= step.source.count("store(") or laws == ["same"], laws
        seen += step.size
    assert seen > 200
