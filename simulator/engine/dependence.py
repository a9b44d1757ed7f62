"""[dependence] as a program has it: the month's shocks put together from independent normals, and inputs drawn once a path.

x = L z with L the lower Cholesky factor in the order of the table; a shock appended at the end leaves the others alone. With the
t copula t = x sqrt(ν / W), W one chi-square a path and month (stream `dependence.chi_square`), and the score that a component
reads is the normal one of the same rank. Uniforms of the table are the ranks. Tables of regimes: L of this month's regime.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from simulator.components.base import REGIME, Phase
from simulator.components.by_regime import pick
from simulator.engine.build import Array, Draw, ProgramBuilder
from simulator.mathematics.chi_square import t_scale
from simulator.mathematics.normal import normal_cdf
from simulator.mathematics.student import t_cdf, t_to_normal
from simulator.scenario.drawn import drawn_once, streams_of, with_drawn
from simulator.scenario.model import Scenario

CORRELATED = 5  # a phase before the month opens
OF_REGIME = Phase.REGIME + 5  # where the regime has to be known first: before anything reads a shock of the table
SCALE = "dependence.scale"


def correlate_shocks(b: ProgramBuilder, scenario: Scenario) -> None:
    """The steps that put the scores of the table together, once all components have asked for their shocks."""
    table = scenario.dependence
    if table is None or not table.shocks or b.deterministic:
        return
    table = with_drawn(table.triangular(), "dependence", b.number)
    b.name, b.table = "dependence", table.shocks
    b.table_phase = phase = OF_REGIME if table.regimes else CORRELATED
    early = [name for name in table.shocks for step in b.steps if step.phase < phase and name in step.words]
    if early:
        raise ValueError(f"{early[0]} is read before the table is put together")
    factors = [cholesky(table.correlation)]
    if table.regimes:
        factors = [cholesky(table.regimes.get(name, table.correlation)) for name in b.regimes]
    t_table = _t_table(b, table.degrees_of_freedom, phase) if table.copula == "t" else None
    raw = tuple(f"{name}:z" for name in table.shocks)
    for z, name in zip(raw, table.shocks, strict=True):
        if name not in b.rows:
            b.state(name, 0.0)
        b.state(z, 0.0)
    for j, name in enumerate(table.shocks):
        if table.regimes:
            by_regime = tuple(tuple(factor[j][k] for factor in factors) for k in range(j + 1))
            b.step(phase, combine_by_regime, (REGIME, raw[: j + 1], by_regime), writes=(name,))
        else:
            b.step(phase, combine, (raw[: j + 1], tuple(w for w in factors[0][j][: j + 1])), writes=(name,))
        uniform = b.shocks.get(name) == "uniform"
        if t_table is not None:
            b.step(phase, t_rank if uniform else t_score, (name, *t_table), writes=(name,))
        elif uniform:
            b.step(phase, normal_cdf, (name,), writes=(name,))


def _t_table(b: ProgramBuilder, freedom: Any, phase: int) -> tuple[Any, ...]:
    """Draws the scale of the month; returns what the law of a t score is called with besides the score."""
    from scipy.special import betaln, gammaln

    b.state(SCALE, 1.0)
    half = 0.5 * np.asarray(freedom)
    log_gamma, log_beta = gammaln(half)[()], betaln(half, 0.5)[()]
    b.step(phase, t_scale, (b.uniform("chi_square"), freedom, log_gamma), writes=(SCALE,))
    return SCALE, freedom, log_beta


def combine(z: tuple[float, ...], weights: tuple[float, ...]) -> float:
    total = 0.0
    for k in range(len(z)):
        total += weights[k] * z[k]
    return total


def combine_by_regime(regime: float, z: tuple[float, ...], weights: tuple[tuple[float, ...], ...]) -> float:
    total = 0.0
    for k in range(len(z)):
        total += pick(weights[k], regime) * z[k]
    return total


def t_score(x: float, scale: float, freedom: float, log_beta: float) -> float:
    return t_to_normal(x * scale, freedom, log_beta)


def t_rank(x: float, scale: float, freedom: float, log_beta: float) -> float:
    return t_cdf(x * scale, freedom, log_beta)


def correlate_inputs(draw: Draw, scenario: Scenario, given: Collection[str]) -> Draw:
    """The draws of month 0 with the numbers of [dependence.inputs] put together. A given draw stays what it is."""
    table = None if scenario.dependence is None else scenario.dependence.inputs
    if table is None:
        return draw
    from scipy.special import ndtr, ndtri

    streams = streams_of(table, drawn_once(scenario))
    factor = cholesky(table.correlation)
    scores: dict[int, Array] = {}

    def score(k: int) -> Array:
        if k not in scores:
            uniforms = draw(streams[k])
            assert uniforms is not None
            scores[k] = ndtri(uniforms)
        return scores[k]

    def correlated(stream: str) -> Array | None:
        own = draw(stream)
        if own is None or stream in given or stream not in streams:
            return own
        j = streams.index(stream)
        used = [k for k in range(j + 1) if factor[j][k] != 0.0]
        if used == [j]:
            return own
        total = sum(factor[j][k] * score(k) for k in used)
        return np.asarray(np.clip(ndtr(total), 2.0**-60, 1.0 - 2.0**-53))

    return correlated


def cholesky(matrix: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The lower Cholesky factor, entries numbers or arrays over paths (the upper triangle of the input is not read)."""
    n = len(matrix)
    factor: list[list[Any]] = [[0.0] * n for _ in range(n)]
    for j in range(n):
        for k in range(j + 1):
            rest = matrix[j][k] - sum(factor[j][i] * factor[k][i] for i in range(k))
            if k == j:
                factor[j][j] = np.sqrt(np.maximum(rest, 0.0))
            else:
                pivot = factor[k][k]
                safe = np.where(np.asarray(pivot) > 0, pivot, 1.0)
                factor[j][k] = np.where(np.asarray(pivot) > 0, rest / safe, 0.0)[()]
    return factor
