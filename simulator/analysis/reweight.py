"""A view imposed on stored paths without a new run: fully flexible probabilities by minimum relative entropy.

Of all weights q that satisfy the views (E_q[f] = b, or ≤, ≥) those nearest to equal ones, min Σ q ln(q N) (Meucci, "Fully
Flexible Views", Risk 21(10) (2008); Csiszár 1975): q ∝ exp(λ f), λ by the convex dual, an inequality by the sign of its λ.
What is known of a figure then: Σ q y, with the linear part of y in the views taken off before its variance is estimated
(calibration; Deville & Särndal, JASA 87 (1992)). The effective number of paths is Kish's 1 / Σ q² (1965); below a floor the
answer is refused, because a few paths would give it.

Views:  mean(X) = V    share(X > V) = P    pd(24) <= P      with = <= >=, or += -= for a shift from what the run says
X: a column of `paths` (`raised`, `input.KEY` in the engine's unit), a stored trajectory NAME(MONTH), or growth(MONTH), the mean
logarithmic growth of the run-rate a year up to the month, where the run kept `run_rate`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from simulator.analysis.sensitivity import as_json
from simulator.engine.build import Array
from simulator.engine.ledger import NAN_CODE
from simulator.estimate.intervals import Estimate, Z
from simulator.quantities.units import QuantityError
from simulator.runner import from_manifest
from simulator.scenario.diagnostics import near
from simulator.scenario.model import Scenario
from simulator.store import folder as store

FLOOR = 500.0  # effective paths
CLOSE = 1e-6  # of a view, in standard deviations of what it is about
NUMBER = r"[-+]?\d[\d_]*\.?\d*(?:[eE][-+]?\d+)?"
VIEW = re.compile(
    rf"\s*(?P<what>mean|share|pd)\s*\(\s*(?P<inside>.+?)\s*\)\s*(?P<operator><=|>=|\+=|-=|=)\s*(?P<value>{NUMBER})\s*(?P<unit>%|[kMBT])?\s*"
)
EVENT = re.compile(rf"(?P<name>.+?)\s*(?P<operator><=|>=|<|>|==)\s*(?P<value>{NUMBER})\s*(?P<unit>%|[kMBT])?")
AT_MONTH = re.compile(r"(?P<name>.+?)\((?P<month>\d+)\)")
SCALES = {None: 1.0, "%": 0.01, "k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
COMPARE = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal}


class View(NamedTuple):
    """E[f] = target (sign 0), <= target (-1) or >= target (+1)."""

    text: str
    f: Array
    target: float
    sign: int


class Weights(NamedTuple):
    q: Array  # sums to 1
    effective: float  # Kish
    entropy: float  # relative, in nats


@dataclass(frozen=True)
class Row:
    figure: str
    unit: str  # "share", "$", "months"
    before: Estimate
    after: Estimate


@dataclass(frozen=True)
class Reweighted:
    scenario: Scenario
    folder: Path
    paths: int
    views: tuple[tuple[str, float, float], ...]  # as written, in the run, now
    effective: float
    entropy: float
    weights: Array
    rows: tuple[Row, ...]

    @property
    def document(self) -> dict[str, Any]:
        """What `reweight --json` prints."""
        return {
            "schema": 1,
            "verb": "reweight",
            "scenario": self.scenario.name,
            "title": self.scenario.title,
            "scenario_hash": self.scenario.hash,
            "run": str(self.folder),
            "paths": self.paths,
            "views": [{"view": text, "before": before, "after": after} for text, before, after in self.views],
            "effective_paths": self.effective,
            "relative_entropy": self.entropy,
            "figures": [
                {"figure": r.figure, "unit": r.unit, "before": as_json(r.before), "after": as_json(r.after)}
                for r in self.rows
            ],
        }


def reweight(folder: str | Path, views: Sequence[str], floor: float = FLOOR) -> Reweighted:
    """The figures of a finished run under views. floor: the fewest effective paths for which an answer is given.

    Raises StoreError (no finished run), QuantityError (a view that cannot be read or is about nothing stored), ValueError (views
    that no weights satisfy, or too few effective paths).
    """
    if not views:
        raise QuantityError("no view is given", "for example 'share(raised <= 0) = 30 %'")
    place = Path(folder)
    scenario = from_manifest(store.read_manifest(place))
    stored = _Stored(place, scenario)
    read = [stored.view(text) for text in views]
    weights = tilt(read)
    if weights.effective < floor:
        raise ValueError(
            f"only {weights.effective:.0f} of {stored.size:,} paths would count under these views; the floor is {floor:.0f}. "
            "A milder view, more paths, or a run of a scenario that says so"
        )
    f = np.column_stack([v.f for v in read])
    equal = np.full(stored.size, 1.0 / stored.size)
    none = np.zeros((stored.size, 0))
    rows = [
        Row(name, unit, estimate(equal, y, none), estimate(weights.q, y, f))
        for name, unit, y in stored.figures(scenario)
    ]
    said = tuple((v.text, float(v.f.mean()), float(weights.q @ v.f)) for v in read)
    return Reweighted(scenario, place, stored.size, said, weights.effective, weights.entropy, weights.q, tuple(rows))


def tilt(views: Sequence[View]) -> Weights:
    """The weights nearest to equal ones that satisfy the views. Raises ValueError where none do."""
    n = views[0].f.size
    for v in views:
        low, high = float(v.f.min()), float(v.f.max())
        short = v.sign >= 0 and v.target > high, v.sign <= 0 and v.target < low
        if any(short) or (v.sign == 0 and low == high and v.target != low):
            raise ValueError(f"{v.text}: {v.target:.6g} is beyond every stored path ({low:.6g} to {high:.6g})")
    spread = np.array([float(v.f.std()) or 1.0 for v in views])
    g = np.column_stack([(v.f - v.target) for v in views]) / spread

    def dual(lam: Array) -> tuple[float, Array]:
        x = g @ lam
        total = float(logsumexp(x))
        return total - math.log(n), np.exp(x - total) @ g

    bounds = [(None, None) if v.sign == 0 else ((0.0, None) if v.sign > 0 else (None, 0.0)) for v in views]
    start = np.zeros(len(views))
    found = minimize(
        dual, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 2000}
    )
    x = g @ found.x
    total = float(logsumexp(x))
    q = np.exp(x - total)
    missed = q @ g
    for v, miss in zip(views, missed, strict=True):
        if (v.sign == 0 and abs(miss) > CLOSE) or v.sign * miss < -CLOSE:
            raise ValueError(f"{v.text}: no weights of the stored paths satisfy it together with the other views")
    positive = q[q > 0.0]
    return Weights(q, 1.0 / float(q @ q), float(positive @ np.log(positive * n)))


def estimate(q: Array, y: Array, f: Array) -> Estimate:
    """Σ q y with its interval."""
    value = float(q @ y)
    rest = y - value
    if f.shape[1]:
        centred = f - q @ f
        slope = np.linalg.lstsq(centred * np.sqrt(q)[:, None], rest * np.sqrt(q), rcond=None)[0]
        rest = rest - centred @ slope
    half = Z * math.sqrt(float((q * rest) @ (q * rest)))
    return Estimate(value, value - half, value + half)


class _Stored:
    """The columns of a finished run, paths that are not a number left out."""

    def __init__(self, place: Path, scenario: Scenario) -> None:
        self.place, self.scenario = place, scenario
        self.names = store.column_names(place, "paths")
        self.numbers = self._read("paths", "cause") != NAN_CODE
        self.size = int(self.numbers.sum())

    def _read(self, table: str, name: str) -> Array:
        return np.asarray(store.read_table(self.place, table, [name])[name].to_numpy(), dtype=np.float64)

    def column(self, name: str) -> Array:
        at = AT_MONTH.fullmatch(name)
        if at is not None:
            return self._at(at["name"].strip(), int(at["month"]))
        if name not in self.names:
            hint = near(name, self.names)
            raise QuantityError(
                f"the run has no column `{name}`",
                f"did you mean `{hint}`?" if hint else "columns: " + ", ".join(self.names),
            )
        return self._read("paths", name)[self.numbers]

    def _at(self, name: str, month: int) -> Array:
        if name == "growth":
            if month < 1:
                raise QuantityError("growth counts from month 1 on")
            later, opening = self._at("run_rate", month), self._at("run_rate", 0)
            return np.asarray(np.log(later / opening) * self.scenario.step.per_year / month)
        kept = self.scenario.keep.trajectories
        months = self.scenario.keep.months_of(self.scenario.calendar)
        if name not in kept or month not in months:
            said = f"`{name}` of month {month} is not stored"
            raise QuantityError(said, f'run with [keep] trajectories = ["{name}"]; stored: {", ".join(kept) or "none"}')
        values = self._read("trajectories", name).reshape(-1, len(months))[:, months.index(month)]
        return np.asarray(values[self.numbers])

    def defaults(self, month: int) -> Array:
        if not 1 <= month <= self.scenario.calendar.months:
            raise QuantityError(f"month {month} lies outside 1 … {self.scenario.calendar.months}")
        end, cause = self.column("end_month"), self.column("cause")
        return np.asarray((cause > NAN_CODE) & (end <= month), dtype=np.float64)

    def view(self, text: str) -> View:
        match = VIEW.fullmatch(text)
        if match is None:
            raise QuantityError(
                f"{text!r} is no view", "write for example 'share(raised <= 0) = 30 %' or 'mean(X) -= 0.02'"
            )
        value = float(match["value"].replace("_", "")) * SCALES[match["unit"]]
        f = self._function(match["what"], match["inside"], text)
        base = float(f.mean())
        operator = match["operator"]
        target = base + value if operator == "+=" else base - value if operator == "-=" else value
        return View(text.strip(), f, target, {"<=": -1, ">=": 1}.get(operator, 0))

    def _function(self, what: str, inside: str, text: str) -> Array:
        if what == "mean":
            return self.column(inside)
        if what == "pd":
            if not inside.isdecimal():
                raise QuantityError(f"`{inside}` in {text!r} is not the number of a month")
            return self.defaults(int(inside))
        event = EVENT.fullmatch(inside)
        if event is None:
            raise QuantityError(f"{text!r} does not say which paths are meant", "write share(raised <= 0)")
        value = float(event["value"].replace("_", "")) * SCALES[event["unit"]]
        return np.asarray(COMPARE[event["operator"]](self.column(event["name"].strip()), value), dtype=np.float64)

    def figures(self, scenario: Scenario) -> list[tuple[str, str, Array]]:
        """What is reported: default probabilities, restricted mean runway, peak need, money raised, losses."""
        last = scenario.calendar.months
        year = scenario.step.per_year
        months = list(dict.fromkeys([*range(year, last + 1, year), last]))
        found = [(f"pd({m})", "share", self.defaults(m)) for m in months]
        end = self.column("end_month")
        found.append(("mean funded runway", "months", np.where(end > 0, end, last)))
        found += [
            (name.replace("_", " "), "$", self.column(name))
            for name in ("peak_need", "lowest_liquidity", "raised")
            if name in self.names
        ]
        found += [
            (f"loss of {n.removesuffix('.loss')}", "$", self.column(n)) for n in self.names if n.endswith(".loss")
        ]
        return found
