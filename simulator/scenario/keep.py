"""Whether what [keep] asks for can be stored: the figures that there are by path and month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simulator.scenario.diagnostics import near
from simulator.scenario.model import Keep
from simulator.scenario.resolve import Resolved
from simulator.scenario.source import Key

FIGURES = {  # of the table `months` -> the table of the file without which there is none
    "cash": "opening",
    "liquidity": "opening",
    "shadow_cash": "opening",
    "alive": "opening",
    "drawn": "opening",
    "arrears": "opening",
    "receipts": "opening",
    "paid": "opening",
    "raised": "opening",
    "run_rate": "revenue",
    "price": "price",
    "revenue": "revenue",
    "compute_need": "compute",
    "overflow": "compute",
    "unserved": "compute",
}
OF_CONTRACT = ("due", "paid", "arrears", "capacity", "used", "stranded", "firm", "headline")


def figures(tables: Mapping[str, Any]) -> Iterable[str]:
    """What may stand in `trajectories`, given the tables of a file."""
    yield from (name for name, needed in FIGURES.items() if needed in tables)
    contracts = tables.get("contracts")
    for contract in contracts if isinstance(contracts, dict) else ():
        yield from (f"{contract}.{name}" for name in OF_CONTRACT)


def check_keep(r: Resolved, keep: Keep, tables: Mapping[str, Any]) -> None:
    """Complain of figures that there are not, or twice."""
    known = list(figures(tables))
    for k, name in enumerate(keep.trajectories):
        at: Key = ("keep", "trajectories", k)
        if name not in known:
            hint = near(name, known)
            words = f"did you mean `{hint}`?" if hint else "figures: " + ", ".join(known)
            r.complain("E015", at, f"there is no figure `{name}` by path and month", words)
        elif name in keep.trajectories[:k]:
            r.complain("E018", at, f"`{name}` is listed twice", "list it once")
    if "at" in keep.model_fields_set and not keep.trajectories:
        r.complain("E013", ("keep", "at"), "no trajectories are kept", 'write trajectories = ["cash"]')
