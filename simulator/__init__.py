"""Monte Carlo scenario simulator: how long does the money last, how likely is default, and why.

    import simulator

    scenario = simulator.load("scenarios/anthropic-xai.toml")
    result = simulator.run(scenario, paths=100_000)
    result.pd(24)                      # (value, low, high) by month 24
    result.document["runway"]          # the same numbers as `simulator run --json`

Amounts are in dollars, months are numbers 1 … M, every estimate carries a 95 % interval. See MODEL.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.precision import Precise, precise
    from simulator.runner import Replay, Result, load, replay, run
    from simulator.scenario.diagnostics import ScenarioError
    from simulator.scenario.model import Scenario
    from simulator.store.folder import StoreError

_HOMES = {
    "Precise": "simulator.precision",
    "Replay": "simulator.runner",
    "Result": "simulator.runner",
    "Scenario": "simulator.scenario.model",
    "ScenarioError": "simulator.scenario.diagnostics",
    "StoreError": "simulator.store.folder",
    "load": "simulator.runner",
    "precise": "simulator.precision",
    "replay": "simulator.runner",
    "run": "simulator.runner",
}
__all__ = ["Precise", "Replay", "Result", "Scenario", "ScenarioError", "StoreError", "load", "precise", "replay", "run"]


def __getattr__(name: str) -> Any:
    """Names are imported when they are used, so that the command's help starts at once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
