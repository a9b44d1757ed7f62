"""Tables that cannot be: the nearest one that can, and what is said about each mistake in [dependence]."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.mathematics.correlation import is_valid, nearest_correlation, rounded_valid
from simulator.quantities import units
from simulator.quantities.number import Quantity, Uncertain
from simulator.quantities.units import QuantityError
from simulator.scenario.diagnostics import ScenarioError
from simulator.scenario.model import Scenario

Write = Callable[[str], Scenario]
HEAD = """
[opening]
cash = { p10 = "1B", p50 = "2B", p90 = "3B" }
[inputs]
level = { uniform = { low = 0.5, high = 1.5 } }
wide = { uniform = { low = "20 %/yr", high = "60 %/yr" } }
[revenue]
type = "geometric_brownian"
run_rate = { uniform = { low = "1B/yr", high = "2B/yr" } }
volatility = { input = "wide" }
[price]
type = "ornstein_uhlenbeck"
level = { input = "level" }
volatility = { input = "wide" }
reversion = "0.8 /yr"
[flows.other]
type = "random"
amount = { normal = { mean = "0M/mo", sd = "1M/mo" } }
[market]
regimes = ["open", "shut"]
sojourn = ["4 mo", "3 mo"]
"""
SHOCKS = '[dependence]\nshocks = ["revenue.level", "price.deviation", "flows.other.amount"]\n'
IMPOSSIBLE = "[[1], [0.9, 1], [0.9, -0.9, 1]]"
POSSIBLE = "[[1], [0.4, 1], [0.2, -0.3, 1]]"
INPUTS = '[dependence.inputs]\nnames = ["level", "wide", "opening.cash"]\n'


def complaints(scenario: Write, text: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        scenario(HEAD + text)
    return [f"{d.code} {d.message} / {d.hint}" for d in caught.value.diagnostics]


def test_the_nearest_table_is_the_published_one() -> None:
    """Higham 2002, section 5 (1, 1, 0; 1, 1, 1; 0, 1, 1 and the tridiagonal one), to the four digits given there."""
    three = np.array([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]])
    near = nearest_correlation(three)
    np.testing.assert_allclose(near[np.tril_indices(3, -1)], [0.7607, 0.1573, 0.7607], atol=5e-5)
    assert np.linalg.norm(near - three) == pytest.approx(0.5278, abs=5e-5)
    four = np.diag([2.0] * 4) - np.diag([1.0] * 3, 1) - np.diag([1.0] * 3, -1)
    near = nearest_correlation(four)
    wanted = [
        [1, -0.8084, 0.1916, 0.1068],
        [-0.8084, 1, -0.6562, 0.1916],
        [0.1916, -0.6562, 1, -0.8084],
        [0.1068, 0.1916, -0.8084, 1],
    ]
    np.testing.assert_allclose(near, wanted, atol=5e-5)
    # by hand from these entries: sqrt(4 + 2 (2 · 0.1916² + 0.3438² + 2 · 0.1916² + 0.1068²)) = 2.1337
    assert np.linalg.norm(near - four) == pytest.approx(2.1337, abs=1e-4)


tables = st.integers(2, 6).flatmap(lambda n: st.lists(st.floats(-1, 1), min_size=n * n, max_size=n * n).map(
    lambda x: np.tril(np.reshape(x, (n, n)), -1)).map(lambda low: low + low.T + np.eye(len(low))))  # fmt: skip


@given(tables)
def test_the_nearest_table_is_valid_near_and_leaves_valid_tables_alone(table: np.ndarray) -> None:
    near = nearest_correlation(table)
    n = len(table)
    assert np.linalg.eigvalsh(near)[0] > -1e-7
    np.testing.assert_array_equal(np.diag(near), np.ones(n))
    if np.linalg.eigvalsh(table)[0] >= 0:
        np.testing.assert_allclose(near, table, atol=1e-9)
    # no valid table is nearer than the projection onto the positive semidefinite ones, and the identity is valid
    distance = np.linalg.norm(near - table)
    assert distance <= np.linalg.norm(table - np.eye(n)) + 1e-7
    written = rounded_valid(near, 4)
    assert is_valid(written)
    assert np.abs(written - near).max() < 0.01
    np.testing.assert_array_equal(np.round(written, 4), written)


def test_the_table_in_the_message_can_be_put_in_the_place_of_the_wrong_one(scenario: Write) -> None:
    for place in ("correlation = {}\n", f"correlation = {POSSIBLE}\n[dependence.regimes]\nshut = {{}}\n"):
        (said,) = complaints(scenario, SHOCKS + place.format(IMPOSSIBLE))
        assert "E013 no shocks have these correlations (the table" in said
        assert ("of `shut`" in said) == ("regimes" in place)
        assert "distance 0.9798" in said
        table = said.rsplit(": ", 1)[1]
        assert table == "[[1], [0.5000, 1], [0.5000, -0.5000, 1]]"
        scenario(HEAD + SHOCKS + place.format(table))
    (said,) = complaints(scenario, INPUTS + "correlation = [[1], [1, 1], [0, 1, 1]]")
    assert "no inputs have these correlations" in said
    assert "distance 0.5278" in said
    table = said.rsplit(": ", 1)[1]
    found = [float(x) for x in re.findall(r"0\.\d+", table)]
    assert found == pytest.approx([0.7607, 0.1573, 0.7607], abs=3e-4)
    scenario(HEAD + INPUTS + "correlation = " + table)


def test_an_uncertain_entry_is_tried_at_its_ends_and_the_worst_is_named(scenario: Write) -> None:
    """0.9 and -0.2 beside ρ between -0.3 and 0.95: the determinant 0.15 - 0.36 ρ - ρ² is below 0 at 0.95, 0.168 at -0.3."""
    law = "{ uniform = { low = -0.3, high = 0.95 } }"
    (said,) = complaints(scenario, SHOCKS + f"correlation = [[1], [0.9, 1], [-0.2, {law}, 1]]")
    assert "at the end 0.95 between `price.deviation` and `flows.other.amount`" in said
    assert "truncate" in said
    worst = np.array([[1, 0.9, -0.2], [0.9, 1, 0.95], [-0.2, 0.95, 1]])
    near = nearest_correlation(worst)
    assert f"distance {np.linalg.norm(near - worst):.4f}" in said
    scenario(HEAD + SHOCKS + "correlation = [[1], [0.9, 1], [-0.2, { uniform = { low = -0.3, high = 0 } }, 1]]")


def test_a_table_on_the_edge_is_valid(scenario: Write) -> None:
    """0.6² + 0.8² = 1: the three shocks lie in a plane, and the Cholesky factor has a pivot of 0."""
    scenario(HEAD + SHOCKS + "correlation = [[1], [0, 1], [0.6, 0.8, 1]]")


GOOD = f"correlation = {POSSIBLE}\n"
T = 'copula = "t"\n'
OF_REGIME = '[dependence]\nshocks = ["revenue.level", "market.regime"]\ncorrelation = [[1], [0.4, 1]]\n'
MISTAKES = {
    "[dependence]\n": "E012 `shocks` is missing",
    SHOCKS: "E012 `correlation` is missing",
    '[dependence]\nshocks = ["revenue.level"]\ncorrelation = [[1]]\n': "E011 one shock alone",
    SHOCKS + GOOD + "degrees_of_freedom = 3\n": 'E013 only the t copula .* add copula = "t"',
    SHOCKS + GOOD + T: "E012 `degrees_of_freedom` is missing",
    SHOCKS + GOOD + T + "degrees_of_freedom = 0.5\n": "E011 .* 1 to 1000",
    SHOCKS + GOOD + 'copula = "clayton"\n': "E010 'clayton' is not one of 'gaussian' or 't'",
    "[dependence]\n" + T + INPUTS + GOOD: "E013 the t copula is one of shocks",
    SHOCKS + GOOD + f"[dependence.regimes]\ntight = {POSSIBLE}\n": "E015 `tight` is no regime / regimes: open",
    SHOCKS + GOOD + "[dependence.regimes]\nshut = [[1], [0.5, 1]]\n": "E013 3 shocks want a table of 3 rows",
    OF_REGIME + "regimes.shut = [[1], [0.6, 1]]\n": "E013 `market.regime` moves the regime that chooses the table",
    INPUTS + "correlation = [[1], [0.4, 1]]\n": "E013 3 inputs want a table of 3 rows",
    INPUTS.replace('"level"', '"levle"') + GOOD: "E015 `levle` is no uncertain number .* did you mean `level`",
    INPUTS.replace('"level"', '"wide"') + GOOD: "E018 `wide` stands twice",
    INPUTS.replace('"level"', '"price.reversion"') + GOOD: "E015 `price.reversion` is no uncertain number",
    INPUTS.replace('"level"', '"price.volatility"')
    + GOOD: 'E015 .* draws the shared input `wide` / list "wide" instead',
    INPUTS.replace('"level"', '"flows.other.amount"') + GOOD: "E015 .* drawn anew each month, .* `shocks`",
    INPUTS
    + "correlation = [[1], [{ uniform = { low = 0, high = 1 } }, 1], [0, 0, 1]]\n": "E010 this key takes a fixed number",
}


@pytest.mark.parametrize(("text", "words"), MISTAKES.items())
def test_a_mistake_in_the_table_is_named_with_its_remedy(scenario: Write, text: str, words: str) -> None:
    found = complaints(scenario, text)
    assert any(re.match(words, said) for said in found), found


def test_a_regime_table_without_a_market_is_refused(scenario: Write) -> None:
    text = HEAD.split("[market]")[0] + SHOCKS + f"correlation = {POSSIBLE}\n[dependence.regimes]\nshut = {POSSIBLE}\n"
    with pytest.raises(ScenarioError, match="no funding market"):
        scenario(text)


def test_two_keys_drawn_with_one_number_cannot_both_stand_in_the_table(scenario: Write) -> None:
    recovery = (
        "[recovery]\nunsecured = { beta = { mean = 0.4, sd = 0.2 } }\nsecured = { beta = { mean = 0.7, sd = 0.1 } }\n"
    )
    names = '[dependence.inputs]\nnames = ["recovery.secured", "recovery.unsecured"]\ncorrelation = [[1], [0.5, 1]]\n'
    (said,) = complaints(scenario, recovery + names)
    assert said.startswith("E018 `recovery.unsecured` is drawn with the same number as `recovery.secured`")


# --- whether three quantiles make a distribution ----------------------------------------------------------------------


@pytest.mark.parametrize("bounds", [(-np.inf, np.inf), (0.0, np.inf), (0.0, 1.0)])
@pytest.mark.parametrize(
    ("place", "feasible"), [(0.1640, False), (0.1680, True), (0.5, True), (0.8320, True), (0.8360, False)]
)
def test_three_quantiles_are_refused_exactly_where_no_metalog_has_them(
    bounds: tuple[float, float], place: float, feasible: bool
) -> None:
    """Keelin 2016, eq. 17: with r = (y50 - y10)/(y90 - y10) of the transformed quantiles, feasible if k < r < 1 - k, k =
    (1 - 1.66711 (1/2 - 0.1))/2 = 0.16658."""
    y = -1.0 + 2.0 * np.array([0.0, place, 1.0])
    x = y if bounds[0] == -np.inf else np.exp(y) if bounds[1] == np.inf else 1 / (1 + np.exp(-y))
    written = dict(zip(("p10", "p50", "p90"), (float(v) for v in x), strict=True))
    if feasible:
        assert isinstance(Quantity(units.NUMBER, *bounds).read(written), Uncertain)
        return
    with pytest.raises(QuantityError, match="no metalog has these three quantiles") as caught:
        Quantity(units.NUMBER, *bounds).read(written)
    assert caught.value.hint


def test_an_infeasible_triple_of_a_file_is_an_error_at_its_line(scenario: Write) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario('[opening]\ncash = { p10 = "1B", p50 = "1.01B", p90 = "30B" }\n')
    (said,) = caught.value.diagnostics
    assert said.code == "E010"
    assert said.message.startswith("no metalog has these three quantiles")
    assert said.place is not None
    assert said.place.line == 3
