"""The company of subset.toml in vectorised numpy, a chunk of paths at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from peers.company import Outcome
from peers.subset_company import COLUMNS, KEPT, METRICS, Subset

TOLERANCE = 1e-9
CHUNKS = (1024, 2048, 4096, 8192, 16384, 32768)


def simulate(c: Subset, paths: int, rng: np.random.Generator) -> Outcome:
    n = paths
    sums = np.zeros((len(METRICS), c.months + 1, 2))
    kept = np.empty((len(KEPT), c.months + 1, n))
    run_rate, growth, deviation, variance = np.full(n, c.run_rate), np.full(n, c.growth), np.zeros(n), 0.0
    cash, shadow, grown = np.full(n, c.cash), np.full(n, c.cash), 1.0
    alive, arrears = np.ones(n), np.zeros(n)
    ended, cause, unfunded, breach = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    peak, lowest, lowest_month, year = np.zeros(n), np.full(n, np.inf), np.zeros(n), np.zeros(n)
    done, failed, raised_in_all = np.zeros(n), np.zeros(n), np.zeros(n)

    def note(m: int, *rows: Any) -> None:
        for k, x in enumerate(rows):
            sums[k, m] = x.sum(), np.dot(x, x)

    nothing = np.zeros(n)
    note(0, cash, shadow, alive, *[nothing] * 4, run_rate, np.full(n, c.now), run_rate / 12.0)
    kept[0, 0], kept[1, 0], kept[2, 0] = cash, run_rate, c.now
    for m in range(1, c.months + 1):
        x = c.mix @ rng.standard_normal((4, n))
        run_rate = run_rate * np.exp((growth - c.level_drift) / 12.0 + c.level_step * x[0])
        growth = c.long_run + c.keep_growth * (growth - c.long_run) + c.growth_step * x[1]
        deviation = c.phi * deviation + c.sd * x[2]
        variance = c.phi**2 * variance + c.sd**2
        price = c.now * np.exp(deviation + (c.drift * m - 0.5 * variance))
        billed = run_rate / 12.0
        variable, spot = c.variable * billed, c.spot * price
        flow = billed - variable - c.commitment[m] - spot
        chance = np.flatnonzero((rng.random(n) < c.rate) & (alive > 0.0))
        won = rng.random(chance.size) < c.odds
        closed = chance[won]
        raised = np.zeros(n)
        raised[closed] = np.exp(c.size_mean + c.size_sd * x[3][closed])
        done[closed] += 1.0
        failed[chance[~won]] += 1.0
        raised_in_all += raised
        interest = np.maximum(0.0, cash) * c.interest * alive
        collected, variable, spot, committed = billed * alive, variable * alive, spot * alive, c.commitment[m] * alive
        receipts = collected + interest + raised
        owed = variable + committed + spot
        available = cash + receipts
        paid = np.minimum(owed, available) * alive
        cash = available - paid
        short = np.flatnonzero(owed - paid > TOLERANCE * owed)
        covenant = c.floor - TOLERANCE * (c.floor + owed)
        below = np.flatnonzero((cash < covenant) & (alive > 0.0))
        ended[below], cause[below] = m, 3.0
        breach[below] = m
        ended[short], cause[short], arrears[short] = m, 2.0, (owed - paid)[short]
        shadow = shadow * (1.0 + c.interest) + flow
        grown *= 1.0 + c.interest
        unfunded[(unfunded == 0.0) & (shadow < covenant)] = m
        peak = np.maximum(peak, (c.floor - shadow) / grown)
        if m <= 12:
            year += flow
        lower = (cash < lowest) & (alive > 0.0)
        lowest[lower], lowest_month[lower] = cash[lower], m
        note(
            m, cash, shadow, alive, arrears, receipts, paid, raised, run_rate, price, billed, interest, collected,
            variable, committed, spot,
        )  # fmt: skip
        kept[0, m], kept[1, m], kept[2, m] = cash, run_rate, price
        alive = np.where(ended > 0.0, 0.0, 1.0)
    columns = (
        ended, cause, unfunded, breach, cash, arrears, peak, lowest, lowest_month, year, shadow, done, failed, raised_in_all,
    )  # fmt: skip
    means = {("", name): sums[k] for k, name in enumerate(METRICS)}
    return Outcome(dict(zip(COLUMNS, columns, strict=True)), means, dict(zip(KEPT, kept, strict=True)))
