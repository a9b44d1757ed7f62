"""Small companies for tests of how paths are chosen and how sure figures are."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from simulator.scenario.load import from_resolved
from simulator.scenario.model import Scenario


def scenario(text: str, **run: Any) -> Scenario:
    """The scenario of a text, with other settings of [run] than its own."""
    data = tomllib.loads("format = 1\nname = 'sampled'\n" + text)
    return from_resolved(json.dumps({**data, "run": {**data.get("run", {}), **run}}))


# inputs, alternatives, a correlation table, events
SMALL = """
[calendar]
start = "2027-01"
months = 24
[inputs]
cash = { lognormal = { p10 = "1B", p90 = "4B" } }
[opening]
cash = { input = "cash" }
[revenue]
type = "geometric_brownian"
run_rate = "10B/yr"
growth = "0.1 log/yr"
volatility = "40 %/yr"
customer_loss = { hazard = "30 %/yr", size = 0.2 }
[price]
type = "forward_curve"
curve.now = 1.0
volatility = "40 %/yr"
[flows.expense]
amount = "11B/yr"
[dependence]
shocks = ["revenue.level", "price.deviation"]
correlation = [[1.0, 0.5], [0.5, 1.0]]
[alternatives.view.mild]
weight = 0.6
[alternatives.view.harsh]
weight = 0.4
[alternatives.view.harsh.flows.expense]
growth = "20 %/yr"
"""
