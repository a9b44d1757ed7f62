"""The company of subset.toml as a plain numba loop per path with np.random; from its default on only what is still reported."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from peers.company import Outcome
from peers.subset_company import COLUMNS, KEPT, METRICS, Subset

TOLERANCE = 1e-9


@numba.njit(error_model="numpy", cache=True)
def live(c: Any, sums: Any, by_path: Any, kept: Any) -> None:
    row = np.zeros(sums.shape[1])
    mix = c.mix
    for i in range(by_path.shape[0]):
        run_rate, growth, deviation, variance, price = c.run_rate, c.growth, 0.0, 0.0, c.now
        cash, shadow, grown, alive = c.cash, c.cash, 1.0, True
        ended, cause, unfunded, breach, arrears, peak, year = 0, 0, 0, 0, 0.0, 0.0, 0.0
        lowest, lowest_month, done, failed, raised_in_all = math.inf, 0, 0, 0, 0.0
        row[:] = 0.0
        row[0], row[1], row[2], row[7], row[8], row[9] = cash, shadow, 1.0, run_rate, price, run_rate / 12.0
        for k in range(row.size):
            sums[0, k, 0] += row[k]
            sums[0, k, 1] += row[k] * row[k]
        kept[0, 0, i], kept[1, 0, i], kept[2, 0, i] = cash, run_rate, price
        for m in range(1, c.months + 1):
            z0, z1 = np.random.standard_normal(), np.random.standard_normal()
            z2, z3 = np.random.standard_normal(), np.random.standard_normal()
            run_rate *= math.exp((growth - c.level_drift) / 12.0 + c.level_step * mix[0, 0] * z0)
            growth = (
                c.long_run + c.keep_growth * (growth - c.long_run) + c.growth_step * (mix[1, 0] * z0 + mix[1, 1] * z1)
            )
            deviation = c.phi * deviation + c.sd * (mix[2, 0] * z0 + mix[2, 1] * z1 + mix[2, 2] * z2)
            variance = c.phi * c.phi * variance + c.sd * c.sd
            price = c.now * math.exp(c.drift * m + deviation - 0.5 * variance)
            billed = run_rate / 12.0
            variable, spot, committed = c.variable * billed, c.spot * price, c.commitment[m]
            owed = variable + spot + committed
            flow = billed - owed
            if alive:
                raised = 0.0
                if np.random.random() < c.rate:
                    if np.random.random() < c.odds:
                        x = mix[3, 0] * z0 + mix[3, 1] * z1 + mix[3, 2] * z2 + mix[3, 3] * z3
                        raised = math.exp(c.size_mean + c.size_sd * x)
                        done += 1
                    else:
                        failed += 1
                raised_in_all += raised
                interest = max(0.0, cash) * c.interest
                receipts = billed + interest + raised
                available = cash + receipts
                paid = min(owed, available)
                cash = available - paid
                arrears = owed - paid
                if cash < c.floor - TOLERANCE * (c.floor + owed):
                    ended, cause, breach = m, 3, m
                if arrears > TOLERANCE * owed:
                    ended, cause = m, 2
                if cash < lowest:
                    lowest, lowest_month = cash, m
                row[0], row[2], row[3], row[4], row[5], row[6] = cash, 1.0, arrears, receipts, paid, raised
                row[10], row[11], row[12], row[13], row[14] = interest, billed, variable, committed, spot
            else:
                owed = 0.0
            shadow = shadow * (1.0 + c.interest) + flow
            grown *= 1.0 + c.interest
            if unfunded == 0 and shadow < c.floor - TOLERANCE * (c.floor + owed):
                unfunded = m
            peak = max(peak, (c.floor - shadow) / grown)
            if m <= 12:
                year += flow
            row[1], row[7], row[8], row[9] = shadow, run_rate, price, billed
            for k in range(row.size):
                sums[m, k, 0] += row[k]
                sums[m, k, 1] += row[k] * row[k]
            kept[0, m, i], kept[1, m, i], kept[2, m, i] = cash, run_rate, price
            if alive and ended > 0:
                alive = False
                row[2] = 0.0
                row[4:7] = 0.0
                row[10:15] = 0.0
        out = by_path[i]
        out[0], out[1], out[2], out[3], out[4], out[5], out[6] = ended, cause, unfunded, breach, cash, arrears, peak
        out[7], out[8], out[9], out[10], out[11], out[12] = lowest, lowest_month, year, shadow, done, failed
        out[13] = raised_in_all


def simulate(c: Subset, paths: int, _rng: np.random.Generator | None = None) -> Outcome:
    """`paths` paths; the loop's own generator (peers.full_numba.seed) goes on where it was."""
    sums = np.zeros((c.months + 1, len(METRICS), 2))
    by_path, kept = np.empty((paths, len(COLUMNS))), np.empty((len(KEPT), c.months + 1, paths))
    live(c._replace(streams=(0,)), sums, by_path, kept)
    columns = {name: by_path[:, k] for k, name in enumerate(COLUMNS)}
    means = {("", name): sums[:, k] for k, name in enumerate(METRICS)}
    return Outcome(columns, means, dict(zip(KEPT, kept, strict=True)))
