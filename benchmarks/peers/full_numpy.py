"""The shipped deal in vectorised numpy: a chunk of paths at a time, months in a Python loop.

Ordinary idioms of somebody who knows numpy: contracts as rows of one array, rare things (moves of the regime, chances of a
round, paths in arrears, endings) on the few paths they concern, numpy's own generator. Dead paths are carried along, masked.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from peers.company import Company, Outcome

TOLERANCE = 1e-9  # of a month's dues: a shortage up to it is none
EACH = ("due", "paid", "arrears", "used", "stranded", "headline", "firm", "loss", "resale")  # of every contract
FIRST, SECOND = np.array([1, 0, 0]), np.array([2, 2, 1])  # where a regime can lead
CHUNKS = (1024, 2048, 4096, 8192, 16384)  # tried; the best is timed


def simulate(company: Company, paths: int, rng: np.random.Generator) -> Outcome:
    """`paths` paths at once."""
    c, n, months = company, paths, company.months
    d = c.inputs(rng, n)
    names, many = c.contracts, len(c.contracts)
    means: dict[tuple[str, str], Any] = defaultdict(lambda: np.zeros((months + 1, 2)))  # months without a note: nought
    by_contract = np.zeros((len(EACH), many, months + 1, 2))

    def note(metric: str, m: int, x: Any) -> None:
        means[("", metric)][m] = x.sum(), np.dot(x, x)

    def note_each(metric: str, m: int, x: Any) -> None:
        row = by_contract[EACH.index(metric), :, m]
        row[:, 0], row[:, 1] = x.sum(axis=1), np.einsum("ij,ij->i", x, x)

    def each(name: str) -> Any:
        return np.broadcast_to(d[name], n)

    level = np.array([each(f"scale_{k}") for k in range(many)])
    resold = np.array([1.0 - each(f"haircut_{k}") for k in range(many)])
    leave = [1.0 / each(f"sojourn_{s}") for s in range(3)]
    success = np.array([each(f"success_{s}") for s in range(3)])
    spread = d["noise_sd"] * np.sqrt(1.0 - d["persistence"] ** 2)
    keep_growth = np.exp(-d["gap_decay"] / 12.0)
    phi = np.exp(-d["reversion"] / 12.0)
    sd = d["volatility"] * np.sqrt((1.0 - phi**2) / (2.0 * d["reversion"]))
    rho, rest = d["correlation"], np.sqrt(1.0 - d["correlation"] ** 2)
    loses = -np.expm1(-d["loss_hazard"] / 12.0)
    decay = np.exp(-d["need_decay"])
    cure = each("cure") // 30.0
    loss_size, recall_share, recovery = each("loss_size"), each("recall_share"), each("recovery")
    fewer, size_b, size_c = np.exp(-c.fixed["round_rate"]), c.fixed["size_b"], c.fixed["size_c"]
    chances = np.cumsum([fewer * c.fixed["round_rate"] ** k / np.prod(range(1, k + 1)) for k in range(12)])
    claimed = rng.random(n) < d["claim_probability"]
    listing = c.offering[0] + rng.integers(0, c.offering[1] - c.offering[0] + 1, n)
    lists = rng.random(n) < d["ipo_probability"]
    promised = [rng.random(n) < d[f"{who}_probability"] for who in ("amazon", "google")]

    run_rate, growth, noise = np.full(n, c.fixed["run_rate"]), np.full(n, c.fixed["growth"]), np.zeros(n)
    deviation, variance, price = np.zeros(n), np.zeros(n), np.full(n, c.fixed["price"])
    gap, regime, pending = d["need_start"] - d["need_floor"], np.zeros(n, dtype=np.int8), np.ones(n, dtype=bool)
    cash = each("cash").copy()
    drawn, permit, alive = np.zeros(n), np.ones(n), np.ones(n)
    liquidity = cash + c.fixed["limit"]
    last, side, given = np.full(n, float(c.end)), np.zeros(n, dtype=np.int8), np.zeros(n)
    expense = np.full(n, c.fixed["expense"])
    arrears, missed = np.zeros((many + 2, n)), np.zeros((many + 2, n))  # operating, line, contracts
    covenant, first_breach = np.zeros(n), np.zeros(n)
    ended, cause = np.zeros(n), np.zeros(n)
    burn_1, burn_2 = np.zeros(n), np.zeros(n)
    shadow, grown, unfunded, peak, year = cash.copy(), np.ones(n), np.zeros(n), np.zeros(n), np.zeros(n)
    lowest, lowest_month = np.full(n, np.inf), np.zeros(n)
    exposure, paid_in_all, stranded_in_all = np.zeros((many + 1, n)), np.zeros((many, n)), np.zeros((many, n))
    lost, done, failed, raised_in_all = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    loss = np.zeros((many, n))
    late = np.empty(0, dtype=np.int64)  # living paths with arrears
    kept = {slot: np.empty((months + 1, n)) for slot in ("cash", "revenue.run_rate", "price.index")}
    kept["cash"][0], kept["revenue.run_rate"][0], kept["price.index"][0] = cash, run_rate, price

    note("cash", 0, cash)
    note("liquidity", 0, liquidity)
    note("shadow_cash", 0, cash)
    note("alive", 0, alive)
    note("run_rate", 0, run_rate)
    note("price", 0, price)
    note("revenue", 0, run_rate / 12.0)
    note_each("headline", 0, level * c.owed[:, 0][:, None])
    opening = level.copy() * c.owed[:, 0][:, None]
    until = min(c.end, max(0, c.earliest[0]) + c.notices[0])
    opening[0] = level[0] * c.owed_by[until]
    note_each("firm", 0, opening)

    for m in range(1, months + 1):
        # regime of the funding market
        u = rng.random(n)
        moving = np.flatnonzero(u < np.choose(regime, leave))
        if moving.size:
            s = regime[moving]
            share = u[moving] / np.choose(s, [p[moving] for p in leave])
            regime[moving] = np.where(share < c.destinations[s, FIRST[s]], FIRST[s], SECOND[s])
        # drivers
        z = rng.standard_normal(n)
        noise = d["persistence"] * noise + spread * z
        run_rate = run_rate * np.exp(growth / 12.0 + noise)
        growth = d["long_run_growth"] + keep_growth * (growth - d["long_run_growth"])
        deviation = phi * deviation + sd * (rho * z + rest * rng.standard_normal(n))
        variance = phi * phi * variance + sd * sd
        price = c.fixed["price"] * np.exp(d["drift"] * (m / 12.0) + deviation - 0.5 * variance)
        losing = np.flatnonzero(rng.random(n) < loses)
        run_rate[losing] *= 1.0 - loss_size[losing]
        lost[losing] += alive[losing]
        # billing and need
        billed = run_rate / 12.0
        recalled = np.flatnonzero((side == 2) & (last < m) & (m <= last + d["recall_months"]))
        billed[recalled] *= 1.0 - recall_share[recalled]
        intensity = d["need_floor"] + gap
        gap = gap * decay
        need = intensity * billed
        # contracts in file order, then the market
        due = level * c.fees[:, m][:, None]
        due[0] *= m <= last
        uncovered = need
        used = np.empty((many, n))
        for k in range(many):
            used[k] = np.minimum(uncovered, due[k])
            uncovered = uncovered - used[k]
        stranded = due - used
        overflow = uncovered * price
        resale = stranded * resold * price
        # costs
        partner, variable = c.fixed["partner_share"] * billed, d["variable_cost"] * billed
        if m > 1:
            expense = expense * (1.0 + d["expense_growth"])
        interest = np.maximum(0.0, cash) * d["interest"]
        line_interest = drawn * d["line_rate"]
        income, costs, dues = billed + resale.sum(axis=0), partner + variable + overflow + expense, due.sum(axis=0)
        if m in c.one_offs:
            one_off = np.full(n, c.fixed["settlement"]) if m == c.one_offs[0] else claimed * c.fixed["claim"]
            costs = costs + one_off
        flow = income - costs - dues
        # notices on the first contract
        if m < c.end:
            seen = min(m, 3)
            burn = -(flow + interest - line_interest + burn_1 + burn_2) / seen
            with np.errstate(divide="ignore", invalid="ignore"):
                runway = np.where(burn > 0.0, (liquidity - d["floor"]) / burn, np.inf)
            ratio = c.fixed["price_ratio"] * price
            free = (alive > 0.0) & (side == 0)
            leaves = rng.random(n) < -np.expm1(-d["supplier_hazard"] * ratio / 12.0)
            wants = (ratio < d["ratio_below"]) | ((runway < d["runway_below"]) & (stranded.sum(axis=0) > 0.0))
            by_supplier = free & leaves & (m >= c.earliest[1]) & (m + c.notices[1] < c.end)
            by_buyer = free & wants & ~by_supplier & (m >= c.earliest[0]) & (m + c.notices[0] < c.end)
            for leaving, code, notice in ((by_supplier, 2, c.notices[1]), (by_buyer, 1, c.notices[0])):
                last[leaving], side[leaving], given[leaving] = m + notice, code, m
        # funding
        u = rng.random(n)
        at = np.flatnonzero(u >= fewer)
        at = np.repeat(at, np.searchsorted(chances, u[at], side="right"))
        succeeds = rng.random(at.size) < success[regime[at], at]
        done += np.bincount(at[succeeds], minlength=n) * alive
        failed += np.bincount(at[~succeeds], minlength=n) * alive
        at = at[succeeds]
        u = rng.random(at.size)
        s = np.log(u / (1.0 - u))
        sizes = np.exp(c.fixed["size_centre"] + size_b * s + size_c * (u - 0.5) * s)
        won = np.bincount(at, weights=sizes, minlength=n) * alive
        raised, offered, tranche = won, None, None
        if c.offering[0] <= m <= c.offering[1]:
            now = pending & (m >= listing) & (regime != 2)
            pending &= ~now
            offered = now * lists * d["ipo_proceeds"] * alive
            raised = raised + offered
        for who, month, comes in zip(("amazon", "google"), c.tranches, promised, strict=True):
            if m == month:
                tranche = comes * c.fixed[f"{who}_amount"]
                note(f"account:financing.{who}_tranche.received", m, tranche * alive)
        # from here on what is booked: nothing on paths that have ended
        shadow_flow = flow if tranche is None else flow + tranche
        burn_2, burn_1 = burn_1, alive * (flow + interest - line_interest)
        due *= alive
        used *= alive
        stranded *= alive
        resale *= alive
        interest = interest * alive
        line_interest = line_interest * alive
        costs = costs * alive
        receipts = income * alive + interest + raised
        if tranche is not None:
            receipts = receipts + tranche * alive
        # the close: ranks are paid in order, pro rata inside a rank
        owed = due
        if late.size:
            costs[late] += arrears[0, late]
            line_interest_owed = line_interest.copy()
            line_interest_owed[late] += arrears[1, late]
            owed = due.copy()
            owed[:, late] += arrears[2:, late]
        else:
            line_interest_owed = line_interest
        owed_3 = owed.sum(axis=0)
        total = costs + line_interest_owed + owed_3
        available = cash + receipts + permit * np.maximum(0.0, c.fixed["limit"] - drawn)
        paid = np.minimum(total, np.maximum(available, 0.0)) * alive
        short = np.flatnonzero(paid < total)
        paid_each = owed
        touched = short if not late.size else np.union1d(late, short)
        if touched.size:
            rest_1 = np.maximum(0.0, available[touched])
            paid_1 = np.minimum(costs[touched], rest_1)
            paid_2 = np.minimum(line_interest_owed[touched], rest_1 - paid_1)
            paid_3 = np.minimum(owed_3[touched], rest_1 - paid_1 - paid_2)
            with np.errstate(divide="ignore", invalid="ignore"):
                share = np.where(owed_3[touched] > 0.0, paid_3 / owed_3[touched], 1.0)
            paid_each = owed.copy()
            paid_each[:, touched] = owed[:, touched] * share
            arrears[0, touched] = costs[touched] - paid_1
            arrears[1, touched] = line_interest_owed[touched] - paid_2
            arrears[2:, touched] = owed[:, touched] - paid_each[:, touched]
            behind = arrears[:, touched] > TOLERANCE * total[touched]
            missed[:, touched] = np.where(behind, missed[:, touched] + 1.0, 0.0)
        left = cash + receipts - paid
        draw = np.maximum(0.0, -left) * alive
        repaid = np.minimum(drawn, np.maximum(0.0, left)) * alive
        cash = np.maximum(0.0, left + draw - repaid)
        drawn = drawn + draw - repaid
        liquidity = cash + permit * np.maximum(0.0, c.fixed["limit"] - drawn)
        breached = liquidity < d["floor"] - TOLERANCE * (d["floor"] + total)
        breached_now = breached & (alive > 0.0)
        covenant = np.where(alive > 0.0, np.where(breached, covenant + 1.0, 0.0), covenant)
        first_breach[breached_now & (first_breach == 0.0)] = m
        # endings: claims in the order of their ranks, the largest of a rank; then the covenant
        ends = np.zeros(n)
        over = np.flatnonzero((covenant > cure) & (alive > 0.0))
        ends[over] = many + 4
        if touched.size:
            ripe = missed[:, touched] > cure[touched]
            of_contract = np.where(ripe[2:], arrears[2:, touched], -1.0).argmax(axis=0) + 4
            found = np.where(ripe[0], 2, np.where(ripe[1], 3, np.where(ripe[2:].any(axis=0), of_contract, 0)))
            ends[touched] = np.where(found > 0, found, ends[touched])
        end_now = np.flatnonzero(ends)
        ended[end_now], cause[end_now] = m, ends[end_now]
        # the shadow account
        shadow = shadow * (1.0 + d["interest"]) + shadow_flow
        grown = grown * (1.0 + d["interest"])
        unfunded[(unfunded == 0.0) & (shadow < d["floor"] - TOLERANCE * (d["floor"] + total))] = m
        peak = np.maximum(peak, (d["floor"] - shadow) / grown)
        if m <= 12:
            year += shadow_flow
        # exposures
        headline = level * c.owed[:, m][:, None] * alive
        headline[0] = level[0] * (c.owed_by[np.maximum(last, m).astype(np.int64)] - c.owed_by[m]) * alive
        until = np.where(side > 0, last, min(c.end, max(m, c.earliest[0]) + c.notices[0]))
        firm = level[0] * (c.owed_by[np.maximum(until, m).astype(np.int64)] - c.owed_by[m]) * alive
        lower = (liquidity < lowest) & (alive > 0.0)
        lowest[lower], lowest_month[lower] = liquidity[lower], m
        if end_now.size:
            exposure[0, end_now] = arrears[2, end_now] + firm[end_now]
            exposure[1:many, end_now] = arrears[3:, end_now] + headline[1:, end_now]
            exposure[many, end_now] = arrears[1, end_now] + drawn[end_now]
            loss[:, end_now] = exposure[:many, end_now] * (1.0 - recovery[end_now])
        paid_in_all += paid_each
        stranded_in_all += stranded
        raised_in_all += raised
        # what is reported by month
        kept["cash"][m], kept["revenue.run_rate"][m], kept["price.index"][m] = cash, run_rate, price
        note("cash", m, cash)
        note("liquidity", m, liquidity)
        note("shadow_cash", m, shadow)
        note("alive", m, alive)
        note("drawn", m, drawn)
        note("arrears", m, arrears.sum(axis=0))
        note("receipts", m, receipts)
        note("paid", m, paid)
        note("raised", m, raised)
        note("run_rate", m, run_rate)
        note("price", m, price)
        note("revenue", m, billed)
        note("compute_need", m, need)
        note("overflow", m, overflow * alive)
        note("account:treasury.interest", m, interest)
        note("account:operations.collections", m, billed * alive)
        note("account:operations.partner_share", m, partner * alive)
        note("account:operations.variable_cost", m, variable * alive)
        note("account:flows.operating_expense.amount", m, expense * alive)
        note("account:financing.rounds.received", m, won)
        note("account:financing.revolver.interest", m, line_interest)
        if offered is not None:
            note("account:financing.ipo.received", m, offered)
        if m in c.one_offs:
            who = "bartz_settlement" if m == c.one_offs[0] else "publishers_claim"
            note(f"account:flows.{who}.amount", m, one_off * alive)
        note_each("due", m, due)
        note_each("paid", m, paid_each)
        note_each("arrears", m, arrears[2:])
        note_each("used", m, used)
        note_each("stranded", m, stranded)
        note_each("headline", m, headline)
        note_each("loss", m, loss)
        note_each("resale", m, resale)
        by_contract[EACH.index("firm"), :, m] = by_contract[EACH.index("headline"), :, m]
        by_contract[EACH.index("firm"), 0, m] = firm.sum(), np.dot(firm, firm)
        # to the next month
        alive[end_now] = 0.0
        permit = np.where(alive > 0.0, np.where(breached, 0.0, 1.0), permit)
        late = touched[(arrears[:, touched] > 0.0).any(axis=0) & (alive[touched] > 0.0)] if touched.size else touched

    for k, name in enumerate(names):
        for j, metric in enumerate(EACH):
            key = ("", f"account:contracts.{name}.resale.proceeds") if metric == "resale" else (name, metric)
            means[key] = by_contract[j, k]
    columns = {
        "end_month": ended,
        "cause": cause,
        "shadow_breach_month": unfunded,
        "first_breach_month": first_breach,
        "cash": cash,
        "drawn": drawn,
        "arrears": arrears.sum(axis=0),
        "peak_need": peak,
        "lowest_liquidity": lowest,
        "lowest_liquidity_month": lowest_month,
        "shadow_flow_12m": year,
        "shadow_cash": shadow,
        "customers_lost": lost,
        "rounds.rounds": done,
        "rounds.rounds_failed": failed,
        "raised": raised_in_all,
        f"{names[0]}.notice_month": given,
        f"{names[0]}.notice_side": side.astype(np.float64),
        "revolver.exposure_at_default": exposure[many],
        "revolver.loss": exposure[many] * (1.0 - d["recovery_secured"]),
    }
    for k, name in enumerate(names):
        columns[f"{name}.paid"], columns[f"{name}.stranded"] = paid_in_all[k], stranded_in_all[k]
        columns[f"{name}.exposure_at_default"], columns[f"{name}.loss"] = exposure[k], loss[k]
    return Outcome(columns, means, kept)
