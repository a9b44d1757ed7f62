"""Comparing, sweeping, solving and stressing: a few runs on the same random numbers."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import simulator
from simulator.analysis import attribution, levers, stresses
from simulator.analysis.paired import difference
from simulator.analysis.variants import Outcome, Runs, data_of, vary
from simulator.cli import main
from simulator.estimate import asked, conditions
from simulator.quantities.units import QuantityError
from simulator.scenario.model import Scenario
from simulator.store.tables import read_document

HERE = Path(__file__).parent.parent / "scenarios"
PATHS = 4096


@pytest.fixture(scope="module")
def minimal() -> Scenario:
    return simulator.load(HERE / "minimal.toml")


@pytest.fixture(scope="module")
def base(minimal: Scenario) -> Outcome:
    return Runs.like(minimal, PATHS).run(minimal, [asked.figure("cash.p5(12)")])


# --- figures -----------------------------------------------------------------------------------------------------------


def test_a_figure_asked_for_is_the_figure_of_the_report(minimal: Scenario, base: Outcome) -> None:
    d = simulator.run(minimal, paths=PATHS).document
    row = d["pd"][23]
    assert base.estimate("pd(24)") == (row["value"], row["low"], row["high"])
    for text, table, key in (
        ("runway.p25", d["runway"]["funded"], "p25"),
        ("unfunded_runway(p25)", d["runway"]["unfunded"], "p25"),
        ("peak_need.p90", d["peak_need"], "p90"),
        ("lowest_liquidity.p5", d["lowest_liquidity"], "p5"),
        ("cash.p05(12)", d["cash"][11], "p5"),
    ):
        assert list(base.estimate(text)) == [table[key], *table["interval"][key]]
    risk = d["cash_flow_at_risk"]
    assert base.estimate("cash_flow_at_risk") == pytest.approx((risk["value"], risk["low"], risk["high"]), rel=1e-12)
    funded = d["runway"]["funded"]
    mean = (funded["restricted_mean"], *funded["interval"]["restricted_mean"])
    assert base.estimate("runway.mean") == pytest.approx(mean, rel=1e-12)
    for text in (
        "pd",
        "pd(12)",
        "runway.p25",
        "unfunded_runway.mean",
        "peak_need.p90",
        "cash(p5, 12)",
        "cash(12)",
        "raised",
    ):
        reported = conditions.read(d, asked.figure(text))  # what --fail-if and --precision look at
        assert base.estimate(text) == pytest.approx(reported, rel=1e-12), text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("peek_need.p50", "did you mean `peak_need`"),
        ("pd.p50(24)", "no p50"),
        ("runway", "does not say which"),
        ("cash.p5", "does not say which"),
        ("pd(x)", "not the number of a month"),
        ("peak_need.p0", "outside p1"),
        ("pd(1, 2)", "too much"),
    ],
)
def test_a_figure_that_is_none_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(QuantityError) as problem:
        asked.figure(text)
    assert said in f"{problem.value} {problem.value.hint}"


def test_figures_are_read_back_as_they_are_written() -> None:
    for text in (
        "pd(24)",
        "pd",
        "runway.p50",
        "runway.mean",
        "cash.p5(12)",
        "expected_loss(xai)",
        "peak_need",
        "firm(xai)",
    ):
        assert asked.figure(text).text == text


# --- compare -----------------------------------------------------------------------------------------------------------


def test_a_scenario_differs_from_itself_by_nothing(minimal: Scenario) -> None:
    d = simulator.compare([minimal, minimal], paths=2048)
    assert all(row["difference"] == 0.0 for row in d["figures"] if row["difference"] is not None)
    assert d["changes"] == d["attribution"] == []
    assert all(row["saved"] == row["lost"] == 0 for row in d["fates"])


def test_the_interval_of_a_difference_holds_it_as_often_as_it_says(minimal: Scenario) -> None:
    """40 seeds against the mean of all: a 95 % interval misses 2 on average; more than 9 have a chance of 3e-5."""
    richer = vary(minimal, ["revenue.growth=0.33 log/yr"])
    figures = [asked.figure("pd(24)"), asked.figure("peak_need.p90"), asked.figure("runway.mean")]
    found = []
    for seed in range(40):
        runs = Runs.like(minimal, 1024, seed)
        a, b = runs.run(minimal), runs.run(richer)
        found.append([difference(f, a, b) for f in figures])
    for k in range(len(figures)):
        truth = float(np.mean([row[k].value for row in found]))
        assert sum(not row[k].low <= truth <= row[k].high for row in found) <= 9


def test_shapley_values_add_up_exactly_and_treat_equals_alike(minimal: Scenario) -> None:
    changed = vary(minimal, ["opening.cash=25M", "revenue.growth=0.2 log/yr", "flows.cost.amount=1.6M/mo"])
    d = simulator.compare([minimal, changed], paths=2048, by=24)
    (method,) = d["attribution_methods"]
    assert method["method"] == "Shapley"
    assert {row["key"] for row in d["attribution"]} == {"opening.cash", "revenue.growth", "flows.cost.amount"}
    whole = sum(Fraction(row["numerator"], row["denominator"]) for row in d["attribution"])
    (fate,) = [row for row in d["fates"] if row["month"] == 24]
    assert whole == method["total_paths"] == fate["lost"] - fate["saved"]
    signs = {row["key"]: row["value"] for row in d["attribution"]}
    assert signs["opening.cash"] < 0 < signs["revenue.growth"]


def test_a_shapley_value_is_the_mean_over_all_orders() -> None:
    """Of a game whose worth is the square of the sum of the members' weights: player k has w_k times the sum of all."""
    weights = (1, 2, 4)
    for k, w in enumerate(weights):
        value = sum(
            n * (sum(weights[j] for j in s | {k}) ** 2 - sum(weights[j] for j in s) ** 2)
            for s, n in attribution._marginals(k, 3)
        )
        assert Fraction(value, 6) == w * sum(weights)


