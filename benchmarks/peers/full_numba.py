"""The shipped deal as a plain loop per path, compiled by numba: the program that one writes first and that is easy to read.

np.random inside the loop (Mersenne twister), library exp and log, everything of a path in locals. From its default on a path does
only what is still reported: drivers, and the shadow account, which runs to the horizon. Every scheduled month is counted.
Inputs that are drawn once a path come from numpy, one record a path.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from peers.company import Company, Outcome

TOLERANCE = 1e-9
ROW = (
    "cash", "liquidity", "shadow_cash", "alive", "drawn", "arrears", "receipts", "paid", "raised", "run_rate", "price", "revenue",
    "compute_need", "overflow", "account:treasury.interest", "account:operations.collections",
    "account:operations.partner_share", "account:operations.variable_cost", "account:flows.operating_expense.amount",
    "account:flows.bartz_settlement.amount", "account:flows.publishers_claim.amount", "account:financing.rounds.received",
    "account:financing.ipo.received", "account:financing.revolver.interest", "account:financing.amazon_tranche.received",
    "account:financing.google_tranche.received",
)  # fmt: skip
EACH = (
    "due",
    "paid",
    "arrears",
    "used",
    "stranded",
    "headline",
    "firm",
    "loss",
    "resale",
)  # of every contract, behind those
PATH = (
    "end_month", "cause", "shadow_breach_month", "first_breach_month", "cash", "drawn", "arrears", "peak_need",
    "lowest_liquidity", "lowest_liquidity_month", "shadow_flow_12m", "shadow_cash", "customers_lost", "rounds.rounds",
    "rounds.rounds_failed", "raised", "NOTICE.notice_month", "NOTICE.notice_side", "revolver.exposure_at_default",
    "revolver.loss",
)  # fmt: skip
OF_PATH = ("paid", "stranded", "exposure_at_default", "loss")  # of every contract, behind those


@numba.njit(error_model="numpy", cache=True)
def seed(number: int) -> None:
    np.random.seed(number)


@numba.njit(error_model="numpy", cache=True)
def live(
    inputs: Any,
    fees: Any,
    owed_after: Any,
    owed_by: Any,
    leads: Any,
    plan: Any,
    months: int,
    sums: Any,
    squares: Any,
    by_path: Any,
    kept: Any,
) -> None:
    many = fees.shape[0]
    behind, each = len(ROW), len(EACH)
    (
        notice_b,
        notice_s,
        earliest_b,
        earliest_s,
        end,
        settled_in,
        claimed_in,
        first,
        last_listing,
        amazon_in,
        google_in,
    ) = plan
    row = np.zeros(behind + each * many)
    level, resold = np.empty(many), np.empty(many)
    due, used, stranded, resale = np.empty(many), np.empty(many), np.empty(many), np.empty(many)
    arrears, missed, owed, paid = np.empty(many), np.empty(many), np.empty(many), np.empty(many)
    headline, firm, loss, exposure = np.empty(many), np.empty(many), np.empty(many), np.empty(many)
    paid_in_all, stranded_in_all = np.empty(many), np.empty(many)
    for i in range(inputs.shape[0]):
        x = inputs[i]
        for k in range(many):
            level[k], resold[k] = x.scale[k], 1.0 - x.haircut[k]
            arrears[k], missed[k], loss[k], exposure[k] = 0.0, 0.0, 0.0, 0.0
            paid_in_all[k], stranded_in_all[k], headline[k] = 0.0, 0.0, level[k] * owed_after[k, 0]
            firm[k] = headline[k]
        firm[0] = level[0] * owed_by[min(end, max(0, earliest_b) + notice_b)]
        spread = x.noise_sd * math.sqrt(1.0 - x.persistence**2)
        keep_growth = math.exp(-x.gap_decay / 12.0)
        phi = math.exp(-x.reversion / 12.0)
        sd = x.volatility * math.sqrt((1.0 - phi * phi) / (2.0 * x.reversion))
        rest = math.sqrt(1.0 - x.correlation**2)
        loses = -math.expm1(-x.loss_hazard / 12.0)
        decay = math.exp(-x.need_decay)
        cure = math.floor(x.cure / 30.0)
        claimed = np.random.random() < x.claim_probability
        listing = first + int(np.random.random() * (last_listing - first + 1))
        lists = np.random.random() < x.ipo_probability
        amazon, google = np.random.random() < x.amazon_probability, np.random.random() < x.google_probability
        run_rate, growth, noise, deviation, variance, price = x.run_rate, x.growth, 0.0, 0.0, 0.0, x.price
        gap, regime, pending = x.need_start - x.need_floor, 0, True
        cash, drawn, permit, alive, liquidity = x.cash, 0.0, True, True, x.cash + x.limit
        last, side, given, expense = end, 0, 0, x.expense
        arrears_1, missed_1, arrears_2, missed_2, covenant, first_breach = 0.0, 0.0, 0.0, 0.0, 0.0, 0
        ended, cause, burn_1, burn_2 = 0, 0, 0.0, 0.0
        shadow, grown, unfunded, peak, year = x.cash, 1.0, 0, 0.0, 0.0
        lowest, lowest_month, lost, done, failed, raised_in_all = math.inf, 0, 0, 0, 0, 0.0
        line_exposure = 0.0
        row[:] = 0.0
        row[0], row[1], row[2], row[3], row[9], row[10], row[11] = (
            cash, liquidity, cash, 1.0, run_rate, price, run_rate / 12.0,
        )  # fmt: skip
        for k in range(many):
            row[behind + 5 * many + k], row[behind + 6 * many + k] = headline[k], firm[k]
        for k in range(row.size):
            sums[0, k] += row[k]
            squares[0, k] += row[k] * row[k]
        kept[0, i, 0], kept[0, i, 1], kept[0, i, 2] = cash, run_rate, price

        for m in range(1, months + 1):
            u = np.random.random()
            stays = x.sojourn[regime]
            if u < 1.0 / stays:
                upto = 0.0
                before = regime
                for t in range(2, -1, -1):
                    upto = 0.0
                    for j in range(t + 1):
                        upto += leads[before, j]
                    if t != before and u < upto / stays:
                        regime = t
            z = np.random.standard_normal()
            noise = x.persistence * noise + spread * z
            run_rate *= math.exp(growth / 12.0 + noise)
            growth = x.long_run_growth + keep_growth * (growth - x.long_run_growth)
            deviation = phi * deviation + sd * (x.correlation * z + rest * np.random.standard_normal())
            variance = phi * phi * variance + sd * sd
            price = x.price * math.exp(x.drift * (m / 12.0) + deviation - 0.5 * variance)
            if np.random.random() < loses:
                run_rate *= 1.0 - x.loss_size
                if alive:
                    lost += 1
            billed = run_rate / 12.0
            if side == 2 and last < m <= last + x.recall_months:
                billed *= 1.0 - x.recall_share
            need = (x.need_floor + gap) * billed
            gap *= decay
            uncovered, dues, resales, idle = need, 0.0, 0.0, 0.0
            for k in range(many):
                due[k] = level[k] * fees[k, m]
                if k == 0 and m > last:
                    due[k] = 0.0
                used[k] = min(uncovered, due[k])
                uncovered -= used[k]
                stranded[k] = due[k] - used[k]
                resale[k] = stranded[k] * resold[k] * price
                dues += due[k]
                resales += resale[k]
                idle += stranded[k]
            overflow = uncovered * price
            partner, variable = x.partner_share * billed, x.variable_cost * billed
            if m > 1:
                expense *= 1.0 + x.expense_growth
            settlement = x.settlement if m == settled_in else 0.0
            claim = x.claim if m == claimed_in and claimed else 0.0
            operating = partner + variable + overflow + expense + settlement + claim
            flow = billed + resales - operating - dues
            tranche_1 = x.amazon_amount if m == amazon_in and amazon else 0.0
            tranche_2 = x.google_amount if m == google_in and google else 0.0
            owed_now = 0.0  # dues of the month as the close sees them
            if alive:
                interest, line_interest = max(0.0, cash) * x.interest, drawn * x.line_rate
                if side == 0 and m < end:
                    burn = -(flow + interest - line_interest + burn_1 + burn_2) / min(m, 3)
                    runway = (liquidity - x.floor) / burn if burn > 0.0 else math.inf
                    ratio = x.price_ratio * price
                    leaves = np.random.random() < -math.expm1(-x.supplier_hazard * ratio / 12.0)
                    if leaves and m >= earliest_s and m + notice_s < end:
                        last, side, given = m + notice_s, 2, m
                    elif (
                        (ratio < x.ratio_below or (runway < x.runway_below and idle > 0.0))
                        and m >= earliest_b
                        and m + notice_b < end
                    ):
                        last, side, given = m + notice_b, 1, m
                won = 0.0
                for _ in range(np.random.poisson(x.round_rate)):
                    if np.random.random() < x.success[regime]:
                        u = np.random.random()
                        s = math.log(u / (1.0 - u))
                        won += math.exp(x.size_centre + x.size_b * s + x.size_c * (u - 0.5) * s)
                        done += 1
                    else:
                        failed += 1
                offered = 0.0
                if pending and listing <= m <= last_listing and regime != 2:
                    pending = False
                    offered = x.ipo_proceeds if lists else 0.0
                burn_2, burn_1 = burn_1, flow + interest - line_interest
                receipts = billed + resales + interest + won + offered + tranche_1 + tranche_2
                # the close
                owed_1, owed_2, owed_3 = operating + arrears_1, line_interest + arrears_2, 0.0
                for k in range(many):
                    owed[k] = due[k] + arrears[k]
                    owed_3 += owed[k]
                total = owed_1 + owed_2 + owed_3
                owed_now = total
                available = cash + receipts + (max(0.0, x.limit - drawn) if permit else 0.0)
                paid_all = 0.0
                paid_1 = min(owed_1, max(0.0, available))
                available -= paid_1
                arrears_1 = owed_1 - paid_1
                missed_1 = missed_1 + 1.0 if arrears_1 > TOLERANCE * total else 0.0
                paid_2 = min(owed_2, max(0.0, available))
                available -= paid_2
                arrears_2 = owed_2 - paid_2
                missed_2 = missed_2 + 1.0 if arrears_2 > TOLERANCE * total else 0.0
                share = 1.0 if owed_3 <= available else max(0.0, available) / owed_3
                paid_all = paid_1 + paid_2
                arrears_all = arrears_1 + arrears_2
                for k in range(many):
                    paid[k] = owed[k] * share
                    arrears[k] = owed[k] - paid[k]
                    missed[k] = missed[k] + 1.0 if arrears[k] > TOLERANCE * total else 0.0
                    paid_all += paid[k]
                    arrears_all += arrears[k]
                left = cash + receipts - paid_all
                draw = max(0.0, -left)
                repaid = min(drawn, max(0.0, left))
                cash = max(0.0, left + draw - repaid)
                draw = min(draw, max(0.0, x.limit - drawn)) if permit else 0.0
                drawn += draw - repaid
                liquidity = cash + (max(0.0, x.limit - drawn) if permit else 0.0)
                breached = liquidity < x.floor - TOLERANCE * (x.floor + total)
                covenant = covenant + 1.0 if breached else 0.0
                if breached and first_breach == 0:
                    first_breach = m
                if missed_1 > cure:
                    cause = 2
                elif missed_2 > cure:
                    cause = 3
                else:
                    worst = 0.0
                    for k in range(many):
                        if missed[k] > cure and arrears[k] > worst:
                            cause, worst = 4 + k, arrears[k]
                    if cause == 0 and covenant > cure:
                        cause = 4 + many
                if cause > 0:
                    ended = m
                if liquidity < lowest:
                    lowest, lowest_month = liquidity, m
                until = last if side > 0 else min(end, max(m, earliest_b) + notice_b)
                for k in range(many):
                    headline[k] = level[k] * owed_after[k, m]
                    firm[k] = headline[k]
                headline[0] = level[0] * (owed_by[max(last, m)] - owed_by[m])
                firm[0] = level[0] * (owed_by[max(until, m)] - owed_by[m])
                if ended > 0:
                    for k in range(many):
                        exposure[k] = arrears[k] + firm[k]
                        loss[k] = exposure[k] * (1.0 - x.recovery)
                    line_exposure = arrears_2 + drawn
                raised_in_all += won + offered
                for k in range(many):
                    paid_in_all[k] += paid[k]
                    stranded_in_all[k] += stranded[k]
                row[0], row[1], row[3], row[4], row[5], row[6], row[7] = (
                    cash, liquidity, 1.0, drawn, arrears_all, receipts, paid_all,
                )  # fmt: skip
                row[8], row[13], row[14], row[15], row[16], row[17] = (
                    won + offered, overflow, interest, billed, partner, variable,
                )  # fmt: skip
                row[18], row[19], row[20], row[21], row[22], row[23] = (
                    expense, settlement, claim, won, offered, line_interest,
                )  # fmt: skip
                row[24], row[25] = tranche_1, tranche_2
                for k in range(many):
                    row[behind + k], row[behind + many + k], row[behind + 2 * many + k] = due[k], paid[k], arrears[k]
                    row[behind + 3 * many + k], row[behind + 4 * many + k] = used[k], stranded[k]
                    row[behind + 5 * many + k], row[behind + 6 * many + k] = headline[k], firm[k]
                    row[behind + 7 * many + k], row[behind + 8 * many + k] = loss[k], resale[k]
            shadow = shadow * (1.0 + x.interest) + flow + tranche_1 + tranche_2
            grown *= 1.0 + x.interest
            if unfunded == 0 and shadow < x.floor - TOLERANCE * (x.floor + owed_now):
                unfunded = m
            peak = max(peak, (x.floor - shadow) / grown)
            if m <= 12:
                year += flow + tranche_1 + tranche_2
            row[2], row[9], row[10], row[11], row[12] = shadow, run_rate, price, billed, need
            for k in range(row.size):
                sums[m, k] += row[k]
                squares[m, k] += row[k] * row[k]
            kept[m, i, 0], kept[m, i, 1], kept[m, i, 2] = cash, run_rate, price
            if alive and ended > 0:  # flows are nought from the next month on, balances and losses stay
                alive = False
                row[3] = 0.0
                row[6:9] = 0.0
                row[13:26] = 0.0
                row[behind : behind + 2 * many] = 0.0
                row[behind + 3 * many : behind + 7 * many] = 0.0
                row[behind + 8 * many : behind + 9 * many] = 0.0
            elif alive:
                permit = not breached
        out = by_path[i]
        out[0], out[1], out[2], out[3], out[4], out[5] = ended, cause, unfunded, first_breach, cash, drawn
        out[6], out[7], out[8], out[9], out[10], out[11] = row[5], peak, lowest, lowest_month, year, shadow
        out[12], out[13], out[14], out[15], out[16], out[17] = lost, done, failed, raised_in_all, given, side
        out[18], out[19] = line_exposure, line_exposure * (1.0 - x.recovery_secured)
        for k in range(many):
            out[20 + k], out[20 + many + k] = paid_in_all[k], stranded_in_all[k]
            out[20 + 2 * many + k], out[20 + 3 * many + k] = exposure[k], loss[k]


def records(company: Company, paths: int, rng: np.random.Generator) -> Any:
    """The inputs, one record a path."""
    drawn = company.inputs(rng, paths)
    many = len(company.contracts)
    lists = {"scale": many, "haircut": many, "sojourn": 3, "success": 3}
    single = [name for name in drawn if name.rsplit("_", 1)[0] not in lists]
    kinds = [(name, "f8") for name in single] + [(name, "f8", (size,)) for name, size in lists.items()]
    found = np.empty(paths, dtype=kinds)
    for name in single:
        found[name] = drawn[name]
    for name, size in lists.items():
        for k in range(size):
            found[name][:, k] = drawn[f"{name}_{k}"]
    return found


def simulate(company: Company, paths: int, rng: np.random.Generator) -> Outcome:
    """`paths` paths; the loop's own generator goes on where it was."""
    c, many = company, len(company.contracts)
    width = len(ROW) + len(EACH) * many
    sums, squares = np.zeros((c.months + 1, width)), np.zeros((c.months + 1, width))
    by_path = np.empty((paths, len(PATH) + len(OF_PATH) * many))
    kept = np.empty((c.months + 1, paths, 3))
    plan = (*c.notices, *c.earliest, c.end, *c.one_offs, *c.offering, *c.tranches)
    inputs = records(c, paths, rng)
    live(inputs, c.fees, c.owed, c.owed_by, c.destinations, plan, c.months, sums, squares, by_path, kept)
    means = {("", name): np.stack([sums[:, k], squares[:, k]], axis=1) for k, name in enumerate(ROW)}
    columns = {name.replace("NOTICE", c.contracts[0]): by_path[:, k] for k, name in enumerate(PATH)}
    for k, name in enumerate(c.contracts):
        for j, metric in enumerate(EACH):
            key = ("", f"account:contracts.{name}.resale.proceeds") if metric == "resale" else (name, metric)
            at = len(ROW) + j * many + k
            means[key] = np.stack([sums[:, at], squares[:, at]], axis=1)
        for j, metric in enumerate(OF_PATH):
            columns[f"{name}.{metric}"] = by_path[:, len(PATH) + j * many + k]
    slots = ("cash", "revenue.run_rate", "price.index")
    return Outcome(columns, means, {slot: kept[:, :, j] for j, slot in enumerate(slots)})
