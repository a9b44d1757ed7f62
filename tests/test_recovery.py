"""What creditors lose, against claims worked out by hand (in $M)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import simulator
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
HEAD = '[calendar]\nstart = "2026-11"\nmonths = 12\n'
CONTRACT = '[contracts.gpu]\nfee = "100M/mo"\nstart = "2026-10"\nend = "2027-06"\nmitigation = "50 %"\n'  # to month 8
FIXED = "[recovery]\nunsecured = 0.4\nsecured = 0.7\n"
DRAWN = "[recovery]\nunsecured = { beta = { mean = 0.4, sd = 0.2 } }\nsecured = { beta = { mean = 0.7, sd = 0.2 } }\n"


def test_a_contract_loses_what_security_and_recovery_leave(scenario: Write) -> None:
    """No cash: 100 unpaid in month 1, 700 firm at its close. Claim 100 + 700 x 0.5 = 450; less deposit 90 and guarantee 60 is
    300; of that 60 % is lost: 180."""
    text = '[opening]\ncash = "0M"\n' + CONTRACT + '[contracts.gpu.security]\ndeposit = "90M"\nguarantee = "60M"\n'
    run = simulator.run(scenario(HEAD + text + FIXED), paths=4)
    assert run.column("end_month").tolist() == [1] * 4
    assert np.allclose(run.column("gpu.exposure_at_default") / 1e6, 450)
    assert np.allclose(run.column("gpu.loss") / 1e6, 180)
    creditors = run.document["creditors"]["gpu"]
    assert np.isclose(creditors["expected_loss"]["value"], 180e6)


def test_security_that_covers_the_claim_leaves_no_loss_and_no_gain(scenario: Write) -> None:
    text = '[opening]\ncash = "0M"\n' + CONTRACT + '[contracts.gpu.security]\ndeposit = "0M"\nguarantee = "1B"\n'
    assert simulator.run(scenario(HEAD + text + FIXED), paths=2).column("gpu.loss").tolist() == [0.0, 0.0]


def test_a_line_recovers_by_the_secured_law_and_a_contract_by_its_own(scenario: Write) -> None:
    """The line lends its whole limit of 50 in month 1, 50 of the fee stay unpaid: default. Line: 50 x 0.3 = 15. Contract: 50 +
    350 = 400 x (1 - 0.9) = 40."""
    line = '[financing.line]\ntype = "revolver"\nlimit = "50M"\n'
    text = '[opening]\ncash = "0M"\n' + CONTRACT + 'recovery = "90 %"\n' + line + FIXED
    run = simulator.run(scenario(HEAD + text), paths=2)
    assert np.allclose(run.column("line.loss") / 1e6, 15)
    assert np.allclose(run.column("gpu.loss") / 1e6, 40)


def test_all_recoveries_of_a_path_come_from_one_uniform(scenario: Write) -> None:
    text = '[opening]\ncash = "0M"\n' + CONTRACT + "recovery = { uniform = { low = 0.1, high = 0.5 } }\n" + DRAWN
    run = simulator.run(scenario(HEAD + text), paths=20_000)
    unsecured, secured = run.column("input.recovery.unsecured"), run.column("input.recovery.secured")
    own = run.column("input.contracts.gpu.recovery")
    assert np.array_equal(np.argsort(unsecured), np.argsort(secured))
    assert np.array_equal(np.argsort(unsecured), np.argsort(own))
    assert np.all(secured >= unsecured)
    # false alarm 1e-5: 4.4 standard errors
    assert abs(unsecured.mean() - 0.4) < 4.4 * 0.2 / np.sqrt(20_000)
    np.testing.assert_allclose(run.column("gpu.loss"), 450e6 * (1 - own), rtol=1e-12)


def test_expected_loss_by_month_counts_the_paths_in_default_by_then(scenario: Write) -> None:
    income = (
        '[flows.income]\ntype = "random"\ndirection = "in"\namount = { normal = { mean = "70M/mo", sd = "60M/mo" } }\n'
    )
    run = simulator.run(scenario(HEAD + '[opening]\ncash = "150M"\n' + income + CONTRACT + DRAWN), paths=5000)
    loss, ends, cause = run.column("gpu.loss"), run.column("end_month"), run.column("cause")
    assert 0.2 < np.mean(cause > 1) < 0.98
    at = next(k for k, m in enumerate(run.figures.outline.metrics) if (m.contract, m.name) == ("gpu", "loss"))
    for month in (0, 3, 7, 12):
        by_hand = np.mean(np.where((cause > 1) & (ends <= month), loss, 0.0))
        assert np.isclose(run.figures.monthly_mean(at, month).value, by_hand, rtol=1e-12, atol=1e-6)


def test_without_a_law_of_recovery_no_loss_is_reported(scenario: Write) -> None:
    run = simulator.run(scenario(HEAD + '[opening]\ncash = "0M"\n' + CONTRACT), paths=2)
    assert "gpu.loss" not in run.columns
    assert run.document["creditors"]["gpu"]["expected_loss"] is None
