"""Regimes: a generator is the matrix it is the exponential of; amounts of a flow follow the regime of the month."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.linalg import expm
from simulated import simulate

from simulator.components.chain import month_of_generator
from simulator.engine.block import BLOCK, deterministic_path
from simulator.scenario.diagnostics import ScenarioError
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
HEAD = '[opening]\ncash = "1B"\n[calendar]\nstart = "2026-11"\nmonths = 24\n'
MARKET = HEAD + '[market]\nregimes = ["normal", "stress"]\nmonthly_matrix = [[0.8, 0.2], [0.3, 0.7]]\n'
CHAIN = HEAD + '[market]\nregimes = ["open", "tight", "shut"]\n'


@pytest.mark.parametrize("speed", [0.0, 0.01, 1.0, 30.0, 2000.0])
def test_a_generator_gives_the_matrix_exponential(speed: float) -> None:
    q = speed * np.array([[-0.4, 0.35, 0.05], [0.9, -1.5, 0.6], [0.2, 1.0, -1.2]])
    found = np.array(month_of_generator(tuple(tuple(row) for row in q.tolist())))
    np.testing.assert_allclose(found, expm(q / 12.0), rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-11)


def test_a_generator_runs_like_its_monthly_matrix(scenario: Write) -> None:
    q = np.array([[-1.0, 0.6, 0.4], [2.0, -2.5, 0.5], [0.0, 3.0, -3.0]])
    by_year = scenario(CHAIN + "generator = " + str([[f"{x} /yr" for x in row] for row in q.tolist()]) + "\n")
    _, kept = simulate(by_year, "market.state", paths=BLOCK)
    matrix = expm(q / 12.0).tolist()
    by_month = scenario(CHAIN + f"monthly_matrix = {[[round(x, 17) for x in row] for row in matrix]}\n")
    _, wanted = simulate(by_month, "market.state", paths=BLOCK)
    np.testing.assert_array_equal(kept["market.state"], wanted["market.state"])


@pytest.mark.parametrize(
    ("rows", "words", "line"),
    [
        ('[["-1 /yr", "1 /yr"], ["1 /yr", "-1 /yr"]]', "3 regimes want a generator of 3 rows of 3", 9),
        ('[["-1 /yr", "2 /yr", "-1 /yr"], ["1 /yr", "-1 /yr", 0], [0, 0, 0]]', "has a minus", 9),
        (
            '[["-1 /yr", "1 /yr", 0],\n ["1 /yr", "-3 /yr", "1 /yr"], [0, 0, 0]]',
            "each row of a generator adds up to 0",
            10,
        ),
    ],
)
def test_an_impossible_generator_is_refused_where_it_stands(scenario: Write, rows: str, words: str, line: int) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario(CHAIN + f"generator = {rows}\n")
    (found,) = caught.value.diagnostics
    assert words in found.message
    assert found.place.line == line
    if "adds up" in words:
        assert found.hint == "the entry of tight itself is then -2 /yr"


def test_regimes_move_in_one_way_only(scenario: Write) -> None:
    with pytest.raises(ScenarioError, match="`sojourn`, `monthly_matrix` or `generator`, one of them"):
        scenario(MARKET + 'generator = [["-1 /yr", "1 /yr"], ["1 /yr", "-1 /yr"]]\n')


# --- amounts by regime ---------------------------------------------------------------------------------------------------

FLOW = '[flows.x]\ntype = "random"\n'
NORMAL = '{ normal = { mean = "-3M/mo", sd = "2M/mo" } }'
UNIFORM = '{ uniform = { low = "1M/mo", high = "9M/mo" } }'


def test_one_score_of_the_month_serves_the_laws_of_all_regimes(scenario: Write) -> None:
    """A path has the amount that the law of its regime alone would give: a normal, and a uniform of the same score."""
    _, mixed = simulate(
        scenario(MARKET + FLOW + f"amount = {{ normal = {NORMAL}, stress = {UNIFORM} }}\n"),
        "market.state", "flows.x.amount.drawn", "flows.x.received", "flows.x.paid_out", paths=BLOCK,
    )  # fmt: skip
    _, calm = simulate(scenario(MARKET + FLOW + f"amount = {NORMAL}\n"), "flows.x.amount.drawn", paths=BLOCK)
    amount, stress = mixed["flows.x.amount.drawn"][1:], mixed["market.state"][1:] == 1
    np.testing.assert_array_equal(amount[~stress], calm["flows.x.amount.drawn"][1:][~stress])
    from scipy.special import ndtr

    score = (calm["flows.x.amount.drawn"][1:] + 3e6) / 2e6
    np.testing.assert_allclose(amount[stress], 1e6 + 8e6 * ndtr(score[stress]), rtol=1e-9)
    np.testing.assert_array_equal(mixed["flows.x.paid_out"][1:] - mixed["flows.x.received"][1:], amount)


def test_amounts_by_regime_stand_at_their_mean_on_the_deterministic_path(scenario: Write) -> None:
    path = deterministic_path(scenario(MARKET + FLOW + f'amount = {{ normal = {UNIFORM}, stress = "7M/mo" }}\n'))
    np.testing.assert_allclose(path["flows.x.paid_out"][1:], 5e6)


def test_a_regime_without_an_amount_or_an_unknown_one_is_refused(scenario: Write) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario(MARKET + FLOW + f'amount = {{ normal = {NORMAL}, crunch = "1M/mo" }}\n')
    assert sorted(d.message for d in caught.value.diagnostics) == [
        "`crunch` is no regime",
        "no `amount` for regime `stress`",
    ]
