"""Random events of random size (components/flows/arrivals.py); 4 standard errors, a right program fails one look in 16,000."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from simulated import simulate

from simulator.engine.block import deterministic_path
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
HEAD = '[calendar]\nstart = "2026-11"\nmonths = 36\n[opening]\ncash = "900B"\n'
PATHS = 131_072


@pytest.mark.parametrize(("rate", "p10", "p90"), [(0.6, 20.0, 300.0), (12.0, 1.0, 4.0), (40.0, 5.0, 9.0)])
@pytest.mark.parametrize("compensated", [False, True])
def test_events_have_the_mean_the_variance_and_the_quiet_months_of_a_compound_poisson_process(
    scenario: Write, rate: float, p10: float, p90: float, compensated: bool
) -> None:
    """Over m months E = λ m/12 E[S], Var = λ m/12 E[S²], P(no event) = exp(-λ m/12); with ln S normal."""
    text = f'[flows.x]\ntype = "arrivals"\nrate = "{rate} /yr"\ncompensated = {str(compensated).lower()}\n'
    text += f'amount = {{ lognormal = {{ p10 = "{p10}M", p90 = "{p90}M" }} }}\n'
    slots = ("flows.x.paid_out", "flows.x.received", "flows.x.events")
    _, kept = simulate(scenario(HEAD + text), *slots, paths=PATHS)
    centre = (math.log(p10) + math.log(p90)) / 2
    spread = (math.log(p90) - math.log(p10)) / (2 * stats.norm.ppf(0.9))
    first, second, fourth = (math.exp(k * centre + k * k * spread**2 / 2) for k in (1, 2, 4))
    for months in (1, 36):
        paid = (kept["flows.x.paid_out"] - kept["flows.x.received"])[1 : months + 1].sum(axis=0) / 1e6
        expected = rate * months / 12
        mean, variance = (0.0 if compensated else expected * first), expected * second
        assert abs(paid.mean() - mean) < 4 * math.sqrt(variance / PATHS)
        of_variance = math.sqrt((expected * fourth + 2 * variance**2) / PATHS)
        assert abs(paid.var() - variance) < 4 * of_variance
        quiet = np.mean(kept["flows.x.events"][1 : months + 1].sum(axis=0) == 0)
        wanted = math.exp(-expected)
        assert abs(quiet - wanted) <= 4 * math.sqrt(wanted * (1 - wanted) / PATHS) + 1e-12


def test_events_fall_due_as_operating_cost_and_a_negative_one_is_received(scenario: Write) -> None:
    """Two sizes, 30 and -10 $M, with even chances: a month with one event either pays 30 or receives 10, never both."""
    text = '[flows.x]\ntype = "arrivals"\nrate = "3 /yr"\n'
    text += 'amount = { alternatives = [{ value = "30M", weight = 0.5 }, { value = "-10M", weight = 0.5 }] }\n'
    slots = ("flows.x.paid_out", "flows.x.received", "flows.x.events")
    _, kept = simulate(scenario(HEAD + text), *slots, paths=4096)
    one = kept["flows.x.events"] == 1
    paid, received = kept["flows.x.paid_out"][one] / 1e6, kept["flows.x.received"][one] / 1e6
    assert {(float(a), float(b)) for a, b in zip(paid, received, strict=True)} == {(30.0, 0.0), (0.0, 10.0)}
    assert 0.45 < np.mean(paid > 0) < 0.55


def test_events_keep_to_their_months_and_stay_away_from_the_deterministic_path(scenario: Write) -> None:
    text = '[flows.x]\ntype = "arrivals"\nrate = "30 /yr"\namount = "1M"\nstart = "2027-02"\nend = "2027-04"\n'
    text += "compensated = true\n"
    case = scenario(HEAD + text)
    _, kept = simulate(case, "flows.x.events", paths=1024)
    busy = np.flatnonzero(kept["flows.x.events"].sum(axis=1))
    assert busy.tolist() == [4, 5, 6]
    still = deterministic_path(case)
    assert not still["flows.x.paid_out"].any()
    assert not still["flows.x.received"].any()
