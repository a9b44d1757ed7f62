"""What stands in the evidence is what its derivation yields: another method than the engine's, kept in tests/derivations/."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from derivations import abm_fp_burn, core_gbm_revenue_fixed_commitment, estimators, pub_cramer_lundberg, register
from derivations import pub_haug_barrier_hit as haug
from derivations import pub_haug_merton_jump as merton
from derivations.walks import Walk

MODULES = register.modules()
COARSE = {"core_gbm_revenue_fixed_commitment": 3e-5}  # derived here on coarser grids than what stands in the file


@pytest.mark.parametrize("name", MODULES)
def test_the_evidence_is_what_its_derivation_yields(name: str) -> None:
    derived = MODULES[name].document(1.0) if name in COARSE else MODULES[name].document()
    stored = json.loads((register.EVIDENCE / f"{name}.json").read_text(encoding="utf-8"))
    numbers = ("expected", "sd1")
    assert {k: v for k, v in stored.items() if k not in ("checks", "references")} == {
        k: v for k, v in derived.items() if k not in ("checks", "references")
    }
    assert len(stored["checks"]) == len(derived["checks"])
    for kept, new in zip(stored["checks"], derived["checks"], strict=True):
        assert {k: v for k, v in kept.items() if k not in numbers} == {k: v for k, v in new.items() if k not in numbers}
        for key in numbers:
            rounded = 2e-5 if key == "sd1" else 1e-9
            assert kept.get(key, 0.0) == pytest.approx(new.get(key, 0.0), rel=rounded, abs=COARSE.get(name, 1e-12))
    for kept, new in zip(stored.get("references", ()), derived.get("references", ()), strict=True):
        assert kept["value"] == pytest.approx(new["value"], rel=1e-9)


def test_survival_from_nought_without_drift_is_that_of_sparre_andersen() -> None:
    """C(2n, n) / 4^n for any symmetric law: the quadrature knows nothing of it."""
    gone = Walk(0.0, lambda y: y, 1.0, 0.0, 80.0).run(60)
    for n in (1, 2, 12, 60):
        assert 1.0 - gone[n - 1] == pytest.approx(math.comb(2 * n, n) / 4.0**n, rel=1e-9)


def test_a_walk_watched_at_month_ends_defaults_less_than_one_that_is_watched_always() -> None:
    """Inverse Gaussian first passage of Brownian motion, and its correction for discrete watching (Broadie, Glasserman & Kou)."""
    from scipy.special import ndtr

    def passage(distance: float, t: float) -> float:
        a, b = (-distance + t) / (6.0 * math.sqrt(t)), (-distance - t) / (6.0 * math.sqrt(t))
        return float(ndtr(a) + math.exp(2.0 * distance / 36.0) * ndtr(b))

    seen = abm_fp_burn.default_by()
    for t in (24, 60):
        assert seen[t - 1] < passage(60.0, t)
        assert seen[t - 1] == pytest.approx(passage(60.0 + 0.5826 * 6.0, t), rel=0.03)


def test_printed_prices_are_recomputed_to_their_last_digit() -> None:
    for kind, printed in haug.PRINTED.items():
        price = haug.PAYS * haug.DISCOUNT * haug.pays(kind, haug.continuous(kind[3], kind[2]))
        assert price == pytest.approx(printed, abs=6e-5)
    for kind, printed in merton.PRINTED.items():
        assert merton.payoff(*kind)[0] == pytest.approx(printed, abs=0.0101)


def test_ruin_seen_at_month_ends_lies_between_its_bounds() -> None:
    for u, seen in pub_cramer_lundberg.ruin_by_end("a", 300).items():
        always = pub_cramer_lundberg.endless("a", u)
        assert math.exp(-5.0 * pub_cramer_lundberg.H) * always < seen < always
    assert [f"{pub_cramer_lundberg.endless('a', u):.4g}" for u in (1, 5)] == ["0.0812", "2.724e-05"]


def test_the_coarse_recursion_of_two_variables_is_near_the_fine_one() -> None:
    """A sixth as many steps: the error grows as it should, and P(default by 12) stays a probability."""
    rough = core_gbm_revenue_fixed_commitment.default_by(0.7)
    stored = json.loads((register.EVIDENCE / "core_gbm_revenue_fixed_commitment.json").read_text(encoding="utf-8"))
    for check in stored["checks"][1:4]:
        month = int(check["name"].removeprefix("P_default_").removesuffix("m"))
        assert rough[month] == pytest.approx(check["expected"], abs=0.02)


def test_the_spread_of_estimators_is_what_simulation_shows() -> None:
    """Gamma(4) by its cumulants: sd of mean, variance, sd, skewness and kurtosis over 2,000 samples, within 10 %."""
    central = estimators.central_of_cumulants([4.0 * math.factorial(k - 1) for k in range(1, 9)])
    assert estimators.skewness(central) == pytest.approx(1.0)
    assert estimators.kurtosis(central) == pytest.approx(1.5)
    x = np.random.default_rng(7).gamma(4.0, size=(2000, 2000))
    y = x - x.mean(axis=1, keepdims=True)
    m2, m3, m4 = ((y**k).mean(axis=1) for k in (2, 3, 4))
    for got, wanted in (
        (x.mean(axis=1), estimators.sd1_mean(central)),
        (m2, estimators.sd1_variance(central)),
        (np.sqrt(m2), estimators.sd1_sd(central)),
        (m3 / m2**1.5, estimators.sd1_skewness(central)),
        (m4 / m2**2, estimators.sd1_kurtosis(central)),
    ):
        assert got.std() * math.sqrt(2000) == pytest.approx(wanted, rel=0.1)
