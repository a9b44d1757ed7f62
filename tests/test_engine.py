"""What must hold for any scenario, whatever the machine does: bits, books, and the shape of the answer."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from company import COMPANY

import simulator
from simulator.engine import jit
from simulator.engine.block import BLOCK, deterministic_path
from simulator.engine.executors import run as execute
from simulator.engine.ledger import NAN_CODE
from simulator.engine.simulation import CHUNK, Simulation
from simulator.runner import with_run
from simulator.scenario.model import Scenario
from simulator.store.folder import read_manifest, read_table

Write = Callable[[str], Scenario]
PATHS = CHUNK + 3 * BLOCK + 17


@pytest.fixture
def company(scenario: Write) -> Scenario:
    return scenario(COMPANY)


def same_columns(a: simulator.Result, b: simulator.Result, count: int) -> bool:
    return all(np.array_equal(a.column(name)[:count], b.column(name)[:count], equal_nan=True) for name in a.columns)


def test_results_do_not_depend_on_the_number_of_threads(company: Scenario, tmp_path: Path) -> None:
    runs = [simulator.run(company, paths=PATHS, threads=t, out=tmp_path / str(t)) for t in (1, 2, 3)]
    documents = [{k: v for k, v in r.document.items() if k not in ("seconds", "folder")} for r in runs]
    assert documents[0] == documents[1] == documents[2]
    for name in ("paths-000000.parquet", "months.parquet", "contracts.parquet"):
        files = [r.folder / name for r in runs if r.folder is not None]
        assert len({f.read_bytes() for f in files}) == 1


def test_a_chunk_does_not_depend_on_when_it_runs(company: Scenario) -> None:
    simulation = Simulation(company)
    tasks = [(first, BLOCK) for first in range(0, 4 * BLOCK, BLOCK)]
    forward = list(execute(lambda t: simulation.run_chunk(*t), tasks, 2))
    backward = list(execute(lambda t: simulation.run_chunk(*t), tasks[::-1], 1))[::-1]
    for a, b in zip(forward, backward, strict=True):
        assert all(np.array_equal(a.columns[name], b.columns[name]) for name in a.columns)
        assert all(
            np.array_equal(x, y) for s, t in zip(a.blocks, b.blocks, strict=True) for x, y in zip(s, t, strict=True)
        )


def test_a_run_is_the_first_paths_of_a_longer_run(company: Scenario) -> None:
    short, long = simulator.run(company, paths=BLOCK + 333), simulator.run(company, paths=3 * BLOCK)
    assert same_columns(short, long, BLOCK + 333)


def test_another_seed_gives_other_paths(company: Scenario) -> None:
    a, b = simulator.run(company, paths=BLOCK), simulator.run(company, paths=BLOCK, seed=2)
    assert not np.array_equal(a.column("cash"), b.column("cash"))


def test_the_books_close_on_every_path_and_month(company: Scenario) -> None:
    simulation = Simulation(company)
    slots = ["cash", "ledger.receipts", "ledger.draw", "ledger.paid", "ledger.repaid", "financing.line.drawn"]
    slots += [*simulation.program.flows, *(f"{c}.paid" for c in simulation.program.claims)]
    slots += [f"{c}.{x}" for c in simulation.program.claims for x in ("arrears", "late_interest")]
    kept = simulation.run_chunk(0, 4 * BLOCK, tuple(dict.fromkeys(slots))).kept
    largest = np.maximum(np.abs(kept["cash"]).max(axis=0), 1.0)

    def flow(slot: str) -> np.ndarray:
        return kept[slot][1:]

    opening, closing = kept["cash"][:-1], flow("cash")
    moved = flow("ledger.receipts") + flow("ledger.draw") - flow("ledger.paid") - flow("ledger.repaid")
    assert (np.abs(opening + moved - closing) / largest).max() <= 1e-9
    receipts = sum(flow(slot) for slot in simulation.program.receipts)
    assert (np.abs(receipts - flow("ledger.receipts")) / largest).max() <= 1e-9
    paid = sum(flow(f"{c}.paid") for c in simulation.program.claims)
    assert (np.abs(paid - flow("ledger.paid")) / largest).max() <= 1e-9
    line = kept["financing.line.drawn"]
    principal = flow("financing.line.principal")
    assert (
        np.abs(line[:-1] + flow("ledger.draw") - flow("ledger.repaid") - principal - line[1:]) / largest
    ).max() <= 1e-9
    for claim in simulation.program.claims:
        dues = sum(flow(a.slot) for a in accounts_of(simulation, claim))
        arrears = kept[f"{claim}.arrears"]
        owed = arrears[:-1] + flow(f"{claim}.late_interest") + dues
        assert (np.abs(owed - flow(f"{claim}.paid") - arrears[1:]) / largest).max() <= 1e-9
        assert (flow(f"{claim}.paid") <= owed * (1 + 1e-12) + 1e-6).all()


@pytest.mark.parametrize("sampling", ["plain", "sobol"])
def test_what_a_run_held_by_path_is_freed_with_its_result(company: Scenario, sampling: str) -> None:
    """Without the collector of cycles, which looks at how many objects there are and not at how large they are."""
    gc.collect()
    gc.disable()
    try:
        result = simulator.run(with_run(company, CHUNK, None, sampling))
        assert result.document["pd"]
        figures, summary = weakref.ref(result.figures), weakref.ref(result.figures.summary)
        del result
        assert figures() is None
        assert summary() is None
    finally:
        gc.enable()


def accounts_of(simulation: Simulation, claim: str) -> list:
    return [a for a in simulation.program.accounts if a.claim == claim]


def test_causes_add_up_to_the_default_probability_in_every_month(company: Scenario) -> None:
    result = simulator.run(company, paths=2 * BLOCK)
    last = -1.0
    for month in range(1, 61):
        counts = [count for count, _ in result.figures.causes(month).values()]
        assert sum(counts) == result.document["pd"][month - 1]["count"]
        assert result.document["pd"][month - 1]["value"] >= last
        last = result.document["pd"][month - 1]["value"]
    assert sum(c["count"] for c in result.document["causes"].values()) == result.document["pd"][-1]["count"] > 0


def test_replay_is_the_stored_path_bit_for_bit(company: Scenario, tmp_path: Path) -> None:
    result = simulator.run(company, paths=BLOCK + 500, out=tmp_path)
    assert result.folder is not None
    stored = read_table(result.folder, "paths").to_pydict()
    for path in (0, 1, 777, BLOCK, BLOCK + 499):
        again = simulator.replay(result.folder, path)
        for name, value in again.row.items():
            assert value == stored[name][path], name
        assert again.months["cash"][-1] == stored["cash"][path]
        assert again.ending == read_manifest(result.folder)["endings"][int(again.row["cause"])]


def test_a_path_that_is_not_there_cannot_be_replayed(company: Scenario, tmp_path: Path) -> None:
    result = simulator.run(company, paths=10, out=tmp_path)
    assert result.folder is not None
    with pytest.raises(IndexError, match="not one of 0 … 9"):
        simulator.replay(result.folder, 10)


def test_a_run_without_manifest_is_refused(company: Scenario, tmp_path: Path) -> None:
    result = simulator.run(company, paths=10, out=tmp_path)
    assert result.folder is not None
    (result.folder / "manifest.json").unlink()
    with pytest.raises(simulator.StoreError, match="no run was finished"):
        simulator.replay(result.folder, 0)


def test_adding_a_component_leaves_the_other_shocks_alone(scenario: Write) -> None:
    more = COMPANY.replace("[financing.rounds]", '[contracts.third]\nfee = "1M/mo"\nstart = "2026-12"\nend = "2027-05"\n'
                           '[contracts.third.exit.supplier]\nnotice = "30 days"\nhazard = "50 %/yr"\ngamma = 0.0\n'
                           '[flows.more]\ntype = "random"\namount = { uniform = { low = "0M/mo", high = "1M/mo" } }\n'
                           "[financing.rounds]")  # fmt: skip
    slots = ("revenue.run_rate", "price.index", "market.state", "flows.other.amount", "contracts.big.exit.supplier")
    a = Simulation(scenario(COMPANY)).run_chunk(0, BLOCK, slots)
    b = Simulation(scenario(more)).run_chunk(0, BLOCK, slots)
    for slot in slots:
        assert np.array_equal(a.kept[slot], b.kept[slot]), slot


def test_a_shock_appended_to_the_table_leaves_the_listed_ones_alone(scenario: Write) -> None:
    longer = COMPANY.replace('"revenue.customer_loss.event"]', '"revenue.customer_loss.event", "revenue.level"]')
    longer = longer.replace("[-0.3, 0.0, 1.0]]", "[-0.3, 0.0, 1.0], [0.2, 0.1, 0.0, 1.0]]")
    slots = ("revenue.noise", "price.deviation", "revenue.customer_loss.event")
    a = Simulation(scenario(COMPANY)).run_chunk(0, BLOCK, slots)
    b = Simulation(scenario(longer)).run_chunk(0, BLOCK, slots)
    assert all(np.array_equal(a.kept[slot], b.kept[slot]) for slot in slots)


CALM = """
[opening]
cash = "10B"
[treasury]
interest = "4 %/yr"
[default]
floor = "1B"
[revenue]
type = "mean_reverting_growth"
run_rate = "20B/yr"
growth = "0.02 log/mo"
long_run_growth = "-0.01 log/mo"
gap_decay = "0.1 /mo"
[compute]
need = { start = 0.5, floor = 0.4, decay = "0.05 /mo" }
[price]
type = "forward_curve"
curve = { drift = "-0.1 log/yr" }
[contracts.big]
fee = "0.5B/mo"
start = "2026-06"
end = "2029-05"
unit_price = "5.27 $/GPU-h"
market_unit_price = "4.88 $/GPU-h"
exit.buyer = { notice = "90 days", when = [{ price_ratio_below = 0.8 }] }
[flows.expense]
amount = "12B/yr"
[financing.line]
type = "revolver"
limit = "2B"
rate = "7 %/yr nominal"
"""


def test_without_chance_every_path_is_the_deterministic_path(scenario: Write) -> None:
    calm = scenario(CALM)
    path = deterministic_path(calm)
    simulation = Simulation(calm)
    slots = tuple(s for s in simulation.program.rows if not s.startswith("#"))
    kept = simulation.run_chunk(0, BLOCK, slots).kept
    for slot in slots:
        assert (kept[slot] == kept[slot][:, :1]).all(), slot
        np.testing.assert_allclose(kept[slot][:, 0], path[slot], rtol=1e-12, atol=1e-3, err_msg=slot)


def test_doubling_every_amount_doubles_every_amount(scenario: Write) -> None:
    import re

    doubled = re.sub(r'"(-?[0-9.]+)([MB])', lambda m: f'"{2 * float(m[1]):g}{m[2]}', COMPANY)
    a, b = (simulator.run(scenario(text), paths=2 * BLOCK) for text in (COMPANY, doubled))
    assert np.array_equal(a.column("end_month"), b.column("end_month"))
    assert np.array_equal(a.column("cause"), b.column("cause"))
    for name in ("cash", "peak_need", "shadow_cash", "big.paid", "raised"):
        np.testing.assert_allclose(2 * a.column(name), b.column(name), rtol=1e-9, atol=1.0)


PLAIN = COMPANY.replace('when = [{ price_ratio_below = 0.6 }, { runway_below = "9 mo", stranded = true }]', "")
PLAIN = PLAIN.replace('[contracts.big.resale]\nhaircut = "70 %"\n', "").replace('maturity = "2030-11"\n', "")
PLAIN = PLAIN.replace('hazard = { p10 = "5 %/yr", p50 = "15 %/yr", p90 = "30 %/yr" }', 'hazard = "0 %/yr"')


def ends(scenario: Scenario) -> np.ndarray:
    end = simulator.run(scenario, paths=4 * BLOCK).column("end_month")
    return np.where(end == 0, np.inf, end)


def test_more_opening_cash_never_brings_default_forward(scenario: Write) -> None:
    less = ends(scenario(PLAIN))
    more = ends(
        scenario(PLAIN.replace('{ p10 = "8B", p50 = "10B", p90 = "14B" }', '{ p10 = "9B", p50 = "11B", p90 = "15B" }'))
    )
    assert np.isfinite(less).any()
    assert (more >= less).all()


def test_a_higher_fee_for_the_same_capacity_never_helps(scenario: Write) -> None:
    text = PLAIN.replace('fee = "0.2B/mo"', 'fee = "0.2B/mo"\ncapacity_value = "0.2B/mo"')
    low, high = ends(scenario(text)), ends(scenario(text.replace('fee = "0.2B/mo"', 'fee = "0.3B/mo"')))
    assert (high <= low).all()
    assert (high < low).any()


def test_a_larger_free_line_never_raises_the_default_probability(scenario: Write) -> None:
    free = PLAIN.replace('rate = "7 %/yr nominal"\ncommitment_fee = "0.5 %/yr nominal"', 'rate = "0 %/yr"')
    small, large = ends(scenario(free)), ends(scenario(free.replace('limit = "2B"', 'limit = "3B"')))
    assert (large >= small).all()


def test_a_path_that_overflows_has_its_own_ending_and_enters_no_figure(scenario: Write) -> None:
    wild = """
