"""A view imposed on the stored paths of a run: the weights that fulfil it and otherwise say as little as possible.

Minimum relative entropy (Kullback & Leibler 1951; Meucci 2008, "entropy pooling"): of all weights with Σ w g = c those nearest
to equal ones are w ∝ exp(λ g), λ from the convex dual. Every figure is then a weighted one. Effective number of paths 1 / Σ w²;
below a floor the view is too far from what was simulated, and nothing is said. Intervals from the residuals of a figure on the
views (calibration, Deville & Särndal 1992). A view with <= or >= binds only if the others leave it broken: its λ has a sign.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulator.analysis.columns import ColumnError, Run, amount, condition, horizons, opened
from simulator.analysis.documents import document, spread
from simulator.engine.build import Array
from simulator.estimate.intervals import Estimate, Z, share, wilson

FLOOR_SHARE, FLOOR_PATHS = 0.01, 200  # effective paths wanted: a share of all, and at least so many
VIEW = re.compile(r"\s*(?P<what>share|mean)\s*\(\s*(?P<of>.+?)\s*\)\s*(?P<how>\+=|-=|<=|>=|=)\s*(?P<value>[^=]+?)\s*")
MOMENTS = ("peak_need", "raised", "lowest_liquidity")


class TooFarError(ValueError):
    """A view that the paths cannot carry."""


@dataclass(frozen=True)
class Reweighted:
    """weights: of the paths that are a number, adding up to 1."""

    run: Run
    views: tuple[str, ...]
    before: tuple[Estimate, ...]  # what the views are about, without them
    after: tuple[float, ...]
    weights: Array
    effective: float
    pd: dict[int, tuple[Estimate, Estimate]]  # month -> without and with the views
    means: dict[str, tuple[Estimate, Estimate]]

    @property
    def document(self) -> dict[str, Any]:
        """What `reweight --json` prints."""
        s = self.run.scenario
        views = " ".join(f"--view '{view}'" for view in self.views)
        return document(
            "reweight",
            s,
            f"simulator reweight {self.run.folder} {views}",
            int(self.weights.size),
            s.run.seed,
            effective_paths=self.effective,
            views=[
                {"view": v, **spread("before", b), "after": a}
                for v, b, a in zip(self.views, self.before, self.after, strict=True)
            ],
            pd=[{"month": m, **spread("pd_before", a), **spread("pd_after", b)} for m, (a, b) in self.pd.items()],
            means=[
                {"figure": n, **spread("value_before", a), **spread("value_after", b)}
                for n, (a, b) in self.means.items()
            ],
        )


def reweight(folder: str | Path, views: Sequence[str], months: Sequence[int] = ()) -> Reweighted:
    """Impose views on the paths of a finished run.

    views: `share(CONDITION) = 30 %`, `mean(COLUMN) = 5B`, `mean(COLUMN) -= 0.02`, in the units of the table `paths`. months: of
    the default probabilities. Raises ColumnError (words), TooFarError (no weights fulfil them, or too few paths would carry
    them), StoreError (no finished run).
    """
    run = opened(Path(folder))
    parsed = [_view(run, text) for text in views]
    if not parsed:
        raise ColumnError("no view was given; write for example 'share(rounds.rounds == 0) = 30 %'")
    g = np.array([values for values, _, _ in parsed])
    targets = np.array([target for _, target, _ in parsed])
    weights, binding = bounded_weights(g, targets, [sign for _, _, sign in parsed], views)
    effective = 1.0 / float((weights**2).sum())
    floor = max(FLOOR_PATHS, FLOOR_SHARE * weights.size)
    if effective < floor:
        raise TooFarError(
            f"the views leave {effective:,.0f} effective paths of {weights.size:,}; at least {floor:,.0f} are wanted. A run in "
            "which they are nearer to the truth can carry them"
        )
    pd = {}
    for month in horizons(run.months, months):
        y = run.defaults(month).astype(np.float64)
        pd[month] = share(int(y.sum()), y.size), weighted(y, weights, g[binding], bounded=True)
    means = {}
    for name in MOMENTS:
        x = run.columns(name)
        means[name] = weighted(x, np.full(x.size, 1.0 / x.size), None), weighted(x, weights, g[binding])
    now = tuple(float(row @ weights) for row in g)
    even = np.full(weights.size, 1.0 / weights.size)
    before = tuple(
        share(int(x.sum()), x.size) if set(np.unique(x)) <= {0.0, 1.0} else weighted(x, even, None) for x in g
    )
    return Reweighted(run, tuple(views), before, now, weights, effective, pd, means)


def _view(run: Run, text: str) -> tuple[Array, float, int]:
    """What it is about, the value, and 0 for =, -1 for at most, 1 for at least."""
    match = VIEW.fullmatch(text)
    if match is None:
        raise ColumnError(f"{text!r} is not a view; write 'share(CONDITION) = 30 %' or 'mean(COLUMN) -= 0.02'")
    of = match["of"]
    values = run.columns(of) if match["what"] == "mean" else np.asarray(condition(run, of), dtype=np.float64)
    if not np.all(np.isfinite(values)):
        raise ColumnError(f"`{of}` is not a number on every path")
    value = amount(match["value"])
    now = float(values.mean())
    how = match["how"]
    target = now + value if how == "+=" else now - value if how == "-=" else value
    return values, target, {"<=": -1, ">=": 1}.get(how, 0)


def bounded_weights(g: Array, targets: Array, signs: Sequence[int], names: Sequence[str]) -> tuple[Array, list[int]]:
    """Weights of least relative entropy with Σ w g = targets (sign 0), <= (-1) or >= (1), and the views that bind. An inequality
    enters when it is broken and leaves when it would pull the wrong way, until neither happens."""
    binding = [k for k, sign in enumerate(signs) if sign == 0]
    scale = np.maximum(g.std(axis=1), 1e-300)
    for _ in range(4 * len(signs) + 1):
        some = [names[k] for k in binding]
        w = entropy_weights(g[binding], targets[binding], some) if binding else np.full(g.shape[1], 1.0 / g.shape[1])
        pulls = _pulls(g[binding], w)
        wrong = [k for k, pull in zip(binding, pulls, strict=True) if signs[k] * pull < -1e-9]
        if wrong:
            binding.remove(wrong[0])
            continue
        gap = (g @ w - targets) / scale
        broken = [k for k, sign in enumerate(signs) if k not in binding and sign * gap[k] < -1e-6]
        if not broken:
            return w, sorted(binding)
        binding.append(min(broken, key=lambda k: signs[k] * gap[k]))
    raise TooFarError("no weights fulfil all views together; they contradict each other or the simulated paths")


def _pulls(g: Array, w: Array) -> Array:
    """λ of each row: the slopes of ln w on them."""
    if not len(g):
        return np.zeros(0)
    seen = w > 0.0
    base = np.vstack([np.ones(int(seen.sum())), g[:, seen] / np.maximum(g.std(axis=1), 1e-300)[:, None]]).T
    return np.asarray(np.linalg.lstsq(base, np.log(w[seen]), rcond=None)[0][1:])


def entropy_weights(g: Array, targets: Array, names: Sequence[str]) -> Array:
    """Weights of least relative entropy to equal ones with Σ w g = targets; g: shape (views, paths). Raises TooFarError."""
    from scipy.optimize import minimize
    from scipy.special import logsumexp

    for row, target, name in zip(g, targets, names, strict=True):
        if not row.min() < target < row.max():
            raise TooFarError(
                f"{name}: no path lies beyond it ({row.min():.6g} to {row.max():.6g}, wanted {target:.6g})"
            )
    scale = np.maximum(g.std(axis=1), 1e-300)
    z = (g - targets[:, None]) / scale[:, None]

    def dual(x: Array) -> tuple[float, Array]:
        exponents = x @ z
        total = logsumexp(exponents)
        return float(total), z @ np.exp(exponents - total)

    def curvature(x: Array) -> Array:
        w = np.exp(x @ z - logsumexp(x @ z))
        centred = z - (z @ w)[:, None]
        return np.asarray((centred * w) @ centred.T)

    found = minimize(dual, np.zeros(len(g)), jac=True, hess=curvature, method="trust-exact", options={"gtol": 1e-10})
    w = np.exp(found.x @ z - logsumexp(found.x @ z))
    if not np.all(np.abs(z @ w) < 1e-6):
        raise TooFarError("no weights fulfil all views together; they contradict each other or the simulated paths")
    return np.asarray(w / w.sum())


def weighted(x: Array, w: Array, g: Array | None, bounded: bool = False) -> Estimate:
    """Mean of x with weights that are calibrated on g, and its interval."""
    centre = float(w @ x)
    residual = x - centre
    if g is not None:
        base = np.vstack([np.ones(x.size), g]).T
        root = np.sqrt(w)[:, None]
        fitted, *_ = np.linalg.lstsq(base * root, x * root[:, 0], rcond=None)
        residual = x - base @ fitted
    variance = float((w**2 * residual**2).sum())
    if bounded and not x.any():  # a share never seen: on as many paths as the weights are worth
        return wilson(0.0, 1.0 / float((w**2).sum()))
    if bounded and x.all():
        return wilson(1.0, 1.0 / float((w**2).sum()))
    if bounded and variance > 0.0:
        return wilson(centre, centre * (1.0 - centre) / variance)
    half = Z * math.sqrt(variance)
    return Estimate(centre, centre - half, centre + half)
