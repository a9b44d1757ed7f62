"""No key of the language is dead: each, changed alone, changes what a run says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from company import COMPANY

import simulator
from simulator.components.base import Component
from simulator.engine.block import BLOCK
from simulator.engine.reduce import Summary
from simulator.engine.simulation import Simulation
from simulator.estimate.figures import Figures, questions
from simulator.estimate.training import ready
from simulator.runner import path_fields
from simulator.scenario import describe

TAIL = '[calendar]\nstart = "2026-11"\nmonths = 60\n'
MORE = """
[contracts.late]
fee = "0.1B/mo"
start = "2027-01"
end = "2029-12"
[contracts.late.delivery]
delay = "2.5 mo"
grace = "2 mo"
when_late = "shrink"
[contracts.late.amendments.more]
start = "2027-06"
fee = "0.12B/mo"
end = "2030-03"
probability = "50 %"
[contracts.late.prepayment]
share = "10 %"
credit_from = "2028-01"
credit_until = "2028-12"
[contracts.late.security]
deposit = "0.2B"
[financing.loan]
type = "term_debt"
principal = "1B"
rate = "8 %/yr nominal"
maturity = "2028-06"
repayment = "amortising"
first_repayment = "2027-02"
[flows.plan]
type = "schedule"
schedule = { "2027-01" = "20M/mo", "2027-02" = "30M/mo" }
"""
POOR = ("opening.cash=1.5B", "financing.rounds=none", "financing.listing=none", "financing.partner=none")
TRANCHE = '{ type = "tranche", amount = "1B", month = "2027-02" }'
EVENTS = 'flows.events={ type = "arrivals", rate = "2 /yr", amount = { uniform = { low = "10M", high = "90M" } } }'
FADING = ("revenue.volatility_decay=0.2 /yr", "revenue.long_run_growth_volatility=1 %/yr", "revenue.volatility=20 %/yr")
GBM = 'revenue={ type = "geometric_brownian", run_rate = "20B/yr", growth = "0.1 log/yr", volatility = "20 %/yr" }'
PLANNED = (
    'revenue={ type = "plan", plan = { "2027-01" = "20B/yr", "2028-01" = "25B/yr" }, volatility = "20 %/yr", '
    'reversion = "0.5 /yr" }'
)
OU = 'price={ type = "ornstein_uhlenbeck", now = 1.0, level = 0.8, volatility = "50 %/yr", reversion = "0.8 /yr" }'
POINTS = ('price.curve={ points = [{ month = "2027-11", index = 0.8 }] }', "price.curve.drift=none")
MATRIX = "[[0.9, 0.1, 0], [0.1, 0.8, 0.1], [0, 0.2, 0.8]]"
NO_TABLE = "dependence=none"
NO_SOJOURN = ("market.sojourn=none", "market.destinations=none")
GENERATOR = '[["-1 /yr", "0.8 /yr", "0.2 /yr"], ["1 /yr", "-1.5 /yr", "0.5 /yr"], ["0 /yr", "3 /yr", "-3 /yr"]]'
INTENSITIES = '[["-1 /yr", "1 /yr"], ["3 /yr", "-3 /yr"]]'
SCARCE = 'price.scarcity={ regimes = ["a", "b"], sojourn = ["9 mo", "5 mo"], level = [0.0, 0.4] }'
SCARCE_OF_THREE = (
    'price.scarcity={ regimes = ["a", "b", "c"], initial = "a", sojourn = ["9 mo", "6 mo", "4 mo"], level = [0.0, 0.4, 0.8], '
    "destinations = { a = { b = 0.7, c = 0.3 }, b = { a = 1.0 }, c = { a = 1.0 } } }"
)
COSTS = (
    "operations.variable_cost=none",
    'operations.cost_share={ now = "30 %", long_run = "10 %", reversion = "1 /yr", volatility = "6 %/yr", '
    'volatility_decay = "1 /yr", long_run_volatility = "2 %/yr" }',
)
GENERATIONS = 'price.generations={ hazard = "60 %/yr", size = "20 %" }'
LAUNCHED = (
    'price.launches.generations.x={ after = { uniform = { low = "2 mo", high = "9 mo" } }, '
    "size = { p10 = 0.1, p50 = 0.2, p90 = 0.3 } }"
)
# key -> (settings before, what is set in addition)
RECOVERY = "recovery={ unsecured = 0.4, secured = 0.7 }"
OTHER = 'flows.rent={ amount = "0.6B/yr", growth = "0.1 log/yr" }'
SAVINGS = (
    'policies.savings={ type = "cut_expense", flow = "expense", cut = "20 %", over = "4 mo", runway_below = "24 mo" }'
)
FREEZE = 'policies.freeze={ type = "freeze_expense", flow = "expense", runway_below = "24 mo" }'
SOUGHT = 'financing.rounds.sought={ runway_below = "18 mo" }'
INDEXED = 'contracts.big.indexation={ share = "40 %", lag = "3 mo", floor = 0.8, cap = 1.25 }'
REOPENED = 'contracts.big.reopener={ every = "6 mo", share = "50 %", up = "10 %", down = "10 %" }'
SERVED = 'contracts.big.service_credit={ availability = 0.97, target = "99 %", slope = 5.0, cap = "8 %" }'
VOLUMES = (
    "compute.need.floor=0.3",
    'contracts.small.take_or_pay={ minimum = "70 %", capacity = "0.3B/mo", make_up = "6 mo", carry_forward = "6 mo" }',
)
SWITCHING = (
    'revenue={ type = "regime_switching", run_rate = "20B/yr", regimes = ["a", "b"], sojourn = ["9 mo", "6 mo"], '
    'growth = ["0.3 log/yr", "-0.2 log/yr"], volatility = ["20 %/yr", "40 %/yr"] }'
)
THREE = (
    'revenue={ type = "regime_switching", run_rate = "20B/yr", regimes = ["a", "b", "c"], sojourn = ["9 mo", "6 mo", "4 mo"], '
    'growth = ["0.3 log/yr", "-0.2 log/yr", "0 log/yr"], volatility = ["20 %/yr", "40 %/yr", "30 %/yr"], '
    "destinations = { a = { b = 0.7, c = 0.3 }, b = { a = 1.0 }, c = { a = 1.0 } } }"
)
BY_MATRIX = (
    'revenue={ type = "regime_switching", run_rate = "20B/yr", regimes = ["a", "b"], monthly_matrix = [[0.9, 0.1], [0.2, 0.8]], '
    'growth = ["0.3 log/yr", "-0.2 log/yr"], volatility = ["20 %/yr", "40 %/yr"] }'
)
MERTON = '{ rate = "2 /yr", mean = -0.1, sd = 0.1 }'
KOU = '{ rate = "3 /yr", up_share = 0.4, up_mean = 0.05, down_mean = 0.1 }'
TWO = (
    'price={ type = "two_factor", now = 1.0, drift = "-0.1 log/yr", volatility = "50 %/yr", reversion = "1 /yr", '
    'long_volatility = "20 %/yr", correlation = 0.3 }'
)
TWO_POINTS = (NO_TABLE, TWO, "price.drift=none", 'price.points=[{ month = "2027-11", index = 0.8 }]')
CEILING = 'revenue={ type = "logistic", run_rate = "20B/yr", ceiling = "60B/yr", growth = "0.5 log/yr", volatility = "20 %/yr" }'
BOOTSTRAP = (
    'revenue={ type = "bootstrap", run_rate = "20B/yr", growth = ["0.05 log/mo", "-0.04 log/mo", "0.02 log/mo"], '
    'block = "2 mo" }'
)
RENEWED = (
    'contracts.mid={ fee = "0.1B/mo", start = "2026-11", end = "2027-12", unit_price = "5 $/GPU-h", '
    'market_unit_price = "4 $/GPU-h", renewal = { probability = "60 %", term = "12 mo" }, '
    'exit = { buyer = { notice = "60 days", when = [{ runway_below = "24 mo" }] } } }'
)
AGREED = 'contracts.small.renegotiation={ probability = "60 %", instalments = 6 }'
FAILING = 'contracts.late.failure={ hazard = "40 %/yr", recovery = "30 %", recall = { revenue_lost = "10 %", months = "4 mo" } }'
LATE = (
    *POOR,
    "default.floor=none",
    "default.cure=0",
    "contracts.small.rank=5",
)  # what is short is the small contract's
RELET = 'contracts.small.reletting={ vacancy = "20 %" }'
RATES = 'rates={ type = "vasicek", now = "0.4 %/mo", level = "0.3 %/mo", volatility = "1 %/yr", reversion = "0.3 /yr" }'
FLOATING = (RATES, "financing.loan.rate=none", "financing.loan.spread=4 %/yr nominal")
GIVEN = (
    'rates={ type = "path", path = { "2026-10" = "4 %/yr nominal", "2027-10" = "3 %/yr nominal" } }',
    *FLOATING[1:],
)
FLOATING_LINE = (RATES, *POOR, "financing.line.rate=none", "financing.line.spread=3 %/yr nominal")
REFINANCED = (*POOR, 'financing.loan.refinancing={ success = { open = 0.8, tight = 0.5, shut = 0.2 }, term = "12 mo" }')
PROLONGED = (
    *POOR,
    'financing.line={ type = "revolver", limit = "2B", drawn = "1B", rate = "7 %/yr nominal", maturity = "2027-03", '
    'renewal = { success = 0.7, term = "12 mo" } }',
)
CERTAIN = ("contracts.big.exit.buyer.notice=90 days",)  # as a best moment to leave needs
VALUED = ("financing.rounds.multiple=3",)
FAST = ("financing.rounds.growth={ sensitivity = 0.5, expected = '0.5 log/yr' }",)
T_TABLE = ("dependence.copula=t", "dependence.degrees_of_freedom=4")
INPUT_TABLE = 'dependence.inputs={ names = ["opening.cash", "price.volatility"], correlation = [[1], [0.5, 1]] }'
TOGGLES: dict[str, tuple[tuple[str, ...], str]] = {
    "calendar.start": ((), "calendar.start=2026-10"),
    "calendar.months": ((), "calendar.months=59"),
    "calendar.step": (
        (
            "contracts=none",
            "flows=none",
            "financing=none",
            "calendar.months=40",
            "dependence=none",
            "calendar.start=2026-11",
        ),
        'calendar={ start = "2026-Q4", step = "quarter", months = 40 }',
    ),
    "calendar.fiscal_year_start": ((), "calendar.fiscal_year_start=2"),
    "opening.cash": ((), "opening.cash=9B"),
    "opening.receivables": ((), "opening.receivables=1B"),
    "opening.arrears": ((), "opening.arrears=1B"),
    "opening.arrears_months": ((*POOR, "opening.cash=0.01B", "opening.arrears=5B"), "opening.arrears_months=0"),
    "opening.restricted_cash": ((), "opening.restricted_cash=1B"),
    "opening.restricted_until": (("opening.restricted_cash=1B",), "opening.restricted_until=2028-01"),
    "treasury.interest": ((), "treasury.interest=5 %/yr"),
    "treasury.target_cash": (POOR, "treasury.target_cash=3B"),
    "treasury.cash_flow_target": ((), "treasury.cash_flow_target=1B"),
    "treasury.discount_rate": (
        (*CERTAIN, "contracts.big.exit.buyer.when=[{ optimal = { paths = 1024 } }]"),
        "treasury.discount_rate=40 %/yr",
    ),
    "treasury.tax_rate": ((), "treasury.tax_rate=20 %"),
    "treasury.tax_losses": (("treasury.tax_rate=20 %",), "treasury.tax_losses=1B"),
    "price.two_factor.now": ((NO_TABLE, TWO), "price.now=1.1"),
    "price.two_factor.drift": ((NO_TABLE, TWO), "price.drift=-0.2 log/yr"),
    "price.two_factor.volatility": ((NO_TABLE, TWO), "price.volatility=60 %/yr"),
    "price.two_factor.reversion": ((NO_TABLE, TWO), "price.reversion=2 /yr"),
    "price.two_factor.long_volatility": ((NO_TABLE, TWO), "price.long_volatility=30 %/yr"),
    "price.two_factor.correlation": ((NO_TABLE, TWO), "price.correlation=-0.3"),
    "price.two_factor.drift_for": ((NO_TABLE, TWO), "price.drift_for=12 mo"),
    "price.two_factor.points.month": (TWO_POINTS, 'price.points=[{ month = "2027-12", index = 0.8 }]'),
    "price.two_factor.points.index": (TWO_POINTS, 'price.points=[{ month = "2027-11", index = 0.7 }]'),
    "price.scarcity.regimes": ((SCARCE_OF_THREE,), 'price.scarcity.regimes=["b", "a", "c"]'),
    "price.scarcity.initial": ((SCARCE,), "price.scarcity.initial=b"),
    "price.scarcity.sojourn": ((SCARCE,), 'price.scarcity.sojourn=["10 mo", "5 mo"]'),
    "price.scarcity.destinations": ((SCARCE_OF_THREE,), "price.scarcity.destinations.a={ b = 0.9, c = 0.1 }"),
    "price.scarcity.monthly_matrix": (
        (SCARCE, "price.scarcity.sojourn=none", "price.scarcity.monthly_matrix=[[0.9, 0.1], [0.2, 0.8]]"),
        "price.scarcity.monthly_matrix=[[0.8, 0.2], [0.2, 0.8]]",
    ),
    "price.scarcity.generator": (
        (SCARCE, "price.scarcity.sojourn=none", f"price.scarcity.generator={INTENSITIES}"),
        f"price.scarcity.generator={INTENSITIES.replace('1 /yr', '2 /yr')}",
    ),
    "price.scarcity.level": ((SCARCE,), "price.scarcity.level=[0.0, 0.5]"),
    "price.scarcity.depth": ((SCARCE,), 'price.scarcity.depth.b="0.1B/mo"'),
    "price.generations.hazard": ((GENERATIONS,), "price.generations.hazard=90 %/yr"),
    "price.generations.size": ((GENERATIONS,), "price.generations.size=30 %"),
    "price.launches.generations.after": (
        (LAUNCHED,),
        'price.launches.generations.x.after={ uniform = { low = "2 mo", high = "10 mo" } }',
    ),
    "price.launches.generations.size": ((LAUNCHED,), "price.launches.generations.x.size=30 %"),
    "revenue.logistic.run_rate": ((NO_TABLE, CEILING), "revenue.run_rate=21B/yr"),
    "revenue.logistic.ceiling": ((NO_TABLE, CEILING), "revenue.ceiling=50B/yr"),
    "revenue.logistic.growth": ((NO_TABLE, CEILING), "revenue.growth=0.6 log/yr"),
    "revenue.logistic.volatility": ((NO_TABLE, CEILING), "revenue.volatility=30 %/yr"),
    "revenue.bootstrap.run_rate": ((NO_TABLE, BOOTSTRAP), "revenue.run_rate=21B/yr"),
    "revenue.bootstrap.growth": ((NO_TABLE, BOOTSTRAP), 'revenue.growth=["0.05 log/mo", "-0.04 log/mo"]'),
    "revenue.bootstrap.block": ((NO_TABLE, BOOTSTRAP), "revenue.block=3 mo"),
    "default.floor": (POOR, "default.floor=2B"),
    "default.cure": (POOR, "default.cure=90 days"),
    "default.floor_cure": (POOR, "default.floor_cure=120 days"),
    "default.debt_to_revenue": ((), "default.debt_to_revenue=0.04"),
    "default.debt_cure": (("default.debt_to_revenue=0.04",), "default.debt_cure=120 days"),
    "default.late_interest": ((*POOR, "default.cure=180 days"), "default.late_interest=3 %/mo"),
    "default.stop_at_default": (POOR, "default.stop_at_default=false"),
    "dependence.shocks": ((), 'dependence.shocks=["revenue.level", "price.deviation", "revenue.customer_loss.event"]'),
    "dependence.correlation": ((), "dependence.correlation=[[1.0], [0.5, 1.0], [-0.3, 0.0, 1.0]]"),
    "dependence.copula": ((), 'dependence={ copula = "t", degrees_of_freedom = 4 }'),
    "dependence.degrees_of_freedom": (T_TABLE, "dependence.degrees_of_freedom=5"),
    "dependence.regimes": ((), "dependence.regimes.shut=[[1.0], [0.8, 1.0], [-0.3, 0.0, 1.0]]"),
    "dependence.inputs.names": (
        (INPUT_TABLE,),
        'dependence.inputs.names=["opening.cash", "contracts.big.fee"]',
    ),
    "dependence.inputs.correlation": ((INPUT_TABLE,), "dependence.inputs.correlation=[[1], [0.6, 1]]"),
    "recovery.unsecured": ((*POOR, RECOVERY), "recovery.unsecured=50 %"),
    "recovery.secured": ((*POOR, RECOVERY), "recovery.secured=80 %"),
    "contracts.contract.recovery": ((*POOR, RECOVERY), "contracts.small.recovery=60 %"),
    "contracts.security.guarantee": ((*POOR, RECOVERY), "contracts.late.security.guarantee=0.1B"),
    "shocks.monthly": ((), 'shocks.monthly={ "revenue.level" = { 2027-01 = -2.5 } }'),
    "shocks.once": ((), 'shocks.once={ "flows.settlement.event" = 0.0001 }'),
    "keep.inputs": (('opening.cash={ uniform = { low = "7B", high = "9B" } }',), "keep.inputs=false"),
    "keep.contracts": ((), "keep.contracts=false"),
    "keep.trajectories": ((), 'keep.trajectories=["cash"]'),
    "keep.at": (('keep.trajectories=["cash"]',), "keep.at=years"),
    "run.paths": ((), "run.paths=1000"),
    "run.seed": ((), "run.seed=2"),
    "run.estimator": (("run.paths=16384",), "run.estimator=controlled"),
    "run.sampling": (("run.paths=16384",), "run.sampling=antithetic"),
    "contracts.contract.fee": ((), "contracts.small.fee=0.21B/mo"),
    "contracts.contract.start": ((), "contracts.small.start=2027-03"),
    "contracts.contract.end": ((), "contracts.small.end=2028-12"),
    "contracts.contract.steps": ((), 'contracts.small.steps={ "2028-01" = "0.3B/mo" }'),
    "contracts.contract.ramp": ((), 'contracts.small.ramp={ "2027-02" = 0.5 }'),
    "contracts.contract.schedule": (
        (NO_TABLE, 'contracts.x={ schedule = { "2027-01" = "1B/mo" } }'),
        'contracts.x.schedule={ "2027-02" = "1B/mo" }',
    ),
    "contracts.contract.amendments.start": ((), "contracts.late.amendments.more.start=2027-07"),
    "contracts.contract.amendments.fee": ((), "contracts.late.amendments.more.fee=0.13B/mo"),
    "contracts.contract.amendments.change": (
        ('contracts.small.amendments.x={ start = "2028-01", change = "10M/mo" }',),
        "contracts.small.amendments.x.change=20M/mo",
    ),
    "contracts.contract.amendments.end": ((), "contracts.late.amendments.more.end=2030-02"),
    "contracts.contract.amendments.probability": ((), "contracts.late.amendments.more.probability=60 %"),
    "contracts.contract.scale": ((), "contracts.small.scale=1.1"),
    "contracts.contract.capacity_value": ((), "contracts.small.capacity_value=0.3B/mo"),
    "contracts.contract.unit_price": ((), "contracts.big.unit_price=6 $/GPU-h"),
    "contracts.contract.market_unit_price": ((), "contracts.big.market_unit_price=6 $/GPU-h"),
    "contracts.contract.rank": (POOR, "contracts.small.rank=5"),
    "contracts.contract.cure": ((*POOR, "default.floor=none"), "contracts.big.cure=180 days"),
    "contracts.contract.late_interest": ((*POOR, "default.cure=180 days"), "contracts.big.late_interest=3 %/mo"),
    "contracts.contract.mitigation": (POOR, "contracts.small.mitigation=50 %"),
    "contracts.contract.arrears": ((), "contracts.big.arrears=0.1B"),
    "contracts.contract.arrears_months": (
        (*POOR, "opening.cash=0.01B", "contracts.big.arrears=5B"),
        "contracts.big.arrears_months=0",
    ),
    "contracts.delivery.delay": ((), "contracts.late.delivery.delay=2.75 mo"),
    "contracts.delivery.grace": ((), "contracts.late.delivery.grace=3 mo"),
    "contracts.delivery.when_late": ((), "contracts.late.delivery.when_late=leave"),
    "contracts.exit.buyer.notice": ((), "contracts.big.exit.buyer.notice=150 days"),
    "contracts.exit.buyer.lock_in": ((), "contracts.big.exit.buyer.lock_in=360 days"),
    "contracts.exit.buyer.when.price_ratio_below": ((), "contracts.big.exit.buyer.when=[{ price_ratio_below = 0.7 }]"),
    "contracts.exit.buyer.when.boundary": (
        ('contracts.big.exit.buyer.when=[{ boundary = { "2027-06" = 0.8 } }]',),
        'contracts.big.exit.buyer.when=[{ boundary = { "2027-06" = 0.9 } }]',
    ),
    "contracts.exit.buyer.when.optimal.paths": (
        (*CERTAIN, "contracts.big.exit.buyer.when=[{ optimal = { paths = 1024 } }]"),
        "contracts.big.exit.buyer.when=[{ optimal = { paths = 1100 } }]",
    ),
    "contracts.exit.buyer.when.optimal.seed": (
        (*CERTAIN, "contracts.big.exit.buyer.when=[{ optimal = { paths = 1024 } }]"),
        "contracts.big.exit.buyer.when=[{ optimal = { paths = 1024, seed = 2 } }]",
    ),
    "contracts.exit.buyer.when.runway_below": (
        ('contracts.big.exit.buyer.when=[{ runway_below = "9 mo" }]',),
        'contracts.big.exit.buyer.when=[{ runway_below = "12 mo" }]',
    ),
    "contracts.exit.buyer.when.liquidity_below": (
        ('contracts.big.exit.buyer.when=[{ liquidity_below = "5B" }]',),
        'contracts.big.exit.buyer.when=[{ liquidity_below = "6B" }]',
    ),
    "contracts.exit.buyer.when.stranded": (
        ('contracts.big.exit.buyer.when=[{ liquidity_below = "50B" }]',),
        'contracts.big.exit.buyer.when=[{ liquidity_below = "50B", stranded = true }]',
    ),
    "contracts.exit.buyer.fee": ((), "contracts.big.exit.buyer.fee=0.2B"),
    "contracts.exit.buyer.fee_share": ((), "contracts.big.exit.buyer.fee_share=20 %"),
    "contracts.exit.buyer.fee_at": ((), "contracts.big.exit.buyer.fee_at=notice"),
    "contracts.exit.supplier.notice": ((), "contracts.big.exit.supplier.notice=180 days"),
    "contracts.exit.supplier.lock_in": ((), "contracts.big.exit.supplier.lock_in=720 days"),
    "contracts.exit.supplier.hazard": ((), "contracts.big.exit.supplier.hazard=30 %/yr"),
    "contracts.exit.supplier.when.price_ratio_above": (
        (),
        "contracts.big.exit.supplier.when=[{ price_ratio_above = 1.1 }]",
    ),
    "contracts.exit.supplier.when.boundary": (
        (),
        'contracts.big.exit.supplier.when=[{ boundary = { "2027-06" = 0.9 } }]',
    ),
    "contracts.exit.supplier.when.optimal.paths": (
        (*CERTAIN, "contracts.big.exit.supplier.when=[{ optimal = { paths = 1024 } }]"),
        "contracts.big.exit.supplier.when=[{ optimal = { paths = 1100 } }]",
    ),
    "contracts.exit.supplier.when.optimal.seed": (
        (*CERTAIN, "contracts.big.exit.supplier.when=[{ optimal = { paths = 1024 } }]"),
        "contracts.big.exit.supplier.when=[{ optimal = { paths = 1024, seed = 2 } }]",
    ),
    "contracts.exit.supplier.gamma": ((), "contracts.big.exit.supplier.gamma=3.0"),
    "contracts.exit.supplier.recall.revenue_lost": ((), "contracts.big.exit.supplier.recall.revenue_lost=20 %"),
    "contracts.exit.supplier.recall.months": ((), "contracts.big.exit.supplier.recall.months=6 mo"),
    "contracts.prepayment.share": ((), "contracts.late.prepayment.share=20 %"),
    "contracts.prepayment.opening_credit": (
        ('contracts.big.prepayment={ opening_credit = "1B" }',),
        "contracts.big.prepayment.opening_credit=2B",
    ),
    "contracts.prepayment.credit_from": ((), "contracts.late.prepayment.credit_from=2028-02"),
    "contracts.prepayment.credit_until": ((), "contracts.late.prepayment.credit_until=2029-01"),
    "contracts.contract.escalator": ((), "contracts.small.escalator=3 %/yr"),
    "contracts.indexation.share": ((INDEXED,), "contracts.big.indexation.share=50 %"),
    "contracts.indexation.lag": ((INDEXED,), "contracts.big.indexation.lag=2 mo"),
    "contracts.indexation.floor": ((INDEXED,), "contracts.big.indexation.floor=0.9"),
    "contracts.indexation.cap": ((INDEXED,), "contracts.big.indexation.cap=1.1"),
    "contracts.reopener.every": ((REOPENED,), "contracts.big.reopener.every=5 mo"),
    "contracts.reopener.share": ((REOPENED,), "contracts.big.reopener.share=20 %"),
    "contracts.reopener.up": ((REOPENED,), "contracts.big.reopener.up=20 %"),
    "contracts.reopener.down": ((REOPENED,), "contracts.big.reopener.down=20 %"),
    "contracts.service_credit.availability": ((SERVED,), "contracts.big.service_credit.availability=0.98"),
    "contracts.service_credit.target": ((SERVED,), "contracts.big.service_credit.target=98 %"),
    "contracts.service_credit.slope": ((SERVED,), "contracts.big.service_credit.slope=2.0"),
    "contracts.service_credit.cap": ((SERVED,), "contracts.big.service_credit.cap=1 %"),
    "contracts.take_or_pay.minimum": (VOLUMES, "contracts.small.take_or_pay.minimum=80 %"),
    "contracts.take_or_pay.capacity": (VOLUMES, "contracts.small.take_or_pay.capacity=0.25B/mo"),
    "contracts.take_or_pay.make_up": (VOLUMES, "contracts.small.take_or_pay.make_up=12 mo"),
    "contracts.take_or_pay.carry_forward": (VOLUMES, "contracts.small.take_or_pay.carry_forward=0 mo"),
    "policies.cut_expense.flow": ((OTHER, SAVINGS), "policies.savings.flow=rent"),
    "policies.cut_expense.cut": ((SAVINGS,), "policies.savings.cut=30 %"),
    "policies.cut_expense.over": ((SAVINGS,), "policies.savings.over=2 mo"),
    "policies.cut_expense.runway_below": ((SAVINGS,), "policies.savings.runway_below=30 mo"),
    "policies.cut_expense.liquidity_below": ((SAVINGS,), "policies.savings.liquidity_below=9B"),
    "policies.freeze_expense.flow": ((OTHER, FREEZE), "policies.freeze.flow=rent"),
    "policies.freeze_expense.runway_below": ((FREEZE,), "policies.freeze.runway_below=30 mo"),
    "policies.freeze_expense.liquidity_below": ((FREEZE,), "policies.freeze.liquidity_below=9B"),
    "financing.priced_round.sought.pause": ((SOUGHT,), "financing.rounds.sought.pause=9 mo"),
    "financing.priced_round.sought.runway_below": ((SOUGHT,), "financing.rounds.sought.runway_below=30 mo"),
    "financing.priced_round.sought.liquidity_below": ((SOUGHT,), "financing.rounds.sought.liquidity_below=9B"),
    "contracts.renewal.probability": ((RENEWED,), "contracts.mid.renewal.probability=70 %"),
    "contracts.renewal.term": ((RENEWED,), "contracts.mid.renewal.term=18 mo"),
    "contracts.renewal.share": ((RENEWED,), "contracts.mid.renewal.share=1.1"),
    "contracts.renewal.lock_in": ((RENEWED,), "contracts.mid.renewal.lock_in=180 days"),
    "contracts.renegotiation.probability": ((*LATE, AGREED), "contracts.small.renegotiation.probability=90 %"),
    "contracts.renegotiation.instalments": ((*LATE, AGREED), "contracts.small.renegotiation.instalments=12"),
    "contracts.failure.hazard": ((FAILING,), "contracts.late.failure.hazard=50 %/yr"),
    "contracts.failure.recovery": ((FAILING,), "contracts.late.failure.recovery=40 %"),
    "contracts.failure.recall.revenue_lost": ((FAILING,), "contracts.late.failure.recall.revenue_lost=20 %"),
    "contracts.failure.recall.months": ((FAILING,), "contracts.late.failure.recall.months=6 mo"),
    "contracts.reletting.vacancy": ((*POOR, RELET), "contracts.small.reletting.vacancy=40 %"),
    "contracts.resale.haircut": ((), "contracts.big.resale.haircut=60 %"),
    "contracts.security.deposit": ((), "contracts.late.security.deposit=0.3B"),
    "financing.offering.proceeds": ((), "financing.listing.proceeds=4B"),
    "financing.offering.probability": ((), "financing.listing.probability=0.6"),
    "financing.offering.first": ((), "financing.listing.first=2027-02"),
    "financing.offering.last": ((), "financing.listing.last=2027-08"),
    "financing.offering.lag": ((), "financing.listing.lag=2 mo"),
    "financing.offering.shut": ((), "financing.listing.shut=tight"),
    "financing.offering.valuation": ((), "financing.listing.valuation=50B"),
    "financing.offering.multiple": ((), "financing.listing.multiple={ open = 3, tight = 2, shut = 1 }"),
    "financing.priced_round.multiple": ((), "financing.rounds.multiple=3"),
    "financing.priced_round.growth.sensitivity": (FAST, "financing.rounds.growth.sensitivity=1.5"),
    "financing.priced_round.growth.expected": (FAST, "financing.rounds.growth.expected=0.1 log/yr"),
    "opening.valuation": (VALUED, "opening.valuation=500B"),
    "financing.revolver.spread": (FLOATING_LINE, "financing.line.spread=5 %/yr nominal"),
    "financing.revolver.reference_floor": (FLOATING_LINE, "financing.line.reference_floor=4 %/yr nominal"),
    "financing.revolver.renewal.success": (
        PROLONGED,
        "financing.line.renewal.success={ open = 0.9, tight = 0.5, shut = 0 }",
    ),
    "financing.revolver.renewal.term": (PROLONGED, "financing.line.renewal.term=18 mo"),
    "financing.revolver.renewal.rate": (PROLONGED, "financing.line.renewal.rate=9 %/yr nominal"),
    "financing.revolver.renewal.spread": ((RATES, *PROLONGED), "financing.line.renewal.spread=9 %/yr nominal"),
    "financing.term_debt.spread": (FLOATING, "financing.loan.spread=5 %/yr nominal"),
    "financing.term_debt.reference_floor": (FLOATING, "financing.loan.reference_floor=4 %/yr nominal"),
    "financing.term_debt.refinancing.success": (REFINANCED, "financing.loan.refinancing.success=0.9"),
    "financing.term_debt.refinancing.term": (REFINANCED, "financing.loan.refinancing.term=6 mo"),
    "financing.term_debt.refinancing.rate": (
        REFINANCED,
        'financing.loan.refinancing.rate={ open = "8 %/yr nominal", tight = "11 %/yr nominal", shut = "15 %/yr nominal" }',
    ),
    "financing.term_debt.refinancing.spread": (
        (RATES, *REFINANCED),
        "financing.loan.refinancing.spread=9 %/yr nominal",
    ),
    "rates.vasicek.now": (FLOATING, "rates.now=5 %/yr nominal"),
    "rates.vasicek.level": (FLOATING, "rates.level=4 %/yr nominal"),
    "rates.vasicek.volatility": (FLOATING, "rates.volatility=2 %/yr"),
    "rates.vasicek.reversion": (FLOATING, "rates.reversion=1 /yr"),
    "rates.path.path": (GIVEN, 'rates.path={ "2026-10" = "5 %/yr nominal" }'),
    "rates.path.shift": (GIVEN, "rates.shift=1 %/yr nominal"),
    "financing.priced_round.every": ((), "financing.rounds.every=8 mo"),
    "financing.priced_round.arrival": ((), "financing.rounds.arrival=bernoulli"),
    "financing.priced_round.size": ((), 'financing.rounds.size={ lognormal = { p10 = "0.5B", p90 = "4B" } }'),
    "financing.priced_round.success": ((), "financing.rounds.success={ open = 0.8, tight = 0.5, shut = 0.0 }"),
    "financing.priced_round.lag": ((), "financing.rounds.lag=3 mo"),
    "financing.priced_round.first": ((), "financing.rounds.first=2027-08"),
    "financing.revolver.limit": (POOR, "financing.line.limit=3B"),
    "financing.revolver.drawn": ((), "financing.line.drawn=0.5B"),
    "financing.revolver.rate": (POOR, "financing.line.rate=9 %/yr nominal"),
    "financing.revolver.commitment_fee": ((), "financing.line.commitment_fee=1 %/yr nominal"),
    "financing.revolver.maturity": ((), "financing.line.maturity=2028-11"),
    "financing.revolver.draw_stop": (
        (*POOR, "default.floor=2B", "default.floor_cure=360 days"),
        "financing.line.draw_stop=false",
    ),
    "financing.revolver.rank": (POOR, "financing.line.rank=5"),
    "financing.revolver.cure": ((*POOR, "financing.line.rank=5"), "financing.line.cure=360 days"),
    "financing.revolver.late_interest": (
        (*POOR, "financing.line.rank=5", "default.cure=180 days"),
        "financing.line.late_interest=5 %/mo",
    ),
    "financing.term_debt.principal": ((), "financing.loan.principal=1.1B"),
    "financing.term_debt.maturity": ((), "financing.loan.maturity=2028-07"),
    "financing.term_debt.rate": ((), "financing.loan.rate=9 %/yr nominal"),
    "financing.term_debt.drawn": ((), "financing.loan.drawn=2026-12"),
    "financing.term_debt.repayment": (("financing.loan.first_repayment=none",), "financing.loan.repayment=bullet"),
    "financing.term_debt.first_repayment": ((), "financing.loan.first_repayment=2027-03"),
    "financing.term_debt.rank": (POOR, "financing.loan.rank=2"),
    "financing.term_debt.cure": (
        (
            *POOR,
            "default.floor=none",
            "financing.loan.rank=5",
            "financing.loan.principal=50B",
            "financing.loan.first_repayment=2028-06",
        ),
        "financing.loan.cure=360 days",
    ),
    "financing.term_debt.late_interest": (
        (*POOR, "default.cure=180 days", "default.stop_at_default=false"),
        "financing.loan.late_interest=5 %/mo",
    ),
    "financing.tranche.amount": ((), "financing.partner.amount=2B"),
    "financing.tranche.month": ((), "financing.partner.month=2027-07"),
    "financing.tranche.run_rate_above": ((), "financing.partner.run_rate_above=24B/yr"),
    "financing.tranche.delivered": (
        ('contracts.late.delivery={ delay = "9.5 mo" }', f"financing.partner={TRANCHE}"),
        "financing.partner.delivered=late",
    ),
    "financing.tranche.delay": ((), "financing.partner.delay=2.5 mo"),
    "financing.tranche.probability": ((), "financing.partner.probability=0.8"),
    "flows.one_off.amount": ((), "flows.settlement.amount=0.9B"),
    "flows.one_off.month": ((), "flows.settlement.month=2027-04"),
    "flows.one_off.probability": ((), "flows.settlement.probability=0.5"),
    "flows.one_off.direction": ((), "flows.settlement.direction=in"),
    "flows.arrivals.rate": ((EVENTS,), "flows.events.rate=3 /yr"),
    "flows.arrivals.amount": ((EVENTS,), 'flows.events.amount={ uniform = { low = "10M", high = "150M" } }'),
    "flows.arrivals.compensated": ((EVENTS,), "flows.events.compensated=true"),
    "flows.arrivals.start": ((EVENTS,), "flows.events.start=2027-06"),
    "flows.arrivals.end": ((EVENTS,), "flows.events.end=2028-06"),
    "flows.arrivals.direction": ((EVENTS,), "flows.events.direction=in"),
    "flows.random.amount": ((), 'flows.other.amount={ normal = { mean = "0M/mo", sd = "90M/mo" } }'),
    "flows.random.start": ((), "flows.other.start=2027-01"),
    "flows.random.end": ((), "flows.other.end=2028-01"),
    "flows.random.direction": ((), "flows.other.direction=out"),
    "flows.recurring.amount": ((), "flows.expense.amount=5.1B/yr"),
    "flows.recurring.growth": ((), "flows.expense.growth=0.16 log/yr"),
    "flows.recurring.start": ((), "flows.expense.start=2026-12"),
    "flows.recurring.end": ((), "flows.expense.end=2030-12"),
    "flows.recurring.direction": ((), "flows.expense.direction=in"),
    "flows.recurring.indexed": ((), "flows.expense.indexed=price"),
    "flows.schedule.schedule": ((), 'flows.plan.schedule={ "2027-01" = "21M/mo" }'),
    "flows.schedule.scale": ((), "flows.plan.scale=1.1"),
    "flows.schedule.direction": ((), "flows.plan.direction=in"),
    "flows.schedule.indexed": ((), "flows.plan.indexed=price"),
    "market.regimes.regimes": ((), 'market.regimes=["open", "shut", "tight"]'),
    "market.regimes.initial": ((), "market.initial=shut"),
    "market.regimes.sojourn": ((), 'market.sojourn=["12 mo", "9 mo", "9 mo"]'),
    "market.regimes.destinations": ((), "market.destinations.open={ tight = 0.5, shut = 0.5 }"),
    "market.regimes.generator": (
        (*NO_SOJOURN, f"market.generator={GENERATOR}"),
        f"market.generator={GENERATOR.replace('-1 /yr', '-2 /yr').replace('0.8', '1.8')}",
    ),
    "market.regimes.monthly_matrix": (
        ("market.sojourn=none", "market.destinations=none", f"market.monthly_matrix={MATRIX}"),
        f"market.monthly_matrix={MATRIX.replace('0.9, 0.1', '0.8, 0.2')}",
    ),
    "operations.billing.partner_share": ((), "operations.partner_share=6 %"),
    "operations.billing.variable_cost": ((), "operations.variable_cost=4 %"),
    "operations.cost_share.now": (COSTS, "operations.cost_share.now=40 %"),
    "operations.cost_share.long_run": (COSTS, "operations.cost_share.long_run=20 %"),
    "operations.cost_share.reversion": (COSTS, "operations.cost_share.reversion=2 /yr"),
    "operations.cost_share.volatility": (COSTS, "operations.cost_share.volatility=9 %/yr"),
    "operations.cost_share.volatility_decay": (COSTS, "operations.cost_share.volatility_decay=2 /yr"),
    "operations.cost_share.long_run_volatility": (COSTS, "operations.cost_share.long_run_volatility=8 %/yr"),
    "operations.billing.collections": ((), "operations.collections=[0.5, 0.5]"),
    "compute.compute.need.start": ((), "compute.need.start=0.55"),
    "compute.compute.need.floor": ((), "compute.need.floor=0.45"),
    "compute.compute.need.decay": ((), "compute.need.decay=0.1 /mo"),
    "compute.compute.overflow": ((), "compute.overflow=always"),
    "compute.compute.depth": ((), "compute.depth=0.1B/mo"),
    "price.forward_curve.curve.now": ((), "price.curve.now=1.1"),
    "price.forward_curve.curve.drift": ((), "price.curve.drift=-0.2 log/yr"),
    "price.forward_curve.curve.drift_for": ((), "price.curve.drift_for=12 mo"),
    "price.forward_curve.curve.points.month": (
        POINTS,
        'price.curve.points=[{ month = "2027-12", index = 0.8 }]',
    ),
    "price.forward_curve.curve.points.index": (
        POINTS,
        'price.curve.points=[{ month = "2027-11", index = 0.7 }]',
    ),
    "price.forward_curve.volatility": ((), "price.volatility=60 %/yr"),
    "price.forward_curve.reversion": ((), "price.reversion=1.8 /yr"),
    "price.ornstein_uhlenbeck.now": ((NO_TABLE, OU), "price.now=1.1"),
    "price.ornstein_uhlenbeck.level": ((NO_TABLE, OU), "price.level=0.9"),
    "price.ornstein_uhlenbeck.volatility": ((NO_TABLE, OU), "price.volatility=60 %/yr"),
    "price.ornstein_uhlenbeck.reversion": ((NO_TABLE, OU), "price.reversion=1.8 /yr"),
    "revenue.geometric_brownian.run_rate": ((NO_TABLE, GBM), "revenue.run_rate=21B/yr"),
    "revenue.geometric_brownian.growth": ((NO_TABLE, GBM), "revenue.growth=0.2 log/yr"),
    "revenue.geometric_brownian.volatility": ((NO_TABLE, GBM), "revenue.volatility=30 %/yr"),
    "revenue.mean_reverting_growth.run_rate": ((), "revenue.run_rate=21B/yr"),
    "revenue.mean_reverting_growth.growth": ((), "revenue.growth=0.03 log/mo"),
    "revenue.mean_reverting_growth.long_run_growth": ((), "revenue.long_run_growth=0.01 log/mo"),
    "revenue.mean_reverting_growth.gap_decay": ((), "revenue.gap_decay=0.2 /mo"),
    "revenue.mean_reverting_growth.volatility": ((), "revenue.volatility=30 %/yr"),
    "revenue.mean_reverting_growth.growth_volatility": ((), "revenue.growth_volatility=10 %/yr"),
    "revenue.mean_reverting_growth.volatility_decay": (
        (*FADING, "revenue.long_run_volatility=5 %/yr"),
        "revenue.volatility_decay=0.7 /yr",
    ),
    "revenue.mean_reverting_growth.long_run_volatility": (FADING, "revenue.long_run_volatility=50 %/yr"),
    "revenue.mean_reverting_growth.long_run_growth_volatility": (FADING, "revenue.long_run_growth_volatility=3 %/yr"),
    "revenue.mean_reverting_growth.market_price_of_risk": ((), "revenue.market_price_of_risk=0.2 /sqrt(yr)"),
    "revenue.mean_reverting_growth.noise.sd": ((), "revenue.noise.sd=0.06"),
    "revenue.mean_reverting_growth.noise.persistence": ((), "revenue.noise.persistence=0.6"),
    "revenue.regime_switching.run_rate": ((NO_TABLE, SWITCHING), "revenue.run_rate=21B/yr"),
    "revenue.regime_switching.growth": ((NO_TABLE, SWITCHING), 'revenue.growth=["0.4 log/yr", "-0.2 log/yr"]'),
    "revenue.regime_switching.volatility": ((NO_TABLE, SWITCHING), 'revenue.volatility=["20 %/yr", "50 %/yr"]'),
    "revenue.regime_switching.regimes": ((NO_TABLE, THREE), 'revenue.regimes=["a", "c", "b"]'),
    "revenue.regime_switching.initial": ((NO_TABLE, SWITCHING), "revenue.initial=b"),
    "revenue.regime_switching.sojourn": ((NO_TABLE, SWITCHING), 'revenue.sojourn=["10 mo", "6 mo"]'),
    "revenue.regime_switching.destinations": ((NO_TABLE, THREE), "revenue.destinations.a={ b = 0.9, c = 0.1 }"),
    "revenue.regime_switching.generator": (
        (NO_TABLE, SWITCHING, "revenue.sojourn=none", f"revenue.generator={INTENSITIES}"),
        f"revenue.generator={INTENSITIES.replace('1 /yr', '2 /yr')}",
    ),
    "revenue.regime_switching.monthly_matrix": (
        (NO_TABLE, BY_MATRIX),
        "revenue.monthly_matrix=[[0.8, 0.2], [0.2, 0.8]]",
    ),
    "revenue.merton_jumps.rate": ((f"revenue.merton_jumps={MERTON}",), "revenue.merton_jumps.rate=3 /yr"),
    "revenue.merton_jumps.mean": ((f"revenue.merton_jumps={MERTON}",), "revenue.merton_jumps.mean=-0.2"),
    "revenue.merton_jumps.sd": ((f"revenue.merton_jumps={MERTON}",), "revenue.merton_jumps.sd=0.2"),
    "revenue.merton_jumps.compensated": ((f"revenue.merton_jumps={MERTON}",), "revenue.merton_jumps.compensated=false"),
    "revenue.kou_jumps.rate": ((f"revenue.kou_jumps={KOU}",), "revenue.kou_jumps.rate=4 /yr"),
    "revenue.kou_jumps.up_share": ((f"revenue.kou_jumps={KOU}",), "revenue.kou_jumps.up_share=0.5"),
    "revenue.kou_jumps.up_mean": ((f"revenue.kou_jumps={KOU}",), "revenue.kou_jumps.up_mean=0.06"),
    "revenue.kou_jumps.down_mean": ((f"revenue.kou_jumps={KOU}",), "revenue.kou_jumps.down_mean=0.12"),
    "revenue.kou_jumps.compensated": ((f"revenue.kou_jumps={KOU}",), "revenue.kou_jumps.compensated=true"),
    "price.merton_jumps.rate": ((f"price.merton_jumps={MERTON}",), "price.merton_jumps.rate=3 /yr"),
    "price.merton_jumps.mean": ((f"price.merton_jumps={MERTON}",), "price.merton_jumps.mean=-0.2"),
    "price.merton_jumps.sd": ((f"price.merton_jumps={MERTON}",), "price.merton_jumps.sd=0.2"),
    "price.kou_jumps.rate": ((f"price.kou_jumps={KOU}",), "price.kou_jumps.rate=4 /yr"),
    "price.kou_jumps.up_share": ((f"price.kou_jumps={KOU}",), "price.kou_jumps.up_share=0.5"),
    "price.kou_jumps.up_mean": ((f"price.kou_jumps={KOU}",), "price.kou_jumps.up_mean=0.06"),
    "price.kou_jumps.down_mean": ((f"price.kou_jumps={KOU}",), "price.kou_jumps.down_mean=0.12"),
    "revenue.plan.plan": ((NO_TABLE, PLANNED), 'revenue.plan={ "2027-01" = "21B/yr" }'),
    "revenue.plan.scale": ((NO_TABLE, PLANNED), "revenue.scale=1.1"),
    "revenue.plan.volatility": ((NO_TABLE, PLANNED), "revenue.volatility=30 %/yr"),
    "revenue.plan.reversion": ((NO_TABLE, PLANNED), "revenue.reversion=1.5 /yr"),
    "revenue.market_growth.growth": (
        ('revenue.market_growth.growth={ open = "0 log/yr", tight = "-0.1 log/yr", shut = "-0.4 log/yr" }',),
        'revenue.market_growth.growth.shut="-0.5 log/yr"',
    ),
    "revenue.customer_loss.hazard": ((), "revenue.customer_loss.hazard=30 %/yr"),
    "revenue.customer_loss.size": ((), "revenue.customer_loss.size=20 %"),
}
FOR_PEOPLE = {"contracts.contract.counterparty"}  # shown by `check`, moves no money


def leaves(model: type[Component], prefix: str) -> Iterator[str]:
    for key in describe.keys(model):
        inner = key.kind.inner.model if key.kind.inner is not None else key.kind.model
        yield from [f"{prefix}.{key.name}"] if inner is None else leaves(inner, f"{prefix}.{key.name}")


KEYS = [key for one in describe.everything() for key in leaves(one.model, one.name)]


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("keys") / "base.toml"
    file.write_text("format = 1\n" + COMPANY + MORE + TAIL)
    return file


@cache
def fingerprint(file: Path, settings: tuple[str, ...]) -> str:
    """All that a run of some paths reports, without the names of run and file."""
    scenario = simulator.load(file, (f"run.paths={BLOCK // 2}", *settings))
    scenario = ready(scenario)
    simulation = Simulation(scenario)
    chunk = simulation.run_chunk(0, scenario.run.paths)
    summary = Summary(scenario.run.paths, questions(scenario.calendar.months, simulation.outline))
    summary.add(chunk)
    figures = Figures(scenario, simulation.outline, summary).document
    digest = hashlib.sha256(repr({k: v for k, v in figures.items() if k not in ("scenario_hash", "seed")}).encode())
    stored = [f.name for f in path_fields(simulation, chunk)]
    digest.update(repr([name for name in stored if not name.startswith("input.")]).encode())
    digest.update(repr(any(name.startswith("input.") for name in stored)).encode())
    for name, values in chunk.trajectories.items():
        digest.update(name.encode() + values.tobytes())
    for statistics in chunk.blocks:
        digest.update(statistics.mean.tobytes())
    return digest.hexdigest()


def test_every_key_has_its_toggle() -> None:
    assert set(TOGGLES) | FOR_PEOPLE == set(KEYS)


@pytest.mark.parametrize("key", TOGGLES)
def test_a_key_changes_a_result(key: str, base: Path) -> None:
    before, setting = TOGGLES[key]
    assert fingerprint(base, before) != fingerprint(base, (*before, setting))
