"""What the worked examples share: months of the path without chance, and of a path whose draws are given. Nothing is compiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from unittest.mock import patch

import interpreted
import numpy as np

from simulator.engine.block import deterministic_path
from simulator.scenario.model import Scenario

HEAD = '[calendar]\nstart = "2026-11"\nmonths = %d\n[opening]\ncash = "%dM"\n'
NEED = '[compute]\nneed = { start = %s, floor = %s, decay = "0 /mo" }\noverflow = "always"\n'


def contract(name: str, fee: int, first: int, last: int, more: str = "") -> str:
    """A fee of so many millions from month `first` to month `last`."""
    return f'[contracts.{name}]\nfee = "{fee}M/mo"\nstart = "{label(first)}"\nend = "{label(last)}"\n{more}'


def price(*index: float) -> str:
    """The index of months 0, 1, …; that of the last goes on."""
    points = ", ".join(f'{{ month = "{label(m)}", index = {x} }}' for m, x in enumerate(index) if m)
    return f'[price]\ntype = "forward_curve"\n[price.curve]\nnow = {index[0]}\n' + (
        f"points = [{points}]\n" if points else ""
    )


def revenue(*millions: float) -> str:
    """Billed in months 1, 2, …; the last goes on."""
    plan = ", ".join(f'"{label(m)}" = "{12 * x}M/yr"' for m, x in enumerate(millions, 1))
    return f'[revenue]\ntype = "plan"\nplan = {{ {plan} }}\n'


def label(month: int) -> str:
    return f"{2026 + (month + 9) // 12}-{(month + 9) % 12 + 1:02d}"


def assert_months(scenario: Scenario, **wanted: Sequence[float]) -> None:
    """Slots (`__` for a point) hold these numbers in months 0, 1, … of the path without chance: amounts in millions."""
    _compare(deterministic_path(scenario), wanted)


def assert_drawn(scenario: Scenario, draws: Mapping[str, Mapping[int, float]], **wanted: Sequence[float]) -> None:
    """The same on a path that draws these uniforms: stream -> month (0: once a path) -> uniform, else 0.999."""
    asked: set[str] = set()

    def given(_seed: int, name: str, paths: range, months: range) -> Any:
        asked.add(name)
        of_stream = draws.get(name, {})
        return np.array([[of_stream.get(m, 0.999)] * len(paths) for m in months])

    with patch.object(interpreted, "uniforms", given):
        rows = interpreted.run(scenario, 1, range(1)).rows
    assert set(draws) <= asked, f"streams of this scenario: {sorted(asked)}"
    _compare({slot: values[:, 0] for slot, values in rows.items()}, wanted)


def _compare(found: Mapping[str, Any], wanted: Mapping[str, Sequence[float]]) -> None:
    for name, numbers in wanted.items():
        slot = name.replace("__", ".")
        got = np.asarray(found[slot], dtype=float)[: len(numbers)] / 1e6
        np.testing.assert_allclose(got, numbers, rtol=1e-9, atol=1e-6, err_msg=slot)
