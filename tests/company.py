"""A company that has a bit of everything, for tests of the engine: TOML text."""

COMPANY = """
name = "company"

[opening]
cash = { p10 = "8B", p50 = "10B", p90 = "14B" }

[treasury]
interest = "4 %/yr"

[default]
floor = "0.5B"
cure = "30 days"
late_interest = "1 %/mo"

[revenue]
type = "mean_reverting_growth"
run_rate = "20B/yr"
growth = "0.02 log/mo"
long_run_growth = { p10 = "-0.02 log/mo", p50 = "0.0 log/mo", p90 = "0.015 log/mo" }
gap_decay = "0.1 /mo"
volatility = "20 %/yr"
noise = { sd = 0.05, persistence = 0.5 }

[revenue.customer_loss]
hazard = "20 %/yr"
size = "15 %"

[operations]
partner_share = "5 %"
variable_cost = "3 %"
collections = [0.6, 0.4]

[compute]
need = { start = 0.5, floor = 0.4, decay = "0.05 /mo" }
depth = "0.4B/mo"

[price]
type = "forward_curve"
curve = { now = 1.0, drift = "-0.1 log/yr" }
volatility = { p10 = "30 %/yr", p50 = "50 %/yr", p90 = "70 %/yr" }
reversion = "0.8 /yr"

[contracts.big]
fee = { triangular = { low = "0.4B/mo", mode = "0.5B/mo", high = "0.6B/mo" } }
start = "2026-06"
end = "2029-05"
ramp = { "2026-11" = 0.64 }
unit_price = "5.27 $/GPU-h"
market_unit_price = "4.88 $/GPU-h"

[contracts.big.exit.buyer]
notice = { uniform = { low = "60 days", high = "120 days" } }
lock_in = "90 days"
fee_share = "10 %"
when = [{ price_ratio_below = 0.6 }, { runway_below = "9 mo", stranded = true }]

[contracts.big.exit.supplier]
notice = "90 days"
hazard = { p10 = "5 %/yr", p50 = "15 %/yr", p90 = "30 %/yr" }
recall = { revenue_lost = "10 %", months = "4 mo" }

[contracts.big.resale]
haircut = "70 %"

[contracts.small]
fee = "0.2B/mo"
start = "2027-02"
end = "2030-12"
steps = { "2028-01" = "0.25B/mo" }

[flows.expense]
amount = "5B/yr"
growth = "0.15 log/yr"

[flows.settlement]
type = "one_off"
amount = "0.8B"
month = "2027-03"
probability = 0.4

[flows.other]
type = "random"
direction = "in"
amount = { normal = { mean = "0M/mo", sd = "80M/mo" } }

[market]
regimes = ["open", "tight", "shut"]
sojourn = ["18 mo", "9 mo", "9 mo"]
destinations.open = { tight = 0.8, shut = 0.2 }
destinations.tight = { open = 0.7, shut = 0.3 }
destinations.shut = { tight = 1.0 }

[financing.rounds]
type = "priced_round"
every = "9 mo"
size = { lognormal = { p10 = "0.5B", p90 = "3B" } }
success = { open = 0.9, tight = 0.5, shut = 0.0 }
lag = "2 mo"

[financing.line]
type = "revolver"
limit = "2B"
rate = "7 %/yr nominal"
commitment_fee = "0.5 %/yr nominal"
maturity = "2030-11"

[financing.partner]
type = "tranche"
amount = "1B"
month = "2027-06"
probability = 0.7

[financing.listing]
type = "offering"
proceeds = "3B"
probability = 0.5
first = "2027-01"
last = "2027-06"
shut = "shut"

[dependence]
shocks = ["revenue.noise", "price.deviation", "revenue.customer_loss.event"]
correlation = [[1.0], [0.4, 1.0], [-0.3, 0.0, 1.0]]
"""
