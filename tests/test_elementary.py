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
SMALLEST_NORMAL = 2.0**-1022


def beside(x: Any) -> Any:
    """Each number and the floats next to it."""
    return np.concatenate([np.nextafter(x, -np.inf), x, np.nextafter(x, np.inf)])


# where the argument's reduction changes its power of two, tiny arguments, and the ends of what is finite
STEPS = (np.arange(-1021, 1022) + 0.5) * math.log(2)
EXP_EDGES = np.concatenate(
    [beside(STEPS), beside(STEPS - math.log(2) / 2), [-708.0, 709.0], RNG.uniform(-708, -707, 300), RNG.uniform(708, 709, 300),
     10.0 ** RNG.uniform(-323, 0, 1000), -(10.0 ** RNG.uniform(-323, 0, 1000))]
)  # fmt: skip
BINADES = 2.0 ** np.arange(-1021, 1024)
LOG_EDGES = np.concatenate(
    [beside(BINADES), beside(BINADES * math.sqrt(0.5)), [SMALLEST_NORMAL, np.finfo(float).max],
     SMALLEST_NORMAL * RNG.uniform(1, 2, 300), 1 + 2.0 ** RNG.uniform(-51, -1, 1000), 1 - 2.0 ** RNG.uniform(-52, -1, 1000)]
)  # fmt: skip
EXP_EDGES, LOG_EDGES = EXP_EDGES[(EXP_EDGES >= -708) & (EXP_EDGES <= 709)], LOG_EDGES[LOG_EDGES >= SMALLEST_NORMAL]


@pytest.mark.parametrize(
    ("law", "exact", "at"),
    [
        (elementary.exp, mpmath.exp, EXP_AT),
        (elementary.exp, mpmath.exp, EXP_EDGES),
        (elementary.log, mpmath.log, LOG_AT),
        (elementary.log, mpmath.log, LOG_EDGES),
    ],
    ids=["exp", "exp at its edges", "log", "log at its edges"],
)
def test_exp_and_log_are_within_one_unit_in_the_last_place(
    law: Callable[[float], float], exact: Callable[[Any], Any], at: Any
) -> None:
    assert max(ulps(float(y), exact(mpmath.mpf(float(x)))) for x, y in zip(at, over(law, at), strict=True)) < 1.0


@pytest.mark.parametrize(("law", "at"), [(elementary.exp, EXP_EDGES), (elementary.log, LOG_EDGES)])
def test_exp_and_log_never_fall(law: Callable[[float], float], at: Any) -> None:
    """Across every change of formula, and along a hundred thousand floats in a row."""
    for x in (np.sort(at), 1.0 + np.arange(100_000) * 2.0**-52, 0.7 + np.arange(100_000) * 2.0**-53):
        assert (np.diff(over(law, x)) >= 0).all()


@pytest.mark.parametrize(
    ("law", "at"),
    [(elementary.exp, np.concatenate([EXP_AT, EXP_EDGES, -BINADES, [math.nan, math.inf, -math.inf, 0.0, -0.0]])),
     (elementary.log, np.concatenate([LOG_AT, LOG_EDGES, -BINADES, [math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324]]))],
)  # fmt: skip
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
        (elementary.exp, math.nextafter(709.0, math.inf), math.inf),
        (elementary.exp, 1e300, math.inf),
        (elementary.exp, -710.0, 0.0),
        (elementary.exp, math.nextafter(-708.0, -math.inf), 0.0),
        (elementary.exp, -1e300, 0.0),
        (elementary.exp, -0.0, 1.0),
        (elementary.exp, 5e-324, 1.0),
        (elementary.exp, math.nan, math.nan),
        (elementary.log, 1.0, 0.0),
        (elementary.log, 0.0, -math.inf),
        (elementary.log, math.inf, math.inf),
        (elementary.log, -0.0, -math.inf),
        (elementary.log, 5e-324, -math.inf),
        (elementary.log, math.nextafter(SMALLEST_NORMAL, 0.0), -math.inf),
        (elementary.log, -1.0, math.nan),
        (elementary.log, -5e-324, math.nan),
        (elementary.log, -math.inf, math.nan),
        (elementary.log, math.nan, math.nan),
    ],
)
def test_exp_and_log_at_the_ends(law: Callable[[float], float], x: float, y: float) -> None:
    np.testing.assert_equal([law(x), over(law, np.array([x]))[0]], [y, y])


def test_a_power_is_exp_of_the_logarithm() -> None:
    assert elementary.power(3.0, 0.0) == 1.0
    assert elementary.power(0.0, 2.0) == 0.0
    assert elementary.power(0.0, -1.0) == elementary.power(math.inf, 0.5) == math.inf
    assert elementary.power(math.inf, -1.0) == 0.0
    assert math.isnan(elementary.power(-1.0, 2.0))
    assert math.isnan(elementary.power(1.0, math.nan))
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

    assert len(PACKED.findall("".join(loop.inspect_asm().values()))) > 12


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="reads x86 instructions")
@pytest.mark.parametrize("kernel", [draw_uniform, draw_normal])
def test_draws_are_vectorised(kernel: Callable[..., None]) -> None:
    inner = jit.compiled_law(kernel)

    @numba.njit(jit.step_signature(), error_model="numpy")
    def loop(slots: Any, words: Any, index: Any, params: Any, month: int, paths: Any) -> None:
        inner(slots, words, index, params, month, paths)

    assert len(PACKED.findall("".join(loop.inspect_asm().values()))) > 20
