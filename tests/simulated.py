"""What tests need of a run: columns by path and slots by month."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.engine.simulation import CHUNK, Simulation
from simulator.scenario.model import Scenario

PATHS = 65_536
MILLION = 1e6


def simulate(scenario: Scenario, *slots: str, paths: int = PATHS) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns by path and the given slots by month, shape (months + 1, paths)."""
    simulation = Simulation(scenario)
    chunks = [simulation.run_chunk(first, min(CHUNK, paths - first), slots) for first in range(0, paths, CHUNK)]
    columns = {name: np.concatenate([c.columns[name] for c in chunks]) for name in chunks[0].columns}
    return columns, {slot: np.concatenate([c.kept[slot] for c in chunks], axis=1) for slot in slots}
