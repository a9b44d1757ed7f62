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
    endings = compare_interpreted(simulator.load(file), range(24))
    assert len(endings) > 1


def test_the_oracle_knows_every_law_and_clause() -> None:
    """A component that is added has to be written down once more in tests/oracle."""
    from oracle.opening import CLAUSES, KNOWN

    assert {family: set(tags) for family, tags in discover().items()} == KNOWN
    assert {host: set(tags) for host, tags in ATTACHED.items()} == CLAUSES
