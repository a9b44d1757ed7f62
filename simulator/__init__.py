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
    from simulator.analysis.bands import bands
    from simulator.analysis.compare import compare
    from simulator.analysis.conditional import conditional
    from simulator.analysis.failures import failures
    from simulator.analysis.leaving import OptionValue, option
    from simulator.analysis.reweight import reweight
    from simulator.analysis.sensitivity import sensitivity
    from simulator.analysis.solve import solve
    from simulator.analysis.stresses import stress
    from simulator.analysis.sweep import sweep
    from simulator.auditing import Audit, audit
    from simulator.estimate.rare import Rare, RareError
    from simulator.estimate.weighted import Failing
    from simulator.growth import Growth, Result
    from simulator.precision import Precise, precise
    from simulator.rare_run import rare
    from simulator.report.page import write_report
    from simulator.report.questions import query
    from simulator.runner import Replay, load, replay, run
    from simulator.scenario.diagnostics import ScenarioError
    from simulator.scenario.model import Scenario
    from simulator.store.disk import StoreError

_HOMES = {
    "Audit": "simulator.auditing",
    "Failing": "simulator.estimate.weighted",
    "Growth": "simulator.growth",
    "OptionValue": "simulator.analysis.leaving",
    "Precise": "simulator.precision",
    "Rare": "simulator.estimate.rare",
    "RareError": "simulator.estimate.rare",
    "Replay": "simulator.runner",
    "Result": "simulator.growth",
    "Scenario": "simulator.scenario.model",
    "ScenarioError": "simulator.scenario.diagnostics",
    "StoreError": "simulator.store.disk",
    "audit": "simulator.auditing",
    "bands": "simulator.analysis.bands",
    "compare": "simulator.analysis.compare",
    "conditional": "simulator.analysis.conditional",
    "failures": "simulator.analysis.failures",
    "load": "simulator.runner",
    "option": "simulator.analysis.leaving",
    "precise": "simulator.precision",
    "query": "simulator.report.questions",
    "rare": "simulator.rare_run",
    "replay": "simulator.runner",
    "reweight": "simulator.analysis.reweight",
    "run": "simulator.runner",
    "sensitivity": "simulator.analysis.sensitivity",
    "solve": "simulator.analysis.solve",
    "stress": "simulator.analysis.stresses",
    "sweep": "simulator.analysis.sweep",
    "write_report": "simulator.report.page",
}
__all__ = [
    "Audit",
    "Failing",
    "Growth",
    "OptionValue",
    "Precise",
    "Rare",
    "RareError",
    "Replay",
    "Result",
    "Scenario",
    "ScenarioError",
    "StoreError",
    "audit",
    "bands",
    "compare",
    "conditional",
    "failures",
    "load",
    "option",
    "precise",
    "query",
    "rare",
    "replay",
    "reweight",
    "run",
    "sensitivity",
    "solve",
    "stress",
    "sweep",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Names are imported when they are used, so that the command's help starts at once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
