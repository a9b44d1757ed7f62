"""The model once more, for one path, in plain Python floats: slow, obvious, and written from the pages, not from the engine.

MODEL.md and its conventions are the source; the number of the convention (C1 … C50) stands beside each rule. Random numbers
come from outside (`Draws`), so that a path of the engine can be lived again here and compared month by month.

The functions of `live` stand in the order of a month (C4); each subject has a file.
"""

from __future__ import annotations

from oracle import close, contracts, debt, drivers, exits, flows, funding, measure, operations, price
from oracle.opening import begin
from oracle.path import Draws, Lived
from simulator.scenario.model import Scenario

__all__ = ["Draws", "Lived", "live"]


def live(scenario: Scenario, draws: Draws) -> Lived:
    """A scenario without alternatives, or one branch of those."""
    p = begin(scenario, draws)
    for month in range(1, p.M + 1):
        p.m = month
        p.open_month()  # 1
        debt.permit_draws(p)
        drivers.move_regime(p)  # 2
        drivers.advance_revenue(p)  # 3
        drivers.strike_revenue(p)
        drivers.advance_cost_share(p)
        price.advance_price(p)
        drivers.advance_reference_rate(p)
        operations.bill(p)  # 4
        contracts.use(p)  # 5
        operations.buy_overflow(p)
        operations.collect(p)
        flows.pay_fixed_cost(p)  # 6
        contracts.hand_over_deposits(p)
        debt.accrue_interest(p)
        flows.levy_tax(p)
        exits.leave_late_deliveries(p)  # 7
        flows.act_by_policy(p)
        exits.give_notices(p)
        exits.renew_contracts(p)
        exits.fail_suppliers(p)
        flows.levy_tax(p)  # C40: with what the notices have made due
        funding.raise_money(p)  # 8
        contracts.settle_credit_and_deposits(p)
        debt.draw_loans(p)
        debt.serve_debt(p)
        close.close(p)  # 9
        measure.measure(p)
        p.running = p.running and not (p.end_month and p.stop_at_default)  # C12
    return measure.summary(p)
