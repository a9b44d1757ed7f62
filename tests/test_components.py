"""What every component must be, checked by walking the registry: a new file is checked without being listed."""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path

import numpy as np
import pytest

from simulator.components.base import ATTACHED, REGISTRY, Component, discover
from simulator.engine.block import BLOCK
from simulator.engine.random import uniforms
from simulator.engine.simulation import Simulation
from simulator.mathematics.normal import inverse_normal

discover()
ALL = [c for shelf in (*REGISTRY.values(), *ATTACHED.values()) for c in shelf.values()]


@pytest.mark.parametrize("cls", ALL, ids=lambda c: c.__name__)
def test_a_component_says_what_its_law_is(cls: type[Component]) -> None:
    module = sys.modules[cls.__module__]
    assert module.__doc__
    assert len(inspect.getsource(module).splitlines()) < 420


@pytest.mark.parametrize("cls", ALL, ids=lambda c: c.__name__)
def test_a_component_file_knows_no_compiler_and_no_other_component(cls: type[Component]) -> None:
    tree = ast.parse(Path(inspect.getfile(cls)).read_text())
    imported = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any(name.startswith(("numba", "simulator.engine")) for name in imported)
    # simulator.components.base and the pieces beside it are shared; simulator.components.FAMILY.FILE is nobody's business
    assert not any(name.startswith("simulator.components.") and name.count(".") > 2 for name in imported)


@pytest.mark.parametrize("cls", ALL, ids=lambda c: c.__name__)
def test_a_component_is_frozen_and_closed(cls: type[Component]) -> None:
    assert cls.model_config["frozen"]
    assert cls.model_config["extra"] == "forbid"


def test_draws_are_a_function_of_seed_stream_path_and_month(scenario) -> None:
    """The compiled rows against the slow numpy generator: the address is the whole truth."""
    text = """
[opening]
cash = "1B"
[revenue]
type = "geometric_brownian"
run_rate = "1B/yr"
volatility = "30 %/yr"
[revenue.customer_loss]
hazard = "5 %/yr"
size = "5 %"
[run]
seed = 123456789012345
"""
    simulation = Simulation(scenario(text))
    kept = simulation.run_chunk(5 * BLOCK, BLOCK, ("revenue.level", "revenue.customer_loss.event")).kept
    paths, months = range(5 * BLOCK, 6 * BLOCK), range(1, 61)
    seed = 123456789012345
    assert np.array_equal(
        kept["revenue.customer_loss.event"][1:], uniforms(seed, "revenue.customer_loss.event", paths, months)
    )
    u = uniforms(seed, "revenue.level", paths, months)
    normals = np.vectorize(inverse_normal)(u[:, :64])
    np.testing.assert_allclose(kept["revenue.level"][1:, :64], normals, rtol=1e-14)


def test_a_shock_never_shares_a_row_with_a_state(scenario) -> None:
    """The regime once shared its row with the uniform that moves it: it forgot where it was every month."""
    text = """
[opening]
cash = "1B"
[market]
regimes = ["open", "shut"]
sojourn = ["20 mo", "5 mo"]
"""
    simulation = Simulation(scenario(text))
    state = simulation.run_chunk(0, 8 * BLOCK, ("market.state",)).kept["market.state"]
    assert set(np.unique(state)) == {0.0, 1.0}
    # stationary share of shut = 5 / 25; at month 60 within 4 standard errors (false alarm 6e-5)
    assert abs(state[60].mean() - 0.2) < 4 * (0.16 / (8 * BLOCK)) ** 0.5


def test_only_the_ledger_writes_cash(scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.components.flows.recurring import Recurring

    def steal(self: Recurring, b, host=None) -> None:  # noqa: ARG001
        b.step(70, abs, ("cash",), writes=("cash",))

    monkeypatch.setattr(Recurring, "build", steal)
    with pytest.raises(ValueError, match="only the ledger"):
        Simulation(scenario('[opening]\ncash = "1B"\n[flows.x]\namount = "1B/yr"\n'))
