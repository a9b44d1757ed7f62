"""Kou's call by Fourier inversion: P(ln S > k) under the pricing measure and under the share's own, from the characteristic
function (Gil-Pelaez); the second moment of the payoff under a third, with exp(2X).
"""

from __future__ import annotations

import cmath
import math
from typing import Any

from scipy.integrate import quad

from derivations.document import number

SPOT, STRIKE, RATE, YEARS, SIGMA, LAM, UP, ETA1, ETA2 = 100.0, 98.0, 0.05, 0.5, 0.16, 1.0, 0.4, 10.0, 5.0


def exponent(z: complex) -> complex:
    """ln E[exp(z X(1))] without drift."""
    jump = UP * ETA1 / (ETA1 - z) + (1.0 - UP) * ETA2 / (ETA2 + z)
    return 0.5 * SIGMA**2 * z * z + LAM * (jump - 1.0)


DRIFT = RATE - exponent(1.0).real


def moment(z: complex) -> complex:
    """E[exp(z X(T))], X = ln S(T)/S(0)."""
    return cmath.exp(YEARS * (DRIFT * z + exponent(z)))


def above(k: float, tilt: float) -> float:
    """P(X > k) under the measure with density exp(tilt X) / E[exp(tilt X)]."""
    norm = moment(tilt)

    def integrand(u: float) -> float:
        return (cmath.exp(-1j * u * k) * moment(tilt + 1j * u) / norm / (1j * u)).real

    value, _ = quad(integrand, 1e-12, 120.0, epsabs=1e-12, epsrel=1e-12, limit=2000)
    return 0.5 + float(value) / math.pi


def document() -> dict[str, Any]:
    k = math.log(STRIKE / SPOT)
    tail = [SPOT**j * moment(float(j)).real * above(k, float(j)) for j in range(3)]
    first = tail[1] - STRIKE * tail[0]
    second = tail[2] - 2.0 * STRIKE * tail[1] + STRIKE**2 * tail[0]
    discount = math.exp(-RATE * YEARS)
    measure = f"exp(-{RATE:g} * {YEARS:g}) * mean(max(slot('revenue.run_rate', 6) - {STRIKE:g}, 0))"
    printed = {
        "name": "call_printed",
        "value": 9.14732,
        "why": f"printed to 6 digits; recomputed {discount * first:.9f}",
    }
    return {
        "title": "A call under Kou's double-exponential jump diffusion",
        "source": "Kou (2002), Management Science 48(8), p. 1095; recomputed in tests/derivations/pub_kou2002_call.py",
        "timing": "terminal value; price = discounted mean payoff",
        "checks": [number("call", measure, discount * first, discount * math.sqrt(second - first**2))],
        "references": [printed],
    }
