"""Other ways of choosing paths than independently: the same law, the same bits for any order, and no true value moved."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from companies_sampled import SMALL, scenario
from scipy.stats import qmc

from simulator.engine import sampler
from simulator.engine.build import Array
from simulator.engine.lanes import BLOCK
from simulator.engine.simulation import CHUNK, Simulation
from simulator.engine.source import Asked, Paths

ASKED = Asked(7, 30, {"a": "normal", "b": "normal", "event": "uniform"}, ("x", "y"))


class Addressed:
    """Everything that plain sampling would draw, given instead."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked

    def once(self, paths: Paths) -> Mapping[str, Array]:
        return {name: sampler.plain_once(self.asked.seed, name, paths) for name in self.asked.streams}

    def scores(self, paths: Paths) -> Mapping[str, Array]:
        law = {"normal": sampler.plain_normals, "uniform": sampler.plain_uniforms}
        shocks = self.asked.shocks.items()
        return {name: law[kind](self.asked.seed, name, self.asked.months, paths) for name, kind in shocks}


def test_what_is_given_as_it_would_be_drawn_changes_no_bit() -> None:
    plain, given = Simulation(scenario(SMALL)), Simulation(scenario(SMALL), sampler=Addressed)
    drawn = given.source
    assert isinstance(drawn, Addressed)
    assert {"inputs.cash", "alternatives.view"} <= set(drawn.asked.streams)
    assert drawn.asked.shocks["revenue.customer_loss.event"] == "uniform"
    for a, b in zip(plain.run_chunks(0, 1500), given.run_chunks(0, 1500), strict=True):
        for name, values in a.columns.items():
            np.testing.assert_array_equal(values, b.columns[name], err_msg=name)


@pytest.mark.parametrize("sampling", ["sobol", "antithetic"])
def test_a_path_depends_on_its_number_alone(sampling: str) -> None:
    simulation = Simulation(scenario(SMALL, sampling=sampling, paths=CHUNK))
    whole = simulation.run_chunk(BLOCK - 3, 1100).columns
    for first, count in ((BLOCK - 3, 1), (BLOCK, 1), (BLOCK + 77, 900)):
        part = simulation.run_chunk(first, count).columns
        at = slice(first - BLOCK + 3, first - BLOCK + 3 + count)
        for name, values in part.items():
            np.testing.assert_array_equal(values, whole[name][at], err_msg=name)


def test_points_are_those_of_sobol_before_they_are_scrambled() -> None:
    known = qmc.Sobol(5, scramble=False, bits=32).random(16)
    own = sampler.directions(5)
    for index in range(16):
        words = np.zeros(5, dtype=np.uint32)
        for bit in range(4):
            words ^= own[:, bit] * np.uint32((index ^ index >> 1) >> bit & 1)  # scipy goes through them in Gray's order
        np.testing.assert_array_equal(words * 2.0**-32, known[index])


def test_each_replicate_is_evenly_spread_in_every_dimension_and_pair() -> None:
    """2^12 points of a replicate: one in each of 4,096 equal intervals; and in the first two dimensions, a (0, 12, 2)-net,
    one in each box of 64 x 64."""
    points = sampler.Sobol(ASKED)
    every = np.arange(4 * CHUNK)
    for replicate in (0, 9):
        paths = every[sampler.replicate_of(every) == replicate]
        drawn = [points._points(d, paths) for d in range(points.dimensions)]
        for u in drawn:
            assert np.unique((u * 4096).astype(int)).size == 4096
        assert np.unique((drawn[0] * 64).astype(int) * 64 + (drawn[1] * 64).astype(int)).size == 4096


def test_scores_under_every_sampling_are_standard_normals_of_their_own() -> None:
    """16 months of means, variances and covariances of 65,536 paths: within 4.5 standard errors of plain sampling (a false
    alarm of about 0.4 % for the 500 numbers together)."""
    paths = np.arange(4 * CHUNK)
    for made in (sampler.Sobol(ASKED), sampler.Mirrored(ASKED)):
        z = np.concatenate([made.scores(paths)[name][:16] for name in ("a", "b")])
        assert abs(z.mean(axis=1)).max() < 4.5 / np.sqrt(paths.size)
        covariance = z @ z.T / paths.size
        assert abs(covariance - np.eye(32)).max() < 4.5 * np.sqrt(2 * 2 / paths.size)  # pairs share their squares


def test_a_mirrored_pair_has_opposite_scores_and_complementary_uniforms() -> None:
    made, paths = sampler.Mirrored(ASKED), np.arange(100, 140)
    scores, once = made.scores(paths), made.once(paths)
    np.testing.assert_array_equal(scores["a"][:, ::2], -scores["a"][:, 1::2])
    np.testing.assert_array_equal(scores["event"][:, ::2], 1.0 - scores["event"][:, 1::2])
    np.testing.assert_array_equal(once["x"][::2], 1.0 - once["x"][1::2])


def test_components_of_the_random_walk_are_orthonormal_and_the_first_is_its_largest() -> None:
    loadings = sampler.walk_components(30, 30)
    np.testing.assert_allclose(loadings.T @ loadings, np.eye(30), atol=1e-12)
    walk = np.cumsum(loadings, axis=0)
    sizes = (walk**2).sum(axis=0)
    np.testing.assert_allclose(sizes, np.sort(np.linalg.eigvalsh(np.minimum.outer(range(1, 31), range(1, 31))))[::-1])
