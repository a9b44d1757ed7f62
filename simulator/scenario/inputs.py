"""Shared inputs: `{ input = "name" }` becomes the distribution of [inputs], marked so that all its uses draw the same number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simulator.quantities.number import SHARED
from simulator.scenario.diagnostics import near
from simulator.scenario.resolve import Resolved
from simulator.scenario.source import Key


def share_inputs(resolved: Resolved) -> set[str]:
    """Put the distributions where they are used. Returns the names that are."""
    inputs = resolved.data.pop("inputs", {})
    used: set[str] = set()
    if not isinstance(inputs, dict):
        resolved.complain(
            "E010",
            ("inputs",),
            "[inputs] is a table of named distributions",
            "level = { p10 = 0.9, p50 = 1, p90 = 1.1 }",
        )
        return used

    def substitute(value: Any, at: Key) -> Any:
        if isinstance(value, list):
            return [substitute(v, (*at, k)) for k, v in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if set(value) != {"input"}:
            return {k: substitute(v, (*at, k)) for k, v in value.items()}
        name = value["input"]
        if not isinstance(name, str) or name not in inputs:
            hint = near(str(name), inputs)
            resolved.complain(
                "E015",
                (*at, "input"),
                f"there is no input `{name}`",
                f"did you mean `{hint}`?" if hint else "name it in [inputs]",
            )
            resolved.silenced.add(at)
            return value
        used.add(name)
        shared = inputs[name]
        resolved.shared[at] = ("inputs", name)
        return {**shared, SHARED: name} if isinstance(shared, dict) else shared

    resolved.data.update({key: substitute(value, (key,)) for key, value in resolved.data.items()})
    return used


def complain_of_unused(resolved: Resolved, used: Sequence[set[str]]) -> None:
    """A name of [inputs] that nothing uses, in no branch, is probably misspelt somewhere. One that came from the file that
    is extended may have lost its uses to the overrides."""
    inputs = resolved.data.get("inputs", {})
    for name in inputs if isinstance(inputs, dict) else ():
        inherited = resolved.origin(("inputs", name)).source is not resolved.main
        if not inherited and not any(name in names for names in used):
            resolved.complain(
                "E015",
                ("inputs", name),
                f"nothing uses the input `{name}`",
                f'write {{ input = "{name}" }} where a number stands',
            )
