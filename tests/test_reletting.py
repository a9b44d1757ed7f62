"""What letting the capacity again saves a supplier after a default, against claims worked out by hand (in $M)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import norm

import simulator
from simulator.scenario.diagnostics import ScenarioError
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
HEAD = '[calendar]\nstart = "2026-11"\nmonths = 12\n[opening]\ncash = "0M"\n'
CONTRACT = '[contracts.gpu]\nfee = "100M/mo"\nstart = "2026-10"\nend = "2027-06"\n'  # to month 8


def price(now: float) -> str:
    return f'[price]\ntype = "forward_curve"\n[price.curve]\nnow = {now}\n'


def relet(vacancy: str) -> str:
    return f'[contracts.gpu.reletting]\nvacancy = "{vacancy}"\n'


def exposure(scenario: Scenario) -> float:
    run = simulator.run(scenario, paths=3)
    assert run.column("end_month").tolist() == [1] * 3
    found = run.column("gpu.exposure_at_default") / 1e6
    assert np.all(found == found[0])
    return float(found[0])


@pytest.mark.parametrize(
    ("index", "vacancy", "owed"),
    [
        (1.0, "20 %", 240),
        (1.0, "0 %", 100),
        (1.0, "100 %", 800),
        (0.5, "0 %", 450),
        (0.5, "40 %", 590),
        (2.0, "60 %", 240),
    ],
)
def test_each_firm_month_counts_what_the_market_does_not_pay(
    scenario: Write, index: float, vacancy: str, owed: float
) -> None:
    """No cash: 100 unpaid in month 1, months 2 … 8 firm. At I = 1 and 20 % vacant each counts 100 - 80 = 20: 100 + 7 x 20
    = 240. At I = 0.5 and 40 %: 100 - 30 = 70: 590. At I = 2 and 60 %: 100 - 80 = 20. Where the market pays all of the fee
    the arrears are left."""
    assert exposure(scenario(HEAD + price(index) + CONTRACT + relet(vacancy))) == pytest.approx(owed)


def test_a_month_in_which_the_market_pays_more_does_not_make_up_for_another(scenario: Write) -> None:
    """Capacity worth 90 at 20 % vacant brings 72. Months 2 … 4 cost 100 and count 28 each, months 5 … 8 cost 60 and count
    nothing: 100 + 84 = 184; netted it would have been 100 + 84 - 48."""
    text = CONTRACT + 'capacity_value = "90M/mo"\nsteps = { "2027-03" = "60M/mo" }\n'
    assert exposure(scenario(HEAD + price(1.0) + text + relet("20 %"))) == pytest.approx(184)


def test_only_firm_months_count_and_the_fee_of_leaving_in_full(scenario: Write) -> None:
    """Notice of 30 days and a fee of 50: firm is month 2 and the fee: 100 + 20 + 50 = 170. Of a credit of 160 in 8 parts
    140 is unused, and more than what is left."""
    leave = '[contracts.gpu.exit.buyer]\nnotice = "30 days"\nfee = "50M"\n'
    assert exposure(scenario(HEAD + price(1.0) + CONTRACT + leave + relet("20 %"))) == pytest.approx(170)
    credit = '[contracts.gpu.prepayment]\nopening_credit = "160M"\n'
    assert exposure(scenario(HEAD + price(1.0) + CONTRACT + credit + relet("20 %"))) == pytest.approx(80)


def test_of_take_or_pay_the_minimum_is_owed_and_let_again(scenario: Write) -> None:
    """Minimum 70 %: due in month 1 are 70; months 2 … 8 count 0.7 x (100 - 80) = 14: 70 + 98 = 168."""
    compute = (
        '[revenue]\ntype = "geometric_brownian"\nrun_rate = "1M/mo"\n[operations]\npartner_share = "100 %"\n'
        '[compute]\nneed = { start = 1, floor = 1, decay = "0 /mo" }\n'
    )
    volume = '[contracts.gpu.take_or_pay]\nminimum = "70 %"\n'
    assert exposure(scenario(HEAD + compute + price(1.0) + CONTRACT + volume + relet("20 %"))) == pytest.approx(168)


def test_instalments_are_not_mitigated(scenario: Write) -> None:
    """Month 1 defers 100 into two instalments of 50. Month 2: 150 unpaid, 50 deferred, six firm months of 20: 320."""
    deal = '[contracts.gpu.renegotiation]\nprobability = "100 %"\ninstalments = 2\n'
    run = simulator.run(scenario(HEAD + price(1.0) + CONTRACT + relet("20 %") + deal), paths=2)
    assert run.column("end_month").tolist() == [2, 2]
    assert np.allclose(run.column("gpu.exposure_at_default") / 1e6, 320)


def test_a_flat_mitigation_and_reletting_exclude_each_other(scenario: Write) -> None:
    with pytest.raises(ScenarioError, match="flat `mitigation`"):
        scenario(HEAD + price(1.0) + CONTRACT + 'mitigation = "50 %"\n' + relet("20 %"))


def test_exposures_fall_with_the_price_of_the_month_of_the_default(scenario: Write) -> None:
    """Exposure at default of each path is a function of the index at its default: 100 + 7 x max(0, 100 - 80 I) in month
    1."""
    moving = price(1.0).replace("[price.curve]", 'volatility = "80 %/yr"\n[price.curve]')
    run = simulator.run(scenario(HEAD.replace("12", "2") + moving + CONTRACT + relet("20 %")), paths=2000)
    found = run.column("gpu.exposure_at_default") / 1e6
    assert found.std() > 10
    # E max(0, 100 - 80 I), I lognormal with mean 1: the formula of Black and Scholes; 4 standard errors, false alarm 6e-5
    s = 0.8 / np.sqrt(12)
    d = (np.log(0.8) + s * s / 2) / s
    put = 100 * norm.cdf(s - d) - 80 * norm.cdf(-d)
    assert abs(found.mean() - 100 - 7 * put) < 4 * found.std() / np.sqrt(found.size)
