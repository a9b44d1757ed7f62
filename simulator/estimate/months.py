"""What it is worth to leave a contract, on simulated paths of the scenario.

The contract runs to its end on every path (its rules, hazard, renewal and failure taken away, no default stops the path), beyond
the horizon if it ends later. What a month of it brings

    the buyer      its operating flows with the contract less those without it (the same paths once more, the contract at
                   nought): compute that need not be bought on the market, revenue that is served, what idle capacity is let for,
                   less the fee. Without [compute] nothing says what is bought instead: capacity value x I less the fee.
    the supplier   fee - capacity value x I x (1 - vacancy): what it gets less what it could let the capacity for.

Before tax and financing. A notice in month m keeps n months more; what follows them is lost, and the fee of leaving is paid.
After the supplier's notice has run out the buyer also loses what the recall takes of its operating flows (the same paths
with the contract at nought, without and with the recall).
Discounted from the end of each month at `treasury.discount_rate`, under the measure of the drivers as the scenario has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from simulator.components.base import PRICE, RUN_RATE, STRANDED, UNCOVERED, notice_months
from simulator.engine.build import Account
from simulator.engine.simulation import Simulation
from simulator.estimate.functions import Array, Bools
from simulator.estimate.undecided import changed, nought, recalled, to_the_end, undecided
from simulator.quantities.number import Uncertain
from simulator.scenario.model import Entry, Scenario

CHUNK = 4096  # paths at a time: what is kept of them is many rows by month
LONGEST = 600  # steps: of a horizon
FINANCING = ("financing.", "treasury.", "tax.")  # accounts of these are no operating flows
HIDDEN = (
    RUN_RATE,
    "revenue.noise_level",
    "revenue.growth_rate",
    "revenue.state",
    "price.short",
    "price.scarcity.state",
)
OPERATING = ("price.", "revenue.", "compute.", "operations.", "contracts.", "inputs.")  # inputs of these move the value
SMALL = 1e-6


class Terms(NamedTuple):
    """A side's right, in steps."""

    notice: int
    earliest: int  # first step in which notice may be given


@dataclass(frozen=True)
class Months:
    """A contract on simulated paths: arrays of shape (T + 1, paths), row = step, in dollars of the step unless said otherwise."""

    buyer: Terms | None
    supplier: Terms | None
    discount: Array  # (T + 1, 1)
    ratio: Array  # market price over the contract's
    last: Array  # last step that is delivered and due
    open: Bools  # whether it has not ended before its time (late delivery)
    gain: Array  # what the step brings the buyer
    let: Array  # what it brings the supplier
    fee: Array  # of leaving, if the buyer gives notice in this step
    fee_at_notice: bool
    recall: Array  # what a step of recall costs the buyer
    recall_steps: Array  # (paths,) how many follow a supplier's notice
    slack: Array  # need beyond the capacity of all contracts, in capacities of this one (arcsinh)
    hidden: dict[str, Array]
    shocks: dict[str, Array]  # as they are drawn: independent of each other and of all that came before
    read: dict[str, Array]  # the price's own, as it reads them: put together by the dependence table
    chances: dict[str, Array]  # (paths,): of the shocks that are events below a probability
    inputs: dict[str, Array]  # (paths,): what is drawn once a path and moves operating flows

    @property
    def paths(self) -> int:
        return int(self.ratio.shape[1])


