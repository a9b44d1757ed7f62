"""Debt that runs on and floats, and what raises cost the owners: ledgers written by hand (in $M; month 0 is the opening) and
closed forms (4 standard errors at a fixed seed; a right program fails one such comparison with probability 6e-5)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from simulated import simulate
from test_clauses import in_millions, near

import simulator
from simulator.engine.block import deterministic_path
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
HEAD = '[calendar]\nstart = "2026-11"\nmonths = 12\n[opening]\ncash = "%s"\n'
LOAN = '[financing.loan]\ntype = "term_debt"\nprincipal = "400M"\nrate = "12 %/yr nominal"\nmaturity = "2027-01"\n'
FLOATING = '[financing.loan]\ntype = "term_debt"\nprincipal = "400M"\nspread = "6 %/yr nominal"\nmaturity = "2027-03"\n'
STEPS = (
    '[rates]\ntype = "path"\n'
    'path = { "2026-10" = "6 %/yr nominal", "2026-12" = "9 %/yr nominal", "2027-01" = "-3 %/yr nominal" }\n'
)
MARKET = '[market]\nregimes = ["open", "shut"]\nmonthly_matrix = [[0.9, 0.1], [0.3, 0.7]]\n'
FLAT = '[revenue]\ntype = "geometric_brownian"\nrun_rate = "1.2B/yr"\n[operations]\nvariable_cost = "100 %"\n'
PATHS = 65_536


def away(found: float, wanted: float, sd: float, n: int = PATHS) -> float:
    """Distance in standard errors of a mean of n."""
    return abs(found - wanted) * math.sqrt(n) / sd


# --- refinancing -----------------------------------------------------------------------------------------------------


def test_a_refinanced_loan_runs_on_at_its_new_price_and_is_refinanced_again(scenario: Write) -> None:
    """400 at 1 % a month to month 3, then at 2 %: interest 4, 4, 4, 8, 8, … and no principal. What is scheduled is repaid in
    month 3: the shadow account pays 404 there and nothing later."""
    sure = scenario(HEAD % "1B" + LOAN + 'refinancing = { success = 1.0, term = "3 mo", rate = "24 %/yr nominal" }\n')
    assert near(in_millions(sure, "cash"), [1000, 996, 992, 988, 980, 972, 964, 956])
    assert near(in_millions(sure, "financing.loan.balance"), [400] * 13)
    assert near(in_millions(sure, "shadow.cash"), [1000, 996, 992, 588, 588, 588])
    run = simulator.run(sure, paths=3)
    assert run.column("loan.refinanced").tolist() == [4] * 3  # months 3, 6, 9 and 12
    assert run.document["funding"]["refinanced"]["mean"]["value"] == 4
    assert run.document["funding"]["refinancing_failed"]["share_of_paths"]["value"] == 0


def test_the_last_part_of_an_amortising_loan_runs_on_as_a_bullet(scenario: Write) -> None:
    """400 in three parts of 133.3: two are paid, the third runs on to month 5
    and is then refinanced again. Without a new price the rate stays 1 % a month: interest 4, 2.667, 1.333, 1.333."""
    text = 'repayment = "amortising"\nrefinancing = { success = 1.0, term = "2 mo" }\n'
    loan = scenario(HEAD % "1B" + LOAN + text)
    assert near(in_millions(loan, "financing.loan.balance"), [400, 800 / 3, 400 / 3, 400 / 3, 400 / 3])
    assert near(in_millions(loan, "financing.loan.interest"), [0, 4, 8 / 3, 4 / 3, 4 / 3, 4 / 3])


def test_a_failed_refinancing_that_can_be_paid_is_a_repayment_and_nothing_else(scenario: Write) -> None:
    failed = 'refinancing = { success = 0.0, term = "3 mo" }\n'
    assert near(in_millions(scenario(HEAD % "1B" + LOAN + failed), "cash"), [1000, 996, 992, 588, 588])
    run = simulator.run(scenario(HEAD % "1B" + LOAN + failed), paths=3)
    assert run.column("end_month").tolist() == [0] * 3
    assert run.column("loan.refinancing_failed").tolist() == [1] * 3


@pytest.mark.parametrize("wages", [0, 50])
def test_a_failed_refinancing_that_cannot_be_paid_is_the_ending_whatever_else_is_unpaid(
    scenario: Write, wages: int
) -> None:
    """Cash 300, interest 4 a month. Month 3: 404 are owed and 292 are there: the same share of both is paid, 400 x (1 -
    292/404) of the principal are arrears. With wages of 50 a month in month 3 (rank 1): 242 are left. Operating dues of 600
    unpaid in the same month do not change the ending."""
    pay = f'[flows.pay]\ntype = "schedule"\nschedule = {{ "2027-01" = "{wages}M/mo" }}\n'
    loan = LOAN + 'cure = "90 days"\nrefinancing = { success = 0.0, term = "3 mo" }\n'
    run = simulator.run(scenario(HEAD % "300M" + loan + pay), paths=3)
    assert run.column("end_month").tolist() == [3] * 3
    assert run.document["causes"]["failed refinancing of loan at maturity"]["count"] == 3
    left = 292 - wages
    assert np.allclose(run.column("loan.repayment.exposure_at_default") / 1e6, 400 * (1 - left / 404))
    worse = simulator.run(scenario(HEAD % "300M" + loan + pay.replace(f'"{wages}M', '"600M')), paths=3)
    assert worse.document["causes"]["failed refinancing of loan at maturity"]["count"] == 3
    assert worse.document["causes"]["operating shortfall"]["count"] == 0


def test_without_a_refinancing_the_ending_names_the_repayment(scenario: Write) -> None:
    causes = simulator.run(scenario(HEAD % "300M" + LOAN), paths=3).document["causes"]
    assert causes["payment default on loan.repayment (debt)"]["count"] == 3
    assert "failed refinancing of loan at maturity" not in causes


@pytest.mark.parametrize("maturity", [6, 24])
@pytest.mark.parametrize(("start", "odds"), [("open", (0.9, 0.2)), ("shut", (0.6, 0.05)), ("open", (0.99, 0.5))])
def test_a_refinancing_succeeds_with_the_probability_of_the_regime_of_its_month(
    scenario: Write, maturity: int, start: str, odds: tuple[float, float]
) -> None:
    """No cash: a loan without interest ends its path at maturity m if it is not refinanced. With s(0) given the regime is open
    in month m with probability 3/4 + (1{open} - 3/4) 0.6^m, so P(default by m) = Σ π(s) (1 - p(s)); by regime the share is
    p(s)."""
    open_, shut = odds
    ordinal = 2026 * 12 + 10 + maturity - 1
    label = f"{ordinal // 12:04d}-{ordinal % 12 + 1:02d}"
    text = (
        HEAD.replace("12", "30") % "0M" + MARKET + f'initial = "{start}"\n[financing.loan]\ntype = "term_debt"\n'
        f'principal = "1B"\nmaturity = "{label}"\n'
        f'refinancing = {{ success = {{ open = {open_}, shut = {shut} }}, term = "24 mo" }}\n'
    )
    columns, kept = simulate(scenario(text), "market.state", "financing.loan.refinanced")
    state, done = kept["market.state"][maturity], kept["financing.loan.refinanced"][maturity] > 0
    for s, p in ((0, open_), (1, shut)):
        there = state == s
        assert away(done[there].mean(), p, math.sqrt(p * (1 - p)), int(there.sum())) < 4
    is_open = 0.75 + ((start == "open") - 0.75) * 0.6**maturity
    pd = is_open * (1 - open_) + (1 - is_open) * (1 - shut)
    ended = columns["end_month"] == maturity
    assert away(ended.mean(), pd, math.sqrt(pd * (1 - pd))) < 4
    assert np.array_equal(ended, ~done)


@pytest.mark.parametrize("months", [24, 60])
@pytest.mark.parametrize("p", [0.5, 0.8, 0.97])
def test_a_loan_is_refinanced_again_and_again_until_it_fails(scenario: Write, months: int, p: float) -> None:
    """Maturities in months 6, 12, …, n of them: P(K >= k) = p^k, so E K = Σ p^k, E K² = Σ (2k - 1) p^k, and the tail is P(K >=
    3)."""
    text = (
        f'[calendar]\nstart = "2026-11"\nmonths = {months}\n[opening]\ncash = "0M"\n[financing.loan]\ntype = "term_debt"\n'
        f'principal = "1B"\nmaturity = "2027-04"\nrefinancing = {{ success = {p}, term = "6 mo" }}\n'
    )
    k = np.arange(1, months // 6 + 1)
    mean = float(np.sum(p**k))
    second = float(np.sum((2 * k - 1) * p**k))
    fourth = float(np.sum((k**4 - (k - 1) ** 4) * p**k))
    found = simulate(scenario(text), paths=PATHS)[0]["loan.refinanced"]
    assert away(found.mean(), mean, math.sqrt(second - mean**2)) < 4
    assert away((found**2).mean(), second, math.sqrt(fourth - second**2)) < 4
    assert away((found >= 3).mean(), p**3, math.sqrt(p**3 * (1 - p**3))) < 4


def test_the_price_of_a_refinancing_is_that_of_its_regime(scenario: Write) -> None:
    """From month 4 on interest is 2 % in an open and 3 % in a shut month 3: 8 or 12 on 400."""
    text = (
        MARKET + LOAN + 'refinancing = { success = 1.0, term = "24 mo", rate = { open = "2 %/mo", shut = "3 %/mo" } }\n'
    )
    _, kept = simulate(scenario(HEAD % "1B" + text), "market.state", "financing.loan.interest", paths=4096)
    dear = kept["market.state"][3] == 1
    assert 0.1 < dear.mean() < 0.5
    assert np.allclose(kept["financing.loan.interest"][3] / 1e6, 4)
    for month in (4, 9):
        assert np.allclose(kept["financing.loan.interest"][month] / 1e6, np.where(dear, 12, 8))


def test_scheduled_service_stays_in_the_shadow_account_past_a_default(scenario: Write) -> None:
    """Wages of 700 in month 2 end the path (cash 500, less 4 of interest). In the shadow account 4 of interest, then 704, then
    404."""
    pay = '[flows.pay]\ntype = "schedule"\nschedule = { "2026-12" = "700M/mo" }\n'
    for more in ("", 'refinancing = { success = 1.0, term = "3 mo" }\n'):
        path = scenario(HEAD % "500M" + LOAN + more + pay)
        assert near(in_millions(path, "shadow.cash"), [500, 496, -208, -612, -612, -612])
        assert simulator.run(path, paths=2).column("end_month").tolist() == [2, 2]
    later = scenario(HEAD % "500M" + LOAN.replace("2027-01", "2027-04") + 'drawn = "2027-01"\n' + pay)
    assert near(in_millions(later, "shadow.cash"), [500, 500, -200, 200, 196, 192, -212, -212])
    assert near(in_millions(later, "financing.loan.balance"), [0] * 13)


# --- renewal of a line -----------------------------------------------------------------------------------------------

LINE = '[financing.line]\ntype = "revolver"\nlimit = "100M"\nrate = "1 %/mo"\ncommitment_fee = "0.5 %/mo"\nmaturity = "2027-01"\n'
COST = '[flows.cost]\namount = "20M/mo"\n'


def test_a_renewed_line_goes_on_lending_at_its_new_price(scenario: Write) -> None:
    """Cost 20 a month, no cash; 1 % on what is drawn and 0.5 % on the rest, from month 4 on 2 %. Month 1 draws 20.5; month 2:
    20 + 0.205 + 0.3975; month 3 (maturity, renewed) and 4 go on."""
    drawn, wanted = 0.0, [0.0]
    for month in range(1, 5):
        drawn += 20 + drawn * (0.01 if month <= 3 else 0.02) + (100 - drawn) * 0.005
        wanted.append(drawn)
    renewed = scenario(HEAD % "0M" + LINE + 'renewal = { success = 1.0, term = "6 mo", rate = "2 %/mo" }\n' + COST)
    assert near(in_millions(renewed, "financing.line.drawn"), wanted)
    assert math.isclose(wanted[2], 20.5 + 20.6025)


def test_a_line_that_is_not_renewed_falls_due_and_lends_no_more(scenario: Write) -> None:
    """Drawn 50 at 1 %, 50 undrawn at 0.5 %: 0.75 a month. What cash there is stays, and the line stays drawn,
    because target cash says so. In month 3 the 50 fall due: cash 500 pays them; cash 40 does not, and that is the ending."""
    text = LINE + 'drawn = "50M"\nrenewal = { success = 0.0, term = "6 mo" }\n[treasury]\ntarget_cash = "1B"\n'
    rich = scenario(HEAD % "500M" + text)
    assert near(in_millions(rich, "cash"), [500, 499.25, 498.5, 447.75, 447.75])
    assert near(in_millions(rich, "financing.line.drawn"), [50, 50, 50, 0, 0])
    assert near(in_millions(rich, "liquidity"), [550, 549.25, 548.5, 447.75])
    poor = simulator.run(scenario(HEAD % "40M" + text), paths=3)
    assert poor.column("end_month").tolist() == [3] * 3
    assert poor.document["causes"]["failed refinancing of line at maturity"]["count"] == 3
    # 50.75 are owed, 38.5 are there
    assert np.allclose(poor.column("line.repayment.exposure_at_default") / 1e6, 50 * (1 - 38.5 / 50.75))


def test_a_stopped_line_that_is_renewed_stays_stopped(scenario: Write) -> None:
    """With a floor of 75 the breach at the close of month 2 stops draws from month 3 on, renewed or not."""
    text = (
        LINE
        + 'renewal = { success = 1.0, term = "6 mo" }\n'
        + COST
        + '[default]\nfloor = "75M"\nfloor_cure = "360 days"\n'
    )
    permit = deterministic_path(scenario(HEAD % "0M" + text))["financing.line.permit"]
    assert permit[:5].tolist() == [1, 1, 1, 0, 0]  # 79.5 after month 1, below 75 after month 2


# --- floating rates --------------------------------------------------------------------------------------------------


def test_floating_interest_is_reckoned_with_the_rate_of_the_month_before(scenario: Write) -> None:
    """Reference 6 % at the opening and in month 1, 9 % in month 2, -3 % from month 3; spread 6 %. Interest on 400: 12 % / 12 =
    4, 4, then 5 (15 %), then 1 (3 %) to maturity in month 5. Counted as at least 0 %: 2."""
    assert near(in_millions(scenario(HEAD % "1B" + STEPS + FLOATING), "financing.loan.interest"), [0, 4, 4, 5, 1, 1, 0])
    floor = scenario(HEAD % "1B" + STEPS + FLOATING + 'reference_floor = "0 %/yr nominal"\n')
    assert near(in_millions(floor, "financing.loan.interest"), [0, 4, 4, 5, 2, 2, 0])
    assert near(in_millions(floor, "shadow.cash"), [1000, 996, 992, 987, 985, 583])
    none = scenario(HEAD % "1B" + STEPS.replace("-3 %", "-9 %") + FLOATING)
    assert near(in_millions(none, "financing.loan.interest"), [0, 4, 4, 5, 0, 0, 0])  # nobody is paid for borrowing
    shifted = scenario(HEAD % "1B" + STEPS + 'shift = "3 %/yr nominal"\n' + FLOATING)
    assert near(in_millions(shifted, "financing.loan.interest"), [0, 5, 5, 6, 2, 2, 0])


def test_a_line_floats_and_a_fixed_loan_may_float_once_refinanced(scenario: Write) -> None:
    """Line: 50 drawn at 6 % + 6 % = 1 % a month: 0.5, 0.5, then 15 % / 12: 0.625. Loan: 4 a month to month 3, then 6 % - 3 % on
    400: 1."""
    line = '[financing.line]\ntype = "revolver"\nlimit = "50M"\ndrawn = "50M"\nspread = "6 %/yr nominal"\n'
    text = HEAD % "1B" + STEPS + line + '[treasury]\ntarget_cash = "10B"\n'
    assert near(in_millions(scenario(text), "financing.line.interest"), [0, 0.5, 0.5, 0.625, 0.125])
    loan = LOAN + 'refinancing = { success = 1.0, term = "24 mo", spread = "6 %/yr nominal" }\n'
    assert near(in_millions(scenario(HEAD % "1B" + STEPS + loan), "financing.loan.interest"), [0, 4, 4, 4, 1, 1])
    fixed = (
        FLOATING.replace("2027-03", "2027-01")
        + 'refinancing = { success = 1.0, term = "24 mo", rate = "24 %/yr nominal" }\n'
    )
    assert near(in_millions(scenario(HEAD % "1B" + STEPS + fixed), "financing.loan.interest"), [0, 4, 4, 5, 8, 8])


@pytest.mark.parametrize(
    ("now", "level", "sigma", "kappa"), [(4.3, 3.5, 1.1, 0.25), (2.0, 5.0, 0.8, 1.5), (5.0, 4.0, 2.0, 0.02)]
)
def test_the_reference_rate_has_its_mean_its_variance_and_its_tail(
    scenario: Write, now: float, level: float, sigma: float, kappa: float
) -> None:
    """E r = θ + φ^m (r0 - θ), Var r = σ² (1 - φ^(2m)) / 2κ in points, normal; months 12 and 48. Interest of month 13 on 1,200
    at a spread of 20 % is r(12) + 20 to the cent (so high that no path gets to 0)."""
    text = (
        '[calendar]\nstart = "2026-11"\nmonths = 48\n[opening]\ncash = "100B"\n[rates]\ntype = "vasicek"\n'
        f'now = "{now} %/yr nominal"\nlevel = "{level} %/yr nominal"\nvolatility = "{sigma} %/yr"\nreversion = "{kappa} /yr"\n'
        '[financing.loan]\ntype = "term_debt"\nprincipal = "1200M"\nspread = "20 %/yr nominal"\nmaturity = "2030-12"\n'
    )
    _, kept = simulate(scenario(text), "rates.reference", "financing.loan.interest")
    for m in (12, 48):
        rate = 100 * kept["rates.reference"][m]
        mean = level + math.exp(-kappa * m / 12) * (now - level)
        variance = sigma**2 * -math.expm1(-2 * kappa * m / 12) / (2 * kappa)
        assert away(rate.mean(), mean, math.sqrt(variance)) < 4
        assert abs(rate.var() / variance - 1) < 4 * math.sqrt(2 / PATHS)
        tail = 0.5 * math.erfc(2 / math.sqrt(2))
        assert away(np.mean(rate > mean + 2 * math.sqrt(variance)), tail, math.sqrt(tail * (1 - tail))) < 4
    np.testing.assert_allclose(
        kept["financing.loan.interest"][13] / 1e6, 100 * kept["rates.reference"][12] + 20, rtol=1e-12
    )
    still = deterministic_path(scenario(text))["rates.reference"]
    assert math.isclose(100 * still[12], level + math.exp(-kappa) * (now - level))


# --- valuation -------------------------------------------------------------------------------------------------------

SOUGHT = (
    '[financing.rounds]\ntype = "priced_round"\nsize = "30M"\nmultiple = 0.1\n'
    'sought = { liquidity_below = "75M", pause = "3 mo" }\n'
)
ROUNDS = '[financing.rounds]\ntype = "priced_round"\nevery = "2 mo"\nsize = "1M"\n'
IPO = '[financing.ipo]\ntype = "offering"\nproceeds = "60M"\nfirst = "2026-11"\nlast = "2027-02"\n'
SPENT = '[flows.cost]\namount = "10M/mo"\n'


def test_rounds_dilute_by_their_share_of_the_company_after_the_money(scenario: Write) -> None:
    """Cash 100 less 10 a month: a round of 30 in months 4, 7 and 10. Worth 0.1 x 1,200 = 120 before the money: each takes 30 /
    150 = 20 %; the owners keep 0.8, 0.64, 0.512. 120 is below the 150 after each round before: two down rounds; three if the
    opening was worth 121."""
    text = HEAD % "100M" + FLAT + SPENT + SOUGHT
    dilution = deterministic_path(scenario(text))["funding.dilution"]
    np.testing.assert_allclose(dilution[[3, 4, 6, 7, 10, 12]], [0, 0.2, 0.2, 0.36, 0.488, 0.488], rtol=1e-12)
    run = simulator.run(scenario(text), paths=3)
    np.testing.assert_allclose(run.column("dilution"), 0.488, rtol=1e-12)
    assert run.column("rounds.down_rounds").tolist() == [2] * 3
    funding = run.document["funding"]
    assert math.isclose(funding["dilution"]["p50"], 0.488)
    assert (funding["rounds"]["mean"]["value"], funding["down_rounds"]["mean"]["value"]) == (3, 2)
    for valuation, down in ((119, 2), (120, 2), (121, 3)):
        known = text.replace('cash = "100M"', f'cash = "100M"\nvaluation = "{valuation}M"')
        assert simulator.run(scenario(known), paths=2).column("rounds.down_rounds").tolist() == [down] * 2


def test_a_growing_company_is_diluted_less_and_shares_are_issued_with_the_money(scenario: Write) -> None:
    """Run-rate 1,200 e^(0.1 m), multiple 0.1, money two months after its chance in months 4, 7, 10: worth 179.0, 241.7, 326.2
    before, 209.0, 271.7 after: no down round; the owners keep 179.0 / 209.0 = 0.8565 from month 6, x 241.7 / 271.7 = 0.7619
    from month 9."""
    grown = FLAT.replace('run_rate = "1.2B/yr"', 'run_rate = "1.2B/yr"\ngrowth = "1.2 log/yr"')
    path = scenario(HEAD % "100M" + grown + SPENT + SOUGHT + 'lag = "2 mo"\n')
    dilution = deterministic_path(path)["funding.dilution"]
    pre = [120 * math.exp(0.1 * m) for m in (4, 7)]
    assert [round(x, 1) for x in pre] == [179.0, 241.7]
    np.testing.assert_allclose(
        dilution[[5, 6, 8]], [0, 1 - pre[0] / (pre[0] + 30), 1 - pre[0] / (pre[0] + 30)], rtol=1e-9
    )
    np.testing.assert_allclose(1 - dilution[9], pre[0] / (pre[0] + 30) * pre[1] / (pre[1] + 30), rtol=1e-9)
    assert simulator.run(path, paths=2).column("rounds.down_rounds").tolist() == [0, 0]


def test_an_offering_dilutes_like_a_round_and_is_compared_with_it(scenario: Write) -> None:
    """Rounds as above in months 4 and 7 (after the money 150). An offering of 60 in month 6 at 240 before: 20 %, up; the round
    of month 7 at 120 is down from 300. At a multiple of 0.1 (120 before) the offering takes a third and is down from 150."""
    window = '[financing.ipo]\ntype = "offering"\nproceeds = "60M"\nfirst = "2027-04"\nlast = "2027-04"\n'
    path = scenario(HEAD % "100M" + FLAT + SPENT + SOUGHT + window + 'valuation = "240M"\n')
    dilution = deterministic_path(path)["funding.dilution"]
    np.testing.assert_allclose(dilution[[4, 6]], [0.2, 1 - 0.8 * 0.8], rtol=1e-12)
    run = simulator.run(path, paths=2)
    assert run.column("ipo.down_rounds").tolist() == [0, 0]
    low = scenario(HEAD % "100M" + FLAT + SPENT + SOUGHT + window + "multiple = 0.1\n")
    assert simulator.run(low, paths=2).column("ipo.down_rounds").tolist() == [1, 1]
    np.testing.assert_allclose(deterministic_path(low)["funding.dilution"][6], 1 - 0.8 * 120 / 180, rtol=1e-12)


@pytest.mark.parametrize("months", [12, 60])
@pytest.mark.parametrize(("every", "p", "multiple"), [(3, 0.7, 5.0), (1, 0.3, 2.0), (8, 1.0, 0.5)])
def test_dilution_compounds_over_a_poisson_number_of_rounds(
    scenario: Write, months: int, every: int, p: float, multiple: float
) -> None:
    """Each of N ~ Poisson(λ), λ = t p / T, takes d = 300 / (300 + 1,200 x multiple): the kept share K = (1-d)^N has E K^j =
    exp(-λ (1 - (1-d)^j)). Tail: P(N >= 1 + ⌈λ⌉). Above an opening worth more than any round all rounds are down."""
    text = (
        f'[calendar]\nstart = "2026-11"\nmonths = {months}\n[opening]\ncash = "1B"\nvaluation = "100B"\n{FLAT}'
        f'[financing.rounds]\ntype = "priced_round"\nevery = "{every} mo"\nsize = "300M"\nsuccess = {p}\nmultiple = {multiple}\n'
    )
    columns, _ = simulate(scenario(text))
    d, rate = 300 / (300 + 1200 * multiple), months * p / every
    kept = 1 - columns["dilution"]
    moments = [math.exp(-rate * (1 - (1 - d) ** j)) for j in range(5)]
    assert away(kept.mean(), moments[1], math.sqrt(moments[2] - moments[1] ** 2)) < 4
    assert away((kept**2).mean(), moments[2], math.sqrt(moments[4] - moments[2] ** 2)) < 4
    n = 1 + math.ceil(rate)
    tail = 1 - sum(math.exp(-rate) * rate**k / math.factorial(k) for k in range(n))
    assert away(np.mean(kept < (1 - d) ** (n - 0.5)), tail, math.sqrt(tail * (1 - tail))) < 4
    assert np.array_equal(columns["rounds.down_rounds"], columns["rounds.rounds"])


def test_several_rounds_of_a_month_are_not_down_rounds_of_each_other(scenario: Write) -> None:
    text = (
        '[calendar]\nstart = "2026-11"\nmonths = 1\n[opening]\ncash = "1B"\n' + FLAT + "[financing.rounds]\n"
        'type = "priced_round"\nevery = "1 mo"\nsize = "300M"\nmultiple = 2\n'
    )
    columns, _ = simulate(scenario(text), paths=4096)
    assert columns["rounds.rounds"].max() > 2
    assert not columns["rounds.down_rounds"].any()


# --- success and size ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grows", "b", "wanted"),
    [
        ("1.2", 1.0, {3: 0.5 * 1.15, 12: 0.8, 24: 0.8}),
        ("1.2", 3.0, {3: 0.5 * 1.45, 12: 1.0}),  # 0.5 x 2.8, no more than 1
        ("-1.2", 1.0, {3: 0.5 * 0.55, 12: 0.0}),  # 1 - 1.8, no less than 0
    ],
)
def test_success_rises_with_growth_beyond_what_was_expected(
    scenario: Write, grows: str, b: float, wanted: dict[int, float]
) -> None:
    """p = 0.5, expected 0.6 a year. Growth of 1.2: after 12 months 0.6 above; after 3 the months before the opening count as
    expected, so 0.3 - 0.15 = 0.15 above. At -1.2: 1.8 below, after 3 months 0.45 below."""
    revenue = f'[revenue]\ntype = "geometric_brownian"\nrun_rate = "1.2B/yr"\ngrowth = "{grows} log/yr"\n'
    rounds = '[financing.rounds]\ntype = "priced_round"\nevery = "1 mo"\nsize = "1M"\nsuccess = 0.5\n'
    growth = f'growth = {{ sensitivity = {b}, expected = "0.6 log/yr" }}\n'
    case = scenario('[calendar]\nstart = "2026-11"\nmonths = 24\n[opening]\ncash = "1B"\n' + revenue + rounds + growth)
    odds = deterministic_path(case)["financing.rounds.odds"]
    np.testing.assert_allclose([odds[m] for m in wanted], list(wanted.values()), rtol=1e-9, atol=1e-12)
    _, kept = simulate(case, "financing.rounds.succeeded", "financing.rounds.failed")
    for month, p in wanted.items():  # a thinned Poisson number
        done = kept["financing.rounds.succeeded"][month]
        assert away(done.mean(), p, math.sqrt(p) + 1e-12) < 4


def test_sizes_by_regime_follow_the_law_of_the_month(scenario: Write) -> None:
    """Open: lognormal with median 20 and P90 40; shut: uniform on [1, 3]. Both draw with one normal score: in a month with one
    chance ln(size / 20) / s and Φ⁻¹((size - 1) / 2) are the score, also for further chances of a month."""
    sizes = '{ open = { lognormal = { p10 = "10M", p90 = "40M" } }, shut = { uniform = { low = "1M", high = "3M" } } }'
    text = MARKET + f'[financing.rounds]\ntype = "priced_round"\nevery = "2 mo"\nsize = {sizes}\n'
    slots = ("market.state", "financing.rounds.closed", "financing.rounds.succeeded")
    _, kept = simulate(scenario(HEAD % "1B" + text), *slots)
    state, won, count = (kept[s][1:] for s in slots)
    s = math.log(2) / 1.2815515655446004
    for rounds in (1, 2):
        size = won[(count == rounds) & (state == 0)] / 1e6
        mean = rounds * 20 * math.exp(s * s / 2)
        assert (
            away(
                size.mean(),
                mean,
                math.sqrt(rounds) * 20 * math.exp(s * s / 2) * math.sqrt(math.expm1(s * s)),
                size.size,
            )
            < 4
        )
        small = won[(count == rounds) & (state == 1)] / 1e6
        assert away(small.mean(), 2 * rounds, math.sqrt(rounds / 3), small.size) < 4
        assert small.min() >= rounds
        assert small.max() <= 3 * rounds
    one = np.log(won[(count == 1) & (state == 0)] / 20e6) / s
    assert away(np.mean(one > 1), 0.15865525393145707, 0.3654, one.size) < 4


def test_an_offering_waits_while_no_round_could_succeed(scenario: Write) -> None:
    """Without `shut` of its own it is shut where rounds have success 0: the same paths as with `shut = "shut"`; it does not
    wait if rounds may succeed there."""
    rounds = ROUNDS + "success = { open = 0.5, shut = %s }\n"
    market = MARKET + 'initial = "shut"\n'

    def received(text: str) -> np.ndarray:
        return np.asarray(simulate(scenario(HEAD % "1B" + market + text), "financing.ipo.received", paths=2048)[1][
            "financing.ipo.received"
        ])  # fmt: skip

    implied = received(rounds % "0.0" + IPO)
    assert np.array_equal(implied, received(IPO + rounds % "0.0"))
    assert np.array_equal(implied, received(rounds % "0.0" + IPO + 'shut = "shut"\n'))
    assert not np.array_equal(implied, received(rounds % "0.1" + IPO))
    assert (received(rounds % "0.1" + IPO).sum(axis=0) > 0).all()
    assert 0.5 < (implied.sum(axis=0) > 0).mean() < 0.95


def test_an_uncertain_success_is_no_table_of_regimes(scenario: Write) -> None:
    text = ROUNDS + "success = { p10 = 0.2, p50 = 0.5, p90 = 0.8 }\n"
    run = simulator.run(scenario(HEAD % "1B" + text), paths=4000)
    drawn, done, failed = (
        run.column(c) for c in ("input.financing.rounds.success", "rounds.rounds", "rounds.rounds_failed")
    )
    assert abs(np.corrcoef(drawn, (done + 1) / (done + failed + 2))[0, 1]) > 0.5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FLOATING, "there is no \\[rates\\]"),
        (STEPS + LOAN + 'spread = "1 %/yr nominal"\n', "fixed \\(`rate`\\) or floats"),
        (LOAN + 'reference_floor = "0 %/yr nominal"\n', "a fixed rate has no reference rate"),
        (LOAN + 'refinancing = { success = { open = 0.5 }, term = "3 mo" }\n', "`open` is no regime"),
        (
            MARKET + LOAN + 'refinancing = { success = { open = 0.5 }, term = "3 mo" }\n',
            "no `success` for regime `shut`",
        ),
        (
            LOAN + 'refinancing = { success = 0.5, term = "3 mo", spread = "1 %/yr nominal" }\n',
            "there is no \\[rates\\]",
        ),
        (
            LINE.replace('maturity = "2027-01"\n', "") + 'renewal = { success = 0.5, term = "3 mo" }\n',
            "needs no renewal",
        ),
        (SOUGHT, "there is no \\[revenue\\] to value the company by"),
        (FLAT + SOUGHT.replace("0.1", "{ open = 1.0 }"), "`open` is no regime"),
        (
            ROUNDS + 'growth = { sensitivity = 1.0, expected = "0 log/yr" }\n',
            "there is no \\[revenue\\] whose growth",
        ),
        (
            MARKET + '[financing.r]\ntype = "priced_round"\nevery = "2 mo"\nsize = { open = "1M" }\n',
            "no `size` for regime `shut`",
        ),
        (
            FLAT + IPO + 'valuation = "1B"\nmultiple = 2\n',
            "an amount or a multiple, not both",
        ),
    ],
)
def test_financing_that_cannot_be_meant_is_refused(scenario: Write, text: str, words: str) -> None:
    with pytest.raises(simulator.ScenarioError, match=words):
        scenario(HEAD % "1B" + text)
