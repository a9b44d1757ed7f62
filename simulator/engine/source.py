"""Where the numbers come from that make paths differ, if not from the addressed generator inside the kernels.

Plain sampling draws by address (engine/random.py). Any other way of sampling is a `Source`: a pure function of the paths'
numbers, so that threads, order and chunks change nothing. What it does not give is drawn plainly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from simulator.engine.build import Array

Paths = npt.NDArray[np.int64]  # numbers of paths


class Asked(NamedTuple):
    """What the programs of a scenario draw, all branches together."""

    seed: int
    months: int
    shocks: Mapping[str, str]  # monthly shock -> "normal" or "uniform": what it is before a table correlates it
    streams: tuple[str, ...]  # of what is drawn once a path, a uniform each

    def and_of(self, other: Asked) -> Asked:
        streams = tuple(dict.fromkeys((*self.streams, *other.streams)))
        return self._replace(shocks={**self.shocks, **other.shocks}, streams=streams)


class Source(Protocol):
    def once(self, paths: Paths) -> Mapping[str, Array]:
        """Uniforms of streams drawn once a path, shape (paths,)."""

    def scores(self, paths: Paths) -> Mapping[str, Array]:
        """By monthly shock: normals or uniforms, as asked, shape (months, paths)."""


Sampler = Callable[[Asked], Source]  # makes the source once it is known what is asked
