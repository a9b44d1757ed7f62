"""Cramér-Lundberg ruin, seen at month-ends up to month 120, with a month a tenth of the unit of time.

Survival obeys φ(t; u) = e^(-λh) φ(t-1; u + h) + ∫ f(s) φ(t-1; u + h - s) ds over the claims s of a month up to u + h, h the
premium of a month. With exponential claims of rate β the claims of a month have the density e^(-λh - βs) sqrt(λhβ/s) I1(2
sqrt(λhβs)) besides the atom of no claim; two kinds are convolved. φ is a cubic spline in u on a grid that reaches beyond
what claims can take.

The printed values are for ruin at any claim and without end. Seen at month-ends it is rarer: of exponential claims the
deficit at ruin is exponential with rate β, and survives the premium of at most a month with a probability of at least
e^(-βh), so that e^(-βh) ψ(u) <= P(ruin seen, without end) <= ψ(u).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import i1e

from derivations.document import probability
from derivations.walks import Array, between, panels

H, RATE, MONTHS = 0.1, 3.0, 120
CASH = 1000.0
PRINTED = (0.6, 0.0812, 0.01099, 0.001487, 0.0002013, 2.724e-05, 3.687e-06, 4.989e-07, 6.752e-08, 9.138e-09, 1.237e-09)
SEEN = {"a": (0, 1, 2, 3, 4, 5), "b": (0, 1, 2, 4)}
CLAIMS = {
    "a": ((RATE, 5.0),),
    "b": ((RATE / 2.0, 3.0), (RATE / 2.0, 7.0)),
}  # (claims a unit of time, rate of their size)


def endless(kind: str, u: float) -> float:
    return 0.6 * math.exp(-2.0 * u) if kind == "a" else (24.0 * math.exp(-u) + math.exp(-6.0 * u)) / 35.0


def _of_one(s: Array, rate: float, beta: float) -> Array:
    n = rate * H
    x = 2.0 * np.sqrt(n * beta * s)
    return np.exp(-n - beta * s + x) * np.sqrt(n * beta / s) * i1e(x)


def density(kind: str, s: Array) -> Array:
    """Of the claims of a month, without the atom at 0."""
    claims = CLAIMS[kind]
    if len(claims) == 1:
        return _of_one(s, *claims[0])
    x, w = np.polynomial.legendre.leggauss(40)
    part = s[:, None] * 0.5 * (1.0 + x)
    both = (_of_one(part, *claims[0]) * _of_one(s[:, None] - part, *claims[1])) @ w * s * 0.5
    return (
        both
        + math.exp(-claims[1][0] * H) * _of_one(s, *claims[0])
        + math.exp(-claims[0][0] * H) * _of_one(s, *claims[1])
    )


def ruin_by_end(kind: str, nodes: int = 500) -> dict[int, float]:
    """By opening surplus."""
    u = 24.0 * np.linspace(0.0, 1.0, nodes) ** 2
    far, w_far = panels(between(0.0, 12.0, 0.5).tolist())
    x, w = np.polynomial.legendre.leggauss(24)
    top = np.minimum(u + H, 12.0)
    claims = top[:, None] * (0.5 * (1.0 + x)) ** 2  # denser near 0
    weights = top[:, None] * 0.5 * (1.0 + x) * w * density(kind, claims.ravel()).reshape(claims.shape)
    none = math.exp(-RATE * H)
    total = none + float(w_far @ density(kind, far))
    if abs(total - 1.0) > 1e-9:
        raise AssertionError(f"the claims of a month have a total probability of {total}")
    alive = np.ones(u.size)
    for _ in range(MONTHS):
        spline = CubicSpline(u, alive)
        left = np.maximum(u[:, None] + H - claims, 0.0)
        alive = none * spline(np.minimum(u + H, u[-1])) + (weights * spline(np.minimum(left, u[-1]))).sum(axis=1)
    return {k: float(1.0 - CubicSpline(u, alive)(k)) for k in SEEN[kind]}


def document() -> dict[str, Any]:
    mixture = ["flows.claims.rate=0.15 /mo", "flows.claims.amount={ exponential = { mean = '0.3333333333333333M' } }"]
    sets = {"a: exponential claims": [], "b: mixed claims": [*mixture, "flows.other_claims.rate=0.15 /mo"]}
    checks, references = [], []
    for (named, _), kind in zip(sets.items(), CLAIMS, strict=True):
        found = ruin_by_end(kind)
        for u in SEEN[kind]:
            measure = f"share(first('cash', '<', {(CASH - u) * 1e6:.0f}) <= {MONTHS})"
            rare = {"full": True} if found[u] < 1e-4 else {}
            checks.append(probability(f"ruin_by_12_from_u{u}", measure, found[u], set=named, **rare))
            if kind == "a":
                settings = [*sets[named], f"opening.cash={u}M"]
                if u == 1:
                    checks.append(
                        probability(
                            "default_by_12_from_u1", f"share(default_by({MONTHS}))", found[u], settings=settings
                        )
                    )
                continue
            why = f"ruin at any claim, without end (Gerber 1979); seen at month-ends up to 12 units {found[u]:.6g}"
            references.append({"name": f"b_psi_u{u}", "value": endless("b", u), "why": why})
        if kind == "a":
            for u, printed in enumerate(PRINTED):
                seen = f"; seen at month-ends up to 12 units {found[u]:.6g}" if u in found else ""
                why = f"ruin at any claim, without end (R package actuar); 0.6 exp(-2u) is {endless('a', u):.8g}{seen}"
                references.append({"name": f"a_printed_u{u}", "value": printed, "why": why})
    return {
        "title": "Cramér-Lundberg: ruin of an insurer within 12 units of time, seen at the tenths of it",
        "source": "printed: Gerber (1979) and the R package actuar; month-end values derived in "
        "tests/derivations/pub_cramer_lundberg.py by recursion on the survival probability",
        "timing": "a month is 0.1 units: claims 0.3, premium 0.1; ruin from u is the first month-end with more than u lost",
        "sets": sets,
        "checks": checks,
        "references": references,
    }
