"""The shipped deal as plain numbers and arrays: what somebody who writes the model by hand starts from.

Read from the compiled scenario, so that peers and engine price the same company. What the hand-written peers do not know how
to do (another scenario may ask for it) is refused here, not ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.quantities.number import Uncertain
from simulator.scenario.model import Scenario

Draws = dict[str, Any]  # name -> number, or array over paths


@dataclass(frozen=True)
class Company:
    months: int
    fixed: dict[str, float]
    uncertain: dict[str, tuple[str, Uncertain]]  # name -> (what draws with one uniform, law)
    contracts: tuple[str, ...]  # the first has exits, the others are to be paid to their end
    fees: Any  # (contracts, months + 1) before their level
    owed: Any  # (contracts, months + 1) fees after a month, to the contract's end
    owed_by: Any  # fees of the first contract up to and including a month
    destinations: Any  # (regimes, regimes) where a regime leads when it is left
    notices: tuple[int, int]  # months, of the buyer and of the supplier
    earliest: tuple[int, int]  # first month of notice
    end: int  # last month of the first contract
    one_offs: tuple[int, int]  # months
    offering: tuple[int, int]  # first and last month
    tranches: tuple[int, int]  # months

    def inputs(self, rng: np.random.Generator, paths: int) -> Draws:
        """Every number of the company, those drawn once a path as arrays: `uniform` is a draw for each group."""
        drawn: Draws = dict(self.fixed)
        uniforms: dict[str, Any] = {}
        values: dict[tuple[str, Uncertain], Any] = {}
        for name, (group, law) in self.uncertain.items():
            if group not in uniforms:
                uniforms[group] = rng.random(paths)
            if (group, law) not in values:  # the same number in another place
                values[group, law] = law.draw(uniforms[group])
            drawn[name] = values[group, law]
        return drawn


def read(scenario: Scenario) -> Company:
    """The company of `scenarios/anthropic-xai.toml`, or of a scenario that differs from it in numbers only."""
    start = scenario.calendar.start - 1
    months = scenario.calendar.months
    fixed: dict[str, float] = {}
    uncertain: dict[str, tuple[str, Uncertain]] = {}
    parts = {entry.name: entry for entry in scenario.entries}

    def put(name: str, key: str, value: Any) -> None:
        if isinstance(value, Uncertain):
            uncertain[name] = (value.stream(key), value)
        else:
            fixed[name] = float(value)

    def only(condition: bool, what: str) -> None:
        if not condition:
            raise ValueError(f"the hand-written peers do not know {what}")

    def part(name: str) -> Any:
        return parts[name].component

    put("cash", "opening.cash", scenario.opening.cash)
    put("interest", "treasury.interest", scenario.treasury.interest)
    put("floor", "default.floor", scenario.default.floor)
    put("cure", "default.cure", scenario.default.cure)
    only(
        scenario.default.late_interest == 0.0 and scenario.default.stop_at_default,
        "late interest or life after default",
    )
    only(scenario.recovery is not None, "a company without recovery")
    assert scenario.recovery is not None
    put("recovery", "recovery.unsecured", scenario.recovery.unsecured)
    put("recovery_secured", "recovery.secured", scenario.recovery.secured)

    revenue = part("revenue")
    only(revenue.volatility == 0.0 and revenue.growth_volatility == 0.0, "volatilities of revenue besides its noise")
    put("run_rate", "", revenue.run_rate)
    put("growth", "", revenue.growth)
    put("long_run_growth", "revenue.long_run_growth", revenue.long_run_growth)
    put("gap_decay", "", revenue.gap_decay)
    put("noise_sd", "revenue.noise.sd", revenue.noise.sd)
    put("persistence", "revenue.noise.persistence", revenue.noise.persistence)
    loss = parts["revenue"].attached["customer_loss"]
    put("loss_hazard", "revenue.customer_loss.hazard", loss.hazard)
    put("loss_size", "revenue.customer_loss.size", loss.size)

    operations = part("operations")
    only(operations.at_once, "customers that pay later")
    put("partner_share", "", operations.partner_share)
    put("variable_cost", "operations.variable_cost", operations.variable_cost)

    compute = part("compute")
    only(compute.overflow == "always" and compute.depth is None, "overflow that is not always bought")
    for key in ("start", "floor", "decay"):
        put(f"need_{key}", f"compute.need.{key}", getattr(compute.need, key))

    price = part("price")
    only(price.curve.drift_for is None and not price.curve.points, "forward curves that are not straight")
    put("price", "", price.curve.now)
    put("drift", "price.curve.drift", price.curve.drift)
    put("volatility", "", price.volatility)
    put("reversion", "price.reversion", price.reversion)
    dependence = scenario.dependence
    only(
        dependence is not None
        and dependence.shocks == ("revenue.noise", "price.deviation")
        and dependence.copula == "gaussian",
        "other dependence than of revenue and price",
    )
    assert dependence is not None
    put("correlation", "dependence.correlation.1.0", dependence.correlation[1][0])

    market = part("market")
    only(len(market.regimes) == 3 and market.initial is None, "markets of other than three regimes")
    leads = np.zeros((3, 3))
    for s, regime in enumerate(market.regimes):
        put(f"sojourn_{s}", f"market.sojourn.{s}", market.sojourn[s])
        weights = market.destinations[regime]
        for t, target in enumerate(market.regimes):
            leads[s, t] = float(weights.get(target, 0.0)) / sum(float(w) for w in weights.values())

    names = tuple(name.split(".", 1)[1] for name in parts if name.startswith("contracts."))
    fees, after = np.zeros((len(names), months + 1)), np.zeros((len(names), months + 1))
    for k, name in enumerate(names):
        contract = part(f"contracts.{name}")
        only(contract.escalator == 0.0 and not contract.steps and contract.capacity_value is None, "changing fees")
        only(contract.mitigation == 0.0 and contract.rank == 3 and not contract.amendments, "mitigation or other ranks")
        only(("exit" in parts[f"contracts.{name}"].attached) == (k == 0), "exits of other contracts than the first")
        put(f"scale_{k}", f"contracts.{name}.scale", contract.scale)
        resale = parts[f"contracts.{name}"].attached["resale"]
        put(f"haircut_{k}", f"contracts.{name}.resale.haircut", resale.haircut)
        first, last = (m - start for m in contract.term_or_none())
        monthly = np.zeros(max(months, last) + 1)
        for m in range(max(1, first), last + 1):
            amount = contract.fee if contract.schedule is None else contract.schedule.get(m + start, 0.0)
            monthly[m] = float(amount) * float(contract.ramp.get(m + start, 1.0))
        fees[k] = monthly[: months + 1]
        after[k] = (monthly.sum() - np.cumsum(monthly))[: months + 1]
        if k == 0:
            contract_end = last
            owed_by = np.cumsum(monthly)
            market_over_contract = contract.market_unit_price / contract.unit_price
            begins = first
    fixed["price_ratio"] = float(market_over_contract)
    leave = parts[f"contracts.{names[0]}"].attached["exit"]
    buyer, supplier, key = leave.buyer, leave.supplier, f"contracts.{names[0]}.exit"
    only(
        len(buyer.when) == 2
        and buyer.when[0].model_fields_set == {"price_ratio_below"}
        and buyer.when[1].model_fields_set == {"runway_below", "stranded"}
        and buyer.fee == 0.0
        and buyer.fee_share == 0.0
        and supplier.gamma == 1.0,
        "other rules of leaving",
    )
    put("ratio_below", f"{key}.buyer.when.0.price_ratio_below", buyer.when[0].price_ratio_below)
    put("runway_below", f"{key}.buyer.when.1.runway_below", buyer.when[1].runway_below)
    put("supplier_hazard", f"{key}.supplier.hazard", supplier.hazard)
    put("recall_share", f"{key}.supplier.recall.revenue_lost", supplier.recall.revenue_lost)
    put("recall_months", f"{key}.supplier.recall.months", supplier.recall.months)

    def months_of(days: float) -> int:
        return int(-(-days // 30.0))

    expense = part("flows.operating_expense")
    only(expense.start is None and expense.end is None and expense.indexed is None, "expenses that begin or end")
    put("expense", "", expense.amount)
    put("expense_growth", "flows.operating_expense.growth", expense.growth)
    settled, claimed = part("flows.bartz_settlement"), part("flows.publishers_claim")
    only(settled.probability == 1.0, "settlements that are not sure")
    fixed["settlement"], fixed["claim"] = float(settled.amount), float(claimed.amount)
    put("claim_probability", "flows.publishers_claim.probability", claimed.probability)

    rounds, ipo, line = part("financing.rounds"), part("financing.ipo"), part("financing.revolver")
    only(rounds.sought is None and rounds.multiple is None and rounds.growth is None and not rounds.lag, "other rounds")
    fixed["round_rate"] = 1.0 / float(rounds.every)
    for k, regime in enumerate(market.regimes):
        put(f"success_{k}", f"financing.rounds.success.{regime}", rounds.success[regime])
    size = rounds.size.number.law
    only(size.tag == "quantiles" and rounds.size.factor == 1.0, "rounds of another law of size")
    only(size.low == 0.0 and size.high == np.inf, "rounds that are bounded otherwise than by nought")
    fixed["size_centre"], (fixed["size_b"], fixed["size_c"]) = float(np.log(size.p50)), size.slopes
    only(ipo.shut == market.regimes[2], "offerings that wait in another regime than the last")
    put("ipo_proceeds", "financing.ipo.proceeds", ipo.proceeds)
    put("ipo_probability", "financing.ipo.probability", ipo.probability)
    only(line.spread is None and line.maturity is None and line.commitment_fee == 0.0, "lines that float or mature")
    fixed["limit"] = float(line.limit)
    put("line_rate", "financing.revolver.rate", line.rate)
    arrivals = []
    for name in ("amazon", "google"):
        tranche = part(f"financing.{name}_tranche")
        only(tranche.run_rate_above is None and tranche.delivered is None and tranche.delay == 0.0, "gates of tranches")
        fixed[f"{name}_amount"] = float(tranche.amount)
        put(f"{name}_probability", f"financing.{name}_tranche.probability", tranche.probability)
        arrivals.append(tranche.month - start)

    return Company(
        months,
        fixed,
        uncertain,
        names,
        fees,
        after,
        owed_by,
        leads,
        (months_of(buyer.notice), months_of(supplier.notice)),
        (begins + months_of(buyer.lock_in) - 1, begins + months_of(supplier.lock_in) - 1),
        contract_end,
        (settled.month - start, claimed.month - start),
        (ipo.first - start, ipo.last - start),
        (arrivals[0], arrivals[1]),
    )


class Outcome:
    """What a peer says of some paths, in the engine's names."""

    def __init__(self, columns: dict[str, Any], means: dict[tuple[str, str], Any], kept: dict[str, Any]) -> None:
        self.columns = columns  # by path
        self.means = means  # (contract, metric) -> (months + 1, 2): sum and sum of squares over paths
        self.kept = kept  # slot -> (months + 1, paths)
