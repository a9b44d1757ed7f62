"""The right to leave a contract of a scenario: its value, its boundary, and as a rule inside a run."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import simulator
from simulator.analysis.leaving import OptionValue, option
from simulator.cli import main
from simulator.components.exit_rules import Optimal
from simulator.components.sides import BUYER, SUPPLIER
from simulator.engine.simulation import Simulation
from simulator.estimate.basis import Basis
from simulator.estimate.exercise import NEVER
from simulator.estimate.leaving import brought
from simulator.estimate.months import months_of
from simulator.estimate.training import ready, trained
from simulator.runner import replay, with_run
from simulator.verification.sources import Sources

EVIDENCE = Path(__file__).resolve().parent / "evidence" / "termination_option_ou"
FILE = EVIDENCE.with_suffix(".toml")
DERIVED = json.loads(EVIDENCE.with_suffix(".json").read_text(encoding="utf-8"))
EXACT = {check["name"]: check["expected"] * 1e6 for check in DERIVED["checks"]}
BOUNDARY = {row["name"]: row["value"] / 2.1 for row in DERIVED["references"]}
EQUAL = 'contracts.power.exit.supplier={ notice = "60 days" }'
BEST = "contracts.power.exit.buyer.when=[{ optimal = { paths = 2048 } }]"
SE = 4.0 / 1.959964


def half(e: Any) -> float:
    return SE * (e.high - e.low) / 2.0


@cache
def valued(*settings: str) -> OptionValue:
    return option(simulator.load(FILE, settings), paths=8192, training=Optimal(paths=8192))


@pytest.mark.parametrize(("days", "notice"), [(60, 2), (0, 0)])
def test_the_right_is_worth_what_backward_recursion_says(days: int, notice: int) -> None:
    found = valued(f"contracts.power.exit.buyer.notice={days} days")
    exact = EXACT[f"value_with_option_notice{notice}"] - EXACT["value_without_option"]
    assert found.kept[0].value == pytest.approx(EXACT["value_without_option"], abs=half(found.kept[0]))
    side = found.alone["buyer"]
    assert (side.notice, side.first) == (notice, 1)
    assert side.bounds.gap < 0.02
    for below in (side.bounds.lower, side.by_ratio):
        assert 0.99 * exact - half(below) < below.value < exact + half(below)
    assert exact - half(side.bounds.upper) < side.bounds.upper.value < 1.02 * exact
    by_month = {row["month"]: row["buyer_alone"] for row in found.boundary}
    for month in (6, 12, 18):
        assert by_month[month] == pytest.approx(BOUNDARY[f"boundary_P_{month}m_notice{notice}"], rel=0.05)
    assert set(by_month) == set(range(1, 24 - notice))


def test_a_run_at_the_best_moment_brings_that_value() -> None:
    found = valued("contracts.power.exit.buyer.notice=60 days")
    by_name = {rule.name: rule for rule in found.rules}
    assert by_name["nobody leaves"].buyer.value == by_name["as the file says"].buyer.value == 0.0
    best = by_name["the buyer at its best moment"]
    assert best.buyer.value == pytest.approx(found.alone["buyer"].by_ratio.value, abs=half(best.buyer))
    assert best.supplier.value == pytest.approx(-best.buyer.value, rel=1e-9)  # all that is paid for is needed
    assert 0.5 < best.left_by_buyer.value < 1.0
    assert best.left_by_supplier.value == 0.0


def test_two_equal_rights_leave_of_the_contract_its_notice() -> None:
    found = valued("contracts.power.exit.buyer.fee=0", EQUAL)
    together, first = found.together, months_of(found.scenario, "power", 0, 8192, 1)
    cut = -(first.discount * first.gain)[4:].sum(axis=0).mean()  # notice in month 1, months 2 and 3 still delivered
    assert together["buyer"].value == pytest.approx(-together["supplier"].value, rel=1e-9)
    assert together["buyer"].value == pytest.approx(cut, abs=20_000)
    assert found.left["buyer"].value + found.left["supplier"].value > 0.99
    both = next(rule for rule in found.rules if rule.name.startswith("both"))
    assert both.buyer.value == pytest.approx(cut, abs=20_000)
    for side, value in found.alone.items():
        assert value.bounds.gap < 0.02, side
        assert value.bounds.lower.value > 0.0


TENANT = """
format = 1
[calendar]
start = "2026-11"
months = 24
[opening]
cash = "1B"
[default]
stop_at_default = false
[revenue]
type = "geometric_brownian"
run_rate = "3B/yr"
growth = "0.1 log/yr"
volatility = "40 %/yr"
[revenue.customer_loss]
hazard = "20 %/yr"
size = "20 %"
[operations]
partner_share = "10 %"
[compute]
need = { start = 0.6, floor = 0.6, decay = "0 /mo" }
[price]
type = "forward_curve"
volatility = "70 %/yr"
reversion = "0.8 /yr"
[contracts.gpu]
fee = "80M/mo"
start = "2026-09"
end = "2028-10"
unit_price = "5 $/GPU-h"
market_unit_price = "4.5 $/GPU-h"
resale.haircut = "60 %"
[contracts.gpu.exit.buyer]
notice = "90 days"
lock_in = "120 days"
fee_share = "10 %"
[contracts.gpu.exit.supplier]
notice = "60 days"
recall = { revenue_lost = "15 %", months = "4 mo" }
[contracts.other]
fee = "60M/mo"
start = "2026-11"
end = "2030-10"
resale.haircut = "60 %"
"""


@pytest.mark.parametrize(
    "rule", ["buyer.when=[{ price_ratio_below = 0.8 }]", "supplier.when=[{ price_ratio_above = 1.1 }]"]
)
def test_what_leaving_brings_is_what_a_run_shows(rule: str, tmp_path: Path) -> None:
    """Path by path: operating flows of a run in which one side leaves, less those of a run in which nobody does."""
    file = tmp_path / "tenant.toml"
    file.write_text(TENANT)
    kept, left = (Simulation(simulator.load(file, s)) for s in ((), (f"contracts.gpu.exit.{rule}",)))
    accounts = [a for a in left.program.accounts if not a.slot.startswith("treasury.")]
    slots = [a.slot for a in accounts]
    there = left.run_chunk(0, 1024, slots)
    before = kept.run_chunk(0, 1024, slots).kept
    changed = sum((1.0 if a.claim is None else -1.0) * (there.kept[a.slot] - before[a.slot]) for a in accounts)
    month, side = (there.columns[f"gpu.notice_{x}"] for x in ("month", "side"))
    by_supplier, by_buyer = (np.where(side == code, month, NEVER).astype(np.int64) for code in (SUPPLIER, BUYER))
    assert 0.2 < ((by_buyer if rule.startswith("buyer") else by_supplier) != NEVER).mean() < 0.9
    months = months_of(kept.scenario, "gpu", 0, 1024, kept.seed)
    found = brought(months, by_supplier, by_buyer).to_buyer
    assert found == pytest.approx((months.discount * changed).sum(axis=0), rel=1e-9, abs=1.0)


def test_the_contract_is_valued_to_its_end_beyond_the_horizon() -> None:
    whole, cut = (months_of(simulator.load(FILE, s), "power", 0, 1024, 1) for s in ((), ("calendar.months=12",)))
    assert np.array_equal(whole.gain, cut.gain)
    assert np.array_equal(whole.ratio, cut.ratio)


UNSURE = 'price.curve={ now = 1.0, drift = { normal = { mean = "0 log/yr", sd = "0.3 log/yr" } } }'


def test_bounds_are_of_one_who_knows_the_inputs_and_others_have_less(tmp_path: Path) -> None:
    """A drift drawn once a path, a need that moves, two correlated shocks: the bounds know the drift, a real holder does not."""
    file = tmp_path / "tenant.toml"
    file.write_text(TENANT)
    found = option(simulator.load(file, (UNSURE,)), paths=2048, training=Optimal(paths=2048))
    assert found.inputs == ("price.curve.drift",)
    for side, v in found.alone.items():
        lower, upper = v.bounds
        assert lower.value - half(lower) < upper.value, side
        assert v.observed.value < lower.value + half(lower), side
        assert v.by_ratio.value < v.observed.value + half(v.observed), side
        assert v.bounds.gap < 0.15, side
        assert v.tight == (v.bounds.gap <= 0.02), side
    buyer = found.alone["buyer"]
    assert buyer.observed.value < buyer.bounds.lower.value  # to know the drift is worth something
    gains = {(d.play, d.side): d.gain for d in found.deviations}
    assert len(gains) == 4
    for gain in gains.values():
        assert gain.low <= gain.value <= gain.high
    worth = abs(found.together["buyer"].value) + abs(found.together["supplier"].value)
    for side in ("buyer", "supplier"):  # who looks more closely, and knows the inputs, finds little more
        assert gains["state", side].value < 0.05 * worth


def test_correlated_shocks_move_martingales_by_scores_that_are_independent(tmp_path: Path) -> None:
    file = tmp_path / "tenant.toml"
    file.write_text(
        TENANT + "[dependence]\nshocks = ['revenue.level', 'price.deviation']\ncorrelation = [[1], [0.8, 1]]\n"
    )
    months = months_of(simulator.load(file), "gpu", 0, 4096, 1)
    scores = Basis.of(months).news(months).more.scores  # type: ignore[union-attr]  # this basis has more
    assert {name for name in months.shocks if name.endswith(":z")} == {"revenue.level:z", "price.deviation:z"}
    for date in (1, 12):
        assert np.abs(scores[date].mean(axis=0)).max() < 5.0 / math.sqrt(4096)  # each has variance 1
    lost = months.chances["revenue.customer_loss.event"]
    assert lost == pytest.approx(1.0 - np.exp(-0.2 / 12.0), rel=1e-12)


# --- as a rule inside a run ----------------------------------------------------------------------------------------------


def test_an_optimal_rule_is_its_boundary_and_is_stored_with_the_run(tmp_path: Path) -> None:
    result = simulator.run(simulator.load(FILE, (BEST,)), paths=2048, out=tmp_path)
    assert result.folder is not None
    stored = json.loads((result.folder / "manifest.json").read_text())["trained"]
    by_month = stored["contracts.power"]["buyer"]
    written = ", ".join(f'"{label}" = {x}' for label, x in by_month.items())
    given = simulator.load(FILE, (f"contracts.power.exit.buyer.when=[{{ boundary = {{ {written} }} }}]",))
    same = simulator.run(given, paths=2048)
    for name in ("power.notice_month", "cash", "end_month"):
        assert np.array_equal(result.column(name), same.column(name))
    left = int(np.flatnonzero(result.column("power.notice_month"))[0])
    again = replay(result.folder, left)
    assert again.row["power.notice_month"] == result.column("power.notice_month")[left]
    assert again.row["cash"] == result.column("cash")[left]


def test_a_boundary_is_a_function_of_its_own_seed_and_of_no_other() -> None:
    plain = simulator.load(FILE, (BEST,))
    found = trained(ready(plain))
    assert found == trained(ready(plain)) == trained(ready(with_run(plain, 10, 77)))
    assert found != trained(ready(simulator.load(FILE, (BEST.replace("2048", "2048, seed = 2"),))))
    assert ready(plain, found) == ready(plain)
    assert trained(ready(simulator.load(FILE))) == {}


def test_a_measure_of_the_evidence_is_taken_under_the_trained_rule() -> None:
    text = "mean(column('power.notice_month'))"
    same = simulator.run(simulator.load(FILE, (BEST,)), paths=1024).column("power.notice_month")
    taken = Sources(simulator.load(FILE, (BEST,)), [text], 1024)
    assert np.array_equal(taken.values["column", ("power.notice_month",)], same)
    assert (same > 0).any()


def test_nobody_simulates_an_optimal_rule_untrained() -> None:
    with pytest.raises(ValueError, match="trained before"):
        Simulation(simulator.load(FILE, (BEST,)))


def test_a_supplier_leaves_above_its_ratio() -> None:
    rule = 'contracts.power.exit.supplier={ notice = "60 days", when = [{ price_ratio_above = 1.2 }] }'
    columns = simulator.run(simulator.load(FILE, (rule,)), paths=1024)
    kept = Simulation(simulator.load(FILE, (rule,))).run_chunk(0, 1024, ("contracts.power.exit.price_ratio",)).kept
    above = kept["contracts.power.exit.price_ratio"][1:22] > 1.2
    first = np.where(above.any(axis=0), above.argmax(axis=0) + 1, 0)
    assert np.array_equal(columns.column("power.notice_month"), first)


# --- what is refused -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (("contracts.power.unit_price=none", "contracts.power.exit.buyer.when=[{ optimal = {} }]"), "unit_price"),
        (("contracts.power.exit.buyer.when=[{ optimal = {}, price_ratio_below = 0.7 }]",), "two readings"),
        (("contracts.power.exit.buyer.when=[{ boundary = {} }]",), "holds in no month"),
        ((BEST, 'contracts.power.exit.buyer.notice={ uniform = { low = "30 days", high = "90 days" } }'), "certain"),
        (('contracts.power.exit.supplier={ notice = "60 days", when = [{}] }',), "empty rule"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(settings: tuple[str, ...], said: str) -> None:
    with pytest.raises(simulator.ScenarioError, match=said):
        simulator.load(FILE, settings)


def command(*arguments: object) -> Any:
    return CliRunner().invoke(main, ["option", *(str(a) for a in arguments)])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--contract", "other"), "no contract `other`"),
        (("--set", "contracts.power.exit=none"), "may be left"),
        (("--set", "contracts.power.unit_price=none"), "no price ratio"),
        (("--month", "99"), "beyond the horizon"),
    ],
)
def test_what_cannot_be_valued_is_said(arguments: tuple[str, ...], said: str) -> None:
    result = command(FILE, *arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_the_command_prints_its_document_and_writes_its_tables(tmp_path: Path) -> None:
    few = ("--paths", 1024, "--training-paths", 1024)
    result = command(FILE, *few, "--json", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["schema"] == 1
    assert document["order"] == "supplier first"
    assert json.loads((tmp_path / "document.json").read_text()) == document
    for name in ("kept", "alone", "rules", "pd", "boundary"):
        assert pq.read_table(tmp_path / f"{name}.parquet").to_pylist() == document[name]
    (alone,) = document["alone"]
    assert alone["lower_low"] < alone["lower"] < alone["lower_high"]
    assert {row["month"] for row in document["pd"]} == {24}
    text = command(FILE, *few)
    assert text.exit_code == 0, text.output
    assert all(len(line) <= 130 for line in text.stdout.splitlines())
    for word in ("at least", "at most", "gap", "nobody leaves", "alone", "buyer"):
        assert word in text.stdout
