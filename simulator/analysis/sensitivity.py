"""Which uncertainty decides about default: a tornado, global indices and derivatives of the default probability.

Tornado: an input at its P10 and at its P90, all else drawn as before on the same paths.

Global indices of Y = 1 in default by month h (Sobol' 1993; Homma & Saltelli 1996):
    S_i = Var E[Y | X_i] / Var Y     what knowing the input would take off the variance
    T_i = E Var(Y | all but X_i) / Var Y     what only knowing everything else would leave
S by the means of Y in classes of equal size of X_i, less the noise within them: a correlation ratio (Pearson 1905), valid for
dependent inputs too. T by drawing the one input anew (Jansen 1999): half the share of paths whose fate changes. An input that
[dependence.inputs] correlates with others has no T of this kind, and none is given.

Derivatives by the score function (Glynn 1990; Rubinstein 1989): with x = μ + σ z, or its logarithm,
    σ dPD/dμ = E[Y z],   for a shock that is drawn every month, moved in every month up to h: E[Y (z_1 + … + z_h)]
from the same paths, without another run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from simulator.analysis.documents import document, spread
from simulator.analysis.paths import Input, Lives, each, inputs_of, live, prepared, tabled
from simulator.engine.block import uniforms_of
from simulator.engine.build import Array
from simulator.estimate.intervals import Estimate, mean, share
from simulator.scenario.model import Scenario

LOW, HIGH = 0.1, 0.9
CLASSES = 16
SECTIONS = 16  # of the paths, for the interval of a first-order index
GAUSSIAN = ("normal", "lognormal")
T_SECTIONS = 2.131450  # the 97.5 % quantile of t with 15 degrees of freedom


class Bar(NamedTuple):
    """Default probability with an input at its P10 and P90, and the difference of the two on the same paths."""

    low: Estimate
    high: Estimate
    difference: Estimate


@dataclass(frozen=True)
class Ranked:
    """What is known of one input. Indices are shares of the variance of default by the month asked about."""

    name: str
    keys: tuple[str, ...]
    at: tuple[float | None, float | None]  # P10 and P90 as written in the file
    unit: str
    bar: Bar
    first: Estimate
    total: Estimate | None
    why_no_total: str | None
    slope: Estimate | None  # per standard deviation of a Gaussian input


@dataclass(frozen=True)
class Sensitivity:
    scenario: Scenario
    month: int
    paths: int
    pd: Estimate
    inputs: tuple[Ranked, ...]  # the widest bar first
    shocks: Mapping[str, Estimate]  # per standard deviation in every month up to the one asked about
    left: float | None  # share of the variance that inputs alone do not explain: monthly shocks and events

    @property
    def document(self) -> dict[str, Any]:
        """What `sensitivity --json` prints."""
        return document(
            "sensitivity",
            self.scenario,
            f"simulator sensitivity {self.scenario.file} --by {self.month} --paths {self.paths}",
            self.paths,
            self.scenario.run.seed,
            by={"month": self.month, "label": self.scenario.label(self.month), **spread("pd", self.pd)},
            inputs=[
                {
                    "name": one.name,
                    "keys": ", ".join(one.keys),
                    **spread("pd_difference", one.bar.difference),
                    "unit": one.unit,
                    "p10": one.at[0],
                    "p90": one.at[1],
                    **spread("pd_at_p10", one.bar.low),
                    **spread("pd_at_p90", one.bar.high),
                    **spread("first_order", one.first),
                    **spread("total", one.total),
                    "why_no_total": one.why_no_total,
                    **spread("pd_slope_per_sd", one.slope),
                }
                for one in self.inputs
            ],
            shocks=[{"name": name, **spread("pd_slope_per_sd", e)} for name, e in self.shocks.items()],
            not_of_inputs=self.left,
            in_words=list(self.in_words()),
        )

    def in_words(self) -> Sequence[str]:
        """The ranking, a sentence each."""
        if not self.inputs:
            return ["No number of this scenario is drawn once a path; monthly shocks and events alone decide."]
        found = []
        for one in self.inputs[:3]:
            d = one.bar.difference
            if d.low <= 0.0 <= d.high:
                break
            way = "raises" if d.value > 0 else "lowers"
            found.append(
                f"{one.name} from its P10 to its P90 {way} the default probability by {100 * abs(d.value):.2g} points."
            )
        clear = [o for o in self.inputs if not o.bar.difference.low <= 0.0 <= o.bar.difference.high]
        rest = len(self.inputs) - len(clear)
        if not found:
            found.append(f"No input moves the default probability beyond the noise of {self.paths:,} paths.")
        elif rest:
            found.append(
                f"{rest} of {len(self.inputs)} inputs do not move it beyond the noise of {self.paths:,} paths."
            )
        return found


def sensitivity(
    scenario: Scenario,
    month: int = 24,
    paths: int = 16_384,
    names: Sequence[str] = (),
    threads: int | None = None,
) -> Sensitivity:
    """Of the default probability by a month. names: only these inputs (of [inputs], or keys). Two runs an input for its bar and
    one for its total index, of so many paths each. Raises ValueError for a month beyond the horizon or an unknown name."""
    if not 1 <= month <= scenario.calendar.months:
        raise ValueError(f"month {month} lies outside 1 … {scenario.calendar.months}")
    known = inputs_of(scenario)
    unknown = set(names) - {i.name for i in known} - {k for i in known for k in i.keys}
    if unknown:
        listed = ", ".join(i.name for i in known) or "nothing"
        raise ValueError(f"{', '.join(sorted(unknown))}: not drawn once a path; uncertain in this file: {listed}")
    chosen = [i for i in known if not names or i.name in names or set(names) & set(i.keys)]
    normals = monthly_normals(scenario)
    plain = prepared(scenario)  # once for all runs
    base = live(plain, paths, keep=normals)
    y = base.defaults(month)[base.numbers].astype(np.float64)
    pd = share(int(y.sum()), y.size)
    fixed = tabled(scenario)

    def of(one: Input) -> Ranked:
        return _ranked(one, plain, base, month, one.stream in fixed)

    ranked = sorted(each(of, chosen, threads), key=lambda r: -abs(r.bar.difference.value))
    z = {name: np.sum(base.kept[name][1 : month + 1], axis=0)[base.numbers] for name in normals}
    shocks = {name.removesuffix(":z"): _mean((y - pd.value) * x) for name, x in z.items()}
    left = None if names or not ranked else max(0.0, 1.0 - sum(max(0.0, r.first.value) for r in ranked))
    return Sensitivity(scenario, month, paths, pd, tuple(ranked), shocks, left)


def monthly_normals(scenario: Scenario) -> tuple[str, ...]:
    """Rows of the heaviest branch that are standard normal in every month and independent: shocks, or the own part of one that a
    table correlates with those before it."""
    from simulator.engine.program import build

    program = build(scenario.branches[0].scenario, scenario.run.seed, lambda _: np.full(1, 0.5))
    return tuple(own if (own := f"{name}:z") in program.rows else name for name in program.normals)


def _ranked(one: Input, scenario: Scenario, base: Lives, month: int, correlated: bool) -> Ranked:
    n = base.columns["cause"].size
    low, high = (live(scenario, n, {one.stream: np.full(n, q)}) for q in (LOW, HIGH))
    both = low.numbers & high.numbers
    a, b = low.defaults(month)[both], high.defaults(month)[both]
    bar = Bar(share(int(a.sum()), a.size), share(int(b.sum()), b.size), _mean(b.astype(np.float64) - a))
    u, y = base.uniforms(one.stream)[base.numbers], base.defaults(month)[base.numbers].astype(np.float64)
    of_input = base.chunk.inputs.get(one.keys[0])
    first = first_order(u if of_input is None or not correlated else of_input[base.numbers], y)
    total, why = None, None
    if correlated:
        why = "it is correlated with other inputs, so it cannot be drawn anew by itself"
    else:
        anew = live(scenario, n, {one.stream: uniforms_of(base.simulation.seed, f"{one.stream}:anew", np.arange(n))})
        same = base.numbers & anew.numbers
        total = total_index(base.defaults(month)[same], anew.defaults(month)[same])
    slope = None
    if not correlated and one.law is not None and one.law.tag in GAUSSIAN:
        from scipy.special import ndtri

        slope = _mean((y - y.mean()) * ndtri(u))
    at: tuple[float | None, float | None] = (None, None)
    unit = ""
    if one.number is not None:
        p10, p90 = (float(x) for x in one.number.law.ppf(np.array([LOW, HIGH])))
        at, unit = (p10, p90), one.number.unit
    return Ranked(one.name, one.keys, at, unit, bar, first, total, why, slope)


def first_order(x: Array, y: Array) -> Estimate:
    """S of Y by X: variance of the means of Y in classes of X, less the noise within classes, over the variance of Y; interval
    over sections of the paths."""
    whole = _ratio(x, y)
    if not math.isfinite(whole):
        return Estimate(math.nan, math.nan, math.nan)
    sections = [_ratio(x[k::SECTIONS], y[k::SECTIONS]) for k in range(SECTIONS)]
    known = np.array([s for s in sections if math.isfinite(s)])
    if known.size < SECTIONS:
        return Estimate(whole, 0.0, 1.0)
    half = T_SECTIONS * float(known.std(ddof=1)) / math.sqrt(SECTIONS)
    return Estimate(whole, max(0.0, whole - half), min(1.0, whole + half))


def _ratio(x: Array, y: Array) -> float:
    variance = float(y.var())
    if variance == 0.0 or y.size < 2 * CLASSES:
        return math.nan
    order = np.argsort(x, kind="stable")
    parts = np.array_split(y[order], CLASSES)
    between = sum(p.size * (p.mean() - y.mean()) ** 2 for p in parts) / y.size
    noise = sum(p.size * p.var(ddof=1) / p.size for p in parts) / y.size
    noise -= float(y.var(ddof=1)) / y.size  # of the mean of all, which the classes share
    return float((between - noise) / variance)


def total_index(y: Any, anew: Any) -> Estimate | None:
    """T by Jansen's estimator, for indicators: half the share of paths whose fate changes, over the variance."""
    p = float(np.concatenate([y, anew]).mean())
    if not 0.0 < p < 1.0:
        return None
    flips = share(int(np.sum(y != anew)), y.size)
    return Estimate(*(min(1.0, x / (2.0 * p * (1.0 - p))) for x in flips))


def _mean(x: Array) -> Estimate:
    centre = float(x.mean())
    return mean(centre, float(((x - centre) ** 2).sum()), x.size)
