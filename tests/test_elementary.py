"""exp, log and the inverse normal of our own: accurate, the same bits everywhere, and compiled to vector instructions."""

from __future__ import annotations

import math
import platform
import re
from collections.abc import Callable
from typing import Any

import mpmath
import numba
import numpy as np
import pytest
from scipy import special

from simulator.engine import jit
from simulator.engine.random import draw_normal, draw_uniform
from simulator.mathematics import elementary
from simulator.mathematics.normal import grid_normal, inverse_normal

mpmath.mp.prec = 120
RNG = np.random.default_rng(20261101)


def over(law: Callable[[float], float], x: Any) -> Any:
    """The law in machine code over an array."""
    scalar = jit.compiled_law(law)

    @numba.njit(error_model="numpy")
    def loop(x: Any, y: Any) -> None:
        for i in range(x.size):
            y[i] = scalar(x[i])

    y = np.empty_like(x)
    loop(x, y)
    return y


def ulps(got: float, exact: Any) -> float:
    return float(abs(mpmath.mpf(got) - exact) / math.ulp(float(exact)))


EXP_AT = np.concatenate([RNG.uniform(-1, 1, 6000), RNG.uniform(-708, 709, 6000), RNG.normal(size=3000) * 1e-6])
LOG_AT = np.concatenate(
    [np.exp(RNG.uniform(-700, 700, 6000)), RNG.uniform(0.5, 2, 6000), 1 + RNG.normal(size=3000) * 1e-7]
)


@pytest.mark.parametrize(
    ("law", "exact", "at"), [(elementary.exp, mpmath.exp, EXP_AT), (elementary.log, mpmath.log, LOG_AT)]
)
def test_exp_and_log_are_within_one_unit_in_the_last_place(
    law: Callable[[float], float], exact: Callable[[Any], Any], at: Any
) -> None:
    assert max(ulps(float(y), exact(mpmath.mpf(float(x)))) for x, y in zip(at, over(law, at), strict=True)) < 1.0


@pytest.mark.parametrize(("law", "at"), [(elementary.exp, EXP_AT), (elementary.log, LOG_AT)])
def test_plain_python_and_machine_code_give_the_same_bits_wherever_a_value_stands(
    law: Callable[[float], float], at: Any
) -> None:
    plain = np.array([law(float(x)) for x in at])
    for shift in (0, 1, 3, 7):
        np.testing.assert_array_equal(over(law, np.roll(at, shift)), np.roll(plain, shift))


@pytest.mark.parametrize(
    ("law", "x", "y"),
    [
        (elementary.exp, 0.0, 1.0),
        (elementary.exp, math.inf, math.inf),
        (elementary.exp, -math.inf, 0.0),
        (elementary.exp, 710.0, math.inf),
        (elementary.exp, -710.0, 0.0),
        (elementary.exp, math.nan, math.nan),
        (elementary.log, 1.0, 0.0),
        (elementary.log, 0.0, -math.inf),
        (elementary.log, math.inf, math.inf),
        (elementary.log, -1.0, math.nan),
        (elementary.log, math.nan, math.nan),
    ],
)
def test_exp_and_log_at_the_ends(law: Callable[[float], float], x: float, y: float) -> None:
    np.testing.assert_equal([law(x), over(law, np.array([x]))[0]], [y, y])


def test_a_power_is_exp_of_the_logarithm() -> None:
    assert elementary.power(3.0, 0.0) == 1.0
    assert elementary.power(0.0, 2.0) == 0.0
    assert math.isclose(elementary.power(0.7, 2.5), 0.7**2.5, rel_tol=1e-15)


def test_the_normal_of_the_grid_is_the_inverse_normal_to_the_last_tail() -> None:
    """All 2^32 uniforms lie at (k + 1/2) / 2^32: 200,000 at either end, next to the centre, and 400,000 between."""
    ends, between = np.arange(200_000), np.arange(0, 2**32, 10_007)[:400_000]
    k = np.concatenate([ends, 2**32 - 1 - ends, 2**31 + ends - 100_000, between])
    u = (k + 0.5) / 2.0**32
    z = over(grid_normal, u)
    np.testing.assert_allclose(z, special.ndtri(u), rtol=4e-14, atol=2e-16)
    np.testing.assert_array_equal(z[::997], [inverse_normal(float(p)) for p in u[::997]])
    assert np.abs(z).max() < 6.4
    np.testing.assert_array_equal(over(grid_normal, 1.0 - u), -z)


PACKED = re.compile(r"\tv(?:mul|add|sub|fmadd|div)\w*pd\t\S*%[yz]mm|\tvpmuludq\t")


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="reads x86 instructions")
@pytest.mark.parametrize("law", [elementary.exp, elementary.log, grid_normal])
def test_a_loop_over_an_elementary_function_is_vectorised(law: Callable[[float], float]) -> None:
    scalar = jit.compiled_law(law)

    @numba.njit((numba.float64[::1], numba.float64[::1]), error_model="numpy")
    def loop(x: Any, y: Any) -> None:
        for i in range(1024):
            y[i] = scalar(x[i])

    assert len(PACKED.findall("".join(loop.inspect_asm().values()))) > 20


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="reads x86 instructions")
@pytest.mark.parametrize("kernel", [draw_uniform, draw_normal])
def test_draws_are_vectorised(kernel: Callable[..., None]) -> None:
    inner = jit.compiled_law(kernel)

    @numba.njit(jit.step_signature(), error_model="numpy")
    def loop(slots: Any, words: Any, index: Any, params: Any, month: int, paths: Any) -> None:
        inner(slots, words, index, params, month, paths)

    assert len(PACKED.findall("".join(loop.inspect_asm().values()))) > 20
