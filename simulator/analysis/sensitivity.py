"""Which uncertainty decides about default: a tornado, global indices and derivatives of the default probability.

Tornado: an input at its P10 and at its P90, or a plain number at two ends that were asked about, all else drawn as before on the
same paths.

Global indices of Y = 1 in default by month h (Sobol' 1993; Homma & Saltelli 1996):
    S_i = Var E[Y | X_i] / Var Y     what knowing the input would take off the variance
    T_i = E Var(Y | all but X_i) / Var Y     what only knowing everything else would leave
S by the means of Y in classes of equal size of X_i, less the noise within them: a correlation ratio (Pearson 1905), valid for
dependent inputs too. T by drawing the one input anew (Jansen 1999): half the share of paths whose fate changes. An input that
[dependence.inputs] correlates with others has no T of this kind, and none is given. Between the two, and for any inputs: the
Shapley effect (shapley.py), which adds up over inputs to what all of them explain.
Numbers that were asked about count as uniform between their ends there.

Derivatives by the score function (Glynn 1990; Rubinstein 1989): with x = μ + σ z, or its logarithm,
    σ dPD/dμ = E[Y z],   for a shock that is drawn every month, moved in every month up to h: E[Y (z_1 + … + z_h)]
from the same paths, without another run.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from simulator.analysis.documents import document, spread
from simulator.analysis.levers import Amount
from simulator.analysis.paired import of_shares
from simulator.analysis.paths import Input, Lives, drawn_together, each, inputs_of, live, prepared, tabled, together
from simulator.analysis.shapley import Effects, effects
from simulator.analysis.varied import Varied, all_spread, varied
from simulator.engine.block import uniforms_of
from simulator.engine.build import Array
from simulator.estimate.intervals import Estimate, mean, share
from simulator.scenario.model import Scenario

LOW, HIGH = 0.1, 0.9
CLASSES = 16
SECTIONS = 16  # of the paths, for the interval of a first-order index
GAUSSIAN = ("normal", "lognormal")
TENTHS, AS_ASKED = "P10 to P90", "as asked"
FEW = 50  # paths in default below which little can be seen
T_SECTIONS = 2.131450  # the 97.5 % quantile of t with 15 degrees of freedom


class Bar(NamedTuple):
    """Default probability with an input at its low and its high end, and the difference of the two on the same paths."""

    low: Estimate
    high: Estimate
    difference: Estimate


@dataclass(frozen=True)
class Ranked:
    """What is known of one input. Indices are shares of the variance of default by the month asked about; None where the number
    cannot be drawn (`why_no_index`)."""

    name: str
    keys: tuple[str, ...]
    ends: str  # "P10 to P90", or "as asked"
    at: tuple[float | None, float | None]  # the ends, as written in the file
    unit: str
    bar: Bar
    first: Estimate | None
    total: Estimate | None
    effect: Estimate | None  # Shapley
    why_no_index: str | None
    why_no_total: str | None
    slope: Estimate | None  # per standard deviation of a Gaussian input

    @property
    def clear(self) -> bool:
        """Whether its bar is more than noise."""
        return not self.bar.difference.low <= 0.0 <= self.bar.difference.high


@dataclass(frozen=True)
class Sensitivity:
    scenario: Scenario
    month: int
    paths: int
    pd: Estimate
    asked: tuple[str, ...]  # --vary, as written
    pd_spread: Estimate | None  # with the numbers that were asked about drawn between their ends
    inputs: tuple[Ranked, ...]  # the widest bar first
    shocks: Mapping[str, Estimate]  # per standard deviation in every month up to the one asked about
    explained: (
        Estimate | None
    )  # share of the variance that the listed inputs explain together: the sum of their effects
    why_no_effects: str | None

    @property
    def document(self) -> dict[str, Any]:
        """What `sensitivity --json` prints."""
        words = [f"simulator sensitivity {self.scenario.file} --by {self.month} --paths {self.paths}"]
        return document(
            "sensitivity",
            self.scenario,
            " ".join([*words, *(f"--vary {shlex.quote(text)}" for text in self.asked)]),
            self.paths,
            self.scenario.run.seed,
            by={
                "month": self.month,
                "label": self.scenario.label(self.month),
                **spread("pd", self.pd),
                **spread("pd_with_varied", self.pd_spread),
            },
            inputs=[
                {
                    "name": one.name,
                    "keys": ", ".join(one.keys),
                    **spread("pd_difference", one.bar.difference),
                    "unit": one.unit,
                    "ends": one.ends,
                    "low": one.at[0],
                    "high": one.at[1],
                    **spread("pd_at_low", one.bar.low),
                    **spread("pd_at_high", one.bar.high),
                    **spread("first_order", one.first),
                    **spread("total", one.total),
                    **spread("shapley", one.effect),
                    "why_no_index": one.why_no_index,
                    "why_no_total": one.why_no_total,
                    **spread("pd_slope_per_sd", one.slope),
                }
                for one in self.inputs
            ],
            shocks=[{"name": name, **spread("pd_slope_per_sd", e)} for name, e in self.shocks.items()],
            explained=spread("share", self.explained),
            why_no_effects=self.why_no_effects,
            in_words=list(self.in_words()),
        )

    def in_words(self) -> Sequence[str]:
        """The ranking, a sentence each."""
        if not self.inputs:
            return [
                "No number of this scenario is drawn once a path; monthly shocks and events alone decide. "
                "Move plain numbers by --vary KEY=LOW..HIGH."
            ]
        found = []
        for one in self.inputs[:3]:
            d = one.bar.difference
            if not one.clear:
                break
            way = "raises" if d.value > 0 else "lowers"
            ends = "from its P10 to its P90" if one.ends == TENTHS else f"from {_amount(one, 0)} to {_amount(one, 1)}"
            found.append(f"{one.name} {ends} {way} the default probability by {100 * abs(d.value):.2g} points.")
        clear = sum(one.clear for one in self.inputs)
        rest = len(self.inputs) - clear
        if not clear:
            found.append(f"No input moves the default probability beyond the noise of {self.paths:,} paths.")
        elif rest:
            found.append(
                f"{rest} of {len(self.inputs)} inputs {'does' if rest == 1 else 'do'} not move it beyond the noise of "
                f"{self.paths:,} paths."
            )
        expected = self.pd.value * self.paths
        if expected < FEW:
            found.append(
                f"Only about {expected:.0f} paths are in default: a later --by or more --paths would show more."
            )
        return found


def _amount(one: Ranked, end: int) -> str:
    return Amount(0.0, one.unit or None).text(one.at[end] or 0.0)


def sensitivity(
    scenario: Scenario,
    month: int | None = None,
    paths: int = 16_384,
    names: Sequence[str] = (),
    threads: int | None = None,
    vary: Sequence[str] = (),
) -> Sensitivity:
    """Of the default probability by a month (default: the end of the second year, or the horizon). names: only these inputs (of
    [inputs], or keys); all others count as noise. vary: plain numbers that join them, `KEY=LOW..HIGH`. Of so many paths each: two
    runs an input for its bar, one for its total index, one and eight more for the effects. Raises ValueError for a month beyond
    the horizon or an unknown name, QuantityError for what cannot be varied, ScenarioError for ends that a key cannot have."""
    by = min(2 * scenario.step.per_year, scenario.calendar.months) if month is None else month
    if not 1 <= by <= scenario.calendar.months:
        raise ValueError(f"month {by} lies outside 1 … {scenario.calendar.months}")
    known = inputs_of(scenario)
    unknown = set(names) - {i.name for i in known} - {k for i in known for k in i.keys}
    if unknown:
        listed = ", ".join(i.name for i in known) or "nothing"
        raise ValueError(f"{', '.join(sorted(unknown))}: not drawn once a path; uncertain in this file: {listed}")
    chosen = [i for i in known if not names or i.name in names or set(names) & set(i.keys)]
    wanted = [varied(scenario, text) for text in vary]
    widened, refused = all_spread(scenario, wanted)
    normals = monthly_normals(scenario)
    plain, open_ = prepared(scenario), prepared(widened)  # once for all runs
    base = live(plain, paths, keep=normals)
    wide = base if widened is scenario else live(open_, paths)
    y = base.defaults(by)[base.numbers].astype(np.float64)
    pd = share(int(y.sum()), y.size)
    streams = {i.stream for i in known}
    new = [i for i in inputs_of(open_) if i.stream not in streams]
    drawn = {one.key: next((i for i in new if one.plain_key in i.keys), None) for one in wanted}
    players = [*chosen, *(i for i in drawn.values() if i is not None)]
    found, why = _effects(open_, players, by, paths, threads) if players else (None, None)
    of = {} if found is None else dict(zip((i.stream for i in players), found.each, strict=True))

    def uncertain(one: Input) -> Ranked:
        return _uncertain(one, plain, base, open_, wide, by, of.get(one.stream))

    def moved(one: Varied) -> Ranked:
        drawn_as = drawn[one.key]
        effect = None if drawn_as is None else of.get(drawn_as.stream)
        return _moved(one, drawn_as, refused.get(one.key), plain, open_, wide, by, effect)

    ranked = sorted(
        [*each(uncertain, chosen, threads), *each(moved, wanted, threads)], key=lambda r: -abs(r.bar.difference.value)
    )
    z = {name: np.sum(base.kept[name][1 : by + 1], axis=0)[base.numbers] for name in normals}
    shocks = {name.removesuffix(":z"): _mean((y - pd.value) * x) for name, x in z.items()}
    spread_pd = None if wide is base else share(int(wide.defaults(by).sum()), int(wide.numbers.sum()))
    together_ = None if found is None else found.together
    return Sensitivity(scenario, by, paths, pd, tuple(vary), spread_pd, tuple(ranked), shocks, together_, why)


def monthly_normals(scenario: Scenario) -> tuple[str, ...]:
    """Rows of the heaviest branch that are standard normal in every month and independent: shocks, or the own part of one that a
    table correlates with those before it."""
    from simulator.engine.program import build

    program = build(scenario.branches[0].scenario, scenario.run.seed, lambda _: np.full(1, 0.5))
    return tuple(own if (own := f"{name}:z") in program.rows else name for name in program.normals)


def _uncertain(
    one: Input, plain: Scenario, base: Lives, open_: Scenario, wide: Lives, month: int, effect: Estimate | None
) -> Ranked:
    """A number that the file draws."""
    n = base.columns["cause"].size
    fixed = tabled(plain)
    others = (
        together(base, sorted(fixed)) if one.stream in fixed else {}
    )  # stay what they are, whatever depends on what
    low, high = (live(plain, n, {**others, one.stream: np.full(n, q)}) for q in (LOW, HIGH))
    at: tuple[float | None, float | None] = (None, None)
    unit = ""
    if one.number is not None:
        p10, p90 = (float(x) for x in one.number.law.ppf(np.array([LOW, HIGH])))
        at, unit = (p10, p90), one.number.unit
    slope = None
    if one.stream not in fixed and one.law is not None and one.law.tag in GAUSSIAN:
        from scipy.special import ndtri

        y = base.defaults(month)[base.numbers].astype(np.float64)
        slope = _mean((y - y.mean()) * ndtri(base.uniforms(one.stream)[base.numbers]))
    first, total, why = _indices(one, open_, wide, month)
    return Ranked(one.name, one.keys, TENTHS, at, unit, _bar(low, high, month), first, total, effect, None, why, slope)


def _moved(
    one: Varied,
    drawn_as: Input | None,
    refused: str | None,
    plain: Scenario,
    open_: Scenario,
    wide: Lives,
    month: int,
    effect: Estimate | None,
) -> Ranked:
    """A number that was asked about."""
    n = wide.columns["cause"].size
    low, high = (live(one.at(plain, x), n) for x in (one.low, one.high))
    first, total, why = (None, None, None) if drawn_as is None else _indices(drawn_as, open_, wide, month)
    none = None if drawn_as is not None else f"it cannot be drawn between its ends: {refused or 'nothing reads it'}"
    unit, at = one.amount.unit or "", (one.low, one.high)
    bar = _bar(low, high, month)
    return Ranked(one.key, (one.key,), AS_ASKED, at, unit, bar, first, total, effect, none, why, None)


def _bar(low: Lives, high: Lives, month: int) -> Bar:
    both = low.numbers & high.numbers
    a, b = low.defaults(month)[both], high.defaults(month)[both]
    return Bar(share(int(a.sum()), a.size), share(int(b.sum()), b.size), Estimate(*of_shares(a, b)[:3]))


def _indices(one: Input, scenario: Scenario, base: Lives, month: int) -> tuple[Estimate, Estimate | None, str | None]:
    """First-order and total index, and why there is no total one."""
    u, y = base.uniforms(one.stream)[base.numbers], base.defaults(month)[base.numbers].astype(np.float64)
    of_input = base.chunk.inputs.get(one.keys[0])
    if one.stream in tabled(scenario):
        first = first_order(u if of_input is None else of_input[base.numbers], y)
        return first, None, "it is correlated with other inputs, so it cannot be drawn anew by itself"
    n = base.columns["cause"].size
    anew = live(scenario, n, {one.stream: uniforms_of(base.simulation.seed, f"{one.stream}:anew", np.arange(n))})
    same = base.numbers & anew.numbers
    total = total_index(base.defaults(month)[same], anew.defaults(month)[same])
    return first_order(u, y), total, None


def _effects(
    scenario: Scenario, players: Sequence[Input], month: int, paths: int, threads: int | None
) -> tuple[Effects | None, str | None]:
    """Shapley effects of some inputs, or why there are none."""
    from scipy.special import ndtr

    draws = drawn_together(scenario, inputs_of(scenario), paths)
    if draws is None:
        return None, "the correlations of the inputs depend on an alternative"
    rows = [draws.streams.index(one.stream) for one in players]

    def run(scores: Array, number: int) -> Array:
        u = np.clip(ndtr(scores), 2.0**-60, 1.0 - 2.0**-53)
        given = dict(zip(draws.streams, u, strict=True))
        lives = live(scenario, paths, given, seed=(scenario.run.seed + number) % 2**64)
        return lives.defaults(month).astype(np.float64)

    def work(task: Any, numbers: Sequence[int]) -> list[Array]:
        return each(task, numbers, threads)

    found = effects(run, draws.scores, draws.anew, draws.table, draws.order, work, rows)
    return found, "no path, or every path, is in default" if found is None else None


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
    return Estimate(whole, max(0.0, whole - half), max(0.0, min(1.0, whole + half)))


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
