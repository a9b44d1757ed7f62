"""The engine against the slow, obvious one-path oracle, fed with the engine's own shocks: every account agrees.

Whole scenarios at random run in plain Python (tests/interpreted.py), so that none has to be compiled; tests/campaigns/oracle.py
runs hundreds of them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from agreement import compare_compiled, compare_interpreted, written
from companies import companies
from company import COMPANY
from hypothesis import given, settings

import simulator
from simulator.components.base import ATTACHED, discover

SCENARIOS = Path(__file__).parent.parent / "scenarios"


@pytest.mark.parametrize("seed", [1, 2])
def test_the_oracle_agrees_on_a_company_that_has_a_bit_of_everything(seed: int, tmp_path: Path) -> None:
    endings = compare_compiled(written(COMPANY + f"\n[run]\nseed = {seed}\n", tmp_path), lanes=48)
    assert len(endings) > 1


@pytest.mark.parametrize("name", ["anthropic-xai-expanded", "neocloud-tenant"])
def test_the_oracle_agrees_on_shipped_scenarios(name: str) -> None:
    compare_interpreted(simulator.load(SCENARIOS / f"{name}.toml"), range(4))


def test_the_oracle_agrees_on_the_shipped_deal_in_machine_code() -> None:
    compare_compiled(simulator.load(SCENARIOS / "anthropic-xai.toml"), lanes=24)


NEWER = """
[opening]
cash = "6B"
[treasury]
tax_rate = 0.2
[default]
debt_to_revenue = 0.3
debt_cure = "400 days"
[revenue]
type = "regime_switching"
regimes = ["boom", "slump"]
run_rate = "12B/yr"
growth = ["0.5 log/yr", "-0.3 log/yr"]
volatility = ["20 %/yr", "40 %/yr"]
generator = [["-1.5 /yr", "1.5 /yr"], ["3 /yr", "-3 /yr"]]
[revenue.market_growth]
growth = { open = "0.1 log/yr", shut = "-0.4 log/yr" }
[operations]
collections = [0.7, 0.3]
[operations.cost_share]
now = 0.1
long_run = 0.15
reversion = "0.8 /yr"
volatility = "45 %/yr"
volatility_decay = "1.5 /yr"
long_run_volatility = "5 %/yr"
[price]
type = "TYPE"
volatility = "40 %/yr"
reversion = "0.9 /yr"
[price.scarcity]
regimes = ["plenty", "tight", "short"]
initial = "tight"
generator = [["-1 /yr", "0.7 /yr", "0.3 /yr"], ["1 /yr", "-2.5 /yr", "1.5 /yr"], ["0 /yr", "4 /yr", "-4 /yr"]]
level = [0.0, 0.25, 0.6]
depth = { short = "0.05B/mo" }
[price.generations]
hazard = "90 %/yr"
size = { triangular = { low = 0.05, mode = 0.1, high = 0.3 } }
[price.launches.generations.next]
after = { p10 = "4 mo", p50 = "9 mo", p90 = "20 mo" }
size = { p10 = 0.1, p50 = 0.2, p90 = 0.3 }
[compute]
need = { start = 0.5, floor = 0.3, decay = "0.05 /mo" }
depth = { open = "0.4B/mo", shut = "0.15B/mo" }
[market]
regimes = ["open", "shut"]
generator = [["-1 /yr", "1 /yr"], ["2 /yr", "-2 /yr"]]
[contracts.gpu]
fee = "0.1B/mo"
start = "FIRST"
end = "LAST"
escalator = "8 %/yr"
unit_price = "5 $/GPU-h"
market_unit_price = "6 $/GPU-h"
[contracts.gpu.reopener]
every = "12 mo"
share = 0.5
[flows.working_capital]
type = "random"
direction = "in"
amount.open = { normal = { mean = "0M/mo", sd = "80M/mo" } }
amount.shut = { triangular = { low = "-120M/mo", mode = "-20M/mo", high = "10M/mo" } }
[flows.expense]
amount = "4.5B/yr"
growth = "20 %/yr"
[financing.loan]
type = "term_debt"
principal = "3B"
rate = "6 %/yr nominal"
maturity = "LAST"
[financing.rounds]
type = "priced_round"
every = "9 mo"
size = { lognormal = { p10 = "0.1B", p90 = "1B" } }
success = { open = 0.7, shut = 0.0 }
multiple = 3
growth = { sensitivity = 1.5, expected = "0.2 log/yr" }
[financing.ipo]
type = "offering"
proceeds = "2B"
probability = 0.9
first = "FIRST"
last = "FIRST"
lag = "3 mo"
multiple = 2
"""
IN_MONTHS = {"FIRST": "2026-11", "LAST": "2030-06", "TYPE": "forward_curve"}
IN_QUARTERS = {"FIRST": "2026-Q4", "LAST": "2030-Q2", "TYPE": "ornstein_uhlenbeck"}


@pytest.mark.parametrize(
    ("step", "words"), [("month", IN_MONTHS), ("quarter", IN_QUARTERS)], ids=["months", "quarters"]
)
def test_the_oracle_agrees_on_laws_of_scarcity_generations_and_market(
    step: str, words: dict[str, str], tmp_path: Path
) -> None:
    text = NEWER + f'[calendar]\nstart = "FIRST"\nstep = "{step}"\nmonths = 48\n[run]\nseed = 5\n'
    for word, value in words.items():
        text = text.replace(word, value)
    compare_interpreted(written(text, tmp_path), range(6))


@settings(max_examples=int(os.environ.get("SIMULATOR_ORACLE_EXAMPLES", "24")))
@given(text=companies())
def test_the_oracle_agrees_on_whole_scenarios_of_any_shape(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    compare_interpreted(written(text, tmp_path_factory.mktemp("oracle")), range(2))


QUARTERS = """
format = 1
[calendar]
start = "2026-Q4"
step = "quarter"
months = 24
[opening]
cash = "9B"
valuation = "30B"
[treasury]
interest = "4 %/yr"
[default]
cure = "90 days"
debt_to_revenue = 0.8
[revenue]
type = "mean_reverting_growth"
run_rate = "12B/yr"
growth = "0.2 log/yr"
long_run_growth = "0.05 log/yr"
gap_decay = "0.7 /yr"
growth_volatility = "10 %/yr"
volatility = "30 %/yr"
[operations]
collections = [0.5, 0.5]
[operations.cost_share]
now = 0.4
long_run = 0.2
reversion = "0.4 /yr"
volatility = "10 %/yr"
[price]
type = "forward_curve"
curve = { now = 1.0, drift = "-0.1 log/yr" }
volatility = "40 %/yr"
reversion = "0.8 /yr"
[price.scarcity]
regimes = ["plenty", "short"]
generator = [["-0.5 /yr", "0.5 /yr"], ["2 /yr", "-2 /yr"]]
level = [0.0, 0.3]
[market]
regimes = ["open", "shut"]
sojourn = ["18 mo", "9 mo"]
[contracts.gpu]
fee = "0.4B/mo"
start = "2026-Q4"
end = "2031-Q4"
escalator = "5 %/yr"
unit_price = "5 $/GPU-h"
market_unit_price = "5 $/GPU-h"
[contracts.gpu.exit]
buyer = { notice = "180 days", lock_in = "1 yr", when = [{ price_ratio_below = 0.8 }] }
[flows.expense]
amount = "7B/yr"
growth = "3 %/yr"
[financing.rounds]
type = "priced_round"
every = "9 mo"
size = { p10 = "1B", p50 = "2B", p90 = "5B" }
success = { open = 0.8, shut = 0.1 }
multiple = { open = 6, shut = 2 }
growth = { sensitivity = 2, expected = "0.1 log/yr" }
lag = "3 mo"
[financing.loan]
type = "term_debt"
principal = "6B"
rate = "8 %/yr nominal"
maturity = "2031-Q1"
"""


def test_the_oracle_agrees_on_steps_of_a_quarter(tmp_path: Path) -> None:
    """Escalator, growth over a year, multiples, the debt covenant and cash flow of a year are of four quarters."""
    file = tmp_path / "quarters.toml"
    file.write_text(QUARTERS)
    endings = compare_interpreted(simulator.load(file), range(12))
    assert len(endings) > 1


def test_the_oracle_knows_every_law_and_clause() -> None:
    """A component that is added has to be written down once more in tests/oracle."""
    from oracle.opening import CLAUSES, KNOWN

    assert {family: set(tags) for family, tags in discover().items()} == KNOWN
    assert {host: set(tags) for host, tags in ATTACHED.items()} == CLAUSES