def test_beyond_six_keys_the_order_is_stated_and_the_parts_still_add_up(minimal: Scenario) -> None:
    settings = ["opening.cash=21M", "opening.receivables=1M", "revenue.growth=0.2 log/yr", "revenue.volatility=45 %/yr",
                "revenue.run_rate=11M/yr", "flows.cost.amount=1.65M/mo", "flows.cost.growth=9 %/yr"]  # fmt: skip
    changed = vary(minimal, settings)
    d = simulator.compare([minimal, changed], paths=1024, by=24)
    (method,) = d["attribution_methods"]
    assert method["method"] == "sequential"
    assert [row["key"] for row in d["attribution"]] == method["order"]
    assert sum(row["numerator"] for row in d["attribution"]) == method["total_paths"]


def test_what_one_file_has_not_got_is_one_key(minimal: Scenario) -> None:
    with_line = vary(minimal, tables=[{"financing": {"line": {"type": "revolver", "limit": "3M", "rate": "6 %/yr"}}}])
    assert attribution.players(minimal, with_line) == [("financing",)]
    coalition = attribution.coalition(minimal, with_line, [("financing",)])
    assert data_of(coalition) == data_of(with_line)


# --- sweep -------------------------------------------------------------------------------------------------------------


def test_a_grid_has_the_figures_of_single_runs_and_its_contour_is_where_they_cross(minimal: Scenario) -> None:
    d = simulator.sweep(
        minimal, ["opening.cash=15M..30M:4", "revenue.growth=0.1 log/yr,0.3 log/yr"], ["pd(24)"], paths=PATHS
    )
    assert len(d["grid"]) == 8
    alone = vary(minimal, ["opening.cash=25M", "revenue.growth=0.1 log/yr"])
    expected = Runs.like(minimal, PATHS).run(alone).estimate("pd(24)")
    (row,) = [r for r in d["grid"] if (r["opening.cash"], r["revenue.growth"]) == (25.0, 0.1)]
    assert (row["value"], row["value_low"], row["value_high"]) == expected
    crossing = next(r for r in d["contour"] if r["along"] == "opening.cash" and r["revenue.growth"] == 0.3)
    assert crossing["low"] < crossing["opening.cash"] < crossing["high"]
    there = vary(minimal, [f"opening.cash={crossing['opening.cash']}M"])
    assert Runs.like(minimal, PATHS).run(there).estimate("pd(24)").value == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize(
    "text", ["opening.cash", "opening.cash=1M", "opening.cash=1M..1M", "opening.cash=1M..2M:1", "a=1M,2 days"]
)
def test_a_range_that_is_none_is_refused(minimal: Scenario, text: str) -> None:
    with pytest.raises(QuantityError):
        simulator.sweep(minimal, [text], paths=256)


# --- solve -------------------------------------------------------------------------------------------------------------


def test_a_root_is_bracketed_kept_at_one_end_and_within_twenty_runs(minimal: Scenario) -> None:
    d = simulator.solve(minimal, ["cash", "raise", "growth"], "pd(24) <= 5%", paths=PATHS)
    cash, raised, growth = d["levers"]
    for row in d["levers"]:
        assert row["model_runs"] <= 20
        assert row["one_way"] is True
        assert row["figure_at_answer"] <= 0.05
        assert row["answer_low"] < row["answer"] < row["answer_high"]
        assert {row["bracket_low"], row["bracket_high"]} > {row["answer"]}
        tried = sorted((r["number"], r["kept"]) for r in d["runs"] if r["lever"] == row["lever"])
        assert [k for _, k in tried] == sorted(k for _, k in tried)  # below the answer never kept, above always
    assert cash["answer"] - 20.0 == pytest.approx(raised["answer"], abs=0.06)
    assert cash["share_of_base"] == pytest.approx(cash["change"] / 20.0)
    assert growth["change"] > 0
    for number, kept in ((cash["bracket_low"], False), (cash["bracket_high"], True)):
        there = Runs.like(minimal, PATHS).run(vary(minimal, [f"opening.cash={number}M"])).estimate("pd(24)").value
        assert (there <= 0.05) == kept


