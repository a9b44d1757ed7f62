"""The company of subset.toml as a case of monaco: a Python function a path, as that framework wants it.

The monthly draws of a case come from a numpy generator whose seed is the case's input, since an input for each of 360 draws would
only be slower. One process.
"""

from __future__ import annotations

import math
from typing import Any

import monaco
import numpy as np
from scipy.stats import randint

from peers.company import Outcome
from peers.subset_company import COLUMNS, KEPT, METRICS, Subset

TOLERANCE = 1e-9
_runs = [0]  # each its own seed


def _path(c: Subset, seed: int) -> tuple[list[float], list[list[float]]]:
    """Numbers by path, and rows of months 0 … M in the order of METRICS."""
    rng = np.random.default_rng(seed)
    shocks = (rng.standard_normal((c.months, 4)) @ c.mix.T).tolist()
    uniforms = rng.random((c.months, 2)).tolist()
    run_rate, growth, deviation, variance, price = c.run_rate, c.growth, 0.0, 0.0, c.now
    cash, shadow, grown, alive, arrears = c.cash, c.cash, 1.0, 1.0, 0.0
    ended, cause, unfunded, breach, peak, year = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    lowest, lowest_month, done, failed, raised_in_all = math.inf, 0.0, 0.0, 0.0, 0.0
    rows = [[cash, shadow, 1.0, 0.0, 0.0, 0.0, 0.0, run_rate, price, run_rate / 12.0, 0.0, 0.0, 0.0, 0.0, 0.0]]
    for m in range(1, c.months + 1):
        x, u = shocks[m - 1], uniforms[m - 1]
        run_rate *= math.exp((growth - c.level_drift) / 12.0 + c.level_step * x[0])
        growth = c.long_run + c.keep_growth * (growth - c.long_run) + c.growth_step * x[1]
        deviation = c.phi * deviation + c.sd * x[2]
        variance = c.phi * c.phi * variance + c.sd * c.sd
        price = c.now * math.exp(c.drift * m + deviation - 0.5 * variance)
        billed = run_rate / 12.0
        dues = (c.variable * billed, float(c.commitment[m]), c.spot * price)
        flow = billed - sum(dues)
        owed, paid, raised, interest, receipts = 0.0, 0.0, 0.0, 0.0, 0.0
        if alive:
            owed = sum(dues)
            if u[0] < c.rate:
                if u[1] < c.odds:
                    raised, done = math.exp(c.size_mean + c.size_sd * x[3]), done + 1.0
                else:
                    failed += 1.0
            raised_in_all += raised
            interest = max(0.0, cash) * c.interest
            receipts = billed + interest + raised
            paid = min(owed, cash + receipts)
            arrears, cash = owed - paid, cash + receipts - paid
            if cash < c.floor - TOLERANCE * (c.floor + owed):
                ended, cause, breach = float(m), 3.0, float(m)
            if arrears > TOLERANCE * owed:
                ended, cause = float(m), 2.0
            if cash < lowest:
                lowest, lowest_month = cash, float(m)
        shadow = shadow * (1.0 + c.interest) + flow
        grown *= 1.0 + c.interest
        if unfunded == 0.0 and shadow < c.floor - TOLERANCE * (c.floor + owed):
            unfunded = float(m)
        peak = max(peak, (c.floor - shadow) / grown)
        if m <= 12:
            year += flow
        booked = [interest, billed * alive, *(due * alive for due in dues)]
        rows.append([cash, shadow, alive, arrears, receipts, paid, raised, run_rate, price, billed, *booked])
        alive = 0.0 if ended else 1.0
    numbers = [ended, cause, unfunded, breach, cash, arrears, peak, lowest, lowest_month, year, shadow, done, failed]
    return [*numbers, raised_in_all], rows


def simulate(c: Subset, paths: int) -> Outcome:
    """`paths` cases of one simulation."""

    def preprocess(case: Any) -> tuple[Subset, int]:
        return c, int(case.invals["seed"].val)

    def postprocess(case: Any, numbers: list[float], rows: list[list[float]]) -> None:
        case.addOutVal("numbers", numbers)
        for k, name in enumerate(METRICS):
            case.addOutVal(name, [row[k] for row in rows])

    _runs[0] += 1
    sim = monaco.Sim(
        name="subset",
        ndraws=paths,
        fcns={"preprocess": preprocess, "run": _path, "postprocess": postprocess},
        firstcaseismedian=False,
        seed=_runs[0],
        singlethreaded=True,
        savecasedata=False,
        savesimdata=False,
        verbose=False,
    )
    sim.addInVar(name="seed", dist=randint, distkwargs={"low": 0, "high": 2**31})
    sim.runSim()
    by_path = np.array(sim.outvars["numbers"].nums)
    by_month = {name: np.array(sim.outvars[name].nums) for name in METRICS}
    means = {("", n): np.stack([x.sum(axis=0), np.square(x).sum(axis=0)], axis=1) for n, x in by_month.items()}
    kept = dict(zip(KEPT, (by_month[name].T for name in ("cash", "run_rate", "price")), strict=True))
    return Outcome({name: by_path[:, k] for k, name in enumerate(COLUMNS)}, means, kept)
