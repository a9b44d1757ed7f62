"""A scenario in which nobody decides to leave a contract: what leaving is measured against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from simulator.components.exit_rules import SupplierRule
from simulator.scenario.model import Entry, Keep, Scenario

ENDINGS = ("renewal", "failure", "renegotiation")  # clauses that end or prolong a contract by other than a notice


def undecided(scenario: Scenario, steps: int) -> Scenario:
    """One branch that no default stops, to the contract's end; rules of other contracts that wait for training never hold."""
    calendar = scenario.calendar.model_copy(update={"months": steps})
    default = scenario.default.model_copy(update={"stop_at_default": False})
    plain = replace(scenario, calendar=calendar, default=default, keep=Keep(), branching=(), alternatives={})
    entries = tuple(_waiting_out(e) for e in plain.entries)
    return replace(plain, entries=entries)


def _waiting_out(entry: Entry) -> Entry:
    exit_: Any = entry.attached.get("exit")
    if exit_ is None:
        return entry
    parties = {}
    for side in ("buyer", "supplier"):
        party = getattr(exit_, side)
        if party is not None:
            kept = tuple(rule for rule in party.when if rule.optimal is None or "boundary" in rule.model_fields_set)
            parties[side] = party.model_copy(update={"when": kept})
    return entry._replace(attached={**entry.attached, "exit": exit_.model_copy(update=parties)})


def changed(scenario: Scenario, name: str, change: Callable[[Entry], Entry]) -> Scenario:
    entries = (change(e) if e.name == name else e for e in scenario.entries)
    return replace(scenario, entries=tuple(entries))


def to_the_end(entry: Entry) -> Entry:
    """The contract that nobody leaves, with the fee of leaving still reckoned."""
    exit_: Any = entry.attached["exit"]
    parties = {}
    if exit_.buyer is not None:
        parties["buyer"] = exit_.buyer.model_copy(update={"when": ()})
    if exit_.supplier is not None:
        parties["supplier"] = exit_.supplier.model_copy(update={"when": (), "hazard": 0.0})
    attached = {tag: part for tag, part in entry.attached.items() if tag not in ENDINGS}
    return entry._replace(attached={**attached, "exit": exit_.model_copy(update=parties)})


def nought(entry: Entry) -> Entry:
    """The contract without fee and capacity, which keeps its name for what refers to it."""
    lived: Any = entry.component
    worth = None if lived.capacity_value is None else 0.0
    component = lived.model_copy(update={"scale": 0.0, "capacity_value": worth})
    kept = to_the_end(entry)
    attached = {tag: part for tag, part in kept.attached.items() if tag in ("exit", "delivery")}
    return kept._replace(component=component, attached=attached)


def recalled(entry: Entry) -> Entry:
    """The contract at nought, and the supplier's recall in force from month 2 on."""
    gone = nought(entry)
    exit_: Any = gone.attached["exit"]
    rule = SupplierRule.model_construct(_fields_set={"price_ratio_above"}, price_ratio_above=0.0)
    recall = exit_.supplier.recall.model_copy(update={"months": 1e6})
    party = exit_.supplier.model_copy(update={"when": (rule,), "notice": 0.0, "lock_in": 0.0, "recall": recall})
    return gone._replace(attached={**gone.attached, "exit": exit_.model_copy(update={"supplier": party})})
