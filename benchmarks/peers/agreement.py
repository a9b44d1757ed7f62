"""Whether a peer prices the same company: a list of comparisons, each within four standard errors.

A single comparison of two programs that agree fails with probability 6.3e-5, so a list of n fails falsely with at most n times
that. Shares are compared with their pooled standard error, quantiles by the share of the peer's paths below the engine's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from peers.company import Outcome

ERRORS = 4.0
FALSE_ALARM = math.erfc(ERRORS / math.sqrt(2.0))
UNSEEN = 1e-8  # of a mean: a spread below it is lost in the peers' sums of squares
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class Comparison(NamedTuple):
    what: str
    engine: float
    peer: float
    error: float

    @property
    def distance(self) -> float:
        """In standard errors."""
        gap = abs(self.engine - self.peer)
        if gap <= UNSEEN * abs(self.engine):
            return 0.0
        return gap / self.error if self.error > 0.0 else math.inf


class Sample(NamedTuple):
    """What one program found: numbers by path, sums by month, kept rows."""

    paths: int
    columns: dict[str, Any]
    means: dict[tuple[str, str], Any]  # (months + 1, 2): mean and variance over paths
    kept: dict[str, Any]


def of_outcomes(outcomes: Sequence[Outcome]) -> Sample:
    columns = {k: np.concatenate([o.columns[k] for o in outcomes]) for k in outcomes[0].columns}
    paths = columns["end_month"].size
    means = {}
    for key in outcomes[0].means:
        total = sum(o.means[key] for o in outcomes) / paths
        means[key] = np.stack([total[:, 0], np.maximum(0.0, total[:, 1] - total[:, 0] ** 2)], axis=1)
    kept = {k: np.concatenate([o.kept[k] for o in outcomes], axis=1) for k in outcomes[0].kept}
    return Sample(paths, columns, means, kept)


def compare(engine: Sample, peer: Sample, horizons: Sequence[int]) -> Iterator[Comparison]:
    both = (engine.paths, peer.paths)
    for m in horizons:
        yield _share(f"PD by month {m}", *((_ended(s) <= m).sum() for s in (engine, peer)), *both)
    for code in sorted(set(np.unique(engine.columns["cause"])) | set(np.unique(peer.columns["cause"]))):
        yield _share(f"cause {code:g}", *((s.columns["cause"] == code).sum() for s in (engine, peer)), *both)
    for name in peer.columns:
        if name not in ("cause",):
            a, b = engine.columns[name], peer.columns[name]
            yield Comparison(f"mean of {name}", a.mean(), b.mean(), math.hypot(_error(a), _error(b)))
    for key, found in peer.means.items():
        for m in (0, *horizons):
            (a, va), (b, vb) = engine.means[key][m], found[m]
            error = math.sqrt(va / engine.paths + vb / peer.paths)
            yield Comparison(f"mean of {' '.join(filter(None, key))} in month {m}", a, b, error)
    for slot, rows in peer.kept.items():
        for m in horizons:
            for q in QUANTILES:
                x = np.quantile(engine.kept[slot][m], q)
                error = math.sqrt(q * (1.0 - q) * (1.0 / engine.paths + 1.0 / peer.paths))
                yield Comparison(f"{q:g} quantile of {slot} in month {m}", q, (rows[m] <= x).mean(), error)


def _ended(sample: Sample) -> Any:
    ends = sample.columns["end_month"]
    return np.where(ends > 0.0, ends, np.inf)


def _error(x: Any) -> float:
    return float(x.std() / math.sqrt(x.size))


def _share(what: str, a: int, b: int, n: int, k: int) -> Comparison:
    pooled = (a + b + 1.0) / (n + k + 2.0)  # never nought: an event that one of them has not seen is no certainty
    return Comparison(what, a / n, b / k, math.sqrt(pooled * (1.0 - pooled) * (1.0 / n + 1.0 / k)))