def test_a_wanted_precision_is_reached_with_runs_that_go_on_from_smaller_ones(minimal: Scenario) -> None:
    """Cash within 1 % of the answer, which takes several times the paths that bracket it; the answer is that of a search among
    runs of so many."""
    d = simulator.solve(minimal, ["cash"], "pd(24) <= 5%", paths=2048, within=0.01)
    (row,) = d["levers"]
    half = (row["answer_high"] - row["answer_low"]) / 2 / row["answer"]
    assert row["half_width"] == pytest.approx(half)
    assert 0.005 < half <= 0.01
    assert row["model_runs"] == len(d["runs"]) <= 20
    assert row["one_way"] is True
    assert row["note"] == ""
    assert row["simulated"] < sum(r["paths"] for r in d["runs"])  # some go on
    assert min(r["paths"] for r in d["runs"]) == 2048
    fine = {r["number"]: r for r in d["runs"] if r["paths"] == row["paths"]}
    assert fine[row["bracket_high"]]["kept"]
    assert not fine[row["bracket_low"]]["kept"]
    for number in (row["bracket_low"], row["bracket_high"]):
        alone = Runs.like(minimal, row["paths"]).run(vary(minimal, [f"opening.cash={number!r}M"])).estimate("pd(24)")
        assert alone == (fine[number]["value"], fine[number]["value_low"], fine[number]["value_high"])
    (whole,) = simulator.solve(minimal, ["cash"], "pd(24) <= 5%", paths=row["paths"])["levers"]
    assert abs(whole["answer"] - row["answer"]) < 0.003 * row["answer"]


def test_money_to_be_raised_is_as_precise_as_the_cash_with_it(minimal: Scenario) -> None:
    (row,) = simulator.solve(minimal, ["raise"], "pd(24) <= 5%", paths=2048, within=0.02)["levers"]
    assert (row["answer_high"] - row["answer_low"]) / 2 <= 0.02 * (20.0 + row["answer"])


