"""The engine as one of the programs that are compared and timed: whole chunks on the calling thread."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from peers.agreement import Sample
from simulator.engine.block import Room, Statistics
from simulator.engine.simulation import CHUNK, ChunkResult, Simulation, tasks
from simulator.scenario.model import Scenario

SPAN = tasks(10**9, 1)[0][1]  # paths of one task of a long run


class Engine:
    def __init__(self, scenario: Scenario) -> None:
        self.months = scenario.calendar.months
        self.simulation = Simulation(scenario, paths=10**9)  # worth any compiling
        self.room = Room()

    def span(self, number: int) -> Iterator[ChunkResult]:
        """As a worker of a long run goes through them."""
        return self.simulation.run_chunks(number * SPAN, SPAN, room=self.room)

    def chunk(self, number: int) -> ChunkResult:
        return self.simulation.run_chunk(number * CHUNK, CHUNK)

    def sample(self, chunks: int) -> Sample:
        found = [self.chunk(k) for k in range(chunks)]
        statistics = Statistics(0, np.empty(0), np.empty(0))
        for chunk in found:
            for block in chunk.blocks:
                statistics = statistics.merge(block)
        columns = {k: np.concatenate([c.columns[k] for c in found]) for k in found[0].columns}
        kept = {k: np.concatenate([c.kept[k] for c in found], axis=1) for k in found[0].kept}
        variance = statistics.squares / statistics.paths
        means = {
            (m.contract, m.name): np.stack([statistics.mean[:, k], variance[:, k]], axis=1)
            for k, m in enumerate(self.simulation.outline.metrics)
        }
        return Sample(statistics.paths, columns, means, kept)
