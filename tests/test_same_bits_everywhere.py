"""Numbers are made of additions, multiplications, divisions and roots alone, so every machine makes the same ones."""

from __future__ import annotations

import ast
import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simulator
from simulator.engine.sampling import elementwise
from simulator.engine.simulation import Simulation
from simulator.mathematics import arrays, elementary
from simulator.mathematics.quadrature import gauss_legendre

HOME = Path(__file__).resolve().parent.parent
RNG = np.random.default_rng(20261126)
SPECIAL = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 709.0, 709.1, -708.0, -708.1, 5e-324, 2.0**-1022]
WIDE = np.concatenate(
    [RNG.uniform(-800, 800, 4000), RNG.normal(size=4000), np.exp(RNG.uniform(-700, 700, 4000)), SPECIAL]
)
PAIRS: list[tuple[Callable[[Any], Any], Callable[[float], float]]] = [
    (arrays.exp, elementary.exp),
    (arrays.log, elementary.log),
]


@pytest.mark.parametrize(("over_arrays", "law"), PAIRS)
def test_arrays_numbers_and_machine_code_give_the_bits_of_the_law(
    over_arrays: Callable[[Any], Any], law: Callable[[float], float]
) -> None:
    wanted = np.array([law(x) for x in WIDE.tolist()])
    short = np.concatenate([over_arrays(piece) for piece in np.array_split(WIDE, 40)])  # below arrays.LONG: in numpy
    assert short.tobytes() == over_arrays(WIDE).tobytes() == elementwise(law, WIDE).tobytes()
    assert np.array_equal(short, wanted, equal_nan=True)
    assert [over_arrays(x) for x in (0.5, 3.0)] == [law(0.5), law(3.0)]
    assert over_arrays(WIDE[:6].reshape(2, 3)).shape == (2, 3)


def worst(over_arrays: Callable[[Any], Any], exact: Callable[[Any], Any], x: Any) -> float:
    got = over_arrays(x).tolist()
    with mpmath.workprec(150):
        apart = [(abs(mpmath.mpf(y) - exact(mpmath.mpf(v))), y) for v, y in zip(x.tolist(), got, strict=True)]
    return max(float(d / mpmath.mpf(math.ulp(y))) for d, y in apart)


SMALL = np.concatenate(
    [10.0 ** RNG.uniform(-18, 0, 2000), -(10.0 ** RNG.uniform(-18, 0, 2000)), RNG.uniform(-1, 1, 2000)]
)


def test_expm1_and_log1p_are_within_three_units_in_the_last_place() -> None:
    assert worst(arrays.expm1, mpmath.expm1, np.concatenate([SMALL, RNG.uniform(-40, 700, 2000)])) < 3.0
    assert (
        worst(arrays.log1p, mpmath.log1p, np.concatenate([SMALL[SMALL > -1], 10.0 ** RNG.uniform(0, 300, 2000)])) < 3.0
    )


def test_expm1_and_log1p_at_their_ends() -> None:
    assert arrays.expm1(np.array([0.0, math.inf, -math.inf, 710.0])).tolist() == [0.0, math.inf, -1.0, math.inf]
    assert arrays.log1p(np.array([0.0, math.inf, -1.0])).tolist() == [0.0, math.inf, -math.inf]
    assert all(math.isnan(y) for y in (arrays.expm1(math.nan), arrays.log1p(math.nan), arrays.log1p(-1.5)))


@given(st.floats(0.5, 2.0), st.lists(st.integers(0, 120), min_size=1, max_size=5))
def test_powers_are_those_of_exact_arithmetic(x: float, exponents: list[int]) -> None:
    exact = [mpmath.mpf(x) ** n for n in exponents]
    assert np.allclose(arrays.power(x, np.array(exponents)), [float(y) for y in exact], rtol=1e-13, atol=0.0)
    assert arrays.power(0.0, 0) == arrays.power(x, 0) == 1.0
    assert arrays.power(np.array([x, 1.0]), exponents[0]).tolist() == [arrays.power(x, exponents[0]), 1.0]


@pytest.mark.parametrize("nodes", [1, 2, 12, 96, 400])
def test_the_rule_of_gauss_is_exact_for_polynomials_up_to_its_degree(nodes: int) -> None:
    x, weights = gauss_legendre(nodes)
    assert (np.diff(x) > 0).all()
    assert np.array_equal(x, -x[::-1])
    for degree in {0, 1, nodes - 1, 2 * nodes - 2, 2 * nodes - 1}:
        exact = 0.0 if degree % 2 else 2.0 / (degree + 1)
        assert abs(float((weights * x**degree).sum()) - exact) < 2e-14


# numpy has other instructions for them on other processors, and libraries of matrices other orders
ROUNDED = {"exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "power", "sin", "cos", "tan", "tanh"}
LIBRARY = ROUNDED | {"dot", "matmul", "einsum", "inner"}
HARMLESS = {  # whole numbers, or a question put to the reader of a scenario
    ("chain.py", "np.log2"),
    ("correlation.py", "vectors * np.maximum(values, 0.0) @ vectors.T"),
}


def test_what_makes_numbers_of_a_path_calls_nothing_that_rounds_as_the_processor_has_it() -> None:
    found = set()
    for package in ("components", "quantities", "engine", "mathematics"):
        for file in sorted((HOME / "simulator" / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                of_numpy = isinstance(node, ast.Attribute) and ast.unparse(node.value) == "np" and node.attr in LIBRARY
                if of_numpy or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)):
                    found.add((file.name, ast.unparse(node)))
    assert found == HARMLESS


# Made anew whenever a change moves results; a machine that makes others is to be looked at.
KNOWN = {
    "minimal.toml": "a19193b064ff68b1",
    "anthropic-xai.toml": "e4f694ba407f8afa",
    "neocloud-tenant.toml": "7b94f8b392d165ff",
}


def fingerprint(file: Path) -> str:
    chunk = Simulation(simulator.load(file)).run_chunk(0, 2048)
    digest = hashlib.sha256()
    for name, values in sorted({**chunk.columns, **chunk.inputs, **chunk.kept}.items()):
        digest.update(name.encode() + np.ascontiguousarray(values).tobytes())
    for block in chunk.blocks:
        digest.update(block.mean.tobytes() + block.squares.tobytes())
    return digest.hexdigest()[:16]


@pytest.mark.parametrize("name", KNOWN)
def test_shipped_scenarios_give_the_bits_that_other_machines_gave(name: str) -> None:
    assert fingerprint(HOME / "scenarios" / name) == KNOWN[name]