def test_a_precision_that_no_run_can_have_is_said(minimal: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.analysis.search.MOST_PATHS", 4096)
    monkeypatch.setattr("simulator.analysis.solve.MOST_PATHS", 4096)
    (row,) = simulator.solve(minimal, ["cash"], "pd(24) <= 5%", paths=1024, within=0.001)["levers"]
    assert row["paths"] == 4096
    assert row["half_width"] > 0.001
    assert "not within 0.1 %" in row["note"]
    assert "paths a run" in row["note"]


def test_a_limit_that_no_value_keeps_is_reported_with_the_nearest(minimal: Scenario) -> None:
    (row,) = simulator.solve(minimal, ["cash"], "pd(36) <= 1%", ["cash=20M..25M"], paths=512)["levers"]
    assert row["answer"] is None
    assert "no crossing from 20M to 25M; nearest at 25M" in row["note"]


def test_a_law_is_turned_as_a_whole() -> None:
    scenario = simulator.load(HERE / "anthropic-xai.toml")
    assert levers.base_of(scenario, "opening.cash").text(90.0) == "90B"
    turned = data_of(levers.turned(scenario, "opening.cash", 180.0))["opening"]["cash"]
    before = data_of(scenario)["opening"]["cash"]
    for q in ("p10", "p50", "p90"):
        assert levers.amount(turned[q]).number == pytest.approx(2 * levers.amount(before[q]).number)
    shared = levers.turned(scenario, "contracts.google.scale", 1.1)
    assert data_of(shared)["inputs"]["commitment_level"]["p50"] == 1.1


def test_a_misspelt_lever_gets_a_hint(minimal: Scenario) -> None:
    with pytest.raises(QuantityError) as problem:
        simulator.solve(minimal, ["opening.cahs"], "pd(24) <= 5%", paths=256)
    assert "opening.cash" in str(problem.value.hint)


# --- stress ------------------------------------------------------------------------------------------------------------


def test_every_shipped_shock_can_be_laid_over_a_scenario_or_says_why_not() -> None:
    names = stresses.names()
    assert names == [*sorted(set(names) - {"all-together"}), "all-together"]
    for file in ("anthropic-xai-stress", "minimal", "neocloud-tenant", "anthropic-xai-no-market"):
        scenario = simulator.load(HERE / f"{file}.toml")
        for name in names:
            found = stresses.apply(stresses.load(name), scenario)
            assert (found.scenario is None) == (not found.changes)
            assert found.changes or found.missing


def test_a_shock_changes_what_it_says_relative_to_the_scenario() -> None:
    bear = simulator.load(HERE / "anthropic-xai-bear.toml")
    changed = {c["key"]: c["new"] for c in stresses.apply(stresses.load("all-together"), bear).changes}
    assert changed["price.curve.now"] == "2.5"
    assert changed["revenue.run_rate"] == '"59.28B/yr"'
    assert changed["financing.ipo.first"] == '"2027-11"'
    assert changed["financing.ipo.last"] == '"2028-05"'  # the window keeps its length
    assert changed["contracts.amd.delivery.delay"] == '"6 mo"'
    assert "contracts.xai.delivery.delay" not in changed  # it delivers already


def test_a_shock_reaches_the_alternatives() -> None:
    tenant = simulator.load(HERE / "neocloud-tenant.toml")
    changed = {c["key"] for c in stresses.apply(stresses.load("customers-lost"), tenant).changes}
    assert {
        "revenue.plan",
        "alternatives.tenant.leaves.revenue.plan",
        "alternatives.tenant.fails.revenue.plan",
    } <= changed


def test_halving_growth_does_not_help_a_company_that_shrinks() -> None:
    shrinking = simulator.load(HERE / "anthropic-xai-stress.toml")  # revenue.growth is -0.02 a month, in the long run 0
    assert stresses.apply(stresses.load("growth-halved"), shrinking).scenario is None


def test_a_table_of_shocks_says_what_the_scenario_has_not_got(minimal: Scenario) -> None:
    d = simulator.stress(minimal, figures=["pd(24)"], paths=1024)
    notes = {row["stress"]: row["note"] for row in d["shocks"]}
    assert "a market price of compute" in notes["price-fall"]
    values = {row["stress"]: row["difference_low"] for row in d["stresses"]}
    assert set(values) == {"customers-lost", "growth-halved", "all-together"}
    assert all(low > 0 for low in values.values())


def test_a_shock_that_is_none_is_refused_with_everything_wrong() -> None:
    with pytest.raises(QuantityError) as problem:
        stresses.read({"format": 2, "colour": 1, "change": [{"keys": [], "multiply": "x"}]})
    for said in ("format = 1", "colour", "wants `keys`", "`multiply` is a number"):
        assert said in str(problem.value)


# --- the command line --------------------------------------------------------------------------------------------------

FILE = str(HERE / "minimal.toml")
CALLS = {
    "compare": [FILE, "--set", "opening.cash=25M", "--figure", "pd(24)"],
    "sweep": [FILE, "--over", "opening.cash=20M,30M", "--figure", "pd(24)"],
    "solve": [FILE, "--vary", "cash", "--until", "pd(24) <= 20%"],
    "stress": [FILE, "--figure", "pd(24)", "--shock", "growth-halved"],
}


@pytest.mark.parametrize("verb", CALLS)
def test_a_verb_prints_writes_and_says_the_same(verb: str, tmp_path: Path) -> None:
    arguments = [verb, *CALLS[verb], "--paths", "512", "--out", str(tmp_path / verb)]
    said = CliRunner().invoke(main, [*arguments, "--json"])
    assert said.exit_code == 0, said.output
    document = json.loads(said.stdout)
    assert document["schema"] == 1
    assert document["verb"] == verb
    assert document["command"].startswith(f"simulator {verb} ")
    assert read_document(tmp_path / verb) == document
    assert list((tmp_path / verb).glob("*.parquet"))
    text = CliRunner().invoke(main, [verb, *CALLS[verb], "--paths", "512"])
    assert text.exit_code == 0
    assert "512 paths, seed 1" in text.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare", FILE],
        ["compare", FILE, FILE, "--figure", "expected_loss(nobody)"],
        ["sweep", FILE, "--over", "opening.cash=1"],
        ["solve", FILE, "--vary", "cash", "--until", "pd(24) = 5%"],
        ["solve", FILE, "--vary", "cash", "--until", "pd(24) <= 5%", "--within", "ten"],
        ["solve", FILE, "--vary", "cash", "--until", "pd(24) <= 5%", "--within", "100%"],
        ["stress", FILE, "--shock", "nothing-of-the-kind"],
    ],
)
def test_what_is_asked_wrongly_ends_with_2(arguments: list[str]) -> None:
    found = CliRunner().invoke(main, [*arguments, "--paths", "64"])
    assert found.exit_code == 2, found.output
    assert "internal error" not in found.output


def test_successive_levels_need_successive_cash(minimal: Scenario) -> None:
    found = [
        simulator.solve(minimal, ["cash"], f"pd(24) <= {p}%", paths=1024)["levers"][0]["answer"] for p in (40, 20, 10)
    ]
    assert all(a < b for a, b in pairwise(found))