def months_of(scenario: Scenario, contract: str, first: int, paths: int, seed: int) -> Months:
    """The paths first … first + paths - 1 of a seed, one branch of the scenario. Raises ValueError where notice or lock-in is no
    fixed number, or the contract has no exit or no price ratio."""
    entry = next((e for e in scenario.entries if e.name == f"contracts.{contract}"), None)
    complain(entry, contract)
    assert entry is not None
    name, lived = entry.name, entry.component
    plain = undecided(scenario, _horizon(scenario, lived))
    here = Simulation(changed(plain, name, to_the_end), seed)
    rows, flows = here.program.rows, _operating(here.program.accounts)
    bought = any(e.name == "compute" for e in scenario.entries)  # something says what would be bought instead
    exit_: Any = entry.attached["exit"]
    recalls = exit_.supplier is not None and exit_.supplier.recall is not None
    gone = Simulation(changed(plain, name, nought), seed) if bought or recalls else None
    recall = Simulation(changed(plain, name, recalled), seed) if recalls else None
    of_contract = [f"{name}.{x}" for x in ("due", "capacity", "last", "side", "fee_if_left", "exit.price_ratio")]
    company = [s for s in (UNCOVERED, STRANDED) if bought]
    named = [s for s in here.program.shocks if s.startswith(("price.", "revenue.", "dependence."))]
    given = scenario.shocks.monthly
    shocks = [f"{s}:z" if f"{s}:z" in rows else s for s in named if f"{s}:z" in rows or s not in given]
    read = [s for s in named if s.startswith("price.") and s not in given]
    wanted = [PRICE, *of_contract, *company, *(s for s in HIDDEN if s in rows), *shocks, *read]
    wanted = list(dict.fromkeys(wanted))
    found: dict[str, list[Array]] = {slot: [] for slot in (*wanted, "gain", "recall")}
    inputs: dict[str, list[Array]] = {}
    for begin in range(first, first + paths, CHUNK):
        count = min(CHUNK, first + paths - begin)
        chunk = here.run_chunk(begin, count, list(dict.fromkeys([*wanted, *flows])))
        gain = chunk.kept[f"{name}.capacity"] * chunk.kept[PRICE] - chunk.kept[f"{name}.due"]
        without = None if gone is None else _net_of(gone, begin, count)
        if bought and without is not None:
            gain = _net(chunk.kept, flows) - without
        found["gain"].append(gain)
        lost = np.zeros_like(gain)
        if recall is not None and without is not None:
            lost = without - _net_of(recall, begin, count)
        found["recall"].append(lost)
        for slot in wanted:
            found[slot].append(chunk.kept[slot].copy())
        for key, values in chunk.inputs.items():
            inputs.setdefault(key, []).append(values)
    by_slot = {slot: np.concatenate(parts, axis=1) for slot, parts in found.items()}
    drawn = {key: np.concatenate(parts) for key, parts in inputs.items()}
    return _months(scenario, entry, by_slot, drawn, shocks, read)


def complain(entry: Entry | None, contract: str) -> None:
    """Raise ValueError with what is missing to value a right to leave."""
    if entry is None:
        raise ValueError(f"there is no contract `{contract}` in the heaviest branch of this scenario")
    lived: Any = entry.component
    exit_: Any = entry.attached.get("exit")
    if exit_ is None:
        raise ValueError(f"nobody may leave {entry.name}: add [{entry.name}.exit.buyer] with a notice")
    if lived.unit_price is None or lived.market_unit_price is None:
        raise ValueError(f"{entry.name} has no price ratio: write unit_price and market_unit_price")
    for side in ("buyer", "supplier"):
        party = getattr(exit_, side)
        for key in ("notice", "lock_in") if party is not None else ():
            if isinstance(getattr(party, key), Uncertain):
                raise ValueError(
                    f"{entry.name}.exit.{side}.{key} is a distribution; fix it with --set to value the right"
                )