[opening]
cash = "1B"
[revenue]
type = "geometric_brownian"
run_rate = "1B/yr"
volatility = "300 %/yr"
growth = { alternatives = [{ value = "0.1 log/yr", weight = 0.9 }, { value = "900 log/yr", weight = 0.1 }] }
[flows.expense]
amount = "1.5B/yr"
"""
    result = simulator.run(scenario(wild), paths=2 * BLOCK)
    broken = result.column("cause") == NAN_CODE
    assert 0 < broken.sum() == result.document["not_a_number"]
    assert result.figures.n == 2 * BLOCK - broken.sum()
    assert all(np.isfinite(row["mean"]) for row in result.document["cash"])
    assert sum(c["count"] for c in result.document["causes"].values()) == result.document["pd"][-1]["count"]


def test_a_second_simulation_compiles_nothing(company: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    Simulation(company)

    def refuse(*_: object) -> None:
        raise AssertionError("a loop was compiled again")

    monkeypatch.setattr(jit, "cache_folder", refuse)
    Simulation(company)


def test_the_scenario_of_a_manifest_is_the_scenario_of_the_run(company: Scenario, tmp_path: Path) -> None:
    from simulator.runner import from_manifest

    result = simulator.run(company, paths=5, seed=9, out=tmp_path)
    assert result.folder is not None
    again = from_manifest(read_manifest(result.folder))
    assert again.hash == result.scenario.hash
    assert again.entries == company.entries
