"""Rights to leave in dollars: each alone between its bounds, both together, and what a side gains outside the joint play."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulator.estimate.basis import Basis
from simulator.estimate.exercise import (
    NEVER,
    Bounds,
    Dates,
    Decisions,
    Right,
    below,
    bounds,
    dates_used,
    estimate,
    least_squares,
    martingales_of,
    penalised,
    play,
)
from simulator.estimate.intervals import Estimate, share
from simulator.estimate.leaving import brought, rights
from simulator.estimate.months import Months
from simulator.estimate.training import SIDES, fitted

HELD = 0.02  # ridge of the martingales, whose functions are hundreds
COARSE = (4, 5)  # knots of what the joint play looks at; responses look at the finer state, and know the inputs
TIGHT = 0.02  # of the value, between its bounds


@dataclass(frozen=True)
class SideValue:
    """The right of one side while the other never leaves, in dollars at the opening."""

    notice: int  # steps
    first: int  # step in which notice may first be given
    bounds: Bounds
    observed: Estimate  # of decisions that do not know the inputs drawn once a path
    by_ratio: Estimate  # of the boundary in the price ratio alone
    r_squared: float  # of the regressions, martingales taken off; median over steps in which notice may be given

    @property
    def tight(self) -> bool:
        """Whether the bounds say what the right is worth, to TIGHT of it."""
        return abs(self.bounds.gap) <= TIGHT


class Deviation(NamedTuple):
    """What a side gains if it alone leaves the play: an equilibrium to within the largest of them."""

    play: str  # what both sides look at: the state without the inputs, or the price ratio alone, as in a run
    side: str
    gain: Estimate  # dollars at the opening, by the best response that regression finds


def alone(
    train: Months, priced: Months, basis: Basis, sides: Sequence[str]
) -> tuple[dict[str, SideValue], dict[str, tuple[Decisions, Decisions]]]:
    """The value of each side's right while the other never leaves, and its decisions by the price ratio."""
    values, found = {}, {}
    pairs = [
        {side: r for side, r in zip(SIDES, of, strict=True) if r is not None and side in sides}
        for of in (
            rights(train, basis),
            rights(priced, basis),
            rights(train, basis, known=False),
            rights(priced, basis, known=False),
            rights(priced, basis, by_boundary=True),
        )
    ]
    for side in pairs[0]:
        # what the supplier lets its capacity for follows the price; what the buyer makes of it, the company too
        news, new = (basis.news(months, company=side == "buyer") for months in (train, priced))
        martingale = martingales_of((pairs[0][side],), news, HELD)[0]
        learned, right, learned_blind, blind, by_ratio = (pair[side] for pair in pairs)
        k, less, steadied = SIDES.index(side), penalised(right, new, martingale), penalised(learned, news, martingale)
        decisions = least_squares(learned, steadied)
        found[side] = fitted(train, basis, (side,), by_boundary=True)
        explained = [d.r_squared for t, d in enumerate(decisions) if right.may[t].any()]
        terms = getattr(priced, side)
        both = bounds(right, less, _used(right, decisions))
        observed = both.lower
        if basis.known:
            observed = estimate(below(less, _used(blind, least_squares(learned_blind, steadied))))
        values[side] = SideValue(
            notice=terms.notice,
            first=terms.earliest,
            bounds=both,
            observed=observed,
            by_ratio=estimate(below(less, _used(by_ratio, found[side][k]))),
            r_squared=float(np.median(explained)) if explained else 0.0,
        )
    return values, found


def _used(right: Right, decisions: Decisions) -> Dates:
    return dates_used(None, (right, decisions))[1]


Pair = tuple[Right, Right]


def together(
    train: Months, priced: Months, basis: Basis
) -> tuple[dict[str, Estimate], dict[str, Estimate], list[Deviation]]:
    coarse = Basis.of(train, *COARSE)
    whole, of_whole = _pair(rights(train, basis)), _pair(rights(priced, basis))
    seen, of_seen = (_pair(rights(months, coarse, known=False)) for months in (train, priced))
    ratio, of_ratio = (_pair(rights(months, basis, by_boundary=True)) for months in (train, priced))
    decisions, by_ratio = play(*seen), play(*ratio)
    dates = dates_used((of_seen[0], decisions[0]), (of_seen[1], decisions[1]))
    found = brought(priced, *dates)
    values = {"buyer": estimate(found.to_buyer), "supplier": estimate(found.to_supplier)}
    left = {side: share(int((dates[k] != NEVER).sum()), dates[k].size) for side, k in (("buyer", 1), ("supplier", 0))}
    deviations = [
        *_deviations("state", priced, (seen, of_seen), (whole, of_whole), decisions),
        *_deviations("price ratio", priced, (ratio, of_ratio), (whole, of_whole), by_ratio),
    ]
    return values, left, deviations


def _pair(found: tuple[Right | None, Right | None]) -> Pair:
    supplier, buyer = found
    if supplier is None or buyer is None:
        raise ValueError("only one side has a right")
    return supplier, buyer


def _deviations(
    name: str,
    priced: Months,
    played: tuple[Pair, Pair],
    free: tuple[Pair, Pair],
    decisions: tuple[Decisions, Decisions],
) -> Iterator[Deviation]:
    """What each side gains by its best response to the other's decisions, path by path. `played` and `free`: rights on the
    training and on the valued paths, by the state that is played on and by the one that a response may look at."""
    (trained, valued), (trained_free, valued_free) = played, free
    kept = brought(priced, *dates_used((valued[0], decisions[0]), (valued[1], decisions[1])))
    best = play(trained_free[0], trained[1], (None, decisions[1]))[0]
    moved = brought(priced, *dates_used((valued_free[0], best), (valued[1], decisions[1])))
    yield Deviation(name, "supplier", estimate(moved.to_supplier - kept.to_supplier))
    best = play(trained[0], trained_free[1], (decisions[0], None))[1]
    moved = brought(priced, *dates_used((valued[0], decisions[0]), (valued_free[1], best)))
    yield Deviation(name, "buyer", estimate(moved.to_buyer - kept.to_buyer))
