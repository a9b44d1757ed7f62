"""Recompute the evidence: every check of every case against its expected value.

A stochastic check holds within 4 standard errors. A right program fails one of them with probability 6.3e-5. A probability
of which few events are expected is compared with the binomial law itself, at the same two tails of 3.2e-5; its distance is
then the normal score of the tail.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from simulator.scenario.load import load
from simulator.verification import measures
from simulator.verification.cases import Case, Check
from simulator.verification.sources import Sources

PATHS = 65_536
FULL_PATHS = 1_048_576
STANDARD_ERRORS = 4.0
FALSE_ALARM = math.erfc(STANDARD_ERRORS / math.sqrt(2.0))  # of one check
FEW = 100  # events expected, below which a share is not nearly normal out to four standard errors


@dataclass(frozen=True)
class Outcome:
    """A check with what was got; `z` is the distance in standard errors, None for an exact check."""

    case: Case
    check: Check
    got: float
    z: float | None
    holds: bool
    paths: int

    @property
    def standard_error(self) -> float | None:
        return None if self.check.sd1 is None else self.check.sd1 / math.sqrt(self.paths)


def verify(cases: Iterable[Case], full: bool = False, threads: int | None = None) -> Iterator[Outcome]:
    """The outcome of every check, case by case."""
    for whole in cases:
        case = whole.at(full)
        paths = max(case.paths or 0, FULL_PATHS if full else PATHS)
        for settings in dict.fromkeys(check.settings for check in case.checks):
            group = [check for check in case.checks if check.settings == settings]
            texts = [check.measure for check in group]
            sources = Sources(load(case.scenario, settings), texts, paths, threads, case.shocks)
            for check in group:
                yield outcome(case, check, measures.evaluate(check.measure, sources.functions), paths)


def outcome(case: Case, check: Check, got: float, paths: int) -> Outcome:
    if check.sd1 is None:
        close = math.isclose(got, check.expected, rel_tol=check.rel, abs_tol=check.rel)
        return Outcome(case, check, got, None, close, paths)
    if check.sd1 == 0.0:  # never, or always
        z = 0.0 if got == check.expected else math.inf
    elif check.probability and min(check.expected, 1.0 - check.expected) * paths < FEW:
        z = binomial_score(round(got * paths), paths, check.expected)
    else:
        z = (got - check.expected) / (check.sd1 / math.sqrt(paths))
    return Outcome(case, check, got, z, abs(z) < STANDARD_ERRORS, paths)


def binomial_score(events: int, paths: int, probability: float) -> float:
    """The normal score of the smaller tail, the observed number included."""
    from scipy.special import bdtr, bdtrc, ndtri

    below = bdtr(events, paths, probability)
    above = bdtrc(events - 1, paths, probability) if events > 0 else 1.0
    return float(ndtri(below)) if below < above else -float(ndtri(above))
