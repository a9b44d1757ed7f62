"""[shocks]: scores that a scenario gives instead of drawing them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from simulated import simulate

from simulator.scenario.diagnostics import ScenarioError
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
TEXT = """
[calendar]
start = "2026-11"
months = 12
[opening]
cash = "100M"
[revenue]
type = "geometric_brownian"
run_rate = "120M/yr"
volatility = "30 %/yr"
[price]
type = "forward_curve"
volatility = "40 %/yr"
reversion = "0.8 /yr"
[market]
regimes = ["open", "shut"]
sojourn = ["9 mo", "5 mo"]
[flows.claim]
type = "one_off"
amount = "10M"
month = "2027-01"
probability = 0.5
"""
TABLE = '[dependence]\nshocks = ["revenue.level", "price.deviation"]\ncorrelation = [[1.0], [0.6, 1.0]]\n'
GIVEN = """
[shocks.monthly]
"revenue.level" = { 2026-12 = -2.0, 2027-01 = -1.5, 2027-06 = 0.5 }
"market.regime" = { 2026-11 = 0.01 }
[shocks.once]
"flows.claim.event" = 0.3
"""
SLOTS = ("revenue.level", "price.deviation", "market.regime", "market.state", "flows.claim.amount")


@pytest.mark.parametrize("table", ["", TABLE])
def test_given_scores_stand_in_their_months_and_all_others_are_drawn_as_before(scenario: Write, table: str) -> None:
    _, plain = simulate(scenario(TEXT + table), *SLOTS, paths=512)
    _, given = simulate(scenario(TEXT + table + GIVEN), *SLOTS, paths=512)
    for month, score in ((2, -2.0), (3, -1.5), (8, 0.5)):
        assert np.all(given["revenue.level"][month] == score)
    others = [m for m in range(1, 13) if m not in (2, 3, 8)]
    assert np.array_equal(given["revenue.level"][others], plain["revenue.level"][others])
    assert np.array_equal(given["price.deviation"], plain["price.deviation"])  # a given score moves no other one
    assert np.all(given["market.state"][1] == 1.0)
    assert np.array_equal(given["market.regime"][2:], plain["market.regime"][2:])


def test_what_is_decided_once_a_path_can_be_given(scenario: Write) -> None:
    _, plain = simulate(scenario(TEXT), "flows.claim.amount", paths=512)
    assert 0.3 < np.mean(plain["flows.claim.amount"][3] > 0) < 0.7
    _, given = simulate(scenario(TEXT + GIVEN), "flows.claim.amount", paths=512)
    assert np.all(given["flows.claim.amount"][3] == 10e6)


MISTAKES = [
    ('[shocks.monthly]\n"revenue.levle" = { 2026-12 = 1.0 }\n', "E015", "no monthly shock"),
    ('[shocks.monthly]\n"revenue.level" = { 2028-12 = 1.0 }\n', "E013", "outside the horizon"),
    ('[shocks.monthly]\n"revenue.level" = { 2026-12 = 99 }\n', "E011", "valid range"),
    ('[shocks.once]\n"flows.claim.evnt" = 0.5\n', "E015", "nothing draws"),
    ('[shocks.once]\n"flows.claim.event" = 1.5\n', "E011", "valid range"),
]


@pytest.mark.parametrize(("text", "code", "words"), MISTAKES, ids=range(len(MISTAKES)))
def test_mistakes_are_named(scenario: Write, text: str, code: str, words: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        scenario(TEXT + text)
    assert [d.code for d in raised.value.diagnostics] == [code]
    assert words in raised.value.diagnostics[0].message
