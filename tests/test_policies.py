"""Policies against ledgers written by hand (in $M; month 0 is the opening)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import simulator
from simulator.engine.block import BLOCK, deterministic_path
from simulator.engine.simulation import Simulation
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
HEAD = '[calendar]\nstart = "2026-11"\nmonths = 12\n[opening]\ncash = "100M"\n[flows.cost]\namount = "10M/mo"\n'
TRIGGERS = ('liquidity_below = "75M"', 'runway_below = "8 mo"')  # both: first seen in month 4, when 70 are left


def months(scenario: Scenario, slot: str, count: int = 9) -> list[float]:
    plain = deterministic_path(scenario)[slot]
    if not Simulation(scenario).program.shocks:
        compiled = Simulation(scenario).run_chunk(0, BLOCK, (slot,)).kept[slot]
        np.testing.assert_allclose(compiled[:, 3], plain, rtol=1e-12, atol=1e-3)
    return [round(float(x) / 1e6, 6) for x in plain[:count]]


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_cut_works_from_the_month_after_its_trigger_by_equal_steps(scenario: Write, trigger: str) -> None:
    text = f'[policies.savings]\ntype = "cut_expense"\nflow = "cost"\ncut = "50 %"\nover = "2 mo"\n{trigger}\n'
    saved = scenario(HEAD + text)
    assert months(saved, "flows.cost.amount") == [0, 10, 10, 10, 10, 7.5, 5, 5, 5]
    assert simulator.run(saved, paths=3).column("savings.since").tolist() == [4] * 3


def test_a_cut_acts_on_the_growing_plan(scenario: Write) -> None:
    """Plan 10, 11, 12.1, 13.31, 14.641; left 100, 90, 79, 66.9: seen below 75 in month 4; month 5 pays 14.641 x 0.9."""
    text = '[policies.savings]\ntype = "cut_expense"\nflow = "cost"\ncut = "10 %"\nliquidity_below = "75M"\n'
    growing = HEAD.replace('"10M/mo"', '"10M/mo"\ngrowth = "10 %/mo"')
    assert np.allclose(months(scenario(growing + text), "flows.cost.amount", 6), [0, 10, 11, 12.1, 13.31, 13.1769])


def test_a_freeze_keeps_the_level_of_the_month_of_its_trigger(scenario: Write) -> None:
    text = '[policies.stop]\ntype = "freeze_expense"\nflow = "cost"\nliquidity_below = "75M"\n'
    growing = HEAD.replace('"10M/mo"', '"10M/mo"\ngrowth = "10 %/mo"')
    assert np.allclose(months(scenario(growing + text), "flows.cost.amount", 7), [0, 10, 11, 12.1, 13.31, 13.31, 13.31])
    cut = '[policies.savings]\ntype = "cut_expense"\nflow = "cost"\ncut = "50 %"\nliquidity_below = "75M"\n'
    both = months(scenario(growing + text + cut), "flows.cost.amount", 7)
    assert np.allclose(both, [0, 10, 11, 12.1, 13.31, 6.655, 6.655])


def test_a_flow_that_is_frozen_before_it_begins_begins_and_does_not_grow(scenario: Write) -> None:
    """Frozen in month 4, when 70 are left; the rent of 2 a month begins in month 6."""
    text = '[policies.stop]\ntype = "freeze_expense"\nflow = "rent"\nliquidity_below = "75M"\n'
    rent = '[flows.rent]\namount = "2M/mo"\ngrowth = "10 %/mo"\nstart = "2027-04"\nend = "2027-06"\n'
    assert months(scenario(HEAD + rent + text), "flows.rent.amount", 11) == [0, 0, 0, 0, 0, 0, 2, 2, 2, 0, 0]


def test_without_a_trigger_nothing_is_cut(scenario: Write) -> None:
    text = '[policies.savings]\ntype = "cut_expense"\nflow = "cost"\ncut = "50 %"\nliquidity_below = "1M"\n'
    rich = HEAD.replace("100M", "1B")
    assert months(scenario(rich + text), "flows.cost.amount") == [0, *[10] * 8]


def test_a_round_is_sought_once_in_its_pause_and_not_while_money_is_on_its_way(scenario: Write) -> None:
    """Sure to succeed, 30 after two months. Seen below 75 in month 4 (70 left): money in month 6; sought again in month 7."""
    text = (
        '[financing.rounds]\ntype = "priced_round"\nsize = "30M"\nlag = "2 mo"\n'
        'sought = { liquidity_below = "75M", pause = "%s" }\n'
    )
    slots = ("financing.rounds.sought", "financing.rounds.received", "cash")
    kept = Simulation(scenario(HEAD + text % "3 mo")).run_chunk(0, BLOCK, slots).kept
    assert np.flatnonzero(kept[slots[0]][:, 7]).tolist() == [4, 7, 10]
    assert np.flatnonzero(kept[slots[1]][:, 7]).tolist() == [6, 9, 12]
    assert np.allclose(kept["cash"][:, 7] / 1e6, [100, 90, 80, 70, 60, 50, 70, 60, 50, 70, 60, 50, 70])
    kept = Simulation(scenario(HEAD + text % "1 mo")).run_chunk(0, BLOCK, slots).kept
    assert np.flatnonzero(kept[slots[0]][:, 7]).tolist() == [4, 7, 10]  # in months 5 and 6 money is on its way


def test_a_sought_round_fails_like_any_other_and_is_tried_again_after_the_pause(scenario: Write) -> None:
    text = (
        '[financing.rounds]\ntype = "priced_round"\nsize = "30M"\nsuccess = 0.4\n'
        'sought = { liquidity_below = "1B", pause = "4 mo" }\n'
    )
    run = simulator.run(scenario(HEAD.replace("100M", "900M") + text), paths=20_000)
    done, failed = run.column("rounds.rounds"), run.column("rounds.rounds_failed")
    assert set(done + failed) == {3.0}  # months 1, 5 and 9
    # false alarm 1e-5: 4.4 standard errors
    assert abs(done.mean() / 3 - 0.4) < 4.4 * np.sqrt(0.24 / 60_000)


def test_chances_that_come_by_themselves_and_those_sought_add_up(scenario: Write) -> None:
    text = (
        '[financing.rounds]\ntype = "priced_round"\nsize = "1M"\nevery = "3 mo"\n'
        'sought = { liquidity_below = "10B", pause = "1 mo" }\n'
    )
    run = simulator.run(scenario(HEAD.replace("100M", "900M") + text), paths=20_000)
    rounds = run.column("rounds.rounds")
    assert rounds.min() >= 12
    assert abs(rounds.mean() - 16) < 4.4 * np.sqrt(4 / 20_000)  # 12 sought and Poisson(12 / 3)
    assert abs(rounds.var() / 4 - 1) < 4.4 * np.sqrt(2.25 / 20_000)  # excess kurtosis 1/4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[policies.p]\ntype = "cut_expense"\nflow = "cost"\ncut = "10 %"\n', "nothing says when this acts"),
        (
            '[policies.p]\ntype = "cut_expense"\nflow = "costs"\ncut = "10 %"\nrunway_below = "1 mo"\n',
            "there is no flow `costs`",
        ),
        ('[policies.p]\ntype = "freeze_expense"\nflow = "once"\nrunway_below = "1 mo"\n', "is no recurring payment"),
        ('[financing.r]\ntype = "priced_round"\nsize = "1M"\n', "nothing says when there is a chance to raise"),
        ('[financing.r]\ntype = "priced_round"\nsize = "1M"\nsought = {}\n', "nothing says when this acts"),
    ],
)
def test_a_policy_that_cannot_act_is_refused(scenario: Write, text: str, words: str) -> None:
    once = '[flows.once]\ntype = "one_off"\namount = "1M"\nmonth = "2027-01"\n'
    with pytest.raises(simulator.ScenarioError, match=words):
        scenario(HEAD + once + text)
