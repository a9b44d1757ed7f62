"""Companies that properties are tested on, and how two of them are compared path by path.

Two runs with the same seed draw the same numbers, so a comparison is of the same path in two worlds. The texts are few and every
number in them is fixed: settings change values and add clauses, the compiled laws are shared by all properties.
"""

from __future__ import annotations

import atexit
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import simulator
from simulator.engine.block import BLOCK, deterministic_path
from simulator.engine.simulation import Simulation
from simulator.scenario.model import Scenario

Array = npt.NDArray[np.float64]

# Nothing in it is triggered by a balance; about two paths of three end before the horizon.
LAB = """
name = "lab"
[calendar]
start = "2026-11"
months = 36
[opening]
cash = "4B"
[treasury]
interest = "3 %/yr"
target_cash = "0.3B"
[default]
floor = "0.4B"
cure = "30 days"
late_interest = "1 %/mo"
[revenue]
type = "mean_reverting_growth"
run_rate = "20B/yr"
growth = "0.02 log/mo"
long_run_growth = "0.005 log/mo"
gap_decay = "0.1 /mo"
volatility = "25 %/yr"
noise = { sd = 0.04, persistence = 0.5 }
[revenue.customer_loss]
hazard = "40 %/yr"
size = "10 %"
[operations]
partner_share = "5 %"
variable_cost = "3 %"
collections = [0.6, 0.4]
[compute]
need = { start = 0.5, floor = 0.4, decay = "0.05 /mo" }
overflow = "always"
depth = "0.6B/mo"
[price]
type = "forward_curve"
curve = { now = 1.0, drift = "-0.1 log/yr" }
volatility = "50 %/yr"
reversion = "0.8 /yr"
[contracts.big]
fee = "0.5B/mo"
start = "2026-06"
end = "2029-05"
capacity_value = "0.5B/mo"
unit_price = "5.27 $/GPU-h"
market_unit_price = "4.88 $/GPU-h"
[contracts.small]
fee = "0.2B/mo"
start = "2027-02"
end = "2028-12"
capacity_value = "0.2B/mo"
unit_price = "5 $/GPU-h"
market_unit_price = "5 $/GPU-h"
[contracts.small.resale]
haircut = "70 %"
[flows.expense]
amount = "12B/yr"
growth = "15 %/yr"
[flows.settlement]
type = "one_off"
amount = "0.8B"
month = "2027-03"
probability = 0.4
[flows.other]
type = "random"
direction = "in"
amount = { normal = { mean = "0M/mo", sd = "80M/mo" } }
[market]
regimes = ["open", "shut"]
sojourn = ["15 mo", "8 mo"]
[financing.rounds]
type = "priced_round"
every = "8 mo"
size = { uniform = { low = "0.5B", high = "2B" } }
success = { open = 0.8, shut = 0.1 }
lag = "2 mo"
[financing.line]
type = "revolver"
limit = "1B"
rate = "7 %/yr nominal"
commitment_fee = "0.5 %/yr nominal"
[financing.partner]
type = "tranche"
amount = "0.7B"
month = "2027-06"
probability = 0.7
[financing.listing]
type = "offering"
proceeds = "1.5B"
probability = 0.5
first = "2027-09"
last = "2028-02"
shut = "shut"
[dependence]
shocks = ["revenue.noise", "price.deviation"]
correlation = [[1.0], [0.4, 1.0]]
"""
BUYER = 'contracts.big.exit.buyer={ notice = "90 days", when = [{ price_ratio_below = 0.7 }] }'
SUPPLIER = (
    'contracts.small.exit.supplier={ notice = "60 days", hazard = "60 %/yr", '
    'recall = { revenue_lost = "10 %", months = "4 mo" } }'
)
UNTIL_THE_HORIZON = "default.stop_at_default=false"
MONEY = re.compile(r'"(-?[0-9.]+(?:e[0-9]+)?)([kMB](?:/mo|/yr)?)"')


@dataclass(frozen=True)
class Lives:
    """What the paths of a world did: columns by path, slots by month and path."""

    simulation: Simulation
    columns: Mapping[str, Array]
    inputs: Mapping[str, Array]
    kept: Mapping[str, Array]

    def __getitem__(self, name: str) -> Array:
        """A slot by month (months + 1, paths) if it was kept, else a column."""
        return self.kept[name] if name in self.kept else self.columns[name]

    @property
    def causes(self) -> npt.NDArray[np.str_]:
        """The ending of each path in words; its code depends on what else a scenario lists."""
        sentences = np.array([cause.sentence for cause in self.simulation.outline.causes])
        return sentences[self.columns["cause"].astype(int)]

    @property
    def ends(self) -> Array:
        """The month of the ending, inf beyond the horizon."""
        return np.where(self.columns["end_month"] == 0, np.inf, self.columns["end_month"])


FOLDER = tempfile.TemporaryDirectory(prefix="worlds-")
atexit.register(FOLDER.cleanup)


@cache
def _file(text: str) -> Path:
    file = Path(FOLDER.name) / f"world-{_file.cache_info().misses}.toml"
    file.write_text("format = 1\n" + text)
    return file


def world(*settings: str, text: str = LAB) -> Scenario:
    return simulator.load(_file(text), settings)


def live(*settings: str, keep: Sequence[str] = (), text: str = LAB, paths: int = BLOCK, every: bool = False) -> Lives:
    """Live `paths` paths; `every`: keep every slot."""
    simulation = Simulation(world(*settings, text=text))
    slots = tuple(s for s in simulation.program.rows if s[0] != "#") if every else tuple(keep)
    chunk = simulation.run_chunk(0, paths, slots)
    return Lives(simulation, chunk.columns, chunk.inputs, chunk.kept)


def still(*settings: str, text: str = LAB) -> dict[str, Array]:
    """The path without chance, in plain Python: slot -> months 0 … M."""
    return deterministic_path(world(*settings, text=text))


def alike(a: Lives, b: Lives, *, rtol: float = 0.0, atol: float = 0.0, without: Sequence[str] = ()) -> bool:
    """Whether every column and slot that both have is the same, path by path; rtol 0: to the last bit."""
    for one, other in ((a.columns, b.columns), (a.kept, b.kept)):
        for name in one:
            if name not in other or name in (*without, "cause"):
                continue
            close = np.array_equal(one[name], other[name], equal_nan=True) or (
                rtol > 0 and np.allclose(one[name], other[name], rtol=rtol, atol=atol, equal_nan=True)
            )
            assert close, name
    assert "cause" in without or np.array_equal(a.causes, b.causes)
    return True


def times(factor: float, text: str) -> str:
    """The text with every amount of dollars multiplied; exact where the product is (a power of two)."""
    return MONEY.sub(lambda m: f'"{factor * float(m[1])!r}{m[2]}"', text)


def upto(values: Array, last: Any) -> Array:
    """By month: the values of months 0 … `last` of each path, later ones as nought."""
    months = np.arange(values.shape[0])[:, None]
    return np.where(months <= last, values, 0.0)