def _months(
    scenario: Scenario,
    entry: Entry,
    by_slot: dict[str, Array],
    drawn: dict[str, Array],
    shocks: Sequence[str],
    read: Sequence[str],
) -> Months:
    name, lived = entry.name, entry.component
    exit_: Any = entry.attached["exit"]
    steps, paths = by_slot[PRICE].shape

    def number(value: Any, key: str) -> Array:
        return drawn[key] if isinstance(value, Uncertain) else np.full(paths, float(value))

    start = _first(scenario, lived)
    due, capacity = by_slot[f"{name}.due"], by_slot[f"{name}.capacity"]
    vacancy = number(entry.attached["reletting"].vacancy, f"{name}.reletting.vacancy") if _relets(entry) else 0.0  # type: ignore[attr-defined]  # a clause, which mypy knows as a component
    slack = np.zeros_like(due)
    if UNCOVERED in by_slot:
        beyond = by_slot[UNCOVERED] - by_slot[STRANDED]
        slack = np.arcsinh(np.where(capacity > 0.0, beyond / np.where(capacity > 0.0, capacity, 1.0), 0.0))
    ratio = np.maximum(by_slot[f"{name}.exit.price_ratio"], SMALL)
    for rows in (by_slot["gain"], due, capacity, by_slot["recall"], slack):
        rows[0] = 0.0
    ratio[0] = 1.0
    chances = {}
    for e in scenario.entries:
        lost: Any = e.attached.get("customer_loss")
        if lost is not None and f"{e.name}.customer_loss.event" in shocks:
            hazard = number(lost.hazard, f"{e.name}.customer_loss.hazard")
            if (hazard > 0.0).all():
                chances[f"{e.name}.customer_loss.event"] = -np.expm1(-hazard / 12.0)
    recall_steps = np.zeros(paths)
    if exit_.supplier is not None and exit_.supplier.recall is not None:
        recall_steps = number(exit_.supplier.recall.months, f"{name}.exit.supplier.recall.months")
    return Months(
        buyer=_terms(exit_.buyer, start),
        supplier=_terms(exit_.supplier, start),
        discount=(1.0 + discount_rate(scenario)) ** -np.arange(steps, dtype=np.float64)[:, None],
        ratio=ratio,
        last=by_slot[f"{name}.last"],
        open=by_slot[f"{name}.side"] == 0.0,
        gain=by_slot["gain"],
        let=due - capacity * by_slot[PRICE] * (1.0 - vacancy),
        fee=by_slot[f"{name}.fee_if_left"],
        fee_at_notice=exit_.buyer is not None and exit_.buyer.fee_at == "notice",
        recall=by_slot["recall"],
        recall_steps=recall_steps,
        slack=slack,
        hidden={s: by_slot[s] for s in HIDDEN if s in by_slot},
        shocks={s: by_slot[s] for s in shocks},
        read={s: by_slot[s] for s in read},
        chances=chances,
        inputs={k: v for k, v in drawn.items() if k.startswith(OPERATING) and (v != v[0]).any()},
    )


def discount_rate(scenario: Scenario) -> float:
    """Per step; `interest` where no rate is given, at its mean where it is uncertain."""
    rate: Any = scenario.treasury.discount_rate
    rate = scenario.treasury.interest if rate is None else rate
    return float(rate.central()) if isinstance(rate, Uncertain) else float(rate)


def _terms(party: Any, start: int) -> Terms | None:
    if party is None:
        return None
    return Terms(int(notice_months(party.notice)), max(1, start + int(notice_months(party.lock_in)) - 1))


def _first(scenario: Scenario, contract: Any) -> int:
    return int(contract.term_or_none()[0]) - scenario.calendar.start + 1


def _horizon(scenario: Scenario, contract: Any) -> int:
    """To the last month that the contract may have on any path, beyond the horizon too."""
    ends = [contract.term_or_none()[1], *(x.end for x in contract.amendments.values() if x.end is not None)]
    return min(LONGEST, max(1, int(max(ends)) - scenario.calendar.start + 1))


def _relets(entry: Entry) -> bool:
    return "reletting" in entry.attached


# --- operating flows -----------------------------------------------------------------------------------------------------


def _operating(accounts: Iterable[Account]) -> dict[str, float]:
    """Slot -> sign of the operating flows, deposits and money raised left out."""
    found = {}
    for a in accounts:
        if a.shadow and a.burn and not a.funding and not f"{a.claim or a.slot}".startswith(FINANCING):
            found[a.slot] = 1.0 if a.claim is None else -1.0
    return found


def _net(kept: dict[str, Array], flows: dict[str, float]) -> Array:
    some = next(iter(kept.values()))
    total = np.zeros_like(some)
    for slot, sign in flows.items():
        total += sign * kept[slot]
    return total


def _net_of(simulation: Simulation, first: int, count: int) -> Array:
    flows = _operating(simulation.program.accounts)
    return _net(simulation.run_chunk(first, count, list(flows)).kept, flows)
